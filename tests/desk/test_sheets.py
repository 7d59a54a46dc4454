"""Spreadsheets in and out: templates, every kind of row, and files that are none."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from desk.labels import LABELS
from desk.sheets.columns import COLUMNS, KINDS, SheetKind
from desk.sheets.exporting import export
from desk.sheets.importing import Report, import_sheet
from desk.sheets.reading import open_sheet
from desk.sheets.telling import report_json, write_problems
from desk.sheets.template import write_template
from desk.sheets.writing import Sheet, disarmed, guarded
from desk.words import Words
from models.errors import BadInput, Refused
from models.forms import ChannelForm, PersonForm
from models.text import LANGUAGES, Language
from records import channels, entries, imports
from records.database import Database, at_instant
from tests.desk.town import SEASON
from tests.seasons import begin, entry_form, small_file

FILE = small_file()
OPENED = datetime(2024, 4, 20, tzinfo=UTC)
LONG = "极" * 200


def words(language: Language = "en") -> Words:
    return Words(language, FILE)


@pytest.fixture
async def small(database: Database) -> Database:
    """The small season, its registration open since yesterday, with a channel that may recommend two."""
    await begin(database, datetime.now(UTC) - timedelta(days=1), open_now=True)
    contact = PersonForm(email="contact@example.org", name="Contact")
    await channels.add_channel(database, SEASON, ChannelForm(code="INNO", name="Innovation", contact=contact, quota=2))
    return database


def put(path: Path, rows: Sequence[Sequence[Any]]) -> Path:
    """A sheet with these rows, as a person would have saved it."""
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
        return path
    book = Workbook()
    for row in rows:
        book.active.append(list(row))
    book.save(path)
    return path


HEADS = ["Title", "Area", "Track", "Applicant", "Applicant's mail"]


def entry_row(number: int, **more: str) -> list[str]:
    row = {
        "title": f"Project {number}",
        "area": "EU",
        "track": "LH",
        "name": "Lin",
        "mail": f"lin-{number}@example.org",
    }
    return list({**row, **more}.values())


async def bring(database: Database, path: Path, kind: SheetKind = "entries", **more: Any) -> Report:
    return await import_sheet(database, SEASON, kind, path, actor="ops/lin", **more)


def cells(report: Report) -> dict[str, str]:
    """What is wrong, by cell."""
    return {p.cell: p.code.removeprefix("sheet_bad_") for p in report.problems}


async def everything(database: Database) -> dict[str, Any]:
    """How many rows each table has."""
    tables = await database.at_once("SELECT tablename AS t FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return {r["t"]: (await database.at_once(f"SELECT count(*) AS n FROM {r['t']}"))[0]["n"] for r in tables}


# Templates


def filled_in(path: Path, kind: SheetKind, language: Language, number: int) -> None:
    """The template at `path` with its example as a row of its own, of a person and title of its own."""
    example = {c.name: c.example.in_language(language) for c in COLUMNS[kind]}
    asked = {"area": ("Europe", "欧洲"), "track": ("Life and Health", "生命健康"), "fields": ("Medicine", "医药")}
    asked["tracks"] = asked["track"]
    example |= {name: both[language == "zh"] for name, both in asked.items() if name in example}
    key = {"entries": "reference", "channels": "code", "judges": "email", "needs": "title"}[kind]
    row = [f"x{number}-{text}" if name in (key, "title") else text for name, text in example.items()]
    if path.suffix == ".xlsx":
        book = load_workbook(path)
        book.worksheets[0].append(row)
        book.save(path)
        return
    text = path.read_text(encoding="utf-8-sig") + ",".join(f'"{cell}"' for cell in row) + "\r\n"
    path.write_text(text, encoding="gb18030" if "gb" in path.name else "utf-8-sig")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_template_that_is_filled_in_goes_in_and_its_example_does_not(
    small: Database, tmp_path: Path, kind: SheetKind
) -> None:
    forms = [(language, form) for language in LANGUAGES for form in ("xlsx", "csv", "gb.csv")]
    for number, (language, form) in enumerate(forms):
        path = tmp_path / f"{kind}-{language}.{form}"
        write_template(kind, path, FILE, words(language))
        assert (await bring(small, path, kind)).read == 0
        filled_in(path, kind, language, number)
        tried = await bring(small, path, kind, dry_run=True)
        report = await bring(small, path, kind)
        assert (tried.new, report.new, report.problems, report.extra) == (1, 1, [], ())
        assert (await bring(small, path, kind)).counts() == {"read": 1, "new": 0, "changed": 0, "known": 1, "bad": 0}
    # What goes out can come in again, in the other language too.
    for language in LANGUAGES:
        for out in (tmp_path / f"out-{language}.xlsx", tmp_path / f"out-{language}.csv"):
            assert await export(small, SEASON, kind, out, words(language), addresses=True) >= len(forms)
            again = await bring(small, out, kind)
            assert (again.new, again.changed, again.problems) == (0, 0, []), out
            assert again.known >= len(forms)


def test_a_template_offers_lists_and_explains_every_column(tmp_path: Path) -> None:
    write_template("entries", tmp_path / "t.xlsx", FILE, words("zh"))
    book = load_workbook(tmp_path / "t.xlsx")
    sheet, about = book.worksheets[:2]
    lists = {str(rule.sqref).partition("2:")[0]: rule.formula1 for rule in sheet.data_validations.dataValidation}
    heads = [cell.value for cell in sheet[1]]
    for head in ("赛区", "赛道", "负责人学历"):
        assert lists[sheet.cell(1, heads.index(head) + 1).column_letter].startswith("'_'!$")
    assert [row[0].value for row in about.iter_rows(min_row=2)] == heads
    assert about.cell(heads.index("赛区") + 2, 3).value == "EU = 欧洲\nSG = 新加坡"


# What is read, and what is refused


async def test_every_bad_cell_is_named_and_the_good_rows_go_in(small: Database, tmp_path: Path) -> None:
    heads = [*HEADS, "Fields", "Team", "Readiness", "Channel", "Shoe size", "Country", "Leader's degree"]
    path = put(
        tmp_path / "e.xlsx",
        [
            heads,
            [*entry_row(1), "Medicine", "Ana <ana@example.org>", 7, "INNO", 44, "cn", "硕士"],
            [*entry_row(2, area="Mars", mail="nobody"), "Rockets", "Ana", 10, "NO CODE", 44, "China", "genius"],
            [],
            [*entry_row(3, title="", name="x" * 201)],
            [*entry_row(4, track="DE"), "medicine"],
            [*entry_row(1), "", "", "", "", "", ""],
            [*entry_row(5, title="=1+1")],
            [*entry_row(6, title="#REF!")],
            [*entry_row(7), "", "Lin <lin-7@example.org>"],
            [*entry_row(8), "", "", "", "GONE"],
            [*entry_row(9), "", "", "", "INNO"],
            [*entry_row(10), "", "", "", "INNO"],
        ],
    )
    tried = await bring(small, path, dry_run=True)
    before = await everything(small)
    assert before["entries"] == 0
    report = await bring(small, path)
    assert cells(report) == cells(tried) == {
        "B3": "choice", "E3": "mail", "F3": "choice", "G3": "member", "H3": "whole", "I3": "code", "K3": "country",
        "L3": "choice", "A5": "missing", "D5": "long", "F6": "field", "A7": "row.repeated", "A8": "formula", "A9": "error",
        "G10": "member_twice", "I11": "channel.unknown", "I13": "channel.quota",
    }  # fmt: skip
    assert report.counts() == {"read": 11, "new": 2, "changed": 0, "known": 0, "bad": 9} == tried.counts()
    assert report.extra == ("J (Shoe size)",)
    for language in LANGUAGES:
        for told in report_json(report, words(language))["problems"]:
            assert told["sentence"]
            assert told["remedy"]
            assert "{" not in told["sentence"] + told["remedy"]
    kept = await small.at_once(
        """SELECT e.number, e.state, e.fields, e.details, c.code, e.revision, count(m.*) AS people FROM entries e
           JOIN channels c ON c.id = e.channel_id JOIN members m ON m.entry_id = e.id GROUP BY e.id, c.code ORDER BY e.id"""
    )
    assert [(r["number"], r["state"], r["code"], r["people"]) for r in kept] == [
        ("2024-EU-LH-0001", "submitted", "INNO", 2), ("2024-EU-LH-0002", "submitted", "INNO", 1),
    ]  # fmt: skip
    assert (kept[0]["fields"], kept[0]["details"]["readiness"]) == (["medicine"], 7)
    log = await small.at_once("SELECT event, actor, data FROM log WHERE event <> 'season.started' ORDER BY id")
    assert {r["actor"] for r in log} == {"ops/lin"}
    assert [r["event"] for r in log].count("entry.submitted") == 2
    assert log[-1]["data"]["bad"] == 9
    receipts = await small.at_once("SELECT count(*) AS n FROM deliveries WHERE campaign_id LIKE '%/receipt'")
    assert receipts[0]["n"] == 2


async def test_the_file_of_bad_rows_goes_in_once_it_is_corrected(small: Database, tmp_path: Path) -> None:
    path = put(tmp_path / "e.csv", [HEADS, entry_row(1), entry_row(2, mail="nobody"), entry_row(3)])
    report = await bring(small, path)
    for form in ("xlsx", "csv"):
        out = tmp_path / f"bad.{form}"
        assert write_problems(report, path, out, words("zh")) == 1
    text = out.read_text(encoding="utf-8-sig")
    assert "E3: “nobody”不是邮箱地址。" in text
    out.write_text(text.replace(",nobody", ",lin-2@example.org"), encoding="utf-8")
    corrected = await bring(small, out)
    assert (corrected.new, corrected.bad, corrected.extra) == (1, 0, ("A (问题)",))


async def test_what_has_changed_is_changed_and_what_may_not_is_refused(small: Database, tmp_path: Path) -> None:
    heads = ["Reference", *HEADS, "Summary", "Team"]
    one, two = ["R1", *entry_row(1), "Old", "Ana <ana@example.org>; Bo <bo@example.org>"], ["R2", *entry_row(2), "", ""]
    await bring(small, put(tmp_path / "a.xlsx", [heads, one, two]))
    draft = await entries.draft(small, SEASON, entry_form(9, title="Draft"))
    one[1], one[6], one[7] = "A new title", "New", "Bo <bo@example.org>"
    two[2] = "SG"
    known = entry_row(9, title="Draft", mail="applicant-9@example.org", name="Applicant 9")
    path = put(tmp_path / "b.xlsx", [heads, one, two, ["", *known]])
    tried = await bring(small, path, dry_run=True)
    report = await bring(small, path)
    assert report.counts() == tried.counts() == {"read": 3, "new": 0, "changed": 2, "known": 0, "bad": 1}
    assert cells(report) == {"C3": "entry.moved"}
    row = (await small.at_once("SELECT id, title, summary, revision FROM entries WHERE reference = 'R1'"))[0]
    assert (row["title"], row["summary"], row["revision"]) == ("A new title", "New", 2)
    team = await small.at_once("SELECT name FROM members WHERE entry_id = :id ORDER BY position", id=row["id"])
    assert [m["name"] for m in team] == ["Lin", "Bo"]
    state = await small.at_once("SELECT state, submitted_at FROM entries WHERE id = :id", id=draft)
    assert state[0]["state"] == "submitted"
    # A column that a sheet does not have is left as it is.
    plain = put(tmp_path / "c.xlsx", [heads[:6], one[:6]])
    assert (await bring(small, plain)).known == 1
    await small.at_once("UPDATE entries SET state = 'eligible' WHERE reference = 'R1'")
    one[6] = "Too late"
    assert cells(await bring(small, put(tmp_path / "d.xlsx", [heads, one]))) == {"B2": "entry.over"}


async def test_entries_come_in_only_while_registration_is_open(small: Database, tmp_path: Path) -> None:
    path = put(tmp_path / "e.xlsx", [HEADS, entry_row(1), entry_row(2, area="SG")])
    closes = (await small.at_once("SELECT closes_at FROM windows WHERE id = 'small-2024/EU/registration'"))[0][
        "closes_at"
    ]
    await small.at_once(
        "UPDATE windows SET closes_at = closes_at + interval '1 d' WHERE id = 'small-2024/SG/registration'"
    )
    with at_instant(closes):
        tried, report = await bring(small, path, dry_run=True), await bring(small, path)
    assert cells(report) == cells(tried) == {"B2": "window.closed"}
    assert report.new == 1
    kept = await small.at_once("SELECT area, submitted_at FROM entries")
    assert [(r["area"], r["submitted_at"]) for r in kept] == [("SG", closes)]
    assert closes.strftime("%Y-%m-%d %H:%M:%S") in report_json(report, words("zh"))["problems"][0]["sentence"]


async def test_channels_judges_and_needs_are_brought_up_to_date(small: Database, tmp_path: Path) -> None:
    people = ["Contact", "Contact's mail"]
    sheets: dict[SheetKind, tuple[list[str], list[str], int, str, dict[str, str]]] = {
        "channels": (["Code", "Name", "Quota", *people], ["A-1", "One", "3", "Lin", "l@example.org"], 2, "5",
                     {"E2": "other@example.org"}),
        "judges": (["Mail", "Name", "Tracks", "Area"], ["j@example.org", "Jo", "LH, DE", "EU"], 2, "LH", {}),
        "needs": (["Place", "Title", "Tracks", "Capacity", *people],
                  ["Park", "Cold", "生命健康", "2", "Lin", "l@example.org"], 3, "4", {"F2": "other@example.org"}),
    }  # fmt: skip
    for kind, (heads, row, place, value, fixed) in sheets.items():
        path = put(tmp_path / f"{kind}.xlsx", [heads, row])
        counts = []
        for _ in range(2):
            tried = await bring(small, path, kind, dry_run=True)
            report = await bring(small, path, kind)
            assert (report.counts(), report.problems) == (tried.counts(), []), kind
            counts.append((report.new, report.changed, report.known))
        row[place] = value
        report = await bring(small, put(path, [heads, row]), kind)
        assert [*counts, (report.new, report.changed, report.known)] == [(1, 0, 0), (0, 0, 1), (0, 1, 0)], kind
        for cell, other in fixed.items():
            row["ABCDEF".index(cell[0])] = other
            assert list(cells(await bring(small, put(path, [heads, row]), kind))) == [cell]
    assert (await small.at_once("SELECT capacity, tracks FROM needs"))[0] == {"capacity": 4, "tracks": ["LH"]}


async def test_an_organiser_brings_rows_of_the_own_area_alone(small: Database, tmp_path: Path) -> None:
    path = put(tmp_path / "e.xlsx", [HEADS, entry_row(1), entry_row(2, area="SG")])
    assert cells(await bring(small, path, only_area="EU")) == {"B3": "own_area"}
    heads = ["Mail", "Name", "Area"]
    await bring(small, put(path, [heads, ["j@example.org", "Jo", "SG"]]), "judges")
    taken = await bring(small, put(path, [heads, ["j@example.org", "Jo", "EU"], ["k@example.org", "Ka", ""]]), "judges", only_area="EU")  # fmt: skip
    assert cells(taken) == {"C2": "own_area", "C3": "own_area"}


async def test_two_imports_at_once_do_not_double(small: Database, tmp_path: Path) -> None:
    path = put(tmp_path / "e.xlsx", [HEADS, entry_row(1)])
    async with imports.alone(small, SEASON):
        with pytest.raises(Refused, match="Another import"):
            await bring(small, path)
    assert (await bring(small, path)).new == 1


TEXTS = (LONG, "👩‍🔬 rocket 🚀", "\u202bשלום עולם\u202c", "'quoted", "'=1", 'a;b,c\t"d"', "+86 10", "@all", "＝1+1")


async def test_texts_of_every_kind_come_through_whole(small: Database, tmp_path: Path) -> None:
    wanted = [" ".join(text.split()) for text in TEXTS]
    for form in ("xlsx", "csv"):
        with Sheet(tmp_path / f"e.{form}", HEADS) as sheet:
            for n, text in enumerate(TEXTS):
                sheet.row(entry_row(n, title=text, name=text))
        report = await bring(small, tmp_path / f"e.{form}")
        assert (report.problems, report.new + report.known) == ([], len(TEXTS))
        out = tmp_path / f"out.{form}"
        await export(small, SEASON, "entries", out, words(), addresses=True)
        found = open_sheet(out, COLUMNS["entries"])
        rows = list(found.rows)
        assert [row.cells[found.places["title"]] for row in rows] == wanted
        assert [row.cells[found.places["applicant_name"]] for row in rows] == wanted
        assert (await bring(small, out)).known == len(TEXTS)


async def test_a_csv_is_understood_however_it_was_saved(small: Database, tmp_path: Path) -> None:
    path, titles = tmp_path / "e.csv", []
    for encoding in ("utf-8", "utf-8-sig", "gb18030", "utf-16"):
        for delimiter in (",", ";", "\t"):
            titles.append(f"康复，外骨骼；“一代”{len(titles)}")
            rows = [["赛道", "项目名称", "申报人邮箱", "赛区", "申报人"]]
            rows.append(["生命健康", titles[-1], "\u200elin@example.org", "欧洲", "林夏"])
            text = io.StringIO()
            csv.writer(text, delimiter=delimiter).writerows(rows)
            path.write_bytes(text.getvalue().encode(encoding))
            assert (await bring(small, path)).new == 1, (encoding, delimiter)
    kept = await small.at_once(
        "SELECT e.title, p.email FROM entries e JOIN people p ON p.id = e.applicant_id ORDER BY e.id"
    )
    assert kept == [{"title": title, "email": "lin@example.org"} for title in titles]


# Hostile files, and files that are none


def packed(**parts: bytes) -> bytes:
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return found.getvalue()


BOMB = packed(**{"xl/workbook.xml": b"<x/>", "xl/styles.xml": b" " * 40_000_000})
UNREADABLE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "sheet.empty"),
    "old": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, "sheet.old"),
    "bomb": (BOMB, "sheet.bomb"),
    "zip": (packed(**{"a.txt": b"x"}), "sheet.no_sheet"),
    "cut": (BOMB[:500], "sheet.broken"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "sheet."),
    "western": ("Title;Größe;Länge;Ärger;café;niño\n".encode("latin-1"), "sheet.encoding"),
    "strange": (b"a,b,c\n1,2,3\n", "sheet.columns"),
    "quoted": (b'Title,Area,Track,Applicant,Mail\n"never closed,EU\n', "sheet.csv"),
    "twice": (b"Title,Area,Track,Applicant,Mail,email\n", "sheet.column_twice"),
    "wide": (b"Title,Area,Track,Applicant,Mail" + b"," * 100 + b"x\n", "sheet.wide"),
}


async def test_what_cannot_be_read_is_told_in_a_sentence_and_brings_nothing_in(small: Database, tmp_path: Path) -> None:
    path, before = tmp_path / "sheet.xlsx", await everything(small)
    for name, (content, code) in UNREADABLE.items():
        path.write_bytes(content)
        with pytest.raises(BadInput) as caught:
            await bring(small, path)
        assert caught.value.code.startswith(code), name
        assert caught.value.sentence.endswith(".")
        assert caught.value.remedy
    assert await everything(small) == before


async def test_too_many_rows_bring_nothing_in(small: Database, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("desk.sheets.reading.MAX_ROWS", 5)
    path = put(tmp_path / "e.csv", [HEADS, *(entry_row(n) for n in range(6))])
    with pytest.raises(BadInput, match="more than 5 rows"):
        await bring(small, path)
    assert (await everything(small))["entries"] == 0


async def test_formulas_are_read_by_their_values_and_what_a_file_says_of_its_size_is_not_believed(
    small: Database, tmp_path: Path
) -> None:
    path = put(
        tmp_path / "e.xlsx", [HEADS, entry_row(1, title="=X1"), entry_row(2, title="=cmd|' /C calc'!A0"), entry_row(3)]
    )
    again, made = tmp_path / "again.xlsx", io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                content = re.sub(rb"<dimension[^>]*>", b'<dimension ref="A1:XFD1048576"/>', content)
                content = re.sub(
                    rb'<c r="A2"><f>X1</f><v ?/?>(</v>)?', b'<c r="A2" t="str"><f>X1</f><v>Kept</v>', content
                )
            new.writestr(name, content)
    again.write_bytes(made.getvalue())
    report = await bring(small, again)
    assert cells(report) == {"A3": "formula"}
    assert [r["title"] for r in await small.at_once("SELECT title FROM entries ORDER BY title")] == [
        "Kept",
        "Project 3",
    ]


@given(st.text(max_size=20))
def test_no_text_of_a_csv_is_a_formula_and_each_comes_back(text: str) -> None:
    out = guarded(text)
    assert not out.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))
    assert disarmed(out) == text or not text.startswith("'")
    assert disarmed(out) == text or out == text


@given(st.dictionaries(st.sampled_from(range(5)), st.text(max_size=30), min_size=1))
async def test_whatever_stands_in_a_row_it_is_taken_or_told(changes: dict[int, str]) -> None:
    from desk.sheets.filling import fill, readers
    from desk.sheets.reading import Row
    from desk.sheets.reading import Sheet as Read

    row = [changes.get(n, cell) for n, cell in enumerate(entry_row(1))]
    places = {"title": 0, "area": 1, "track": 2, "applicant_name": 3, "applicant_email": 4}
    sheet = Read(tuple(HEADS), 1, places, (), iter(()))
    filled, problems = fill("entries", Row(2, tuple(row)), sheet, FILE, readers("entries", sheet, FILE))
    assert (filled is None) == bool(problems)
    assert {p.cell for p in problems} <= {f"{'ABCDE'[n]}2" for n in changes}
    assert all(p.code in LABELS and f"{p.code}_do" in LABELS for p in problems)
