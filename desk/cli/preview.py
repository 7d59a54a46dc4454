"""`season notices preview` and `templates`: how notices read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from desk.cli.addresses import notices
from desk.cli.options import Data, Json, Lang, SeasonArg, language, put_json, read, the_season, words_in
from desk.cli.tables import put

if TYPE_CHECKING:
    from desk.previews import Preview
    from records.database import Database


def register(app: typer.Typer) -> None:
    """The commands are in the group already: there is nothing to add to the app."""


@notices.command("templates")
def templates(season: SeasonArg = None, as_json: Json = False, lang: Lang = None, data: Data = None) -> None:
    """List every notice with its subject.

    Examples:

        season notices templates --lang zh
    """
    tongue = language(lang)

    async def deed(database: Database) -> list[Preview]:
        from desk.previews import preview
        from notices.render import template_names

        found = await the_season(database, season)
        return [await preview(database, found, name, tongue) for name in template_names()]

    found = read(data, deed)
    if as_json:
        put_json([{"template": one.template, "subject": one.words.subject, "own": one.own} for one in found])
        return
    words = words_in(lang)
    put(
        ("TEMPLATE", words.label("prv_notice"), ""),
        [(p.template, words.notice(p.template), p.words.subject) for p in found],
    )


@notices.command("preview")
def preview_(
    template: Annotated[str, typer.Argument(metavar="TEMPLATE", help="Name of the notice, such as draft_reminder.")],
    season: SeasonArg = None,
    entry: Annotated[str, typer.Option("--to", metavar="ENTRY", help="With the values of this entry.")] = "",
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write the HTML part to a file.")] = None,
    as_json: Json = False,
    lang: Lang = None,
    data: Data = None,
) -> None:
    """Show a notice as it would be sent: with an entry's real values, or with invented ones. Nothing is sent.

    Examples:

        season notices preview draft_reminder --to 2024-EU-LH-0042 --lang zh

        season notices preview receipt cotiec-2024 --html receipt.html
    """
    tongue = language(lang)

    async def deed(database: Database) -> Preview:
        from desk.previews import preview

        return await preview(database, await the_season(database, season), template, tongue, entry=entry)

    found = read(data, deed)
    if html is not None:
        from models.errors import BadInput

        try:
            html.write_text(found.words.html, encoding="utf-8")
        except OSError as error:
            raise BadInput("html.unwritable", f"--html: '{html}' cannot be written: {error.strerror}.") from None
    if as_json:
        put_json({"template": template, "language": tongue, **found.words._asdict(), "invented": found.invented})
        return
    typer.echo(typer.style(found.words.subject, bold=True))
    typer.echo()
    typer.echo(found.words.body.rstrip("\n"))
    words = words_in(lang)
    if found.invented:
        typer.echo(typer.style(words.label("prv_invented", names=", ".join(found.invented)), dim=True), err=True)
    if html is not None:
        typer.echo(words.label("prv_written", file=html), err=True)
