"""The crowd on a live stack: the same people, acting in real time on a season whose days last seconds."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from desk.client import Desk
from models.errors import SeasonkeeperError
from records.seasons import live as season_of
from rehearsal.acts import Agenda, Ledger, perform
from rehearsal.crowd import Crowd
from rehearsal.world import World

LOOK_EVERY = timedelta(milliseconds=500)
MARGIN = 2000
"""Row numbers that are looked at again: transactions under way may commit below the newest number."""


async def live(desk: Desk, season: str, *, entries: int, seed: int, stop: asyncio.Event) -> Ledger:
    """Let `entries` entries and everybody else act on a running season until `stop` is set or the season is over.

    Acts whose instant has passed are done at once. What a part of the stack that is down refuses is not repeated.
    """
    async with desk.database.transaction() as connection:
        found = await season_of(connection, season)
    world = World(season, found.file, found.pace, desk, seed, entries)
    crowd, agenda, ledger = Crowd(world, margin=MARGIN), Agenda(), Ledger()
    agenda.add(await crowd.set_up(await desk.database.now()))
    while not stop.is_set():
        try:
            if await _over(desk, season):
                break
            now = await desk.database.now()
            agenda.add(await crowd.look(now))
            await _act(desk, agenda, ledger, stop)
        except SeasonkeeperError:
            pass  # a part of the stack is down: look again when it is back
        await _rest(stop, LOOK_EVERY)
    return ledger


async def _over(desk: Desk, season: str) -> bool:
    async with desk.database.transaction() as connection:
        return (await season_of(connection, season)).state in ("finished", "cancelled")


async def _act(desk: Desk, agenda: Agenda, ledger: Ledger, stop: asyncio.Event) -> None:
    """Do what is due within the next look, each at its instant."""
    now = await desk.database.now()
    end = now + LOOK_EVERY
    while not stop.is_set() and (act := agenda.take(end)) is not None:
        wait = act.at - await desk.database.now()
        if wait > timedelta(0):
            await _rest(stop, wait)
        await perform(desk.database, act, ledger, virtual=False)


async def _rest(stop: asyncio.Event, span: timedelta) -> None:
    try:
        await asyncio.wait_for(stop.wait(), span.total_seconds())
    except TimeoutError:
        return
