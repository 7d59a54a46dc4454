"""`season rehearse`: a whole season in minutes, before it runs for real."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

from models.errors import BadInput, SeasonkeeperError
from rehearsal.report import Report


def register(app: typer.Typer) -> None:
    """Add the command to an app."""
    app.command("rehearse")(rehearse)


def rehearse(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Season file to rehearse.")],
    entries: Annotated[int, typer.Option("--entries", min=1, help="How many entries the crowd starts.")] = 3000,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same season.")] = 1,
    months: Annotated[
        float, typer.Option("--months", min=0.1, help="How many months to live through from the first window on.")
    ] = 18,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="DIR", help="Write report.json and report.html there.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Live through a whole season in about a minute, with a simulated crowd, on servers of its own.

    The production workflows, activities and rules run on a server that skips time; mails are recorded, none is sent.
    Nothing outside is touched. Exit code 1 when something happened that must not: something accepted late or refused
    early, a notice twice or lost, a window left open.

    Examples:

        season rehearse seasons/cotiec-2024.yaml

        season rehearse seasons/cotiec-2024.yaml --entries 300 --months 6 --seed 7

        season rehearse seasons/cotiec-2024.yaml --report reports/2024 --json
    """
    try:
        found = _rehearse(file, entries, seed, months)
        if report is not None:
            from rehearsal.page import write

            write(found, report)
    except SeasonkeeperError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2 if isinstance(error, BadInput) else 1) from None
    if as_json:
        typer.echo(json.dumps(found.model_dump(mode="json"), ensure_ascii=False))
    else:
        from rehearsal.summary import show

        show(found, Console())
        if report is not None:
            typer.echo(f"Report: {report / 'report.html'}")
    flaws = found.flaws()
    if flaws:
        typer.echo(f"This must not be: {'; '.join(flaws)}.", err=True)
        raise typer.Exit(1)


def _rehearse(file: Path, entries: int, seed: int, months: float) -> Report:
    from notices.known import known_notices
    from rehearsal import runner
    from rules.season_file import load

    season = load(file, notices=known_notices())
    logging.getLogger("temporalio").setLevel(logging.ERROR)
    console = Console(stderr=True)
    with RichProgress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[acts]} acts"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bar:
        task = bar.add_task("Starting", total=1.0, acts=0)

        def tell(now: runner.Progress) -> None:
            bar.update(task, completed=now.share, acts=now.acts, description=f"{now.date:%Y-%m-%d} {now.part}")

        return runner.rehearse(season, entries=entries, seed=seed, months=months, progress=tell)
