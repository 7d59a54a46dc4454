"""The parts of the stack: what each is, how it is started, and how one sees that it answers."""

from __future__ import annotations

import asyncio
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client
from temporalio.service import RPCError

from workers.embedded import temporal
from workers.embedded.child import Answers, Part
from workers.embedded.folder import StackFolder
from workers.embedded.ports import LOOPBACK
from workers.embedded.postgres import Postgres, as_owner

QUEUES = {"worker-season": "season", "worker-mail": "mail"}
"""Which task queue each worker serves."""
SEASON: tuple[str, ...] = (sys.executable, "-m", "desk.cli")
"""Our command without words; tests put a stand-in here."""
ROOT = Path(__file__).resolve().parents[2]


def season_command(*words: str) -> tuple[str, ...]:
    """Command line of our own command, run by the Python that runs us."""
    return (*SEASON, *words)


def postgres_part(folder: StackFolder) -> Part:
    """PostgreSQL. SIGINT is its fast and orderly stop."""
    postgres = Postgres.of(folder)

    async def answers(_started: float) -> bool:
        return await postgres.answers()

    return Part(
        name="postgres",
        title="PostgreSQL",
        command=postgres.command(),
        log=folder.log_of("postgres"),
        answers=answers,
        stop_signal=signal.SIGINT,
        grace=30.0,
        # After a kill, a crash recovery of much data comes before the first answer.
        start_seconds=300.0,
        owner=as_owner(),
        before_start=postgres.prepare,
    )


def temporal_part(folder: StackFolder, binary: Path, port: int, ui_port: int, namespace: str) -> Part:
    """The Temporal server with its web UI."""

    async def answers(_started: float) -> bool:
        return await temporal.answers(f"{LOOPBACK}:{port}", namespace)

    return Part(
        name="temporal",
        title="Temporal",
        command=temporal.command(binary, folder, port, ui_port, namespace),
        log=folder.log_of("temporal"),
        answers=answers,
        environment=temporal.ENVIRONMENT,
        grace=20.0,
    )


@dataclass(frozen=True)
class OwnParts:
    """The parts that are our own command."""

    folder: StackFolder
    environment: dict[str, str]

    def mail_sink(self, port: int) -> Part:
        """The mail sink."""

        async def answers(_started: float) -> bool:
            return await greets(LOOPBACK, port)

        return self._part("mail-sink", "the mail sink", ("mail-sink",), answers, grace=5.0)

    def worker(self, name: str, client: Client) -> Part:
        """A worker; it answers once it has asked for work of its queue."""

        async def answers(started: float) -> bool:
            try:
                last = await temporal.last_poll(client, QUEUES[name])
            except RPCError:
                return False
            return last is not None and last >= started

        kind = name.removeprefix("worker-")
        # It lets activities under way finish, for 20 s at most, before it goes.
        return self._part(name, f"the {kind} worker", ("worker", kind), answers, grace=30.0)

    def desk(self, port: int) -> Part:
        """The console and the API."""

        async def answers(_started: float) -> bool:
            return await serves_http(LOOPBACK, port)

        return self._part("desk", "the desk", ("desk",), answers)

    def _part(self, name: str, title: str, words: tuple[str, ...], answers: Answers, grace: float = 15.0) -> Part:
        return Part(
            name=name,
            title=title,
            command=season_command(*words),
            log=self.folder.log_of(name),
            answers=answers,
            environment=self.environment,
            grace=grace,
        )


async def greets(host: str, port: int) -> bool:
    """Whether an SMTP server says hello there."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        return (await reader.readline()).startswith(b"220")
    finally:
        writer.close()


async def serves_http(host: str, port: int) -> bool:
    """Whether an HTTP server answers there, with a page or with a redirect or refusal, but not with a fault."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"GET /health HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        status = (await reader.readline()).split()
        return len(status) > 1 and status[0].startswith(b"HTTP/") and int(status[1]) < 500
    finally:
        writer.close()
