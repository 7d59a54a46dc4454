"""Reading a sheet that somebody has brought: xlsx or csv, row by row, within limits. Nothing in it is ever evaluated."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
import tempfile
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from itertools import repeat
from pathlib import Path
from typing import IO, Any

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from desk.sheets.columns import Column, known_as, normal
from desk.sheets.writing import disarmed
from models.errors import BadInput

MAX_BYTES = 50 * 1024 * 1024
MAX_ROWS = 100_000
MAX_COLUMNS = 100
_MAX_UNPACKED = 400 * 1024 * 1024
_MAX_PART = 30 * 1024 * 1024
"""Of a part of an xlsx that is no sheet and not its table of texts: such a part is read whole."""
_MAX_PARTS = 2_000
_MAX_CELL = 200_000
_OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BIG = re.compile(r"xl/(worksheets/[^/]+|sharedStrings)\.xml", re.IGNORECASE)
_SAVE = "Save it as .xlsx or as CSV UTF-8, and try again."


@dataclass(frozen=True)
class Fault:
    """A cell that holds no value: `sheet_bad_formula` or `sheet_bad_error`, and what is written in it."""

    code: str
    text: str


Cells = tuple[str | Fault, ...]


@dataclass(frozen=True)
class Row:
    """A row by its number in the sheet, beginning with 1."""

    number: int
    cells: Cells


@dataclass
class Sheet:
    """A sheet whose header has been understood. `places` says in which column (from 0) a field stands.

    `rows` are those after the header that hold anything, examples left out.
    """

    heads: tuple[str, ...]
    header_row: int
    places: dict[str, int]
    extra: tuple[str, ...]
    rows: Iterator[Row]


def open_sheet(path: Path, columns: Sequence[Column]) -> Sheet:
    """Open a file by what is in it, not by its name. Raises BadInput where it cannot be read as such a sheet."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise BadInput(
            "sheet.large",
            f"The file has {size / 1e6:.1f} MB; {MAX_BYTES // 2**20} MB are allowed.",
            "Split it in parts.",
        )
    with path.open("rb") as file:
        start = file.read(8)
    if not start:
        raise BadInput("sheet.empty", "The file is empty.", "Begin with `season template`.")
    if start == _OLD_EXCEL:
        raise BadInput("sheet.old", "This is an .xls file, or one with a password.", _SAVE)
    if start.startswith(b"PK"):
        return _understand(_workbook(path), columns)
    return _understand([_text(path, columns)], columns)


def read_through(path: Path, columns: Sequence[Column]) -> tuple[Sheet, int]:
    """A sheet that has been read to its end, and how many rows it has. Raises BadInput as `open_sheet` does.

    The rows wait in a temporary file: reading an xlsx is most of the work, and memory is not for 100,000 rows.
    """
    sheet, count = open_sheet(path, columns), 0
    kept = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - the rows close it
    try:
        for row in sheet.rows:
            cells = [cell if isinstance(cell, str) else [cell.code, cell.text] for cell in row.cells]
            kept.write(json.dumps([row.number, cells]) + "\n")
            count += 1
    except BaseException:
        kept.close()
        raise
    kept.seek(0)
    return replace(sheet, rows=_kept(kept)), count


def _kept(file: IO[str]) -> Iterator[Row]:
    with file:
        for line in file:
            number, cells = json.loads(line)
            yield Row(number, tuple(cell if isinstance(cell, str) else Fault(*cell) for cell in cells))


def _understand(tables: Iterable[Iterator[Row]], columns: Sequence[Column]) -> Sheet:
    """The first table with a header of ours. Raises BadInput with what is wrong with the first of all."""
    known = known_as(columns)
    first: BadInput | None = None
    for table in tables:
        header = next(table, None)
        try:
            return _with_header(header, table, columns, known)
        except BadInput as error:
            first = first or error
    raise first or BadInput("sheet.empty", "There is no sheet in the file.", "Begin with `season template`.")


def _with_header(
    header: Row | None, table: Iterator[Row], columns: Sequence[Column], known: dict[str, Column]
) -> Sheet:
    if header is None:
        raise BadInput("sheet.empty", "The sheet is empty.", "Begin with `season template`.")
    heads = tuple(cell if isinstance(cell, str) else "" for cell in header.cells)
    places: dict[str, int] = {}
    extra: list[str] = []
    for n, head in enumerate(heads):
        column = known.get(normal(head))
        if column is None:
            extra += [f"{get_column_letter(n + 1)} ({head.strip()[:60]})"] if head.strip() else []
        elif column.name in places:
            pair = f"{get_column_letter(places[column.name] + 1)} and {get_column_letter(n + 1)}"
            raise BadInput(
                "sheet.column_twice", f"Columns {pair} are both '{column.head.en}' ({column.head.zh}).", "Delete one."
            )
        else:
            places[column.name] = n
    missing = [f"'{c.head.en}' ({c.head.zh})" for c in columns if c.needed and c.name not in places]
    if missing:
        raise BadInput(
            "sheet.columns", f"Row {header.number} is no header of ours: {', '.join(missing)} missing.",
            "Begin with `season template`, which has every column.",
        )  # fmt: skip
    return Sheet(heads, header.number, places, tuple(extra), _counted(table))


def _counted(rows: Iterator[Row]) -> Iterator[Row]:
    count = 0
    for row in rows:
        first = next((c for c in row.cells if c), "")
        if isinstance(first, str) and first.lstrip().startswith("#"):
            continue
        count += 1
        if count > MAX_ROWS:
            raise BadInput("sheet.long", f"The sheet has more than {MAX_ROWS:,} rows.", "Split it in parts.")
        yield row


def _cut(number: int, cells: Sequence[str | Fault]) -> Row | None:
    """A row without its empty end; None for one that is empty altogether."""
    end = len(cells)
    while end and not (cells[end - 1] if isinstance(cells[end - 1], Fault) else str(cells[end - 1]).strip()):
        end -= 1
    if end > MAX_COLUMNS:
        raise BadInput(
            "sheet.wide", f"Row {number} has cells beyond column {get_column_letter(MAX_COLUMNS)}.", "Delete them."
        )
    return Row(number, tuple(cells[:end])) if end else None


# xlsx


def _workbook(path: Path) -> Iterator[Iterator[Row]]:
    content = path.read_bytes()
    try:
        formulas = _look_into(content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Excel can do and we need not: validations, conditional formats
            values = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
            written = load_workbook(io.BytesIO(content), read_only=True, keep_links=False) if formulas else None
    except BadInput:
        raise
    except Exception as error:
        raise _broken() from error
    for number, sheet in enumerate(values.worksheets):
        yield _sheet_rows(sheet, None if written is None else written.worksheets[number])


def _look_into(content: bytes) -> bool:
    """Whether any sheet has formulas. Raises BadInput for a file that would unpack to more than anyone's sheet."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        parts = packed.infolist()
        if len(parts) > _MAX_PARTS or sum(part.file_size for part in parts) > _MAX_UNPACKED:
            raise _bomb()
        names = {part.filename for part in parts}
        if "xl/workbook.xml" not in names and "[Content_Types].xml" not in names:
            raise BadInput("sheet.no_sheet", "This is no spreadsheet.", _SAVE)
        formulas = False
        for part in parts:
            big = _BIG.fullmatch(part.filename)
            if not big and part.file_size > _MAX_PART:
                raise _bomb()
            formulas |= bool(big) and _has_formula(packed, part)
        return formulas


def _has_formula(packed: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    """Reads the part to its end, or to the first formula; what it says of its own size is found out on the way."""
    last = b""
    with packed.open(part) as source:
        while block := source.read(1 << 20):
            if re.search(rb"<(\w+:)?f[\s>/]", last + block):
                return True
            last = block[-16:]
    return False


def _sheet_rows(sheet: Any, written: Any) -> Iterator[Row]:
    # What the file says of its own size is not believed; rows are as long as they are.
    sheet.reset_dimensions()
    bounds = {"max_col": MAX_COLUMNS + 1, "values_only": True}
    if written is not None:
        written.reset_dimensions()
    formulas = repeat(()) if written is None else written.iter_rows(**bounds)
    try:
        for number, (cells, behind) in enumerate(zip(sheet.iter_rows(**bounds), formulas, strict=False), start=1):
            end = len(cells)
            while end and cells[end - 1] is None and not (behind and behind[end - 1] is not None):
                end -= 1
            row = _cut(number, [_cell(cells[n], behind[n] if behind else None) for n in range(end)])
            if row is not None:
                yield row
    except BadInput:
        raise
    except Exception as error:
        raise _broken() from error


_ERRORS = {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA", "#SPILL!", "#CALC!"}


def _cell(value: Any, formula: Any) -> str | Fault:
    if value is None:
        # An array formula is an object of its own, no text.
        is_formula = formula is not None and (not isinstance(formula, str) or formula.startswith("="))
        return Fault("sheet_bad_formula", str(getattr(formula, "text", formula))) if is_formula else ""
    if isinstance(value, str):
        return Fault("sheet_bad_error", value) if value in _ERRORS else value[:_MAX_CELL]
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")
    if isinstance(value, (date, time)):
        return value.isoformat()
    return str(value)


def _broken() -> BadInput:
    return BadInput("sheet.broken", "The spreadsheet is damaged, or no .xlsx.", _SAVE)


def _bomb() -> BadInput:
    return BadInput(
        "sheet.bomb", f"The file unpacks to more than {_MAX_UNPACKED // 2**20} MB, or to parts no sheet has.",
        "Copy the rows into a new workbook.",
    )  # fmt: skip


# csv


def _text(path: Path, columns: Sequence[Column]) -> Iterator[Row]:
    text = decoded(path.read_bytes())
    if "\x00" in text:
        raise BadInput("sheet.no_text", "The file is neither a spreadsheet nor text.", _SAVE)
    return _text_rows(text, _delimiter(text, columns))


def decoded(content: bytes) -> str:
    """The text of a csv: UTF-8, UTF-16 with its mark, or GB18030. Raises BadInput where it is none of them."""
    try:
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return content.decode("utf-16")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        text = content.decode("gb18030")
    except UnicodeDecodeError as error:
        raise _unknown_text() from error
    # Western letters with accents decode as well, but to signs that nobody writes: those outside of GB 2312.
    pairs = [c.encode("gb18030") for c in text[:200_000] if ord(c) > 127]
    rare = sum(len(pair) == 2 and pair[1] < 0xA1 for pair in pairs)
    if rare * 2 > len(pairs):
        raise _unknown_text()
    return text


def _unknown_text() -> BadInput:
    return BadInput(
        "sheet.encoding", "The text of the file is in none of UTF-8, UTF-16 and GB18030.", "Save it as CSV UTF-8."
    )


def _delimiter(text: str, columns: Sequence[Column]) -> str:
    """The one by which most of the header is understood."""
    known = known_as(columns)
    head = next((line for line in text.splitlines() if line.strip(' ,;\t"')), "")[:_MAX_CELL]

    def understood(delimiter: str) -> int:
        cells = next(csv.reader([head], delimiter=delimiter), [])
        return sum(normal(cell) in known for cell in cells)

    return max((",", ";", "\t"), key=understood)


def _text_rows(text: str, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    try:
        for cells in reader:
            number += 1
            row = _cut(number, [disarmed(cell) for cell in cells])
            if row is not None:
                yield row
    except csv.Error as error:
        raise BadInput(
            "sheet.csv", f"Row {number + 1} cannot be read: {error}.", "Look for a quotation mark that is never closed."
        ) from error
