"""How the crowd throws its dice, and keeps its agenda."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from models.errors import Refused
from rehearsal.acts import Act, Agenda, Ledger, Moot, perform
from rehearsal.cursor import Cursor
from rehearsal.dice import Dice
from rehearsal.recorder import Recorder
from rehearsal.runner import calendar_alike

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)


def test_dice_repeat_by_seed_and_name() -> None:
    assert Dice(1, "entry", 4).random() == Dice(1, "entry", 4).random()
    assert Dice(1, "entry", 4).random() != Dice(2, "entry", 4).random()
    assert Dice(1, "entry", 4).random() != Dice(1, "entry", 5).random()


def test_a_moment_lies_within_its_bounds() -> None:
    for n in range(200):
        moment = Dice(1, n).moment(NOON, NOON + timedelta(seconds=1))
        assert NOON <= moment < NOON + timedelta(seconds=1)
    assert Dice(1).moment(NOON, NOON) == NOON


async def _nothing() -> None:
    return None


def test_acts_are_taken_in_order_of_time() -> None:
    agenda = Agenda()
    hours = {"c": 3, "a": 1, "b": 2}
    agenda.add(Act(NOON + timedelta(hours=h), key, _nothing, "x", exact=key == "b") for key, h in hours.items())
    assert agenda.next_exact() == NOON + timedelta(hours=2)
    taken = []
    while (act := agenda.take(NOON + timedelta(hours=3))) is not None:
        taken.append(act.key)
    assert taken == ["a", "b"]
    assert agenda.next() == NOON + timedelta(hours=3)
    assert len(agenda) == 1


async def test_refusals_are_written_down(database: object) -> None:
    async def late() -> None:
        raise Refused("window.closed", "It closed.")

    async def moot() -> None:
        raise Moot

    ledger = Ledger()
    for do in (late, moot, _nothing):
        await perform(database, Act(NOON, "k", do, "submit"), ledger)  # type: ignore[arg-type]
    assert ledger.refused_late == 1
    assert ledger.refused == {"submit: window.closed": 1}
    assert ledger.done == {"submit": 1}


def test_a_cursor_answers_each_row_once() -> None:
    cursor = Cursor(margin=5)
    assert cursor.new([{"id": 3}, {"id": 9}], "id") == [{"id": 3}, {"id": 9}]
    assert cursor.floor == 4
    assert cursor.new([{"id": 7}, {"id": 9}], "id") == [{"id": 7}]


async def test_the_recorder_notices_what_comes_twice() -> None:
    recorder = Recorder()
    mail = b"From: a@example.org\r\nMessage-ID: <1@example.org>\r\n\r\nHello\r\n"
    for message in (mail, mail.replace(b"<1@", b"<2@"), mail):
        assert (await recorder.send("a@example.org", "b@example.org", message)).startswith("250")
    assert (recorder.count, recorder.duplicates) == (3, 1)


@pytest.mark.parametrize(("today", "year"), [(2023, 2024), (2026, 2052), (2060, 2080)])
def test_a_year_with_the_same_calendar_is_found(today: int, year: int) -> None:
    found = calendar_alike(NOON, datetime(today, 1, 1, tzinfo=UTC))
    assert found.year == year
    assert found.weekday() == NOON.weekday()
    assert (found.month, found.day, found.hour) == (6, 1, 12)
