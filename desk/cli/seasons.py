"""`season start`, `list`, `status` and `next`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from desk.cli.options import (
    Data,
    DryRun,
    Json,
    Lang,
    SeasonArg,
    put_json,
    read,
    settings_of,
    span,
    steer,
    the_season,
    words_for,
    words_in,
)  # fmt: skip
from desk.cli.tables import put

if TYPE_CHECKING:
    from desk.client import Desk
    from desk.words import Words
    from models.views import StatusView
    from records.database import Database


def register(app: typer.Typer) -> None:
    """Add the commands to an app."""
    app.command("start")(start)
    app.command("list")(list_seasons)
    app.command("status")(status)
    app.command("next")(next_up)


def start(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Season file.")],
    season: Annotated[str | None, typer.Option("--id", metavar="ID", help="Id (default: the file's own).")] = None,
    open_now: Annotated[bool, typer.Option("--open-now", help="Let the first registration open now.")] = False,
    day: Annotated[
        str | None, typer.Option("--day", metavar="DURATION", help="How long a day of the season lasts, such as 2s.")
    ] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    lang: Lang = None,
    data: Data = None,
) -> None:
    """Start a season from its file. Repeating it is harmless.

    Examples:

        season start seasons/cotiec-2024.yaml

        season start seasons/cotiec-2024.yaml --id trial --open-now --day 2s
    """
    from notices.known import known_notices
    from rules.season_file import load

    words, found, length = words_in(lang), load(file, notices=known_notices()), span(day)
    name = season or found.id

    async def deed(desk: Desk) -> dict[str, Any]:
        if dry_run:
            from desk.dry import try_start

            plan, pace, new = await try_start(desk.database, found, name, open_now=open_now, day=length)
        else:
            _, plan, pace, new = await desk.start_season(found, season=name, open_now=open_now, day=length)
        first = min(plan.windows, key=lambda w: w.opens_at, default=None)
        return {
            "season": name, "new": new, "windows": len(plan.windows), "dry_run": dry_run,
            "first_opens_at": pace.real(first.opens_at) if first else None,
        }  # fmt: skip

    done = read(data, lambda database: deed(_dry(database))) if dry_run else steer(data, deed)
    if as_json:
        put_json(done)
        return
    label = "season_known" if not done["new"] else "season_would" if dry_run else "season_new"
    typer.echo(words.label(label, season=name, windows=done["windows"]))
    if not dry_run:
        typer.echo(f"{settings_of(data).desk_url()}/seasons/{name}")
        typer.echo(words.label("see", season=name))


def _dry(database: Database) -> Desk:
    from desk.client import Desk

    return Desk(database, None)


def list_seasons(as_json: Json = False, lang: Lang = None, data: Data = None) -> None:
    """List all seasons: those that run first.

    Examples:

        season list

        season list --json
    """
    from records import reading

    words = words_in(lang)
    found = read(data, reading.seasons)
    if as_json:
        put_json(found)
        return
    if not found:
        typer.echo(words.label("no_seasons"))
        return
    put(
        [words.label(x) for x in ("season", "title", "state", "submitted", "next_close")],
        [
            (s.id, words.of(s.name), words.season_state(s.state), s.submitted,
             words.when(s.next_close, s.zone, deadline=True) if s.next_close else "–")
            for s in found
        ],
        right=(3,),
    )  # fmt: skip


def status(season: SeasonArg = None, as_json: Json = False, lang: Lang = None, data: Data = None) -> None:
    """Where a season stands: figures, open windows, and what needs attention.

    Examples:

        season status

        season status cotiec-2024 --json
    """

    async def ask(database: Database) -> tuple[StatusView, Words]:
        from records import reading

        name = await the_season(database, season)
        return await reading.status(database, name), await words_for(database, name, lang)

    found, words = read(data, ask)
    if as_json:
        from desk.told import status_json

        put_json(status_json(found, words))
        return
    _show(found, words)


def _show(found: StatusView, words: Words) -> None:
    head = found.season
    typer.secho(f"{words.of(head.name)} ({head.id}): {words.season_state(head.state)}", bold=True)
    typer.echo(words.pair("season_time", words.when(found.now)) + "\n")
    typer.secho(words.label("attention"), bold=True)
    for concern in found.concerns:
        typer.echo(f"  ! {words.concern(concern)}")
    if not found.concerns:
        typer.echo(f"  {words.label('all_well')}")
    typer.echo()
    if found.open:
        put(
            [words.label(x) for x in ("window", "state", "closes")] + [""],
            [
                (w.id, words.window_state(w.state), words.when(w.closes_at, deadline=True),
                 words.relative(w.closes_at, found.now))
                for w in found.open
            ],
        )  # fmt: skip
        typer.echo()
    put(
        [words.label("area"), *dict.fromkeys(c.track for c in found.table)],
        [
            (area, *(f"{c.submitted}/{c.eligible}/{c.selected}/{c.awarded}" for c in found.table if c.area == area))
            for area in dict.fromkeys(c.area for c in found.table)
        ],
    )
    titles = "/".join(words.label(x) for x in ("submitted", "eligible", "selected", "awarded"))
    typer.echo(f"({titles})\n")
    typer.echo(
        f"{words.label('entries')}: "
        + (", ".join(f"{words.state(state)} {n}" for state, n in found.states.items()) or "0")
    )
    counts = found.notices.model_dump()
    typer.echo(f"{words.label('notices')}: " + ", ".join(f"{words.label(key)} {n}" for key, n in counts.items()))


def next_up(
    season: SeasonArg = None,
    within: Annotated[str, typer.Option("--within", metavar="DURATION", help="How far to look ahead.")] = "7d",
    as_json: Json = False,
    lang: Lang = None,
    data: Data = None,
) -> None:
    """What will happen by itself, and when: openings, reminders with how many people, closings, follow-ups.

    Examples:

        season next

        season next cotiec-2024 --within 36h
    """
    length = span(within)
    assert length is not None

    async def ask(database: Database) -> Any:
        from records import reading

        name = await the_season(database, season)
        now = await database.now()
        return await reading.next_up(database, name, length), await words_for(database, name, lang), now

    found, words, now = read(data, ask)
    if as_json:
        from desk.told import coming_json

        put_json(coming_json(found, words))
        return
    from desk.words import steps

    if not found:
        typer.echo(words.label("nothing_next", span=words.span(length)))
        return
    put(
        [words.label("when"), "", words.label("what")],
        [
            (words.when(s.at, deadline=s.what == "closes"), words.relative(s.at, now), words.step(s))
            for s in steps(found)
        ],
    )
