"""The deeds of stages: what each writes, and that a second time changes nothing."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from typing import Any

import pytest

from activities.judging import replace_silent
from models.facts import AssignmentPlan
from models.season import SeasonFile
from records import entries, judging, windows
from records.database import Database, at_instant
from rules.assignment import assign
from tests.course import AFTER, DEFENCE, REVIEW, SEASON, Course, day
from tests.seasons import entry_form, small_file


@pytest.fixture
async def course(database: Database) -> Course:
    """A season that has begun, with nobody in it."""
    return await Course(database).begin()


def _with(**stages: dict[str, object]) -> SeasonFile:
    """The small season with other settings of some stages."""
    file = small_file().model_dump(mode="json")
    for stage in file["stages"]:
        stage.update(stages.get(stage["id"], {}))
    return SeasonFile.model_validate(file)


async def test_every_deed_of_a_season_done_twice_changes_nothing_more(course: Course) -> None:
    await course.register(8)
    await course.register(3, area="SG", track="DE")
    await course.invite_judges(6)
    await course.invite_judges(6, area="SG")
    areas, all_areas = ("EU", "SG"), (None,)
    steps = [
        ("close", "registration", areas), ("screening", day(6, 1), areas), ("close", "screening", areas),
        ("review", day(6, 6), areas), ("cast", "review", areas), ("close", "review", areas),
        ("shortlist", AFTER["review"], areas), ("defence", day(6, 20), areas), ("cast", "defence", areas),
        ("close", "defence", areas), ("selection", AFTER["defence"], areas), ("notice", day(6, 27), areas),
        ("close", "notice", areas), ("confirmation", day(7, 3), all_areas), ("close", "confirmation", all_areas),
        ("exhibition", day(7, 7), all_areas), ("close", "exhibition", all_areas), ("finals", day(7, 14), all_areas),
        ("cast", "finals", all_areas), ("close", "finals", all_areas), ("awards", AFTER["finals"], all_areas),
    ]  # fmt: skip
    for what, when, where in steps:
        if what == "cast":
            await course.cast_all(str(when), {"review": REVIEW, "defence": DEFENCE, "finals": day(7, 15)}[str(when)])
            continue
        for area in where:
            await _do(course, what, when, area)
            once = await course.everything()
            await _do(course, what, when, area)
            twice = await course.everything()
            for table, rows in once.items():
                assert twice[table] == rows, f"{what} {when} of {area} changed {table} again"
    # Nobody confirmed: four were taken off, two of Europe and the one that waited in Singapore moved up.
    assert Counter(await course.states())["awarded"] == await _count(course, "awards") == 3


async def _count(course: Course, table: str) -> int:
    return int((await course.column(f"SELECT count(*) FROM {table}"))[0])


async def _do(course: Course, what: str, when: object, area: str | None) -> None:
    if what == "close":
        await course.close(str(when), area)
    elif what in ("shortlist", "selection", "awards"):
        await course.at_once(what, when, area)  # type: ignore[arg-type]
    else:
        await course.prepare(what, when, area)  # type: ignore[arg-type]


async def test_drafts_lapse_with_the_last_registration_and_the_submitted_are_told(course: Course) -> None:
    await course.register(2)
    with at_instant(day(5, 2)):
        await entries.draft(course.database, SEASON, entry_form(99))
    counted = await course.close("registration")
    assert counted.counts == {"submitted": 2, "lapsed": 1}
    assert await course.states() == ["submitted", "submitted", "lapsed"]
    told = await course.column(
        "SELECT entry_id FROM deliveries WHERE campaign_id = :c ORDER BY 1", c=counted.campaigns[0]
    )
    assert told == course.entries


async def test_a_registration_to_which_nobody_came_tells_nobody(course: Course) -> None:
    counted = await course.close("registration")
    assert counted.campaigns == ()
    assert await course.column("SELECT count(*) FROM deliveries") == [0]


async def test_screening_refuses_by_rule_with_its_findings_and_tells_them(course: Course) -> None:
    await course.register(1)
    await course.register(1, documents=())
    await course.close("registration")
    counted = await course.prepare("screening", day(6, 1))
    assert counted.counts == {"eligible": 1, "ineligible": 1}
    (line,) = await course.rows("SELECT rule, data FROM log WHERE event = 'entry.ineligible'")
    assert line["rule"] == "screening.documents"
    await course.close("screening")
    (told,) = await course.column("SELECT data FROM deliveries WHERE data->>'eligible' = 'false'")
    assert told["findings"][0]["en"] == "The document 'plan' is missing."
    assert await course.column("SELECT alive FROM entries ORDER BY id") == [True, False]


async def test_what_nobody_decided_is_decided_by_the_files_rule(database: Database) -> None:
    file = _with(screening={"undecided": "ineligible"})
    course = await Course(database).begin(file=file)
    await course.register(2, title="The same")
    await course.close("registration")
    await course.prepare("screening", day(6, 1))
    counted = await course.close("screening")
    assert counted.counts["decided_by_rule"] == 2
    assert await course.column("SELECT DISTINCT rule FROM log WHERE event = 'entry.ineligible'") == [
        "screening.undecided"
    ]
    (first, _) = await course.column("SELECT data FROM deliveries WHERE data->>'eligible' = 'false'")
    assert "same title" in first["findings"][0]["en"]


async def test_who_withdraws_while_it_is_screened_stays_withdrawn(course: Course) -> None:
    await course.register(1)
    await course.close("registration")
    with at_instant(day(6, 1)):
        await entries.withdraw(course.database, course.entries[0])
    await course.prepare("screening", day(6, 1))
    assert await course.states() == ["withdrawn"]


async def test_a_review_gives_each_entry_its_judges_without_conflicts_and_tells_the_judges(course: Course) -> None:
    await course.register(6, organisation="Lab A")
    await course.invite_judges(5)
    (own,) = await course.invite_judges(1, organisation="lab a")
    await course.to_review()
    given = await course.rows("SELECT entry_id, judge_id FROM assignments")
    assert Counter(g["entry_id"] for g in given) == dict.fromkeys(course.entries, 3)
    assert own not in {g["judge_id"] for g in given}
    told = await course.column("SELECT data->>'count' FROM deliveries WHERE campaign_id LIKE '%/review/assignment'")
    assert sum(map(int, told)) == 18
    made = await course.rows("SELECT data FROM log WHERE event = 'assignment.made'")
    assert len(made) == 6
    assert all(len(line["data"]["judges"]) == 3 for line in made)


async def test_judges_of_the_season_office_keep_their_load_over_all_areas(course: Course) -> None:
    await course.register(6)
    await course.register(6, area="SG")
    await course.invite_judges(3, area=None, max_load=7)
    for area in ("EU", "SG"):
        await course.close("registration", area)
        await course.prepare("screening", day(6, 1), area)
        await course.prepare("review", day(6, 6), area)
    loads = Counter(await course.column("SELECT judge_id FROM assignments"))
    assert max(loads.values()) == 7
    assert await course.column("SELECT DISTINCT reason FROM log WHERE event = 'assignment.short'") == ["load"]


async def test_a_review_prepared_again_gives_only_what_is_missing(course: Course) -> None:
    await course.register(4)
    await course.invite_judges(3)
    await course.to_review()
    task = (await course.column("SELECT min(id) FROM assignments"))[0]
    with at_instant(REVIEW):
        assert await judging.decline_assignment(course.database, task, "no time") is None
    await course.invite_judges(1)
    counted = await course.prepare("review", REVIEW)
    assert counted.counts == {"entries": 4, "assignments": 1, "short": 0}
    assert await course.column("SELECT count(*) FROM assignments WHERE judge_id = :j", j=course.judges[3]) == [1]


async def test_while_judges_are_assigned_the_worker_goes_on_with_other_things(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    await course.register(2)
    await course.invite_judges(3)
    await course.close("registration")
    await course.prepare("screening", day(6, 1))
    assigning = threading.Event()

    def slow(*given: Any) -> AssignmentPlan:
        assert assigning.wait(20), "nothing else went on meanwhile"
        return assign(*given)

    monkeypatch.setattr("activities.judging.assign", slow)

    async def something_else() -> None:
        await asyncio.sleep(0.1)
        assigning.set()

    counted, _ = await asyncio.gather(course.prepare("review", day(6, 6)), something_else())
    assert counted.counts["assignments"] == 6


async def test_an_entry_without_any_judge_is_short_and_ranks_last_without_a_score(course: Course) -> None:
    await course.register(2)
    await course.register(1, organisation="Lab A")
    await course.invite_judges(3, organisation="Lab A")
    await course.to_review()
    (short,) = await course.rows("SELECT entry_id, reason FROM log WHERE event = 'assignment.short'")
    assert (short["entry_id"], short["reason"]) == (course.entries[2], "conflicts")
    await course.cast_all("review", REVIEW)
    await course.close("review")
    ranks = await course.rows("SELECT entry_id, rank, score, ballots FROM tallies ORDER BY rank")
    assert [r["entry_id"] for r in ranks] == course.entries
    assert (ranks[2]["score"], ranks[2]["ballots"]) == (None, 0)
    await course.at_once("shortlist", AFTER["review"])
    assert await course.states() == ["selected"] * 3


async def test_silent_judges_lose_their_ballots_to_those_who_are_done(course: Course) -> None:
    await course.register(4)
    await course.invite_judges(6)
    await course.to_review()
    silent = (await course.column("SELECT judge_id FROM assignments ORDER BY id LIMIT 1"))[0]
    for task in await course.rows("SELECT id, judge_id FROM assignments"):
        if task["judge_id"] != silent:
            with at_instant(REVIEW):
                await judging.cast_ballot(course.database, task["id"], {"tech": 30, "plan": 20})
    owed = await course.column("SELECT count(*) FROM assignments WHERE judge_id = :j", j=silent)
    counted = await course.do(replace_silent, "review", day(6, 14, 16))
    assert [counted.counts["replaced"]] == owed
    assert await course.column("SELECT DISTINCT state FROM assignments WHERE judge_id = :j", j=silent) == ["replaced"]
    told = await course.column("SELECT data FROM deliveries WHERE campaign_id = :c", c=f"{SEASON}/ballot_replaced")
    assert told == [{"count": owed[0]}]


async def test_a_tally_made_again_writes_only_what_changed(course: Course) -> None:
    await course.register(3)
    await course.invite_judges(3)
    await course.to_review()
    tasks = await course.column("SELECT id FROM assignments ORDER BY entry_id, id")
    for task in tasks[:8]:
        with at_instant(REVIEW):
            await judging.cast_ballot(course.database, task, {"tech": 30, "plan": 20})
    await course.conclude("review")
    with at_instant(REVIEW):
        await judging.cast_ballot(course.database, tasks[8], {"tech": 30, "plan": 20})
    before = len(await course.rows("SELECT 1 FROM log WHERE event = 'tally.made'"))
    await course.conclude("review")
    lines = await course.column("SELECT entry_id FROM log WHERE event = 'tally.made' ORDER BY id")
    assert before == 3
    assert lines[3:] == [course.entries[2]]


async def test_a_defence_is_planned_once_and_who_left_is_not_invited(course: Course) -> None:
    await course.register(4)
    await course.invite_judges(5)
    await course.to_review()
    await course.cast_all("review", REVIEW)
    await course.close("review")
    await course.at_once("shortlist", AFTER["review"])
    await course.prepare("defence", day(6, 20))
    slots = await course.rows("SELECT starts_at, position FROM slots ORDER BY position")
    assert [s["position"] for s in slots] == [1, 2, 3, 4]
    assert all(day(6, 20) <= s["starts_at"] < day(6, 26) for s in slots)
    invited = await course.rows("SELECT entry_id, data FROM deliveries WHERE campaign_id LIKE '%/defence/invitation'")
    assert {i["entry_id"] for i in invited} == set(course.entries)
    assert {i["data"]["pitch_minutes"] for i in invited} == {8}
    with at_instant(day(6, 20)):
        await entries.withdraw(course.database, course.entries[0])
    again = await course.prepare("defence", day(6, 20))
    assert again.counts["entries"] == 3


async def test_judges_of_the_season_office_sit_on_one_panel_at_a_time_though_two_areas_defend_at_once(
    database: Database,
) -> None:
    file = small_file().model_dump(mode="json")
    file["areas"][1]["zone"] = file["areas"][0]["zone"]
    course = await Course(database).begin(file=SeasonFile.model_validate(file))
    for area in ("EU", "SG"):
        await course.register(4, area=area)
    await course.invite_judges(5, area=None)
    for area in ("EU", "SG"):
        await course.close("registration", area)
        await course.prepare("screening", day(6, 1), area)
        await course.close("screening", area)
        await course.prepare("review", day(6, 6), area)
    await course.cast_all("review", REVIEW)
    for area in ("EU", "SG"):
        await course.close("review", area)
        await course.at_once("shortlist", AFTER["review"], area)
        await course.prepare("defence", day(6, 20), area)
    one, two = await course.rows("SELECT starts_at, ends_at, judges FROM sessions ORDER BY starts_at")
    assert sorted(one["judges"]) == sorted(two["judges"]) == course.judges
    assert one["ends_at"] <= two["starts_at"]
    assert await course.column("SELECT count(*) FROM log WHERE event = 'assignment.short'") == [0]


async def test_a_defence_begun_late_is_held_in_what_is_left_of_its_window(course: Course) -> None:
    await course.register(4)
    await course.invite_judges(5)
    await course.to_review()
    await course.cast_all("review", REVIEW)
    await course.close("review")
    await course.at_once("shortlist", AFTER["review"])
    late = day(6, 23, 9)
    await course.prepare("defence", late)
    assert all(late <= at < day(6, 26) for at in await course.column("SELECT starts_at FROM slots"))


async def test_a_turn_without_a_ballot_was_not_held_and_ranks_last(course: Course) -> None:
    await course.register(3)
    await course.invite_judges(5)
    await course.to_review()
    await course.cast_all("review", REVIEW)
    await course.close("review")
    await course.at_once("shortlist", AFTER["review"])
    await course.prepare("defence", day(6, 20))
    tasks = await course.rows("SELECT id, entry_id FROM assignments WHERE stage = 'defence'")
    with at_instant(DEFENCE):
        for task in tasks:
            if task["entry_id"] != course.entries[0]:
                await judging.cast_ballot(course.database, task["id"], {"tech": 30, "plan": 20})
    counted = await course.close("defence")
    assert counted.counts["no_show"] == 1
    assert await course.column("SELECT state FROM slots ORDER BY entry_id") == ["no_show", "held", "held"]
    last = await course.column("SELECT entry_id FROM tallies WHERE stage = 'defence' ORDER BY rank DESC LIMIT 1")
    assert last == [course.entries[0]]


async def test_an_areas_own_quota_goes_before_the_stages(database: Database) -> None:
    file = small_file().model_dump(mode="json")
    file["areas"][0]["stages"] = {"shortlist": {"quota": {"LH": 1}}}
    course = await Course(database).begin(file=SeasonFile.model_validate(file))
    await course.register(3)
    await course.invite_judges(3)
    await course.to_review()
    await course.cast_all("review", REVIEW)
    await course.close("review")
    counted = await course.at_once("shortlist", AFTER["review"])
    assert counted.counts == {"selected": 1, "waiting": 2}


async def test_a_selection_is_made_anew_after_another_tally_until_something_builds_upon_it(course: Course) -> None:
    await course.register(8)
    await course.invite_judges(3)
    await course.to_review()
    await course.cast_all("review", REVIEW)
    await course.close("review")
    await course.at_once("shortlist", AFTER["review"])
    assert await course.states() == ["selected"] * 6 + ["waiting"] * 2
    worst = await course.column("SELECT id FROM assignments WHERE entry_id = :e", e=course.entries[7])
    with at_instant(REVIEW):
        async with course.database.transaction() as connection:
            await connection.exec_driver_sql("UPDATE windows SET state = 'open' WHERE stage = 'review' AND area = 'EU'")
        for task in worst:
            await judging.cast_ballot(course.database, task, {"tech": 60, "plan": 40})
    await course.conclude("review")
    await course.at_once("shortlist", AFTER["review"])
    assert await course.states() == ["selected"] * 5 + ["waiting"] * 2 + ["selected"]
    before = await course.states()
    with at_instant(day(6, 20, 12)):
        async with course.database.transaction() as connection:
            assert (await windows.open_window(connection, f"{SEASON}/EU/defence")).state == "open"
            await connection.exec_driver_sql(
                """UPDATE ballots b SET total = a.entry_id, scores = '{"tech": 1, "plan": 0}'
                   FROM assignments a WHERE a.id = b.assignment_id"""
            )
    await course.conclude("review")
    await course.at_once("shortlist", day(6, 20, 12))
    assert await course.column("SELECT entry_id FROM tallies ORDER BY rank LIMIT 1") == course.entries[7:]
    assert await course.states() == before


async def test_a_season_wide_selection_ranks_divisions_across_areas(database: Database) -> None:
    file = _with(shortlist={"scope": "season", "quota": {"default": 2}})
    course = await Course(database).begin(file=file)
    await course.register(2)
    await course.register(2, area="SG")
    await course.invite_judges(3)
    await course.invite_judges(3, area="SG")
    for area in ("EU", "SG"):
        await course.close("registration", area)
        await course.prepare("screening", day(6, 1), area)
        await course.close("screening", area)
        await course.prepare("review", day(6, 6), area)
    course.entries.reverse()  # the last registered get the most points
    await course.cast_all("review", REVIEW)
    for area in ("EU", "SG"):
        await course.close("review", area)
    counted = await course.at_once("shortlist", AFTER["review"], None)
    assert counted.counts == {"selected": 2, "waiting": 2}
    assert await course.states() == ["waiting", "waiting", "selected", "selected"]


async def test_an_event_before_the_selection_is_made_invites_nobody_who_is_only_eligible(course: Course) -> None:
    await course.register(2)
    await course.close("registration")
    await course.prepare("screening", day(6, 1))
    counted = await course.prepare("exhibition", day(7, 7), None)
    assert counted.counts == {"invited": 0}


async def test_prizes_go_in_order_of_rank_and_the_other_finalists_have_finished(database: Database) -> None:
    course = await Course(database).begin(file=_with(selection={"quota": {"default": 5}}))
    await course.register(5)
    await course.invite_judges(7)
    await course.to_confirmation()
    await course.prepare("finals", day(7, 14), None)
    await course.cast_all("finals", day(7, 15))
    await course.close("finals", None)
    counted = await course.at_once("awards", AFTER["finals"], None)
    assert counted.counts == {"awards": 3}
    given = await course.rows("SELECT entry_id, prize FROM awards ORDER BY rank")
    assert [(g["entry_id"], g["prize"]) for g in given] == list(
        zip(course.entries, ("first", "second", "second"), strict=False)
    )
    assert await course.states() == ["awarded"] * 3 + ["finished"] * 2
    told = await course.rows(
        "SELECT entry_id, data FROM deliveries WHERE campaign_id = :c ORDER BY 1", c=f"{SEASON}/award"
    )
    assert [t["entry_id"] for t in told] == course.entries[:3]
    assert told[0]["data"]["prize"]["en"] == "First"
