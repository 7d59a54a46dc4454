"""What a pause moves: dates that people were told, turns at a defence, graces. Each is told once, after the resume."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities.house import House
from activities.windows import WindowDeeds
from models.commands import Extend, Grace, Outcome, PauseWindow, ResumeWindow, SeasonCommand
from models.results import Counted, WindowRef
from records import campaigns, entries, graces, reading, steering, windows
from records.database import Database, at_instant
from records.seasons import window_id
from tests.activities.test_matching_deeds import ANSWERED, DAY, negotiate, negotiating
from tests.course import REVIEW, SEASON, Course, day

EU, SG, DEFENCE_EU = (
    window_id(SEASON, *ref) for ref in (("EU", "registration"), ("SG", "registration"), ("EU", "defence"))
)
PAUSE, LENGTH = day(5, 2), timedelta(days=2)
WHY = {"actor": "ops", "reason": "a flood"}


async def steer_season(course: Course, act: str, at: datetime) -> Outcome:
    deed = steering.pause_season if act == "pause" else steering.resume_season
    with at_instant(at):
        async with course.database.transaction() as connection:
            return await deed(connection, SeasonCommand(season=SEASON, **WHY))


async def steer(course: Course, command: Any, at: datetime) -> Outcome:
    with at_instant(at):
        async with course.database.transaction() as connection:
            return await windows.steer(connection, command)


async def announce(course: Course, window: str, at: datetime) -> Counted:
    """The deed that a window's workflow calls a minute after a change."""
    house = House(course.database, None, sender="", public_url="")  # type: ignore[arg-type]
    with at_instant(at):
        return await ActivityEnvironment().run(WindowDeeds(house).announce, WindowRef(window=window))


async def tell(course: Course, window: str, *people: str) -> None:
    """A notice that says the close of a window, as it stands now."""
    found = await course.rows("SELECT id, language FROM people WHERE email = ANY(CAST(:e AS text[]))", e=list(people))
    told = [campaigns.Recipient(r["id"], r["language"]) for r in found]
    with at_instant(PAUSE - timedelta(days=1)):
        async with course.database.transaction() as connection:
            name = f"{window}/told"
            await campaigns.plan(connection, name, SEASON, "registration_open", told, window=window)


async def told(course: Course, template: str) -> list[tuple[str, dict[str, Any]]]:
    """Whom a notice was queued for, and with what values."""
    found = await course.rows(
        """SELECT p.email, d.data FROM deliveries d JOIN campaigns c ON c.id = d.campaign_id
           JOIN people p ON p.id = d.person_id WHERE c.template = :t ORDER BY p.email, d.queued_at, d.subject""",
        t=template,
    )
    return [(r["email"], r["data"]) for r in found]


def applicant(number: int) -> str:
    return f"applicant-{number}@example.org"


@pytest.fixture
async def course(database: Database) -> Course:
    """Two entries in one area, one in another; the first applicant was told the closes of both."""
    course = await Course(database).begin()
    await course.register(2)
    await course.register(1, area="SG")
    return course


async def test_after_a_seasons_pause_everyone_who_was_told_a_date_is_told_the_new_ones_in_one_mail(
    course: Course,
) -> None:
    await tell(course, EU, applicant(1), applicant(2))
    await tell(course, SG, applicant(1))
    await steer_season(course, "pause", PAUSE)
    for window in (EU, SG):
        await announce(course, window, PAUSE + timedelta(minutes=1))
    assert [email for email, _ in await told(course, "window_paused")] == [applicant(1), applicant(2)]
    await steer_season(course, "resume", PAUSE + LENGTH)
    for window in (EU, SG, EU, window_id(SEASON, "EU", "screening")):
        await announce(course, window, PAUSE + LENGTH + timedelta(minutes=1))
    found = await told(course, "season_resumed")
    close = day(5, 31, 16) + LENGTH
    assert [(email, [(d["window"], d["closes_at"]) for d in data["dates"]]) for email, data in found] == [
        (applicant(1), [(EU, close.isoformat()), (SG, close.isoformat())]),
        (applicant(2), [(EU, close.isoformat())]),
    ]
    assert await told(course, "window_resumed") == []


async def test_who_has_nothing_open_hears_nothing_of_a_seasons_resume(course: Course) -> None:
    await tell(course, SG, applicant(3))
    await course.close("registration", "SG")
    pause = day(6, 1)
    await steer_season(course, "pause", pause)
    await announce(course, window_id(SEASON, "SG", "screening"), pause + timedelta(minutes=1))
    await steer_season(course, "resume", pause + LENGTH)
    await announce(course, window_id(SEASON, "SG", "screening"), pause + LENGTH + timedelta(minutes=1))
    assert await told(course, "season_resumed") == await told(course, "window_paused") == []


async def test_an_extension_after_a_seasons_pause_names_the_date_that_was_told_last(course: Course) -> None:
    await tell(course, EU, applicant(1))
    await steer_season(course, "pause", PAUSE)
    await steer_season(course, "resume", PAUSE + LENGTH)
    await announce(course, EU, PAUSE + LENGTH + timedelta(minutes=1))
    at = PAUSE + LENGTH + timedelta(days=1)
    await steer(course, Extend(window=EU, by=timedelta(hours=1), **WHY), at)
    await announce(course, EU, at + timedelta(minutes=1))
    ((email, data),) = await told(course, "window_extended")
    assert email == applicant(1)
    assert datetime.fromisoformat(data["old"]) == day(5, 31, 16) + LENGTH


async def defended(course: Course) -> tuple[datetime, list[dict[str, Any]], list[dict[str, Any]]]:
    """A defence whose sessions are planned and open; its opening, and each session and turn."""
    await course.invite_judges(5)
    await course.to_review()
    await course.cast_all("review", REVIEW)
    await course.close("review")
    await course.at_once("shortlist", day(6, 16, 21))
    await course.prepare("defence", day(6, 18))
    opens = day(6, 19, 16)
    with at_instant(opens):
        async with course.database.transaction() as connection:
            await windows.open_window(connection, DEFENCE_EU)
    return opens, await sessions_of(course), await slots_of(course)


async def sessions_of(course: Course) -> list[dict[str, Any]]:
    return await course.rows("SELECT id, starts_at, ends_at, judges FROM sessions ORDER BY id")


async def slots_of(course: Course) -> list[dict[str, Any]]:
    return await course.rows("SELECT entry_id, position, starts_at FROM slots ORDER BY position")


@pytest.mark.parametrize("whole", [True, False])
async def test_a_defence_that_lay_ahead_is_later_by_the_pause_and_each_is_told_the_new_time_once(
    course: Course, whole: bool
) -> None:
    opens, sessions, slots = await defended(course)
    resume = opens + LENGTH
    if whole:
        await steer_season(course, "pause", opens)
        await announce(course, DEFENCE_EU, opens + timedelta(minutes=1))
        await steer_season(course, "resume", resume)
    else:
        await steer(course, PauseWindow(window=DEFENCE_EU, **WHY), opens)
        await announce(course, DEFENCE_EU, opens + timedelta(minutes=1))
        await steer(course, ResumeWindow(window=DEFENCE_EU, **WHY), resume)
    for _ in range(2):
        await announce(course, DEFENCE_EU, resume + timedelta(minutes=1))
    for before, after in ((sessions, await sessions_of(course)), (slots, await slots_of(course))):
        assert [b["starts_at"] + LENGTH for b in before] == [a["starts_at"] for a in after]
        assert [b.get("judges") for b in before] == [a.get("judges") for a in after]
    closes = (await course.column("SELECT closes_at FROM windows WHERE id = :w", w=DEFENCE_EU))[0]
    assert max(a["ends_at"] for a in await sessions_of(course)) <= closes
    invited, panel = await told(course, "defence_invitation"), await told(course, "panel_invitation")
    assert len(invited) == 2 * 2
    assert len(panel) == 2 * 5 * len(sessions)
    for first, again in ((told[0], told[1]) for told in (invited, panel)):
        assert first[0] == again[0]
        old, new = (datetime.fromisoformat(data["starts_at"]) for _, data in (first, again))
        assert (new - old, datetime.fromisoformat(again[1]["old"])) == (LENGTH, old)
    assert len(await told(course, "window_paused")) == 2 + 5
    assert await told(course, "window_resumed") == await told(course, "season_resumed") == []


async def test_a_session_in_the_midst_of_which_a_pause_came_goes_on_with_the_turns_that_were_left(
    course: Course,
) -> None:
    _, sessions, slots = await defended(course)
    stopped = slots[1]["starts_at"] - timedelta(minutes=1)
    await steer_season(course, "pause", stopped)
    await steer_season(course, "resume", stopped + LENGTH)
    after = await slots_of(course)
    assert [a["starts_at"] - b["starts_at"] for a, b in zip(after, slots, strict=True)] == [timedelta(0), LENGTH]
    (session,) = await sessions_of(course)
    assert (session["starts_at"], session["ends_at"]) == (sessions[0]["starts_at"], sessions[0]["ends_at"] + LENGTH)


async def test_a_judge_whom_a_pause_would_seat_on_two_panels_at_once_leaves_the_one_that_moved(course: Course) -> None:
    opens, (session,), _ = await defended(course)
    judge = session["judges"][0]
    async with course.database.transaction() as connection:
        await windows.rows(
            connection,
            """INSERT INTO sessions (season_id, stage, area, division, format, starts_at, ends_at, judges, lot_seed)
               VALUES (:season, 'defence', 'SG', 'LH', 'online', :starts, :ends, jsonb_build_array(CAST(:j AS bigint)), '')
               RETURNING id""",
            season=SEASON, starts=session["starts_at"] + LENGTH, ends=session["ends_at"] + LENGTH, j=judge,
        )  # fmt: skip
    await steer(course, PauseWindow(window=DEFENCE_EU, **WHY), opens)
    await steer(course, ResumeWindow(window=DEFENCE_EU, **WHY), opens + LENGTH)
    assert (await sessions_of(course))[0]["judges"] == session["judges"][1:]
    left = await course.column(
        "SELECT DISTINCT judge_id FROM assignments WHERE stage = 'defence' AND state = 'replaced'"
    )
    assert left == [judge]
    assert len(await told(course, "ballot_replaced")) == 1
    short = await course.column(
        "SELECT count(*) FROM log WHERE event = 'assignment.short' AND window_id = :w", w=DEFENCE_EU
    )
    assert short == [2]


async def test_a_grace_keeps_the_time_that_was_left_whatever_is_paused_and_however_pauses_overlap(
    course: Course,
) -> None:
    entry, close = course.entries[0], day(5, 31, 16)
    await course.close("registration")
    with at_instant(close + timedelta(hours=5)):
        async with course.database.transaction() as connection:
            await windows.open_window(connection, window_id(SEASON, "EU", "screening"))
            await graces.give_grace(connection, Grace(entry=entry, until=close + timedelta(hours=10), **WHY))
    hour, screening = close + timedelta(hours=6), window_id(SEASON, "EU", "screening")
    # The screening alone for two hours, within which the season is paused for one.
    await steer(course, PauseWindow(window=screening, **WHY), hour)
    await steer_season(course, "pause", hour + timedelta(hours=1))
    with at_instant(hour + timedelta(hours=5)), pytest.raises(Exception, match="no time is lost"):
        await entries.submit(course.database, entry)
    await steer_season(course, "resume", hour + timedelta(hours=6))
    await steer(course, ResumeWindow(window=screening, **WHY), hour + timedelta(hours=8))
    until = close + timedelta(hours=18)
    assert await course.column("SELECT until FROM graces") == [until]
    ((email, data),) = await told(course, "time_kept")
    assert (email, datetime.fromisoformat(data["until"])) == (applicant(1), until)
    # A second pause counts for itself; one that has ended counts for nothing more.
    await steer_season(course, "pause", until - timedelta(minutes=1))
    await steer_season(course, "resume", until + timedelta(minutes=1))
    assert await course.column("SELECT until FROM graces") == [until + timedelta(minutes=2)]
    await steer_season(course, "pause", until + timedelta(minutes=3))
    await steer_season(course, "resume", until + timedelta(minutes=5))
    assert await course.column("SELECT until FROM graces") == [until + timedelta(minutes=2)]
    with at_instant(until + timedelta(minutes=1)):
        await entries.submit(course.database, entry)


async def test_a_correction_keeps_the_time_that_was_left(course: Course) -> None:
    at = day(6, 2)
    async with course.database.transaction() as connection:
        await windows.rows(
            connection,
            """INSERT INTO corrections (season_id, entry_id, reason, asked_by, asked_at, until, state)
               VALUES (:s, :e, 'The plan cannot be read.', 'ops', :at, :until, 'open') RETURNING id""",
            s=SEASON, e=course.entries[0], at=at, until=at + timedelta(days=1),
        )  # fmt: skip
    await steer_season(course, "pause", at + timedelta(hours=1))
    await steer_season(course, "resume", at + timedelta(hours=1) + LENGTH)
    assert await course.column("SELECT until FROM corrections") == [at + timedelta(days=1) + LENGTH]
    assert [email for email, _ in await told(course, "time_kept")] == [applicant(1)]


async def test_what_is_next_shows_a_matching_round_when_it_is_held_however_late_the_results_are(course: Course) -> None:
    async def rounds(at: datetime) -> list[datetime]:
        with at_instant(at):
            coming = await reading.next_up(course.database, SEASON, timedelta(days=30))
        return [c.at for c in coming if c.what == "matching_round"]

    planned, finals = day(7, 31, 16), window_id(SEASON, None, "finals")
    assert await rounds(day(7, 20)) == [planned]
    await steer_season(course, "pause", day(7, 1))
    await steer_season(course, "resume", day(7, 1) + LENGTH)
    assert await rounds(day(7, 20)) == [planned + LENGTH]
    await steer(course, PauseWindow(window=finals, **WHY), day(7, 15))
    await steer(course, ResumeWindow(window=finals, **WHY), day(8, 4))
    closes = (await course.column("SELECT closes_at FROM windows WHERE id = :w", w=finals))[0]
    assert closes > planned + LENGTH
    assert await rounds(day(8, 4)) == [closes]


async def test_follow_ups_that_a_seasons_pause_moved_are_told_with_the_new_dates_in_one_mail(
    database: Database,
) -> None:
    found = await negotiating(database, 2)
    opened = ANSWERED + 30 * DAY
    for match in found:
        await negotiate(database, match, opened)
    course, at = Course(database), opened + DAY
    await steer_season(course, "pause", at)
    await steer_season(course, "resume", at + LENGTH)
    for match in found * 2:
        await negotiate(database, match, at + LENGTH + timedelta(minutes=2))
    mails = await told(course, "season_resumed")
    closes = await course.column("SELECT closes_at FROM windows WHERE kind = 'follow_up' ORDER BY id")
    assert len(closes) == 2
    assert len(mails) == len({email for email, _ in mails})
    assert sorted(d["closes_at"] for _, data in mails for d in data["dates"]) == sorted(c.isoformat() for c in closes)
