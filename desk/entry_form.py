"""The form of an entry as a browser sends it: what is good is kept, what is bad is named at its field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import available_timezones

from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import FormData

from desk.words import Words
from models.forms import Email, EntryForm, PersonForm
from models.season import SeasonFile, Track
from records.applying import Member, OwnEntry
from rules.completeness import DEGREES, Written

LINE, TEXT = 200, 20_000
READINESS = range(1, 10)
_EMAIL: TypeAdapter[str] = TypeAdapter(Email)
_ZONES = frozenset(available_timezones())
_FIRST_YEAR = 1900


@dataclass(frozen=True)
class Shown:
    """What stands in the form's fields, as text."""

    title: str
    summary: str
    group: str
    fields: frozenset[str]
    organisation: str
    degree: str
    readiness: str
    name: str
    birth_year: str
    language: str
    country: str
    zone: str
    members: tuple[dict[str, str], ...]


@dataclass(frozen=True)
class Reading:
    """A form that was read. `form` holds what is good, and what stood there before where something is bad.

    `errors` says what is wrong, by the name of the field; `own` is what the applicant says of themself.
    """

    form: EntryForm
    own: PersonForm | None
    errors: Mapping[str, str]
    shown: Shown


def rows_of(entry: OwnEntry, file: SeasonFile) -> int:
    """How many members the form has room for: as many as the rules allow, and more where more stand there."""
    return max(file.entry_rules.team_max - 1, len(entry.team))


def stored(entry: OwnEntry, file: SeasonFile) -> Shown:
    """The fields as they were saved."""
    own = entry.applicant
    members = [{"name": m.name, "email": m.email, "birth_year": _text(m.birth_year)} for m in entry.team]
    members += [{"name": "", "email": "", "birth_year": ""}] * (rows_of(entry, file) - len(members))
    return Shown(
        entry.title, entry.summary, entry.group or "", frozenset(entry.fields), entry.organisation or "",
        entry.leader_degree or "", _text(entry.readiness), own.name, _text(own.birth_year), own.language,
        own.country or "", own.zone or "", tuple(members),
    )  # fmt: skip


def written(entry: OwnEntry, form: EntryForm | None = None) -> Written:
    """An entry, or what is to become of it, as it is checked before it is submitted."""
    if form is None:
        return Written(
            entry.title, entry.summary, entry.fields, entry.leader_degree, entry.readiness, len(entry.team) + 1,
            entry.documents,
        )  # fmt: skip
    return Written(
        form.title, form.summary, form.fields, form.leader_degree, form.readiness, len(form.team) + 1, entry.documents
    )


def read(given: FormData, entry: OwnEntry, file: SeasonFile, words: Words, *, leads: bool) -> Reading:
    """Read a form. `leads` is true where the applicant fills it in, who alone says something of themself."""
    reader = _Reader(given, words, entry.now.year)
    track, before = file.track(entry.track), stored(entry, file)
    own = reader.own(entry.applicant) if leads else None
    leader = own or entry.applicant
    form = EntryForm(
        area=entry.area, track=entry.track, group=_group(given, entry, track), title=reader.line("title", entry.title),
        fields=tuple(f.code for f in track.fields if f.code in given.getlist("fields")),
        summary=reader.line("summary", entry.summary, most=TEXT),
        organisation=reader.line("organisation", entry.organisation or "") or None,
        leader_degree=_degree(given), readiness=reader.readiness(entry.readiness), documents=None, applicant=leader,
        team=tuple(
            PersonForm(email=m.email, name=m.name, language=leader.language, birth_year=m.birth_year)
            for m in reader.team(entry.team, leader.email, rows_of(entry, file))
        ),
    )  # fmt: skip
    return Reading(form, own, reader.errors, _as_typed(given, before, leads=leads))


def _as_typed(given: FormData, before: Shown, *, leads: bool) -> Shown:
    """The fields with what was typed, good or bad: nothing is lost."""
    typed = {name: _raw(given, name) for name in ("title", "summary", "group", "organisation", "degree", "readiness")}
    if leads:
        typed |= {name: _raw(given, name) for name in ("name", "birth_year", "language", "country", "zone")}
    members = tuple(
        {part: _raw(given, f"member-{n}-{part}") for part in ("name", "email", "birth_year")}
        for n in range(1, len(before.members) + 1)
    )
    fields = frozenset(str(code) for code in given.getlist("fields"))
    return replace(before, fields=fields, members=members, **typed)


def _raw(given: FormData, name: str) -> str:
    # The database takes no NUL; browsers send line ends as on teletypes.
    return str(given.get(name) or "").replace("\x00", "").replace("\r\n", "\n").strip()


def _text(value: int | None) -> str:
    return "" if value is None else str(value)


def _group(given: FormData, entry: OwnEntry, track: Track) -> str | None:
    asked = _raw(given, "group")
    return asked if asked in {g.code for g in track.groups} else entry.group


def _degree(given: FormData) -> Any:
    asked = _raw(given, "degree")
    return asked if asked in DEGREES else None


@dataclass
class _Reader:
    """Reads field by field; notes what is bad, and answers what stood there before."""

    given: FormData
    words: Words
    year: int
    errors: dict[str, str] = field(default_factory=dict)

    def bad(self, name: str, why: str, **values: object) -> None:
        """Note what is wrong with a field."""
        self.errors[name] = self.words.label(why, **values)

    def line(self, name: str, before: str, most: int = LINE) -> str:
        """A text."""
        text = _raw(self.given, name)
        if len(text) > most:
            self.bad(name, "bad_long", count=f"{len(text):,}", most=f"{most:,}")
            return before
        return text

    def birth_year(self, name: str, before: int | None) -> int | None:
        """A year, or nothing."""
        text = _raw(self.given, name)
        if not text:
            return None
        if text.isascii() and text.isdigit() and len(text) == 4 and _FIRST_YEAR <= int(text) <= self.year:
            return int(text)
        self.bad(name, "bad_year", value=text[:LINE])
        return before

    def readiness(self, before: int | None) -> int | None:
        """1 to 9, or nothing."""
        text = _raw(self.given, "readiness")
        if not text:
            return None
        if text.isascii() and text.isdigit() and int(text[:3]) in READINESS:
            return int(text[:3])
        self.bad("readiness", "bad_readiness", value=text[:LINE])
        return before

    def own(self, before: PersonForm) -> PersonForm:
        """What applicants say of themselves. The address stays: the link that signs in goes there."""
        name = self.line("name", before.name)
        if not name:
            self.bad("name", "bad_name")
        asked = _raw(self.given, "language")
        country, zone = _raw(self.given, "country").upper(), _raw(self.given, "zone")
        if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
            self.bad("country", "bad_country", value=country[:LINE])
            country = before.country or ""
        if zone and zone not in _ZONES:
            self.bad("zone", "bad_zone", value=zone[:LINE])
            zone = before.zone or ""
        return PersonForm.model_construct(
            email=before.email, name=name or before.name, zone=zone or None, country=country or None,
            language="zh" if asked == "zh" else "en" if asked == "en" else before.language,
            birth_year=self.birth_year("birth_year", before.birth_year),
        )  # fmt: skip

    def team(self, before: Sequence[Member], leader: str, most: int) -> list[Member]:
        """The members, each with an address. Where one is bad, whoever stood there before stays."""
        found: list[Member] = []
        taken = {leader}
        for n in range(1, most + 1):
            old = before[n - 1] if n <= len(before) else None
            member = self._member(n, old, taken)
            if member is not None and member.email not in taken:
                found.append(member)
                taken.add(member.email)
        return found

    def _member(self, n: int, old: Member | None, taken: set[str]) -> Member | None:
        name, email, year = (f"member-{n}-{part}" for part in ("name", "email", "birth_year"))
        if not any(_raw(self.given, part) for part in (name, email, year)):
            return None
        address = self._address(email, taken)
        if address is None:
            return old
        called = self.line(name, old.name if old else "")
        if not called:
            self.bad(name, "bad_name")
            return old
        return Member(called, address, self.birth_year(year, old.birth_year if old else None))

    def _address(self, name: str, taken: set[str]) -> str | None:
        text = _raw(self.given, name)
        if not text:
            self.bad(name, "bad_mail_missing")
            return None
        try:
            address = _EMAIL.validate_python(text)
        except ValidationError:
            self.bad(name, "bad_mail", value=text[:LINE])
            return None
        if address in taken:
            self.bad(name, "bad_mail_twice")
            return None
        return address
