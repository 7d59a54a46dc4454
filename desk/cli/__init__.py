"""The command `season`. It starts quickly: what a command needs is imported when it runs."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from desk.cli import (
    access,
    addresses,
    channels,
    corrections,
    documents,
    entries,
    graces,
    hooks,
    notices,
    preview,
    privacy,
    process,
    screening,
    seasons,
    sheets,
    steering,
    subscription,
    windows,
)
from desk.cli.leaving import run_and_leave

_HELP = """Runs a season of an innovation and entrepreneurship competition, from registration to tracking.

Exit code 0: done; 1: refused by a rule, or something is not there; 2: the command cannot be understood."""


class _Told(TyperGroup):
    """Turns our errors into their sentence and remedy on stderr, with the exit code of their kind."""

    def invoke(self, ctx: Any) -> Any:
        """See base class."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            from models.errors import BadInput, SeasonkeeperError

            if not isinstance(error, SeasonkeeperError):
                raise
            typer.echo(str(error), err=True)
            raise typer.Exit(2 if isinstance(error, BadInput) else 1) from None


app = typer.Typer(
    name="season", cls=_Told, help=_HELP, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    rich_markup_mode=None,
)  # fmt: skip

_ELSEWHERE = (
    ("up", "desk.cli.stack", "Start the whole stack on this machine."),
    ("down", "desk.cli.stack", "Stop the stack of a data folder, in order."),
    ("doctor", "desk.cli.stack", "Look at each part of the stack; say what is wrong and how to mend it."),
    ("mail-sink", "desk.cli.stack", "Take mails in on 127.0.0.1 and keep each as a file."),
    ("check", "desk.cli.check", "Check a season file and print its timeline."),
    ("rehearse", "rehearsal.command", "Live through a whole season in minutes, before it runs for real."),
    ("demo", "desk.cli.demo", "Start everything and watch a season pass in minutes."),
)
"""Commands whose modules are heavy: name, the module that registers it, and one line of help."""


def _later(name: str, module: str, line: str) -> None:
    """A command that imports its module when it is called, and hands everything over to it, `--help` too."""

    @app.command(
        name,
        help=line,
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    def command(ctx: typer.Context) -> None:
        part = typer.Typer(
            name="season", cls=_Told, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
        )
        part.callback()(lambda: None)
        import_module(module).register(part)
        code = part(args=[name, *ctx.args], prog_name="season", standalone_mode=False)
        if isinstance(code, int) and code:
            raise typer.Exit(code)


for _module in (
    seasons,
    windows,
    steering,
    graces,
    corrections,
    screening,
    entries,
    process,
    access,
    sheets,
    privacy,
    channels,
    documents,
    addresses,
    hooks,
    notices,
    preview,
    subscription,
):
    _module.register(app)
for _name, _path, _line in _ELSEWHERE:
    _later(_name, _path, _line)


def main() -> None:
    """Console entry."""
    run_and_leave(lambda: app(prog_name="season"))
