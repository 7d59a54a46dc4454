"""Acts of people in order of time, and what came of them."""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from models.errors import SeasonkeeperError
from records.database import Database, at_instant, rows

AT_ONCE = 4
Do = Callable[[], Awaitable[object]]


class Moot(Exception):
    """What somebody meant to do has no object any more: their draft was refused, their task was given to another."""


@dataclass(frozen=True, order=True)
class Act:
    """What somebody does, when. `exact`: workflows hear of it, so their clock must stand there.

    `window` names the window that must accept it, where the refusal would be wrong while that is open. Acts of
    different lanes (areas) do not touch each other, so they may be done at once; an act without a lane is done alone.
    What is `numbered` as it is written (an entry, by whose number lots are drawn) keeps its order over all lanes.
    """

    at: datetime
    key: str
    do: Do = field(compare=False)
    kind: str = field(compare=False)
    window: str | None = field(default=None, compare=False)
    exact: bool = field(default=False, compare=False)
    lane: str | None = field(default=None, compare=False)
    numbered: bool = field(default=False, compare=False)


class Agenda:
    """All acts to come, the earliest first."""

    def __init__(self) -> None:
        self._free: list[Act] = []
        self._exact: list[Act] = []

    def add(self, acts: Iterable[Act]) -> None:
        """Put acts on the agenda."""
        for act in acts:
            heapq.heappush(self._exact if act.exact else self._free, act)

    def take(self, end: datetime) -> Act | None:
        """The earliest act, if it is due before `end`."""
        heaps = [heap for heap in (self._free, self._exact) if heap]
        first = min(heaps, key=lambda heap: heap[0], default=None)
        return heapq.heappop(first) if first and first[0].at < end else None

    def next(self) -> datetime | None:
        """When the next act is due."""
        return min((heap[0].at for heap in (self._free, self._exact) if heap), default=None)

    def next_exact(self) -> datetime | None:
        """When the next act is due of which workflows hear."""
        return self._exact[0].at if self._exact else None

    def __len__(self) -> int:
        return len(self._free) + len(self._exact)


@dataclass
class Ledger:
    """What came of the acts: how many of each kind, refusals by code, and refusals that should not have been."""

    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    refused_late: int = 0
    refused_early: int = 0
    examples: dict[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All acts so far, accepted or refused."""
        return self.done.total() + self.refused.total()


async def perform_all(database: Database, acts: Iterable[Act], ledger: Ledger) -> None:
    """Do these acts, given in order of time: those of one lane one after another, up to `AT_ONCE` lanes at once."""
    lanes: dict[str, list[Act]] = {}
    for act in acts:
        if act.lane is None:
            await _together(database, lanes, ledger)
            lanes = {}
            await perform(database, act, ledger)
        else:
            lanes.setdefault(act.lane, []).append(act)
    await _together(database, lanes, ledger)


async def _together(database: Database, lanes: dict[str, list[Act]], ledger: Ledger) -> None:
    turns = {act: asyncio.Event() for acts in lanes.values() for act in acts if act.numbered}
    before = dict(zip(sorted(turns), [None, *sorted(turns)], strict=False))

    async def one(acts: list[Act]) -> None:
        for act in acts:
            if earlier := before.get(act):
                await turns[earlier].wait()
            async with free:
                await perform(database, act, ledger)
            if act in turns:
                turns[act].set()

    free = asyncio.Semaphore(AT_ONCE)

    async with asyncio.TaskGroup() as group:
        for acts in lanes.values():
            group.create_task(one(acts))


async def perform(database: Database, act: Act, ledger: Ledger, *, virtual: bool = True) -> None:
    """Do one act at its instant; a refusal is an answer, and is written down.

    With `virtual` False the business clock is left alone: the act happens now.
    """
    try:
        if virtual:
            with at_instant(act.at):
                await act.do()
        else:
            await act.do()
    except Moot:
        return
    except SeasonkeeperError as error:
        ledger.refused[f"{act.kind}: {error.code}"] += 1
        ledger.examples.setdefault(f"{act.kind}: {error.code}", str(error))
        if error.code == "window.closed" and act.kind in ("draft", "submit", "change"):
            ledger.refused_late += 1
        if virtual and error.code.startswith("window.") and act.window and await _was_open(database, act):
            ledger.refused_early += 1
    else:
        ledger.done[act.kind] += 1


async def _was_open(database: Database, act: Act) -> bool:
    async with database.statement() as connection:
        found = await rows(
            connection,
            """SELECT 1 FROM windows WHERE id = :id AND opens_at <= :at AND :at < closes_at
                 AND state NOT IN ('paused', 'cancelled')""",
            id=act.window,
            at=act.at,
        )
    return bool(found)
