"""Workers and Temporal are down across a deadline; the one part that is up records an extension meanwhile."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from models.commands import Extend
from models.errors import Refused
from models.forms import PersonForm
from records import entries
from tests.live.stack import WholeStack, ask, short_file, soon, told, window
from tests.seasons import entry_form
from workers.embedded.mailsink import list_mails

DAY = timedelta(seconds=6)
"""So that 30 hours last 7.5 seconds; registration is open for five days, its reminder comes four before the close."""
SEASON = "outage"
EU, SG = f"{SEASON}/EU/registration", f"{SEASON}/SG/registration"


async def test_an_outage_across_a_deadline_ends_well(whole: WholeStack) -> None:
    await asyncio.to_thread(whole.up)
    async with whole.desk() as desk:
        await desk.start_season(short_file("2024-05-27", reminder="4d"), season=SEASON, open_now=True, day=DAY)

        async def is_open() -> bool:
            return all([(await window(desk.database, name))["state"] == "open" for name in (EU, SG)])

        await soon("registration opens", is_open)
        drafts: dict[str, list[int]] = {"EU": [], "SG": []}
        for number in range(6):
            area = "EU" if number < 3 else "SG"
            person = PersonForm(email=f"{area.lower()}-{number}@example.org", name=f"Applicant {number}")
            form = entry_form(number, area=area).model_copy(update={"applicant": person})
            drafts[area].append(await entries.draft(desk.database, SEASON, form))

        async def reminded() -> bool:
            rows = await told(desk.database, SEASON, "draft_reminder")
            return [row["state"] for row in rows] == ["sent"] * 6

        await soon("all drafts are reminded", reminded)
        closes_at = (await window(desk.database, EU))["closes_at"]
    await asyncio.to_thread(whole.down)

    async with whole.database_alone() as desk:
        assert await desk.database.now() < closes_at, "this machine was too slow to be down before the deadline"
        until = closes_at + 6 * DAY
        room = Extend(actor="ops", window=f"{SEASON}/EU/screening", by=8 * DAY, reason="The data centre is dark.")
        await desk.steer_window(room)
        command = Extend(actor="ops", window=EU, until=until, reason="The data centre is dark.")
        outcome = await desk.steer_window(command)
        assert outcome.closes_at == until
        await asyncio.sleep((closes_at - await desk.database.now()).total_seconds() + 0.2)
        # Nobody is there to close, but the row is the judge.
        with pytest.raises(Refused) as late:
            await entries.submit(desk.database, drafts["SG"][0])
        assert late.value.code == "window.closed"
        await entries.submit(desk.database, drafts["EU"][0])
        assert (await window(desk.database, SG))["state"] == "open"

    await asyncio.to_thread(whole.up)
    async with whole.desk() as desk:
        up_at = await desk.database.now()

        async def sg_closed() -> bool:
            return bool((await window(desk.database, SG))["state"] == "closed")

        await soon("the missed deadline is enforced", sg_closed, 5)
        assert up_at < until, "this machine was too slow to be up before the new close"
        assert (await window(desk.database, EU))["state"] == "open"
        assert (await desk.steer_window(command)).repeated

        async def announced() -> bool:
            return bool(rows := await told(desk.database, SEASON, "window_extended")) and all(
                row["state"] == "sent" for row in rows
            )

        await soon("the new date is told", announced)

        async def eu_closed() -> bool:
            return bool((await window(desk.database, EU))["state"] == "closed")

        await soon("the extended window closes", eu_closed, 60)
        row = await window(desk.database, EU)
        assert timedelta(0) <= row["closed_at"] - until < timedelta(seconds=1)

        extended = await told(desk.database, SEASON, "window_extended")
        assert [row["email"] for row in extended] == ["eu-0@example.org", "eu-1@example.org", "eu-2@example.org"]
        assert {row["told_closes_at"] for row in extended} == {until}
        reminders = await told(desk.database, SEASON, "draft_reminder")
        assert Counter(row["email"] for row in reminders).most_common(1)[0][1] == 1, "no reminder came a second time"
        expected = sorted([*drafts["EU"][1:], *drafts["SG"]])

        async def lapsed() -> bool:
            found = await ask(desk.database, "SELECT id FROM entries WHERE state = 'lapsed' ORDER BY id")
            return [row["id"] for row in found] == expected

        await soon("drafts lapse once the closed window is concluded", lapsed)
    ids = Counter(mail.message_id for mail in list_mails(whole.folder.mail, limit=1000))
    assert max(ids.values()) == 1, "nothing was sent twice"
