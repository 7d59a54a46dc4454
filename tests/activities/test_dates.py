"""The calendar files of mails as they are sent: what stands in a recipient's calendar, after each mail."""

from __future__ import annotations

from datetime import datetime, timedelta
from email import message_from_bytes, policy
from typing import Any

import icalendar
import pytest
from ical.calendar_stream import IcsCalendarStream
from temporalio.testing import ActivityEnvironment

from activities.composing import Stationery
from activities.house import House
from activities.mail import MailDeeds
from activities.seasons import SeasonDeeds
from activities.windows import WindowDeeds
from models.commands import CloseNow, Extend, Grace, PauseWindow, ResumeWindow, SeasonCommand
from models.results import CampaignRef, WindowRef
from records import assignments, campaigns, graces, outbox, selection, steering, windows
from records.calendar_entries import of_entry
from records.campaigns import Recipient
from records.database import Database, at_instant
from records.sealing import Seal
from records.seasons import window_id
from tests.course import REVIEW, SEASON, Course, day

EU = window_id(SEASON, "EU", "registration")
REVIEWED = window_id(SEASON, "EU", "review")
DEFENCE = window_id(SEASON, "EU", "defence")
CLOSES = day(5, 31, 16)
WHY = {"actor": "ops", "reason": "a flood"}
KEY = "k" * 40


class Box:
    """A mail server that keeps what it takes, and the calendar of each recipient who takes every file in."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, Any]] = []
        self.calendars: dict[str, dict[str, Any]] = {}

    async def send(self, sender: str, to: str, message: bytes, by: float = 0) -> str:
        mail = message_from_bytes(message, policy=policy.default)
        self.mails.append((to, mail))
        for part in mail.iter_attachments():
            self._take_in(to, part)
        return "250 OK"

    def _take_in(self, to: str, part: Any) -> None:
        text = part.get_payload(decode=True).decode()
        IcsCalendarStream.calendar_from_ics(text)
        calendar = icalendar.Calendar.from_ical(text)
        assert part.get_content_type() == "text/calendar"
        assert part.get_param("method") == calendar["method"]
        events = calendar.walk("VEVENT")
        if calendar["method"] != "PUBLISH":  # RFC 5546: of one thing, to one person
            assert len({str(e["uid"]) for e in events}) == 1
            assert all(e["attendee"] == f"mailto:{to}" for e in events)
        for event in events:
            known = self.calendars.setdefault(to, {})
            before = known.get(event["uid"])
            if before is None or int(event["sequence"]) >= int(before["sequence"]):
                known[str(event["uid"])] = event

    def dated(self) -> tuple[str, Any]:
        """The last mail with a calendar file, and whom it went to."""
        return next((to, mail) for to, mail in reversed(self.mails) if list(mail.iter_attachments()))

    def entries(self, to: str) -> list[tuple[str, str, datetime]]:
        """What stands in a calendar: status, summary, end; the earliest first."""
        found = [(str(e["status"]), str(e["summary"]), e.end) for e in self.calendars.get(to, {}).values()]
        return sorted(found, key=lambda entry: (entry[2], entry[1]))


class Post:
    """A season whose notices are sent whenever they are due."""

    def __init__(self, course: Course, box: Box) -> None:
        self.course, self.box, self.database = course, box, course.database
        self.house = House(
            course.database, box, sender="Season office <no-reply@season.example.org>",
            public_url="https://season.example.org", stationery=Stationery(seal=Seal(KEY)),
        )  # fmt: skip

    async def send(self, at: datetime) -> None:
        """Send everything that is queued."""
        for campaign in await self.course.column("SELECT DISTINCT campaign_id FROM deliveries WHERE state = 'queued'"):
            with at_instant(at):
                await MailDeeds(self.house).send_batch(CampaignRef(campaign=campaign, season=SEASON))

    async def remind(self, template: str, audience: str, window: str, at: datetime, name: str = "reminded") -> None:
        area = "EU" if "/EU/" in window else None
        with at_instant(at):
            async with self.database.transaction() as connection:
                await campaigns.plan(connection, name, SEASON, template, audience, window=window, area=area)
        await self.send(at)

    async def steer(self, command: Any, at: datetime) -> None:
        """Move a window, and send what is told of it."""
        with at_instant(at):
            async with self.database.transaction() as connection:
                await windows.steer(connection, command)
        await self.announce(command.window, at + timedelta(minutes=2))

    async def announce(self, window: str, at: datetime) -> None:
        with at_instant(at):
            await ActivityEnvironment().run(WindowDeeds(self.house).announce, WindowRef(window=window))
        await self.send(at)

    async def season(self, act: str, at: datetime) -> None:
        deed = {"pause": steering.pause_season, "resume": steering.resume_season, "cancel": steering.cancel_season}[act]
        with at_instant(at):
            async with self.database.transaction() as connection:
                await deed(connection, SeasonCommand(season=SEASON, **WHY))


@pytest.fixture
async def post(database: Database) -> Post:
    return Post(await Course(database).begin(), Box())


async def drafted(post: Post) -> str:
    """An applicant with a draft, who was reminded of the close; the address."""
    await post.course.register(1)
    await post.course.rows("UPDATE entries SET state = 'draft' RETURNING id")
    await post.remind("draft_reminder", "drafts", EU, day(5, 20))
    return "applicant-1@example.org"


async def test_an_extension_moves_the_entry_and_an_early_close_and_a_grace_do_so_too(post: Post) -> None:
    to = await drafted(post)
    assert post.box.entries(to) == [("CONFIRMED", "Deadline: Registration · Mini competition", CLOSES)]
    await post.steer(Extend(window=EU, by=timedelta(days=3), **WHY), day(5, 21))
    await post.steer(Extend(window=EU, by=timedelta(days=1), **WHY), day(5, 22))
    assert [e[2] for e in post.box.entries(to)] == [CLOSES + timedelta(days=4)]
    await post.steer(CloseNow(window=EU, **WHY), day(5, 23))
    assert [e[2] for e in post.box.entries(to)] == [day(5, 23)]
    for until in (day(6, 2), day(6, 3)):
        with at_instant(day(5, 24, until.day)):
            async with post.database.transaction() as connection:
                await graces.give_grace(connection, Grace(entry=post.course.entries[0], until=until, **WHY))
        await post.send(day(5, 24, until.day))
    assert [(e[1].split(":")[0], e[2]) for e in post.box.entries(to)] == [
        ("Deadline", day(5, 23)), ("Your own deadline", day(6, 3)),
    ]  # fmt: skip
    sequences = [int(e["sequence"]) for e in post.box.calendars[to].values()]
    assert sequences[0] == 3


async def test_a_paused_deadline_stands_still_and_moves_when_it_goes_on(post: Post) -> None:
    to = await drafted(post)
    await post.steer(PauseWindow(window=EU, **WHY), day(5, 21))
    assert [(e[0], e[1].split(":")[0]) for e in post.box.entries(to)] == [("TENTATIVE", "Paused")]
    await post.steer(ResumeWindow(window=EU, **WHY), day(5, 23))
    assert [(e[0], e[2]) for e in post.box.entries(to)] == [("CONFIRMED", CLOSES + timedelta(days=2))]
    await post.season("pause", day(5, 24))
    await post.announce(EU, day(5, 24, 1))
    assert [(e[0], e[1].split(":")[0]) for e in post.box.entries(to)] == [("TENTATIVE", "Paused")]
    await post.season("resume", day(5, 25))
    await post.announce(EU, day(5, 25, 1))
    assert [(e[0], e[2]) for e in post.box.entries(to)] == [("CONFIRMED", CLOSES + timedelta(days=3))]


async def test_a_cancelled_season_takes_everything_that_lay_ahead_out_of_every_calendar(post: Post) -> None:
    to = await drafted(post)
    await post.season("cancel", day(5, 21))
    with at_instant(day(5, 21)):
        await ActivityEnvironment().run(SeasonDeeds(post.house).tell_cancelled, SEASON)
    await post.send(day(5, 21))
    assert [(e[0], e[2]) for e in post.box.entries(to)] == [("CANCELLED", CLOSES)]


async def defended(post: Post) -> datetime:
    """Two entries and five judges, invited to a defence; when it opens."""
    course = post.course
    await course.register(2)
    await course.invite_judges(5)
    await course.to_review()
    await post.remind("ballot_reminder", "judges", REVIEWED, day(6, 10), "ballots")
    await course.cast_all("review", REVIEW)
    await course.close("review")
    await course.at_once("shortlist", day(6, 16, 21))
    await course.prepare("defence", day(6, 18))
    await post.send(day(6, 18))
    opens = day(6, 19, 16)
    with at_instant(opens):
        async with course.database.transaction() as connection:
            await windows.open_window(connection, DEFENCE)
    return opens


async def test_entries_and_judges_have_their_defence_in_the_calendar_and_it_moves_with_a_pause(post: Post) -> None:
    opens = await defended(post)
    turn, seat = "applicant-1@example.org", "judge-0@example.org"
    (own,) = [e for e in post.box.calendars[turn].values() if "defence" in str(e["summary"])]
    slots = await post.course.rows("SELECT starts_at FROM slots WHERE entry_id = :e", e=post.course.entries[0])
    assert own.start == slots[0]["starts_at"]
    assert own.end - own.start == timedelta(minutes=15)  # 8 + 7
    (panel,) = [e for e in post.box.calendars[seat].values() if str(e["summary"]).startswith("Panel")]
    (session,) = await post.course.rows("SELECT starts_at, ends_at FROM sessions")
    assert (panel.start, panel.end) == (session["starts_at"], session["ends_at"])
    assert any("Review" in str(e["summary"]) for e in post.box.calendars[seat].values())
    await post.steer(PauseWindow(window=DEFENCE, **WHY), opens)
    await post.steer(ResumeWindow(window=DEFENCE, **WHY), opens + timedelta(days=2))
    for to, before in ((turn, own), (seat, panel)):
        now = post.box.calendars[to][str(before["uid"])]
        assert (now.start - before.start, now["status"]) == (timedelta(days=2), "CONFIRMED")
        assert int(now["sequence"]) > int(before["sequence"])


async def test_who_is_removed_and_who_leaves_a_panel_find_their_entry_cancelled(post: Post) -> None:
    await defended(post)
    entry = post.course.entries[0]
    with at_instant(day(6, 19)):
        async with post.database.transaction() as connection:
            await connection.exec_driver_sql(
                f"INSERT INTO objections (season_id, window_id, entry_id, text, state, filed_at)"
                f" VALUES ('{SEASON}', '{DEFENCE}', {entry}, 'x', 'open', now())"
            )
        await selection.decide_objection(post.database, 1, upheld=True, reason="copied", actor="ops")
    await post.send(day(6, 19))
    (own,) = [e for e in post.box.calendars["applicant-1@example.org"].values() if "defence" in str(e["summary"])]
    assert str(own["status"]) == "CANCELLED"
    (other,) = [e for e in post.box.calendars["applicant-2@example.org"].values() if "defence" in str(e["summary"])]
    assert str(other["status"]) == "CONFIRMED"
    (session,) = await post.course.rows("SELECT id, judges FROM sessions")
    with at_instant(day(6, 19, 1)):
        async with post.database.transaction() as connection:
            seat = f"session/{session['id']}"
            await assignments.tell(connection, SEASON, DEFENCE, session["judges"][:1], seat, "ballot_replaced")
    await post.send(day(6, 19, 1))
    panels = [
        e for n in range(5) for e in post.box.calendars[f"judge-{n}@example.org"].values() if e.start > day(6, 19)
    ]
    seats = [str(e["status"]) for e in panels if "Review" not in str(e["summary"])]
    assert sorted(seats) == ["CANCELLED", *["CONFIRMED"] * 4]


async def test_an_event_comes_with_its_own_times_beside_the_deadline_to_answer(post: Post) -> None:
    await post.course.register(1)
    window = window_id(SEASON, None, "exhibition")
    await post.course.rows(
        """INSERT INTO invitations (window_id, entry_id, state, invited_at, answers)
           SELECT :w, id, 'invited', now(), '{}' FROM entries RETURNING entry_id""",
        w=window,
    )
    (closes,) = await post.course.column("SELECT closes_at FROM windows WHERE id = :w", w=window)
    await post.remind("event_confirm", "invited_unanswered", window, closes - timedelta(days=2))
    _, mail = post.box.dated()
    assert [part.get_param("method") for part in mail.iter_attachments()] == ["REQUEST", "PUBLISH"]
    entries = post.box.entries("applicant-1@example.org")
    assert (entries[0][2], entries[0][1].split(":")[0]) == (closes, "Deadline")
    assert not entries[1][1].startswith("Deadline")
    assert len(entries) == 2


async def test_notices_without_a_date_and_a_process_that_needs_none_carry_no_file(post: Post) -> None:
    await post.course.register(1)
    await post.send(day(5, 2))  # the receipt
    assert [list(mail.iter_attachments()) for _, mail in post.box.mails] == [[]]
    to = "applicant-1@example.org"
    post.house = House(
        post.database, post.box, sender="a@season.example.org", public_url="https://season.example.org",
        stationery=Stationery(whole=False),
    )  # fmt: skip
    await post.course.rows("UPDATE entries SET state = 'draft' RETURNING id")
    await post.remind("draft_reminder", "drafts", EU, day(5, 20))
    assert post.box.entries(to) == []
    assert [mail.get_content_type() for _, mail in post.box.mails][1:] == ["text/plain"]


async def test_a_chinese_recipient_reads_chinese_and_no_link_that_opens_the_draft_gets_into_a_calendar(
    post: Post,
) -> None:
    await post.course.register(1)
    await post.course.rows("UPDATE people SET language = 'zh' RETURNING id")
    await post.course.rows("UPDATE entries SET state = 'draft' RETURNING id")
    await post.remind("draft_reminder", "drafts", EU, day(5, 20))
    to, mail = post.box.dated()
    ((_, summary, _),) = post.box.entries(to)
    assert summary.startswith("截止：")
    (event,) = post.box.calendars[to].values()
    assert str(event["url"]) == f"https://season.example.org/my/{SEASON}/2024-EU-LH-0001"
    assert "https://season.example.org/do/" in mail.get_body(("plain",)).get_content()
    (file,) = mail.iter_attachments()
    assert b"/do/" not in file.get_payload(decode=True)


async def test_a_date_that_waits_in_the_outbox_is_in_no_calendar_before_it_is_released(database: Database) -> None:
    course = await Course(database).begin()
    (entry,) = await course.register(1)
    (person,) = await course.column("SELECT applicant_id FROM entries")
    campaign, window = f"{SEASON}/invited", f"{SEASON}/confirmation"
    async with database.transaction() as connection:
        told = [Recipient(person, "en", f"{n}", entry) for n in range(2)]
        await campaigns.plan(connection, campaign, SEASON, "window_extended", told, window=window)
        await outbox.keep(connection, campaign)

    async def known() -> set[str]:
        return {kept.thing for kept in await of_entry(database, SEASON, person, entry)}

    assert f"window/{window}" not in await known()
    await outbox.send(database, SEASON, campaign, actor="ops")
    assert any(window in thing for thing in await known())
