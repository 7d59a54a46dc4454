"""`Idempotency-Key`: a POST of the API that was sent twice is carried out once, and answered twice the same.

The key counts for one caller, and for one request: method, address and body. What is kept is an answer that says what
was done or that a rule refused it; what could not be read, or met a part of the system that was away, may be sent again.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from contextlib import suppress
from uuid import uuid4

from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from desk.access import database_of, entrance_of, known
from desk.problems import MEDIA_TYPE, answer
from desk.words import language_of
from models.errors import Refused, SeasonkeeperError, Unavailable
from models.text import Language
from records import requests
from records.requests import Answered, Begun

HEADER = "idempotency-key"
PATTERN = r"^[\x21-\x7e]{1,100}$"
_KEY = re.compile(PATTERN.removesuffix("$") + r"\Z")
WAIT_SECONDS = 5.0
"""How long a repeat waits for the answer of the first."""
_LOOK_EVERY = 0.1
_SECRET = re.compile(r"/api/seasons/[^/]+/hooks(/[^/]+/rotate)?")
"""Answers with a secret in them are never kept."""
_KEPT_STATUS = (409, 412)
_KEPT_HEADERS = ("etag", "location")
_TRUE = ("1", "true", "on", "yes", "t", "y")


def begun_of(request: Request) -> Begun | None:
    """The request that is carried out under a key, for an act that keeps the answer in its own transaction."""
    begun: Begun | None = getattr(request.state, "begun", None)
    return begun


def command_id(actor: str, key: str | None) -> str:
    """The id of a command: the key, which is its caller's own, or a new one."""
    return f"{actor}:{key}" if key else uuid4().hex


class Idempotency:
    """ASGI middleware over the POSTs of `/api`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        key = _key(scope)
        caller = await _caller(scope) if key else None
        if key is None or caller is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        body = await request.body()
        language = language_of(request.headers.get("accept-language"))
        try:
            found = await _begin(request, caller, key, _digest(scope, body))
        except SeasonkeeperError as error:
            await answer(error, language)(scope, receive, send)
            return
        if isinstance(found, Answered):
            await _again(found)(scope, receive, send)
        elif found is None:
            await _busy(language)(scope, receive, send)
        else:
            await self._first(request, found, body, receive, send)

    async def _first(self, request: Request, begun: Begun, body: bytes, receive: Receive, send: Send) -> None:
        request.state.begun = begun
        messages: list[Message] = []
        given = False

        async def body_again() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def hold(message: Message) -> None:
            messages.append(message)

        try:
            await self._app(request.scope, body_again, hold)
        except Exception:
            await _let_go(request, begun)
            raise
        await _keep(request, begun, messages)
        for message in messages:
            await send(message)


def _key(scope: Scope) -> str | None:
    """The key of a request that may change something; a key that is none is told so by the route."""
    if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].startswith("/api/"):
        return None
    key = Headers(scope=scope).get(HEADER)
    if key is None or not _KEY.match(key) or _SECRET.fullmatch(scope["path"]):
        return None
    return None if Request(scope).query_params.get("dry_run", "").lower() in _TRUE else key


async def _caller(scope: Scope) -> str | None:
    """Who asks, as the log calls them; None for nobody, who is sent away by the route."""
    request = Request(scope)
    try:
        who = await known(request)
    except SeasonkeeperError:
        return None
    if who is None:
        return "ops" if entrance_of(request).open else None
    return who.actor


def _digest(scope: Scope, body: bytes) -> str:
    head = f"{scope['path']}?{scope['query_string'].decode('latin-1')}\n"
    return hashlib.sha256(head.encode("utf-8", "surrogatepass") + body).hexdigest()


async def _begin(request: Request, caller: str, key: str, digest: str) -> Begun | Answered | None:
    ends = asyncio.get_running_loop().time() + WAIT_SECONDS
    while True:
        found = await requests.begin(database_of(request), caller, key, digest)
        if found is not None or asyncio.get_running_loop().time() > ends:
            return found
        await asyncio.sleep(_LOOK_EVERY)


def _again(found: Answered) -> JSONResponse:
    kind = MEDIA_TYPE if found.status >= 400 else "application/json"
    headers = {**found.headers, "Idempotency-Replayed": "true"}
    return JSONResponse(found.body, found.status, headers, media_type=kind)


def _busy(language: Language) -> JSONResponse:
    error = Refused(
        "idempotency.busy", "The first request with this Idempotency-Key is still being carried out.",
        "Send it again in a moment.",
    )  # fmt: skip
    told = answer(error, language)
    told.headers["Retry-After"] = "1"
    return told


async def _keep(request: Request, begun: Begun, messages: list[Message]) -> None:
    if getattr(request.state, "kept", False):
        return
    status: int = messages[0]["status"] if messages else 500
    if not (200 <= status < 300 or status in _KEPT_STATUS):
        await _let_go(request, begun)
        return
    headers = Headers(raw=messages[0]["headers"])
    body = b"".join(message.get("body", b"") for message in messages[1:])
    kept = {name: headers[name] for name in _KEPT_HEADERS if name in headers}
    # Where the database is lost just now, the act is done all the same, and harmless to repeat.
    with suppress(Unavailable):
        await requests.keep(database_of(request), begun, Answered(status, kept, json.loads(body)))


async def _let_go(request: Request, begun: Begun) -> None:
    with suppress(Unavailable):
        await requests.let_go(database_of(request), begun)
