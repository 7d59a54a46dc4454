"""Templates: a sheet with the right headers, an example that an import passes over, and a page that explains."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.datavalidation import DataValidation

from desk.sheets.columns import COLUMNS, Column, SheetKind
from desk.sheets.reading import MAX_ROWS
from desk.sheets.values import Choice, One, Some
from desk.sheets.writing import form_of, guarded
from desk.words import Words
from models.season import SeasonFile

_NEEDED, _MAY = PatternFill("solid", fgColor="FDF0D9"), PatternFill("solid", fgColor="E7F0F1")
_LISTS = "_"
"""The hidden sheet on which the lists of the validations stand: in the validation itself 255 characters fit."""


def write_template(kind: SheetKind, path: Path, file: SeasonFile, words: Words) -> None:
    """Write a template, xlsx or csv by the file's name. Raises BadInput."""
    words = Words(words.language, file)
    columns = COLUMNS[kind]
    heads = [words.of(column.head) for column in columns]
    example = [_example(column, file, words) for column in columns]
    # The first column says that it is an example: a row that begins with # is passed over.
    example[0] = f"{words.label('sheet_example')} {example[0]}".strip()
    if form_of(path) == "csv":
        with path.open("w", encoding="utf-8-sig", newline="") as target:
            csv.writer(target).writerows([[guarded(cell) for cell in row] for row in (heads, example)])
        return
    book = Workbook()
    sheet = book.active
    sheet.title = words.label(f"sheet_{kind}")
    sheet.append(heads)
    sheet.append(example)
    for n, column in enumerate(columns, start=1):
        head = sheet.cell(1, n)
        head.font, head.fill = Font(bold=True), _NEEDED if column.needed else _MAY
        sheet.cell(2, n).font = Font(italic=True, color="888888")
        sheet.column_dimensions[get_column_letter(n)].width = 30 if column.name in ("title", "summary", "team") else 18
    sheet.freeze_panes = "A2"
    _explain(book.create_sheet(words.label("sheet_about")), columns, file, words)
    _validate(book, sheet, columns, file, words)
    book.save(path)


def _example(column: Column, file: SeasonFile, words: Words) -> str:
    match column.name:
        case "area":
            return words.of(file.areas[0].name)
        case "track" | "tracks":
            return words.of(file.tracks[0].name)
        case "group":
            return next((words.of(g.name) for g in file.tracks[0].groups), "")
        case "fields":
            return next((words.of(f.name) for f in file.tracks[0].fields), "")
        case _:
            return words.of(column.example)


def _explain(sheet: Any, columns: tuple[Column, ...], file: SeasonFile, words: Words) -> None:
    heads = ("sheet_column", "sheet_needed", "sheet_allowed", "sheet_note")
    sheet.append([words.label(name) for name in heads])
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for column in columns:
        allowed = "\n".join(_both_ways(choice, words) for choice in column.choices(file))
        needed = words.label("sheet_yes" if column.needed else "sheet_no")
        sheet.append([words.of(column.head), needed, allowed, words.of(column.note)])
        for cell in sheet[sheet.max_row]:
            cell.alignment = Alignment(vertical="top", wrap_text=True)
    for letter, width in zip("ABCD", (22, 10, 40, 60), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A2"


def _both_ways(choice: Choice, words: Words) -> str:
    name = words.of(choice.name)
    return choice.code if name == choice.code else f"{choice.code} = {name}"


def _validate(book: Any, sheet: Any, columns: tuple[Column, ...], file: SeasonFile, words: Words) -> None:
    """Lists to choose from. Columns that hold several at a time get no list: it would allow one alone."""
    lists = book.create_sheet(_LISTS)
    lists.sheet_state = "hidden"
    for n, column in enumerate(columns, start=1):
        choices = column.choices(file)
        if not choices or isinstance(column.holds, Some):
            continue
        assert isinstance(column.holds, One)
        names = [words.of(choice.name) for choice in choices]
        shown = names if len(set(names)) == len(names) else [choice.code for choice in choices]
        for row, name in enumerate(shown, start=1):
            lists.cell(row, n).value = name
        letter = get_column_letter(n)
        rule = DataValidation(
            "list", formula1=f"{quote_sheetname(_LISTS)}!${letter}$1:${letter}${len(shown)}", allow_blank=not column.needed,
            # Codes may be written as well: whoever chooses from the list is warned of nothing, whoever types is asked.
            errorStyle="warning", showErrorMessage=True,
        )  # fmt: skip
        rule.add(f"{letter}2:{letter}{MAX_ROWS + 1}")
        sheet.add_data_validation(rule)
