"""Needs, answers and reports: in time is in, late is out, and the first answer counts."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from models.errors import BadInput, NotFound, Refused
from records import matching, windows
from records.database import Database, at_instant, rows, run
from tests.projects import (
    DAY,
    SEASON,
    a_need,
    events,
    finalists,
    follow_up,
    matched,
    need_form,
    place_form,
    states,
    told,
)
from tests.seasons import begin

START = datetime(2024, 4, 1, tzinfo=UTC)
NEEDS_OPEN = datetime(2024, 5, 1, tzinfo=UTC)
NEEDS_CLOSE = datetime(2024, 6, 30, 16, tzinfo=UTC)
ROUND = datetime(2024, 8, 1, tzinfo=UTC)


async def test_a_need_is_filed_while_its_window_is_open(database: Database) -> None:
    await begin(database, START)
    need = await a_need(database, NEEDS_OPEN)
    async with database.statement() as connection:
        found = await rows(connection, "SELECT * FROM needs WHERE id = :id", id=need)
        lines = await rows(connection, "SELECT at, window_id FROM log WHERE event = 'need.filed'")
    assert (found[0]["filed_at"], found[0]["tracks"]) == (NEEDS_OPEN, ["LH"])
    assert lines == [{"at": NEEDS_OPEN, "window_id": f"{SEASON}/needs"}]


async def test_a_need_at_the_closing_instant_is_refused_with_window_and_instant(database: Database) -> None:
    await begin(database, START)
    with at_instant(NEEDS_CLOSE):
        place = await matching.add_place(database, SEASON, place_form())
        with pytest.raises(Refused, match=r"small-2024/needs' closed at 2024-06-30 16:00:00") as late:
            await matching.file_need(database, SEASON, place, need_form())
    assert late.value.code == "window.closed"
    assert await states(database, "needs", "open") == []


async def test_an_unknown_track_field_or_place_is_named(database: Database) -> None:
    await begin(database, START)
    with at_instant(NEEDS_OPEN):
        place = await matching.add_place(database, SEASON, place_form())
        with pytest.raises(BadInput, match="'XX' is no track"):
            await matching.file_need(database, SEASON, place, need_form(tracks=("LH", "XX")))
        with pytest.raises(BadInput, match="'ships' is no field of LH"):
            await matching.file_need(database, SEASON, place, need_form(fields=("ships", "medicine")))
        with pytest.raises(NotFound, match=f"no place {place + 1}"):
            await matching.file_need(database, SEASON, place + 1, need_form())
        with pytest.raises(NotFound, match="no season 'none'"):
            await matching.add_place(database, "none", place_form())


async def test_a_place_added_by_many_at_once_is_one_place(database: Database) -> None:
    await begin(database, START)
    ids = await asyncio.gather(*(matching.add_place(database, SEASON, place_form()) for _ in range(8)))
    assert len(set(ids)) == 1
    assert len(await states(database, "places", "name")) == 1


@pytest.mark.parametrize(
    ("accept", "state", "event"), [(True, "negotiating", "answered"), (False, "declined", "declined")]
)
async def test_an_answer_in_time_counts_and_closes_its_window(
    database: Database, accept: bool, state: str, event: str
) -> None:
    await begin(database, START)
    (match,) = await matched(database, NEEDS_OPEN, ROUND)
    with at_instant(ROUND + DAY):
        assert await matching.answer_match(database, match, accept=accept, actor="applicant") == state
    assert await states(database, "matches") == [state]
    assert await events(database, "match.") == ["match.proposed", f"match.{event}"]
    async with database.statement() as connection:
        found = await rows(connection, "SELECT * FROM windows WHERE kind = 'match_answer'")
        lines = await rows(connection, "SELECT actor, window_id FROM log WHERE event = :e", e=f"match.{event}")
    assert (found[0]["state"], found[0]["closed_at"]) == ("closed", ROUND + DAY)
    assert found[0]["closes_at"] == ROUND + 14 * DAY
    assert lines == [{"actor": "applicant", "window_id": found[0]["id"]}]


async def test_the_second_answer_is_refused_with_the_instant_of_the_first(database: Database) -> None:
    await begin(database, START)
    (match,) = await matched(database, NEEDS_OPEN, ROUND)
    with at_instant(ROUND + DAY):
        await matching.answer_match(database, match, accept=False)
    with at_instant(ROUND + 2 * DAY), pytest.raises(Refused, match=f"match/{match}/answer' was answered at 2024-08-02"):
        await matching.answer_match(database, match, accept=True)
    assert await states(database, "matches") == ["declined"]


async def test_of_many_answers_at_once_one_counts(database: Database) -> None:
    await begin(database, START)
    (match,) = await matched(database, NEEDS_OPEN, ROUND)
    with at_instant(ROUND + DAY):
        async with database.transaction() as connection:
            # All of them pass the gate, then wait for the row.
            await matching.load(connection, match, lock=True)
            coming = (matching.answer_match(database, match, accept=n % 2 == 0) for n in range(8))
            answers = asyncio.gather(*coming, return_exceptions=True)
            await asyncio.sleep(0.3)
        found = await answers
    assert sum(isinstance(answer, str) for answer in found) == 1
    assert [a.code for a in found if isinstance(a, Refused)] == ["match.answered"] * 7
    assert len(await events(database, "match.")) == 2


async def test_an_answer_at_the_closing_instant_is_refused_with_window_and_instant(database: Database) -> None:
    await begin(database, START)
    (match,) = await matched(database, NEEDS_OPEN, ROUND)
    with at_instant(ROUND + 14 * DAY), pytest.raises(Refused, match=r"answer' closed at 2024-08-15 00:00:00") as late:
        await matching.answer_match(database, match, accept=True)
    assert late.value.code == "window.closed"
    with at_instant(ROUND + 14 * DAY - timedelta(microseconds=1)):
        assert await matching.answer_match(database, match, accept=True) == "negotiating"


async def test_answers_that_race_the_close_are_seen_by_the_closer_or_refused(database: Database) -> None:
    await begin(database, START)
    matches = await matched(database, NEEDS_OPEN, ROUND, count=24)
    close = datetime.now(UTC) + timedelta(milliseconds=500)
    async with database.transaction() as connection:
        await run(connection, "UPDATE windows SET closes_at = :at WHERE kind = 'match_answer'", at=close)

    async def answer(number: int, match: int) -> bool:
        await asyncio.sleep(number * 0.04)
        try:
            await matching.answer_match(database, match, accept=True)
        except Refused:
            return False
        return True

    async def close_it(match: int) -> bool:
        await asyncio.sleep((close - datetime.now(UTC)).total_seconds() - 0.01)
        while True:
            async with database.transaction() as connection:
                if (await windows.close_window(connection, matching.answer_window(SEASON, match))).closed:
                    return bool((await matching.load(connection, match))["state"] == "negotiating")
            await asyncio.sleep(0.005)

    async with asyncio.timeout(30):
        accepted, seen = await asyncio.gather(
            asyncio.gather(*(answer(n, m) for n, m in enumerate(matches))),
            asyncio.gather(*(close_it(m) for m in matches)),
        )
    assert accepted == seen
    assert 0 < sum(accepted) < len(matches)


async def test_that_it_goes_on_is_told_only_when_asked(database: Database) -> None:
    await begin(database, START)
    (match,) = await matched(database, NEEDS_OPEN, ROUND)
    with at_instant(ROUND + DAY):
        with pytest.raises(Refused, match="proposed; there is nothing to report"):
            await matching.report_match(database, match, "landed")
        await matching.answer_match(database, match, accept=True)
        with pytest.raises(Refused, match="Nothing is asked"):
            await matching.report_match(database, match, "continuing")
    await follow_up(database, match, ROUND + 30 * DAY)
    with at_instant(ROUND + 31 * DAY):
        assert await matching.report_match(database, match, "continuing", note="slowly") == "negotiating"
    assert await states(database, "follow_ups") == ["answered"]
    with at_instant(ROUND + 32 * DAY), pytest.raises(Refused, match="negotiation/1' closed"):
        await matching.report_match(database, match, "continuing")


async def test_a_follow_up_is_not_answered_after_its_close(database: Database) -> None:
    await begin(database, START)
    (match,) = await matched(database, NEEDS_OPEN, ROUND)
    with at_instant(ROUND + DAY):
        await matching.answer_match(database, match, accept=True)
    await follow_up(database, match, ROUND + 30 * DAY)
    with at_instant(ROUND + 51 * DAY):
        with pytest.raises(Refused, match=r"negotiation/1' closed at 2024-09-21 00:00:00"):
            await matching.report_match(database, match, "continuing")
        assert await matching.report_match(database, match, "failed") == "failed"
    assert await states(database, "follow_ups") == ["due"]


async def test_an_outcome_is_told_to_both_sides_once(database: Database) -> None:
    await begin(database, START)
    (match,) = await matched(database, NEEDS_OPEN, ROUND)
    with at_instant(ROUND + DAY):
        await matching.answer_match(database, match, accept=True)
        reports = (matching.report_match(database, match, "landed") for _ in range(4))
        found = await asyncio.gather(*reports, return_exceptions=True)
    assert sum(answer == "landed" for answer in found) == 1
    assert await told(database, "negotiation_outcome") == [f"match/{match}/applicant", f"match/{match}/place"]
    assert (await events(database, "match."))[-1:] == ["match.landed"]


async def test_an_unknown_match_is_named(database: Database) -> None:
    await begin(database, START)
    await finalists(database, 1, NEEDS_OPEN)
    with pytest.raises(NotFound, match="no match 7"):
        await matching.answer_match(database, 7, accept=True)
    with pytest.raises(NotFound, match="no match 7"):
        await matching.report_match(database, 7, "landed")
