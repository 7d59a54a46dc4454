"""Holding mail in the midst of a batch, releasing it, and the outbox: with a real mail server and a real database."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import pytest

from activities.mail import MailDeeds
from models.errors import BadInput, Refused
from notices.own_answers import DISCARDED
from notices.transport import SmtpTransport
from records import campaigns, holding, outbox, reading
from records.campaigns import Recipient
from records.database import Database
from records.outbox import Mail
from records.reading.campaigns import campaign, mails
from tests.activities.test_sending import CAMPAIGN, LANES, REF, SEASON, arrive, house, queue
from tests.seasons import begin, small_file
from tests.smtp_server import serving


async def events(database: Database) -> list[tuple[str, str, str | None]]:
    found = await database.at_once(
        "SELECT event, actor, reason FROM log WHERE event LIKE 'notices.%' OR event LIKE 'outbox.%' ORDER BY id"
    )
    return [(row["event"], row["actor"], row["reason"]) for row in found]


async def state(database: Database, which: str) -> None:
    """Let the notices of the campaign wait in the outbox, as a season with one has them."""
    async with database.transaction() as connection:
        await outbox.keep(connection, which)


@pytest.mark.parametrize("season", [SEASON, None])
async def test_a_hold_stops_between_two_mails_and_a_release_sends_what_is_still_useful(
    database: Database, season: str | None
) -> None:
    await queue(database, 60)
    async with serving() as server, SmtpTransport("127.0.0.1", server.port, connections=LANES) as transport:
        server.slow = 0.02
        deeds = MailDeeds(house(database, transport))
        batch = asyncio.create_task(deeds.send_batch(REF))
        await arrive(server, 10)
        assert (await holding.hold(database, season, actor="ops", reason="wrong date")).changed
        begun = len(server.mails)
        done = await batch
        # What was on its way arrived, and nothing was begun after the hold.
        assert len(server.mails) <= begun + LANES
        assert (done.sent, done.left) == (len(server.mails), 60 - len(server.mails))
        assert done.retry_after == timedelta(seconds=60)
        assert not (await holding.hold(database, season, actor="ops", reason="again")).changed
        assert await campaigns.waiting(database, timedelta(0)) == []
        assert (await deeds.send_batch(REF)).sent == 0
        found = await reading.status(database, SEASON)
        assert [one.code for one in found.concerns if one.code.startswith("mail.")] == ["mail.held"]
        await database.at_once(
            """UPDATE campaigns SET useful_until = clock_timestamp() - interval '1 s' WHERE id = :campaign""",
            campaign=CAMPAIGN,
        ) if season is None else None
        released = await holding.release(database, season, actor="staff/1", reason="date is right")
        assert (released.changed, released.campaigns) == (True, ((SEASON, CAMPAIGN),))
        after = await deeds.send_batch(REF)
        assert after.left == 0
        detail = await campaign(database, SEASON, CAMPAIGN)
        if season is None:
            assert (after.sent, after.skipped) == (0, done.left)
            assert {one.answer for one in detail.answers if one.state == "skipped"} == {
                "no longer useful when its turn came"
            }
        else:
            assert (after.sent, len(server.mails)) == (done.left, 60)
        assert sum(detail.steps) == detail.sent == len(server.mails)
    assert await events(database) == [
        ("notices.held", "ops", "wrong date"), ("notices.released", "staff/1", "date is right"),
    ]  # fmt: skip


async def test_a_season_stays_held_while_all_are_and_a_hold_needs_a_reason(database: Database) -> None:
    await queue(database, 2)
    with pytest.raises(BadInput, match="reason"):
        await holding.hold(database, SEASON, actor="ops", reason=" ")
    await holding.hold(database, None, actor="ops", reason="all")
    await holding.hold(database, SEASON, actor="ops", reason="one")
    released = await holding.release(database, SEASON, actor="ops", reason="one")
    assert (released.changed, released.held_by_all, released.campaigns) == (True, True, ())
    assert [one.season for one in await holding.holds(database, SEASON)] == [None]
    assert not (await holding.release(database, SEASON, actor="ops", reason="one")).changed


async def test_the_outbox_sends_what_was_read_once_with_one_mail_edited_and_one_left_out(database: Database) -> None:
    await queue(database, 4)
    await state(database, CAMPAIGN)
    async with serving() as server, SmtpTransport("127.0.0.1", server.port, connections=LANES) as transport:
        deeds = MailDeeds(house(database, transport))
        assert (await deeds.send_batch(REF)).left == 0
        assert server.mails == []
        first, second = (await mails(database, SEASON, CAMPAIGN))[:2]
        assert first.state == "outbox"
        changed = Mail(CAMPAIGN, first.person)
        with pytest.raises(BadInput, match="subject: it is empty"):
            await outbox.edit(database, SEASON, changed, " ", "text", actor="ops")
        await outbox.edit(database, SEASON, changed, "Für Sie allein 只给您", "Dear P,\r\nthis is yours.", actor="ops")
        await outbox.discard_one(database, SEASON, Mail(CAMPAIGN, second.person), actor="ops")
        # A double click: of two at once, one sends.
        both = await asyncio.gather(
            *(outbox.send(database, SEASON, CAMPAIGN, actor="ops") for _ in range(2)), return_exceptions=True
        )
        assert sorted(str(type(one).__name__) for one in both) == ["Refused", "int"]
        assert [one for one in both if one == 3] == [3]
        assert (await deeds.send_batch(REF)).sent == 3
        with pytest.raises(Refused):
            await outbox.edit(database, SEASON, changed, "too late", "too late", actor="ops")
        # Planned again after a crash, it is not kept again.
        await state(database, CAMPAIGN)
        arrived = {to[0]: message_from_bytes(raw, policy=default) for _, to, raw in server.mails}
    assert len(arrived) == 3
    assert second.to not in arrived
    own = arrived[first.to]
    assert own["subject"] == "Für Sie allein 只给您"
    text, html = own.get_body(("plain",)), own.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().splitlines() == ["Dear P,", "this is yours."]
    assert "Dear P,<br>this is yours." in html.get_content()
    assert [event for event, _, _ in await events(database)] == ["outbox.edited", "outbox.left_out", "outbox.sent"]


async def test_a_discarded_campaign_sends_nothing_and_says_why(database: Database) -> None:
    await queue(database, 3)
    await state(database, CAMPAIGN)
    assert await outbox.discard(database, SEASON, CAMPAIGN, actor="ops", reason="not needed") == 3
    with pytest.raises(Refused):
        await outbox.send(database, SEASON, CAMPAIGN, actor="ops")
    detail = await campaign(database, SEASON, CAMPAIGN)
    assert (detail.state, detail.skipped, detail.waiting) == ("discarded", 3, 0)
    assert [(one.state, one.answer, one.count) for one in detail.answers] == [("skipped", DISCARDED.en, 3)]


async def test_a_season_with_an_outbox_keeps_what_goes_to_many_and_nothing_else(database: Database) -> None:
    file = small_file()
    file = file.model_copy(update={"notices": file.notices.model_copy(update={"outbox": True})})
    await begin(database, datetime(2024, 5, 8, tzinfo=UTC), file=file)
    found = await database.at_once(
        """INSERT INTO people (email, name, language, created_at) VALUES
             ('a@example.org', 'A', 'en', clock_timestamp()), ('b@example.org', 'B', 'zh', clock_timestamp())
           RETURNING id, language"""
    )
    told = [Recipient(row["id"], row["language"]) for row in found]
    for name, template, to in (
        ("many", "season_cancelled", told), ("one", "season_cancelled", told[:1]), ("receipt", "receipt", told),
        ("draft_reminder", "draft_reminder", told),
    ):  # fmt: skip
        for _ in range(2):  # planned again after a crash, it is the same
            async with database.transaction() as connection:
                await campaigns.plan(connection, f"{SEASON}/{name}", SEASON, template, to, any_hour=True)
    kept = await database.at_once("SELECT campaign_id AS id, state, count(*) AS n FROM deliveries GROUP BY 1, 2")
    assert {(row["id"].removeprefix(f"{SEASON}/"), row["state"], row["n"]) for row in kept} == {
        ("many", "outbox", 2), ("one", "queued", 1), ("receipt", "queued", 2), ("draft_reminder", "queued", 2),
    }  # fmt: skip
    status = await reading.status(database, SEASON)
    assert [(one.code, one.count) for one in status.concerns if one.code == "mail.outbox"] == [("mail.outbox", 1)]
