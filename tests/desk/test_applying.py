"""A talent registers a project: from the first page to the receipt, and until it is too late."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import httpx
import pytest

from activities.house import House
from activities.mail import MailDeeds
from desk.access import Entrance
from desk.api import create_app
from desk.client import Desk
from desk.console import add_console
from desk.documents import Shelf
from models.commands import CloseNow
from models.errors import Refused
from models.forms import ChannelForm, PersonForm
from models.results import CampaignRef
from records import access, applying, campaigns, channels, entries, windows
from records.database import Database
from records.reading.standing import standing
from records.store import open_store
from tests import uploads
from tests.desk.test_access import URL, Post
from tests.seasons import begin, entry_form, small_file

SEASON = "small-2024"
NUMBER = "2024-EU-LH-0001"
PAGE = f"/my/{SEASON}/{NUMBER}"
JSON = {"Accept": "application/json"}
WHOLE = {
    "title": "Solid-state cooling", "summary": "No refrigerants.", "fields": "medicine", "readiness": "6",
    "degree": "doctor", "name": "Ada Lin", "birth_year": "1985", "language": "en", "country": "BE",
    "zone": "Europe/Lisbon",
}  # fmt: skip


class Way:
    """A season that is open, a closed desk, and browsers of people who are signed in."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.post = database, Post()
        self.app = create_app(desk := Desk(database, None), entrance=Entrance(False, URL, self.post))
        add_console(self.app, desk, mail=folder, shelf=Shelf(open_store(folder / "documents")))

    def browser(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.app)
        return httpx.AsyncClient(transport=transport, base_url=URL, headers={"Accept-Language": "en"})

    async def come_in(self, browser: httpx.AsyncClient, email: str, name: str = "Ada", query: str = "") -> str:
        """Ask on the season's page for a link, follow it; where it led."""
        asked = await browser.post(f"/enter/{SEASON}{query}", data={"email": email, "name": name, "language": "en"})
        assert asked.status_code == 200
        to, address = self.post.sent[-1]
        assert to == email
        answer = await browser.post(address)
        assert answer.status_code == 303
        return answer.headers["location"]

    async def begin(self, browser: httpx.AsyncClient, email: str = "ada@example.org") -> httpx.Response:
        """Sign in and begin a draft in Europe, Life and Health."""
        await self.come_in(browser, email)
        return await browser.post(f"/enter/{SEASON}", data={"area": "EU", "track": "LH"})


async def seen(browser: httpx.AsyncClient, path: str = PAGE) -> str:
    found = re.search(r'name="seen" value="(\d+)"', (await browser.get(path)).text)
    assert found
    return found[1]


async def close(way: Way, area: str = "EU") -> None:
    async with way.database.transaction() as connection:
        window = f"{SEASON}/{area}/registration"
        await windows.steer(connection, CloseNow(actor="ops", reason="the end", window=window))


@pytest.fixture
async def way(database: Database, tmp_path: Path) -> Way:
    await begin(database, datetime.now(UTC), open_now=True)
    return Way(database, tmp_path)


async def test_from_the_first_page_to_the_receipt_and_on_until_it_is_late(way: Way) -> None:
    async with way.browser() as ada, way.browser() as other:
        page = await ada.get(f"/enter/{SEASON}")
        assert "Mini competition" in page.text
        assert page.text.count("data-until") == 1  # all areas close together
        assert (await ada.get("/my")).headers["location"] == "/sign-in?next=/my"
        assert await way.come_in(ada, "ada@example.org", "Ada") == f"/enter/{SEASON}"
        begun = await ada.post(f"/enter/{SEASON}", data={"area": "EU", "track": "LH"})
        assert (begun.status_code, begun.headers["location"]) == (303, PAGE)
        # One person, one project.
        assert (await ada.post(f"/enter/{SEASON}", data={"area": "SG", "track": "DE"})).status_code == 409

        # Saved while it is incomplete; what is bad is named, what is good is kept.
        first = await seen(ada)
        part = {"seen": first, "title": "Solid", "name": "Ada", "birth_year": "85", "member-1-name": "Bo"}
        saved = await ada.post(f"{PAGE}/save", data=part, headers=JSON)
        assert saved.status_code == 200
        assert set(saved.json()["errors"]) == {"birth_year", "member-1-email"}
        own = await applying.of_entry(way.database, 1)
        assert (own.title, own.summary, own.applicant.birth_year, own.team) == ("Solid", "", None, ())

        # The other tab, which has not seen it, does not write over it unless it says so.
        stale = await ada.post(f"{PAGE}/save", data={**part, "title": "Other"}, headers=JSON)
        assert (stale.status_code, stale.json()["newer"]) == (409, True)
        shown = await ada.post(f"{PAGE}/save", data={**part, "title": "Other"})
        assert shown.status_code == 409
        assert 'value="Other"' in shown.text
        assert (await applying.of_entry(way.database, 1)).title == "Solid"
        over = await ada.post(f"{PAGE}/save", data={**part, "title": "Other", "over": "1"}, headers=JSON)
        assert over.json()["revision"] == saved.json()["revision"] + 1

        # Incomplete: refused with everything that is missing.
        refused = await ada.post(f"{PAGE}/submit", data={"seen": await seen(ada), "sure": "1"})
        assert refused.status_code == 409
        assert (
            "Still missing: the project plan; at least one field; the technology readiness; the leader&#39;s degree; "
            "the document &#39;project plan&#39;." in refused.text
        )
        team = {"member-1-name": "Bo", "member-1-email": "BO@example.org", "member-1-birth_year": "1990"}
        done = await ada.post(f"{PAGE}/save", data={**WHOLE, **team, "seen": await seen(ada), "then": "submit"})
        assert (done.status_code, done.headers["location"]) == (303, f"{PAGE}/submit")
        plan = {"file": ("plan.pdf", uploads.pdf(), "application/pdf")}
        assert (await ada.post(f"{PAGE}/documents", data={"kind": "plan"}, files=plan)).status_code == 303
        assert (await ada.post(f"{PAGE}/submit", data={"seen": await seen(ada, f"{PAGE}/submit")})).status_code == 422
        answer = await ada.post(f"{PAGE}/submit", data={"seen": await seen(ada, f"{PAGE}/submit"), "sure": "1"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}/receipt")
        [row] = await way.database.at_once("SELECT submitted_at AS at FROM entries")
        receipt = (await ada.get(f"{PAGE}/receipt")).text
        for zone in ("Asia/Shanghai", "Europe/Brussels", "Europe/Lisbon"):
            assert f":{row['at']:%M:%S} ({zone}, " in receipt or f":{row['at']:%M} ({zone}, " in receipt
        assert NUMBER in receipt

        # Changed: half of it never counts, the whole counts at once.
        version = await seen(ada)
        half = await ada.post(f"{PAGE}/save", data={**WHOLE, **team, "title": "", "seen": version})
        assert half.status_code == 409
        assert "Still missing: the title." in half.text
        again = await ada.post(f"{PAGE}/save", data={**WHOLE, **team, "title": "Better", "seen": version})
        assert again.headers["location"] == f"{PAGE}/receipt"
        after = await applying.of_entry(way.database, 1)
        assert (after.title, after.state, after.applicant.name) == ("Better", "submitted", "Ada Lin")
        assert after.submitted_at is not None
        assert after.submitted_at > row["at"]

        # Nobody else learns that it is there; its team looks and does not act.
        await way.come_in(other, "eve@example.org", "Eve")
        for method, path in (("GET", PAGE), ("POST", f"{PAGE}/save"), ("GET", f"{PAGE}/receipt")):
            assert (await other.request(method, path)).status_code == 404
        await other.post("/sign-out")
        await way.come_in(other, "bo@example.org", "Not Bo")
        looks = await other.get(PAGE)
        assert looks.status_code == 200
        assert "<textarea" not in looks.text
        assert (await other.post(f"{PAGE}/withdraw", data={"reason": "x", "sure": "1"})).status_code == 403

        # Too late: the gate's sentence, and what was written still stands there.
        version = await seen(ada)
        await close(way)
        late = await ada.post(f"{PAGE}/save", data={**WHOLE, "title": "Too late", "seen": version})
        assert late.status_code == 409
        assert re.search(r"EU/registration&#39; closed at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}Z", late.text)
        assert 'value="Too late"' in late.text
        spoken = await ada.post(f"{PAGE}/save?lang=zh", data={**WHOLE, "seen": version}, headers=JSON)
        assert re.search(r"欧洲报名已于 \d{4}年.*截止，现在是", spoken.json()["detail"])
        assert (await ada.post(f"{PAGE}/submit", data={"seen": version, "sure": "1"})).status_code == 409
        assert "receipt of the submission" in (await ada.get(PAGE)).text

        assert (await ada.post(f"{PAGE}/withdraw", data={"sure": "1"})).status_code == 422
        gone = await ada.post(f"{PAGE}/withdraw", data={"reason": "we moved on", "sure": "1"})
        assert gone.headers["location"] == PAGE
        assert "withdrawn" in (await ada.get(PAGE)).text
    found = await way.database.at_once("SELECT state FROM entries")
    assert [row["state"] for row in found] == ["withdrawn"]


async def test_nobody_is_renamed_or_shown_and_a_slip_of_an_address_is_forgotten(way: Way) -> None:
    async with way.browser() as ada, way.browser() as carla:
        await way.come_in(carla, "carla@example.org", "Carla Real")
        await way.database.at_once("UPDATE people SET birth_year = 1971 WHERE email = 'carla@example.org'")
        await way.begin(ada)
        slip = {"member-1-name": "Bo", "member-1-email": "bo@exampel.org"}
        known = {"member-2-name": "Someone", "member-2-email": "carla@example.org"}
        await ada.post(f"{PAGE}/save", data={"seen": await seen(ada), "name": "Ada", **slip, **known})
        page = (await ada.get(PAGE)).text
        assert "Carla Real" not in page
        assert "1971" not in page
        right = {"member-1-name": "Bo", "member-1-email": "bo@example.org"}
        await ada.post(f"{PAGE}/save", data={"seen": await seen(ada), "name": "Ada", **right, **known})
        # Nor does anybody's address on the season's page change who they are.
        await ada.post("/sign-out")
        await ada.post(f"/enter/{SEASON}", data={"email": "carla@example.org", "name": "Mallory", "language": "zh"})
    people = await way.database.at_once("SELECT email, name, birth_year FROM people ORDER BY email")
    assert [tuple(row.values()) for row in people] == [
        ("ada@example.org", "Ada", None), ("bo@example.org", "Bo", None), ("carla@example.org", "Carla Real", 1971),
    ]  # fmt: skip


async def test_long_titles_emoji_and_directions_are_kept_and_shown_apart(way: Way) -> None:
    title = "智能" * 97 + "🧪\u202e\u05d0<b>"
    assert len(title) == 200
    async with way.browser() as ada:
        await way.begin(ada)
        saved = await ada.post(f"{PAGE}/save", data={"seen": await seen(ada), "title": title, "name": "阿达 👩‍🔬"})
        assert saved.status_code == 303
        assert (await applying.of_entry(way.database, 1)).title == title
        for path in (PAGE, f"{PAGE}/preview", "/my"):
            assert f"<bdi>{title.replace('<b>', '&lt;b&gt;')}</bdi>" in (await ada.get(path)).text
        long = await ada.post(f"{PAGE}/save", data={"seen": await seen(ada), "title": "字" * 201, "name": "x\x00"})
        assert long.status_code == 422
        assert "201 characters" in long.text
        assert "字" * 201 in long.text


async def test_an_invitation_is_carried_through_the_link_and_names_who_recommended(way: Way) -> None:
    contact = PersonForm(email="office@example.org", name="Office")
    await channels.add_channel(
        way.database, SEASON, ChannelForm(code="INNO", name="Innovation Office", contact=contact)
    )
    await way.database.at_once("UPDATE channels SET invite_code = 'k7Qp'")
    async with way.browser() as ada:
        assert "Innovation Office" in (await ada.get(f"/enter/{SEASON}?via=k7Qp")).text
        assert await way.come_in(ada, "ada@example.org", query="?via=k7Qp") == f"/enter/{SEASON}?via=k7Qp"
        await ada.post(f"/enter/{SEASON}", data={"area": "EU", "track": "LH", "via": "k7Qp"})
    found = await way.database.at_once(
        "SELECT act, c.code FROM recommendations r JOIN channels c ON c.id = r.channel_id"
    )
    assert [tuple(row.values()) for row in found] == [("invited", "INNO")]
    # An invitation gives the channel no say over the entry itself.
    link = await access.ask_link(way.database, "office@example.org")
    assert link is not None
    async with way.browser() as office:
        await office.post(f"/sign-in/{link.token}")
        assert (await office.get(PAGE)).status_code == 404


async def test_two_who_save_the_same_revision_at_once_do_not_overwrite_each_other(way: Way) -> None:
    entry = await entries.draft(way.database, SEASON, entry_form(1))
    saved = await applying.save(way.database, entry, entry_form(1, title="One"), seen=0)
    with pytest.raises(Refused) as refused:
        await applying.save(way.database, entry, entry_form(1, title="Two"), seen=0)
    assert refused.value.code == "entry.newer"
    with pytest.raises(Refused) as unseen:
        await entries.submit(way.database, entry, seen=0)
    assert unseen.value.code == "entry.newer"
    await entries.submit(way.database, entry, seen=saved.revision)
    untitled = await entries.draft(way.database, SEASON, entry_form(2, title=""))
    with pytest.raises(Refused) as incomplete:
        await entries.submit(way.database, untitled)
    assert incomplete.value.code == "entry.incomplete"
    assert not await way.database.at_once("SELECT 1 AS x FROM log WHERE event = 'entry.refused_late'")


async def test_a_result_is_not_told_before_it_is_public(way: Way) -> None:
    entry = await entries.draft(way.database, SEASON, entry_form(1))
    await entries.submit(way.database, entry)

    async def shown() -> tuple[str, set[str]]:
        stands = await standing(way.database, SEASON, NUMBER, 1)
        return stands.state, {e.event for e in stands.events} & {"entry.ineligible", "selection.selected", "tally.made"}

    async def set_state(sql: str, **values: Any) -> None:
        await way.database.at_once(sql, **values)

    log = """INSERT INTO log (season_id, at, actor, event, entry_id, data)
      VALUES (:season, clock_timestamp(), 'system', :event, :entry, '{}')"""
    await set_state("UPDATE entries SET state = 'ineligible'")
    await set_state(log, season=SEASON, event="entry.ineligible", entry=entry)
    assert await shown() == ("undecided", set())
    await set_state("UPDATE windows SET state = 'closed' WHERE kind = 'screening'")
    assert await shown() == ("ineligible", {"entry.ineligible"})
    await set_state("UPDATE entries SET state = 'not_selected', alive = false")
    await set_state(
        """INSERT INTO selections (season_id, stage, area, entry_id, division, decision, at, rank)
           VALUES (:season, 'selection', 'EU', :entry, 'LH', 'selected', clock_timestamp(), 1)""",
        season=SEASON, entry=entry,
    )  # fmt: skip
    await set_state("UPDATE entries SET state = 'selected'")
    assert await shown() == ("eligible", {"entry.ineligible"})
    await set_state("UPDATE windows SET opened_at = clock_timestamp(), state = 'open' WHERE kind = 'public_notice'")
    assert await shown() == ("selected", {"entry.ineligible", "selection.selected"})
    stands = await standing(way.database, SEASON, NUMBER, 1)
    assert not [e for e in stands.events if "rank" in e.data or "score" in e.data]


class Kept:
    """A mail server's place: keeps what it is given."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, bytes]] = []

    async def send(self, sender: str, to: str, message: bytes, by: float = 0) -> str:
        self.mails.append((to, message))
        return "250 OK"


async def test_a_draft_without_a_title_is_reminded_too_and_the_mail_leads_to_its_own_page(way: Way) -> None:
    async with way.browser() as ada:
        await way.begin(ada)
    async with way.database.transaction() as connection:
        window = f"{SEASON}/EU/registration"
        await campaigns.plan(connection, "reminded", SEASON, "draft_reminder", "drafts", window=window, area="EU")
    kept = Kept()
    house = House(way.database, kept, sender="office@example.org", public_url=URL)
    done = await MailDeeds(house).send_batch(CampaignRef(campaign="reminded", season=SEASON))
    assert (done.sent, done.failed) == (1, 0)
    [(to, message)] = kept.mails
    mail = message_from_bytes(message, policy=policy.default)
    body = mail.get_body(("plain",))
    assert body is not None
    assert (to, "Untitled project" in f"{mail['subject']} {body.get_content()}") == ("ada@example.org", True)
    assert f"{URL}{PAGE}" in body.get_content()


async def test_a_season_with_groups_and_no_fields_is_filled_in_as_well(database: Database, tmp_path: Path) -> None:
    file = small_file()
    groups = [
        {"code": "startup", "name": {"en": "Start-ups", "zh": "企业组"}},
        {"code": "student", "name": {"en": "S", "zh": "生"}},
    ]
    tracks = [{**file.tracks[1].model_dump(), "groups": groups}]
    changed = type(file).model_validate({**file.model_dump(), "tracks": tracks})
    await begin(database, datetime.now(UTC) - timedelta(days=1), file=changed, open_now=True)
    way = Way(database, tmp_path)
    async with way.browser() as ada:
        await way.come_in(ada, "ada@example.org")
        assert "Start-ups" in (await ada.get(f"/enter/{SEASON}")).text
        assert (await ada.post(f"/enter/{SEASON}", data={"area": "EU", "track": "DE"})).status_code == 422
        answer = await ada.post(f"/enter/{SEASON}", data={"area": "EU", "track": "DE/startup"})
        page = answer.headers["location"]
        await ada.post(f"{page}/save", data={"seen": await seen(ada, page), "group": "student", "name": "Ada"})
    own = await applying.of_entry(database, 1)
    assert (own.group, own.fields) == ("student", ())
