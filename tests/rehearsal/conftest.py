"""Rehearsals for the tests: each is lived through once for the whole run."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import pytest

from rehearsal.report import Report
from rehearsal.runner import rehearse
from rules.season_file import load

Rehearse = Callable[..., Report]


@pytest.fixture(scope="session")
def rehearsed() -> Rehearse:
    """Rehearse a season file; the same arguments give the report of the first time."""

    @lru_cache
    def run(path: Path, entries: int, seed: int, months: float) -> Report:
        return rehearse(load(path), entries=entries, seed=seed, months=months)

    return run
