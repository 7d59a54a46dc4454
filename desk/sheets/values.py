"""What a cell may hold: how its text is read, what may be chosen, and what is wrong with it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from models.forms import PersonForm
from models.season import SeasonFile
from models.text import Text, both

MAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+")
_SEPARATORS = re.compile(r"[,;，；、\n]+")
_MEMBER = re.compile(r"(?P<name>[^<>]*)<(?P<email>[^<>]*)>")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
LINE = 200
PROSE = 20_000


class Bad(Exception):
    """What is wrong with a cell: a code, and the values of its sentence."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code, self.values = code, values


@dataclass(frozen=True)
class Choice:
    """Something that may be chosen, by its code or by its name in either language."""

    code: str
    name: Text


Choices = Callable[[SeasonFile], Iterable[Choice]]


Read = Callable[[str], Any]
"""Reads the text of a cell that holds anything. Raises Bad."""


@dataclass(frozen=True)
class Free:
    """Base of what is the same in every season."""

    def reader(self, _file: SeasonFile) -> Read:
        """What reads its cells in a season."""
        return self.read

    def read(self, text: str) -> Any:
        """The value of a text. Raises Bad."""
        raise Bad("sheet_bad_missing")


@dataclass(frozen=True)
class Line(Free):
    """One line of text. Spaces and line breaks within it become single spaces."""

    most: int = LINE

    def read(self, text: str) -> str:
        """The line. Raises Bad."""
        return _fits(" ".join(text.split()), self.most)


@dataclass(frozen=True)
class Prose(Free):
    """Text of any number of lines."""

    most: int = PROSE

    def read(self, text: str) -> str:
        """The text. Raises Bad."""
        return _fits(text.strip().replace("\r\n", "\n").replace("\r", "\n"), self.most)


@dataclass(frozen=True)
class Mail(Free):
    """A mail address; written small. Marks that cannot be seen, as copying brings them along, are left out."""

    def read(self, text: str) -> str:
        """The address. Raises Bad."""
        return mail(text)


@dataclass(frozen=True)
class Word(Free):
    """A short text of a given form, such as a code."""

    form: str
    wrong: str
    upper: bool = False

    def read(self, text: str) -> str:
        """The word. Raises Bad."""
        found = seen(text).strip()
        found = found.upper() if self.upper else found
        if not re.fullmatch(self.form, found):
            raise Bad(self.wrong)
        return found


@dataclass(frozen=True)
class Whole(Free):
    """A whole number within bounds."""

    least: int
    most: int

    def read(self, text: str) -> int:
        """The number. Raises Bad."""
        found = unicodedata.normalize("NFKC", text).strip()
        # More digits than the bounds have are no number that could fit.
        if not re.fullmatch(r"[0-9]{1,12}", found) or not self.least <= int(found) <= self.most:
            raise Bad("sheet_bad_whole", least=self.least, most=self.most)
        return int(found)


@dataclass(frozen=True)
class One:
    """One of the choices."""

    of: Choices

    def reader(self, file: SeasonFile) -> Read:
        """What reads the code of the choice that a text names."""
        return _Known(self.of(file)).one


@dataclass(frozen=True)
class Some:
    """Any of the choices, with a comma, a semicolon or a line break between them."""

    of: Choices

    def reader(self, file: SeasonFile) -> Read:
        """What reads the codes of the choices that a text names, each once."""
        return _Known(self.of(file)).some


@dataclass(frozen=True)
class Team(Free):
    """People as `Name <address>`, with a semicolon or a line break between them."""

    most: int = 50

    def read(self, text: str) -> tuple[PersonForm, ...]:
        """The people. Raises Bad."""
        people: dict[str, PersonForm] = {}
        for part in re.split(r"[;；\n]+", text):
            if not part.strip():
                continue
            found = _MEMBER.fullmatch(seen(part).strip())
            name = " ".join(found["name"].split()) if found else ""
            if found is None or not name:
                raise Bad("sheet_bad_member", part=part.strip())
            person = PersonForm(email=mail(found["email"]), name=_fits(name, LINE))
            if person.email in people:
                raise Bad("sheet_bad_member_twice", part=person.email)
            people[person.email] = person
        if len(people) > self.most:
            raise Bad("sheet_bad_team", most=self.most)
        return tuple(people.values())


Kind = Line | Prose | Mail | Word | Whole | One | Some | Team


def clean(text: str) -> str:
    """The text of a cell as it is read. Raises Bad for characters that are no text."""
    if found := _CONTROL.search(text):
        raise Bad("sheet_bad_control", sign=f"U+{ord(found[0]):04X}")
    return text


def seen(text: str) -> str:
    """A text without marks that cannot be seen, such as those of writing direction."""
    return text if text.isascii() else "".join(c for c in text if unicodedata.category(c) != "Cf")


def mail(text: str) -> str:
    """A mail address. Raises Bad."""
    found = seen(text).strip().removeprefix("mailto:").lower()
    if len(found) > 254 or not MAIL.fullmatch(found):
        raise Bad("sheet_bad_mail")
    return found


def _fits(text: str, most: int) -> str:
    if len(text) > most:
        raise Bad("sheet_bad_long", length=len(text), most=most)
    return text


def _key(text: str) -> str:
    return "".join(seen(unicodedata.normalize("NFKC", text)).casefold().split())


class _Known:
    """Choices by all that they may be called: a code before a name, and no name that two of them have."""

    def __init__(self, choices: Iterable[Choice]) -> None:
        self._choices = tuple(choices)
        named: dict[str, set[str]] = {}
        for choice in self._choices:
            for name in (choice.name.en, choice.name.zh):
                named.setdefault(_key(name), set()).add(choice.code)
        self._codes = {name: min(codes) for name, codes in named.items() if len(codes) == 1}
        self._codes |= {_key(choice.code): choice.code for choice in self._choices}

    def one(self, text: str) -> str:
        """The code of the one that is named. Raises Bad."""
        code = self._codes.get(text) or self._codes.get(_key(text))
        if code is None:
            raise Bad("sheet_bad_choice", part=text.strip(), choices=self._choices)
        return code

    def some(self, text: str) -> tuple[str, ...]:
        """The codes of all that are named. Raises Bad."""
        return tuple(dict.fromkeys(self.one(part) for part in _SEPARATORS.split(text) if part.strip()))


# What may be chosen


def areas(file: SeasonFile) -> tuple[Choice, ...]:
    """The areas of a season."""
    return tuple(Choice(a.code, a.name) for a in file.areas)


def tracks(file: SeasonFile) -> tuple[Choice, ...]:
    """The tracks of a season."""
    return tuple(Choice(t.code, t.name) for t in file.tracks)


def groups(file: SeasonFile) -> tuple[Choice, ...]:
    """The groups of all tracks; which of them are the track's own is looked at later."""
    return _once(Choice(g.code, g.name) for t in file.tracks for g in t.groups)


def fields(file: SeasonFile) -> tuple[Choice, ...]:
    """The fields of all tracks."""
    return _once(Choice(f.code, f.name) for t in file.tracks for f in t.fields)


def documents(file: SeasonFile) -> tuple[Choice, ...]:
    """The documents that the entry rules ask for."""
    return tuple(Choice(name, _DOCUMENTS.get(name, both(name, name))) for name in file.entry_rules.documents)


def _once(choices: Iterable[Choice]) -> tuple[Choice, ...]:
    return tuple({choice.code: choice for choice in choices}.values())


_DOCUMENTS = {"plan": both("project plan", "项目计划书")}


def fixed(**names: Text) -> Choices:
    """Choices that are the same in every season."""
    found = tuple(Choice(code, name) for code, name in names.items())
    return lambda _file: found


languages = fixed(en=both("English", "英文"), zh=both("Chinese", "中文"))
degrees = fixed(
    none=both("none", "无"), bachelor=both("bachelor", "本科"), master=both("master", "硕士"), doctor=both("doctor", "博士")
)  # fmt: skip
backgrounds = fixed(
    technology=both("technology", "技术"), business=both("business management", "企业管理"),
    investment=both("venture capital", "风险投资"),
)  # fmt: skip
place_kinds = fixed(city=both("city", "城市"), park=both("park", "园区"), company=both("company", "企业"))
