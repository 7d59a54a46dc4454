"""What judges do: ballots through the gate, declines, conflicts, and turns in a defence."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from activities.judging import replace_silent
from models.errors import BadInput, NotFound, Refused
from models.forms import JudgeForm, PersonForm
from records import judging, windows
from records.database import Database, at_instant
from records.seasons import window_id
from tests.course import AFTER, DEFENCE, MAY, POINTS, REVIEW, SEASON, Course, day

WINDOW = window_id(SEASON, "EU", "review")


@pytest.fixture
async def course(database: Database) -> Course:
    """Six entries and six judges of one area, in the middle of the review."""
    course = await Course(database).begin()
    await course.register(6)
    await course.invite_judges(6)
    await course.to_review()
    return course


async def _tasks(course: Course, state: str = "active") -> list[int]:
    return await course.column("SELECT id FROM assignments WHERE state = :state ORDER BY id", state=state)


async def test_a_judge_added_twice_is_one_judge_with_the_newer_load(database: Database) -> None:
    course = await Course(database).begin()
    person = PersonForm(email="judge@example.org", name="Judge")
    first = await judging.add_judge(database, SEASON, JudgeForm(person=person, area="EU"))
    again = await judging.add_judge(database, SEASON, JudgeForm(person=person, area="EU", max_load=7))
    assert first == again
    assert await course.column("SELECT max_load FROM judges") == [7]
    assert await course.column("SELECT event FROM log WHERE event = 'judge.registered'") == ["judge.registered"]


async def test_a_judge_of_an_unknown_area_or_track_is_not_accepted(database: Database) -> None:
    await Course(database).begin()
    person = PersonForm(email="judge@example.org", name="Judge")
    with pytest.raises(BadInput, match="'XX' is no area"):
        await judging.add_judge(database, SEASON, JudgeForm(person=person, area="XX"))
    with pytest.raises(BadInput, match="'XX' is no track"):
        await judging.add_judge(database, SEASON, JudgeForm(person=person, tracks=("XX",)))


async def test_a_ballot_counts_and_can_be_changed_and_the_log_keeps_no_scores(course: Course) -> None:
    task = (await _tasks(course))[0]
    with at_instant(REVIEW):
        assert await judging.cast_ballot(course.database, task, POINTS) == REVIEW
    with at_instant(day(6, 9)):
        await judging.cast_ballot(course.database, task, {"tech": 12.5, "plan": 0}, "weaker than I thought")
    (ballot,) = await course.rows("SELECT total, revision, cast_at, comment FROM ballots")
    assert (float(ballot["total"]), ballot["revision"], ballot["cast_at"]) == (12.5, 2, day(6, 9))
    assert await course.column("SELECT state FROM assignments WHERE id = :id", id=task) == ["done"]
    lines = await course.rows("SELECT actor, data FROM log WHERE event = 'ballot.cast'")
    assert len(lines) == 2
    assert all(set(line["data"]) == {"judge", "assignment"} for line in lines)
    assert {line["actor"] for line in lines} == {f"judge/{lines[0]['data']['judge']}"}


@pytest.mark.parametrize(
    ("scores", "says"),
    [
        ({"tech": 50}, "'plan' has no score"),
        ({**POINTS, "tech": 61}, "61 points"),
        ({**POINTS, "x": 1}, "no criterion"),
    ],
)
async def test_a_ballot_outside_the_rubric_is_refused(course: Course, scores: dict[str, float], says: str) -> None:
    task = (await _tasks(course))[0]
    with at_instant(REVIEW), pytest.raises(Refused, match=says):
        await judging.cast_ballot(course.database, task, scores)
    assert await course.column("SELECT count(*) FROM ballots") == [0]


async def test_a_ballot_after_the_close_is_refused_with_the_instant_and_kept_in_the_log(course: Course) -> None:
    task = (await _tasks(course))[0]
    with at_instant(AFTER["review"]), pytest.raises(Refused, match="closed at 2024-06-16 16:00:00") as refused:
        await judging.cast_ballot(course.database, task, POINTS)
    assert WINDOW in refused.value.sentence
    assert await course.column("SELECT count(*) FROM ballots") == [0]
    assert await course.column("SELECT count(*) FROM log WHERE event = 'ballot.refused_late'") == [1]


async def test_a_ballot_before_the_opening_is_refused_but_not_called_late(course: Course) -> None:
    with at_instant(day(6, 5)), pytest.raises(Refused, match="opens at"):
        await judging.cast_ballot(course.database, (await _tasks(course))[0], POINTS)
    assert await course.column("SELECT count(*) FROM log WHERE event = 'ballot.refused_late'") == [0]


async def test_what_a_judge_declines_another_judge_gets_and_is_told(course: Course) -> None:
    task = (await _tasks(course))[0]
    with at_instant(REVIEW):
        new = await judging.decline_assignment(course.database, task, "no time")
    (old,) = await course.rows("SELECT entry_id, judge_id, state, reason FROM assignments WHERE id = :id", id=task)
    assert (old["state"], old["reason"]) == ("declined", "no time")
    given = await course.rows(
        "SELECT id, judge_id FROM assignments WHERE entry_id = :e AND state = 'active'", e=old["entry_id"]
    )
    assert len(given) == 3
    assert new in {g["judge_id"] for g in given}
    events = await course.column("SELECT event FROM log WHERE event LIKE 'assignment.%' ORDER BY id DESC LIMIT 2")
    assert set(events) == {"assignment.declined", "assignment.replaced"}
    mine = next(g["id"] for g in given if g["judge_id"] == new)
    told = await course.column("SELECT subject FROM deliveries WHERE campaign_id = :c", c=f"{SEASON}/assignment")
    assert told == [f"assignment/{mine}"]


async def test_what_was_given_back_cannot_be_given_back_again_or_scored(course: Course) -> None:
    task = (await _tasks(course))[0]
    with at_instant(REVIEW):
        await judging.decline_assignment(course.database, task, "no time")
        with pytest.raises(Refused, match="declined"):
            await judging.decline_assignment(course.database, task, "no time")
        with pytest.raises(Refused, match="no longer yours"):
            await judging.cast_ballot(course.database, task, POINTS)


async def test_nothing_is_given_back_after_the_close(course: Course) -> None:
    with at_instant(AFTER["review"]), pytest.raises(Refused, match="closed at"):
        await judging.decline_assignment(course.database, (await _tasks(course))[0], "no time")
    assert len(await _tasks(course)) == 18


async def test_two_declines_at_once_never_give_an_entry_to_one_judge_twice(course: Course) -> None:
    tasks = await course.column(
        "SELECT id FROM assignments WHERE entry_id = :e AND state = 'active'", e=course.entries[0]
    )
    with at_instant(REVIEW):
        new = await asyncio.gather(*(judging.decline_assignment(course.database, t, "no time") for t in tasks))
    assert len(set(new)) == 3
    active = await course.column(
        "SELECT judge_id FROM assignments WHERE entry_id = :e AND state = 'active'", e=course.entries[0]
    )
    assert sorted(active) == sorted(j for j in new if j is not None)


async def test_declines_at_once_never_load_a_judge_beyond_its_limit(database: Database) -> None:
    course = await Course(database).begin()
    await course.register(8)
    await course.invite_judges(3, max_load=8)
    await course.invite_judges(1, max_load=2)
    await course.to_review()
    tasks = await course.column(
        "SELECT id FROM assignments WHERE judge_id = :j AND state = 'active'", j=course.judges[0]
    )
    with at_instant(REVIEW):
        await asyncio.gather(*(judging.decline_assignment(database, task, "no time") for task in tasks))
    loads = Counter(await course.column("SELECT judge_id FROM assignments WHERE state IN ('active', 'done')"))
    assert loads[course.judges[3]] <= 2


async def test_a_conflict_takes_an_entry_from_its_judge_for_good(course: Course) -> None:
    (task,) = await course.rows("SELECT id, judge_id, entry_id FROM assignments ORDER BY id LIMIT 1")
    with at_instant(REVIEW):
        await judging.declare_conflict(course.database, task["judge_id"], task["entry_id"], "a former student")
        await judging.declare_conflict(course.database, task["judge_id"], task["entry_id"], "a former student")
    assert await course.column("SELECT state FROM assignments WHERE id = :id", id=task["id"]) == ["conflict"]
    assert len(await _tasks(course)) == 18
    assert await course.column("SELECT count(*) FROM log WHERE event = 'assignment.conflict'") == [1]
    await course.prepare("review", REVIEW)
    assert len(await _tasks(course)) == 18


async def test_the_ballot_of_a_judge_in_conflict_counts_no_more_while_the_round_is_open(course: Course) -> None:
    (task,) = await course.rows("SELECT id, judge_id, entry_id FROM assignments ORDER BY id LIMIT 1")
    with at_instant(REVIEW):
        await judging.cast_ballot(course.database, task["id"], POINTS)
        await judging.declare_conflict(course.database, task["judge_id"], task["entry_id"], "found out later")
    await course.close("review")
    assert await course.column("SELECT ballots FROM tallies WHERE entry_id = :e", e=task["entry_id"]) == [0]


async def test_a_conflict_declared_after_the_close_leaves_the_result_and_gives_to_nobody(course: Course) -> None:
    (task,) = await course.rows("SELECT id, judge_id, entry_id FROM assignments ORDER BY id LIMIT 1")
    with at_instant(REVIEW):
        await judging.cast_ballot(course.database, task["id"], POINTS)
    await course.close("review")
    with at_instant(AFTER["review"]):
        await judging.declare_conflict(course.database, task["judge_id"], task["entry_id"], "found out late")
    assert await course.column("SELECT state FROM assignments WHERE id = :id", id=task["id"]) == ["done"]
    assert await course.column("SELECT count(*) FROM assignments") == [18]


async def test_a_conflict_of_people_of_two_seasons_is_no_conflict(course: Course) -> None:
    with pytest.raises(NotFound):
        await judging.declare_conflict(course.database, course.judges[0], 10**6, "who is this?")


async def test_a_ballot_and_a_replacement_at_once_end_one_way_or_the_other(course: Course) -> None:
    # Three judges are done and free to take over; the others cast their ballots while theirs are being replaced.
    done = course.judges[:3]
    for task in await course.rows("SELECT id, judge_id FROM assignments"):
        if task["judge_id"] in done:
            with at_instant(REVIEW):
                await judging.cast_ballot(course.database, task["id"], POINTS)
    tasks = await _tasks(course)
    accepted: list[int] = []
    refused: set[str] = set()

    async def cast(task: int) -> None:
        try:
            await judging.cast_ballot(course.database, task, POINTS)
            accepted.append(task)
        except Refused as error:
            refused.add(error.code)

    with at_instant(REVIEW):
        await asyncio.gather(course.do(replace_silent, "review", REVIEW), *(cast(task) for task in tasks))
    assert refused <= {"assignment.gone"}
    replaced = set(await _tasks(course, "replaced"))
    assert not replaced & set(accepted)
    assert set(await course.column("SELECT assignment_id FROM ballots")) >= set(accepted)
    each = Counter(await course.column("SELECT entry_id FROM assignments WHERE state IN ('active', 'done')"))
    assert set(each.values()) == {3}


async def test_ballots_that_race_the_close_are_in_the_tally_or_refused(course: Course) -> None:
    accepted: list[int] = []
    refused: set[str] = set()

    async def cast(task: int) -> None:
        # By its own clock each is in time; the closer may have come before it.
        with at_instant(day(6, 16, 15)):
            try:
                await judging.cast_ballot(course.database, task, POINTS)
                accepted.append(task)
            except Refused as error:
                refused.add(error.code)

    async def close() -> int:
        await asyncio.sleep(0.02)
        with at_instant(AFTER["review"]):
            async with course.database.transaction() as connection:
                assert (await windows.close_window(connection, WINDOW)).closed
                found = await connection.exec_driver_sql("SELECT count(*) FROM ballots")
                return int(found.scalar_one())

    seen, *_ = await asyncio.gather(close(), *(cast(task) for task in await _tasks(course)))
    await course.conclude("review")
    assert refused <= {"window.closed"}
    assert seen == len(accepted)
    assert sum(await course.column("SELECT ballots FROM tallies")) == len(accepted)


async def test_an_entry_that_did_not_appear_is_waited_for_by_nobody_until_it_is_found(course: Course) -> None:
    await course.cast_all("review", REVIEW)
    await course.close("review")
    await course.at_once("shortlist", AFTER["review"])
    await course.prepare("defence", day(6, 20))
    (slot,) = await course.rows("SELECT session_id, entry_id FROM slots ORDER BY entry_id LIMIT 1")

    async def waiting() -> int:
        sql = "SELECT count(*) FROM assignments WHERE stage = 'defence' AND entry_id = :e AND state = 'active'"
        return int((await course.column(sql, e=slot["entry_id"]))[0])

    panel = await waiting()
    with at_instant(DEFENCE):
        for held, left in ((False, 0), (False, 0), (True, panel)):
            await judging.record_slot(course.database, slot["session_id"], slot["entry_id"], held=held, actor="panel")
            assert await waiting() == left
    assert panel == 5
    lines = await course.column("SELECT event FROM log WHERE event LIKE 'slot.%' ORDER BY id")
    assert lines == ["slot.no_show", "slot.held"]


async def test_a_turn_that_an_entry_does_not_have_is_not_recorded(course: Course) -> None:
    with at_instant(MAY), pytest.raises(NotFound, match="no turn"):
        await judging.record_slot(course.database, 1, course.entries[0], held=True)
