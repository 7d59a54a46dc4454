"""`season grace`: more time for one entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from desk.cli.options import Reason, SeasonOption, put_json, span, words_for
from desk.cli.windows import By, Manner, Until, steers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from desk.client import Desk
    from models.commands import Grace, Outcome, Return
    from records.database import Database

C = TypeVar("C", bound="Grace | Return")


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
    from desk.dry import try_grace
    from models.commands import Grace

    length_for(
        Grace, entry, season, until, by, reason, manner,
        dry=try_grace, deed=lambda desk, command: desk.give_grace(command), label="grace_until",
    )  # fmt: skip


def length_for(
    kind: type[C],
    entry: str,
    season: str | None,
    until: str | None,
    by: str | None,
    reason: str,
    manner: Manner,
    *,
    dry: Callable[[Database, C], Awaitable[Outcome]],
    deed: Callable[[Desk, C], Awaitable[Outcome]],
    label: str,
) -> None:
    """Carry out a command that gives one entry time, or with --dry-run say what would come of it, by the text `label`.

    Raises what the command raises; BadInput for an instant or a length that cannot be read; NotFound for the entry.
    """
    from models.instants import parse_instant

    instant, length = parse_instant(until) if until else None, span(by)

    async def carry_out(database: Database, do: Callable[[C], Awaitable[Outcome]]) -> Any:
        from records import reading

        found = (await reading.explain(database, entry, season)).entry
        command = kind(entry=found.id, until=instant, by=length, actor=manner.actor, reason=reason)
        return await do(command), found, await words_for(database, found.season, manner.lang)

    outcome, found, words = manner.carry_out(
        lambda database: carry_out(database, lambda command: dry(database, command)),
        lambda desk: carry_out(desk.database, lambda command: deed(desk, command)),
    )
    if manner.as_json:
        put_json({**outcome.model_dump(mode="json"), "entry": found.number, "dry_run": manner.dry_run})
        return
    manner.say_would(words)
    typer.echo(words.label(label, number=found.number, at=words.when(outcome.closes_at, deadline=True)))
