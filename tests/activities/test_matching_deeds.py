"""Deeds of matching, negotiations and tracking: done again they change nothing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from activities.matching import MatchingDeeds
from activities.negotiation import NegotiationDeeds
from activities.tracking import TrackingDeeds
from models.commands import CloseNow, SeasonCommand
from models.results import MatchRef, NegotiationTurn, RoundMatches, RoundRef, TrackingTurn
from models.season import SeasonFile
from models.timeline import PlannedReminder
from records import matching, steering, tracking, windows
from records.database import Database, at_instant, rows, run
from tests.projects import DAY, SEASON, a_need, events, finalists, house_of, matched, states, told
from tests.seasons import begin, small_file

START = datetime(2024, 4, 1, tzinfo=UTC)
NEEDS_OPEN = datetime(2024, 5, 1, tzinfo=UTC)
ROUND = datetime(2024, 8, 1, tzinfo=UTC)
ANSWERED = ROUND + DAY + timedelta(hours=1)
"""At nine in the morning of the season's zone, the hour at which follow-ups are asked."""


async def hold_round(database: Database, number: int, at: datetime) -> RoundMatches:
    with at_instant(at):
        return await MatchingDeeds(house_of(database)).match_round(RoundRef(season=SEASON, round=number))


async def turn(database: Database, at: datetime) -> TrackingTurn:
    with at_instant(at):
        return await TrackingDeeds(house_of(database)).turn(SEASON)


async def negotiate(database: Database, match: int, at: datetime) -> NegotiationTurn:
    """One turn of a negotiation."""
    with at_instant(at):
        return await NegotiationDeeds(house_of(database)).turn(MatchRef(season=SEASON, match=match))


async def negotiating(
    database: Database,
    count: int = 1,
    *,
    rounds: int = 2,
    file: SeasonFile | None = None,
    answered: datetime = ANSWERED,
) -> list[int]:
    """Negotiations that began at `answered`; all rounds of the season are over."""
    await begin(database, START, file=file)
    found = await matched(database, NEEDS_OPEN, ROUND, count)
    with at_instant(answered):
        for match in found:
            await matching.answer_match(database, match, accept=True)
    for number in range(2, rounds + 1):
        await hold_round(database, number, ANSWERED)
    return found


# Rounds


async def test_a_round_proposes_the_best_fitting_within_the_need_s_capacity(database: Database) -> None:
    await begin(database, START)
    best, second, _ = await finalists(database, 3, NEEDS_OPEN)
    await a_need(database, NEEDS_OPEN, capacity=2)
    found = await hold_round(database, 1, ROUND)
    async with database.statement() as connection:
        proposed = await rows(connection, "SELECT entry_id, score, parts FROM matches ORDER BY score DESC")
        answers = await rows(connection, "SELECT * FROM windows WHERE kind = 'match_answer' ORDER BY id")
    assert [p["entry_id"] for p in proposed] == [best, second]
    assert [p["parts"]["result"] for p in proposed] == [0.25, 0.125]  # ranks 1 and 2 of 3
    assert {(w["opens_at"], w["closes_at"], w["state"]) for w in answers} == {(ROUND, ROUND + 14 * DAY, "open")}
    assert {w["owner"] for w in answers} == {f"season/{SEASON}/negotiation/{m}" for m in found.matches}


async def test_a_round_held_again_answers_the_same_and_tells_nobody_twice(database: Database) -> None:
    await begin(database, START)
    await finalists(database, 2, NEEDS_OPEN)
    await a_need(database, NEEDS_OPEN, capacity=2)
    first = await hold_round(database, 1, ROUND)
    again = await asyncio.gather(*(hold_round(database, 1, ROUND + n * DAY) for n in range(3)))
    assert all(found.matches == first.matches for found in again)
    assert len(await told(database, "match_proposed")) == 2
    assert len(await told(database, "match_proposed_applicant")) == 2
    assert (await events(database, "matching.")) == ["matching.round"]


async def test_a_round_held_by_two_at_once_proposes_once(database: Database) -> None:
    await begin(database, START)
    await finalists(database, 4, NEEDS_OPEN)
    await a_need(database, NEEDS_OPEN, capacity=4)
    found = await asyncio.gather(*(hold_round(database, 1, ROUND) for _ in range(4)))
    assert len({f.matches for f in found}) == 1
    assert len(await states(database, "matches")) == 4


async def test_a_round_that_found_nothing_stays_empty_when_held_again(database: Database) -> None:
    await begin(database, START)
    await finalists(database, 1, NEEDS_OPEN)
    assert (await hold_round(database, 1, NEEDS_OPEN)).matches == ()
    await a_need(database, NEEDS_OPEN)
    assert (await hold_round(database, 1, ROUND)).matches == ()
    assert len((await hold_round(database, 2, ROUND)).matches) == 1


async def test_a_notice_of_a_match_tells_the_close_of_its_own_window(database: Database) -> None:
    await begin(database, START)
    (match,) = await matched(database, NEEDS_OPEN, ROUND)
    async with database.statement() as connection:
        found = await rows(connection, "SELECT DISTINCT window_id, told_closes_at FROM deliveries WHERE entry_id > 0")
    assert found == [{"window_id": f"{SEASON}/match/{match}/answer", "told_closes_at": ROUND + 14 * DAY}]


# Answers


async def test_an_unanswered_match_expires_and_leaves_its_place_to_the_next_round(database: Database) -> None:
    await begin(database, START)
    first, other = await finalists(database, 2, NEEDS_OPEN)
    await a_need(database, NEEDS_OPEN)
    (match,) = (await hold_round(database, 1, ROUND)).matches
    assert (await hold_round(database, 2, ROUND + DAY)).matches == ()  # held for the one who is asked
    early = await negotiate(database, match, ROUND + DAY)
    assert (early.state, early.next_at) == ("proposed", ROUND + 14 * DAY)
    for _ in range(2):
        late = await negotiate(database, match, ROUND + 14 * DAY)
        assert (late.state, late.next_at) == ("expired", None)
    (newer,) = (await hold_round(database, 3, ROUND + 180 * DAY)).matches
    async with database.statement() as connection:
        found = await rows(connection, "SELECT entry_id FROM matches ORDER BY id")
    assert [f["entry_id"] for f in found] == [first, other]
    assert newer != match
    assert await told(database, "negotiation_outcome") == [f"match/{match}/applicant", f"match/{match}/place"]


async def test_a_declined_match_is_told_to_both_sides_once(database: Database) -> None:
    await begin(database, START)
    (match,) = await matched(database, NEEDS_OPEN, ROUND)
    with at_instant(ANSWERED):
        await matching.answer_match(database, match, accept=False)
    for _ in range(2):
        assert await negotiate(database, match, ANSWERED) == NegotiationTurn(
            state="declined", expires_at=ROUND + 180 * DAY
        )
    assert await told(database, "negotiation_outcome") == [f"match/{match}/applicant", f"match/{match}/place"]
    assert await states(database, "matches") == ["declined"]


# Negotiations


async def test_a_turn_taken_again_asks_once(database: Database) -> None:
    (match,) = await negotiating(database)
    found = await asyncio.gather(*(negotiate(database, match, ANSWERED + 30 * DAY) for _ in range(3)))
    assert {turn.asked for turn in found} == {1}
    assert len(await told(database, "negotiation_follow_up")) == 1
    assert await states(database, "follow_ups") == ["due"]


async def test_the_last_follow_up_ends_with_the_negotiation_at_the_latest(database: Database) -> None:
    (match,) = await negotiating(database)
    assert (await negotiate(database, match, ROUND + 170 * DAY)).asked == 1
    async with database.statement() as connection:
        found = await rows(connection, "SELECT closes_at FROM windows WHERE kind = 'follow_up'")
    assert found == [{"closes_at": ROUND + 180 * DAY}]


async def test_what_was_asked_late_does_not_shift_what_is_asked_next(database: Database) -> None:
    (match,) = await negotiating(database)
    await negotiate(database, match, ANSWERED + 40 * DAY)
    assert (await negotiate(database, match, ANSWERED + 54 * DAY)).next_at == ANSWERED + 60 * DAY


async def test_who_accepted_at_night_is_asked_in_the_morning_after(database: Database) -> None:
    (match,) = await negotiating(database, answered=ANSWERED - timedelta(hours=6))
    night = ANSWERED + 30 * DAY - timedelta(hours=6)
    assert (await negotiate(database, match, night)).next_at == ANSWERED + 30 * DAY
    assert await told(database, "negotiation_follow_up") == []
    assert (await negotiate(database, match, ANSWERED + 30 * DAY)).asked == 1


async def test_a_follow_up_is_missed_only_once_its_window_is_closed(database: Database) -> None:
    (match,) = await negotiating(database)
    await negotiate(database, match, ANSWERED + 30 * DAY)
    await negotiate(database, match, ANSWERED + 44 * DAY - timedelta(seconds=1))
    assert await states(database, "follow_ups") == ["due"]
    for _ in range(2):
        assert (await negotiate(database, match, ANSWERED + 44 * DAY)).state == "negotiating"
    assert await states(database, "follow_ups") == ["missed"]
    assert (await events(database, "follow_up.")) == ["follow_up.due", "follow_up.missed"]


async def test_a_follow_up_that_operators_close_early_is_missed_and_its_new_close_is_told_once(
    database: Database,
) -> None:
    (match,) = await negotiating(database)
    asked = ANSWERED + 30 * DAY
    await negotiate(database, match, asked)
    window = tracking.follow_up_window(SEASON, match, "negotiation", 1)
    with at_instant(asked + DAY):
        async with database.transaction() as connection:
            await windows.steer(connection, CloseNow(actor="ops", reason="sold", window=window))
    await negotiate(database, match, asked + DAY)
    assert await states(database, "follow_ups") == ["missed"]
    assert await told(database, "window_closed_early") == []  # changes within a minute are told as one
    for _ in range(2):
        await negotiate(database, match, asked + DAY + timedelta(minutes=1))
    assert len(await told(database, "window_closed_early")) == 1


async def test_a_reminder_of_an_answer_goes_once_and_not_to_who_has_answered(database: Database) -> None:
    file = small_file().model_dump(mode="json")
    file["stages"][-2]["reminders"] = [{"to": "places", "before": "3d", "template": "match_reminder"}]
    await begin(database, START, file=SeasonFile.model_validate(file))
    silent, quick = await matched(database, NEEDS_OPEN, ROUND, 2)
    with at_instant(ANSWERED):
        await matching.answer_match(database, quick, accept=True)
    for match in (silent, quick):
        for _ in range(2):
            await negotiate(database, match, ROUND + 12 * DAY)
    (subject,) = await told(database, "match_reminder")
    assert subject.startswith(f"match/{silent}/place/")


async def test_a_negotiation_expires_at_its_limit_and_not_before(database: Database) -> None:
    (match,) = await negotiating(database)
    early = await negotiate(database, match, ROUND + 180 * DAY - timedelta(seconds=1))
    assert (early.state, early.next_at) == ("negotiating", ROUND + 180 * DAY)
    for _ in range(2):
        assert (await negotiate(database, match, ROUND + 180 * DAY)).state == "expired"
    assert await states(database, "matches") == ["expired"]
    assert len(await told(database, "negotiation_outcome")) == 2


async def test_a_cancelled_season_takes_its_negotiations_with_it(database: Database) -> None:
    (match,) = await negotiating(database)
    with at_instant(ROUND + 5 * DAY):
        async with database.transaction() as connection:
            await steering.cancel_season(connection, SeasonCommand(actor="ops", reason="no money", season=SEASON))
    assert await negotiate(database, match, ROUND + 200 * DAY) == NegotiationTurn(state="cancelled")
    assert await turn(database, ROUND + 200 * DAY) == TrackingTurn()
    assert await told(database, "negotiation_outcome") == []


# Tracking


async def test_a_turn_opens_what_is_due_and_a_turn_repeated_opens_nothing(database: Database) -> None:
    first, second = await negotiating(database, 2)
    early = await turn(database, ANSWERED)
    assert (early.opened, early.next_at) == (0, ANSWERED + 30 * DAY)
    found = await turn(database, ANSWERED + 30 * DAY)
    assert (found.opened, found.campaigns) == (2, (f"{SEASON}/follow_up_due",))
    assert found.next_at == ANSWERED + 51 * DAY
    assert (await turn(database, ANSWERED + 30 * DAY)).opened == 0
    assert await told(database, "follow_up_due") == [f"match/{first}/place/1", f"match/{second}/place/1"]
    async with database.statement() as connection:
        told_closes = await rows(
            connection,
            "SELECT DISTINCT told_closes_at FROM deliveries WHERE campaign_id = :c",
            c=f"{SEASON}/follow_up_due",
        )
    assert told_closes == [{"told_closes_at": ANSWERED + 51 * DAY}]


async def test_two_turns_at_once_open_each_follow_up_once(database: Database) -> None:
    await negotiating(database, 3)
    found = await asyncio.gather(*(turn(database, ANSWERED + 30 * DAY) for _ in range(4)))
    assert sum(f.opened for f in found) == 3
    assert len(await told(database, "follow_up_due")) == 3


async def test_follow_ups_that_fall_due_within_a_day_are_opened_together(database: Database) -> None:
    first, second = await negotiating(database, 2)
    async with database.transaction() as connection:
        later = ANSWERED + timedelta(hours=20)
        await run(connection, "UPDATE matches SET answered_at = :at WHERE id = :id", at=later, id=second)
    found = await turn(database, ANSWERED + DAY)
    assert found.next_at == ANSWERED + 30 * DAY + timedelta(hours=20)
    assert (await turn(database, found.next_at)).opened == 2
    assert first < second


async def test_a_turn_closes_what_is_over_and_what_was_not_answered_is_missed(database: Database) -> None:
    await negotiating(database)
    await turn(database, ANSWERED + 30 * DAY)
    found = await turn(database, ANSWERED + 51 * DAY)
    assert (found.closed, found.next_at) == (1, ANSWERED + 90 * DAY)
    assert await states(database, "follow_ups") == ["missed"]
    assert (await turn(database, ANSWERED + 51 * DAY)).closed == 0


async def test_after_an_outage_only_the_newest_follow_up_is_asked(database: Database) -> None:
    (match,) = await negotiating(database)
    found = await turn(database, ANSWERED + 200 * DAY)
    assert found.opened == 1
    assert await told(database, "follow_up_due") == [f"match/{match}/place/3"]
    async with database.statement() as connection:
        left_out = await rows(connection, "SELECT data FROM log WHERE rule = 'tracking.merged'")
    assert left_out == [{"data": {"match": match, "count": 2}}]
    assert (await turn(database, ANSWERED + 201 * DAY)).opened == 0


async def test_reminders_of_a_follow_up_go_once_to_those_who_have_not_answered(database: Database) -> None:
    file = small_file().model_dump(mode="json")
    lines = [{"to": "places", "before": before, "template": "follow_up_reminder"} for before in ("7d", "5d", "12h")]
    file["stages"][-1]["reminders"] = lines
    match, _ = await negotiating(database, 2, file=SeasonFile.model_validate(file))
    opened = await turn(database, ANSWERED + 30 * DAY)
    assert opened.next_at == ANSWERED + 44 * DAY
    async with database.statement() as connection:
        asked = await rows(connection, "SELECT id FROM follow_ups ORDER BY match_id")
        plan = (await rows(connection, "SELECT reminders FROM windows WHERE kind = 'follow_up'"))[0]["reminders"]
    keys = [PlannedReminder.model_validate(line).key for line in plan]
    with at_instant(ANSWERED + 40 * DAY):
        await tracking.answer_follow_up(database, asked[1]["id"], "well")
    # An outage over two reminders: only the newer one goes.
    found = await turn(database, ANSWERED + 47 * DAY)
    assert found.next_at == ANSWERED + 50 * DAY + timedelta(hours=12)
    await turn(database, ANSWERED + 48 * DAY)
    assert await told(database, "follow_up_reminder") == [f"match/{match}/place/1/{keys[1]}"]


async def test_tracking_ends_when_nothing_can_come_again(database: Database) -> None:
    (match,) = await negotiating(database)
    with at_instant(ANSWERED + DAY):
        await matching.report_match(database, match, "landed")
    at: datetime | None = ANSWERED + DAY
    ordinals, turns = 0, 0
    async with asyncio.timeout(60):
        while at is not None:
            found = await turn(database, at)
            assert found.next_at is None or found.next_at > at
            at, ordinals, turns = found.next_at, ordinals + found.opened, turns + 1
    assert (ordinals, turns) == (9, 19)
    assert len(await states(database, "follow_ups")) == 9


@pytest.mark.parametrize("rounds", [1, 2])
async def test_tracking_waits_as_long_as_a_match_may_come(database: Database, rounds: int) -> None:
    (match,) = await negotiating(database, rounds=rounds)
    with at_instant(ANSWERED + DAY):
        await matching.report_match(database, match, "failed")
    found = await turn(database, ANSWERED + DAY)
    assert found.next_at == (None if rounds == 2 else ANSWERED + 31 * DAY)


async def test_a_paused_season_asks_nobody(database: Database) -> None:
    (match,) = await negotiating(database)
    with at_instant(ROUND + 5 * DAY):
        async with database.transaction() as connection:
            await steering.pause_season(connection, SeasonCommand(actor="ops", reason="moving", season=SEASON))
    found = await turn(database, ANSWERED + 30 * DAY)
    assert (found.opened, found.next_at) == (0, ANSWERED + 31 * DAY)
    assert await negotiate(database, match, ROUND + 200 * DAY) == NegotiationTurn(
        state="negotiating", next_at=ROUND + 201 * DAY, expires_at=ROUND + 180 * DAY
    )
    assert await told(database, "negotiation_follow_up") == []
