"""How notices read, at the desk: with the values of a real entry or with invented ones, as text and as they look."""

from __future__ import annotations

import json
from typing import Any

import httpx

from records.database import Database
from tests.desk.test_cli import season as season
from tests.desk.town import SEASON

PAGE = f"/seasons/{SEASON}/notices/templates"


async def test_the_command_shows_a_notice_with_the_values_of_an_entry(
    season: Any, town: Database, tmp_path: Any
) -> None:
    (entry,) = await town.at_once(
        "SELECT e.number, e.title, p.name FROM entries e JOIN people p ON p.id = e.applicant_id WHERE e.title <> '' LIMIT 1"
    )
    page = tmp_path / "mail.html"
    done = await season("notices", "preview", "draft_reminder", SEASON, "--to", entry["number"], "--html", str(page))
    assert done.exit_code == 0, done.stderr
    assert entry["title"] in done.stdout
    assert entry["name"] in done.stdout
    assert entry["number"] in done.stdout
    assert entry["title"] in page.read_text(encoding="utf-8")
    chinese = json.loads((await season("notices", "preview", "award_result", "--lang", "zh", "--json")).stdout)
    assert "一等奖" in chinese["body"]
    assert "data" not in chinese["invented"]
    assert "prize" in chinese["invented"]
    listed = json.loads((await season("notices", "templates", "--json")).stdout)
    assert {"receipt", "escalation"} <= {one["template"] for one in listed}
    wrong = await season("notices", "preview", "draft_remind")
    assert (wrong.exit_code, "'draft_remind' is no notice" in wrong.stderr) == (2, True)
    nobody = await season("notices", "preview", "receipt", "--to", "2024-XX-0001")
    assert (nobody.exit_code, "2024-XX-0001" in nobody.stderr) == (1, True)
    unwritable = await season("notices", "preview", "receipt", "--html", str(tmp_path / "no" / "mail.html"))
    assert (unwritable.exit_code, "--html" in unwritable.stderr) == (2, True)


async def test_the_pages_show_every_notice_in_both_languages(browser: httpx.AsyncClient, town: Database) -> None:
    listed = await browser.get(PAGE)
    assert listed.status_code == 200
    assert listed.text.count("/notices/templates/") > 40
    (entry,) = await town.at_once("SELECT number, title FROM entries WHERE title <> '' LIMIT 1")
    shown = await browser.get(f"{PAGE}/receipt", params={"entry": entry["number"]})
    assert shown.status_code == 200
    assert shown.text.count("<iframe") == 2
    assert entry["number"] in shown.text
    assert "尊敬的" in shown.text or "您好" in shown.text
    unknown = await browser.get(f"{PAGE}/receipt", params={"entry": "nobody"})
    assert (unknown.status_code, "nobody" in unknown.text) == (404, True)
    assert (await browser.get(f"{PAGE}/nonsense")).status_code in (400, 404, 422)
    html = await browser.get(f"{PAGE}/receipt/zh/html")
    assert "sandbox" in html.headers["content-security-policy"]
    assert 'lang="zh-CN"' in html.text
    assert (await browser.get(f"{PAGE}/receipt/xx/html")).status_code in (400, 422)
