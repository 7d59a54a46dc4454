"""Writing a sheet, xlsx or csv, row by row: what is text stays text, whatever a program would make of it."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from models.errors import BadInput

Form = Literal["xlsx", "csv"]
FORMS: tuple[Form, ...] = ("xlsx", "csv")
MEDIA: dict[Form, str] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
_SIGNS = "=+\\-@\t\r\n＝＋－＠"
"""With which a cell is taken for a formula; the wide ones by programs set to Chinese or Japanese."""
_ARMED = re.compile(f"'*[{_SIGNS}]")
_GUARDED = re.compile(f"'+[{_SIGNS}]")
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MOST = 32_767
"""Characters that a cell of an xlsx can hold."""
_HEAD = PatternFill("solid", fgColor="E7F0F1")

Value = str | int | Decimal | datetime | None
"""What a cell is given; an instant as the wall time that it is to show, without a zone."""


def form_of(path: Path) -> Form:
    """The form that a file's name asks for. Raises BadInput."""
    form = path.suffix.lower().removeprefix(".")
    if form not in FORMS:
        raise BadInput("sheet.form", f"'{path.name}' ends in neither .xlsx nor .csv.", "Choose one of them.")
    return "xlsx" if form == "xlsx" else "csv"


def guarded(text: str) -> str:
    """A text of a csv with an apostrophe before it where a program would take it for a formula."""
    return f"'{text}" if _ARMED.match(text) else text


def disarmed(text: str) -> str:
    """The text as it was before `guarded`."""
    return text[1:] if _GUARDED.match(text) else text


def plain(text: str) -> str:
    """A text without characters that no sheet can hold."""
    return _NO_TEXT.sub("�", text)


class Sheet:
    """A sheet that is being written, to a file beside its place until it is whole: `with Sheet(...) as sheet`."""

    def __init__(self, path: Path, heads: Sequence[str], *, widths: Sequence[int] = (), title: str = "") -> None:
        self._path, self._form = path, form_of(path)
        self._part = path.with_name(f".{path.name}.part")
        self._book: Any = None
        self._file: Any = None
        self._finished = False
        if self._form == "xlsx":
            self._begin_book(heads, widths, title)
        else:
            self._file = self._part.open("w", encoding="utf-8-sig", newline="")
            self._csv = csv.writer(self._file)
            self._csv.writerow([guarded(plain(head)) for head in heads])

    def _begin_book(self, heads: Sequence[str], widths: Sequence[int], title: str) -> None:
        self._book = Workbook(write_only=True)
        self._sheet = self._book.create_sheet(title or None)
        self._sheet.freeze_panes = "A2"
        for n, width in enumerate(widths, start=1):
            self._sheet.column_dimensions[get_column_letter(n)].width = width
        cells = []
        for head in heads:
            cell = self._text(plain(head)[:_MOST])
            cell.font, cell.fill, cell.alignment = Font(bold=True), _HEAD, Alignment(vertical="top")
            cells.append(cell)
        self._sheet.append(cells)

    def row(self, values: Sequence[Value]) -> None:
        """Write a row."""
        if self._form == "csv":
            self._csv.writerow([_in_csv(value) for value in values])
        else:
            self._sheet.append([self._in_book(value) for value in values])

    def _in_book(self, value: Value) -> Any:
        if not isinstance(value, str):
            return value
        text = plain(value)[:_MOST]
        # `#` begins the names of errors, for which such a text would be taken.
        return self._text(text) if text[:1] == "#" or _ARMED.match(text) else text

    def _text(self, text: str) -> Any:
        cell = WriteOnlyCell(self._sheet, text)
        cell.data_type = "s"
        cell.quotePrefix = _ARMED.match(text) is not None
        return cell

    def __enter__(self) -> Sheet:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.finish()
        finally:
            if self._file is not None:
                self._file.close()
            self._part.unlink(missing_ok=True)

    def finish(self) -> None:
        """Put the whole sheet in its place. An xlsx is packed now, which takes its time; harmless to repeat."""
        if self._finished:
            return
        if self._file is not None:
            self._file.close()
        else:
            self._book.save(self._part)
        self._part.replace(self._path)
        self._finished = True


def _in_csv(value: Value) -> Any:
    if isinstance(value, str):
        return guarded(plain(value))
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    return value
