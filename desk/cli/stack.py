"""`season up`, `down`, `doctor` and `mail-sink`: the embedded stack."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.status import Status

from models.errors import Refused, SeasonkeeperError, Unavailable
from workers.embedded.addresses import Stack, read_stack
from workers.embedded.child import last_words
from workers.embedded.doctor import Finding, examine
from workers.embedded.folder import StackFolder
from workers.embedded.leftovers import stop_leftovers
from workers.embedded.lock import FolderLock, holder_of
from workers.embedded.mailsink import serve
from workers.embedded.parts import season_command
from workers.embedded.processes import is_running, stop, wait_gone
from workers.embedded.supervisor import Supervisor
from workers.logs import set_up_logs
from workers.settings import Settings

QUIET_SECONDS = 2.0
"""Waiting longer than this is shown."""
DETACHED_SECONDS = 400.0
DOWN_SECONDS = 120.0

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Data folder of the stack (default: SEASON_DATA_DIR, else .season)."),
]


def register(app: typer.Typer) -> None:
    """Add the commands of the embedded stack to an app."""
    app.command("up")(up)
    app.command("down")(down)
    app.command("doctor")(doctor)
    app.command("mail-sink")(mail_sink)


class Progress:
    """Says what is being waited for, once the waiting takes more than two seconds; at once where nobody watches."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._begun = time.monotonic()
        self._status: Status | None = None
        self._last = ""

    def step(self, text: str) -> None:
        """Now this is being done."""
        if text == self._last:
            return
        if not self._console.is_terminal:
            self._console.print(f"{text} …", highlight=False)
        elif self._status is not None:
            self._status.update(f"{text} …")
        elif time.monotonic() - self._begun > QUIET_SECONDS:
            self._status = self._console.status(f"{text} …")
            self._status.start()
        else:
            return
        self._last = text

    def note(self, text: str) -> None:
        """A sentence that stays on the screen."""
        self._console.print(text, highlight=False)

    def done(self) -> None:
        """The waiting is over; the next begins with the next step."""
        if self._status is not None:
            self._status.stop()
            self._status = None
        self._begun = time.monotonic()


def up(
    data: Data = None,
    detach: Annotated[
        bool, typer.Option("--detach", help="Return once everything answers; the stack stays up until `season down`.")
    ] = False,
) -> None:
    """Start the whole stack on this machine: PostgreSQL, Temporal, a mail sink, the workers, the desk.

    It stays in the foreground until Ctrl-C, which stops all in order. Everything listens on 127.0.0.1 only. A part
    that the environment names elsewhere (SEASON_DATABASE_URL, SEASON_TEMPORAL_ADDRESS, SEASON_SMTP_HOST) is used
    from there.

    Examples:

        season up

        season up --data /srv/season --detach
    """
    with _told():
        settings = Settings.from_environment(data)
        if detach:
            _detached(settings)
            return
        console = Console(stderr=True)
        progress = Progress(console)

        def ready(stack: Stack) -> None:
            progress.done()
            _announce(stack, settings.folder, foreground=True)

        supervisor = Supervisor(settings, step=progress.step, report=progress.note, ready=ready)
        try:
            asyncio.run(supervisor.run())
        finally:
            progress.done()


def _detached(settings: Settings) -> None:
    """Start a supervisor of its own session, and wait until it is up or has failed."""
    folder = settings.folder
    with FolderLock(folder):
        pass  # refuses, in this process, when a stack is up already
    log_file = folder.log_of("up")
    progress = Progress(Console(stderr=True))
    with log_file.open("ab") as log:
        process = subprocess.Popen(
            season_command("up", "--data", str(folder.root)),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    until = time.monotonic() + DETACHED_SECONDS
    while True:
        stack = read_stack(folder)
        if stack is not None and stack.state == "up" and stack.supervisor.pid == process.pid:
            progress.done()
            _announce(stack, folder, foreground=False)
            return
        if process.poll() is not None or time.monotonic() > until:
            progress.done()
            words = last_words(log_file, 1)
            raise Unavailable("stack.failed", f"The stack did not come up. {words}", f"Its log is {log_file}.")
        if time.monotonic() - until + DETACHED_SECONDS > QUIET_SECONDS:
            progress.step("Starting the stack")
        time.sleep(0.1)


def _announce(stack: Stack, folder: StackFolder, *, foreground: bool) -> None:
    settings = Settings.load(folder.root)
    for sentence in stack.moved:
        typer.echo(sentence, err=True)
    typer.echo("The stack is up.")
    typer.echo(f"  Console      {settings.desk_url()}")
    if settings.temporal_ui_url:
        typer.echo(f"  Temporal UI  {settings.temporal_ui_url}")
    typer.echo(f"  Mails        {folder.mail}")
    typer.echo(f"  Logs         {folder.logs}")
    typer.echo("Ctrl-C stops it." if foreground else "`season down` stops it.")


def down(data: Data = None) -> None:
    """Stop the stack of a data folder, in order. Nothing is lost: the next `season up` goes on where it was.

    Examples:

        season down

        season down --data /srv/season
    """
    with _told():
        folder = Settings.from_environment(data).folder
        supervisor = holder_of(folder)
        if supervisor is None:
            _stop_leftovers(folder)
            return
        if is_running(supervisor):
            os.kill(supervisor.pid, signal.SIGTERM)
        if not wait_gone(supervisor, DOWN_SECONDS):
            stop(supervisor, signal.SIGKILL)
            _stop_leftovers(folder)
        typer.echo(f"The stack in {folder.root} is down.")


def _stop_leftovers(folder: StackFolder) -> None:
    if not folder.root.is_dir():
        typer.echo(f"No stack is up in {folder.root}.")
        return
    said: list[str] = []
    with FolderLock(folder):
        stop_leftovers(folder, said.append)
    typer.echo("\n".join(said) if said else f"No stack is up in {folder.root}.")


def doctor(
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Look at each part of the stack; say what is wrong and how to mend it. Changes nothing.

    Exit code 0 when all is well, 1 when something is wrong.

    Examples:

        season doctor

        season doctor --json
    """
    with _told():
        findings = asyncio.run(examine(Settings.load(data)))
    good = all(finding.ok for finding in findings)
    if as_json:
        typer.echo(json.dumps({"ok": good, "checks": [finding.as_json() for finding in findings]}, ensure_ascii=False))
    else:
        for finding in findings:
            _show(finding)
    raise typer.Exit(0 if good else 1)


def _show(finding: Finding) -> None:
    mark, colour = ("ok     ", typer.colors.GREEN) if finding.ok else ("trouble", typer.colors.RED)
    typer.echo(f"{typer.style(mark, fg=colour)}  {finding.check:<22} {finding.sentence}")
    if finding.remedy:
        typer.echo(f"{'':9}{'':<22} → {finding.remedy}")


def mail_sink(
    data: Data = None,
    port: Annotated[int | None, typer.Option("--port", help="Port to listen on (default: the stack's).")] = None,
) -> None:
    """Take mails in on 127.0.0.1 and keep each as a file in the data folder; deliver none. `season up` runs it.

    Examples:

        season mail-sink --port 2525
    """
    with _told():
        settings = Settings.load(data)
        set_up_logs(settings.log_format, settings.log_level)
        chosen = settings.smtp()[1] if port is None else port
        try:
            asyncio.run(_serve_mail(settings.folder.mail, chosen))
        except OSError as error:
            raise Refused(
                "port.taken", f"The mail sink cannot listen on port {chosen}: {error.strerror}.", "Name another port."
            ) from None


async def _serve_mail(folder: Path, port: int) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    await serve(folder, "127.0.0.1", port, stopped)


class _told:  # noqa: N801 - reads as a phrase: `with _told():`
    """Turns our errors into one sentence on stderr, and exit code 1 (refused, not there) or 2 (usage)."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, SeasonkeeperError):
            from models.errors import BadInput

            typer.echo(str(error), err=True)
            raise typer.Exit(2 if isinstance(error, BadInput) else 1) from None
