"""Workers and Temporal are down for 30 hours of the season's time, across a deadline; meanwhile it is extended.

The outage is lived through once, at a pace of about a second an hour; each test looks at one side of what it left
behind. In hours after registration opened in both areas:

     0  it opens
     5  everyone with a draft is reminded, and so told the old close
     8  only PostgreSQL is up from now on; there EU's close is moved, SG's is not
    15  three reminders are due until 17, and a last one at 38
    40  the old close: SG is over, EU is not; after the move, EU's three reminders are due from 36 to 38
    41  everything comes up again
    59  EU's last reminder
    61  EU's new close
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from desk.client import Desk
from models.commands import Extend, Outcome
from models.errors import Refused
from models.forms import PersonForm
from models.season import SeasonFile
from records import entries
from records.database import Database
from tests.live.stack import WholeStack, ask, clean_environment, short_values, soon, window
from tests.seasons import entry_form
from workers.embedded.folder import StackFolder
from workers.embedded.mailsink import Mail, list_mails

SEASON = "outage"
EU, SG = f"{SEASON}/EU/registration", f"{SEASON}/SG/registration"
OUTAGE, LATER, LAST = 30, 21, 2
"""In hours: the least that the outage lasts, by how much EU's close is moved in it, the last reminder before a close."""
UP_TAKES = 14
"""Hours: on a slow machine an hour of this season is longer, so that the stack is up again well before EU closes."""
SLACK = 2
"""Hours: how much later than its instant a deed may come, since machines are busy."""

# On a slow machine.
pytestmark = pytest.mark.timeout(400)

_NOTICES = """SELECT p.email, c.template, d.state, d.told_closes_at, d.queued_at FROM deliveries d
  JOIN campaigns c ON c.id = d.campaign_id JOIN people p ON p.id = d.person_id ORDER BY d.queued_at, p.email"""
_LAPSED = """SELECT p.email FROM entries e JOIN people p ON p.id = e.applicant_id
  WHERE e.state = 'lapsed' ORDER BY p.email"""


@dataclass(frozen=True)
class Dark:
    """What was seen while only PostgreSQL was up, from `began` to `ended`."""

    began: datetime
    ended: datetime
    extension: Outcome
    refused: str
    accepted_at: datetime
    windows: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Light:
    """What was seen afterwards: as soon as the missed deadline was enforced, and at the end."""

    windows: dict[str, dict[str, Any]]
    repeated: Outcome
    at_the_end: dict[str, dict[str, Any]]
    lapsed: list[str]
    notices: list[dict[str, Any]]
    mails: list[Mail]


@dataclass(frozen=True)
class Outage:
    """The whole story; `hour` is how long an hour of the season lasts, `closes_at` the old close."""

    hour: timedelta
    closes_at: datetime
    dark: Dark
    light: Light

    @property
    def until(self) -> datetime:
        """EU's new close."""
        return self.closes_at + LATER * self.hour

    def before(self, close: datetime, hours: int) -> datetime:
        """So many hours before a close."""
        return close - hours * self.hour


def season_file() -> SeasonFile:
    """The short season, with 40 hours of registration and five reminders of drafts."""
    values = short_values("2024-05-30")
    for stage in values["stages"]:
        if stage["id"] == "registration":
            lines = ("35h", "25h", "24h", "23h", f"{LAST}h")
            stage["closes"] = "2024-05-31T16:00"
            stage["reminders"] = [{"to": "drafts", "before": line, "template": "draft_reminder"} for line in lines]
    return SeasonFile.model_validate(values)


def address(area: str, number: int) -> str:
    """Whose draft it is."""
    return f"{area.lower()}-{number}@example.org"


async def draft(desk: Desk, area: str, number: int) -> int:
    """A draft of one person."""
    person = PersonForm(email=address(area, number), name=f"Applicant {number}")
    form = entry_form(number, area=area).model_copy(update={"applicant": person})
    return await entries.draft(desk.database, SEASON, form)


async def both(database: Database) -> dict[str, dict[str, Any]]:
    """Both windows' rows."""
    return {name: await window(database, name) for name in (EU, SG)}


async def all_sent(database: Database, count: int) -> bool:
    """Whether there are so many notices, and all are sent."""
    return [row["state"] for row in await ask(database, _NOTICES)] == ["sent"] * count


async def sleep_until(instant: datetime) -> None:
    """Wait for an instant."""
    await asyncio.sleep(max(0.0, (instant - datetime.now(UTC)).total_seconds()))


async def before_the_outage(whole: WholeStack) -> tuple[timedelta, datetime, dict[str, int]]:
    """Three drafts in each area, all told the old close; then all goes down. The hour, the close, the drafts' ids."""
    began = time.monotonic()
    await asyncio.to_thread(whole.up)
    hour = timedelta(seconds=max(1.0, (time.monotonic() - began) / UP_TAKES))
    async with whole.desk() as desk:
        await desk.start_season(season_file(), season=SEASON, open_now=True, day=24 * hour)
        drafts = {address(area, n): await draft(desk, area, n) for area in ("EU", "SG") for n in range(3)}
        await soon("all drafts are reminded", lambda: all_sent(desk.database, 6), 20)
        closes_at: datetime = (await window(desk.database, EU))["closes_at"]
    await asyncio.to_thread(whole.down)
    return hour, closes_at, drafts


async def in_the_dark(
    whole: WholeStack, hour: timedelta, closes_at: datetime, drafts: dict[str, int], command: Extend
) -> Dark:
    """The extension is announced to the one part that is up; people act on both sides of the old close."""
    began = datetime.now(UTC)
    async with whole.database_alone() as desk:
        extension = await desk.steer_window(command)
        await draft(desk, "EU", 3)
        await sleep_until(closes_at + hour / 10)
        with pytest.raises(Refused) as late:
            await entries.submit(desk.database, drafts[address("SG", 0)])
        _, accepted_at = await entries.submit(desk.database, drafts[address("EU", 0)])
        await sleep_until(began + OUTAGE * hour)
        return Dark(began, datetime.now(UTC), extension, late.value.code, accepted_at, await both(desk.database))


async def after_the_outage(whole: WholeStack, hour: timedelta, command: Extend) -> Light:
    """Everything comes up again; the extended window is waited for, and what follows from its close."""
    await asyncio.to_thread(whole.up)
    async with whole.desk() as desk:

        async def closed(name: str) -> bool:
            return bool((await window(desk.database, name))["state"] == "closed")

        async def lapsed() -> list[str]:
            return [row["email"] for row in await ask(desk.database, _LAPSED)]

        async def concluded() -> bool:
            return len(await lapsed()) >= 6

        await soon("the missed deadline is enforced", lambda: closed(SG), 10)
        windows = await both(desk.database)
        too_late = windows[EU]["closes_at"] - LAST * hour
        assert datetime.now(UTC) < too_late, "this machine came up too slowly for EU's last reminder to lie ahead"
        repeated = await desk.steer_window(command)
        await soon("the extended window closes", lambda: closed(EU), LATER * hour.total_seconds() + 20)
        await soon("the closed window is concluded", concluded, 10)

        async def nothing_waits() -> bool:
            return await all_sent(desk.database, len(await ask(desk.database, _NOTICES)))

        await soon("nothing waits to be sent", nothing_waits, 20)
        at_the_end, notices = await both(desk.database), await ask(desk.database, _NOTICES)
        mails = list_mails(whole.folder.mail, limit=1000)
        return Light(windows, repeated, at_the_end, await lapsed(), notices, mails)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outage]:
    """The outage, lived through once."""
    whole = WholeStack(StackFolder.at(tmp_path_factory.mktemp("outage") / "data"), clean_environment())

    async def live() -> Outage:
        hour, closes_at, drafts = await before_the_outage(whole)
        command = Extend(actor="ops", window=EU, by=LATER * hour, reason="The data centre is dark.")
        dark = await in_the_dark(whole, hour, closes_at, drafts, command)
        return Outage(hour, closes_at, dark, await after_the_outage(whole, hour, command))

    try:
        yield asyncio.run(live())
    finally:
        whole.end()


def test_it_lasts_thirty_hours_across_the_deadline_with_four_reminders_due_in_it(seen: Outage) -> None:
    first, last = seen.before(seen.closes_at, 25), seen.before(seen.closes_at, LAST)
    assert seen.dark.began < first < last < seen.closes_at < seen.dark.ended
    assert seen.dark.ended - seen.dark.began >= 30 * seen.hour


def test_in_the_dark_the_row_alone_judges_what_is_in_time(seen: Outage) -> None:
    assert (seen.dark.extension.state, seen.dark.extension.closes_at) == ("open", seen.until)
    assert seen.dark.refused == "window.closed"
    assert seen.closes_at < seen.dark.accepted_at < seen.until
    states = {name: row["state"] for name, row in seen.dark.windows.items()}
    assert states == {EU: "open", SG: "open"}, "nobody was there to close"


def test_after_the_restart_the_missed_deadline_is_enforced_and_the_extended_window_is_open(seen: Outage) -> None:
    states = {name: (row["state"], row["closes_at"]) for name, row in seen.light.windows.items()}
    assert states == {EU: ("open", seen.until), SG: ("closed", seen.closes_at)}
    assert seen.light.windows[SG]["closed_at"] > seen.dark.ended
    assert seen.light.repeated == seen.dark.extension.model_copy(update={"repeated": True})


def test_the_extended_window_closes_at_its_new_instant_and_what_missed_its_close_lapses(seen: Outage) -> None:
    row = seen.light.at_the_end[EU]
    assert timedelta(0) <= row["closed_at"] - seen.until < SLACK * seen.hour
    assert row["closes_at"] == seen.until
    missed = [*(address("EU", n) for n in (1, 2, 3)), *(address("SG", n) for n in (0, 1, 2))]
    assert seen.light.lapsed == missed


def test_those_told_the_old_date_are_told_the_new_one_once(seen: Outage) -> None:
    told = [row for row in seen.light.notices if row["template"] == "window_extended"]
    assert [row["email"] for row in told] == [address("EU", n) for n in (0, 1, 2)]
    assert {row["told_closes_at"] for row in told} == {seen.until}


def test_nobody_gets_a_heap_of_overdue_mail(seen: Outage) -> None:
    got: dict[str, list[str]] = {}
    for row in seen.light.notices:
        got.setdefault(row["email"], []).append(row["template"])
    assert got == {
        # Submitted in the dark: no reminder after that.
        address("EU", 0): ["draft_reminder", "receipt", "window_extended", "registration_closed"],
        # Of four reminders that fell into the outage none comes: the new date stands for them.
        address("EU", 1): ["draft_reminder", "window_extended", "draft_reminder"],
        address("EU", 2): ["draft_reminder", "window_extended", "draft_reminder"],
        # Knows the new date only.
        address("EU", 3): ["draft_reminder"],
        # Not extended: what fell due has lost its use.
        **{address("SG", n): ["draft_reminder"] for n in (0, 1, 2)},
    }
    last = [row for row in seen.light.notices if row["template"] == "draft_reminder"][6:]
    assert {row["told_closes_at"] for row in last} == {seen.until}
    late = [row["queued_at"] - seen.before(seen.until, LAST) for row in last]
    assert all(timedelta(0) <= span < SLACK * seen.hour for span in late), (
        "the reminder that was still ahead came at its time"
    )


def test_each_notice_is_one_mail(seen: Outage) -> None:
    mails, notices = seen.light.mails, seen.light.notices
    assert Counter(to for mail in mails for to in mail.to) == Counter(row["email"] for row in notices)
    assert len({mail.message_id for mail in mails}) == len(mails)
