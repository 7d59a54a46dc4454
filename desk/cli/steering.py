"""`season pause`, `resume` and `cancel`: one window, or the whole season."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from desk.cli.options import (
    Actor,
    Data,
    DryRun,
    Json,
    Lang,
    Reason,
    SeasonArg,
    put_json,
    read,
    steer,
    the_season,
    words_for,
    words_in,
)  # fmt: skip
from desk.cli.windows import carry_out

if TYPE_CHECKING:
    from desk.client import Desk
    from records.database import Database

WindowOption = Annotated[
    str | None, typer.Option("--window", metavar="WINDOW", help="One window only, not the whole season.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to an app."""
    app.command("pause")(pause)
    app.command("resume")(resume)
    app.command("cancel")(cancel)


def pause(
    season: SeasonArg = None,
    window: WindowOption = None,
    reason: Reason = "",
    dry_run: DryRun = False,
    actor: Actor = "ops",
    as_json: Json = False,
    lang: Lang = None,
    data: Data = None,
) -> None:
    """Stop the time of a season, or of one window: nothing is accepted, and no time is lost.

    Examples:

        season pause cotiec-2024 --reason "an outage at the data centre"

        season pause --window cotiec-2024/EU/registration --reason "to be looked into"
    """
    if window:
        from models.commands import PauseWindow

        carry_out(PauseWindow(window=window, actor=actor, reason=reason), dry_run, as_json, lang, data)
        return
    _steer("pause", season, reason, dry_run, actor, as_json, lang, data)


def resume(
    season: SeasonArg = None,
    window: WindowOption = None,
    reason: Reason = "",
    dry_run: DryRun = False,
    actor: Actor = "ops",
    as_json: Json = False,
    lang: Lang = None,
    data: Data = None,
) -> None:
    """Let the time of a season, or of one window, run on: every close is as much later as it was paused.

    Examples:

        season resume cotiec-2024 --reason "all is well again"
    """
    if window:
        from models.commands import ResumeWindow

        carry_out(ResumeWindow(window=window, actor=actor, reason=reason), dry_run, as_json, lang, data)
        return
    _steer("resume", season, reason, dry_run, actor, as_json, lang, data)


def cancel(
    season: SeasonArg = None,
    reason: Reason = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: DryRun = False,
    actor: Actor = "ops",
    as_json: Json = False,
    lang: Lang = None,
    data: Data = None,
) -> None:
    """Cancel a season: every window closes for good, everyone concerned is told once, the record stays.

    Examples:

        season cancel cotiec-2024 --reason "called off by the hosts"

        season cancel cotiec-2024 --reason "called off by the hosts" --dry-run
    """
    name = read(data, lambda database: the_season(database, season))
    if not yes and not dry_run:
        typer.confirm(words_in(lang).label("cancel_sure", season=name), abort=True, err=True)
    _steer("cancel", name, reason, dry_run, actor, as_json, lang, data)


def _steer(
    what: str,
    season: str | None,
    reason: str,
    dry_run: bool,
    actor: str,
    as_json: bool,
    lang: str | None,
    data: Any,
) -> None:
    from models.commands import SeasonCommand

    async def dry(database: Database) -> Any:
        from desk.dry import try_season

        name = await the_season(database, season)
        command = SeasonCommand(season=name, actor=actor, reason=reason)
        return name, await try_season(database, what, command), await words_for(database, name, lang)

    async def deed(desk: Desk) -> Any:
        name = await the_season(desk.database, season)
        command = SeasonCommand(season=name, actor=actor, reason=reason)
        return name, await desk.steer_season(what, command), await words_for(desk.database, name, lang)

    name, outcome, words = read(data, dry) if dry_run else steer(data, deed)
    if as_json:
        put_json({**outcome.model_dump(mode="json"), "season": name, "dry_run": dry_run})
        return
    if dry_run:
        typer.echo(words.label("would"))
    typer.echo(words.label("season_is", season=name, state=words.season_state(outcome.state)))
