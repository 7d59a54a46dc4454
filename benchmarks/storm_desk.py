"""The HTTP side of `benchmarks.deadline_storm`: desk processes on loopback, and a client that submits by the API."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import socket
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

from models.errors import Refused, Unavailable
from models.season import SeasonFile
from records import access
from records.database import Database, run

_POOL = 20
_UP_WITHIN = 30.0

# Complete, so that the only question is whether they come in time; and made by the token that submits them.
_COMPLETE = """UPDATE entries SET track = :track, division = :track, fields = CAST(:fields AS jsonb),
  summary = 'A plan in a few words.', leader_degree = 'doctor', documents = CAST(:documents AS jsonb),
  details = jsonb_build_object('readiness', 5, 'made_by', CAST(:maker AS text))"""


class Desk(NamedTuple):
    """A desk as a client comes to it."""

    port: int
    token: str
    season: str


async def prepare(url: str, season: str, file: SeasonFile) -> str:
    """Complete the drafts of a storm, and make the token that will submit them: its secret."""
    database = Database(url)
    number, secret = await access.make_token(database, "storm", ["register"], season=season)
    track = next(t for t in file.tracks if not t.groups)
    async with database.transaction() as connection:
        await run(
            connection, _COMPLETE, track=track.code, fields=json.dumps([f.code for f in track.fields[:1]]),
            documents=json.dumps(list(file.entry_rules.documents)), maker=f"token/{number}",
        )  # fmt: skip
    async with database.statement() as connection:
        await run(connection, "VACUUM (ANALYZE) entries")
    await database.close()
    return secret


@contextmanager
def desks(url: str, count: int) -> Iterator[list[int]]:
    """The ports of so many desk processes, as they are served: with sign-in, pages, and the usual limits."""
    context = multiprocessing.get_context("spawn")
    ports = [_free_port() for _ in range(count)]
    started = [context.Process(target=_serve, args=(url, port), daemon=True) for port in ports]
    for process in started:
        process.start()
    try:
        for port in ports:
            _await_up(port)
        yield ports
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.join()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _await_up(port: int) -> None:
    ends = time.time() + _UP_WITHIN
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
                if json.load(answer)["ok"]:
                    return
        except OSError:
            pass
        if time.time() > ends:
            raise TimeoutError(f"no desk on port {port} within {_UP_WITHIN} s")
        time.sleep(0.05)


def _serve(url: str, port: int) -> None:
    import uvicorn

    from desk.access import Entrance
    from desk.api import create_app
    from desk.client import Desk as Client
    from desk.console import add_console

    address = f"http://127.0.0.1:{port}"
    app = create_app(client := Client(Database(url, pool_size=_POOL), None), entrance=Entrance(False, address))
    add_console(app, client)
    uvicorn.run(app, host="127.0.0.1", port=port, log_config=None, access_log=False, server_header=False)


class Caller:
    """One client with one connection that is kept open: a plain HTTP/1.1 client, so that the desk is what is measured."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def submit(self, number: str) -> tuple[str, datetime]:
        """Submit an entry. Raises Refused with the desk's sentence; Unavailable where nothing or 503 is answered."""
        try:
            status, body = await self._post(f"/api/seasons/{self._desk.season}/registrations/{number}/submit")
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            await self.close()
            raise Unavailable("desk.away", "The desk does not answer.") from error
        if status == 200:
            return body["number"], datetime.fromisoformat(body["accepted_at"])
        if status == 503:
            raise Unavailable(body["code"], body["detail"])
        raise Refused(body["code"], body["detail"])

    async def _post(self, path: str) -> tuple[int, Any]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._desk.port)
        reader, writer = self._streams
        writer.write(
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._desk.port}\r\nAuthorization: Bearer {self._desk.token}\r\n"
            "Content-Length: 0\r\n\r\n".encode()
        )
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.split("content-length:", 1)[1].split("\r\n", 1)[0])
        return int(head.split(" ", 2)[1]), json.loads(await reader.readexactly(length))

    async def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
