"""`season template`, `import` and `export`: spreadsheets, xlsx or csv."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from desk.cli.options import (
    Actor,
    Data,
    DryRun,
    Json,
    Lang,
    SeasonOption,
    put_json,
    read,
    the_season,
    words_for,
)  # fmt: skip
from desk.cli.tables import put

if TYPE_CHECKING:
    from desk.sheets.columns import SheetKind
    from desk.sheets.importing import Report
    from desk.words import Words
    from records.database import Database

What = Annotated[str, typer.Argument(metavar="WHAT", help="entries, channels, judges or needs.")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="FILE.xlsx or FILE.csv.")]
_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add the commands to an app."""
    app.command("template")(template)
    app.command("import")(import_)
    app.command("export")(export)


def _kind(what: str) -> SheetKind:
    from desk.sheets.columns import KINDS
    from models.errors import BadInput

    for kind in KINDS:
        if kind == what:
            return kind
    raise BadInput("sheet.kind", f"'{what}' cannot be imported.", f"Choose one of: {', '.join(KINDS)}.")


def template(what: What, file: File, season: SeasonOption = None, lang: Lang = None, data: Data = None) -> None:
    """Write a sheet to fill in: the right headers, an example, what each column may hold, lists to choose from.

    Examples:

        season template entries entries.xlsx --lang zh

        season template judges judges.csv --season cotiec-2024
    """
    from desk.sheets.template import write_template

    kind = _kind(what)

    async def ask(database: Database) -> Words:
        return await words_for(database, await the_season(database, season), lang)

    words = read(data, ask)
    assert words.file is not None
    with _writing(file):
        write_template(kind, file, words.file, words)
    typer.echo(words.label("sheet_written", file=file, rows=1))


def import_(
    what: What,
    file: File,
    season: SeasonOption = None,
    dry_run: DryRun = False,
    problems: Annotated[
        Path | None,
        typer.Option("--problems", metavar="OUT", help="Write the bad rows, with why, to OUT.xlsx or OUT.csv."),
    ] = None,
    actor: Actor = "ops",
    as_json: Json = False,
    lang: Lang = None,
    data: Data = None,
) -> None:
    """Import a sheet. Good rows go in, every bad cell is reported; a repeat doubles nothing.

    Entries are registered and submitted while the registration of their area is open. Exit code 0: all rows were good;
    1: some were bad, the good ones are in; 2: the file cannot be read, nothing is in.

    Examples:

        season import entries entries.xlsx --dry-run

        season import entries entries.xlsx --problems to-correct.xlsx --as staff/lin

        season import judges judges.csv --season cotiec-2024 --json
    """
    from desk.sheets.importing import import_sheet
    from desk.sheets.telling import report_json, write_problems
    from desk.sheets.writing import form_of
    from models.errors import BadInput

    kind = _kind(what)
    if problems is not None:
        form_of(problems)
        if problems.resolve() == file.resolve():
            raise BadInput("sheet.same", "--problems: the file that is imported.", "Name another.")
    if not file.is_file():
        raise BadInput("sheet.missing", f"There is no file {file}.", "Name an .xlsx or .csv file.")

    async def deed(database: Database) -> tuple[Report, Words]:
        name = await the_season(database, season)
        words = await words_for(database, name, lang)
        with _bar(f"{words.label('sheet_import')}: {file.name}") as step:
            found = await import_sheet(database, name, kind, file, actor=actor, dry_run=dry_run, step=step)
        return found, words

    report, words = read(data, deed)
    if problems is not None and report.problems:
        with _writing(problems):
            write_problems(report, file, problems, words)
    if as_json:
        put_json(report_json(report, words))
    else:
        _show(report, words, problems)
    if report.bad:
        raise typer.Exit(1)


def _show(report: Report, words: Words, problems: Path | None) -> None:
    from desk.sheets.telling import field_name, sentence

    typer.echo(words.label("sheet_would_line" if report.dry_run else "sheet_done_line", **report.counts()))
    if report.extra:
        comma = "、" if words.language == "zh" else ", "
        typer.echo(words.label("sheet_extra", columns=comma.join(report.extra)), err=True)
    if not report.problems:
        return
    lines: list[tuple[object, ...]] = []
    for p in report.problems[:_SHOWN]:
        said, remedy = sentence(report, p, words)
        lines.append((p.cell, field_name(report, p, words), p.value[:24], f"{said} {remedy}"))
    put([words.label(f"sheet_{name}") for name in ("cell", "field", "value", "why")], lines)
    if len(report.problems) > _SHOWN:
        typer.echo(words.label("sheet_problems_first", count=_SHOWN, total=len(report.problems)) + " (--json)")
    if problems is not None:
        typer.echo(words.label("sheet_problems_written", file=problems))


def export(
    what: Annotated[
        str,
        typer.Argument(metavar="WHAT", help="entries, windows, judges, channels, needs, notices, log or awards."),
    ],
    file: File,
    season: SeasonOption = None,
    as_json: Json = False,
    lang: Lang = None,
    data: Data = None,
) -> None:
    """Write a list of a season to a sheet that opens right in any spreadsheet program.

    Examples:

        season export entries entries.xlsx --lang zh

        season export log log.csv --season cotiec-2024
    """
    from desk.sheets.exporting import export as write
    from desk.sheets.writing import form_of
    from records.lists import list_name

    name = list_name(what)
    form_of(file)

    async def deed(database: Database) -> tuple[int, Words]:
        found = await the_season(database, season)
        words = await words_for(database, found, lang)
        with _writing(file), _bar(file.name) as step:
            return await write(database, found, name, file, words, addresses=True, step=step), words

    rows, words = read(data, deed)
    if as_json:
        put_json({"list": name, "file": str(file), "rows": rows})
        return
    typer.echo(words.label("sheet_written", file=file, rows=rows))


@contextmanager
def _writing(file: Path) -> Iterator[None]:
    """Turns a file that cannot be written into a sentence."""
    from models.errors import BadInput

    try:
        yield
    except OSError as error:
        raise BadInput(
            "sheet.unwritable",
            f"{file} cannot be written: {error.strerror}.",
            "Name another folder, or close the file.",
        ) from error


@contextmanager
def _bar(text: str) -> Iterator[Callable[[int, int], Any]]:
    """A progress bar on stderr, where somebody watches."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task(text, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
