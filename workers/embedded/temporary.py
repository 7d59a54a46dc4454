"""Servers of their own for a test or a rehearsal, gone at the end."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.errors import Unavailable
from workers.embedded.folder import StackFolder
from workers.embedded.postgres import Postgres, as_owner
from workers.embedded.processes import Handle, is_running, leash, own_handle

START_SECONDS = 60.0
_PREFIX, _OWNER = "season-pg-", "owner.json"
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@contextmanager
def temporary_postgres(parent: Path | None = None, *, durable: bool = False) -> Iterator[Postgres]:
    """A PostgreSQL with no database but `postgres` (see `ensure_database`); deleted at the end.

    Flushing is off, as nothing in it is meant to outlive the process, unless it is to be as `durable` as in
    production. Call it outside of an event loop. Raises Unavailable when it does not start. What a killed process
    left behind of this kind is deleted first.
    """
    _clear(parent or Path(tempfile.gettempdir()))
    home = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    (home / _OWNER).write_text(own_handle().model_dump_json(), encoding="utf-8")
    postgres = Postgres.of(StackFolder.at(home))
    try:
        postgres.prepare()
        server = start_server(postgres, home / "postgres.log", durable=durable)
        try:
            asyncio.run(_until_up(postgres, server, home / "postgres.log"))
            yield postgres
        finally:
            stop_server(server)
    finally:
        shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(postgres.socket, ignore_errors=True)


def _clear(parent: Path) -> None:
    """Delete the folders of which we know that their process, and its server, are gone. Any doubt leaves a folder."""
    for home in parent.glob(f"{_PREFIX}*"):
        try:
            if home.is_symlink() or home.stat().st_uid != os.geteuid():
                continue
            owner = Handle.model_validate_json((home / _OWNER).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        postgres = Postgres.of(StackFolder.at(home))
        if not is_running(owner) and postgres.running() is None:
            shutil.rmtree(home, ignore_errors=True)
            shutil.rmtree(postgres.socket, ignore_errors=True)


def start_server(postgres: Postgres, log_file: Path, *, durable: bool = False) -> subprocess.Popen[bytes]:
    """Start the server on a prepared folder, and do not wait until it answers."""
    options = [] if durable else [part for option in FAST for part in ("-c", option)]
    with log_file.open("ab") as log:
        return subprocess.Popen(
            (*postgres.command(), *options),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            process_group=0,
            preexec_fn=leash(signal.SIGINT),
            **as_owner(),
        )


def stop_server(server: subprocess.Popen[bytes]) -> None:
    """Stop it fast and in order; harmless where it has ended."""
    server.send_signal(signal.SIGINT)
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


async def _until_up(postgres: Postgres, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while not await postgres.answers():
        if server.poll() is not None or time.monotonic() > until:
            tail = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
            raise Unavailable("postgres.failed", f"PostgreSQL did not start: {' / '.join(tail)}")
        await asyncio.sleep(0.05)
