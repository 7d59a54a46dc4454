"""`season notices address`: the mail address of a person, corrected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from desk.cli.options import Actor, Data, Json, Lang, Reason, put_json, read, words_in

if TYPE_CHECKING:
    from records.addresses import Corrected
    from records.database import Database

notices = typer.Typer(help="Notices: addresses that bounced.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to an app."""
    app.add_typer(notices, name="notices")


@notices.callback()
def _group() -> None:
    """Keep the group a group, however few commands it has."""


@notices.command("address")
def address(
    person: Annotated[int, typer.Option("--person", metavar="ID", help="The person's number.")],
    email: Annotated[str, typer.Option("--email", metavar="NEW", help="The address that is right.")],
    reason: Reason = "",
    actor: Actor = "ops",
    as_json: Json = False,
    lang: Lang = None,
    data: Data = None,
) -> None:
    """Correct a person's mail address, so that notices go there again after the old one bounced.

    Examples:

        season notices address --person 4711 --email lin@example.org --reason "told by the channel on the phone"
    """
    from records import addresses

    async def deed(database: Database) -> Corrected:
        return await addresses.correct(database, person, email, reason=reason, actor=actor)

    done = read(data, deed)
    if as_json:
        put_json(done._asdict())
    else:
        name = "address_corrected" if done.changed else "address_used_again"
        words = words_in(lang)
        typer.echo(words.label(name, person=done.person))
        if done.anew:
            typer.echo(words.label("hooks_anew", count=done.anew))
