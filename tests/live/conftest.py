"""Whole stacks for tests; whatever of them runs at the end is stopped by its handle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.stack import WholeStack, clean_environment
from workers.embedded.folder import StackFolder
from workers.settings import PREFIX


@pytest.fixture
def whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WholeStack]:
    """A stack of this test's own, not up yet."""
    import os

    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    stack = WholeStack(StackFolder.at(tmp_path / "data"), clean_environment())
    yield stack
    stack.end()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeStack]:
    """A stack that is up, shared by the tests of a module: each starts a season of its own."""
    stack = WholeStack(StackFolder.at(tmp_path_factory.mktemp("stack") / "data"), clean_environment())
    try:
        stack.up()
        yield stack
    finally:
        stack.end()
