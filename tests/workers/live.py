"""A stack for a test to bring up and down: all real but the workers and the desk, which are stand-ins."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from workers.embedded.addresses import Stack, read_stack
from workers.embedded.folder import StackFolder
from workers.embedded.leftovers import Record, read_children
from workers.embedded.processes import Handle, is_running, stop
from workers.settings import Settings

STANDIN = Path(__file__).with_name("standin.py")


def eventually(true: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    """Wait until it is so."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.1)


@dataclass
class LiveStack:
    """A data folder with a stack that the test brings up and down."""

    folder: StackFolder
    environment: dict[str, str]
    supervisors: list[Handle] = field(default_factory=list)

    def season(self, *words: str, timeout: float = 120.0) -> subprocess.CompletedProcess[str]:
        """Run the stand-in's command to its end."""
        return subprocess.run(
            [sys.executable, str(STANDIN), *words, "--data", str(self.folder.root)],
            capture_output=True,
            text=True,
            timeout=timeout,
            env=self.environment,
        )

    def up(self) -> Stack:
        """Bring it up, detached."""
        done = self.season("up", "--detach")
        assert done.returncode == 0, done.stdout + done.stderr
        stack = read_stack(self.folder)
        assert stack is not None
        assert stack.state == "up"
        self.supervisors.append(stack.supervisor)
        return stack

    def child(self, name: str) -> Record:
        """The recorded child of that name."""
        return next(record for record in read_children(self.folder) if record.name == name)

    def kill_all(self) -> None:
        """`kill -9` of the supervisor and of every child, at once, and of nothing else."""
        children = read_children(self.folder)
        for handle in (self.supervisors[-1], *(record.handle for record in children)):
            if is_running(handle):
                os.kill(handle.pid, signal.SIGKILL)

    def end(self) -> None:
        """Stop whatever of it still runs, by its handle."""
        for handle in self.supervisors:
            stop(handle, grace=60)
        for record in read_children(self.folder):
            stop(record.handle, signal.Signals(record.signal))

    def settings(self) -> Settings:
        """Settings of a process of this stack."""
        return Settings.load(self.folder.root)

    def doctor(self) -> dict[str, bool]:
        """What the doctor finds, by check."""
        report = json.loads(self.season("doctor", "--json").stdout)
        return {check["check"]: check["ok"] for check in report["checks"]}
