"""What came of an import, in words: for the commands, the pages, and the file of the bad rows."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from desk.labels import LABELS
from desk.sheets.columns import COLUMNS
from desk.sheets.filling import Problem
from desk.sheets.importing import Report
from desk.sheets.reading import Fault, open_sheet
from desk.sheets.values import Choice
from desk.sheets.writing import Sheet
from desk.words import Words
from models.text import Text

_MOST_CHOICES = 30


def field_name(report: Report, problem: Problem, words: Words) -> str:
    """The header of the column that a problem is about, in the reader's language."""
    return next((words.of(c.head) for c in COLUMNS[report.kind] if c.name == problem.field), problem.field)


def sentence(report: Report, problem: Problem, words: Words) -> tuple[str, str]:
    """What is wrong, and what to do about it."""
    values = {name: _shown(name, value, words) for name, value in problem.values.items()}
    values |= {"field": field_name(report, problem, words), "value": problem.value}
    code = problem.code if problem.code in LABELS else "sheet_bad_refused"
    return words.label(code, **values), words.label(f"{code}_do", **values)


def _shown(name: str, value: Any, words: Words) -> Any:
    if isinstance(value, Text):
        return words.of(value)
    if name == "state":
        return words.state(str(value))
    if name == "choices":
        return _choices(value, words)
    return value


def _choices(choices: Iterable[Choice], words: Words) -> str:
    found = [c.code if c.code == words.of(c.name) else f"{c.code} ({words.of(c.name)})" for c in choices]
    more = ["…"] if len(found) > _MOST_CHOICES else []
    return ("、" if words.language == "zh" else ", ").join([*found[:_MOST_CHOICES], *more]) or words.label(
        "sheet_no_choice"
    )


def report_json(report: Report, words: Words) -> dict[str, Any]:
    """The report as it is given to programs, its sentences in the reader's language."""
    problems = []
    for p in report.problems:
        said, remedy = sentence(report, p, words)
        problems.append(
            {
                "cell": p.cell, "row": p.row, "field": p.field, "value": p.value,
                "code": p.code.removeprefix("sheet_bad_"), "sentence": said, "remedy": remedy,
            }
        )  # fmt: skip
    return {
        "kind": report.kind, "season": report.season, "dry_run": report.dry_run, **report.counts(),
        "extra_columns": list(report.extra), "problems": problems,
    }  # fmt: skip


def write_problems(report: Report, source: Path, target: Path, words: Words) -> int:
    """The bad rows as they came, with a column before them that says why; how many.

    Corrected, the file can be imported as it is: that column is one that is not read. Raises BadInput.
    """
    why: dict[int, list[str]] = {}
    for p in report.problems:
        said, remedy = sentence(report, p, words)
        why.setdefault(p.row, []).append(f"{p.cell}: {said} {remedy}")
    sheet = open_sheet(source, COLUMNS[report.kind])
    with Sheet(target, [words.label("sheet_why"), *sheet.heads], widths=[60]) as out:
        for row in sheet.rows:
            if row.number in why:
                cells = [cell.text if isinstance(cell, Fault) else cell for cell in row.cells]
                out.row(["\n".join(why[row.number]), *cells])
    return len(why)
