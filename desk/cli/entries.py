"""`season entries`, `explain` and `log`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from desk.cli.options import (
    Data,
    Json,
    Lang,
    SeasonArg,
    SeasonOption,
    put_json,
    read,
    the_season,
    words_for,
)  # fmt: skip
from desk.cli.tables import put

if TYPE_CHECKING:
    from desk.words import Words
    from models.views import Life
    from records.database import Database


def register(app: typer.Typer) -> None:
    """Add the commands to an app."""
    app.command("entries")(entries)
    app.command("explain")(explain)
    app.command("log")(log)


def entries(
    season: SeasonArg = None,
    area: Annotated[str | None, typer.Option("--area", help="Code of an area.")] = None,
    track: Annotated[str | None, typer.Option("--track", help="Code of a track.")] = None,
    state: Annotated[str | None, typer.Option("--state", help="Such as draft, submitted, eligible, selected.")] = None,
    q: Annotated[str | None, typer.Option("--search", metavar="TEXT", help="In number and title.")] = None,
    limit: Annotated[int, typer.Option("--limit", help="Entries at the most (500).")] = 50,
    offset: Annotated[int, typer.Option("--offset", help="Entries to pass over.")] = 0,
    as_json: Json = False,
    lang: Lang = None,
    data: Data = None,
) -> None:
    """The entries of a season.

    Examples:

        season entries --area EU --state submitted

        season entries cotiec-2024 --search "0042" --json
    """

    async def ask(database: Database) -> Any:
        from records import reading

        name = await the_season(database, season)
        found = await reading.entries(
            database, name, area=area, track=track, state=state, q=q, limit=limit, offset=offset
        )
        return found, await words_for(database, name, lang)

    found, words = read(data, ask)
    if as_json:
        put_json(found)
        return
    heads = [words.label(x) for x in ("number", "state", "people", "channel", "title")]
    put(
        heads,
        [(e.number, words.state(e.state), e.people, e.channel or "–", e.title) for e in found.entries],
        right=(2,),
    )
    last = offset + len(found.entries)
    typer.echo(words.label("page", first=min(offset + 1, last), last=last, total=found.total))


def explain(
    entry: Annotated[str, typer.Argument(metavar="ENTRY", help="Public number, such as 2024-EU-LH-0042, or id.")],
    season: SeasonOption = None,
    as_json: Json = False,
    lang: Lang = None,
    data: Data = None,
) -> None:
    """The life of an entry, in words: what happened, when, by whom, under which rule; notices; what is next.

    Examples:

        season explain 2024-EU-LH-0042

        season explain 2024-EU-LH-0042 --lang zh
    """

    async def ask(database: Database) -> Any:
        from records import reading

        life = await reading.explain(database, entry, season)
        return life, await words_for(database, life.entry.season, lang)

    life, words = read(data, ask)
    if as_json:
        from desk.told import life_json

        put_json(life_json(life, words))
        return
    _show(life, words)


def _show(life: Life, words: Words) -> None:
    from desk.words import steps

    e = life.entry
    typer.secho(f"{e.number}  {e.title}", bold=True)
    typer.echo(
        f"{words.of(e.area_name)} · {words.of(e.track_name)} · {words.label('team_of', count=e.people)}"
        + (f" · {words.pair('channel', e.channel)}" if e.channel else "")
    )
    typer.secho(words.pair("state", words.state(e.state)) + "\n", bold=True)
    typer.secho(words.label("life"), bold=True)
    for event in life.events:
        typer.echo(f"  {words.clocks(event.at, e.area_zone)}")
        typer.echo(f"    {words.event(event, areas=False)}")
        typer.echo(f"    {words.footing(event)}")
    typer.secho(f"\n{words.label('life_next')}", bold=True)
    for step in steps(life.coming):
        at = words.clocks(step.at, e.area_zone, deadline=step.what == "closes")
        typer.echo(f"  {at}, {words.relative(step.at, life.now)}\n    {words.step(step)}")
    if not life.coming:
        typer.echo(f"  {words.label('no_next')}")


def log(
    season: SeasonArg = None,
    entry: Annotated[str | None, typer.Option("--entry", help="Public number or id of an entry.")] = None,
    window: Annotated[str | None, typer.Option("--window", help="Id of a window.")] = None,
    limit: Annotated[int, typer.Option("--limit", help="Lines at the most (1000).")] = 50,
    before: Annotated[int | None, typer.Option("--before", help="Only lines older than the one with this id.")] = None,
    as_json: Json = False,
    lang: Lang = None,
    data: Data = None,
) -> None:
    """What happened, newest last: who did it, when, and why.

    Examples:

        season log

        season log cotiec-2024 --window cotiec-2024/EU/registration --limit 200
    """

    async def ask(database: Database) -> Any:
        from records import reading

        name = await the_season(database, season)
        found = await reading.log_lines(database, name, entry=entry, window=window, limit=limit, before=before)
        return found, await words_for(database, name, lang)

    found, words = read(data, ask)
    if as_json:
        from desk.told import line_json

        put_json([line_json(line, words) for line in found])
        return
    for line in reversed(found):
        subject = f" [{line.entry}]" if line.entry else ""
        typer.echo(f"{line.id:>6}  {words.when(line.at)}{subject}  {words.event(line)}  ({words.footing(line)})")
