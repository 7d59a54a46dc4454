"""Webhooks and reports of bounces at the desk: the command, the API and the page."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from desk.access import Entrance
from desk.api import create_app
from desk.client import Desk
from desk.console import add_console
from notices.message import message_id
from notices.webhooks import HttpWebhooks
from records import access
from records.database import Database
from tests.desk.test_cli import season as season
from tests.desk.town import SEASON
from tests.endpoint import Endpoint, listening

HOOKS = f"/api/seasons/{SEASON}/hooks"
EVENTS = f"/api/seasons/{SEASON}/hook-events"


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with listening() as found:
        yield found


@pytest.fixture
async def private(town: Database, tmp_path: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an open desk that lets webhooks go to this machine."""
    app = create_app(desk := Desk(town, None), webhooks=HttpWebhooks(private=True, timeout=10))
    add_console(app, desk, mail=tmp_path)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://testserver") as client:
        yield client


async def test_the_command_adds_tests_renews_shows_and_removes(
    season: Any, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = await season("hooks", "add", "--url", endpoint.url, "--events", "closings")
    assert (refused.exit_code, "is not https" in refused.stderr) == (2, True)
    monkeypatch.setenv("SEASON_HOOKS_PRIVATE", "true")
    unknown = await season("hooks", "add", "--url", endpoint.url, "--events", "closings,nonsense")
    assert (unknown.exit_code, "'nonsense' is no kind of event" in unknown.stderr) == (2, True)
    added = await season("hooks", "add", "--url", endpoint.url, "--events", "closings", "--area", "EU", "--json")
    made = json.loads(added.stdout)
    tested = await season("hooks", "test", str(made["hook"]))
    assert (tested.exit_code, "The test was taken: 204" in tested.stdout) == (0, True)
    assert len(endpoint.verified(made["secret"])) == 1
    assert endpoint.bodies()[0]["type"] == "hook.tested"
    endpoint.answers = [500]
    failed = await season("hooks", "test", str(made["hook"]), "--lang", "zh")
    assert (failed.exit_code, "测试事件未被接收：500" in failed.stderr) == (1, True)
    listed = json.loads((await season("hooks", "list", "--json")).stdout)
    assert [(one["url"], one["events"], one["area"], one["sent"]) for one in listed] == [
        (endpoint.url, ["closings"], "EU", 1)
    ]
    assert made["secret"] not in str(listed)
    assert "1 waiting, 1 sent, 0 failed" in (await season("hooks", "list")).stdout
    told = json.loads((await season("hooks", "log", "--state", "queued", "--json")).stdout)
    assert [(one["event"], one["status"]) for one in told] == [("hook.tested", 500)]
    assert "will" not in (await season("hooks", "retry", str(told[0]["id"]))).stderr
    assert (await season("hooks", "retry", "4711")).exit_code == 1
    renewed = await season("hooks", "rotate", str(made["hook"]))
    assert "whsec_" in renewed.stdout
    assert made["secret"] not in renewed.stdout
    assert "hook.tested" in (await season("hooks", "log")).stdout
    assert (await season("hooks", "remove", str(made["hook"]))).exit_code == 0
    assert (await season("hooks", "remove", str(made["hook"]))).exit_code == 1
    assert "No webhook yet." in (await season("hooks", "list")).stdout
    assert "Webhook 1 was removed." in (await season("log", SEASON)).stdout


async def test_the_api_does_the_same_and_keeps_no_secret_for_a_repeat(
    private: httpx.AsyncClient, town: Database, endpoint: Endpoint
) -> None:
    body = {"url": endpoint.url, "events": ["all"]}
    made = await private.post(HOOKS, json=body, headers={"Idempotency-Key": "one"})
    assert made.status_code == 200, made.text
    secret = made.json()["secret"]
    assert (await private.post(HOOKS, json=body, headers={"Idempotency-Key": "one"})).status_code == 409
    assert await town.at_once("SELECT key FROM known_requests") == []
    number = made.json()["hook"]
    told = await private.post(f"{HOOKS}/{number}/test")
    assert (told.json()["state"], told.json()["status"]) == ("sent", 204)
    assert len(endpoint.verified(secret)) == 1
    renewed = (await private.post(f"{HOOKS}/{number}/rotate")).json()
    [shown] = (await private.get(HOOKS)).json()
    assert shown["renewing_until"] is not None
    assert "secret" not in shown
    [event] = (await private.get(EVENTS, params={"hook": number})).json()
    again = await private.post(f"{EVENTS}/{event['id']}/retry")
    assert (again.status_code, again.json()["code"]) == (409, "hook.arrived")
    assert secret not in json.dumps([shown, event, renewed])
    other = await private.post("/api/seasons/nowhere/hooks", json=body)
    assert other.status_code == 404
    assert (await private.delete(f"{HOOKS}/{number}")).json() == {"hook": number, "removed": True}
    assert (await private.delete(f"{HOOKS}/{number}")).status_code == 404


async def test_the_page_shows_a_secret_once_and_what_became_of_each_event(
    private: httpx.AsyncClient, endpoint: Endpoint
) -> None:
    page = f"/seasons/{SEASON}/hooks"
    form = {"act": "add", "url": endpoint.url, "area": "EU", "kind": ["closings", "bounces"]}
    without = await private.post(page, data={**form, "kind": []})
    assert (without.status_code, "Tick one kind" in without.text, endpoint.url in without.text) == (422, True, True)
    added = await private.post(page, data=form)
    assert added.status_code == 200
    assert "whsec_" in added.text
    assert added.headers["cache-control"] == "no-store"
    shown = await private.get(f"{page}?lang=zh")
    assert "whsec_" not in shown.text
    assert "窗口截止" in shown.text
    endpoint.answers = [(500, {}, b"<b>not now</b>")]
    tested = await private.post(page, data={"act": "test", "id": "1"})
    assert "&lt;b&gt;not now&lt;/b&gt;" in tested.text
    assert "<b>not now" not in tested.text
    assert (await private.post(page, data={"act": "remove", "id": "nonsense"})).status_code == 422
    assert (await private.post(page, data={"act": "remove", "id": "9"})).status_code == 404
    removed = await private.post(page, data={"act": "remove", "id": "1"})
    assert endpoint.url not in removed.text


async def test_a_desk_that_may_not_reach_this_machine_refuses_such_an_address(
    browser: httpx.AsyncClient, endpoint: Endpoint
) -> None:
    for url in (endpoint.url, "https://127.0.0.1/x", "https://localhost/"):
        answer = await browser.post(HOOKS, json={"url": url, "events": ["all"]})
        assert answer.status_code == 422
        page = await browser.post(f"/seasons/{SEASON}/hooks", data={"act": "add", "url": url, "kind": "closings"})
        assert page.status_code == 422
    assert endpoint.came == []


async def test_a_provider_reports_bounces_by_token_and_nobody_else_does(town: Database) -> None:
    sender = "Season office <office@season.example.org>"
    app = create_app(Desk(town, None), entrance=Entrance(False, sender=sender))
    [sent] = await town.at_once(
        """SELECT d.campaign_id, d.person_id, d.subject, p.email FROM deliveries d JOIN people p ON p.id = d.person_id
           WHERE d.state = 'sent' AND d.campaign_id LIKE '%receipt' ORDER BY d.person_id LIMIT 1"""
    )
    mail = message_id(SEASON, sent["campaign_id"], sent["person_id"], sent["subject"], "season.example.org")
    facts = {"message_id": mail, "recipient": sent["email"].upper(), "action": "failed", "status": "5.1.1"}
    body = {"reports": [{**facts, "diagnostic": f"550 5.1.1 <{sent['email']}> unknown"}]}
    tokens = {scope: (await access.make_token(town, scope, [scope]))[1] for scope in ("bounces", "read", "steer")}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="https://testserver") as client:

        async def call(method: str, scope: str, **more: Any) -> httpx.Response:
            head = {"Authorization": f"Bearer {tokens[scope]}"} if scope else {}
            return await client.request(method, "/api/bounces", headers=head, **more)

        assert [(await call("POST", who, json=body)).status_code for who in ("", "read", "steer")] == [401, 403, 403]
        assert (await call("GET", "bounces")).status_code == 403
        unknown = {**body["reports"][0], "message_id": "<x@y>"}
        both = await call("POST", "bounces", json={"reports": [body["reports"][0], unknown]})
        assert both.json() == {"outcomes": ["matched", "unknown"]}
        assert (await call("POST", "bounces", json=body)).json() == {"outcomes": ["known"]}
        for wrong in ({"action": "danced"}, {"status": "nonsense"}, {"message_id": "x"}, {"diagnostic": "\x00" * 3000}):
            refused = await call("POST", "bounces", json={"reports": [{**facts, **wrong}]})
            assert refused.status_code == 422
        listed = (await call("GET", "read")).json()
        assert [(one["outcome"], one["source"], one["kind"]) for one in reversed(listed)] == [
            ("matched", "api", "no_such_address"), ("unknown", "api", "no_such_address"),
        ]  # fmt: skip
        assert sent["email"] not in json.dumps(listed)
    found = await town.at_once(
        "SELECT d.state, d.answer, p.bounced_at IS NOT NULL AS gone FROM deliveries d JOIN people p ON p.id = d.person_id"
        " WHERE d.campaign_id = :c AND d.person_id = :p AND d.subject = :s",
        c=sent["campaign_id"],
        p=sent["person_id"],
        s=sent["subject"],
    )
    assert found == [
        {"state": "failed", "answer": "came back: 550 5.1.1 <…> unknown; accepted before with: 250 OK", "gone": True}
    ]


async def test_reports_are_listed_and_a_correction_says_how_many_notices_go_out_anew(
    season: Any, town: Database
) -> None:
    assert "No report has come in." in (await season("notices", "bounces")).stdout
    await town.at_once(
        """INSERT INTO bounce_reports (received_at, source, digest, outcome, action, status, diagnostic)
           VALUES (clock_timestamp(), 'mailbox', 'x', 'unknown', 'failed', '5.1.1', '550 no such user')"""
    )
    assert "about no notice of ours" in (await season("notices", "bounces")).stdout
    assert "与本系统通知不符" in (await season("notices", "bounces", "--lang", "zh")).stdout
    assert json.loads((await season("notices", "bounces", "--outcome", "matched", "--json")).stdout) == []
    await town.at_once("UPDATE people SET bounced_at = clock_timestamp() WHERE email = 'applicant-1@example.org'")
    await town.at_once(
        """UPDATE deliveries SET state = 'skipped', answer = 'not sent: the address bounced on 2024-05-08'
           WHERE person_id = (SELECT id FROM people WHERE email = 'applicant-1@example.org')"""
    )
    [person] = await town.at_once("SELECT id FROM people WHERE email = 'applicant-1@example.org'")
    done = await season(
        "notices", "address", "--person", str(person["id"]), "--email", "one@example.org", "--reason", "told"
    )
    assert "notices that the bounce had kept from them are sent anew." in done.stdout
