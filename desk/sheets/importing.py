"""Importing a sheet: good rows go in, bad ones are all reported, and what is there already is not doubled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from desk.labels import LABELS
from desk.sheets.columns import COLUMNS, Column, SheetKind
from desk.sheets.filling import Filled, Problem, entry_form, fill, problem, readers
from desk.sheets.reading import Row, Sheet, read_through
from desk.sheets.takers import TAKERS, Refusing
from desk.sheets.values import Read
from models.season import SeasonFile
from records import imports
from records.database import Database
from records.import_writing import EntryRow
from records.imports import Refusal
from records.seasons import known_file

CHUNK = 1000
"""Rows that are read, then written, at a time."""

Step = Callable[[int, int], None]
"""Told how many rows are done, and of how many."""


@dataclass
class Report:
    """What came of an import, or with `dry_run` what would. `bad` counts rows; a row may have several problems."""

    kind: SheetKind
    season: str
    dry_run: bool
    heads: tuple[str, ...] = ()
    header_row: int = 1
    read: int = 0
    new: int = 0
    changed: int = 0
    known: int = 0
    bad: int = 0
    problems: list[Problem] = field(default_factory=list)
    extra: tuple[str, ...] = ()

    def counts(self) -> dict[str, int]:
        """The figures alone."""
        return {name: getattr(self, name) for name in ("read", "new", "changed", "known", "bad")}


async def import_sheet(
    database: Database,
    season: str,
    kind: SheetKind,
    path: Path,
    *,
    actor: str,
    dry_run: bool = False,
    only_area: str | None = None,
    step: Step = lambda _done, _of: None,
) -> Report:
    """Import a sheet into a season. Rows of another area than `only_area` are refused, where it is given.

    Raises BadInput where the file cannot be read, Refused while another import into the season runs, NotFound for an
    unknown season. What was written before an error stays, and a repeat goes on from there.
    """
    file = await known_file(database, season)
    report = Report(kind, season, dry_run)
    # Read once through before anything is written: a file that is damaged at its end brings nothing in.
    sheet, total = await asyncio.to_thread(read_through, path, COLUMNS[kind])
    report.heads, report.header_row, report.extra = sheet.heads, sheet.header_row, sheet.extra
    async with imports.alone(database, season):
        await _Importing(database, season, kind, sheet, file, report, actor, only_area).run(step, total)
        report.problems.sort(key=lambda p: p.row)
        report.bad = len({p.row for p in report.problems})
        if not dry_run and report.read:
            what = LABELS[f"sheet_{kind}"].model_dump()
            await imports.told(database, season, actor, {"what": what, **report.counts()})
    return report


@dataclass
class _Importing:
    database: Database
    season: str
    kind: SheetKind
    sheet: Sheet
    file: SeasonFile
    report: Report
    actor: str
    only_area: str | None
    seen: dict[Hashable, int] = field(default_factory=dict)
    promised: dict[str, int] = field(default_factory=dict)
    columns: list[tuple[Column, Read]] = field(default_factory=list)

    async def run(self, step: Step, total: int) -> None:
        """Chunk by chunk, to the end of the sheet."""
        self.columns = readers(self.kind, self.sheet, self.file)
        step(0, total)
        while chunk := await asyncio.to_thread(self._next):
            read, rows = chunk
            self.report.read += read
            await self._take(rows)
            step(self.report.read, total)

    def _next(self) -> tuple[int, list[Filled]] | None:
        """How many rows were read, and those of them that are good."""
        rows: list[Row] = list(islice(self.sheet.rows, CHUNK))
        if not rows:
            return None
        return len(rows), list(self._good(rows))

    def _good(self, rows: list[Row]) -> Iterator[Filled]:
        for row in rows:
            filled, problems = fill(self.kind, row, self.sheet, self.file, self.columns)
            if filled is not None:
                problems = list(self._wrong_as_a_whole(filled))
            self.report.problems += problems
            if filled is not None and not problems:
                yield filled

    def _wrong_as_a_whole(self, filled: Filled) -> Iterator[Problem]:
        if self.only_area is not None and filled.values.get("area") != self.only_area:
            yield problem(filled.row, self.sheet, "area", "sheet_bad_own_area", area=self.only_area)
        name, checked, kept = _keys(self.kind, filled.values)
        first = next((self.seen[key] for key in checked if key in self.seen), None)
        if first is not None:
            yield problem(filled.row, self.sheet, name, "sheet_bad_row.repeated", first=first)
        for key in kept:
            self.seen.setdefault(key, filled.row.number)

    async def _take(self, rows: list[Filled]) -> None:
        by_number = {filled.row.number: filled.row for filled in rows}
        if self.kind == "entries":
            taken = await self._entries(rows)
        else:
            taken = imports.Taken()
            for filled in rows:
                try:
                    counts = await TAKERS[self.kind](
                        self.database, self.season, filled, frozenset(self.sheet.places), self.only_area,
                        self.actor, self.report.dry_run,
                    )  # fmt: skip
                    setattr(taken, counts, getattr(taken, counts) + 1)
                except Refusing as error:
                    taken.refused.append(Refusal(filled.row.number, error.field, error.code, error.values))
        self.report.new += taken.new
        self.report.changed += taken.changed
        self.report.known += taken.known
        for r in taken.refused:
            self.report.problems.append(
                problem(by_number[r.row], self.sheet, r.field, f"sheet_bad_{r.code}", **r.values)
            )

    async def _entries(self, rows: list[Filled]) -> imports.Taken:
        """A batch for each area, as each has a window of its own."""
        total = imports.Taken()
        by_area: dict[str, list[EntryRow]] = {}
        for filled in rows:
            by_area.setdefault(filled.values["area"], []).append(self._entry(filled))
        for area, batch in by_area.items():
            taken = await imports.take_entries(
                self.database, self.season, f"{self.file.number_prefix}-{area}-", area, batch, actor=self.actor,
                dry_run=self.report.dry_run, promised=self.promised if self.report.dry_run else None,
            )  # fmt: skip
            total.new += taken.new
            total.changed += taken.changed
            total.known += taken.known
            total.refused += taken.refused
        return total

    def _entry(self, filled: Filled) -> EntryRow:
        form, v = entry_form(filled.values), filled.values
        division = f"{form.track}/{form.group}" if form.group else form.track
        given = frozenset(self.sheet.places)
        return EntryRow(filled.row.number, form, division, v.get("reference"), v.get("channel"), given)


def _keys(kind: SheetKind, values: dict[str, Any]) -> tuple[str, tuple[Hashable, ...], tuple[Hashable, ...]]:
    """By what a row is known: the column at fault where it repeats another, the keys that no row before may have kept,
    and those that it keeps. Entries with references of their own may share applicant, title and track."""
    match kind:
        case "entries":
            same = (values["applicant_email"], values["title"], values["track"])
            if "reference" not in values:
                return "title", (("plain", same), ("any", same)), (("plain", same), ("any", same))
            own = ("reference", values["reference"])
            return "reference", (own, ("plain", same)), (own, ("any", same))
        case "needs":
            key: Hashable = (values["place"], values["title"])
            return "title", (key,), (key,)
        case _:
            name = "code" if kind == "channels" else "email"
            return name, (values[name],), (values[name],)
