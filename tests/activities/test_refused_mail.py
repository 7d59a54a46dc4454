"""A mail server that refuses, breaks, stalls and comes back: what becomes of each notice of a campaign."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from activities.house import Breaker
from models.errors import SeasonkeeperError
from notices.transport import SmtpTransport
from records import entries
from records.addresses import correct
from records.database import Database, at_instant, run
from records.reading.life import explain
from tests.post import CAMPAIGN, SEASON, START, Post
from tests.seasons import begin, entry_form
from tests.smtp_server import serving

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
async def post(database: Database) -> AsyncIterator[Post]:
    await begin(database, START)
    async with serving() as server, SmtpTransport("127.0.0.1", server.port, timeout=1) as transport:
        yield Post(database, server, transport)


async def test_every_trouble_ends_in_the_right_state_and_holds_up_nobody_else(post: Post) -> None:
    answers = {
        "busy": "450 4.2.1 Mailbox busy",
        "local": "451 4.3.0 Local error",
        "grey": "451 4.7.1 Greylisted, come back",
        "full": "452 4.2.2 Mailbox full",
        "nobody": "550 5.1.1 No such user",
        "over": "552 5.2.2 Over quota",
        "spam": "554 5.7.1 Message refused",
    }
    post.server.answers = {f"RCPT {name}@example.org": [answer] for name, answer in answers.items()}
    post.server.drop = ["DATA cut@example.org"]
    post.server.stall = ["DATA stalls@example.org"]
    well = [f"well-{n}" for n in range(5)]
    await post.queue(*answers, "cut", "stalls", *well)

    done = await post.send()
    assert (done.sent, done.failed, done.left) == (5, 3, 6)
    assert done.retry_after is not None
    assert timedelta(seconds=50) < done.retry_after <= MINUTE
    assert post.arrived() == ["cut", *well]
    stands = await post.stands()
    final = ("nobody", "over", "spam")
    assert {name: stands[name] for name in answers} == {
        name: ("failed" if name in final else "queued", answer, False) for name, answer in answers.items()
    }
    assert [(stands[name][0], stands[name][2]) for name in ("cut", "stalls")] == [("queued", True)] * 2

    # Each comes when its own time has come, and none before.
    early = await post.send(MINUTE / 2)
    assert (early.sent, early.left) == (0, 6)
    assert (await post.send(2 * MINUTE)).sent == 4
    assert (await post.send(4 * MINUTE)).sent == 0
    grey = await post.send(6 * MINUTE)
    assert (grey.sent, grey.left) == (1, 1)
    assert (await post.send(59 * MINUTE)).sent == 0
    last = await post.send(61 * MINUTE)
    assert (last.sent, last.left, last.retry_after) == (1, 0, None)
    stands = await post.stands()
    assert {name for name, (state, _, _) in stands.items() if state != "sent"} == set(final)
    assert {name for name, (_, _, twice) in stands.items() if twice} == {"cut", "stalls"}
    assert set(post.arrived()) == set(stands) - set(final)


async def test_a_notice_is_tried_while_it_is_useful_and_then_fails_with_the_servers_words(post: Post) -> None:
    post.server.answers["RCPT busy@example.org"] = ["450 4.2.1 Busy"] * 20
    await post.queue("busy", useful_until=START + 10 * MINUTE)
    tried = [await post.send(minute * MINUTE) for minute in range(12)]
    assert (await post.stands())["busy"] == ("failed", "450 4.2.1 Busy", False)
    # At 0, 1, 3 and 7 minutes; the next would be at 15, when it is of no use.
    assert len(post.server.answers["RCPT busy@example.org"]) == 16
    assert [one.failed for one in tried].index(1) == 7


async def test_a_notice_without_a_term_is_given_up_after_twelve_tries(post: Post) -> None:
    post.server.answers["RCPT busy@example.org"] = ["450 4.2.1 Busy"] * 20
    await post.queue("busy")
    for hour in range(12):
        assert (await post.stands())["busy"][0] == "queued"
        await post.send(timedelta(hours=2 * hour))
    assert (await post.stands())["busy"][0] == "failed"
    assert len(post.server.answers["RCPT busy@example.org"]) == 8


async def test_an_address_that_is_not_there_is_not_used_again(post: Post) -> None:
    post.server.answers["RCPT nobody@example.org"] = ["550 5.1.1 No such user"]
    post.server.answers["RCPT over@example.org"] = ["552 5.2.2 Over quota"]
    await post.queue("nobody", "over")
    assert (await post.send()).failed == 2
    later = f"{SEASON}/later"
    await post.queue("nobody", "over", campaign=later)
    done = await post.send(MINUTE, campaign=later)
    assert (done.sent, done.skipped, post.arrived()) == (1, 1, ["over"])
    assert (await post.stands(later))["nobody"] == (
        "skipped",
        "not sent: the address bounced on 2024-05-08, and was not corrected",
        False,
    )
    lines = await post.database.at_once("SELECT person_id, data FROM log WHERE event = 'person.address_bounced'")
    assert lines == [{"person_id": await post.person("nobody"), "data": {}}]


async def test_the_life_of_an_entry_tells_that_its_applicants_address_bounced(post: Post) -> None:
    opened = await post.database.at_once("SELECT opens_at FROM windows WHERE id = :w", w=f"{SEASON}/EU/registration")
    with at_instant(opened[0]["opens_at"] + MINUTE):
        async with post.database.transaction() as connection:
            await run(
                connection,
                "UPDATE windows SET state = 'open' WHERE id = :w",
                w=f"{SEASON}/EU/registration",
            )
        entry = await entries.draft(post.database, SEASON, entry_form(1))
    post.server.answers["RCPT applicant-1@example.org"] = ["550 5.1.1 No such user"]
    [person] = await post.database.at_once("SELECT applicant_id AS id FROM entries WHERE id = :e", e=entry)
    await post.queue_for(person["id"], CAMPAIGN)
    await post.send(365 * DAY)
    number = (await post.database.at_once("SELECT number FROM entries"))[0]["number"]
    life = await explain(post.database, number, SEASON)
    assert "person.address_bounced" in [event.event for event in life.events]


async def test_a_corrected_address_is_used_again_and_the_log_says_who_and_why(post: Post) -> None:
    post.server.answers["RCPT nobody@example.org"] = ["550 5.1.1 No such user"]
    await post.queue("nobody", "other")
    await post.send()
    person = await post.person("nobody")
    wrong = {
        "address.taken": (person, "other@example.org", "told"),
        "address.unreadable": (person, "nobody", "told"),
        "address.reason": (person, "new@example.org", " "),
        "address.person": (person + 1000, "new@example.org", "told"),
    }
    for code, (who, email, reason) in wrong.items():
        with pytest.raises(SeasonkeeperError) as refused:
            await correct(post.database, who, email, reason=reason, actor="support")
        assert refused.value.code == code
    done = await correct(post.database, person, "New@example.org ", reason="told on the phone", actor="support")
    assert (done.bounced, done.changed) == (True, True)
    later = f"{SEASON}/later"
    await post.queue_for(person, later)
    assert (await post.send(MINUTE, campaign=later)).sent == 1
    assert post.arrived() == ["new", "other"]
    lines = await post.database.at_once(
        "SELECT actor, reason, person_id FROM log WHERE event = 'person.address_corrected'"
    )
    assert lines == [{"actor": "support", "reason": "told on the phone", "person_id": person}]


async def test_a_server_that_takes_nothing_costs_no_notice_an_attempt(post: Post) -> None:
    names = [f"p{n}" for n in range(6)]
    await post.queue(*names)
    waits = []
    for minute in range(20):
        post.server.answers["MAIL"] = ["550 5.7.1 Sender not allowed"] * 4
        done = await post.send(minute * MINUTE)
        assert (done.sent, done.failed, done.left) == (0, 0, 6)
        assert post.house.breaker.down
        waits.append(done.retry_after)
        await asyncio.sleep(0.01)
    assert None not in waits
    tried = await post.database.at_once("SELECT sum(attempts) AS n FROM deliveries")
    assert tried == [{"n": 0}]
    post.server.answers.clear()
    assert (await post.send(21 * MINUTE)).sent == 6
    assert (post.arrived(), post.house.breaker.down) == (names, False)


async def test_421_puts_its_own_notice_off_and_pauses_the_rest(post: Post) -> None:
    await post.queue("a", "b")
    post.server.answers["RCPT"] = ["421 4.3.2 Shutting down"] * 8
    done = await post.send()
    assert (done.sent, done.failed, done.left) == (0, 0, 2)
    assert done.retry_after is not None
    post.server.answers.clear()
    assert (await post.send(2 * MINUTE)).left == 0
    assert post.arrived() == ["a", "b"]


def test_the_pauses_of_a_server_that_stays_down_grow_to_a_minute_and_end_when_it_is_back() -> None:
    breaker = Breaker(first=0.0)
    assert (breaker.waits, breaker.down) == (False, False)
    breaker = Breaker(first=40.0)
    assert breaker.trip()
    assert breaker.waits
    # Other lanes find the same out: it is no news, and the pause is the same.
    assert not breaker.trip()
    assert breaker.pause == timedelta(seconds=40)
    assert breaker.mend()
    assert not breaker.mend()
    assert (breaker.waits, breaker.pause) == (False, timedelta(0))
