"""What a channel recommends: which recommendation counts, whatever comes at once; quotas, reminders, the ledger."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from models.errors import BadInput, NotFound, Refused, SeasonkeeperError
from models.forms import ChannelForm, PersonForm
from records import channel_work, channels, entries, reading
from records.database import Database, at_instant, run
from tests.seasons import begin, entry_form

SEASON = "small-2024"


async def open_season(database: Database, *codes: str, area: str | None = None, quota: int | None = None) -> datetime:
    """A season whose registration opened a day ago, with these channels; when its registration closes."""
    await begin(database, datetime.now(UTC) - timedelta(days=1), open_now=True)
    for code in codes:
        contact = PersonForm(email=f"{code.lower()}@example.org", name=f"Contact of {code}")
        form = ChannelForm(code=code, name=f"Office {code}", contact=contact, area=area, quota=quota)
        await channels.add_channel(database, SEASON, form)
    found = [w for w in await reading.windows(database, SEASON) if w.kind == "registration"]
    return max(w.closes_at for w in found)


async def draft(database: Database, number: int, **more: object) -> int:
    return await entries.draft(database, SEASON, entry_form(number, **more))


async def counting(database: Database, entry: int) -> str | None:
    found = await database.at_once(
        "SELECT c.code FROM entries e LEFT JOIN channels c ON c.id = e.channel_id WHERE e.id = :id", id=entry
    )
    code: str | None = found[0]["code"]
    return code


async def code_of(deed: object) -> str:
    """The code with which a deed is refused."""
    with pytest.raises(SeasonkeeperError) as refused:
        await deed  # type: ignore[misc]
    return refused.value.code


async def test_of_channels_that_vouch_at_once_exactly_one_counts_and_all_are_kept(database: Database) -> None:
    codes = ("A", "B", "C", "D")
    await open_season(database, *codes)
    ids = [await draft(database, n) for n in range(6)]
    await asyncio.gather(*(channels.recommend(database, entry, code) for entry in ids for code in codes))

    ledger = await channel_work.ledger(database, SEASON)
    assert len(ledger) == len(ids) * len(codes)
    for entry in ids:
        number = (await reading.entry(database, str(entry))).number
        of_entry = sorted((line for line in ledger if line.entry == number), key=lambda line: line.at)
        assert [line.counts for line in of_entry] == [True, False, False, False]
        assert all(one.at < two.at for one, two in pairwise(of_entry))
        assert await counting(database, entry) == of_entry[0].channel
        told = [e for e in (await reading.explain(database, str(entry))).events if e.event == "entry.recommended"]
        assert [(e.data["by"], e.data["counts"]) for e in told] == [(x.channel, x.counts) for x in of_entry]
    # What the log said at the time is what still holds: nobody came before them afterwards.
    logged = await database.at_once("SELECT data FROM log WHERE event = 'entry.recommended'")
    assert sum(line["data"]["counts"] for line in logged) == len(ids)


async def test_no_quota_is_exceeded_by_twenty_who_come_at_once(database: Database) -> None:
    await open_season(database, "A", quota=7)
    ids = [await draft(database, n) for n in range(20)]
    done = await asyncio.gather(*(channels.recommend(database, e, "A") for e in ids), return_exceptions=True)

    refused = [x for x in done if isinstance(x, Refused)]
    assert (done.count(True), len(refused)) == (7, 13)
    assert str(refused[0]) == (
        "Channel 'A' has used its quota of 7 recommendations. Ask the season office for a larger quota."
    )
    # Vouching again for one that it has is no new one, and one that was withdrawn makes room for another.
    had, had_not = ids[done.index(True)], next(e for e, x in zip(ids, done, strict=True) if x is not True)
    assert await channels.recommend(database, had, "A") is False
    assert await code_of(channels.recommend(database, had_not, "A")) == "channel.quota"
    await entries.withdraw(database, had, reason="no more")
    assert await channels.recommend(database, had_not, "A") is True
    assert (await channel_work.of_channel(database, SEASON, "A")).used == 7


async def test_a_quota_is_changed_with_a_reason_and_never_below_what_is_used(database: Database) -> None:
    await open_season(database, "A", quota=2)
    for n in range(2):
        await channels.recommend(database, await draft(database, n), "A")

    async def change(quota: int | None, reason: str = "so decided") -> tuple[int | None, int]:
        async with database.transaction() as connection:
            return await channels.set_quota(connection, SEASON, "A", quota, reason=reason, actor="staff/1")

    assert await code_of(change(1)) == "channel.quota_used"
    assert await code_of(change(3, " ")) == "command.no_reason"
    assert await code_of(change(0)) == "channel.quota"
    assert await change(3) == (2, 2)
    assert await change(None) == (3, 2)
    lines = await database.at_once(
        "SELECT event, actor, reason, data FROM log WHERE event LIKE 'channel.%' ORDER BY id"
    )
    assert [(x["event"], x["actor"], x["reason"], x["data"]["quota"]) for x in lines] == [
        ("channel.quota_set", "staff/1", "so decided", 3),
        ("channel.quota_lifted", "staff/1", "so decided", None),
    ]


async def test_the_next_recommendation_counts_once_the_first_is_taken_back(database: Database) -> None:
    closes = await open_season(database, "A", "B")
    entry = await draft(database, 1)
    for code in ("A", "B"):
        await channels.recommend(database, entry, code)
    with pytest.raises(BadInput, match="reason"):
        await channels.take_back(database, entry, "A", reason=" ")
    await channels.take_back(database, entry, "A", reason="not one of ours")

    assert await counting(database, entry) == "B"
    ledger = await channel_work.ledger(database, SEASON)
    assert [(x.channel, x.counts, x.taken_back_reason) for x in ledger] == [
        ("A", False, "not one of ours"), ("B", True, None),
    ]  # fmt: skip
    assert await code_of(channels.recommend(database, entry, "A")) == "channel.taken_back"
    assert await code_of(channels.take_back(database, entry, "A", reason="again")) == "channel.recommends_not"
    with at_instant(closes):
        assert await code_of(channels.take_back(database, entry, "B", reason="too late")) == "window.closed"
        assert await code_of(channels.recommend(database, entry, "B")) == "window.closed"
    assert await counting(database, entry) == "B"


async def test_a_channel_of_an_area_recommends_no_entry_of_another(database: Database) -> None:
    await open_season(database, "A", area="EU")
    assert await channels.recommend(database, await draft(database, 1), "A")
    assert await code_of(channels.recommend(database, await draft(database, 2, area="SG"), "A")) == "channel.area"
    form = entry_form(3, area="SG")
    assert await code_of(entries.draft(database, SEASON, form, channel="A", act="invited")) == "channel.area"
    assert not await database.at_once("SELECT 1 FROM people WHERE email = 'applicant-3@example.org'")


async def test_whoever_is_registered_by_a_channel_is_told_once(database: Database) -> None:
    await open_season(database, "A")
    number = await channel_work.register(database, SEASON, "A", entry_form(1))
    told = await database.at_once(
        """SELECT p.email, d.data, c.template FROM deliveries d JOIN people p ON p.id = d.person_id
           JOIN campaigns c ON c.id = d.campaign_id"""
    )
    assert told == [
        {"email": "applicant-1@example.org", "data": {"channel": "Office A"}, "template": "channel_registered"}
    ]
    found = (await channel_work.of_channel(database, SEASON, "A")).entries[0]
    assert (found.number, found.act, found.counts, found.state) == (number, "registered", True, "draft")


async def test_numbers_alone_do_not_open_a_draft_to_a_channel(database: Database) -> None:
    await open_season(database, "A")
    number = (await reading.entry(database, str(await draft(database, 1)))).number
    with pytest.raises(NotFound):
        await channel_work.vouch(database, SEASON, "A", number, "applicant-2@example.org")
    assert await channel_work.vouch(database, SEASON, "A", number.lower(), " Applicant-1@example.org")
    assert not await channel_work.vouch(database, SEASON, "A", number, "applicant-1@example.org")


async def test_an_applicant_is_reminded_by_channels_seldom_and_thrice_at_the_most(database: Database) -> None:
    closes = await open_season(database, "A", "B")
    entry = await draft(database, 1)
    number = (await reading.entry(database, str(entry))).number
    assert await code_of(channel_work.nudge(database, SEASON, "A", number)) == "channel.recommends_not"
    for code in ("A", "B"):
        await channels.recommend(database, entry, code)

    async def nudge(code: str = "A") -> object:
        return await channel_work.nudge(database, SEASON, code, number)

    pressed = await asyncio.gather(nudge(), nudge(), nudge("B"), return_exceptions=True)
    assert sorted(x.code if isinstance(x, Refused) else "done" for x in pressed) == [
        "done",
        "nudge.again",
        "nudge.again",
    ]
    first = datetime.now(UTC)
    for days in (3, 6):
        with at_instant(first + timedelta(days=days) - timedelta(hours=1)):
            assert await code_of(nudge()) == "nudge.again"
        with at_instant(first + timedelta(days=days, minutes=days)):
            await nudge("B")
    with at_instant(first + timedelta(days=9, hours=1)):
        assert await code_of(nudge()) == "nudge.enough"
    mails = await database.at_once(
        "SELECT told_closes_at FROM deliveries WHERE campaign_id = :campaign", campaign=f"{SEASON}/channel_nudge"
    )
    assert [x["told_closes_at"] for x in mails] == [closes] * 3
    # What a channel cannot mend it does not remind of.
    other = await draft(database, 2)
    await channels.recommend(database, other, "A")
    number = (await reading.entry(database, str(other))).number
    with at_instant(closes):
        assert await code_of(nudge()) == "window.closed"
    await entries.submit(database, other)
    assert await code_of(nudge()) == "nudge.no_draft"


async def test_an_old_invitation_code_works_no_more(database: Database) -> None:
    await open_season(database, "A", "B")
    old = (await channel_work.of_channel(database, SEASON, "A")).invite_code
    assert old is not None
    assert await channel_work.invited(database, SEASON, old) == "A"
    new = await channels.renew_code(database, SEASON, "A")
    assert await channel_work.invited(database, SEASON, new) == "A"
    for wrong in (old, "", "A", "\x00", "x" * 5000):
        assert await channel_work.invited(database, SEASON, wrong) is None
    assert await channel_work.invited(database, "other", new) is None


async def test_a_channel_learns_no_result_before_it_is_told(database: Database) -> None:
    await open_season(database, "A")
    entry = await draft(database, 1)
    await channels.recommend(database, entry, "A")
    await entries.submit(database, entry)
    async with database.transaction() as connection:
        await run(connection, "UPDATE entries SET state = 'selected', stage = 'selection' WHERE id = :id", id=entry)
        await run(
            connection,
            """INSERT INTO selections (season_id, stage, area, entry_id, division, rank, decision, at)
               SELECT season_id, 'selection', area, id, division, 1, 'selected', clock_timestamp() FROM entries""",
        )
    inside = (await channel_work.ledger(database, SEASON))[0]
    outside = (await channel_work.ledger(database, SEASON, "A", outside=True))[0]
    assert (inside.furthest, inside.stage) == ("selected", "selection")
    assert (outside.furthest, outside.stage, outside.state) == ("submitted", None, "eligible")
    assert (await channel_work.of_channel(database, SEASON, "A")).counts == {"eligible": 1}
    async with database.transaction() as connection:
        await run(
            connection,
            "UPDATE windows SET opened_at = opens_at WHERE kind = 'public_notice' AND season_id = :season",
            season=SEASON,
        )
    outside = (await channel_work.ledger(database, SEASON, "A", outside=True))[0]
    assert (outside.furthest, outside.stage, outside.state) == ("selected", "selection", "selected")
