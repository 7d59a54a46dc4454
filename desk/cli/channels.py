"""`season channels` and `season ledger`: recommending organisations, and who recommended what."""

from __future__ import annotations

from pathlib import Path
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
from desk.cli.tables import put
from desk.cli.windows import Manner, steers

if TYPE_CHECKING:
    from desk.client import Desk
    from desk.words import Words
    from records.channel_work import Attribution
    from records.database import Database

channels = typer.Typer(help="Channels: the organisations that recommend projects.", no_args_is_help=True)
_STATES = ("draft", "submitted", "eligible", "selected", "awarded")


def register(app: typer.Typer) -> None:
    """Add the commands to an app."""
    app.add_typer(channels, name="channels")
    app.command("ledger")(ledger)


@channels.command("list")
def list_(season: SeasonArg = None, as_json: Json = False, lang: Lang = None, data: Data = None) -> None:
    """The channels of a season: quota, what they recommended, and where it stands.

    Examples:

        season channels list

        season channels list cotiec-2024 --json
    """

    async def ask(database: Database) -> Any:
        from records import channel_work

        name = await the_season(database, season)
        return await channel_work.of_season_with_counts(database, name), await words_for(database, name, lang)

    found, words = read(data, ask)
    if as_json:
        keys = ("code", "name", "area", "quota", "used")
        put_json([{**{key: getattr(c, key) for key in keys}, "counts": n} for c, n in found])
        return
    if not found:
        typer.echo(words.label("chan_none_in_season"))
        return
    heads = [words.label(x) for x in ("chan_code", "chan_quota", "total", "chan_counting")]
    lines = [
        (c.code, f"{c.used}/{'–' if c.quota is None else c.quota}", n["all"], n["counting"],
         *(n.get(state, 0) for state in _STATES), c.area or "–", c.name)
        for c, n in found
    ]  # fmt: skip
    put([*heads, *map(words.state, _STATES), words.label("area"), words.label("channel")], lines, right=range(1, 9))


@channels.command("quota")
@steers
def quota(
    code: Annotated[str, typer.Argument(metavar="CODE", help="Code of the channel.")],
    number: Annotated[str, typer.Argument(metavar="N", help="Recommendations at the most, or `none` for no limit.")],
    reason: Reason = "",
    season: SeasonOption = None,
    *,
    manner: Manner,
) -> None:
    """Change how many projects a channel may recommend. Those withdrawn, lapsed or taken back are not counted.

    Examples:

        season channels quota EU-1 40 --reason "the board of 3 May decided so"

        season channels quota EU-1 none --reason "no limit this year" --dry-run
    """
    from models.errors import BadInput

    if number != "none" and not (number.isascii() and number.isdigit() and len(number) < 9):
        raise BadInput("channel.quota", f"N: '{number}' is no number.", "Write a number such as 40, or none.")
    most = None if number == "none" else int(number)

    async def carry_out(database: Database, dry: bool) -> Any:
        from desk.dry import try_quota
        from records import channels as records

        name = await the_season(database, season)
        values = {"reason": reason, "actor": manner.actor}
        if dry:
            done = await try_quota(database, name, code, most, **values)
        else:
            async with database.transaction() as connection:
                done = await records.set_quota(connection, name, code, most, **values)
        return *done, name, await words_for(database, name, manner.lang)

    async def deed(desk: Desk) -> Any:
        return await carry_out(desk.database, False)

    was, used, name, words = manner.carry_out(lambda database: carry_out(database, True), deed)
    if manner.as_json:
        put_json({
            "season": name, "channel": code, "was": was, "quota": most, "used": used, "dry_run": manner.dry_run,
        })  # fmt: skip
        return
    manner.say_would(words)
    none = words.label("chan_quota_none")
    shown = {"quota": none if most is None else most, "was": none if was is None else was}
    typer.echo(words.label("chan_quota_now", code=code, used=used, **shown))


def ledger(
    season: SeasonArg = None,
    channel: Annotated[str | None, typer.Option("--channel", metavar="CODE", help="One channel only.")] = None,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write a CSV for spreadsheets.")] = None,
    as_json: Json = False,
    lang: Lang = None,
    data: Data = None,
) -> None:
    """Who recommended what, when, by which act, whether it counts, and how far the project came.

    Of the recommendations of one project the first valid one counts. Channels are rewarded by this ledger.

    Examples:

        season ledger cotiec-2024 --csv ledger.csv --lang zh

        season ledger --channel EU-1 --json
    """
    from models.errors import BadInput

    if csv is not None and as_json:
        raise BadInput("ledger.form", "--csv and --json cannot be used together.", "Choose one of them.")

    async def ask(database: Database) -> Any:
        from records import channel_work

        name = await the_season(database, season)
        return await channel_work.ledger(database, name, channel), await words_for(database, name, lang)

    found, words = read(data, ask)
    if csv is not None:
        _write(csv, found, words)
        return
    from desk.channel_ledger import as_json as told

    if as_json:
        put_json([told(line, words) for line in found])
        return
    _show(found, words)


def _write(file: Path, found: list[Attribution], words: Words) -> None:
    from desk.channel_ledger import as_csv
    from models.errors import BadInput

    try:
        # Beside it first: a file is there whole, or as it was before.
        half = file.with_name(f"{file.name}.part")
        half.write_bytes(as_csv(found, words))
        half.replace(file)
    except OSError as error:
        raise BadInput(
            "ledger.file", f"--csv: '{file}' cannot be written: {error.strerror}.", "Name a file in a folder of yours."
        ) from None
    typer.echo(words.label("chan_ledger_written", count=len(found), file=file))


def _show(found: list[Attribution], words: Words) -> None:
    if not found:
        typer.echo(words.label("chan_ledger_none"))
        return
    heads = [words.label(x) for x in (
        "chan_code", "number", "chan_act", "when", "chan_ledger_counts", "chan_ledger_furthest", "chan_ledger_awards",
    )]  # fmt: skip
    put(
        heads,
        [
            (x.channel, x.entry, words.label(f"chan_act_{x.act}"), words.when(x.at),
             words.label("chan_yes" if x.counts else "chan_no"), words.state(x.furthest),
             "; ".join(words.of(award) for award in x.awards) or "–")
            for x in found
        ],
    )  # fmt: skip
