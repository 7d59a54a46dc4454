"""`season pause`, `resume` and `cancel`: one window, or the whole season."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from desk.cli.options import Reason, SeasonArg, put_json, read, the_season, words_for, words_in
from desk.cli.windows import Manner, steer_one, steers

if TYPE_CHECKING:
    from desk.client import Desk
    from models.commands import Outcome, WindowCommand
    from records.database import Database

WindowOption = Annotated[
    str | None, typer.Option("--window", metavar="WINDOW", help="One window only, not the whole season.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to an app."""
    app.command("pause")(pause)
    app.command("resume")(resume)
    app.command("cancel")(cancel)


@steers
def pause(
    season: SeasonArg = None,
    window: WindowOption = None,
    reason: Reason = "",
    *,
    manner: Manner,
) -> None:
    """Stop the time of a season, or of one window: nothing is accepted, and no time is lost.

    Examples:

        season pause cotiec-2024 --reason "an outage at the data centre"

        season pause --window cotiec-2024/EU/registration --reason "to be looked into"
    """
    from models.commands import PauseWindow

    _window_or_season("pause", PauseWindow, window, season, reason, manner)


@steers
def resume(
    season: SeasonArg = None,
    window: WindowOption = None,
    reason: Reason = "",
    *,
    manner: Manner,
) -> None:
    """Let the time of a season, or of one window, run on: every close is as much later as it was paused.

    Examples:

        season resume cotiec-2024 --reason "all is well again"
    """
    from models.commands import ResumeWindow

    _window_or_season("resume", ResumeWindow, window, season, reason, manner)


@steers
def cancel(
    season: SeasonArg = None,
    reason: Reason = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    *,
    manner: Manner,
) -> None:
    """Cancel a season: every window closes for good, everyone concerned is told once, the record stays.

    Examples:

        season cancel cotiec-2024 --reason "called off by the hosts"

        season cancel cotiec-2024 --reason "called off by the hosts" --dry-run
    """
    name = read(manner.data, lambda database: the_season(database, season))
    if not yes and not manner.dry_run:
        typer.confirm(words_in(manner.lang).label("cancel_sure", season=name), abort=True, err=True)
    _steer("cancel", name, reason, manner)


def _window_or_season(
    what: str, kind: type[WindowCommand], window: str | None, season: str | None, reason: str, manner: Manner
) -> None:
    if window:
        steer_one(kind(window=window, actor=manner.actor, reason=reason), manner)
    else:
        _steer(what, season, reason, manner)


def _steer(what: str, season: str | None, reason: str, manner: Manner) -> None:
    from models.commands import SeasonCommand

    async def carry_out(database: Database, deed: Callable[[SeasonCommand], Awaitable[Outcome]]) -> Any:
        name = await the_season(database, season)
        outcome = await deed(SeasonCommand(season=name, actor=manner.actor, reason=reason))
        return name, outcome, await words_for(database, name, manner.lang)

    async def dry(database: Database) -> Any:
        from desk.dry import try_season

        return await carry_out(database, lambda command: try_season(database, what, command))

    async def deed(desk: Desk) -> Any:
        return await carry_out(desk.database, lambda command: desk.steer_season(what, command))

    name, outcome, words = manner.carry_out(dry, deed)
    if manner.as_json:
        put_json({**outcome.model_dump(mode="json"), "season": name, "dry_run": manner.dry_run})
        return
    manner.say_would(words)
    typer.echo(words.label("season_is", season=name, state=words.season_state(outcome.state)))
