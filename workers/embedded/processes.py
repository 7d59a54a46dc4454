"""Processes known by their id and their birth, so that a reused id is never taken for the process it once was."""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from pydantic import BaseModel, ConfigDict

LINUX = platform.system() == "Linux"
PR_SET_PDEATHSIG = 1
POLL = 0.05
"""Seconds between two looks at a process that is not our child."""


class Handle(BaseModel):
    """One process, for ever: `birth` tells it from later processes with the same id."""

    model_config = ConfigDict(frozen=True)

    pid: int
    birth: str


def handle_of(pid: int) -> Handle | None:
    """The handle of a living process; None when there is none (a zombie counts as none)."""
    birth = _birth(pid)
    return None if birth is None else Handle(pid=pid, birth=birth)


def own_handle() -> Handle:
    """The handle of this process."""
    handle = handle_of(os.getpid())
    assert handle is not None, "this process is alive"
    return handle


def is_running(handle: Handle | None) -> bool:
    """Whether the very process of the handle lives."""
    return handle is not None and _birth(handle.pid) == handle.birth


def send(handle: Handle, number: signal.Signals) -> bool:
    """Signal the process, and its group where it leads one. False when it is gone or not ours."""
    if not is_running(handle):
        return False
    try:
        if os.getpgid(handle.pid) == handle.pid:
            os.killpg(handle.pid, number)
        else:
            os.kill(handle.pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def stop(handle: Handle, first: signal.Signals = signal.SIGTERM, grace: float = 10.0) -> bool:
    """Stop a process that need not be our child: ask, wait `grace` seconds, then kill. True when it is gone."""
    for number, seconds in ((first, grace), (signal.SIGKILL, 5.0)):
        if not send(handle, number) and not is_running(handle):
            return True
        if wait_gone(handle, seconds):
            return True
    return False


def wait_gone(handle: Handle, seconds: float) -> bool:
    """Wait until the process is gone, at most so many seconds. Whether it is."""
    until = time.monotonic() + seconds
    while is_running(handle):
        if time.monotonic() > until:
            return False
        time.sleep(POLL)
    return True


def leash(number: signal.Signals) -> Callable[[], None] | None:
    """For `preexec_fn`: the child is sent this signal when its parent dies, however that dies. Linux only.

    Elsewhere None: there the next `season up` stops what is left, by its handle.
    """
    if not LINUX:
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def tie() -> None:
        prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # the parent died between the fork and the line above
            os._exit(1)

    return tie


def _birth(pid: int) -> str | None:
    """What tells this process from another with its id: on Linux the boot and the tick it started at.

    Wall-clock start times move when the clock is set; ticks do not.
    """
    if LINUX:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
        except OSError:
            return None
        return None if fields[0] in "ZX" else f"{boot}/{fields[19]}"
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else str(round(process.create_time()))
    except psutil.Error:
        return None
