# The one image of every process of ours: migrate, worker season, worker mail, desk.
FROM python:3.11-slim-bookworm AS built

WORKDIR /app
RUN python -m venv .venv
COPY requirements.lock ./
RUN .venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock
COPY . .
RUN .venv/bin/python scripts/link-checkout && .venv/bin/python -m compileall -q \
    models rules records notices activities workflows workers desk rehearsal


FROM python:3.11-slim-bookworm

# A new volume takes its owner from the folder that it is laid over.
RUN useradd --system --create-home --uid 10001 season \
    && install -d -o season -g season -m 700 /home/season/data /home/season/data/documents
COPY --from=built /app /app
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SEASON_DATA_DIR=/home/season/data \
    SEASON_LOG_FORMAT=json
USER season
EXPOSE 8600 8601
ENTRYPOINT ["season"]
CMD ["--help"]
