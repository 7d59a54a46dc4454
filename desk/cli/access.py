"""`season staff` and `season token`: who of the season office comes in, and which programs."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from desk.cli.options import Data, Json, put_json, read, span

if TYPE_CHECKING:
    from records.access import Token
    from records.database import Database
    from records.staff import Secrets

staff = typer.Typer(help="Members of the season office: who may come in, and as what.", no_args_is_help=True)
token = typer.Typer(help="Tokens by which programs use the API.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to an app."""
    app.add_typer(staff, name="staff")
    app.add_typer(token, name="token")


@staff.command("add")
def add(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Mail address of the member.")],
    name: Annotated[str, typer.Option("--name", help="Name of the member.")],
    role: Annotated[str, typer.Option("--role", metavar="operations|organiser|support", help="What they may do.")],
    area: Annotated[str | None, typer.Option("--area", help="Area of an organiser, such as EU.")] = None,
    language: Annotated[str, typer.Option("--language", metavar="en|zh", help="Language of their mails.")] = "en",
    renew: Annotated[bool, typer.Option("--renew", help="New role and secrets for a member; ends the old.")] = False,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Add a member. Prints a password and the URI for an authenticator, this once: neither can be shown again.

    Examples:

        season staff add lin@example.org --name "Lin" --role operations

        season staff add eva@example.org --name "Eva" --role organiser --area EU

        season staff add lin@example.org --name "Lin" --role support --renew
    """
    from pydantic import ValidationError

    from models.errors import BadInput
    from models.forms import PersonForm
    from records import staff as records

    try:
        form = PersonForm.model_validate({"email": email, "name": name, "language": language})
    except ValidationError as error:
        first = error.errors()[0]
        raise BadInput("staff.unreadable", f"{first['loc'][0]}: {first['msg']}.") from None

    async def deed(database: Database) -> Secrets:
        return await records.add(database, form, role, area, renew=renew)

    made = read(data, deed)
    if as_json:
        put_json({"person": made.person_id, "role": role, "password": made.password, "otpauth": made.otpauth})
        return
    typer.echo(f"{form.email} may sign in at /staff/sign-in as {role}{f' of {area}' if area else ''}.")
    typer.echo(f"Password:      {made.password}")
    typer.echo(f"Authenticator: {made.otpauth}")
    typer.echo("Both are shown this once. Hand them over by two different ways.")


@staff.command("list")
def members(as_json: Json = False, data: Data = None) -> None:
    """List all members, also those who were disabled.

    Examples:

        season staff list

        season staff list --json
    """
    from dataclasses import asdict

    from desk.cli.tables import put
    from records import staff as records

    found = read(data, records.members)
    if as_json:
        put_json([asdict(member) for member in found])
    elif not found:
        typer.echo("Nobody yet. Add somebody: season staff add EMAIL --name NAME --role operations")
    else:
        rows = [(m.email, m.name, m.role, m.area or "", _day(m.created_at), _day(m.disabled_at)) for m in found]
        put(("EMAIL", "NAME", "ROLE", "AREA", "SINCE", "DISABLED"), rows)


@staff.command("disable")
def disable(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Mail address of the member.")], data: Data = None
) -> None:
    """Keep a member out from now on; whoever is signed in is signed out at once.

    Examples:

        season staff disable lin@example.org
    """
    from records import staff as records

    async def deed(database: Database) -> None:
        await records.disable(database, email)

    read(data, deed)
    typer.echo(f"{email} may no longer come in.")


@token.command("make")
def make(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The program that will use it.")],
    scope: Annotated[list[str], typer.Option("--scope", metavar="read|steer|register|bounces", help="What it may do.")],
    season: Annotated[str | None, typer.Option("--season", help="For one season only.")] = None,
    channel: Annotated[
        str | None, typer.Option("--channel", metavar="CODE", help="Registers for this channel of the season.")
    ] = None,
    valid: Annotated[str | None, typer.Option("--for", metavar="LENGTH", help="How long it is good: `90d`.")] = None,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Make a token. It is printed this once, and cannot be shown again.

    `read` looks at seasons, `steer` gives commands, `register` registers entries: with --channel those that the channel
    recommends, else those that the token itself drafted; `bounces` tells of mails that came back. docs/api.md shows how they are used.

    Examples:

        season token make "results page" --scope read --for 90d

        season token make "duty phone" --scope read --scope steer --season cotiec-2024

        season token make "INNO's portal" --scope register --season cotiec-2024 --channel INNO
    """
    from records import access as records

    length = span(valid)

    async def deed(database: Database) -> tuple[int, str]:
        ends = None if length is None else await database.now() + length
        bound = None if channel is None else await records.channel_for(database, season, channel)
        return await records.make_token(database, name, scope, season=season, channel=bound, expires_at=ends)

    number, secret = read(data, deed)
    if as_json:
        put_json({"id": number, "token": secret})
        return
    typer.echo(f"Token {number} for {name}, shown this once:")
    typer.echo(secret)
    typer.echo("A program sends it as `Authorization: Bearer TOKEN`.")


@token.command("list")
def tokens(as_json: Json = False, data: Data = None) -> None:
    """List all tokens, newest first, also those that are over. The secrets are not kept.

    Examples:

        season token list

        season token list --json
    """
    from dataclasses import asdict

    from desk.cli.tables import put
    from records import access as records

    found = read(data, records.tokens)
    if as_json:
        put_json([asdict(one) for one in found])
    elif not found:
        typer.echo("No tokens yet. Make one: season token make NAME --scope read")
    else:
        heads = ("ID", "NAME", "SCOPES", "SEASON", "MADE", "UNTIL", "REVOKED")
        put(heads, [_row(one) for one in found], right=(0,))


@token.command("revoke")
def revoke(
    number: Annotated[int, typer.Argument(metavar="ID", help="Its id, from `season token list`.")], data: Data = None
) -> None:
    """Make a token good for nothing, from now on.

    Examples:

        season token revoke 3
    """
    from records import access as records

    async def deed(database: Database) -> None:
        await records.revoke_token(database, number)

    read(data, deed)
    typer.echo(f"Token {number} is revoked.")


def _row(one: Token) -> tuple[Any, ...]:
    return (
        one.id, one.name, " ".join(one.scopes), one.season or "", _day(one.created_at), _day(one.expires_at),
        _day(one.revoked_at),
    )  # fmt: skip


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d}" if at else ""
