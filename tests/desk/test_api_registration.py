"""Registering by the API: whose entries a token sees, acts that happen once, and what is refused in both languages."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from desk.access import Entrance
from desk.api import create_app
from desk.client import Desk
from desk.console import add_console
from desk.limits import Buckets, Rates
from models.forms import ChannelForm, PersonForm
from records import access, channels
from records.database import Database
from tests.desk.town import SEASON, build_town
from tests.seasons import entry_form

URL = "https://season.example.org"
BASE = f"/api/seasons/{SEASON}/registrations"


class Office:
    """A closed desk while registration is open, with tokens of two channels, one without a channel, and people."""

    def __init__(self, database: Database, rates: Rates | None = None) -> None:
        self.database = database
        self.app = create_app(desk := Desk(database, None), entrance=Entrance(False, URL), rates=rates)
        add_console(self.app, desk)

    async def token(self, *scopes: str, channel: str | None = None, season: str | None = SEASON) -> httpx.AsyncClient:
        """A program with a token of these scopes."""
        bound = await access.channel_for(self.database, season, channel) if channel else None
        _, secret = await access.make_token(self.database, "program", scopes, season=season, channel=bound)
        return self.client(Authorization=f"Bearer {secret}")

    async def person(self, email: str) -> httpx.AsyncClient:
        """Somebody who has signed in."""
        link = await access.ask_link(self.database, email)
        assert link is not None
        used = await access.use_link(self.database, link.token)
        assert used is not None
        return self.client(Cookie=f"season_session={used[0]}")

    def client(self, **headers: str) -> httpx.AsyncClient:
        """A client with these headers."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app), base_url=URL, headers=headers)


@pytest.fixture
async def office(database: Database) -> Office:
    await build_town(database, began=timedelta(days=10))
    contact = PersonForm(email="other@example.org", name="Other")
    await channels.add_channel(database, SEASON, ChannelForm(code="TECH", name="Tech Transfer", contact=contact))
    return Office(database)


def body(number: int, **more: Any) -> dict[str, Any]:
    return entry_form(number, **more).model_dump(mode="json")


async def test_a_channel_s_program_drafts_changes_submits_and_withdraws(office: Office) -> None:
    async with await office.token("register", channel="TECH") as program:
        made = await program.post(BASE, json=body(50, title="", fields=["medicine"]))
        assert (made.status_code, made.json()["state"], made.json()["channel"]) == (201, "draft", "Tech Transfer")
        assert made.json()["missing"] == ["title"]
        path, first = made.headers["location"], made.headers["etag"]
        assert (await program.get(f"{path}/receipt")).json()["code"] == "entry.no_receipt"

        lacking = await program.post(f"{path}/submit")
        assert (lacking.status_code, lacking.json()["code"]) == (409, "entry.incomplete")
        chinese = await program.post(f"{path}/submit", headers={"Accept-Language": "zh-CN"})
        assert "title" in lacking.json()["detail"].lower()
        assert "项目名称" in chinese.json()["detail"] or "标题" in chinese.json()["detail"]

        whole = body(50, title="Whole", fields=["medicine"])
        changed = await program.put(path, json=whole, headers={"If-Match": first})
        assert (changed.status_code, changed.json()["missing"]) == (200, [])
        stale = await program.put(path, json={**whole, "title": "Stale"}, headers={"If-Match": first})
        assert (stale.status_code, stale.json()["code"]) == (412, "entry.changed_meanwhile")
        assert (await program.post(f"{path}/submit", headers={"If-Match": first})).status_code == 412

        receipt = await program.post(f"{path}/submit", headers={"If-Match": changed.headers["etag"]})
        assert receipt.status_code == 200, receipt.text
        assert (await program.get(f"{path}/receipt")).json() == receipt.json()

        better = await program.put(path, json={**whole, "title": "Better"})
        assert (better.json()["title"], better.json()["state"]) == ("Better", "submitted")
        assert better.json()["submitted_at"] > receipt.json()["accepted_at"]
        moved = await program.put(path, json={**whole, "applicant": {"email": "x@example.org", "name": "X"}})
        assert (moved.status_code, moved.json()["code"]) == (422, "entry.applicant")

        gone = await program.post(f"{path}/withdraw", json={"reason": "moved abroad"})
        assert gone.json()["state"] == "withdrawn"
        assert (await program.post(f"{path}/submit")).json()["code"] == "entry.state"
    acts = await office.database.at_once(
        """SELECT l.event, l.actor FROM log l JOIN entries e ON e.id = l.entry_id WHERE e.number = :number
           ORDER BY l.id""",
        number=made.json()["number"],
    )
    assert {a["actor"] for a in acts if a["event"] != "entry.recommended"} == {acts[0]["actor"]}
    assert acts[0]["actor"].startswith("token/")
    recommended = await office.database.at_once("SELECT act FROM recommendations ORDER BY id DESC LIMIT 1")
    assert recommended[0]["act"] == "registered"


async def test_one_token_sees_and_changes_nothing_of_another_s(office: Office) -> None:
    numbers = {}
    clients = {
        "inno": await office.token("register", channel="INNO"), "tech": await office.token("register", channel="TECH"),
        "free": await office.token("register"), "free too": await office.token("register"),
    }  # fmt: skip
    for n, (name, client) in enumerate(clients.items()):
        made = await client.post(BASE, json=body(60 + n))
        assert made.status_code == 201, made.text
        numbers[name] = made.json()["number"]
    for name, client in clients.items():
        listed = {r["number"] for r in (await client.get(BASE)).json()["registrations"]}
        assert listed & set(numbers.values()) == {numbers[name]}
        for other in numbers.keys() - {name}:
            path = f"{BASE}/{numbers[other]}"
            for answer in (
                await client.get(path), await client.get(f"{path}/receipt"), await client.put(path, json=body(60)),
                await client.post(f"{path}/submit"), await client.post(f"{path}/withdraw", json={"reason": "x"}),
            ):  # fmt: skip
                assert (answer.status_code, answer.json()["code"]) == (404, "entry.unknown")
        # A token that registers neither reads what is the staff's nor gives commands; and that of another season nothing.
        assert (await client.get(f"/api/seasons/{SEASON}/entries")).status_code == 403
        grace = await client.post(f"/api/seasons/{SEASON}/entries/{numbers[name]}/grace", json={"reason": "x"})
        assert grace.status_code == 403
        assert (await client.get("/api/seasons/other/registrations")).status_code == 403
        await client.aclose()
    for scope in ("read", "steer"):
        async with await office.token(scope) as client:
            assert (await client.get(BASE)).json()["code"] == "access.forbidden"
    async with office.client() as nobody:
        assert (await nobody.post(BASE, json=body(70))).json()["code"] == "sign_in.needed"


async def test_what_is_known_of_a_person_is_shown_to_that_person_alone(office: Office) -> None:
    await office.database.at_once(
        "UPDATE people SET country = 'BE', zone = 'Europe/Brussels', birth_year = 1985 WHERE email = :email",
        email="applicant-1@example.org",
    )
    async with await office.token("register") as program:
        form = body(1, title="Again")
        form["applicant"] |= {"name": "As written here", "birth_year": None}
        seen = (await program.post(BASE, json=form)).json()["applicant"]
    assert seen == {
        "email": "applicant-1@example.org", "name": "As written here", "birth_year": None, "language": None,
        "zone": None, "country": None,
    }  # fmt: skip
    async with await office.person("applicant-1@example.org") as one:
        mine = (await one.get(BASE)).json()["registrations"][0]["number"]
        assert (await one.get(f"{BASE}/{mine}")).json()["applicant"]["country"] == "BE"


async def test_a_person_registers_themself_and_one_project_only(office: Office) -> None:
    async with await office.person("contact@example.org") as one:
        other = await one.post(BASE, json=body(1))
        assert (other.status_code, other.json()["code"]) == (403, "entry.not_yourself")
        own = body(80, documents=()) | {"applicant": {"email": "contact@example.org", "name": "Contact"}}
        made = await one.post(BASE, json=own)
        assert made.status_code == 201, made.text
        again = await one.post(BASE, json=own, headers={"Accept-Language": "zh"})
        assert (again.status_code, again.json()["code"]) == (409, "entry.have")
        assert f"您已有项目 {made.json()['number']}" in again.json()["detail"]
        files = await one.put(made.headers["location"], json={**own, "documents": ["plan"]})
        assert files.json()["code"] == "entry.documents"


async def test_twenty_equal_requests_make_one_draft(office: Office) -> None:
    async with await office.token("register", channel="TECH") as program:
        head = {"Idempotency-Key": "draft-1"}
        answers = await asyncio.gather(*(program.post(BASE, json=body(90), headers=head) for _ in range(20)))
        assert {a.status_code for a in answers} == {201}
        assert len({a.json()["number"] for a in answers}) == 1
        assert len({a.headers["etag"] for a in answers}) == 1
        assert sum("idempotency-replayed" not in a.headers for a in answers) == 1
        assert len((await program.get(BASE)).json()["registrations"]) == 1

        other = await program.post(BASE, json=body(91), headers=head)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency.other_request")
        assert (await program.post(BASE, json=body(91), headers={"Idempotency-Key": "x" * 101})).status_code == 422
        assert (await program.post(BASE, json=body(91), headers={"Idempotency-Key": "a b"})).status_code == 422
    async with await office.token("register", channel="INNO") as another:
        assert (await another.post(BASE, json=body(92), headers=head)).status_code == 201


async def test_each_act_under_a_key_is_done_once_though_the_process_dies_after_it(office: Office) -> None:
    async with await office.token("register", channel="TECH") as program:
        path = (await program.post(BASE, json=body(95, fields=["medicine"]))).headers["location"]
        head = {"Idempotency-Key": "submit-1"}
        first = await program.post(f"{path}/submit", headers=head)
        again = await program.post(f"{path}/submit", headers=head)
        assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")
        gone = {"Idempotency-Key": "gone-1"}
        left = await program.post(f"{path}/withdraw", json={"reason": "x"}, headers=gone)
        assert (await program.post(f"{path}/withdraw", json={"reason": "x"}, headers=gone)).json() == left.json()
        refused = await program.post(f"{path}/submit", headers={"Idempotency-Key": "submit-2"})
        kept = await program.post(f"{path}/submit", headers={"Idempotency-Key": "submit-2"})
        assert (kept.status_code, kept.json(), kept.headers["idempotency-replayed"]) == (409, refused.json(), "true")
        assert kept.headers["content-type"] == "application/problem+json"
        # A request that was cut off before its act is carried out by a repeat, a minute later.
        await office.database.at_once(
            "UPDATE known_requests SET status = NULL, answer = NULL, at = at - interval '61 s' WHERE key = 'submit-2'"
        )
        anew = await program.post(f"{path}/submit", headers={"Idempotency-Key": "submit-2"})
        assert "idempotency-replayed" not in anew.headers
        # A day later it is forgotten, and swept away by the next one.
        await office.database.at_once("UPDATE known_requests SET at = at - interval '25 h'")
        await program.post(BASE, json=body(96), headers={"Idempotency-Key": "draft-2"})
        left_over = await office.database.at_once("SELECT key FROM known_requests")
        assert [row["key"] for row in left_over] == ["draft-2"]


async def test_too_much_is_refused_with_the_time_to_wait_and_submitting_is_not(office: Office) -> None:
    busy = Office(office.database, Rates(api=5, sign_in=2))
    async with await busy.token("register", channel="TECH") as program:
        path = (await program.post(BASE, json=body(97, fields=["medicine"]))).headers["location"]
        answers = [await program.get(BASE) for _ in range(6)]
        assert [a.status_code for a in answers] == [200] * 4 + [429] * 2
        assert answers[0].headers["ratelimit-policy"] == '"api";q=5;w=60'
        assert answers[0].headers["ratelimit"].startswith('"api";r=3;t=')
        last = answers[-1]
        assert 1 <= int(last.headers["retry-after"]) <= 12
        assert (last.json()["code"], last.headers["content-type"]) == ("limits.too_many", "application/problem+json")
        assert (await program.get(BASE, headers={"Accept-Language": "zh"})).json()["detail"].startswith("请求过于频繁")
        sent = await program.post(f"{path}/submit")
        assert (sent.status_code, sent.headers["ratelimit-policy"]) == (200, '"submit";q=60;w=60')
    async with busy.client() as nobody:
        pages = [await nobody.post("/sign-in", data={"email": "a@example.org"}) for _ in range(3)]
        assert [p.status_code for p in pages] == [200, 200, 429]
        assert int(pages[2].headers["retry-after"]) >= 1
        assert (await nobody.get("/sign-in")).status_code == 200


def test_a_bucket_fills_up_again_within_a_minute_and_never_over() -> None:
    now = 0.0
    buckets = Buckets(60, clock=lambda: now)
    assert [buckets.take("a").wait for _ in range(61)] == [0] * 60 + [1]
    assert buckets.take("b").left == 59
    now = 2.0
    assert [buckets.take("a").wait for _ in range(3)] == [0, 0, 1]
    now = 1000.0
    assert buckets.take("a").left == 59


async def test_lists_are_walked_page_by_page(office: Office) -> None:
    async with await office.token("register", channel="TECH") as program:
        made = [(await program.post(BASE, json=body(100 + n))).json()["number"] for n in range(5)]
        seen: list[str] = []
        path: str | None = f"{BASE}?limit=2"
        while path:
            answer = await program.get(path)
            seen += [r["number"] for r in answer.json()["registrations"]]
            path = answer.json()["next"]
            assert ("link" in answer.headers) == bool(path)
        assert seen == made
        for limit in ("0", "201", "x"):
            assert (await program.get(BASE, params={"limit": limit})).status_code == 422
    async with await office.token("read") as reader:
        for name, key in (("entries", "entries"), ("log", None), ("windows", None), ("next", None), ("notices", None)):
            pages, at = 0, f"/api/seasons/{SEASON}/{name}?limit=3&within=300d"
            ids: list[str] = []
            while at:
                answer = await reader.get(at)
                assert answer.status_code == 200, answer.text
                part = answer.json()[key] if key else answer.json()
                ids += [str(one) for one in part]
                link = answer.headers.get("link", "")
                at = link[1 : link.index(">")] if link else ""
                pages += 1
            whole = (await reader.get(f"/api/seasons/{SEASON}/{name}?limit=200&within=300d")).json()
            assert ids == [str(one) for one in (whole[key] if key else whole)], name
            assert pages > 1, name


async def test_grace_is_given_by_the_api_once_for_each_key(office: Office) -> None:
    path = f"/api/seasons/{SEASON}/entries/2024-EU-LH-0002/grace"
    closes = (
        await office.database.at_once("SELECT closes_at FROM windows WHERE id = :id", id=f"{SEASON}/EU/registration")
    )[0]
    async with await office.token("steer") as duty:
        why = {"reason": "a power cut", "by": "6h"}
        tried = await duty.post(path, json=why, params={"dry_run": True})
        assert tried.status_code == 200, tried.text
        done = await duty.post(path, json=why, headers={"Idempotency-Key": "grace-1"})
        again = await duty.post(path, json=why, headers={"Idempotency-Key": "grace-1"})
        assert again.json() == done.json()
        assert done.json()["closes_at"] == (closes["closes_at"] + timedelta(hours=6)).isoformat().replace("+00:00", "Z")
        assert (await duty.post(path, json={"by": "6h"})).json()["code"] == "command.no_reason"
    given = await office.database.at_once("SELECT count(*) AS n FROM graces")
    assert given[0]["n"] == 1


async def test_what_no_database_can_keep_is_refused_and_an_impossible_method_says_which_are_possible(
    office: Office,
) -> None:
    async with await office.token("register", channel="TECH") as program:
        nul = await program.post(BASE, json=body(120, title="a\x00b"))
        assert (nul.status_code, nul.json()["code"]) == (422, "request.unstorable")
        path = (await program.post(BASE, json=body(121))).headers["location"]
        wrong = await program.request("DELETE", path)
        assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, PUT")
        assert wrong.headers["content-type"] == "application/problem+json"
