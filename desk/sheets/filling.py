"""From a row of a sheet to a form: every cell is read, and every one that is wrong is named."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from openpyxl.utils import get_column_letter

from desk.sheets.columns import COLUMNS, Column, SheetKind
from desk.sheets.reading import Fault, Row, Sheet
from desk.sheets.values import Bad, Choice, Read, clean
from desk.sheets.values import fields as every_field
from models.forms import ChannelForm, EntryForm, JudgeForm, NeedForm, PersonForm
from models.season import SeasonFile

_SHOWN = 200
"""Characters of a wrong value that are shown."""


@dataclass(frozen=True)
class Problem:
    """A cell that is wrong: where it is, which field it fills, what stands in it, and the code of what is wrong."""

    row: int
    cell: str
    field: str
    value: str
    code: str
    values: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Filled:
    """A row whose cells are all good. `values` are those of the cells that hold something, by column."""

    row: Row
    values: dict[str, Any]


def readers(kind: SheetKind, sheet: Sheet, file: SeasonFile) -> list[tuple[Column, Read]]:
    """The columns that a sheet has, each with what reads its cells: made once for all rows."""
    return [(column, column.holds.reader(file)) for column in COLUMNS[kind] if column.name in sheet.places]


def fill(
    kind: SheetKind, row: Row, sheet: Sheet, file: SeasonFile, columns: Sequence[tuple[Column, Read]]
) -> tuple[Filled | None, list[Problem]]:
    """The values of a row, or None and all that is wrong with it. `columns` are those of `readers`."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for column, read in columns:
        try:
            value = _read(column, _at(row, sheet.places[column.name]), read)
        except Bad as bad:
            problems.append(problem(row, sheet, column.name, bad.code, **bad.values))
            continue
        if value is not None:
            values[column.name] = value
    wrong = {p.field for p in problems}
    problems += [problem(row, sheet, name, code, **more) for name, code, more in _across(kind, values, file, wrong)]
    return (None if problems else Filled(row, values)), problems


def problem(row: Row, sheet: Sheet, name: str, code: str, **values: Any) -> Problem:
    """What is wrong in the column of a field; in the first column where the sheet does not have that one."""
    place = sheet.places.get(name, 0)
    content = _at(row, place) if name in sheet.places else ""
    text = content.text if isinstance(content, Fault) else content
    return Problem(row.number, f"{get_column_letter(place + 1)}{row.number}", name, text[:_SHOWN], code, values)


def _at(row: Row, place: int) -> str | Fault:
    return row.cells[place] if place < len(row.cells) else ""


def _read(column: Column, cell: str | Fault, read: Read) -> Any:
    if isinstance(cell, Fault):
        raise Bad(cell.code)
    text = clean(cell)
    if not text.strip():
        if column.needed:
            raise Bad("sheet_bad_missing")
        return None
    return read(text)


def _across(
    kind: SheetKind, values: dict[str, Any], file: SeasonFile, wrong: set[str]
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What is wrong between cells that are each good: groups and fields of another track."""
    if kind == "entries" and "track" in values:
        track = file.track(values["track"])
        groups = tuple(Choice(g.code, g.name) for g in track.groups)
        group = values.get("group")
        if "group" not in wrong and (bool(group) != bool(groups) or (group and group not in {g.code for g in groups})):
            yield "group", "sheet_bad_group", {"track": track.name, "choices": groups}
    chosen = [values["track"]] if kind == "entries" and "track" in values else list(values.get("tracks", ()))
    if kind in ("entries", "needs") and chosen:
        of_tracks = tuple(Choice(f.code, f.name) for code in chosen for f in file.track(code).fields)
        strange = [code for code in values.get("fields", ()) if code not in {c.code for c in of_tracks}]
        if strange:
            names = {choice.code: choice.name for choice in every_field(file)}
            yield "fields", "sheet_bad_field", {"part": names[strange[0]], "choices": of_tracks}
    if kind == "entries":
        address = values.get("applicant_email")
        if address and address in {p.email for p in values.get("team", ())}:
            yield "team", "sheet_bad_member_twice", {"part": address}


# Forms


def _person(values: dict[str, Any], name: str, email: str) -> PersonForm:
    more = {key: values[key] for key in ("language", "country", "birth_year") if key in values}
    return PersonForm(name=values[name], email=values[email], **more)


def _chosen(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: values[name] for name in names if name in values}


def entry_form(values: dict[str, Any]) -> EntryForm:
    """An entry; `reference` and `channel` are no part of its form."""
    plain = _chosen(
        values, "area", "track", "group", "fields", "title", "summary", "team", "organisation", "leader_degree",
        "documents", "readiness",
    )  # fmt: skip
    return EntryForm(applicant=_person(values, "applicant_name", "applicant_email"), **plain)


def channel_form(values: dict[str, Any]) -> ChannelForm:
    """A channel."""
    contact = _person(values, "contact_name", "contact_email")
    return ChannelForm(contact=contact, **_chosen(values, "code", "name", "area", "quota"))


def judge_form(values: dict[str, Any]) -> JudgeForm:
    """A judge."""
    plain = _chosen(values, "area", "tracks", "organisation", "background", "max_load")
    return JudgeForm(person=_person(values, "name", "email"), **plain)


def need_form(values: dict[str, Any]) -> NeedForm:
    """A need; its place is no part of its form."""
    return NeedForm(**_chosen(values, "title", "summary", "tracks", "fields", "readiness", "capacity"))
