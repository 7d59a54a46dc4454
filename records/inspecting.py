"""Looks into uploads in a process of its own, which has so much time and memory and no more.

What a hostile file can do there is to be refused: the process holds no settings and no secrets, reads the file from
its standard input, and says what it found in one line of JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

from models.errors import Unavailable
from models.text import Text
from rules.file_names import clean
from rules.uploads import Accepted, BadUpload, check, needs_care

SECONDS = 20
"""Most time for one file, of the processor's and by the clock. A plain document takes well under one second."""

MEMORY = 1024 * 1024 * 1024
"""Most bytes of memory for one file."""

_HOUSE = Path(__file__).resolve().parents[1]


async def inspect(name: str, declared: str, content: bytes, limit: int, *, seconds: int = SECONDS) -> Accepted:
    """As `rules.uploads.check`, within bounds.

    Raises BadUpload, also for what takes too long or too much; Unavailable where no such process can be started.
    """
    if not needs_care(content) or len(content) > limit:
        return check(name, declared, content, limit)
    asked = json.dumps({"name": name, "declared": declared, "limit": limit}).encode("ascii")
    answer = await _ask(asked + b"\n" + content, seconds)
    if answer is None:
        raise BadUpload("upload.slow", name=_shown(name))
    if "refused" in answer:
        raise BadUpload(answer["refused"], **{key: _value(value) for key, value in answer["values"].items()})
    return Accepted(**answer["accepted"])


async def _ask(given: bytes, seconds: int) -> dict[str, Any] | None:
    """What the process says; None where it was ended by its bounds."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "records.inspecting", str(seconds), cwd=_HOUSE, env=_environment(),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(seconds):
            told, _ = await process.communicate(given)
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode in (-signal.SIGXCPU, -signal.SIGKILL, -signal.SIGSEGV, -signal.SIGABRT):
        return None
    if process.returncode != 0:
        raise Unavailable("upload.unchecked", "The file could not be looked into.", "Try again; nothing was changed.")
    answer: dict[str, Any] = json.loads(told)
    return answer


def _environment() -> dict[str, str]:
    """What Python needs to start, and nothing of what this process was told."""
    return {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LANG") if name in os.environ}


def _shown(name: str) -> str:
    return clean(name, "")


def _value(value: Any) -> Any:
    return Text(**value) if isinstance(value, dict) else value


def _bound(seconds: int) -> None:
    """Give this process its bounds, where the system knows them."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def main() -> None:
    """The process: one file in, one line out."""
    _bound(int(sys.argv[1]))
    logging.disable(logging.CRITICAL)
    asked = json.loads(sys.stdin.buffer.readline())
    try:
        accepted = check(asked["name"], asked["declared"], sys.stdin.buffer.read(), asked["limit"])
        answer: dict[str, Any] = {"accepted": {"name": accepted.name, "media_type": accepted.media_type}}
    except MemoryError:
        answer = {"refused": "upload.slow", "values": {"name": _shown(asked["name"])}}
    except BadUpload as refused:
        values = {k: v.model_dump() if isinstance(v, Text) else v for k, v in refused.values.items()}
        answer = {"refused": refused.code, "values": values}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
