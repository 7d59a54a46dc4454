"""`season screening` and `season decide`: what waits for a person at screening, and that person's decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from desk.cli.options import (
    Data,
    Json,
    Lang,
    Reason,
    SeasonArg,
    SeasonOption,
    put_json,
    read,
    the_season,
    words_for,
)  # fmt: skip
from desk.cli.windows import Manner, steers

if TYPE_CHECKING:
    from desk.client import Desk
    from records.database import Database


def register(app: typer.Typer) -> None:
    """Add the commands to an app."""
    app.command("screening")(screening)
    app.command("decide")(decide)


def screening(
    season: SeasonArg = None,
    area: Annotated[str | None, typer.Option("--area", help="Code of an area.")] = None,
    as_json: Json = False,
    lang: Lang = None,
    data: Data = None,
) -> None:
    """The entries that wait for a person's decision on their eligibility, oldest first, with what was found.

    Examples:

        season screening

        season screening cotiec-2024 --area EU --json
    """

    async def ask(database: Database) -> Any:
        from records import reading

        name = await the_season(database, season)
        return await reading.undecided(database, name, area=area), await words_for(database, name, lang)

    found, words = read(data, ask)
    if as_json:
        put_json(found)
        return
    if not found:
        typer.echo(words.label("queue_empty"))
    for one in found:
        until = words.when(one.closes_at, deadline=True) if one.closes_at else "–"
        typer.echo(f"{one.number}  {one.title}\n  {words.label('queue_until')}: {until}")
        for finding in one.findings:
            typer.echo(f"  {words.of(finding)}")
        if one.correction:
            typer.echo(f"  {words.label('queue_' + one.correction)} {one.answer or ''}".rstrip())


@steers
def decide(
    entry: Annotated[str, typer.Argument(metavar="ENTRY", help="Public number, such as 2024-EU-LH-0042, or id.")],
    eligible: Annotated[
        bool | None, typer.Option("--eligible/--ineligible", help="What is decided. One of them is needed.")
    ] = None,
    reason: Reason = "",
    season: SeasonOption = None,
    *,
    manner: Manner,
) -> None:
    """Decide whether an entry that waits for a person is eligible. Its applicant reads the reason.

    Examples:

        season decide 2024-EU-LH-0042 --eligible --reason "two teams of one laboratory, different projects"

        season decide 2024-EU-LH-0042 --ineligible --reason "the same project as last year's" --dry-run
    """
    from models.errors import BadInput

    if eligible is None:
        raise BadInput("command.which", "What is decided is missing.", "Give --eligible or --ineligible.")
    yes: bool = eligible

    async def facts(database: Database) -> Any:
        from records import reading

        found = await reading.entry(database, entry, season)
        return found, await words_for(database, found.season, manner.lang)

    async def dry(database: Database) -> Any:
        from desk.dry import try_decision

        found, words = await facts(database)
        state = await try_decision(database, found.id, eligible=yes, actor=manner.actor, reason=reason)
        return state, found, words

    async def deed(desk: Desk) -> Any:
        from records.screening import decide_screening

        found, words = await facts(desk.database)
        state = await decide_screening(desk.database, found.id, eligible=yes, actor=manner.actor, reason=reason)
        return state, found, words

    state, found, words = manner.carry_out(dry, deed)
    if manner.as_json:
        put_json({"entry": found.number, "state": state, "dry_run": manner.dry_run})
        return
    manner.say_would(words)
    typer.echo(words.label("queue_done", number=found.number, what=words.state(state)))
