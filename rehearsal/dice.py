"""Chance that repeats: the same seed and the same name give the same throws, whatever was thrown before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Dice(Random):
    """Random numbers for one entity, by (seed, name of the entity)."""

    def __init__(self, seed: int, *name: object) -> None:
        words = "|".join(str(part) for part in (seed, *name))
        super().__init__(int.from_bytes(blake2b(words.encode(), digest_size=8).digest(), "big"))

    def falls(self, share: float) -> bool:
        """True in `share` (0 to 1) of all throws."""
        return self.random() < share

    def pick(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.randrange(len(options))]

    def moment(self, begin: datetime, end: datetime) -> datetime:
        """An instant in [begin, end), to the millisecond; `begin` where there is no room."""
        room = int((end - begin) / timedelta(milliseconds=1))
        return begin + timedelta(milliseconds=self.randrange(room)) if room > 1 else begin
