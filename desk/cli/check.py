"""`season check`: the timeline that a season file makes, and what is wrong with it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from desk.cli.options import Json, Lang, language, put_json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from models.problems import Problem
    from models.season import SeasonFile
    from models.timeline import Timeline
    from rules.season_file import Examined

_WORDS = {
    "season_time": ("Season time", "赛季时间"),
    "utc": ("UTC", "UTC"),
    "error": ("Error", "错误"),
    "warning": ("Warning", "警告"),
    "fine": ("Nothing is wrong.", "没有问题。"),
    "count": ("{0} errors, {1} warnings", "{0} 个错误，{1} 个警告"),
    "no_timeline": ("No timeline: the file's errors come first.", "无法列出时间表：请先修正错误。"),
    "no_start": ("No season can start from this file.", "无法用此文件启动赛季。"),
    "event": ("event", "活动"),
    "matching_round": ("matching round", "对接轮次"),
    "moments": ("Dates beside the windows", "其他日期"),
}


def register(app: typer.Typer) -> None:
    """Add the command to an app."""
    app.command("check")(check)


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Season file.")],
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Check a season file: print its timeline, and what is wrong with file, line and remedy.

    Exit code 0: a season can start from it (there may be warnings); 1: it has errors; 2: it cannot be read.

    Examples:

        season check seasons/cotiec-2024.yaml

        season check seasons/cotiec-2024.yaml --lang zh

        season check my-season.yaml --json
    """
    from notices.known import known_notices
    from rules.season_file import examine, text_of

    tongue = language(lang)
    found = examine(text_of(file), str(file), notices=known_notices())
    plan = _timeline(found)
    if as_json:
        put_json(_json(file, found, plan))
    else:
        _show(file, found, plan, tongue)
    if found.errors():
        raise typer.Exit(1)


def _timeline(found: Examined) -> Timeline | None:
    """The timeline, where every zone is known."""
    from rules.timeline import resolve

    if found.file is None or any(p.code == "zone.unknown" for p in found.problems):
        return None
    return resolve(found.file)


def _json(file: Path, found: Examined, plan: Timeline | None) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "file": str(file),
        "season": found.file.id if found.file else None,
        "errors": len(found.errors()),
        "warnings": len(found.problems) - len(found.errors()),
        "problems": [p.model_dump(mode="json") for p in found.problems],
        "timeline": None,
    }
    if plan is not None and found.file is not None:
        season, zones = ZoneInfo(found.file.zone), {a.code: ZoneInfo(a.zone) for a in found.file.areas}
        answer["timeline"] = {
            "zone": season.key,
            "windows": [
                {
                    "id": w.id, "stage": w.stage, "kind": w.kind, "area": w.area, "zone": w.zone,
                    **{
                        name: {
                            "utc": at, "season": at.astimezone(season).isoformat(),
                            "area": at.astimezone(zones[w.area]).isoformat() if w.area else None,
                        }
                        for name, at in (("opens", w.opens_at), ("closes", w.closes_at))
                    },
                }
                for w in plan.windows
            ],
            "moments": [
                {"stage": m.stage, "kind": m.kind, "at": m.at, "until": m.until} for m in plan.moments
            ],
        }  # fmt: skip
    return answer


def _show(file: Path, found: Examined, plan: Timeline | None, tongue: str) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=False)
    if plan is None or found.file is None:
        console.print(_word("no_timeline", tongue), style="bold")
    else:
        title = f"{found.file.name.in_language(tongue)} ({found.file.id}, {found.file.zone})"
        console.print(f"{title}\n", style="bold", markup=False, soft_wrap=True)
        _windows(found.file, plan, tongue, console)
        if plan.moments:
            console.print(_word("moments", tongue), style="bold")
            console.print(_moments(found.file, plan, tongue))
    console.print()
    _problems(file, found, tongue, console)


def _windows(file: SeasonFile, plan: Timeline, tongue: str, console: Console) -> None:
    """Stage by stage: the season's clock and UTC once for windows that are the same, then each other clock."""
    for stage in sorted({w.stage: w.opens_at for w in reversed(plan.windows)}.items(), key=lambda s: s[1]):
        windows = [w for w in plan.windows if w.stage == stage[0]]
        heading = f"{file.stage(stage[0]).name.in_language(tongue)} ({stage[0]})"
        console.print(heading, style="bold", markup=False)
        grid = _grid()
        for span in dict.fromkeys((w.opens_at, w.closes_at) for w in windows):
            areas = [w.area for w in windows if (w.opens_at, w.closes_at) == span and w.area]
            for clock, where in _clocks(file, areas, span, tongue).items():
                grid.add_row(f"  {where}", clock[0], f"→ {clock[1]}", clock[2])
        console.print(grid)
        console.print()


def _clocks(
    file: SeasonFile, areas: list[str], span: tuple[datetime, datetime], tongue: str
) -> dict[tuple[str, str, str], str]:
    """What each clock shows for a window, and for whom."""
    season, utc = ZoneInfo(file.zone), ZoneInfo("UTC")
    shown: dict[tuple[str, str, str], list[str]] = {_shown(span, season): [_word("season_time", tongue)]}
    shown.setdefault(_shown(span, utc), []).append(_word("utc", tongue))
    for area in areas:
        shown.setdefault(_shown(span, ZoneInfo(file.area(area).zone)), []).append(area)
    return {clock: ", ".join(where) for clock, where in shown.items()}


def _shown(span: tuple[datetime, datetime], zone: ZoneInfo) -> tuple[str, str, str]:
    opens, closes = (at.astimezone(zone) for at in span)
    offsets = dict.fromkeys(f"UTC{o[:3]}:{o[3:]}" for o in (f"{opens:%z}", f"{closes:%z}"))
    return _at(opens, zone), _at(closes, zone, closes=True), " / ".join(offsets)


def _moments(file: SeasonFile, plan: Timeline, tongue: str) -> Table:
    grid, season = _grid(), ZoneInfo(file.zone)
    for m in plan.moments:
        name = f"  {file.stage(m.stage).name.in_language(tongue)} ({_word(m.kind, tongue)})"
        for n, zone in enumerate((season, ZoneInfo("UTC"))):
            until = f"→ {_at(m.until, zone, closes=True)}" if m.until else ""
            clock = _word("utc" if n else "season_time", tongue)
            grid.add_row("" if n else name, _at(m.at, zone), until, clock)
    return grid


def _grid() -> Table:
    from rich.table import Table

    grid = Table.grid(padding=(0, 2), expand=False)
    grid.add_column(min_width=14, max_width=30)
    for _ in range(3):
        grid.add_column(no_wrap=True)
    return grid


def _at(at: datetime, zone: ZoneInfo, *, closes: bool = False) -> str:
    """To the minute. A close at midnight is 24:00 of the day that ends, which nobody misreads."""
    local = at.astimezone(zone)
    if closes and (local.hour, local.minute, local.second) == (0, 0, 0):
        return f"{local - timedelta(days=1):%Y-%m-%d} 24:00"
    return f"{local:%Y-%m-%d %H:%M}"


def _problems(file: Path, found: Examined, tongue: str, console: Console) -> None:
    for p in found.problems:
        _problem(file, p, tongue, console)
    if not found.problems:
        console.print(_word("fine", tongue), style="green")
        return
    errors = len(found.errors())
    console.print(_word("count", tongue).format(errors, len(found.problems) - errors), style="bold")
    if errors:
        console.print(_word("no_start", tongue), style="red")


def _problem(file: Path, problem: Problem, tongue: str, console: Console) -> None:
    from rich.text import Text

    style = "bold red" if problem.severity == "error" else "yellow"
    # Soft-wrapped, so that file and line stay in one piece for editors that jump to them.
    console.print(
        Text.assemble((f"{file}:{problem.line}", "bold"), "  ", (_word(problem.severity, tongue), style), "  ",
                      (problem.path, "cyan")), soft_wrap=True,
    )  # fmt: skip
    console.print(Text(f"    {problem.sentence.in_language(tongue)}"), soft_wrap=True)
    console.print(Text(f"    → {problem.remedy.in_language(tongue)}"), soft_wrap=True)


def _word(name: str, tongue: str) -> str:
    return _WORDS[name][1 if tongue == "zh" else 0]
