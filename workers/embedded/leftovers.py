"""What a killed supervisor left behind: found by process id and birth, never by name, and stopped."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Sequence

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from models.errors import Unavailable
from workers.embedded.folder import StackFolder, write_json
from workers.embedded.postgres import Postgres
from workers.embedded.processes import Handle, is_running, stop


class Record(BaseModel):
    """A child, as `processes.json` keeps it."""

    model_config = ConfigDict(frozen=True)

    name: str
    handle: Handle
    restarts: int = 0
    signal: int = signal.SIGTERM
    """The signal that stops it in order."""


GRACE = 4.0
"""Seconds. Short, since what they had under way was lost with their supervisor, and all of it may be killed safely."""
POSTGRES_GRACE = 20.0
"""Seconds. A PostgreSQL that stops in order needs no crash recovery."""
_RECORDS = TypeAdapter(tuple[Record, ...])


def record_children(folder: StackFolder, records: Sequence[Record]) -> None:
    """Replace `processes.json` in one step."""
    write_json(folder.processes, _RECORDS.dump_python(tuple(records), mode="json"))


def read_children(folder: StackFolder) -> tuple[Record, ...]:
    """The children as last recorded, in the order of their start; empty when there is no record."""
    try:
        return _RECORDS.validate_python(json.loads(folder.processes.read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError):
        return ()


def stop_leftovers(folder: StackFolder, report: Callable[[str], None]) -> None:
    """Stop each recorded child that still lives, and a PostgreSQL that still holds the data. Call with the lock held.

    They may be on their way out already: the kernel signals them when their supervisor dies.

    Raises:
        Unavailable: one of them does not go.
    """
    for record in reversed(read_children(folder)):
        if is_running(record.handle):
            report(f"Stopping {record.name} (process {record.handle.pid}), left over from a stack that was killed.")
            _stop(record.name, record.handle, signal.Signals(record.signal))
    server = Postgres.of(folder).running()
    if server is not None:
        report(f"Stopping a PostgreSQL (process {server.pid}) that was left over on {folder.postgres}.")
        _stop("postgres", server, signal.SIGINT)
    folder.processes.unlink(missing_ok=True)
    folder.stack.unlink(missing_ok=True)


def _stop(name: str, handle: Handle, first: signal.Signals) -> None:
    if not stop(handle, first, grace=POSTGRES_GRACE if name == "postgres" else GRACE):
        raise Unavailable(
            f"{name}.leftover",
            f"{name} (process {handle.pid}) is left over from an earlier stack and does not stop.",
            f"Stop process {handle.pid} yourself, then give the command again.",
        )
