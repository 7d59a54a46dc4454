"""Finding what is new in a table whose rows are numbered as they are written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Cursor:
    """Remembers which rows were seen. `floor` is a number below which all have been.

    Rows of transactions under way at the last look may turn up below the newest number: in a rehearsal there are
    none; on a live stack `margin` numbers are looked at again.
    """

    def __init__(self, margin: int = 0) -> None:
        self.margin = margin
        self._newest = 0
        self._seen: set[int] = set()

    @property
    def floor(self) -> int:
        """Ask for rows with a number above this."""
        return self._newest - self.margin

    def new(self, rows: Sequence[dict[str, Any]], column: str) -> list[dict[str, Any]]:
        """Those of these rows that were not seen before, in the order given."""
        fresh = [row for row in rows if row[column] not in self._seen]
        self._seen.update(row[column] for row in fresh)
        self._newest = max([self._newest, *(row[column] for row in fresh)])
        return fresh
