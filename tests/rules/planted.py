"""Planting a fault into the reference season's text."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from models.problems import Problem
from rules.season_file import problems

SEASONS = Path(__file__).resolve().parents[2] / "seasons"
REFERENCE = SEASONS / "cotiec-2024.yaml"
TEXT = REFERENCE.read_text(encoding="utf-8")


@cache
def unplanted() -> tuple[Problem, ...]:
    """What is told of the reference season as it is shipped. Reading it takes a while, so it is read once."""
    return tuple(problems(TEXT, "season.yaml"))


def planted(old: str, new: str, *, after: str = "") -> str:
    """The reference season with the first `old` behind the text `after` replaced."""
    start = TEXT.index(after)
    at = TEXT.index(old, start)
    return TEXT[:at] + new + TEXT[at + len(old) :]


def line_of(text: str, needle: str, *, after: str = "") -> int:
    """The line, from 1, of the first `needle` behind the text `after`."""
    return text[: text.index(needle, text.index(after))].count("\n") + 1


def found(text: str, code: str) -> Problem:
    """The one problem of that code in a season's text."""
    named = [p for p in problems(text, "season.yaml") if p.code == code]
    assert len(named) == 1, [(p.code, p.path) for p in problems(text, "season.yaml")]
    return named[0]


def stage(name: str) -> str:
    """Where a stage of the reference season begins."""
    return f"  - id: {name}\n"
