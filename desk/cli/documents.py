"""`season documents`: the documents of an entry, and clearing away files that nothing names any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from desk.cli.options import Data, DryRun, Json, Lang, SeasonOption, put_json, read, settings_of, words_for, words_in
from desk.cli.tables import put

if TYPE_CHECKING:
    from pathlib import Path

    from records.database import Database


def register(app: typer.Typer) -> None:
    """Add the command to an app."""
    app.command("documents")(documents)


def documents(
    entry: Annotated[
        str | None, typer.Argument(metavar="[ENTRY]", help="Public number, such as 2024-EU-LH-0042, or id.")
    ] = None,
    season: SeasonOption = None,
    sweep: Annotated[
        bool,
        typer.Option("--sweep", help="Delete files that no document names, and those of documents removed long ago."),
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
    lang: Lang = None,
    data: Data = None,
) -> None:
    """The documents of an entry; with --sweep, clear the store of files that are needed no more.

    Examples:

        season documents 2024-EU-LH-0042

        season documents --sweep --dry-run
    """
    from models.errors import BadInput

    if sweep == (entry is not None):
        raise BadInput("documents.which", "Name an entry, or --sweep.", "`season documents --help` shows examples.")
    if sweep:
        _sweep(data, lang, dry_run=dry_run, as_json=as_json)
    else:
        _list(data, str(entry), season, lang, as_json=as_json)


def _list(data: Path | None, entry: str, season: str | None, lang: str | None, *, as_json: bool) -> None:
    async def ask(database: Database) -> Any:
        from records import documents, reading

        found = await reading.entry(database, entry, season)
        return await documents.of_entry(database, found.id), await words_for(database, found.season, lang)

    found, words = read(data, ask)
    if as_json:
        put_json(found)
        return
    if not found:
        typer.echo(words.label("documents_none"))
        return
    heads = ["id", *(words.label(f"document_{x}") for x in ("kind", "file", "size", "uploaded"))]
    put(heads, [(d.id, words.document(d.kind), d.name, words.size(d.size), words.when(d.uploaded_at)) for d in found])


def _sweep(data: Path | None, lang: str | None, *, dry_run: bool, as_json: bool) -> None:
    async def clear(database: Database) -> Any:
        from datetime import timedelta

        from records.documents import forget_orphans, forget_removed
        from records.store import open_store

        settings = settings_of(data)
        keep = timedelta(days=settings.document_keep_days)
        store = open_store(settings.documents())
        swept = await forget_orphans(database, store, dry_run=dry_run)
        removed = await forget_removed(database, store, keep=keep, dry_run=dry_run)
        return {"kept": swept.kept - removed, "orphans": swept.orphans, "removed": removed}

    done = read(data, clear)
    if as_json:
        put_json({**done, "dry_run": dry_run})
        return
    words = words_in(lang)
    if dry_run:
        typer.echo(words.label("would"))
    typer.echo(words.label("documents_swept", **done))
