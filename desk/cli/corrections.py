"""`season return`: one entry goes back to its applicant for correction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from desk.cli.options import Reason, SeasonOption, put_json, span, words_for
from desk.cli.windows import By, Manner, Until, steers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from desk.client import Desk
    from models.commands import Outcome, Return
    from records.database import Database


def register(app: typer.Typer) -> None:
    """Add the command to an app."""
    app.command("return")(give_back)


@steers
def give_back(
    entry: Annotated[str, typer.Argument(metavar="ENTRY", help="Public number, such as 2024-EU-LH-0042, or id.")],
    until: Until = None,
    by: By = None,
    reason: Reason = "",
    season: SeasonOption = None,
    *,
    manner: Manner,
) -> None:
    """Return one entry for correction, before its screening closes. Its applicant is told, once, and answers once.

    Without --by and --until it lasts as the season file says.

    Examples:

        season return 2024-EU-LH-0042 --by 3d --reason "page 4 of the plan is missing"

        season return 2024-EU-LH-0042 --until 2024-06-04T18:00+08:00 --reason "the plan is not signed" --dry-run
    """
    from models.instants import parse_instant

    instant, length = parse_instant(until) if until else None, span(by)

    async def carry_out(database: Database, deed: Callable[[Return], Awaitable[Outcome]]) -> Any:
        from models.commands import Return
        from records import reading

        found = (await reading.explain(database, entry, season)).entry
        command = Return(entry=found.id, until=instant, by=length, actor=manner.actor, reason=reason)
        return await deed(command), found, await words_for(database, found.season, manner.lang)

    async def dry(database: Database) -> Any:
        from desk.dry import try_return

        return await carry_out(database, lambda command: try_return(database, command))

    async def deed(desk: Desk) -> Any:
        return await carry_out(desk.database, desk.return_for_correction)

    outcome, found, words = manner.carry_out(dry, deed)
    if manner.as_json:
        put_json({**outcome.model_dump(mode="json"), "entry": found.number, "dry_run": manner.dry_run})
        return
    manner.say_would(words)
    typer.echo(words.label("correction_until", number=found.number, at=words.when(outcome.closes_at, deadline=True)))
