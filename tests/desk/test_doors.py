"""The personal links of notices: each opens the one thing that is asked for, for one person, while its window is open."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from activities.composing import Stationery
from activities.house import House
from activities.mail import MailDeeds
from desk.access import Entrance
from desk.api import create_app
from desk.client import Desk
from desk.console import add_console
from models.results import CampaignRef
from records import doors, links
from records.database import Database, at_instant
from tests.activities.test_dates import Box
from tests.course import REVIEW, Course, day
from tests.desk.test_subscription_pages import KEY, URL
from tests.projects import SEASON, follow_up, matched
from tests.seasons import begin

DAY = timedelta(days=1)


class Office:
    """A closed desk that nobody has signed in to, and what its mails lead to."""

    def __init__(self, database: Database, mail: Path) -> None:
        self.database, self.box = database, Box()
        app = create_app(desk := Desk(database, None), entrance=Entrance(False, URL, None, "office@example.org"))
        add_console(app, desk, mail=mail)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=URL)
        self.mail = MailDeeds(
            House(
                database, self.box, sender="office@example.org", public_url=URL,
                stationery=Stationery(seal=database.seal),
            )
        )  # fmt: skip

    async def links(self, campaign: str, at: datetime) -> dict[str, str]:
        """Send a campaign; the path that each recipient's mail asks to follow."""
        before = len(self.box.mails)
        with at_instant(at):
            await self.mail.send_batch(CampaignRef(campaign=campaign, season=SEASON))
        found = {}
        for to, mail in self.box.mails[before:]:
            link = re.search(rf"{URL}(/ask/\S+)", mail.get_body(("plain",)).get_content())
            assert link is not None, mail
            assert f'href="{URL}{link[1]}"' in mail.get_body(("html",)).get_content()
            found[to] = link[1]
        return found

    async def get(self, path: str, at: datetime, language: str = "en") -> httpx.Response:
        with at_instant(at):
            return await self.client.get(path, params={"lang": language})

    async def post(self, path: str, at: datetime, language: str = "en", **form: str) -> httpx.Response:
        with at_instant(at):
            return await self.client.post(path, data=form, params={"lang": language})

    async def column(self, sql: str, **values: Any) -> list[Any]:
        return [next(iter(row.values())) for row in await self.database.at_once(sql, **values)]


@pytest.fixture
async def office(database_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    database = Database(database_url, secret_key=KEY)
    one = Office(database, tmp_path)
    yield one
    await one.client.aclose()
    await database.close()


async def test_a_judge_scores_by_the_link_in_the_mail_and_touches_no_other_judges_entries(office: Office) -> None:
    course = await Course(office.database).begin()
    await course.register(6)
    await course.invite_judges(5)
    await course.to_review()
    found = await office.links(f"{SEASON}/EU/review/assignment", REVIEW)
    path = found["judge-0@example.org"]
    mine, other = [
        await office.column(
            """SELECT a.id FROM assignments a JOIN judges j ON j.id = a.judge_id JOIN people p ON p.id = j.person_id
               WHERE p.email = :email ORDER BY a.id""",
            email=email,
        )
        for email in ("judge-0@example.org", "judge-1@example.org")
    ]
    page = await office.get(path, REVIEW)
    assert page.status_code == 200
    assert page.text.count('name="assignment"') == 2 * len(mine)
    assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert "评审的项目" in (await office.get(path, REVIEW, "zh")).text
    assert await office.column("SELECT count(*) FROM ballots") == [0], "looking changes nothing"

    scores = {"act": "score", "score_plan": "30"}
    bad = await office.post(path, REVIEW, assignment=str(mine[0]), score_tech="999", comment="Kept.", **scores)
    assert bad.status_code == 409
    assert "999" in bad.text
    assert "Kept." in bad.text
    bad = await office.post(path, REVIEW, assignment=str(mine[0]), score_tech="many", **scores)
    assert (bad.status_code, "&#39;many&#39; is no number of points" in bad.text) == (422, True)
    assert (await office.post(path, REVIEW, assignment=str(other[0]), score_tech="50", **scores)).status_code == 409
    for said, form in (
        ("不是有效分数", {"assignment": str(mine[0]), "score_tech": "many", **scores}),
        ("分数须在各项评分标准的范围之内", {"assignment": str(mine[0]), "score_tech": "999", **scores}),
        ("不由您评审", {"assignment": str(other[0]), "score_tech": "50", **scores}),
        ("请简要说明原因", {"assignment": str(mine[0]), "act": "decline"}),
        ("请控制在 2000 字以内", {"assignment": str(mine[0]), "act": "decline", "reason": "x" * 2001}),
        ("请点击页面上的按钮", {"assignment": str(mine[0])}),
    ):
        assert said in (await office.post(path, REVIEW, "zh", **form)).text
    assert await office.column("SELECT count(*) FROM ballots") == [0]

    done = await office.post(path, REVIEW, assignment=str(mine[0]), score_tech="50.5", **scores)
    assert (done.status_code, done.headers["location"]) == (303, f"{path}?done=1")
    assert await office.column("SELECT total::text FROM ballots WHERE assignment_id = :id", id=mine[0]) == ["80.50"]
    gone = await office.post(path, REVIEW, assignment=str(mine[1]), act="decline", reason="No time.")
    assert gone.status_code == 303
    assert await office.column("SELECT state FROM assignments WHERE id = :id", id=mine[1]) == ["declined"]

    await office.column("UPDATE windows SET state = 'paused' WHERE id = :id RETURNING id", id=f"{SEASON}/EU/review")
    assert "This is not open just now" in (await office.get(path, REVIEW)).text
    await office.column("UPDATE windows SET state = 'open' WHERE id = :id RETURNING id", id=f"{SEASON}/EU/review")
    late = day(6, 16, 20)
    page = await office.get(path, late)
    assert "Nothing is accepted here any more" in page.text
    assert "<form" not in page.text
    assert (await office.post(path, late, assignment=str(mine[0]), score_tech="60", **scores)).status_code == 409
    assert await office.column("SELECT total::text FROM ballots WHERE assignment_id = :id", id=mine[0]) == ["80.50"]


async def test_both_sides_of_a_match_answer_by_their_links_and_the_first_answer_counts(office: Office) -> None:
    await begin(office.database, day(4, 1))
    first, second = await matched(office.database, day(4, 20), day(8, 1), count=2)
    at = day(8, 3, 10)
    paths = await _paths(office, [first, second], at)
    for path in paths.values():
        assert (await office.get(path, at)).status_code == 200
    assert set(await office.column("SELECT state FROM matches")) == {"proposed"}

    assert (await office.post(paths["place", first], at, act="accept")).status_code == 303
    assert await office.column("SELECT state FROM matches WHERE id = :m", m=first) == ["negotiating"]
    again = await office.post(paths["applicant", first], at, act="decline")
    assert again.status_code == 409
    assert "was answered at" in again.text, again.text[again.text.find("banner") :][:900]
    assert "accepted, negotiation under way" in (await office.get(paths["applicant", first], at)).text
    assert (await office.post(paths["applicant", second], at, act="decline")).status_code == 303
    assert (await office.post(paths["place", second], at, act="maybe")).status_code == 422

    asked = await follow_up(office.database, first, day(9, 1, 10))
    at = day(9, 2, 10)
    paths = await _paths(office, [first], at, f"(SELECT window_id FROM follow_ups WHERE id = {asked})")
    assert (await office.post(paths["place", first], at, act="landed", said="A plant.")).status_code == 303
    assert await office.column("SELECT state FROM matches WHERE id = :m", m=first) == ["landed"]
    assert "landed" in (await office.get(paths["place", first], at)).text
    assert (await office.get(paths["applicant", first], at)).status_code == 410, "how it goes, the place alone is asked"


async def _paths(office: Office, matches: list[int], at: datetime, window: str = "") -> dict[tuple[str, int], str]:
    """The links of both sides about their window: the answer's, or the one that SQL names."""
    found = await office.database.at_once(
        f"""SELECT m.id, pl.contact_id AS place, e.applicant_id AS applicant, e.id AS entry,
              {window or "m.season_id || '/match/' || m.id || '/answer'"} AS about
            FROM matches m JOIN needs n ON n.id = m.need_id JOIN places pl ON pl.id = n.place_id
            JOIN entries e ON e.id = m.entry_id WHERE m.id = ANY(CAST(:ids AS bigint[]))""",
        ids=matches,
    )
    seal = office.database.seal
    return {
        (side, row["id"]): f"/ask/{links.make(seal, 'task', row[side], doors.thing_of(row['about'], row['entry']), at)}"
        for row in found
        for side in ("place", "applicant")
    }


async def test_a_finalist_confirms_or_declines_by_the_link_and_a_void_or_foreign_link_opens_nothing(
    office: Office,
) -> None:
    course = await Course(office.database).begin()
    await course.register(4)
    await course.invite_judges(5)
    await course.to_confirmation()
    at = day(7, 3, 10)
    found = await office.links(f"{SEASON}/confirmation/invitation", at)
    (one, path), (other, second), *_ = sorted(found.items())
    assert (await office.get(path, at)).status_code == 200
    assert (await office.post(path, at, act="accept")).status_code == 303
    assert "accepted" in (await office.get(path, at)).text
    assert (await office.post(second, at, act="decline")).status_code == 303
    states = await office.database.at_once(
        """SELECT p.email, i.state FROM invitations i JOIN entries e ON e.id = i.entry_id
           JOIN people p ON p.id = e.applicant_id"""
    )
    assert {(row["email"], row["state"]) for row in states} >= {(one, "accepted"), (other, "declined")}

    (person,) = await office.column("SELECT id FROM people WHERE email = :email", email=one)
    (theirs,) = await office.column(
        "SELECT e.id FROM entries e JOIN people p ON p.id = e.applicant_id WHERE p.email = :email", email=other
    )
    foreign = links.make(office.database.seal, "task", person, doors.thing_of(f"{SEASON}/confirmation", theirs), at)
    assert (await office.get(f"/ask/{foreign}", at)).status_code == 410, "another's invitation"
    with at_instant(at + DAY):
        await links.revoke(office.database, person, actor=f"person/{person}")
    for gone in (path, f"/ask/{foreign[:-2]}xx", "/ask/none"):
        dead = await office.post(gone, at + DAY, act="decline")
        assert (dead.status_code, "no longer good" in dead.text) == (410, True)
