"""`season privacy`: a person's copy, erasure, and the deletion of what was kept long enough."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from desk.cli.options import Actor, Data, DryRun, Json, Lang, Reason, put_json, read, settings_of, words_in
from desk.cli.tables import put

if TYPE_CHECKING:
    from desk.words import Words
    from records.database import Database
    from records.privacy.erasure import Erasure
    from records.privacy.export import Export
    from records.privacy.requests import Asked
    from records.privacy.retention import Retained

privacy = typer.Typer(help="Data protection: copies, erasures, retention.", no_args_is_help=True)

Who = Annotated[str, typer.Argument(metavar="EMAIL|ID", help="Mail address of a person, or the person's number.")]


def register(app: typer.Typer) -> None:
    """Add the commands to an app."""
    app.add_typer(privacy, name="privacy")


@privacy.command("export")
def export(
    who: Who,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write: NAME.json or NAME.zip; must be new.")],
    as_json: Json = False,
    lang: Lang = None,
    data: Data = None,
) -> None:
    """Write everything that is kept about a person to a file that nobody else on this machine may read.

    Examples:

        season privacy export lin@example.org lin.json

        season privacy export 4711 4711.zip
    """
    from desk.copies import as_json as whole
    from desk.copies import as_zip
    from models.errors import BadInput
    from records.privacy import export as records
    from records.store import open_store

    if file.suffix not in (".json", ".zip"):
        raise BadInput("privacy.file", f"FILE: '{file}' is neither .json nor .zip.", "Name a file such as copy.zip.")
    if file.exists():
        raise BadInput("privacy.file_there", f"FILE: '{file}' is there already.", "Name a new file.")

    async def deed(database: Database) -> tuple[Export, bytes]:
        found = await records.export(database, who)
        if file.suffix == ".json":
            return found, whole(found)
        return found, await as_zip(found, open_store(settings_of(data).documents()))

    copy, content = read(data, deed)
    try:
        file.touch(mode=0o600, exist_ok=False)
        file.write_bytes(content)
    except OSError as error:
        raise BadInput(
            "privacy.file_unwritable", f"FILE: '{file}' cannot be written: {error.strerror}.", "Name another place."
        ) from None
    count = sum(len(found) for found in copy.tables.values())
    if as_json:
        put_json({"person": copy.person, "file": str(file), "rows": count})
    else:
        typer.echo(words_in(lang).label("privacy_written", file=file, person=copy.person, count=count))


@privacy.command("asked")
def asked(as_json: Json = False, lang: Lang = None, data: Data = None) -> None:
    """List who asked to be erased and is not yet, the first to ask first.

    Examples:

        season privacy asked

        season privacy asked --json
    """
    from dataclasses import asdict

    from records.privacy import requests

    async def deed(database: Database) -> list[Asked]:
        return await requests.open_requests(database)

    found, words = read(data, deed), words_in(lang)
    if as_json:
        put_json([asdict(one) for one in found])
    elif not found:
        typer.echo(words.label("privacy_no_requests"))
    else:
        heads = ("ID", words.label("address"), words.label("privacy_since"), words.label("seasons"))
        put(heads, [(o.id, o.email, f"{o.asked_at:%Y-%m-%d %H:%MZ}", " ".join(o.seasons)) for o in found], right=(0,))


@privacy.command("erase")
def erase(
    who: Who,
    reason: Reason = "",
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Withdraw the person's entries of running seasons first.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: DryRun = False,
    actor: Actor = "ops",
    as_json: Json = False,
    lang: Lang = None,
    data: Data = None,
) -> None:
    """Erase a person: name, address and texts go, numbers, states and results stay. It cannot be undone.

    Examples:

        season privacy erase lin@example.org --reason "asked by letter of 3 May" --dry-run

        season privacy erase 4711 --reason "asked at /my/data" --withdraw --yes
    """
    from dataclasses import asdict

    from models.errors import BadInput
    from records.privacy import erasure
    from workers.outside import outside_of

    words, outside = words_in(lang), outside_of(settings_of(data))

    def carry_out(dry: bool) -> Erasure:
        async def deed(database: Database) -> Erasure:
            return await erasure.erase(
                database, who, reason=reason, actor=actor, withdraw=withdraw, dry_run=dry, outside=outside
            )

        return read(data, deed)

    would = carry_out(True)
    if not dry_run and not yes and not would.already:
        if as_json or not sys.stdin.isatty():
            raise BadInput("privacy.unsure", "An erasure cannot be undone.", "Give --yes, or --dry-run to look first.")
        _show(would, words)
        if not typer.confirm(words.label("privacy_confirm", person=would.person)):
            raise typer.Exit(1)
    done = would if dry_run else carry_out(False)
    if as_json:
        put_json(asdict(done))
        return
    if dry_run:
        typer.echo(words.label("would"))
    _show(done, words)
    if not dry_run:
        name = "privacy_already" if done.already else "privacy_done"
        typer.echo(words.label(name, person=done.person))


def _show(done: Erasure, words: Words) -> None:
    from desk.labels.privacy import EFFECTS

    for name in EFFECTS:
        value = getattr(done, name)
        if value:
            typer.echo(words.pair(f"privacy_{name}", ", ".join(value) if isinstance(value, tuple) else value))


@privacy.command("retain")
def retain(dry_run: DryRun = False, as_json: Json = False, lang: Lang = None, data: Data = None) -> None:
    """Delete what was kept long enough, by each season's `retention`. A worker does it by itself every hour.

    Examples:

        season privacy retain --dry-run

        season privacy retain --json
    """
    from dataclasses import asdict

    from rich.console import Console
    from rich.progress import Progress

    from records.privacy import retention
    from workers.outside import outside_of

    words, outside = words_in(lang), outside_of(settings_of(data))
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bars: dict[str, Any] = {}

        def step(season: str, done: int, of: int) -> None:
            if season not in bars:
                bars[season] = progress.add_task(season, total=of)
            progress.update(bars[season], completed=done)

        async def deed(database: Database) -> Retained:
            return await retention.retain(database, dry_run=dry_run, outside=outside, step=step)

        done = read(data, deed)
    if as_json:
        put_json(asdict(done))
        return
    if dry_run:
        typer.echo(words.label("would"))
    for one in done.seasons:
        typer.echo(words.label("privacy_retained", **asdict(one)))
    if done.over:
        typer.echo(words.label("privacy_swept", count=done.over))
    if not done.seasons and not done.over:
        typer.echo(words.label("privacy_nothing_due"))
