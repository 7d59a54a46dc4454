"""Options that many commands share, and how a command runs."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from desk.client import Desk
    from desk.words import Words
    from records.database import Database
    from workers.settings import Settings

T = TypeVar("T")

SeasonArg = Annotated[
    str | None, typer.Argument(metavar="[SEASON]", help="Id of the season; may be left out while exactly one runs.")
]
SeasonOption = Annotated[
    str | None, typer.Option("--season", metavar="SEASON", help="Id of the season, where two know the same number.")
]
Json = Annotated[bool, typer.Option("--json", help="JSON on stdout; problems on stderr.")]
Lang = Annotated[str | None, typer.Option("--lang", metavar="en|zh", help="Language (default: by LANG).")]
Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Data folder of the stack (default: SEASON_DATA_DIR, else .season)."),
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept in the log. Needed.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be accepted; change nothing.")]
Actor = Annotated[str, typer.Option("--as", metavar="WHO", help="Who acts; kept in the log.")]


def settings_of(data: Path | None) -> Settings:
    """The settings of this command."""
    from workers.settings import Settings

    return Settings.load(data)


def language(lang: str | None) -> str:
    """`en` or `zh`: as asked for, else as the environment says. Raises BadInput for another."""
    from desk.words import language_of
    from models.errors import BadInput

    if lang is not None and lang not in ("en", "zh"):
        raise BadInput("lang.unknown", f"--lang: '{lang}' is no language of this command.", "Choose en or zh.")
    return lang or language_of(os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG"))


def words_in(lang: str | None) -> Words:
    """Words in the language asked for, without the names of a season."""
    from desk.words import Words

    return Words("zh" if language(lang) == "zh" else "en")


def span(text: str | None) -> timedelta | None:
    """A length of time from an option. Raises BadInput."""
    from models.instants import parse_span

    return None if text is None else parse_span(text)


def read(data: Path | None, deed: Callable[[Database], Awaitable[T]]) -> T:
    """Run a read command on the database alone."""

    async def run() -> T:
        from desk.connect import reading

        async with reading(settings_of(data)) as database:
            return await deed(database)

    return asyncio.run(run())


def steer(data: Path | None, deed: Callable[[Desk], Awaitable[T]]) -> T:
    """Run a command that steers; says so on stderr where Temporal does not answer."""

    async def run() -> T:
        from desk.connect import connect

        async with connect(settings_of(data), warn=warn) as desk:
            return await deed(desk)

    return asyncio.run(run())


async def the_season(database: Database, season: str | None) -> str:
    """The season named, else the only one that runs. Raises NotFound, BadInput."""
    from records.reading import only_running

    return season or await only_running(database)


async def words_for(database: Database, season: str, lang: str | None) -> Words:
    """Words that know the names of a season. Raises NotFound."""
    from desk.words import Words
    from records.seasons import live

    async with database.statement() as connection:
        found = await live(connection, season)
    return Words("zh" if language(lang) == "zh" else "en", found.file)


def warn(text: str) -> None:
    """A sentence on stderr."""
    typer.echo(text, err=True)


def put_json(value: Any) -> None:
    """One JSON value on stdout: a view, a tuple of views, or plain data."""
    from pydantic_core import to_json

    sys.stdout.write(to_json(value, indent=2).decode() + "\n")
