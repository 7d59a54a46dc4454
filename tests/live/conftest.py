"""Whole stacks for tests; whatever of them runs at the end is stopped by its handle."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.stack import WholeStack, clean_environment
from workers.embedded.folder import StackFolder
from workers.settings import PREFIX


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_ours() -> Iterator[None]:
    """Settings of whoever runs the tests do not reach the stacks, nor what this process reads."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            patch.delenv(name)
        yield


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[WholeStack]:
    """A stack of this test's own, not up yet."""
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
