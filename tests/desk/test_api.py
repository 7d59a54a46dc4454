"""The API: the same answers as the CLI, and problem+json with the same sentences."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from desk.api import create_app
from desk.client import Desk
from records.database import Database
from tests.desk.town import SEASON
from tests.seasons import small_file

WINDOW = f"{SEASON}/EU/screening"


async def test_every_question_is_answered(browser: httpx.AsyncClient) -> None:
    base = f"/api/seasons/{SEASON}"
    for path in ("/api/seasons", base, f"{base}/windows", f"{base}/entries", f"{base}/entries/2024-EU-LH-0001",
                 f"{base}/entries/2024-EU-LH-0001/life", f"{base}/log", f"{base}/next", f"{base}/notices"):  # fmt: skip
        answer = await browser.get(path)
        assert answer.status_code == 200, (path, answer.text)
        assert answer.json()


async def test_what_needs_attention_has_a_sentence_and_a_link(browser: httpx.AsyncClient) -> None:
    status = (await browser.get(f"/api/seasons/{SEASON}")).json()
    assert [c["code"] for c in status["concerns"]] == ["mail.failed", "screening.undecided"]
    assert status["concerns"][0]["sentence"]["zh"].startswith("1 封通知未能送达")
    assert status["concerns"][0]["link"] == f"/seasons/{SEASON}/notices?state=failed"


async def test_a_life_has_sentences_in_both_languages_and_three_clocks(browser: httpx.AsyncClient) -> None:
    life = (await browser.get(f"/api/seasons/{SEASON}/entries/2024-EU-LH-0001/life")).json()
    submitted = next(e for e in life["events"] if e["event"] == "entry.submitted")
    assert "submitted in time" in submitted["sentence"]["en"]
    assert "按时提交" in submitted["sentence"]["zh"]
    assert submitted["at"].endswith("Z")
    assert "Asia/Shanghai" in submitted["season_time"]
    assert "Europe/Brussels" in submitted["area_time"]


async def test_a_command_is_done_once_for_each_key(browser: httpx.AsyncClient, town: Database) -> None:
    body, head = {"reason": "many cases", "by": "1h"}, {"Idempotency-Key": "key-1"}
    first = await browser.post(f"/api/windows/{WINDOW}/extend", json=body, headers=head)
    again = await browser.post(f"/api/windows/{WINDOW}/extend", json=body, headers=head)
    assert (first.json()["done"], first.headers.get("idempotency-replayed")) == ("window.extended", None)
    assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")
    # Where the answer was lost in a crash the act was not: its id is in the log.
    await town.at_once("DELETE FROM known_requests")
    late = await browser.post(f"/api/windows/{WINDOW}/extend", json=body, headers=head)
    assert (late.json()["repeated"], late.json()["closes_at"]) == (True, first.json()["closes_at"])


async def test_a_dry_run_changes_nothing(browser: httpx.AsyncClient) -> None:
    before = (await browser.get(f"/api/seasons/{SEASON}/log")).json()
    for path in (f"/api/windows/{WINDOW}/close", f"/api/seasons/{SEASON}/cancel"):
        assert (await browser.post(path, params={"dry_run": True}, json={"reason": "x"})).status_code == 200
    assert (await browser.get(f"/api/seasons/{SEASON}/log")).json() == before


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        (f"/api/windows/{SEASON}/EU/registration/extend", {"reason": "x", "by": "1d"}, 409, "window.closed"),
        ("/api/windows/nowhere/x/extend", {"reason": "x", "by": "1d"}, 404, "window.unknown"),
        (f"/api/windows/{WINDOW}/extend", {"by": "1d"}, 422, "command.no_reason"),
        (f"/api/windows/{WINDOW}/extend", {"reason": "x"}, 422, "command.when"),
        (f"/api/windows/{WINDOW}/extend", {"reason": "x", "until": "2030-01-01T00:00:00"}, 422, "request.unreadable"),
        (f"/api/windows/{WINDOW}/dance", {"reason": "x"}, 404, "request.not_found"),
        (f"/api/seasons/{SEASON}/resume", {"reason": "x"}, 409, "season.not_paused"),
    ],
)
async def test_a_refusal_is_problem_json(
    browser: httpx.AsyncClient, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    answer = await browser.post(path, json=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code
    assert answer.json()["detail"]


async def test_a_naive_instant_is_refused_with_the_remedy_in_the_sentence(browser: httpx.AsyncClient) -> None:
    answer = await browser.post(f"/api/windows/{WINDOW}/extend", json={"reason": "x", "until": "2030-01-01T00:00:00"})
    assert answer.json()["detail"].startswith("until: 2030-01-01T00:00:00 has no time zone")


async def test_a_stage_is_extended_in_every_area(browser: httpx.AsyncClient) -> None:
    answer = await browser.post(f"/api/seasons/{SEASON}/stages/screening/extend", json={"reason": "x", "by": "1h"})
    assert len(answer.json()["done"]) == 2
    closed = await browser.post(f"/api/seasons/{SEASON}/stages/registration/extend", json={"reason": "x", "by": "1h"})
    assert {r["code"] for r in closed.json()["refused"]} == {"window.closed"}


async def test_a_season_is_started_from_its_file(browser: httpx.AsyncClient) -> None:
    body = {"file": small_file().model_dump(mode="json"), "id": "second", "open_now": True, "day": "2s"}
    assert (await browser.post("/api/seasons", json=body)).json() == {
        "season": "second", "new": True, "windows": 14, "dry_run": False,
    }  # fmt: skip
    assert (await browser.post("/api/seasons", json=body)).json()["new"] is False


async def test_a_season_file_with_an_error_starts_no_season(browser: httpx.AsyncClient) -> None:
    file = small_file().model_dump(mode="json")
    file["areas"][0]["zone"] = "Europe/Nowhere"
    answer = await browser.post("/api/seasons", json={"file": file, "id": "third"})
    assert (answer.status_code, answer.json()["code"]) == (422, "season_file.wrong")
    assert "Europe/Nowhere" in answer.json()["detail"]
    assert (await browser.get("/api/seasons/third")).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
async def test_another_site_cannot_act(browser: httpx.AsyncClient, headers: dict[str, str]) -> None:
    for path in (f"/api/windows/{WINDOW}/close", f"/windows/{WINDOW}", f"/seasons/{SEASON}/cancel"):
        answer = await browser.post(path, json={"reason": "x"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (409, "request.foreign")


async def test_the_description_is_complete_and_has_examples(browser: httpx.AsyncClient) -> None:
    described = (await browser.get("/api/openapi.json")).json()
    for path, methods in described["paths"].items():
        for method in methods.values():
            assert method.get("summary"), path
    assert described["components"]["schemas"]["Why"]["examples"]


async def test_without_its_database_the_api_says_so() -> None:
    app = create_app(Desk(Database("postgresql+asyncpg://nobody@127.0.0.1:1/none"), None))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://testserver") as client:
        answer = await client.get("/api/seasons")
        assert (answer.status_code, answer.json()["code"]) == (503, "database.unreachable")
        health = await client.get("/health")
        assert (health.status_code, health.json()["ok"]) == (200, False)
