"""The supervisor of the embedded stack. `run()` is its story; it ends when the stack is down."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING

from temporalio.client import Client

from models.errors import Unavailable
from workers.embedded import temporal
from workers.embedded.addresses import Stack, StackAddresses, write_stack
from workers.embedded.child import Child, Part, last_words
from workers.embedded.leftovers import Record, record_children, stop_leftovers
from workers.embedded.lock import FolderLock
from workers.embedded.parts import ROOT, OwnParts, postgres_part, season_command, temporal_part
from workers.embedded.ports import LOOPBACK, Ports
from workers.embedded.postgres import Postgres
from workers.embedded.processes import own_handle

if TYPE_CHECKING:
    from workers.settings import Settings

TEMPORAL_PORT = 7233
TEMPORAL_UI_PORT = 8233
SMTP_PORT = 2525
STOP_ORDER = ("desk", "worker-mail", "worker-season", "mail-sink", "temporal", "postgres")
BIGGEST_LOG = 50 * 1024 * 1024
"""Bytes; then a log is moved to `<name>.1` and begun anew."""
LOG_LOOK = 60.0


class Supervisor:
    """Starts the parts in order, keeps them running, stops them in reverse order.

    A part that the environment names elsewhere (SEASON_DATABASE_URL, SEASON_TEMPORAL_ADDRESS, SEASON_SMTP_HOST) is
    used from there and not started.
    """

    def __init__(
        self,
        settings: Settings,
        step: Callable[[str], None] = lambda _text: None,
        report: Callable[[str], None] = lambda _text: None,
        ready: Callable[[Stack], None] = lambda _stack: None,
    ) -> None:
        """
        Args:
            settings: `Settings.from_environment()`: what an earlier stack wrote down must not count as given.
            step: told what is being waited for, while it comes up.
            report: told what happens later, such as a restart.
            ready: told once, when everything answers.
        """
        self._settings = settings
        self._folder = settings.folder
        self._step, self._report, self._ready = step, report, ready
        self._children: list[Child] = []
        self._stop = asyncio.Event()
        self._ports = Ports()

    async def run(self) -> None:
        """Bring the stack up, keep it up until SIGINT or SIGTERM, bring it down.

        Raises:
            Refused: another stack is up in the folder, or a port that was asked for is taken.
            Unavailable: a part does not come up; those that did are stopped again.
        """
        with FolderLock(self._folder), self._ports:
            self._listen_to_signals()
            rotation = asyncio.create_task(self._rotate_logs())
            try:
                await asyncio.to_thread(stop_leftovers, self._folder, self._report)
                await self._until_stopped(self._bring_up())
                await self._stop.wait()
            finally:
                rotation.cancel()
                await self._bring_down()

    def request_stop(self) -> None:
        """Ask it to bring the stack down; `run()` then returns."""
        self._stop.set()

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.request_stop)

    async def _until_stopped(self, work: Coroutine[object, object, None]) -> None:
        """Do the work, but drop it when a stop is asked for in its midst."""
        doing = asyncio.ensure_future(work)
        stopping = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not doing.done():
            doing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await doing

    async def _bring_up(self) -> None:
        stack, ui_port = self._choose_addresses()
        write_stack(self._folder, stack)
        own = OwnParts(self._folder, self._environment())
        # The three grounds need nothing of each other; together they are up a second or two earlier.
        await _all(
            self._start_database(stack.addresses),
            self._start_temporal(stack.addresses, ui_port),
            self._start_mail_sink(stack.addresses, own),
        )
        client = await Client.connect(**type(self._settings).load(self._folder.root).temporal())
        await temporal.ensure_namespace(client)
        await _all(
            self._start(own.worker("worker-season", client)),
            self._start(own.worker("worker-mail", client)),
            self._start(own.desk(stack.addresses.desk_port or self._settings.desk_port)),
        )
        stack = stack.model_copy(update={"state": "up"})
        write_stack(self._folder, stack)
        self._ready(stack)

    async def _start_database(self, addresses: StackAddresses) -> None:
        if addresses.database_url:
            if not self._settings.is_given("secret_key"):
                self._folder.ensure_secret()
            await self._start(postgres_part(self._folder))
            await Postgres.of(self._folder).ensure_database()
        await self._migrate()

    async def _start_temporal(self, addresses: StackAddresses, ui_port: int) -> None:
        if addresses.temporal_address:
            binary = await temporal.find_binary()
            port = int(addresses.temporal_address.rpartition(":")[2])
            await self._start(temporal_part(self._folder, binary, port, ui_port, self._settings.temporal_namespace))

    async def _start_mail_sink(self, addresses: StackAddresses, own: OwnParts) -> None:
        if addresses.smtp_port is not None:
            await self._start(own.mail_sink(addresses.smtp_port))

    def _choose_addresses(self) -> tuple[Stack, int]:
        """Addresses of what is started here. None for what the environment names elsewhere."""
        given, moved = self._settings, list[str]()

        def port(what: str, wanted: int, fixed: bool = False) -> int:
            choice = self._ports.choose(what, wanted, fixed=fixed)
            moved.extend([choice.moved] if choice.moved else [])
            return choice.port

        desk = port("desk", given.desk_port, fixed=given.is_given("desk_port"))
        values: dict[str, object] = {"desk_host": LOOPBACK, "desk_port": desk}
        ui_port = TEMPORAL_UI_PORT
        if not given.is_given("database_url"):
            values["database_url"] = Postgres.of(self._folder).url()
        if not given.is_given("temporal_address") and not given.temporal_profile:
            values["temporal_address"] = f"{LOOPBACK}:{port('Temporal server', TEMPORAL_PORT)}"
            ui_port = port("Temporal UI", TEMPORAL_UI_PORT)
            values["temporal_ui_url"] = f"http://{LOOPBACK}:{ui_port}"
        if not given.is_given("smtp_host"):
            values |= {"smtp_host": LOOPBACK, "smtp_port": port("mail sink", SMTP_PORT)}
        addresses = StackAddresses.model_validate(values)
        stack = Stack(state="starting", supervisor=own_handle(), addresses=addresses, moved=tuple(moved))
        return stack, ui_port

    async def _start(self, part: Part) -> None:
        self._step(f"Starting {part.title}")
        child = Child(part, self._report, self._record)
        self._children.append(child)
        await child.start()

    def _record(self) -> None:
        record_children(
            self._folder,
            [
                Record(
                    name=child.part.name, handle=child.handle, restarts=child.restarts, signal=child.part.stop_signal
                )
                for child in self._children
                if child.handle is not None
            ],
        )

    def _environment(self) -> dict[str, str]:
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        return {"SEASON_DATA_DIR": str(self._folder.root), "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}

    async def _migrate(self) -> None:
        self._step("Bringing the database's tables up to date")
        file = self._folder.log_of("migrate")
        with file.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *season_command("migrate"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self._environment()},
            )
        try:
            code = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
        if code:
            words = last_words(file)
            raise Unavailable("migrate.failed", f"The migrations failed: {words}", f"The whole log is {file}.")

    async def _bring_down(self) -> None:
        """Stop all in reverse order, whatever else happens."""
        for child in sorted(self._children, key=lambda child: STOP_ORDER.index(child.part.name)):
            self._step(f"Stopping {child.part.title}")
            await child.stop()
        self._folder.stack.unlink(missing_ok=True)
        self._folder.processes.unlink(missing_ok=True)
        socket = self._folder.socket
        if socket.parent != self._folder.root:
            shutil.rmtree(socket, ignore_errors=True)

    async def _rotate_logs(self) -> None:
        while True:
            for log in self._folder.logs.glob("*.log"):
                with contextlib.suppress(OSError):
                    rotate(log)
            await asyncio.sleep(LOG_LOOK)


async def _all(*works: Coroutine[object, object, None]) -> None:
    """Do all at the same time; when one fails, drop the others and raise its error."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def rotate(log: Path, biggest: int = BIGGEST_LOG) -> None:
    """Begin a log anew when it is too big, keeping the old one as `<name>.1`. Its writer has it open to append."""
    if log.stat().st_size > biggest:
        shutil.copyfile(log, log.with_name(log.name + ".1"))
        os.truncate(log, 0)
