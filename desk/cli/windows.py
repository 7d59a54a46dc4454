"""`season windows`, `extend`, `close` and `reopen`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from inspect import signature
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

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
    span,
    steer,
    the_season,
    warn,
    words_for,
)  # fmt: skip
from desk.cli.tables import put

if TYPE_CHECKING:
    from datetime import datetime

    from desk.client import Desk
    from desk.words import Words
    from models.commands import Extend, Outcome, WindowCommand
    from records.database import Database

WindowArg = Annotated[
    str, typer.Argument(metavar="WINDOW", help="Id of the window, such as cotiec-2024/EU/registration.")
]
Until = Annotated[
    str | None, typer.Option("--until", metavar="INSTANT", help="With a zone, such as 2024-06-02T18:00+08:00.")
]
By = Annotated[str | None, typer.Option("--by", metavar="DURATION", help="Such as 2d, 36h, 90m.")]
T = TypeVar("T")


@dataclass(frozen=True)
class Manner:
    """What every command that steers is asked besides: whether to do it, as whom, and how to say it."""

    dry_run: DryRun = False
    actor: Actor = "ops"
    as_json: Json = False
    lang: Lang = None
    data: Data = None

    def carry_out(self, dry: Callable[[Database], Awaitable[T]], deed: Callable[[Desk], Awaitable[T]]) -> T:
        """What comes of the deed, or with --dry-run what would come of it."""
        return read(self.data, dry) if self.dry_run else steer(self.data, deed)

    def say_would(self, words: Words) -> None:
        """With --dry-run: what follows has not been done."""
        if self.dry_run:
            typer.echo(words.label("would"))


def steers(deed: Callable[..., None]) -> Callable[..., None]:
    """Make a command of a function: the options of `Manner` come behind its own, and reach it as `manner`."""
    whole, shared = signature(deed, eval_str=True), signature(Manner, eval_str=True).parameters
    own = [parameter for name, parameter in whole.parameters.items() if name != "manner"]

    @wraps(deed)
    def command(**given: Any) -> None:
        deed(manner=Manner(**{name: given.pop(name) for name in shared}), **given)

    # What Typer makes the options from.
    command.__signature__ = whole.replace(parameters=[*own, *shared.values()])  # type: ignore[attr-defined]
    return command


def register(app: typer.Typer) -> None:
    """Add the commands to an app."""
    app.command("windows")(windows)
    app.command("extend")(extend)
    app.command("close")(close)
    app.command("reopen")(reopen)


def windows(
    season: SeasonArg = None,
    state: Annotated[str | None, typer.Option("--state", help="scheduled, open, paused, closed or cancelled.")] = None,
    area: Annotated[str | None, typer.Option("--area", help="Code of an area.")] = None,
    as_json: Json = False,
    lang: Lang = None,
    data: Data = None,
) -> None:
    """The windows of a season: everything with an opening and a close that is enforced.

    Examples:

        season windows

        season windows cotiec-2024 --state open --area EU
    """

    async def ask(database: Database) -> Any:
        from records import reading

        name = await the_season(database, season)
        found = await reading.windows(database, name, state=state, area=area)
        return found, await words_for(database, name, lang), await database.now()

    found, words, now = read(data, ask)
    if as_json:
        put_json(found)
        return
    heads = [words.label(x) for x in ("window", "stage", "state", "opens", "closes")] + [""]
    put(
        heads,
        [
            (w.id, words.of(w.stage_name), words.window_state(w.state), words.when(w.opens_at),
             words.when(w.closes_at, deadline=True), words.relative(w.closes_at, now))
            for w in found
        ],
    )  # fmt: skip


@steers
def extend(
    window: Annotated[str | None, typer.Argument(metavar="[WINDOW]", help="Id of the window.")] = None,
    until: Until = None,
    by: By = None,
    reason: Reason = "",
    all_areas: Annotated[
        bool, typer.Option("--all-areas", help="The window of --stage in every area of --season.")
    ] = False,
    season: Annotated[str | None, typer.Option("--season", metavar="SEASON", help="With --all-areas.")] = None,
    stage: Annotated[str | None, typer.Option("--stage", metavar="STAGE", help="With --all-areas.")] = None,
    *,
    manner: Manner,
) -> None:
    """Move the close of a window to a later instant. Everyone who was told the old one is told the new one, once.

    Examples:

        season extend cotiec-2024/EU/registration --by 2d --reason "the site was down"

        season extend --all-areas --stage registration --until 2024-06-03T00:00+08:00 --reason "a holiday"
    """
    from models.commands import Extend
    from models.errors import BadInput

    if all_areas == (window is not None):
        raise BadInput(
            "command.which", "Name one window, or give --all-areas with --stage.", "See `season extend --help`."
        )
    if all_areas and not stage:
        raise BadInput("command.stage", "--stage: which stage's windows is missing.", "Such as --stage registration.")
    command = Extend(window=window or "", actor=manner.actor, reason=reason, until=_instant(until), by=span(by))
    if not all_areas:
        steer_one(command, manner)
        return
    _in_every_area(command, season, str(stage), manner)


def _in_every_area(command: Extend, season: str | None, stage: str, manner: Manner) -> None:
    from models.errors import SeasonkeeperError

    async def dry(database: Database) -> Any:
        from desk.client import stage_windows
        from desk.dry import try_window

        name = await the_season(database, season)
        answers: list[tuple[str, Outcome | SeasonkeeperError]] = []
        for found in await stage_windows(database, name, stage):
            try:
                answers.append((found, await try_window(database, command.model_copy(update={"window": found}))))
            except SeasonkeeperError as error:
                answers.append((found, error))
        return answers, await words_for(database, name, manner.lang)

    async def deed(desk: Desk) -> Any:
        name = await the_season(desk.database, season)
        answers = await desk.steer_all_areas(name, stage, command)
        return answers, await words_for(desk.database, name, manner.lang)

    answers, words = manner.carry_out(dry, deed)
    refused = [(window, answer) for window, answer in answers if isinstance(answer, SeasonkeeperError)]
    done = [(window, answer) for window, answer in answers if not isinstance(answer, SeasonkeeperError)]
    if manner.as_json:
        told = [{"window": w, "code": e.code, "sentence": e.sentence, "remedy": e.remedy} for w, e in refused]
        put_json({"done": [answer for _, answer in done], "refused": told, "dry_run": manner.dry_run})
    else:
        if done:
            manner.say_would(words)
        for window, answer in done:
            typer.echo(f"{window}: {words.window_state(answer.state)}, {words.when(answer.closes_at, deadline=True)}")
    for _, error in refused:
        warn(str(error))
    raise typer.Exit(1 if refused else 0)


@steers
def close(
    window: WindowArg,
    reason: Reason = "",
    *,
    manner: Manner,
) -> None:
    """Close an open window now.

    Examples:

        season close cotiec-2024/EU/registration --reason "all have submitted"
    """
    from models.commands import CloseNow

    steer_one(CloseNow(window=window, actor=manner.actor, reason=reason), manner)


@steers
def reopen(
    window: WindowArg,
    until: Until = None,
    by: By = None,
    reason: Reason = "",
    *,
    manner: Manner,
) -> None:
    """Open a closed window again, as long as nothing builds on it yet.

    Examples:

        season reopen cotiec-2024/EU/registration --by 6h --reason "an outage of ours"
    """
    from models.commands import Reopen

    steer_one(Reopen(window=window, actor=manner.actor, reason=reason, until=_instant(until), by=span(by)), manner)


def _instant(text: str | None) -> datetime | None:
    from models.instants import parse_instant

    return None if text is None else parse_instant(text)


def steer_one(command: WindowCommand, manner: Manner) -> None:
    """Steer one window and say what has come of it."""

    async def after(database: Database, outcome: Outcome) -> Any:
        from records import reading

        found = await reading.window(database, command.window)
        return outcome, found, await words_for(database, found.season, manner.lang)

    async def dry(database: Database) -> Any:
        from desk.dry import try_window

        return await after(database, await try_window(database, command))

    async def deed(desk: Desk) -> Any:
        return await after(desk.database, await desk.steer_window(command))

    outcome, found, words = manner.carry_out(dry, deed)
    if manner.as_json:
        put_json({**outcome.model_dump(mode="json"), "dry_run": manner.dry_run})
        return
    manner.say_would(words)
    if outcome.repeated:
        typer.echo(words.label("repeated"))
    at, state = outcome.closes_at, words.window_state(outcome.state)
    typer.echo(
        words.label(
            "closes_now_at", window=words.window(found), state=state,
            at=words.when(at, deadline=True), relative=words.relative(at, outcome.at),
        )
        if outcome.state in ("open", "scheduled")
        else words.label("window_is", window=words.window(found), state=state)
    )  # fmt: skip
