"""Ports on loopback: free ones, and who holds a taken one."""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import psutil

from models.errors import Refused, Unavailable

LOOPBACK = "127.0.0.1"
NEAR = 50
"""How many ports above the wanted one are tried before any free one is taken."""


@dataclass(frozen=True)
class Choice:
    """A port, and a sentence when it is not the wanted one."""

    port: int
    moved: str | None


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of loopback now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a port whose last connections linger in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def any_free() -> int:
    """A port that the system says is free."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


class Ports:
    """Ports of one stack. Hold it with `with` for as long as the stack is up.

    Another stack of the same user takes none of them, not even while the part that listens there is being started or
    started again: its workers would talk to a server that is not theirs. A lock on a file for each port says so; the
    kernel lets it go when its holder dies, however it dies.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or Path(tempfile.gettempdir()) / f"season-ports-{os.getuid()}"
        self._held: dict[int, int] = {}

    def __enter__(self) -> Ports:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(
                "ports.unwritable",
                f"The folder {self._folder}, by which stacks of this machine agree on their ports, "
                f"cannot be made: {error.strerror}.",
                "Name another temporary folder with TMPDIR.",
            ) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._held:
            os.close(self._held.popitem()[1])

    def choose(self, what: str, wanted: int, *, fixed: bool = False) -> Choice:
        """Take the wanted port, or one near it when it is taken.

        Raises:
            Refused: the port is taken and `fixed`, since somebody asked for this very one.
        """
        if self._take(wanted):
            return Choice(wanted, None)
        holder = holder_of(wanted)
        if fixed:
            raise Refused(
                "port.taken",
                f"Port {wanted}, asked for as the {what}'s, is taken by {holder}.",
                "Stop that program, or name another port.",
            )
        near = range(wanted + 1, min(wanted + NEAR, 65536))
        port = next((port for port in near if self._take(port)), None) or self._any()
        return Choice(port, f"Port {wanted} is taken by {holder}; the {what} answers on {port}.")

    def _take(self, port: int) -> bool:
        if port in self._held:
            return False
        file = os.open(self._folder / str(port), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return False
        if not is_free(port):
            os.close(file)
            return False
        self._held[port] = file
        return True

    def _any(self) -> int:
        while not self._take(port := any_free()):
            pass
        return port


def holder_of(port: int) -> str:
    """Who listens on the port, as far as the system lets us see."""
    try:
        listening = (c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN)
        pid = next((c.pid for c in listening if tuple(c.laddr)[1:2] == (port,)), None)
        return "another program" if pid is None else f"{psutil.Process(pid).name()} (process {pid})"
    except psutil.Error:
        return "another program"
