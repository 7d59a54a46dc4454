"""Reading a season file: its form first, then whether what it says can be held."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from models.errors import BadInput
from models.problems import Problem
from models.season import SeasonFile
from rules.check import check
from rules.checks.notices import KnownNotices
from rules.season_form import read_form
from rules.season_source import parse

_TOLD = 5


@dataclass(frozen=True)
class Examined:
    """What became of a file. `file` is None where its form is wrong; `problems` are in the order of the lines."""

    file: SeasonFile | None
    problems: tuple[Problem, ...]

    def errors(self) -> tuple[Problem, ...]:
        """What keeps a season from starting."""
        return tuple(p for p in self.problems if p.severity == "error")


def examine(text: str, name: str, *, notices: KnownNotices | None = None) -> Examined:
    """Everything that is wrong with a season file, and the season where its form is right.

    `name` is what messages call the file; `notices` are those that exist, unchecked where None.
    Raises BadInput where the text is not YAML at all.
    """
    source = parse(text, name)
    file, problems = read_form(source)
    if file is not None:
        problems = list(check(file, source, notices=notices))
    return Examined(file, tuple(sorted(problems, key=lambda p: (p.line, p.severity, p.code, p.path))))


def problems(text: str, name: str) -> list[Problem]:
    """Everything that is wrong with a season file, in the order of its lines. Raises BadInput where it is not YAML."""
    return list(examine(text, name).problems)


def read(text: str, name: str, *, notices: KnownNotices | None = None) -> SeasonFile:
    """The season in a text. Raises BadInput for any error, each with file, line, field, value and remedy.

    Warnings are left to `problems`: a season may start with them.
    """
    source = parse(text, name)
    file, wrong = read_form(source)
    if file is not None:
        wrong = [p for p in check(file, source, notices=notices, days=False) if p.severity == "error"]
    if file is None or wrong:
        raise _refusal(wrong, name)
    return file


def load(path: Path, *, notices: KnownNotices | None = None) -> SeasonFile:
    """Read a season file. Raises BadInput where it cannot be read, and as `read` does."""
    return read(text_of(path), str(path), notices=notices)


def text_of(path: Path) -> str:
    """The text of a file. Raises BadInput where there is none, or it is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInput("season_file.absent", f"There is no file '{path}'.", "Check its name and folder.") from None
    except UnicodeDecodeError:
        raise BadInput("season_file.encoding", f"'{path}' is not UTF-8 text.", "Save it as UTF-8.") from None
    except OSError as error:
        raise BadInput(
            "season_file.unreadable", f"'{path}' cannot be read: {error.strerror}.", "Name a file that can be read."
        ) from None


def _refusal(wrong: Iterable[Problem], name: str) -> BadInput:
    told = [p.told(name) for p in sorted(wrong, key=lambda p: p.line)]
    more = f"and {len(told) - _TOLD} more errors" if len(told) > _TOLD else ""
    return BadInput(
        "season_file.wrong",
        "\n".join([*told[:_TOLD], *([more] if more else [])]),
        f"\n`season check {name}` shows all.",
    )
