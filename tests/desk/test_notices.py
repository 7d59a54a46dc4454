"""Mail held and released, campaigns, the outbox and test mails at the desk: the command, the API and the pages."""

from __future__ import annotations

import json
from email import message_from_bytes
from email.policy import default
from typing import Any

import httpx
import pytest

from notices.message import message_id
from notices.own_answers import DISCARDED
from records import campaigns, outbox
from records.campaigns import Recipient
from records.database import Database
from tests.desk.test_cli import season as season
from tests.desk.town import SEASON
from tests.smtp_server import serving

MANY = f"{SEASON}/many"
PAGE = f"/seasons/{SEASON}/notices"


async def waits(town: Database) -> list[int]:
    """A campaign to two people that waits in the outbox; who they are."""
    found = await town.at_once("SELECT id, language FROM people ORDER BY id LIMIT 2")
    async with town.transaction() as connection:
        told = [Recipient(row["id"], row["language"]) for row in found]
        await campaigns.plan(connection, MANY, SEASON, "season_cancelled", told, any_hour=True)
        await outbox.keep(connection, MANY)
    return [row["id"] for row in found]


async def test_the_command_holds_shows_edits_sends_and_releases(season: Any, town: Database, tmp_path: Any) -> None:
    first, second = await waits(town)
    without = await season("notices", "hold", SEASON)
    assert (without.exit_code, "reason: it is empty" in without.stderr) == (2, True)
    both = await season("notices", "hold", SEASON, "--all", "--reason", "x")
    assert both.exit_code == 2
    held = await season("notices", "hold", "--all", "--reason", "wrong date", "--json")
    assert json.loads(held.stdout)["changed"] is True
    assert "held" in (await season("status", SEASON)).stdout
    [waiting] = json.loads((await season("notices", "outbox", "--json")).stdout)
    assert (waiting["id"], waiting["outbox"]) == (MANY, 2)
    text = tmp_path / "own.txt"
    text.write_text("Only for you.\n", "utf-8")
    edited = await season(
        "notices", "edit", MANY, "--person", str(first), "--mail-subject", "Yours", "--body-file", str(text)
    )
    assert edited.exit_code == 0, edited.stderr
    shown = json.loads((await season("notices", "read", MANY, "--person", str(first), "--json")).stdout)
    assert shown == {"subject": "Yours", "body": "Only for you.\n"}
    assert (await season("notices", "discard", MANY, "--person", str(second))).exit_code == 0
    sent = await season("notices", "send", MANY, "--lang", "zh")
    assert (sent.exit_code, "已放行 1 封邮件" in sent.stdout) == (0, True)
    again = await season("notices", "send", MANY)
    assert (again.exit_code, "does not wait in the outbox" in again.stderr) == (1, True)
    assert "Nothing waits in the outbox." in (await season("notices", "outbox")).stdout
    detail = json.loads((await season("notices", "show", MANY, "--json")).stdout)
    assert (detail["waiting"], detail["skipped"], detail["state"]) == (1, 1, "released")
    assert DISCARDED.en in (await season("notices", "show", MANY)).stdout
    assert DISCARDED.zh in (await season("notices", "show", MANY, "--lang", "zh")).stdout
    assert MANY in (await season("notices", "campaigns")).stdout
    everything = json.loads((await season("notices", "person", str(first), "--json")).stdout)
    assert MANY in {one["campaign"] for one in everything}
    assert (await season("notices", "person", "4711")).exit_code == 1
    assert (await season("notices", "show", "nowhere")).exit_code == 1
    assert "still useful" in (await season("notices", "release", "--all", "--reason", "done")).stdout
    log = (await season("log", SEASON)).stdout
    for sentence in (
        "Outgoing mail is held",
        "Outgoing mail is released",
        "sent from the outbox",
        "was edited",
        "left out",
    ):
        assert sentence in log


async def test_a_test_mail_goes_through_the_real_server_and_is_nobodys_delivery(
    season: Any, town: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await town.at_once("SELECT count(*) AS n FROM deliveries")
    async with serving() as server:
        monkeypatch.setenv("SEASON_SMTP_HOST", "127.0.0.1")
        monkeypatch.setenv("SEASON_SMTP_PORT", str(server.port))
        done = await season("notices", "test", "draft_reminder", "--to", "me@example.org", "--lang", "zh")
        assert (done.exit_code, "测试邮件" in done.stdout) == (0, True), done.stderr
        for wrong in (("nonsense", "--to", "me@example.org"), ("draft_reminder", "--to", "nobody")):
            assert (await season("notices", "test", *wrong)).exit_code == 2
    [(_, to, raw)] = server.mails
    assert to == ["me@example.org"]
    assert message_from_bytes(raw, policy=default)["subject"].startswith("[测试] ")
    assert await town.at_once("SELECT count(*) AS n FROM deliveries") == before
    [line] = await town.at_once("SELECT data, person_id FROM log WHERE event = 'notices.tested'")
    assert line == {"data": {"notice": "draft_reminder", "language": "zh"}, "person_id": None}


async def test_the_api_holds_tells_and_sends_once(browser: httpx.AsyncClient, town: Database) -> None:
    first, _ = await waits(town)
    base = f"/api/seasons/{SEASON}"
    assert (await browser.post(f"{base}/hold", json={})).json()["code"] == "reason.missing"
    assert (await browser.post(f"{base}/hold", json={"reason": "x"})).json()["changed"] is True
    assert [one["reason"] for one in (await browser.get(f"{base}/hold")).json()] == ["x"]
    assert (await browser.post("/api/release", json={"reason": "y"})).json()["changed"] is False
    assert (await browser.post(f"{base}/release", json={"reason": "y"})).json()["changed"] is True
    assert [one["id"] for one in (await browser.get(f"{base}/campaigns?state=waiting")).json()] == [MANY]
    sent = await browser.post(f"{base}/campaigns/{MANY}/send")
    assert sent.json() == {"campaign": MANY, "count": 2}
    assert (await browser.post(f"{base}/campaigns/{MANY}/send")).status_code == 409
    assert (await browser.post(f"{base}/campaigns/{MANY}/discard", json={})).status_code == 409
    assert (await browser.get(f"{base}/campaigns/{MANY}")).json()["waiting"] == 2
    assert (await browser.get(f"{base}/campaigns/none")).status_code == 404
    told = (await browser.get(f"{base}/people/{first}/notices")).json()
    assert MANY in {one["campaign"] for one in told}
    assert "@" not in json.dumps((await browser.get(f"{base}/campaigns/{SEASON}/receipt")).json()["answers"])


async def test_the_api_lists_reads_edits_and_leaves_out_mails_of_a_campaign_that_waits(
    browser: httpx.AsyncClient, town: Database
) -> None:
    first, second = await waits(town)
    mails = f"/api/seasons/{SEASON}/campaigns/{MANY}/mails"
    listed = await browser.get(f"{mails}?limit=1")
    assert [(one["person"], one["state"], one["edited"]) for one in listed.json()] == [(first, "outbox", False)]
    [(person)] = [one["person"] for one in (await browser.get(listed.links["next"]["url"])).json()]
    assert person == second
    by_template = (await browser.get(f"{mails}/{first}")).json()
    assert (by_template["person"], "cancelled" in by_template["body"]) == (first, True)
    own = {"subject": "Yours", "body": "Only for you.\n"}
    edited = await browser.put(f"{mails}/{first}", json=own)
    assert edited.json() == (await browser.get(f"{mails}/{first}")).json() == by_template | own
    empty = await browser.put(f"{mails}/{second}", json={"subject": " ", "body": "x"})
    assert (empty.status_code, empty.json()["code"]) == (422, "outbox.words")
    assert (await browser.delete(f"{mails}/{second}")).json() == {"campaign": MANY, "count": 1}
    for late in (await browser.delete(f"{mails}/{second}"), await browser.put(f"{mails}/{second}", json=own)):
        assert (late.status_code, late.json()["code"]) == (409, "outbox.not_waiting")
    assert (await browser.post(f"/api/seasons/{SEASON}/campaigns/{MANY}/send")).json()["count"] == 1
    assert (await browser.put(f"{mails}/{first}", json=own)).status_code == 409
    for unknown in (f"{mails}/{2**40}", f"{mails}/{first}?about=x", f"/api/seasons/{SEASON}/campaigns/none/mails"):
        assert (await browser.get(unknown)).status_code == 404


async def test_the_pages_hold_and_release_with_a_tick_and_send_from_the_outbox(
    browser: httpx.AsyncClient, town: Database
) -> None:
    first, second = await waits(town)
    untold = await browser.post(PAGE, data={"act": "hold", "reason": "wrong date"})
    assert (untold.status_code, "Tick the box" in untold.text, "wrong date" in untold.text) == (422, True, True)
    form = {"act": "hold", "reason": "wrong date", "sure": "1"}
    held = await browser.post(PAGE, data=form, follow_redirects=True)
    assert "Mail of this season is held since" in held.text
    assert "Links that sign people in still go out." in held.text
    assert "邮件自" in (await browser.get(f"/seasons/{SEASON}?lang=zh")).text
    campaign = f"{PAGE}/campaigns/{MANY}"
    assert MANY in (await browser.get(f"{PAGE}/campaigns?lang=en")).text
    mail = await browser.get(f"{campaign}?person={first}")
    assert "<textarea" in mail.text
    words = {"act": "edit", "person": str(first), "about": "", "subject": "Yours <b>", "body": "Only for you."}
    edited = await browser.post(campaign, data=words, follow_redirects=True)
    assert "Yours &lt;b&gt;" in edited.text
    empty = await browser.post(campaign, data={**words, "subject": " "})
    assert (empty.status_code, "Only for you." in empty.text) == (422, True)
    left = await browser.post(campaign, data={"act": "leave_out", "person": str(second)}, follow_redirects=True)
    assert f"The mail to person {second} is not sent." in left.text
    sent = await browser.post(campaign, data={"act": "send", "sure": "1"}, follow_redirects=True)
    assert "Mails released: 1." in sent.text
    assert (await browser.post(campaign, data={"act": "send", "sure": "1"})).status_code == 409
    assert "<textarea" not in (await browser.get(f"{campaign}?person={first}")).text
    over_time = await browser.get(f"{PAGE}/campaigns/{SEASON}/receipt")
    assert "<svg" in over_time.text
    assert 'class="bar open"' in over_time.text
    released = await browser.post(PAGE, data={**form, "act": "release"}, follow_redirects=True)
    assert "Mail is released" in released.text
    assert "season notices release" not in released.text
    assert "cancelled" in (await browser.get(f"{PAGE}/people/{first}")).text
    assert f"/notices/people/{first}" in (await browser.get(PAGE)).text
    person = await town.at_once("SELECT applicant_id AS id FROM entries WHERE number = '2024-EU-LH-0001'")
    entry = await browser.get(f"/seasons/{SEASON}/entries/2024-EU-LH-0001")
    assert f"/notices/people/{person[0]['id']}" in entry.text


async def test_a_page_lists_what_mail_servers_sent_back_and_what_became_of_it(
    browser: httpx.AsyncClient, town: Database
) -> None:
    page = f"{PAGE}/bounces"
    assert "No report has come in." in (await browser.get(f"{page}?lang=en")).text
    [sent] = await town.at_once(
        """SELECT d.person_id, d.subject, p.email FROM deliveries d JOIN people p ON p.id = d.person_id
           WHERE d.state = 'sent' AND d.campaign_id LIKE '%receipt' ORDER BY d.person_id LIMIT 1"""
    )
    mail = message_id(SEASON, f"{SEASON}/receipt", sent["person_id"], sent["subject"], "localhost", town.seal.proof)
    report = {"message_id": mail, "recipient": sent["email"], "action": "failed", "status": "5.1.1"}
    others = [{**report, "message_id": f"<{n}@elsewhere.org>", "diagnostic": f"no {n}<b>"} for n in range(50)]
    for part in ([report, *others[:20]], others[20:]):
        assert (await browser.post("/api/bounces", json={"reports": part})).status_code == 200
    shown = (await browser.get(page)).text
    assert "no 49&lt;b&gt;" in shown
    assert 'rel="next"' in shown
    oldest = (await browser.get(f"{page}?page=2&lang=zh")).text
    assert ("邮箱不存在" in oldest, "与本系统通知相符" in oldest) == (True, True)
    assert f"/notices/people/{sent['person_id']}" in oldest
    matched = (await browser.get(f"{page}?outcome=matched&lang=en")).text
    assert (f"{SEASON}/receipt" in matched, "elsewhere" in matched, "no 49" in matched) == (True, False, False)
    assert (await browser.get(f"{page}?outcome=nonsense")).status_code == 422
    assert f"{page}" in (await browser.get(PAGE)).text
