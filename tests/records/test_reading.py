"""Read models: what people ask is answered from the facts, at the clock of the record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from models.commands import Extend, PauseWindow
from models.errors import BadInput, NotFound
from records import entries, reading, windows
from records.database import Database, at_instant, run
from tests.seasons import begin, entry_form

START = datetime(2024, 4, 1, tzinfo=UTC)
OPEN = datetime(2024, 5, 1, tzinfo=UTC)
LATE = datetime(2024, 5, 30, tzinfo=UTC)
CLOSE = datetime(2024, 5, 31, 16, tzinfo=UTC)
SEASON = "small-2024"
WINDOW = "small-2024/EU/registration"


async def running(database: Database, drafts: int = 3, submitted: int = 2) -> list[int]:
    """A season in its registration, with entries in area EU; the first `submitted` of them are submitted."""
    await begin(database, START)
    ids = []
    with at_instant(OPEN):
        for area in ("EU", "SG"):
            async with database.transaction() as connection:
                await windows.open_window(connection, f"{SEASON}/{area}/registration")
        for number in range(drafts):
            ids.append(await entries.draft(database, SEASON, entry_form(number + 1)))
        for entry in ids[:submitted]:
            await entries.submit(database, entry)
    return ids


async def test_a_season_in_the_list_has_its_figures_and_its_next_close(database: Database) -> None:
    await running(database)
    with at_instant(OPEN):
        (found,) = await reading.seasons(database)
        assert await reading.only_running(database) == SEASON
    assert (found.id, found.areas, found.tracks, found.entries, found.submitted) == (SEASON, 2, 2, 3, 2)
    assert found.next_close == CLOSE
    assert found.name.zh == "小型大赛"


async def test_without_a_running_season_one_must_be_started(database: Database) -> None:
    with pytest.raises(NotFound, match="No season runs"):
        await reading.only_running(database)


async def test_with_two_running_seasons_one_must_be_named(database: Database) -> None:
    await begin(database, START)
    await begin(database, START, season="other")
    with pytest.raises(BadInput, match="2 seasons run"):
        await reading.only_running(database)


async def test_the_status_counts_by_state_and_by_area_and_track(database: Database) -> None:
    await running(database)
    with at_instant(OPEN):
        status = await reading.status(database, SEASON)
    assert status.now == OPEN
    assert status.states == {"draft": 1, "submitted": 2}
    cell = next(c for c in status.table if (c.area, c.track) == ("EU", "LH"))
    assert (cell.started, cell.submitted, cell.eligible) == (3, 2, 0)
    assert len(status.table) == 4
    assert [w.id for w in status.open] == [WINDOW, f"{SEASON}/SG/registration"]
    assert status.notices.queued == 2
    assert status.concerns == ()


async def test_an_unknown_season_is_not_found(database: Database) -> None:
    with pytest.raises(NotFound, match="no season 'nowhere'"):
        await reading.status(database, "nowhere")


async def test_what_needs_attention_is_listed(database: Database) -> None:
    ids = await running(database)
    async with database.statement() as connection:
        failed = "state = 'failed', answer = '550 no such box', possibly_twice = true"
        await run(connection, f"UPDATE deliveries SET {failed} WHERE entry_id = :id", id=ids[0])
        await run(connection, "UPDATE entries SET state = 'undecided' WHERE id = :id", id=ids[1])
    with at_instant(OPEN):
        async with database.transaction() as connection:
            command = PauseWindow(window=f"{SEASON}/SG/registration", actor="ops", reason="a test")
            await windows.steer(connection, command)
    with at_instant(CLOSE + timedelta(minutes=5)):
        status = await reading.status(database, SEASON)
    found = {c.code: c for c in status.concerns}
    assert list(found) == [
        "window.late", "mail.failed", "mail.stuck", "screening.undecided", "window.paused", "mail.twice",
    ]  # fmt: skip
    assert found["window.late"].window == WINDOW
    assert found["mail.failed"].data["answer"] == "550 no such box"
    assert found["window.paused"].window == f"{SEASON}/SG/registration"
    assert found["screening.undecided"].entry == "2024-EU-LH-0002"


async def test_windows_say_what_may_be_done_with_them(database: Database) -> None:
    await running(database)
    with at_instant(OPEN):
        found = {w.id: w for w in await reading.windows(database, SEASON)}
        only = await reading.windows(database, SEASON, state="open", area="EU")
    assert found[WINDOW].may == ("extend", "close", "pause")
    assert found[f"{SEASON}/EU/screening"].may == ("extend", "pause")
    assert [w.id for w in only] == [WINDOW]
    with at_instant(CLOSE):
        async with database.transaction() as connection:
            await windows.close_window(connection, WINDOW)
            await windows.open_window(connection, f"{SEASON}/EU/screening")
        assert (await reading.window(database, WINDOW)).may == ("reopen",)
    with at_instant(datetime(2024, 6, 7, tzinfo=UTC)):
        assert (await reading.window(database, WINDOW)).may == ()


async def test_entries_are_found_by_area_state_and_words(database: Database) -> None:
    await running(database)
    assert (await reading.entries(database, SEASON)).total == 3
    assert (await reading.entries(database, SEASON, state="draft")).entries[0].number == "2024-EU-LH-0003"
    assert (await reading.entries(database, SEASON, area="SG")).total == 0
    assert [e.title for e in (await reading.entries(database, SEASON, q="project 2")).entries] == ["Project 2"]
    assert (await reading.entries(database, SEASON, q="%")).total == 0
    page = await reading.entries(database, SEASON, limit=1, offset=1)
    assert (page.total, [e.number for e in page.entries]) == (3, ["2024-EU-LH-0002"])
    with pytest.raises(BadInput, match="limit"):
        await reading.entries(database, SEASON, limit=0)


async def test_an_entry_is_found_by_number_or_id(database: Database) -> None:
    ids = await running(database)
    by_number = await reading.entry(database, "2024-eu-lh-0001")
    assert by_number == await reading.entry(database, str(ids[0]))
    assert (by_number.people, by_number.area_zone, by_number.state) == (1, "Europe/Brussels", "submitted")
    with pytest.raises(NotFound, match="no entry '2024-EU-LH-9999'"):
        await reading.entry(database, "2024-EU-LH-9999")


async def test_the_log_is_read_newest_first_and_by_entry(database: Database) -> None:
    await running(database)
    lines = await reading.log_lines(database, SEASON)
    assert lines[0].event == "entry.submitted"
    assert lines[-1].event == "season.started"
    own = await reading.log_lines(database, SEASON, entry="2024-EU-LH-0001")
    assert [line.event for line in own] == ["entry.submitted", "entry.drafted"]
    older = await reading.log_lines(database, SEASON, before=lines[2].id, limit=2)
    assert [line.id for line in older] == [line.id for line in lines[3:5]]
    through = await reading.log_lines(database, SEASON, window=WINDOW)
    assert (through[0].event, through[-1].event) == ("entry.submitted", "window.opened")
    assert {line.window for line in through} == {WINDOW}


async def test_an_explanation_tells_the_life_in_order_and_what_is_next(database: Database) -> None:
    await running(database)
    with at_instant(OPEN + timedelta(hours=1)):
        async with database.transaction() as connection:
            command = Extend(window=WINDOW, actor="ops", reason="many asked", by=timedelta(days=1))
            await windows.steer(connection, command)
    with at_instant(OPEN + timedelta(hours=2)):
        life = await reading.explain(database, "2024-EU-LH-0001")
    told = [e.event for e in life.events]
    assert told == ["window.opened", "entry.drafted", "entry.submitted", "notice.queued", "window.extended"]
    assert life.events[4].reason == "many asked"
    assert life.events[3].data["to"] == "applicant-1@example.org"
    closing = next(c for c in life.coming if c.what == "closes")
    assert (closing.stage, closing.at) == ("registration", CLOSE + timedelta(days=1))
    assert life.season_zone == "Asia/Shanghai"


async def test_next_lists_openings_reminders_with_people_and_closings(database: Database) -> None:
    await running(database)
    with at_instant(LATE - timedelta(days=2)):
        coming = await reading.next_up(database, SEASON, timedelta(days=4))
    told = [(c.what, c.window.id if c.window else None, c.people) for c in coming]
    assert ("reminds", WINDOW, 1) in told
    assert ("reminds", f"{SEASON}/SG/registration", 0) in told
    assert ("closes", WINDOW, None) in told
    assert ("opens", f"{SEASON}/EU/screening", None) in told
    assert [c.at for c in coming] == sorted(c.at for c in coming)


async def test_matching_rounds_and_events_are_among_what_is_next(database: Database) -> None:
    await begin(database, START)
    with at_instant(START):
        coming = await reading.next_up(database, SEASON, timedelta(days=400))
    assert {"matching_round", "dated"} <= {c.what for c in coming}
