# Everything a newcomer needs. `make help` lists it. Needs make and Python 3.11 or later, nothing else.

VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.made-from-lock
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$p && break; done)

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format bench chaos clean

help: ## List what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

setup: $(STAMP) ## Build .venv from requirements.lock (quick when nothing changed)

$(STAMP): requirements.lock pyproject.toml scripts/link-checkout
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed and was not found. Install it, or name it: make setup PYTHON=/path/to/python3" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python scripts/link-checkout
	@touch $(STAMP)

demo: setup ## Start the stack and watch a season of a few minutes
	$(BIN)/season demo

# The live tests kill servers; a pytest process of their own keeps them away from the others' database.
test: setup ## Run all tests
	$(BIN)/python -m pytest --ignore tests/live --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)
	$(BIN)/python -m pytest tests/live --numprocesses 2 --dist loadfile --no-loadscope-reorder

lint: setup ## Style, types and the import contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## Put the code into its style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## Run every benchmark once, quickly (ARGS= for the full size)
	@set -e; for file in benchmarks/[!_]*.py; do \
		name=$$(basename $$file .py); echo "== $$name"; $(BIN)/python -m benchmarks.$$name $(if $(filter undefined,$(origin ARGS)),--quick,$(ARGS)); done

chaos: setup ## Kill every part again and again in a compressed season (long)
	$(BIN)/python -m pytest -m chaos --timeout 1800 $(ARGS)

clean: ## Stop the stack; remove .venv and caches. The data in .season stay: rm -r .season
	@test ! -x $(BIN)/season || $(BIN)/season down
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build reports
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
