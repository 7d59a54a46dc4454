"""`season worker`, `desk` and `migrate`: the processes of an installation."""

from __future__ import annotations

from typing import Annotated

import typer

from desk.cli.options import Data, settings_of


def register(app: typer.Typer) -> None:
    """Add the commands to an app."""
    app.command("worker")(worker)
    app.command("desk")(desk)
    app.command("migrate")(migrate)


def worker(
    role: Annotated[str, typer.Argument(metavar="season|mail", help="Which queue it works on.")], data: Data = None
) -> None:
    """Run a worker until it is told to stop: `season` for workflows and the database, `mail` for sending.

    Examples:

        season worker season

        season worker mail
    """

    from models.errors import BadInput
    from workers.logs import set_up_logs
    from workers.loop import run
    from workers.run import run_worker

    settings = settings_of(data)
    set_up_logs(settings.log_format, settings.log_level)
    match role:
        case "season" | "mail":
            run(run_worker(role, settings))
        case _:
            raise BadInput("worker.role", f"'{role}' is no kind of worker.", "Choose season or mail.")


def desk(data: Data = None) -> None:
    """Serve the console and the API, on SEASON_DESK_HOST and SEASON_DESK_PORT.

    On this machine alone it needs no sign-in; elsewhere SEASON_DESK_OPEN says whether it does (docs/settings.md).

    Examples:

        season desk
    """
    from desk.serve import serve

    serve(settings_of(data))


def migrate(data: Data = None) -> None:
    """Bring the database to the newest schema. Harmless when it is there already.

    Examples:

        season migrate
    """
    from records.schema import migrate as bring_up
    from records.schema import newest

    bring_up(settings_of(data).database())
    typer.echo(f"The database is at revision {newest()}.")
