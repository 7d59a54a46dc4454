"""`season hooks`: other programs that are told of events; and `season notices bounces`: reports that came in."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from desk.cli.addresses import notices
from desk.cli.options import (
    Actor,
    Data,
    Json,
    Lang,
    SeasonArg,
    put_json,
    read,
    settings_of,
    the_season,
    words_for,
    words_in,
)
from desk.cli.tables import put

if TYPE_CHECKING:
    from pathlib import Path

    from desk.words import Words
    from records.bounces import Listed
    from records.database import Database
    from records.hook_deliveries import Told
    from records.hooks import Hook, Made

hooks = typer.Typer(help="Webhooks: other programs that are told of a season's events.", no_args_is_help=True)
HookArg = Annotated[int, typer.Argument(metavar="ID", help="Number of the webhook, as `season hooks list` shows it.")]


def register(app: typer.Typer) -> None:
    """Add the commands to an app."""
    app.add_typer(hooks, name="hooks")
    notices.command("bounces")(bounces)


@hooks.command("add")
def add(
    season: SeasonArg = None,
    url: Annotated[str, typer.Option("--url", metavar="URL", help="Where events are posted to: https.")] = "",
    events: Annotated[
        str,
        typer.Option("--events", metavar="KINDS", help="notices, openings, closings, changes, bounces, holds; or all."),
    ] = "all",
    area: Annotated[str | None, typer.Option("--area", metavar="AREA", help="Events of one area alone.")] = None,
    actor: Actor = "ops",
    as_json: Json = False,
    lang: Lang = None,
    data: Data = None,
) -> None:
    """Tell a program of events from now on. Prints the secret that signs them, this once.

    Events of the whole season are told to those of one area too.

    Examples:

        season hooks add cotiec-2024 --url https://hooks.example.org/season --events closings,changes

        season hooks add cotiec-2024 --url https://hooks.example.org/eu --events all --area EU --json
    """
    from notices.webhooks import HttpWebhooks
    from records import hooks as records

    asyncio.run(HttpWebhooks(private=settings_of(data).hooks_private).check(url))

    async def deed(database: Database) -> Made:
        found = await the_season(database, season)
        return await records.add(database, found, url, events.split(","), area=area, actor=actor)

    _show_secret(read(data, deed), "hooks_added", as_json, lang)


def _show_secret(made: Made, label: str, as_json: bool, lang: str | None) -> None:
    if as_json:
        put_json({"hook": made.id, "secret": made.secret})
        return
    words = words_in(lang)
    typer.echo(words.label(label, hook=made.id))
    typer.echo(f"{words.label('hooks_secret', hook=made.id)} {made.secret}")


@hooks.command("list")
def list_(season: SeasonArg = None, as_json: Json = False, lang: Lang = None, data: Data = None) -> None:
    """List the webhooks of a season, with what waits for them. Secrets are not shown.

    Examples:

        season hooks list

        season hooks list cotiec-2024 --json
    """
    from records import hooks as records

    async def deed(database: Database) -> tuple[tuple[Hook, ...], Words]:
        found = await the_season(database, season)
        return await records.of_season(database, found), await words_for(database, found, lang)

    found, words = read(data, deed)
    if as_json:
        put_json([one._asdict() for one in found])
        return
    for one in found:
        typer.echo(f"{one.id}  {one.url}  {', '.join(one.events)}  {one.area or words.label('hooks_every_area')}")
        counts = words.label("hooks_counts", waiting=one.waiting, sent=one.sent, failed=one.failed)
        typer.echo(f"   {counts}")
        if one.renewing_until:
            typer.echo(f"   {words.label('hooks_renewing', at=words.when(one.renewing_until))}")
        if one.disabled_at:
            typer.echo(f"   {words.label('hooks_disabled', at=words.when(one.disabled_at))}")
    if not found:
        typer.echo(words.label("hooks_none"))


@hooks.command("remove")
def remove(hook: HookArg, actor: Actor = "ops", as_json: Json = False, lang: Lang = None, data: Data = None) -> None:
    """Tell a program nothing any more. What waits for it is dropped.

    Examples:

        season hooks remove 3
    """
    from records import hooks as records

    async def deed(database: Database) -> None:
        await records.remove(database, hook, actor=actor)

    read(data, deed)
    if as_json:
        put_json({"hook": hook, "removed": True})
    else:
        typer.echo(words_in(lang).label("hooks_removed", hook=hook))


@hooks.command("rotate")
def rotate(hook: HookArg, actor: Actor = "ops", as_json: Json = False, lang: Lang = None, data: Data = None) -> None:
    """Give a webhook a new secret, printed this once. For a day the old one signs beside it.

    Examples:

        season hooks rotate 3
    """
    from records import hooks as records

    async def deed(database: Database) -> Made:
        return await records.rotate(database, hook, actor=actor)

    _show_secret(read(data, deed), "hooks_rotated", as_json, lang)


@hooks.command("test")
def send_test(hook: HookArg, actor: Actor = "ops", as_json: Json = False, lang: Lang = None, data: Data = None) -> None:
    """Send a webhook one event now, and say what it answered. A disabled one that takes it is enabled.

    Exit code 1 where it was not taken.

    Examples:

        season hooks test 3

        season hooks test 3 --json
    """
    told = read(data, lambda database: _test(database, data, hook, actor))
    words = words_in(lang)
    if as_json:
        put_json(told._asdict())
    elif told.state == "sent":
        typer.echo(words.label("hooks_tested", status=told.status))
    else:
        typer.echo(
            words.label("hooks_test_failed", answer=f"{told.status or ''} {told.answer or ''}".strip()), err=True
        )
    if told.state != "sent":
        raise typer.Exit(1)


async def _test(database: Database, data: Path | None, hook: int, actor: str) -> Told:
    from activities.outside import Outside
    from notices.message import domain_of
    from notices.webhooks import HttpWebhooks
    from records import hook_deliveries
    from records import hooks as records

    settings = settings_of(data)
    channel = HttpWebhooks(private=settings.hooks_private)
    outside = Outside(database, channel, settings.desk_url(), domain_of(settings.mail_from))
    delivery = await records.ask_test(database, hook, actor=actor)
    return await outside.test_hook(await hook_deliveries.one_told(database, delivery))


@hooks.command("log")
def log(
    season: SeasonArg = None,
    hook: Annotated[int | None, typer.Option("--hook", metavar="ID", help="One webhook alone.")] = None,
    state: Annotated[str | None, typer.Option("--state", metavar="queued|sent|failed", help="In this state.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many at the most.")] = 50,
    as_json: Json = False,
    lang: Lang = None,
    data: Data = None,
) -> None:
    """Show the newest events that webhooks were told or are to be, and what they answered.

    Examples:

        season hooks log

        season hooks log cotiec-2024 --state failed --json
    """
    from records import hook_deliveries as records

    async def deed(database: Database) -> tuple[tuple[Told, ...], Words]:
        found = await the_season(database, season)
        told = await records.told(database, found, hook=hook, state=state, limit=limit)
        return told, await words_for(database, found, lang)

    found, words = read(data, deed)
    if as_json:
        put_json([one._asdict() for one in found])
    elif not found:
        typer.echo(words.label("hooks_no_log"))
    else:
        lines = [
            (one.id, one.hook, one.event, words.when(one.at), words.label(one.state), one.attempts,
             f"{one.status or ''} {one.answer or ''}".strip())
            for one in found
        ]  # fmt: skip
        put(("ID", "HOOK", "EVENT", "AT", "STATE", "TRIES", "ANSWER"), lines, right=(0, 1, 5))


@hooks.command("retry")
def retry(
    delivery: Annotated[int, typer.Argument(metavar="ID", help="Number of the event, as `season hooks log` shows it.")],
    as_json: Json = False,
    lang: Lang = None,
    data: Data = None,
) -> None:
    """Try an event again that could not be delivered in three days, or sooner than its next try.

    Examples:

        season hooks retry 4711
    """
    from records import hook_deliveries as records

    async def deed(database: Database) -> None:
        await records.retry(database, delivery)

    read(data, deed)
    if as_json:
        put_json({"event": delivery, "state": "queued"})
    else:
        typer.echo(words_in(lang).label("hooks_retried", event=delivery))


def bounces(
    outcome: Annotated[
        str | None, typer.Option("--outcome", metavar="matched|unknown|ignored|unreadable", help="Of this outcome.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many at the most.")] = 50,
    as_json: Json = False,
    lang: Lang = None,
    data: Data = None,
) -> None:
    """List the newest reports of notices that did not arrive, and what became of each. No address is shown.

    Examples:

        season notices bounces

        season notices bounces --outcome unknown --json
    """
    from records import bounces as records

    async def deed(database: Database) -> tuple[Listed, ...]:
        return await records.listed(database, outcome=outcome, limit=limit)

    found, words = read(data, deed), words_in(lang)
    if as_json:
        put_json([one._asdict() for one in found])
    elif not found:
        typer.echo(words.label("hooks_no_reports"))
    else:
        lines = [
            (words.when(one.received_at), one.season or "", one.person or "", one.action or "", one.status or "",
             words.label(f"hooks_outcome_{one.outcome}"), one.diagnostic or "")
            for one in found
        ]  # fmt: skip
        put(("RECEIVED", "SEASON", "PERSON", "ACTION", "STATUS", "OUTCOME", "SERVER"), lines, right=(2,))
