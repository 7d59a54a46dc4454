"""What the tests of the workers share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workers.live import LiveStack
from workers.embedded.folder import StackFolder
from workers.settings import PREFIX


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveStack]:
    """A stack that is not up yet; whatever of it runs at the end is stopped by its handle."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    stack = LiveStack(StackFolder.at(tmp_path / "data"), dict(os.environ))
    yield stack
    stack.end()
