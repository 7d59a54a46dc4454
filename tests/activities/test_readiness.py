"""The last look before sending: night, what is done meanwhile, too much in a week, and what becomes one mail."""

from __future__ import annotations

import email
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from models.season import SeasonFile
from notices.own_answers import NEXT_COMES_FIRST, NOT_IN_TIME
from notices.transport import SmtpTransport
from records import campaigns, judging, outbox, reading
from records.campaigns import Recipient
from records.database import Database, at_instant, run
from tests.course import Course
from tests.post import SEASON, START, Post
from tests.seasons import begin, small_file
from tests.smtp_server import serving

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WINDOW = f"{SEASON}/EU/registration"


def civil(**changes: Any) -> SeasonFile:
    """The small season with the usual rules for notices, but for these."""
    body = small_file().model_dump(mode="json")
    body["notices"] = changes
    return SeasonFile.model_validate(body)


class Office(Post):
    """The mail office of a season that keeps civil hours."""

    async def plan(
        self, name: str, template: str, at: datetime, *, subject: str = "", until: datetime | None = None, **person: str
    ) -> str:
        """Queue one notice to the person of this name, who may have a zone and a country; its campaign."""
        who, campaign = await self.person(name), f"{SEASON}/{template}/{subject}"
        async with self.database.transaction() as connection:
            for column, value in person.items():
                await run(connection, f"UPDATE people SET {column} = :value WHERE id = :id", value=value, id=who)
        with at_instant(at):
            async with self.database.transaction() as connection:
                data = {"old": "2024-06-07T16:00:00+00:00", "count": 2, "channel": "x", "reason": "because"}
                to = [Recipient(who, "en", subject, None, data)]
                await campaigns.plan(connection, campaign, SEASON, template, to, window=WINDOW, useful_until=until)
        return campaign

    async def at(self, instant: datetime, campaign: str) -> int:
        """One batch at an instant; how many notices it sent."""
        return (await self.send(instant - START, campaign)).sent

    def texts(self) -> list[tuple[str, str]]:
        """Subject and text of every mail that arrived."""
        found = []
        for _, _, data in self.server.mails:
            mail = email.message_from_bytes(data, policy=email.policy.default)
            body = mail.get_body(("plain",))
            assert body is not None
            found.append((str(mail["Subject"]), str(body.get_content())))
        return found


async def opened(database: Database, file: SeasonFile) -> AsyncIterator[Office]:
    await begin(database, START, file=file)
    async with serving() as server, SmtpTransport("127.0.0.1", server.port, timeout=1) as transport:
        yield Office(database, server, transport)


@pytest.fixture
async def office(database: Database) -> AsyncIterator[Office]:
    async for one in opened(database, civil()):
        yield one


def brussels(day: int, hour: int) -> datetime:
    return datetime(2024, 5, day, hour, tzinfo=ZoneInfo("Europe/Brussels"))


async def test_a_notice_of_the_night_waits_for_the_morning_of_its_reader(office: Office) -> None:
    night = brussels(8, 3)
    told = await office.plan("near", "window_extended", night)
    far = await office.plan("far", "window_extended", night, subject="far", zone="Asia/Shanghai", country="CN")
    link = await office.plan("asked", "grace_given", night, subject="x")
    assert [await office.at(night, one) for one in (told, far)] == [0, 1]  # it is nine in the morning in Shanghai
    assert await office.at(brussels(8, 7), told) == 0
    assert await office.at(brussels(8, 8), told) == 1
    assert link


async def test_what_could_not_go_out_by_day_does_not_go_out_at_night(office: Office) -> None:
    told = await office.plan("near", "window_extended", brussels(8, 15))
    assert await office.at(brussels(9, 2), told) == 0  # the server was away until now
    assert await office.at(brussels(9, 9), told) == 1


async def test_a_reminder_that_would_be_of_no_use_in_the_morning_is_not_sent_and_says_why(office: Office) -> None:
    early = await office.plan("early", "need_reminder", brussels(8, 23), until=brussels(9, 6))
    assert await office.at(brussels(9, 9), early) == 0
    assert await office.stands(early) == {"early": ("skipped", NEXT_COMES_FIRST.en, False)}
    last = await office.plan("late", "need_reminder", brussels(31, 22), subject="last")
    assert await office.at(brussels(31, 23), last) == 0
    assert await office.stands(last) == {"late": ("skipped", NOT_IN_TIME.en, False)}


async def test_who_has_done_it_meanwhile_is_not_reminded_and_who_has_not_hears_the_figures_of_now(
    database: Database,
) -> None:
    course = await Course(database).begin(file=civil(merge_within=None))
    await course.register(4)
    await course.invite_judges(4)
    await course.to_review()
    window, night = f"{SEASON}/EU/review", datetime(2024, 6, 12, 23, tzinfo=ZoneInfo("Europe/Brussels"))
    async with serving() as server, SmtpTransport("127.0.0.1", server.port, timeout=1) as transport:
        office = Office(database, server, transport)
        with at_instant(night):
            async with database.transaction() as connection:
                count = await campaigns.plan(
                    connection, "night", SEASON, "ballot_reminder", "judges_missing", window=window, area="EU"
                )
        assert count > 1
        judges = await course.rows("SELECT judge_id, array_agg(id ORDER BY id) AS tasks FROM assignments GROUP BY 1")
        done, half, *others = judges
        await _cast(course, [*done["tasks"], *half["tasks"][:-1]], night + HOUR)
        assert await office.at(night + 10 * HOUR, "night") == len(others) + 1
        told = await course.rows(
            """SELECT j.id, d.state, d.answer, d.data FROM deliveries d JOIN judges j ON j.person_id = d.person_id
               WHERE d.campaign_id = 'night'"""
        )
        stands = {row["id"]: row for row in told}
        assert (stands[done["judge_id"]]["state"], stands[done["judge_id"]]["answer"]) == (
            "skipped",
            "not sent: done meanwhile",
        )
        assert stands[half["judge_id"]]["data"] == {"count": 1}


async def test_what_is_done_meanwhile_does_not_go_along_in_the_mail_of_something_else(database: Database) -> None:
    course = await Course(database).begin(file=civil())
    await course.register(4)
    await course.invite_judges(4)
    await course.to_review()
    window, night = f"{SEASON}/EU/review", datetime(2024, 6, 12, 23, tzinfo=ZoneInfo("Europe/Brussels"))
    async with serving() as server, SmtpTransport("127.0.0.1", server.port, timeout=1) as transport:
        office = Office(database, server, transport)
        with at_instant(night):
            async with database.transaction() as connection:
                for name, audience in (("ballot_reminder", "judges_missing"), ("assignment", "judges")):
                    await campaigns.plan(connection, name, SEASON, name, audience, window=window, area="EU")
        done, half, *_ = await course.rows(
            "SELECT judge_id, array_agg(id ORDER BY id) AS tasks FROM assignments GROUP BY 1"
        )
        await _cast(course, [*done["tasks"], *half["tasks"][:-1]], night + HOUR)
        # The assignment goes first, and takes the reminder along to whom it still concerns, with the figures of now.
        await office.at(night + 10 * HOUR, "assignment")
        told = {
            row["id"]: (row["state"], row["answer"], row["data"]["count"])
            for row in await course.rows(
                """SELECT j.id, d.state, d.answer, d.data FROM deliveries d JOIN judges j ON j.person_id = d.person_id
                   WHERE d.campaign_id = 'ballot_reminder'"""
            )
        }
        assert told[done["judge_id"]][:2] == ("skipped", "not sent: done meanwhile")
        assert told[half["judge_id"]][::2] == ("sent", 1)
        assert await office.at(night + 10 * HOUR, "ballot_reminder") == 0


async def _cast(course: Course, tasks: Sequence[int], at: datetime) -> None:
    with at_instant(at):
        for task in tasks:
            await judging.cast_ballot(course.database, task, {"tech": 40, "plan": 30})


async def test_what_is_due_to_one_person_within_hours_is_one_mail_and_nothing_of_it_is_lost(office: Office) -> None:
    noon = brussels(8, 12)
    extended = await office.plan("judge", "window_extended", noon, subject="a")
    reminder = await office.plan("judge", "need_reminder", noon, subject="b")
    soon = await office.plan("judge", "need_open", noon + HOUR, subject="c")
    news = await office.plan("judge", "season_cancelled", noon, subject="d")
    other = await office.plan("else", "need_reminder", noon, subject="e")
    assert await office.at(noon, extended) == 3
    ((subject, text),) = office.texts()
    assert subject.endswith("– and 2 more")
    assert text.count("Dear judge") == 1
    assert text.count("With kind regards") == 1
    assert text.count("## ") == 3
    for campaign in (extended, reminder, soon):
        ((state, answer, twice),) = (await office.stands(campaign)).values()
        assert (state, twice) == ("sent", False)
        assert answer is not None
    # News has a mail of its own, and nothing is sent again.
    assert [await office.at(noon + HOUR, one) for one in (reminder, soon, news, other)] == [0, 0, 1, 1]
    assert office.arrived() == ["else", "judge", "judge"]


async def test_what_was_to_go_along_goes_by_itself_where_the_first_is_refused(office: Office) -> None:
    noon = brussels(8, 12)
    first = await office.plan("judge", "window_extended", noon, subject="a")
    second = await office.plan("judge", "need_reminder", noon, subject="b")
    office.server.answers = {"RCPT judge@example.org": ["554 5.7.1 Message refused"]}
    assert await office.at(noon, first) == 0
    assert (await office.stands(second))["judge"][0] == "queued"
    office.server.answers = {}
    assert await office.at(noon + HOUR, second) == 1
    assert [text.count("## ") for _, text in office.texts()] == [0]


async def test_a_person_gets_so_many_reminders_a_week_and_every_change(database: Database) -> None:
    async for office in opened(database, civil(routine_per_week=2, merge_within=None)):
        noon = brussels(6, 12)
        told = []
        for n in range(3):
            reminder = await office.plan("many", "need_reminder", noon + n * DAY, subject=f"r{n}")
            told.append(await office.at(noon + n * DAY, reminder))
        change = await office.plan("many", "window_extended", noon + 2 * DAY, subject="c")
        told.append(await office.at(noon + 2 * DAY, change))
        later = await office.plan("many", "need_reminder", noon + 8 * DAY, subject="later")
        told.append(await office.at(noon + 8 * DAY, later))
        assert told == [1, 1, 0, 1, 1]
        assert (await office.stands(f"{SEASON}/need_reminder/r2"))["many"][:2] == (
            "skipped",
            "not sent: 2 reminders and announcements in a week are enough",
        )


async def test_what_stays_undone_is_told_to_the_area_and_then_to_the_office(database: Database) -> None:
    course = await Course(database).begin()
    await course.register(3)
    await course.invite_judges(3)
    await course.to_review()
    office = Office(database, None, None)  # type: ignore[arg-type]
    people = {name: await office.person(name) for name in ("eu", "sg", "ops", "gone")}
    rows = [("eu", "organiser", "EU", None), ("sg", "organiser", "SG", None), ("ops", "operations", None, None)]
    async with database.transaction() as connection:
        for name, role, area, gone in [*rows, ("gone", "operations", None, "2024-05-01")]:
            await run(
                connection,
                """INSERT INTO staff (person_id, role, area, password_hash, created_at, disabled_at)
                   VALUES (:id, :role, :area, 'x', clock_timestamp(), CAST(:gone AS text)::timestamptz)""",
                id=people[name], role=role, area=area, gone=gone,
            )  # fmt: skip
    window = f"{SEASON}/EU/review"
    missing = (await course.rows("SELECT count(*) AS n FROM assignments WHERE state = 'active'"))[0]["n"]
    with at_instant(datetime(2024, 6, 14, 12, tzinfo=ZoneInfo("Europe/Brussels"))):
        for audience in ("organisers", "office"):
            async with database.transaction() as connection:
                await campaigns.plan(
                    connection, audience, SEASON, "escalation", audience, window=window, area="EU"
                )  # fmt: skip
    told = await course.rows(
        "SELECT campaign_id, person_id, data FROM deliveries WHERE campaign_id IN ('organisers', 'office')"
    )
    assert {(row["campaign_id"], row["person_id"]) for row in told} == {
        ("organisers", people["eu"]),
        ("office", people["ops"]),
    }
    assert all(row["data"] == {"count": missing} for row in told)
    await course.cast_all("review", datetime(2024, 6, 14, 13, tzinfo=ZoneInfo("Europe/Brussels")))
    async with database.transaction() as connection:
        assert await campaigns.plan(connection, "later", SEASON, "escalation", "office", window=window, area="EU") == 0


async def test_what_a_crash_left_between_two_mails_is_found_and_listed_as_possibly_twice(office: Office) -> None:
    noon = brussels(8, 12)
    first = await office.plan("judge", "window_extended", noon, subject="a")
    second = await office.plan("judge", "need_reminder", noon, subject="b")
    async with office.database.transaction() as connection:
        # The worker died after the mail that carries both was kept as sent, and before the second notice was.
        await run(
            connection,
            """UPDATE deliveries SET state = CASE campaign_id WHEN :first THEN 'sent' ELSE 'merged' END,
                 lead_campaign = CASE campaign_id WHEN :second THEN CAST(:first AS text) END,
                 lead_subject = CASE campaign_id WHEN :second THEN 'a' END WHERE campaign_id IN (:first, :second)""",
            first=first,
            second=second,
        )
    with at_instant(noon + HOUR):
        waiting = [one.campaign for one in await campaigns.waiting(office.database, HOUR / 2)]
    assert waiting == [first]
    assert await office.at(noon + HOUR, first) == 0
    assert await office.at(noon + HOUR, second) == 1
    assert (await office.stands(second))["judge"][2]


async def test_a_notice_to_everyone_of_a_kind_takes_nobody_for_done(office: Office) -> None:
    async with office.database.transaction() as connection:
        for area in ("EU", "SG"):
            await run(
                connection,
                """WITH contact AS (INSERT INTO people (email, name, language, created_at)
                     VALUES (:area || '@example.org', :area, 'en', clock_timestamp()) RETURNING id)
                   INSERT INTO channels (season_id, code, name, area, contact_id, created_at)
                   SELECT :season, :area, :area, :area, id, clock_timestamp() FROM contact""",
                season=SEASON,
                area=area,
            )
    night, campaign = brussels(8, 3), f"{SEASON}/registration_open/all"
    with at_instant(night):
        async with office.database.transaction() as connection:
            # It names the window of one area, and is for the channels of all.
            assert (
                await campaigns.plan(connection, campaign, SEASON, "registration_open", "channels", window=WINDOW) == 2
            )
    sent = [await office.at(brussels(8, hour), campaign) for hour in (8, 9, 10)]
    assert sum(sent) == 2
    assert {state for state, _, _ in (await office.stands(campaign)).values()} == {"sent"}


async def test_after_an_outage_each_reminder_is_kept_for_as_long_as_it_is_of_use_itself(office: Office) -> None:
    campaign = f"{SEASON}/need_reminder/x"
    closes = {"soon": brussels(9, 6), "later": brussels(20, 6)}
    with at_instant(brussels(8, 15)):
        async with office.database.transaction() as connection:
            to = [Recipient(await office.person(name), "en", "x") for name in closes]
            await campaigns.plan(connection, campaign, SEASON, "need_reminder", to, window=WINDOW)
            for until, one in zip(closes.values(), to, strict=True):
                await run(
                    connection,
                    "UPDATE deliveries SET told_closes_at = :until WHERE person_id = :id",
                    until=until, id=one.person_id,
                )  # fmt: skip
    assert await office.at(brussels(9, 2), campaign) == 0
    stands = await office.stands(campaign)
    assert {name: state for name, (state, _, _) in stands.items()} == {"soon": "skipped", "later": "queued"}
    # The 9th is Ascension Day in Belgium.
    assert [await office.at(brussels(day, 8), campaign) for day in (9, 10)] == [0, 1]


async def test_what_was_discarded_was_told_to_nobody(office: Office) -> None:
    names, noon = ("got", "left", "none"), brussels(8, 12)
    who = {name: await office.person(name) for name in names}
    with at_instant(noon):
        async with office.database.transaction() as connection:
            for campaign, template, told in (
                ("sent", "need_reminder", ("got",)),
                ("kept", "need_open", ("left", "none")),
            ):
                to = [Recipient(who[name], "en") for name in told]
                await campaigns.plan(connection, campaign, SEASON, template, to, window=WINDOW)
            await outbox.keep(connection, "kept")
        await outbox.discard_one(office.database, SEASON, outbox.Mail("kept", who["left"], ""), actor="ops")
        await outbox.discard(office.database, SEASON, "kept", actor="ops")
        async with office.database.transaction() as connection:
            await run(connection, "UPDATE windows SET closes_at = closes_at + interval '1 day' WHERE id = :w", w=WINDOW)
            args = (f"{WINDOW}/extended", SEASON, "window_extended", "told_otherwise")
            assert await campaigns.plan(connection, *args, window=WINDOW, area="EU") == 1
    assert set(await office.stands(f"{WINDOW}/extended")) == {"got"}


async def test_operations_are_told_that_the_mail_server_refuses_everything_until_it_is_back(office: Office) -> None:
    noon = brussels(8, 12)
    campaign = await office.plan("one", "need_reminder", noon)
    office.server.answers = {"RCPT": ["421 4.3.2 Closing"] * 99, "MAIL": ["421 4.3.2 Closing"] * 99}

    async def concerns(at: datetime) -> list[str]:
        with at_instant(at):
            return [c.code for c in (await reading.status(office.database, SEASON)).concerns if c.code == "mail.down"]

    assert await concerns(noon) == []
    for minute in range(3):
        assert await office.at(noon + minute * HOUR / 60, campaign) == 0
    assert await concerns(noon + HOUR / 30) == [], "a minute of silence is no reason to call anybody"
    assert await concerns(noon + HOUR / 6) == ["mail.down"]
    office.server.answers = {}
    assert await office.at(noon + HOUR, campaign) == 1
    assert await concerns(noon + HOUR) == []
    assert office.arrived() == ["one"]
