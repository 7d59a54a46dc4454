"""What people change about a selection: wild cards, objections, invitations; and who moves up."""

from __future__ import annotations

import asyncio

import pytest

from models.errors import BadInput, NotFound, Refused
from models.forms import PersonForm
from records import entries, screening, selection
from records.database import Database, at_instant
from records.seasons import window_id
from tests.course import AFTER, CONFIRMATION, NOTICE, REVIEW, SEASON, Course, day

LIST, REPLIES = window_id(SEASON, "EU", "notice"), window_id(SEASON, None, "confirmation")
OUT = "not_selected"


@pytest.fixture
async def course(database: Database) -> Course:
    """Six entries and five judges of one area; two are selected in the end, three wait, and one is out."""
    course = await Course(database).begin()
    await course.register(6)
    await course.invite_judges(5)
    return course


async def _object(course: Course, entry: int) -> int:
    with at_instant(NOTICE):
        by = PersonForm(email="citizen@example.org", name="Citizen")
        return await selection.file_objection(course.database, LIST, entry, "It was copied.", by=by)


async def _decide(course: Course, objection: int, *, upheld: bool = True) -> None:
    with at_instant(NOTICE):
        await selection.decide_objection(
            course.database, objection, upheld=upheld, actor="ops", reason="The evidence is clear."
        )


async def _wild(course: Course, entry: int, **more: str) -> None:
    with at_instant(REVIEW):
        values = {"actor": "ops", "reason": "of strategic weight", **more}
        await selection.give_wild_card(course.database, SEASON, "selection", entry, **values)


async def _lines(course: Course, event: str) -> list[int]:
    return await course.column("SELECT entry_id FROM log WHERE event = :event ORDER BY id", event=event)


async def test_a_wild_card_needs_a_reason_and_an_entry_that_is_alive(course: Course) -> None:
    with pytest.raises(BadInput, match="reason"):
        await _wild(course, course.entries[0], reason=" ")
    with pytest.raises(NotFound, match="no entry"):
        await _wild(course, 10**6)
    with at_instant(REVIEW):
        await entries.withdraw(course.database, course.entries[0])
    with pytest.raises(Refused, match="withdrawn"):
        await _wild(course, course.entries[0])


async def test_wild_cards_at_once_never_exceed_the_number_of_the_season_file(course: Course) -> None:
    given = await asyncio.gather(*(_wild(course, e) for e in course.entries[:4]), return_exceptions=True)
    refused = [error.code for error in given if isinstance(error, Refused)]
    assert refused == ["wild_card.used_up"] * 3
    assert await course.column("SELECT count(*) FROM wild_cards") == [1]


async def test_a_wild_card_command_repeated_changes_nothing_and_another_for_the_entry_is_refused(
    course: Course,
) -> None:
    await _wild(course, course.entries[3], command_id="once")
    await _wild(course, course.entries[3], command_id="once")
    assert await _lines(course, "wild_card.given") == [course.entries[3]]
    with pytest.raises(Refused, match="already"):
        await _wild(course, course.entries[3])


async def test_a_wild_card_is_selected_beside_the_quota_with_its_reason(course: Course) -> None:
    await _wild(course, course.entries[4])
    await course.to_notice()
    assert await course.states() == ["selected", "selected", "waiting", "waiting", "selected", "waiting"]
    (line,) = await course.rows("SELECT reason, rule FROM log WHERE event = 'selection.wild_card'")
    assert (line["reason"], line["rule"]) == ("of strategic weight", "selection.wild_card")
    with pytest.raises(Refused, match="made already"):
        await _wild(course, course.entries[1])


async def test_an_upheld_objection_removes_the_entry_and_the_next_in_rank_moves_up(course: Course) -> None:
    await course.to_notice()
    await _decide(course, await _object(course, course.entries[0]))
    assert await course.states() == ["removed", "selected", "selected", "waiting", "waiting", OUT]
    assert await course.column("SELECT alive FROM entries ORDER BY id LIMIT 3") == [False, True, True]
    assert await _lines(course, "selection.stepped_up") == [course.entries[2]]
    decided = await course.column("SELECT decision FROM selections WHERE stage = 'selection' ORDER BY entry_id LIMIT 3")
    assert decided == ["removed", "selected", "stepped_up"]
    told = await course.column(
        "SELECT campaign_id FROM deliveries WHERE data ? 'decision' OR campaign_id LIKE :c", c="%ed%"
    )
    assert {f"{SEASON}/{name}" for name in ("removed", "objection_decided")} <= set(told)
    assert await course.column("SELECT entry_id FROM deliveries WHERE campaign_id = :c", c=f"{SEASON}/stepped_up") == [
        course.entries[2]
    ]


async def test_a_dismissed_objection_changes_nothing_on_the_list(course: Course) -> None:
    await course.to_notice()
    objection = await _object(course, course.entries[0])
    before = await course.states()
    await _decide(course, objection, upheld=False)
    assert await course.states() == before
    with pytest.raises(Refused, match="dismissed already"):
        await _decide(course, objection)


async def test_two_upheld_objections_at_once_move_two_different_entries_up(course: Course) -> None:
    await course.to_notice()
    objections = [await _object(course, entry) for entry in course.entries[:2]]
    await asyncio.gather(*(_decide(course, objection) for objection in objections))
    assert await course.states() == ["removed", "removed", "selected", "selected", "waiting", OUT]
    assert sorted(await _lines(course, "selection.stepped_up")) == course.entries[2:4]


async def test_two_upheld_objections_to_one_entry_at_once_move_one_entry_up(course: Course) -> None:
    await course.to_notice()
    objections = [await _object(course, course.entries[0]) for _ in range(3)]
    await asyncio.gather(*(_decide(course, objection) for objection in objections))
    assert await course.states() == ["removed", "selected", "selected", "waiting", "waiting", OUT]
    assert await _lines(course, "selection.removed") == [course.entries[0]]
    assert len(await _lines(course, "objection.upheld")) == 3


async def test_an_upheld_objection_to_a_waiting_entry_takes_it_off_the_waiting_list(course: Course) -> None:
    await course.to_notice()
    await _decide(course, await _object(course, course.entries[2]))
    assert await _lines(course, "selection.stepped_up") == []
    await _decide(course, await _object(course, course.entries[0]))
    assert await course.states() == ["removed", "selected", "removed", "selected", "waiting", OUT]


async def test_who_withdrew_while_waiting_never_moves_up(course: Course) -> None:
    await course.to_notice()
    with at_instant(NOTICE):
        await entries.withdraw(course.database, course.entries[2])
    await _decide(course, await _object(course, course.entries[0]))
    assert await course.states() == ["removed", "selected", "withdrawn", "selected", "waiting", OUT]


async def test_objections_are_for_entries_on_the_list_while_it_is_shown(course: Course) -> None:
    await course.to_notice()
    with pytest.raises(Refused, match="not on the list"):
        await _object(course, course.entries[5])
    review = window_id(SEASON, "EU", "review")
    with at_instant(NOTICE), pytest.raises(NotFound, match="no public notice"):
        await selection.file_objection(course.database, review, course.entries[0], "It was copied.")
    with at_instant(NOTICE), pytest.raises(BadInput, match="no text"):
        await selection.file_objection(course.database, LIST, course.entries[0], " ")
    by = PersonForm(email="late@example.org", name="Late")
    with at_instant(AFTER["notice"]), pytest.raises(Refused, match="closed at 2024-07-02"):
        await selection.file_objection(course.database, LIST, course.entries[0], "It was copied.", by=by)
    assert await course.column("SELECT count(*) FROM people WHERE email = 'late@example.org'") == [0]


async def test_an_objection_that_nobody_decided_is_decided_by_the_files_rule(course: Course) -> None:
    await course.to_notice()
    await _object(course, course.entries[0])
    counted = await course.close("notice")
    assert counted.counts == {"decided_by_rule": 1}
    (line,) = await course.rows("SELECT actor, rule FROM log WHERE event = 'objection.dismissed'")
    assert (line["actor"], line["rule"]) == ("system", "public_notice.undecided")


async def _answer(course: Course, entry: int, *, accept: bool, window: str = REPLIES) -> None:
    await selection.answer_invitation(course.database, window, entry, accept=accept, answers={"people": 2})


async def test_who_declines_makes_room_and_the_next_in_rank_is_invited(course: Course) -> None:
    await course.to_confirmation()
    with at_instant(CONFIRMATION):
        await _answer(course, course.entries[0], accept=True)
        await _answer(course, course.entries[1], accept=False)
        with pytest.raises(Refused):
            await _answer(course, course.entries[1], accept=True)
    assert await course.states() == ["selected", "declined", "selected", "waiting", "waiting", OUT]
    assert await course.column("SELECT state FROM invitations ORDER BY entry_id") == ["accepted", "declined", "invited"]
    asked = await course.column(
        "SELECT entry_id FROM deliveries WHERE campaign_id = :c ORDER BY 1", c=f"{REPLIES}/invitation"
    )
    assert asked == course.entries[:3]


async def test_two_who_decline_at_once_make_two_different_entries_move_up(course: Course) -> None:
    await course.to_confirmation()
    with at_instant(CONFIRMATION):
        await asyncio.gather(*(_answer(course, entry, accept=False) for entry in course.entries[:2]))
    assert await course.states() == ["declined", "declined", "selected", "selected", "waiting", OUT]


async def test_who_does_not_answer_has_declined_and_the_next_is_taken(course: Course) -> None:
    await course.to_confirmation()
    with at_instant(CONFIRMATION):
        await _answer(course, course.entries[0], accept=True)
    counted = await course.close("confirmation", None)
    assert counted.counts == {"lapsed": 1, "stepped_up": 1}
    assert await course.states() == ["selected", "declined", "selected", "waiting", "waiting", OUT]
    with at_instant(AFTER["confirmation"]), pytest.raises(Refused, match="closed at"):
        await _answer(course, course.entries[1], accept=True)


async def test_who_does_not_come_to_an_event_stays_in_the_competition(course: Course) -> None:
    await course.to_confirmation()
    with at_instant(day(7, 4)):
        for entry in course.entries[:2]:
            await _answer(course, entry, accept=True)
    await course.prepare("exhibition", day(7, 7), None)
    window = window_id(SEASON, None, "exhibition")
    assert (
        await course.column("SELECT entry_id FROM invitations WHERE window_id = :w ORDER BY 1", w=window)
        == (course.entries[:2])
    )
    with at_instant(day(7, 8)):
        await _answer(course, course.entries[0], accept=False, window=window)
    await course.close("exhibition", None)
    assert await course.states() == ["selected", "selected", "waiting", "waiting", "waiting", OUT]
    states = await course.column("SELECT state FROM invitations WHERE window_id = :w ORDER BY entry_id", w=window)
    assert states == ["declined", "lapsed"]


async def test_a_person_decides_an_undecided_entry_once_and_its_applicant_reads_why(course: Course) -> None:
    await course.register(1, title="Project 1")
    await course.close("registration")
    await course.prepare("screening", day(6, 1))
    assert (await course.states()).count("undecided") == 2
    twin, last = course.entries[0], course.entries[-1]
    with at_instant(day(6, 3)):
        for _ in range(2):
            answer = await screening.decide_screening(
                course.database, last, eligible=False, actor="ops", reason="The same project.", command_id="once"
            )
            assert answer == "ineligible"
        with pytest.raises(BadInput, match="reason"):
            await screening.decide_screening(course.database, twin, eligible=True, actor="ops", reason="")
        with pytest.raises(Refused, match="not undecided"):
            await screening.decide_screening(course.database, last, eligible=True, actor="ops", reason="No.")
    await course.close("screening")
    assert (await course.states())[0] == "eligible"
    (told,) = await course.column(
        "SELECT data FROM deliveries WHERE campaign_id LIKE :c AND entry_id = :e", c="%/screening/result", e=last
    )
    assert told == {"eligible": False, "findings": ["The same project."]}


async def test_when_a_selected_entry_withdraws_the_next_in_rank_moves_up(course: Course) -> None:
    await course.to_notice()
    with at_instant(NOTICE):
        await entries.withdraw(course.database, course.entries[0], reason="the team has split")
    states = await course.states()
    assert states[:4] == ["withdrawn", "selected", "selected", "waiting"]
    assert await _lines(course, "selection.stepped_up") == [course.entries[2]]
