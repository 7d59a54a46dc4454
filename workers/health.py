"""A worker's health page, for container engines and monitors: `GET /health` answers 200 or 503 with JSON."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from workers.settings import Settings

CHECK_SECONDS = 5.0
Check = Callable[[], Awaitable[None]]
"""Returns when all is well; raises otherwise."""


@asynccontextmanager
async def health_page(settings: Settings, check: Check) -> AsyncIterator[None]:
    """Serve the page while inside; serve none when `SEASON_HEALTH_PORT` is 0. Raises OSError when the port is taken."""
    if not settings.health_port:
        yield
        return

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
            async with asyncio.timeout(CHECK_SECONDS * 2):
                request = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)
                known = len(request) > 1 and request[0] == b"GET" and request[1] == b"/health"
                writer.write(await _page(check) if known else _response("404 Not Found", {"ok": False}))
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, settings.health_host, settings.health_port)
    async with server:
        yield


async def _page(check: Check) -> bytes:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except Exception as error:  # whatever is wrong is what this page is there to say
        return _response("503 Service Unavailable", {"ok": False, "trouble": type(error).__name__})
    return _response("200 OK", {"ok": True})


def _response(status: str, content: dict[str, object]) -> bytes:
    body = json.dumps(content).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close"
    return f"{head}\r\n\r\n".encode() + body
