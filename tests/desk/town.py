"""A season with something in it, for the tests of the desk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from models.forms import ChannelForm, PersonForm
from models.season import SeasonFile
from records import channels, entries, log, windows
from records.database import Database, at_instant, run
from records.reading import windows as known
from tests.seasons import begin, entry_form

SEASON = "small-2024"


async def build_town(
    database: Database, *, began: timedelta, season: str = SEASON, file: SeasonFile | None = None, each: int = 3
) -> None:
    """Start a season whose registration opened `began` ago; let people register; open and close what is due by now."""
    now = datetime.now(UTC)
    start = now - began
    await begin(database, start, season=season, file=file, open_now=True)
    found = await known(database, season)
    for window in (w for w in found if w.kind == "registration"):
        with at_instant(window.opens_at + timedelta(minutes=1)):
            async with database.transaction() as connection:
                await windows.open_window(connection, window.id)
    await _register(database, season, start, sorted({w.area for w in found if w.area}), each)
    for window in (w for w in found if w.kind != "registration" and w.opens_at <= now):
        with at_instant(window.opens_at + timedelta(seconds=1)):
            async with database.transaction() as connection:
                await windows.open_window(connection, window.id)
    for window in (w for w in found if w.closes_at <= now):
        with at_instant(window.closes_at + timedelta(seconds=1)):
            async with database.transaction() as connection:
                await windows.close_window(connection, window.id)


async def _register(database: Database, season: str, start: datetime, areas: list[str], each: int) -> None:
    contact = PersonForm(email="contact@example.org", name="Contact")
    await channels.add_channel(database, season, ChannelForm(code="INNO", name="Innovation Office", contact=contact))
    number = 0
    for area in areas:
        for n in range(each):
            number += 1
            track = ("LH", "DE")[n % 2]
            form = entry_form(number, area=area, track=track, title=_TITLES[number % len(_TITLES)])
            with at_instant(start + timedelta(days=3, hours=number)):
                entry = await entries.draft(database, season, form, channel="INNO" if n == 0 else None)
            with at_instant(start + timedelta(days=4, hours=number)):
                if n != each - 1:
                    await entries.submit(database, entry)
    await _decide(database, season, start)


async def _decide(database: Database, season: str, start: datetime) -> None:
    """One receipt was refused, the others arrived; one entry waits for a person, the others are eligible."""
    async with database.transaction() as connection:
        await run(
            connection,
            """UPDATE deliveries SET state = 'sent', sent_at = queued_at + interval '2 s', attempts = 1,
                 answer = '250 OK' WHERE season_id = :season""",
            season=season,
        )
        await run(
            connection,
            """UPDATE deliveries SET state = 'failed', sent_at = NULL, answer = '550 5.1.1 no such mailbox'
               WHERE person_id = (SELECT applicant_id FROM entries WHERE number = '2024-EU-DE-0001'
                 AND season_id = :season)""",
            season=season,
        )
        await run(
            connection,
            "UPDATE entries SET state = 'eligible' WHERE state = 'submitted' AND season_id = :season",
            season=season,
        )
        await run(
            connection,
            "UPDATE entries SET state = 'undecided' WHERE number = '2024-EU-DE-0001' AND season_id = :season",
            season=season,
        )
        line = log.Line("entry.eligible", entry_id=1, rule="entry_rules.documents", data={"number": "2024-EU-LH-0001"})
        await log.write(connection, season, [line], at=start + timedelta(days=53, hours=1))


_TITLES = (
    "Retinal imaging for early detection of diabetes",
    "自适应康复外骨骼",
    "Solid-state cooling without refrigerants",
    "Federated learning for hospital networks",
    "面向中小企业的碳足迹核算平台",
    "Autonomous inspection of offshore wind turbines",
    "高通量蛋白质设计",
)
