"""How much may be asked of the API, and how often one may try to sign in: buckets of tokens, held by this process.

Who asks is a program's token, a person, or, where nobody is known, an address. A bucket holds what may be asked at
once, and fills up again within a minute. Behind a proxy the address is the client's where uvicorn trusts the proxy
(`FORWARDED_ALLOW_IPS`).
"""

from __future__ import annotations

import math
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from desk.access import known
from desk.problems import answer
from desk.words import language_of
from models.errors import SeasonkeeperError, TooOften

WINDOW_SECONDS = 60
MOST_BUCKETS = 20_000
"""Buckets that are kept; the one that was not used for longest goes first."""
SUBMITS_PER_MINUTE = 60
"""Submissions of one entry by one caller: each entry has a bucket of its own, so that around a deadline nobody's
entry waits for anybody else's."""
_SUBMIT = re.compile(r"/api/seasons/[^/]+/registrations/[^/]+/submit")
_FREE = ("/api/openapi.json",)


@dataclass(frozen=True)
class Rates:
    """What may be asked in a minute: of the API by each caller, to sign in by each address. 0: no limit."""

    api: int = 600
    sign_in: int = 60


class Standing(NamedTuple):
    """How a bucket stands: how many requests are left in it, seconds until it is full, seconds to wait (0: go on)."""

    left: int
    full_in: int
    wait: int


class Buckets:
    """Token buckets of one size, by who asks."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.size = per_minute
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, who: str) -> Standing:
        """Take one out of the bucket of `who`, if there is one in it."""
        now, rate = self._clock(), self.size / WINDOW_SECONDS
        level, at = self._levels.pop(who, (float(self.size), now))
        level = min(float(self.size), level + (now - at) * rate)
        wait = 0 if level >= 1 else math.ceil((1 - level) / rate)
        if not wait:
            level -= 1
        self._levels[who] = (level, now)
        if len(self._levels) > MOST_BUCKETS:
            self._levels.popitem(last=False)
        return Standing(int(level), math.ceil((self.size - level) / rate), wait)


class Limits:
    """ASGI middleware over `/api`: counts, tells how much is left, and answers 429 where nothing is."""

    def __init__(self, app: ASGIApp, rates: Rates) -> None:
        self._app = app
        self._api = Buckets(rates.api) if rates.api else None
        self._submits = Buckets(SUBMITS_PER_MINUTE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        path = scope.get("path", "")
        if self._api is None or scope["type"] != "http" or not path.startswith("/api/") or path in _FREE:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        who, is_known = await _caller(request)
        name, buckets = "api", self._api
        if is_known and scope["method"] == "POST" and _SUBMIT.fullmatch(path):
            name, buckets, who = "submit", self._submits, f"{who} {path}"
        stands = buckets.take(who)
        policy = f'"{name}";q={buckets.size};w={WINDOW_SECONDS}'
        left = f'"{name}";r={stands.left};t={stands.full_in}'

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["RateLimit-Policy"], headers["RateLimit"] = policy, left
            await send(message)

        if stands.wait:
            error = too_often(stands.wait)
            await answer(error, language_of(request.headers.get("accept-language")))(scope, receive, with_headers)
            return
        await self._app(scope, receive, with_headers)


async def _caller(request: Request) -> tuple[str, bool]:
    """Who asks, and whether they are known. A token that is no good is nobody's, and counts for its address."""
    try:
        who = await known(request)
    except SeasonkeeperError:  # it is told so by the route
        who = None
    return (who.actor, True) if who is not None else (_address(request), False)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def too_often(wait: int) -> TooOften:
    """What is said to whoever asks too much; `wait` in seconds."""
    return TooOften(
        "limits.too_many", "Too many requests in too short a time.", f"Try again in {wait} s.", wait=wait
    )  # fmt: skip


class SignInLimit:
    """A dependency of the pages by which one signs in: so many attempts a minute from one address."""

    def __init__(self, per_minute: int) -> None:
        self._buckets = Buckets(per_minute) if per_minute else None

    async def __call__(self, request: Request) -> None:
        """Raises TooOften."""
        if self._buckets is None or request.method != "POST" or request.url.path == "/sign-out":
            return
        wait = self._buckets.take(_address(request)).wait
        if wait:
            raise too_often(wait)
