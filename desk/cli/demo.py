"""`season demo`: the whole stack, a season whose days last seconds, and a crowd that acts on it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from workers.embedded.addresses import Stack
    from workers.settings import Settings

FILE = Path(__file__).resolve().parents[2] / "seasons" / "cotiec-2024.yaml"


def register(app: typer.Typer) -> None:
    """Add the command to an app."""
    app.command("demo")(demo)


def demo(
    file: Annotated[Path, typer.Argument(help="Season file to run.")] = FILE,
    entries: Annotated[int, typer.Option(min=1, help="How many entries the crowd starts.")] = 150,
    day: Annotated[str, typer.Option(help="How long a day of the season lasts.")] = "2s",
    seed: Annotated[int, typer.Option(help="Seed of the crowd.")] = 1,
    data: Annotated[Path | None, typer.Option("--data", metavar="DIR", help="Data folder of the stack.")] = None,
) -> None:
    """Start everything on this machine and watch a season pass in minutes. Ctrl-C stops it; nothing is lost.

    Registrations arrive, deadlines close, judges score, finals are held, projects are matched with needs.

    Examples:

        season demo

        season demo --entries 500 --day 5s
    """
    from models.instants import parse_span
    from notices.known import known_notices
    from rules.season_file import load
    from workers.settings import Settings

    length = parse_span(day)
    season_file = load(file, notices=known_notices())
    settings = Settings.from_environment(data)
    # The plain loop: what the supervisor asks of its children's processes uvloop does not know.
    asyncio.run(_Demo(settings, season_file, entries, length, seed).run())


class _Demo:
    def __init__(self, settings: Settings, file: object, entries: int, day: object, seed: int) -> None:
        self._settings, self._file, self._entries, self._day, self._seed = settings, file, entries, day, seed
        self._crowd: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Until Ctrl-C."""
        from rich.console import Console

        from desk.cli.stack import Progress
        from workers.embedded.supervisor import Supervisor

        progress = Progress(Console(stderr=True))

        def ready(stack: Stack) -> None:
            progress.done()
            self._crowd = asyncio.get_running_loop().create_task(self._live(stack))

        try:
            await Supervisor(self._settings, step=progress.step, report=progress.note, ready=ready).run()
        finally:
            progress.done()
            self._stop.set()
            if self._crowd:
                self._crowd.cancel()
                await asyncio.gather(self._crowd, return_exceptions=True)

    async def _live(self, stack: Stack) -> None:
        from desk.connect import connect
        from records.reading import seasons as known
        from rehearsal.live import live
        from workers.settings import Settings

        settings = Settings.load(self._settings.data_dir)
        async with connect(settings) as desk:
            taken = {s.id for s in await known(desk.database)}
            name = next(n for k in range(1, 10_000) if (n := f"demo-{k}") not in taken)
            await desk.start_season(self._file, season=name, open_now=True, day=self._day)  # type: ignore[arg-type]
            typer.echo(
                f"\nSeason {name} is open: {settings.desk_url()}/seasons/{name}\n"
                f"Temporal UI: {settings.temporal_ui_url}\n"
                f"Mails:       {settings.desk_url()}/mails\n"
                f"Ask it:      season status {name}    season next {name}    season log {name}\n"
                "Ctrl-C stops everything; `make demo` goes on where it was and opens another season."
            )
            await live(desk, name, entries=self._entries, seed=self._seed, stop=self._stop)
