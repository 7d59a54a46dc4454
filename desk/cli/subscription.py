"""`season notices subscription`, `links` and `dkim`: who wants what, links in mails, and the signature of mails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from desk.cli.addresses import notices
from desk.cli.options import Actor, Data, Json, Lang, Reason, put_json, read, settings_of, words_in

if TYPE_CHECKING:
    from datetime import datetime

    from records.database import Database
    from records.subscriptions import Subscription

Person = Annotated[int, typer.Option("--person", metavar="ID", help="The person's number.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the group `season notices`."""
    notices.command("subscription")(subscription)
    notices.command("void-links")(void_links)
    notices.command("dkim")(dkim)


def subscription(
    person: Person,
    season: Annotated[str | None, typer.Option("--season", metavar="SEASON", help="One season alone.")] = None,
    as_json: Json = False,
    lang: Lang = None,
    data: Data = None,
) -> None:
    """Show which reminders and announcements a person has unsubscribed from.

    Examples:

        season notices subscription --person 4711

        season notices subscription --person 4711 --season cotiec-2024 --json
    """
    from records import subscriptions

    async def deed(database: Database) -> list[Subscription]:
        return await subscriptions.of_person(database, person, season)

    found = read(data, deed)
    if as_json:
        put_json([{"person": person, "season": one.season, "out": one.out} for one in found])
        return
    words = words_in(lang)
    for one in found:
        typer.echo(words.label("sub_person", person=person, season=one.season))
        for kind, at in one.out.items():
            name = "sub_out_all" if kind == subscriptions.ALL else "sub_out"
            typer.echo(f"  {words.label(name, kind=words.notice(kind), at=words.when(at))}")
        if not one.out:
            typer.echo(f"  {words.label('sub_gets_all')}")


def void_links(
    person: Person, reason: Reason = "", actor: Actor = "ops", as_json: Json = False, lang: Lang = None,
    data: Data = None,
) -> None:  # fmt: skip
    """Make void all links in mails to a person that open something without a sign-in.

    Unsubscribing goes on working; mails that are sent from now on have good links again.

    Examples:

        season notices void-links --person 4711 --reason "the mails were forwarded to a list"
    """
    from records import links

    async def deed(database: Database) -> datetime:
        return await links.revoke(database, person, actor=actor, reason=reason)

    since = read(data, deed)
    if as_json:
        put_json({"person": person, "since": since})
    else:
        typer.echo(words_in(lang).label("sub_revoked", person=person))


def dkim(as_json: Json = False, lang: Lang = None, data: Data = None) -> None:
    """Print the DNS record by which receivers verify the signature of notices.

    Examples:

        season notices dkim

        SEASON_DKIM_DOMAIN=example.org SEASON_DKIM_KEY=dkim.pem season notices dkim --json
    """
    signer = settings_of(data).signer()
    if as_json:
        name, value = signer.record() if signer else (None, None)
        put_json({"signed": signer is not None, "name": name, "type": "TXT", "value": value})
        return
    words = words_in(lang)
    if signer is None:
        typer.echo(words.label("dkim_off"))
        return
    name, value = signer.record()
    # A string of a TXT record holds 255 characters at the most.
    strings = " ".join(f'"{value[n : n + 255]}"' for n in range(0, len(value), 255))
    typer.echo(f"{words.label('dkim_publish')}\n\n{name}. IN TXT ( {strings} )")
