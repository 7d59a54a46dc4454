"""`season grace`: more time for one entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from desk.cli.options import Reason, SeasonOption, put_json, span, words_for
from desk.cli.windows import By, Manner, Until, steers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from desk.client import Desk
    from models.commands import Grace, Outcome
    from records.database import Database


def register(app: typer.Typer) -> None:
    """Add the command to an app."""
    app.command("grace")(grace)


@steers
def grace(
    entry: Annotated[str, typer.Argument(metavar="ENTRY", help="Public number, such as 2024-EU-LH-0042, or id.")],
    until: Until = None,
    by: By = None,
    reason: Reason = "",
    season: SeasonOption = None,
    *,
    manner: Manner,
) -> None:
    """Give one entry more time to be submitted, though registration has closed. Its applicant is told, once.

    Examples:

        season grace 2024-EU-LH-0042 --by 6h --reason "a power cut at the applicant's"

        season grace 2024-EU-LH-0042 --until 2024-06-02T18:00+08:00 --reason "a power cut" --dry-run
    """
    from models.instants import parse_instant

    instant, length = parse_instant(until) if until else None, span(by)

    async def carry_out(database: Database, deed: Callable[[Grace], Awaitable[Outcome]]) -> Any:
        from models.commands import Grace
        from records import reading

        found = (await reading.explain(database, entry, season)).entry
        command = Grace(entry=found.id, until=instant, by=length, actor=manner.actor, reason=reason)
        return await deed(command), found, await words_for(database, found.season, manner.lang)

    async def dry(database: Database) -> Any:
        from desk.dry import try_grace

        return await carry_out(database, lambda command: try_grace(database, command))

    async def deed(desk: Desk) -> Any:
        return await carry_out(desk.database, desk.give_grace)

    outcome, found, words = manner.carry_out(dry, deed)
    if manner.as_json:
        put_json({**outcome.model_dump(mode="json"), "entry": found.number, "dry_run": manner.dry_run})
        return
    manner.say_would(words)
    typer.echo(words.label("grace_until", number=found.number, at=words.when(outcome.closes_at, deadline=True)))
