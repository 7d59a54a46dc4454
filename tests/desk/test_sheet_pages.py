"""Spreadsheets by the command and through the pages; and the lists that go out."""

from __future__ import annotations

import io
import json
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from desk.sheets.exporting import export
from models.errors import BadInput
from models.text import LANGUAGES
from records.database import Database
from records.lists import LISTS
from tests.desk.looks import shut_out
from tests.desk.test_access import House
from tests.desk.test_access import house as house
from tests.desk.test_cli import season as season
from tests.desk.test_pages_in_browser import address, chromium, open_browser
from tests.desk.test_sheets import everything, put, words
from tests.desk.town import SEASON

__all__ = ["address", "chromium", "house", "season"]


# Exports


async def test_every_list_opens_right_in_both_languages(town: Database, tmp_path: Path) -> None:
    await town.at_once("UPDATE entries SET title = '=HYPERLINK(\"http://x\")', organisation = '#N/A' WHERE id = 1")
    for name in LISTS:
        for language in LANGUAGES:
            rows = [
                await export(
                    town, SEASON, name, tmp_path / f"{name}-{language}.{form}", words(language), addresses=True
                )
                for form in ("xlsx", "csv")
            ]
            assert rows[0] == rows[1]
    content = (tmp_path / "entries-zh.csv").read_bytes()
    assert content.startswith("\ufeff编号,状态,".encode())
    assert b"\"'=HYPERLINK" in content
    sheet = load_workbook(tmp_path / "entries-zh.xlsx").active
    heads = {cell.value: n for n, cell in enumerate(sheet[1])}
    hostile = next(row for row in sheet.iter_rows(min_row=2) if str(row[heads["项目名称"]].value).startswith("="))
    assert (hostile[heads["项目名称"]].data_type, hostile[heads["项目名称"]].quotePrefix) == ("s", True)
    assert hostile[heads["单位"]].data_type == "s"
    at = hostile[heads["提交时间 (Asia/Shanghai)"]]
    kept = (await town.at_once("SELECT submitted_at FROM entries WHERE id = 1"))[0]["submitted_at"]
    assert at.is_date
    assert at.value.replace(tzinfo=UTC) - kept.replace(microsecond=0) == timedelta(hours=8)
    with pytest.raises(BadInput, match="neither"):
        await export(town, SEASON, "log", tmp_path / "log.pdf", words(), addresses=True)


async def test_addresses_go_out_to_operations_alone(house: House) -> None:
    for who, has in (("operations", True), ("support", False), ("organiser", False), ("read", False)):
        async with house.client(who) as client:
            for what in ("entries", "judges", "channels", "needs", "notices", "awards", "log"):
                answer = await client.get(f"/seasons/{SEASON}/export/{what}.csv?lang=zh")
                assert answer.status_code == 200
                if what in ("entries", "notices", "channels"):
                    assert ("@example.org" in answer.text) == has, (who, what)
                else:
                    assert has or "@example.org" not in answer.text


# The command


async def test_exit_codes_tell_good_from_bad_rows_and_from_no_sheet(
    season: Any, town: Database, tmp_path: Path
) -> None:
    made = await season("template", "judges", str(tmp_path / "j.xlsx"), "--lang", "zh")
    assert made.exit_code == 0
    assert load_workbook(tmp_path / "j.xlsx").worksheets[0]["A1"].value == "邮箱"
    good = put(tmp_path / "good.csv", [["Mail", "Name"], ["j@example.org", "Jo"]])
    bad = put(tmp_path / "bad.csv", [["Mail", "Name"], ["j", "Jo"], ["k@example.org", "Ka"]])
    tried = await season("import", "judges", str(good), "--dry-run", "--json")
    assert (tried.exit_code, json.loads(tried.stdout)["new"], (await everything(town))["judges"]) == (0, 1, 0)
    assert (await season("import", "judges", str(good))).exit_code == 0
    done = await season("import", "judges", str(bad), "--problems", str(tmp_path / "out.xlsx"), "--as", "staff/7")
    assert (done.exit_code, "A2" in done.stdout, (await everything(town))["judges"]) == (1, True, 2)
    assert load_workbook(tmp_path / "out.xlsx").active.max_row == 2
    said = json.loads((await season("import", "judges", str(bad), "--json", "--lang", "zh")).stdout)
    assert said["problems"][0] == {
        "cell": "A2", "row": 2, "field": "email", "value": "j", "code": "mail", "sentence": "“j”不是邮箱地址。",
        "remedy": "请填写一个邮箱，如 lin@example.org。",
    }  # fmt: skip
    none = await season("import", "judges", str(tmp_path / "none.xlsx"))
    assert (none.exit_code, "There is no file" in none.stderr) == (2, True)
    strange = await season("import", "entries", str(good))
    assert (strange.exit_code, "missing" in strange.stderr) == (2, True)
    out = await season("export", "log", str(tmp_path / "log.xlsx"), "--json")
    assert (out.exit_code, json.loads(out.stdout)["rows"]) == (0, (await everything(town))["log"])
    logged = (await season("log", "--lang", "zh")).stdout
    assert "导入表格（评委）共 2 行：新增 1、更改 0、无变化 0、有误 1。" in logged
    for command in ("template", "import", "export"):
        assert "Examples:" in (await season(command, "--help")).stdout


# The pages


async def test_an_upload_is_tried_shown_confirmed_and_done(house: House, tmp_path: Path) -> None:
    path = put(tmp_path / "j.xlsx", [["Mail", "Name", "Area"], ["j@example.org", "Jo", "EU"], ["k", "<b>Ka</b>", "SG"]])
    base = f"/seasons/{SEASON}/import"
    async with house.client("organiser") as client:
        assert 'value="needs"' not in (await client.get(f"{base}?lang=en")).text
        sent = await client.post(base, data={"kind": "judges"}, files={"file": ("j.xlsx", path.read_bytes())})
        assert sent.status_code == 303
        here = sent.headers["location"]
        page = (await client.get(f"{here}?lang=en")).text
        assert "Import (rows: 1)" in page, page
        assert "&#39;k&#39; is no mail address." in page
        assert (await everything(house.database))["judges"] == 0
        bad = await client.get(f"{here}/problems.csv?lang=zh")
        assert "A3: “k”不是邮箱地址。" in bad.text
        assert (await client.post(here)).headers["location"] == here
        assert "导入结果" in (await client.get(f"{here}?lang=zh")).text
        # Once more changes nothing.
        await client.post(here)
        template = await client.get(f"{base}/templates/entries.xlsx?lang=zh")
        assert load_workbook(io.BytesIO(template.content)).worksheets[0]["B1"].value == "赛区"
        assert (await client.get(f"{base}/templates/needs.csv")).status_code == 403
        empty = await client.post(base, data={"kind": "judges"}, files={"file": ("j.csv", b"")})
        assert "The file is empty." in (await client.get(f"{empty.headers['location']}?lang=en")).text
        unsent = await client.post(f"{base}?lang=zh", data={"kind": "judges"})
        assert (unsent.status_code, "请选择文件" in unsent.text) == (422, True)
    assert await house.database.at_once("SELECT area FROM judges") == [{"area": "EU"}]
    told = await house.database.at_once("SELECT actor FROM log WHERE event = 'sheet.imported'")
    assert [r["actor"].partition("/")[0] for r in told] == ["staff"]
    async with house.client("operations") as other:
        assert (await other.get(here)).status_code == 404


async def test_the_pages_of_an_import_shut_nobody_out(address: str, chromium: str, tmp_path: Path) -> None:
    path = put(tmp_path / "j.csv", [["Mail", "Name"], ["j@example.org", "Jo"], ["k" * 150, "Ka"]])
    wrong: list[str] = []
    async with open_browser(chromium) as browser:
        for language in ("zh", "en"):
            page = await browser.new_page(bypass_csp=True)
            await page.goto(f"{address}/seasons/{SEASON}/import?lang={language}")
            await page.locator("#kind").select_option("judges")
            await page.locator("#file").set_input_files(path)
            await page.locator("form.door button").click()
            await page.locator("form button.first").click() if language == "zh" else None
            await page.wait_for_selector("#h-problems")
            wrong += await shut_out(page)
    assert wrong == []
