"""Ports on loopback: free ones, and who holds a taken one."""

from __future__ import annotations

import socket
from dataclasses import dataclass

import psutil

from models.errors import Refused

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


def choose(what: str, wanted: int, reserved: set[int], *, fixed: bool = False) -> Choice:
    """The wanted port, or one near it when it is taken. Adds it to `reserved`.

    Raises:
        Refused: the port is taken and `fixed`, since somebody asked for this very one.
    """
    if wanted not in reserved and is_free(wanted):
        reserved.add(wanted)
        return Choice(wanted, None)
    holder = holder_of(wanted)
    if fixed:
        raise Refused(
            "port.taken",
            f"Port {wanted}, asked for as the {what}'s, is taken by {holder}.",
            "Stop that program, or name another port.",
        )
    near = range(wanted + 1, min(wanted + NEAR, 65536))
    port = next((port for port in near if port not in reserved and is_free(port)), None) or any_free()
    reserved.add(port)
    return Choice(port, f"Port {wanted} is taken by {holder}; the {what} answers on {port}.")


def holder_of(port: int) -> str:
    """Who listens on the port, as far as the system lets us see."""
    try:
        listening = (c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN)
        pid = next((c.pid for c in listening if tuple(c.laddr)[1:2] == (port,)), None)
        return "another program" if pid is None else f"{psutil.Process(pid).name()} (process {pid})"
    except psutil.Error:
        return "another program"
