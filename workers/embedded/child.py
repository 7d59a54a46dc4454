"""One supervised process: start it, wait until it answers, start it again when it dies, stop it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.errors import Unavailable
from workers.embedded.processes import Handle, handle_of, leash

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
"""Seconds between a death and the next start; doubled each time."""
STEADY = 60.0
"""Seconds of life after which the pause starts small again."""
START_DEATHS = 4
"""So many deaths before it ever answered, and the stack is not coming up."""
PROBE_PAUSE = 0.05

Answers = Callable[[float], Awaitable[bool]]


@dataclass(frozen=True)
class Part:
    """What a child is. Nothing runs by building one."""

    name: str
    title: str
    """For people, as it stands within a sentence."""
    command: tuple[str, ...]
    log: Path
    answers: Answers
    """Whether it answers; given the instant of its start, in seconds since 1970."""
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    grace: float = 15.0
    """Seconds between asking it to stop and killing it."""
    start_seconds: float = 60.0
    """Seconds that it may take from its start to its first answer."""
    owner: Mapping[str, Any] = field(default_factory=dict)
    """Arguments for `subprocess` that name the user it runs as."""
    before_start: Callable[[], None] | None = None


class Child:
    """A part and its process. `report` is called with a sentence for people, `changed` after each start and end."""

    def __init__(self, part: Part, report: Callable[[str], None], changed: Callable[[], None]) -> None:
        self.part = part
        self.handle: Handle | None = None
        self.restarts = 0
        self.started_at = 0.0
        self._report = report
        self._changed = changed
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False
        self._keeper: asyncio.Task[None] | None = None

    @property
    def subject(self) -> str:
        """Its title, to begin a sentence with."""
        return self.part.title[0].upper() + self.part.title[1:]

    async def start(self) -> None:
        """Start it and return when it answers. Raises Unavailable, with the last lines of its log, when it does not."""
        await self._spawn()
        until = time.monotonic() + self.part.start_seconds
        deaths = 0
        while not await self._answers():
            if self._process is not None and self._process.returncode is not None:
                deaths += 1
                if deaths >= START_DEATHS:
                    raise self._failed(f"ended {deaths} times at its start (exit {self._process.returncode})")
                await asyncio.sleep(FIRST_PAUSE * deaths)
                await self._spawn()
            if time.monotonic() > until:
                raise self._failed(f"did not answer within {self.part.start_seconds:.0f} seconds")
            await asyncio.sleep(PROBE_PAUSE)
        self._keeper = asyncio.create_task(self._keep(), name=f"keep {self.part.name}")

    async def _answers(self) -> bool:
        if self._process is None or self._process.returncode is not None:
            return False
        with contextlib.suppress(TimeoutError, OSError):
            async with asyncio.timeout(5):
                return await self.part.answers(self.started_at)
        return False

    async def _spawn(self) -> None:
        if self.part.before_start is not None:
            await asyncio.to_thread(self.part.before_start)
        self.started_at = time.time()
        with self.part.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.part.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.part.environment},
                process_group=0,  # a Ctrl-C at the terminal reaches the supervisor alone, which stops all in order
                preexec_fn=leash(self.part.stop_signal),
                **self.part.owner,
            )
        self.handle = handle_of(self._process.pid)
        self._changed()

    async def _keep(self) -> None:
        """Start it again whenever it ends, with a growing pause, until it is told to stop."""
        pause = FIRST_PAUSE
        while True:
            assert self._process is not None
            code = await self._process.wait()
            if self._stopping:
                return
            pause = FIRST_PAUSE if time.time() - self.started_at > STEADY else pause
            self._report(f"{self.subject} ended ({_how(code)}); it is started again in {pause:g} s.")
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
            self.restarts += 1
            try:
                await self._spawn()
            except (OSError, Unavailable) as error:
                self._report(f"{self.subject} could not be started: {error}")

    async def stop(self) -> None:
        """Ask it to stop, wait, kill it if it must be. Returns when it is gone."""
        self._stopping = True
        process = self._process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(self.part.stop_signal)
            try:
                await asyncio.wait_for(process.wait(), self.part.grace)
            except TimeoutError:
                self._report(f"{self.subject} did not stop within {self.part.grace:.0f} s and was killed.")
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        self.handle = None
        self._changed()

    def _failed(self, what: str) -> Unavailable:
        return Unavailable(
            f"{self.part.name}.failed",
            f"{self.subject} {what}. Its last words: {last_words(self.part.log)}",
            f"The whole log is {self.part.log}.",
        )


def last_words(log: Path, lines: int = 3) -> str:
    """The last lines of a log, as one line."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 8192))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return "none"
    found = [line.strip() for line in text.splitlines() if line.strip()]
    return " / ".join(found[-lines:]) or "none"


def _how(code: int) -> str:
    if code >= 0:
        return f"exit {code}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"
