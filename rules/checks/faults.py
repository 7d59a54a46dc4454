"""Collecting what is wrong, each with its place in the file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

from models.problems import Problem, Severity
from models.text import Text
from rules.season_source import Path, Source

_OPTIONS = 12


def both(en: str, zh: str) -> Text:
    """A text in both languages."""
    return Text(en=en, zh=zh)


def listed(codes: Iterable[str]) -> str:
    """`EU, UK, SG and 4 more` is told as `EU, UK, SG, … (7)`; short lists in full."""
    found = list(codes)
    return ", ".join(found) if len(found) <= 5 else f"{', '.join(found[:4])}, … ({len(found)})"


def nearest(word: str, known: Iterable[str]) -> Text:
    """What to write instead of an unknown word: the nearest known one, or all of them."""
    options = list(known)
    close = get_close_matches(word, options, n=1, cutoff=0.6)
    if close:
        return both(f"Did you mean '{close[0]}'?", f"是否应为“{close[0]}”？")
    if not options:
        return both("Remove it: the file has none.", "请删除：文件中没有任何可引用的项。")
    told = ", ".join(options) if len(options) <= _OPTIONS else f"{', '.join(options[:_OPTIONS])}, …"
    return both(f"Use one of: {told}.", f"可用：{told}。")


@dataclass
class Faults:
    """Problems found so far."""

    source: Source
    found: list[Problem] = field(default_factory=list)

    def error(self, code: str, path: Path, says: Text, remedy: Text) -> None:
        """Note something with which no season may start."""
        self._note("error", code, path, says, remedy)

    def warning(self, code: str, path: Path, says: Text, remedy: Text) -> None:
        """Note something that people should judge."""
        self._note("warning", code, path, says, remedy)

    def _note(self, severity: Severity, code: str, path: Path, says: Text, remedy: Text) -> None:
        value = self.source.get(path)
        problem = Problem(
            severity=severity, code=code, line=self.source.line(path), path=self.source.field(path),
            value=None if value is None or isinstance(value, (dict, list)) else str(value), sentence=says, remedy=remedy,
        )  # fmt: skip
        if problem not in self.found:
            self.found.append(problem)
