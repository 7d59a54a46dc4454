"""Errors as the API answers them: problem+json (RFC 9457), with the sentence and remedy that every edge shows."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from desk.labels import LABELS
from desk.words import language_of
from models.errors import (
    BadInput,
    ChangedMeanwhile,
    Forbidden,
    NotFound,
    NotSignedIn,
    Refused,
    SeasonkeeperError,
    TooOften,
    Unavailable,
)
from models.text import Language

MEDIA_TYPE = "application/problem+json"
_STATUS: tuple[tuple[type[SeasonkeeperError], int], ...] = (
    (NotFound, 404),
    (ChangedMeanwhile, 412),
    (Refused, 409),
    (BadInput, 422),
    (Unavailable, 503),
    (NotSignedIn, 401),
    (Forbidden, 403),
    (TooOften, 429),
)
AGAIN_SECONDS = 5
"""When to ask again what is away just now."""


class Problem(BaseModel):
    """What went wrong (RFC 9457). `code` is stable; `detail` and `remedy` are for people."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank", "title": "Conflict", "status": 409, "code": "window.closed",
                    "detail": "'cotiec-2024/EU/registration' closed at 2024-05-31 22:00:00.000000Z; it is 2024-05-31"
                    " 22:00:03.120000Z now.",
                    "remedy": "",
                }
            ]
        }
    )  # fmt: skip
    type: str = Field(description="Always `about:blank`: `code` tells problems apart.")
    title: str = Field(description="The words of the status.")
    status: int = Field(description="The HTTP status.")
    code: str = Field(description="Stable machine word, such as `window.closed`.")
    detail: str = Field(description="One sentence: what happened, naming field and value. As the pages say it.")
    remedy: str = Field(description="What to do about it; may be empty.")


_MEANINGS = {
    401: "Nobody is signed in, or the token is no good.",
    403: "The token, the role or the person may not do this.",
    404: "What is named does not exist, or is not yours.",
    409: "Refused by a rule; nothing was changed.",
    412: "It was changed meanwhile; nothing was changed.",
    422: "The request cannot be read, or is not well formed.",
    429: "Too much was asked in too short a time; nothing was changed.",
    503: "A part of the system does not answer; nothing was changed.",
}
_WAITS = {"Retry-After": {"description": "Seconds until it may be tried again.", "schema": {"type": "integer"}}}


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For the API's description: these statuses as problems, beside those that every question may be answered with."""
    return {
        status: {
            "description": _MEANINGS[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            **({"headers": _WAITS} if status in (429, 503) else {}),
        }
        for status in sorted({401, 403, 422, 429, 503, *statuses})
    }


def status_of(error: SeasonkeeperError) -> int:
    """The HTTP status of an error."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def problem(error: SeasonkeeperError, language: Language = "en") -> dict[str, Any]:
    """The body of the answer. The sentence is in the language where the fixed texts have it, else in English."""
    status = status_of(error)
    fixed = LABELS.get(error.code) if language != "en" else None
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": error.code,
        "detail": fixed.in_language(language) if fixed else error.sentence,
        "remedy": error.remedy,
    }


def answer(error: SeasonkeeperError, language: Language = "en") -> JSONResponse:
    """The answer of the API."""
    headers = {}
    if isinstance(error, Unavailable):
        headers["Retry-After"] = str(AGAIN_SECONDS)
    if isinstance(error, TooOften):
        headers["Retry-After"] = str(error.wait)
    if isinstance(error, NotSignedIn):
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(problem(error, language), status_of(error), headers, media_type=MEDIA_TYPE)


def in_words(error: RequestValidationError) -> BadInput:
    """A request that does not fit its form: names the first field that is wrong."""
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"] if part not in ("body", "query", "path"))
    message = str(first["msg"]).removeprefix("Value error, ")
    return BadInput(
        "request.unreadable", f"{field or 'request'}: {message}.", "The API's description is /api/openapi.json."
    )


def unstorable() -> BadInput:
    """A value that fits its form and yet no database takes it, such as a text with a NUL in it."""
    return BadInput(
        "request.unstorable", "A value of the request cannot be kept: a NUL character, or a number beyond all bounds.",
        "Leave it out.",
    )  # fmt: skip


async def told(request: Request, error: Exception) -> JSONResponse:
    """Exception handler of the API."""
    if isinstance(error, HTTPException):
        if error.status_code != 400:
            return _by_status(request, error)
        error = BadInput("request.unreadable", "The body of the request is not JSON in UTF-8.", "Send JSON.")
    if isinstance(error, RequestValidationError):
        error = in_words(error)
    if not isinstance(error, SeasonkeeperError):
        error = unstorable()
    return answer(error, language_of(request.headers.get("accept-language")))


def _by_status(request: Request, error: HTTPException) -> JSONResponse:
    """What the web framework itself refuses: an address that is not there, a method that is not possible there."""
    phrase = HTTPStatus(error.status_code).phrase
    body = {
        "type": "about:blank", "title": phrase, "status": error.status_code,
        "code": f"request.{phrase.lower().replace(' ', '_')}", "detail": f"{error.detail or phrase}.",
        "remedy": "The API's description is /api/openapi.json.",
    }  # fmt: skip
    headers = dict(error.headers or {})
    if error.status_code == 405:  # the framework names the methods of one route, and there may be more
        headers["Allow"] = methods_at(request.app, request.url.path) or headers.get("Allow", "")
    return JSONResponse(body, error.status_code, headers, media_type=MEDIA_TYPE)


async def said_once(request: Request) -> None:
    """A dependency: no parameter of the address stands there twice, as nobody could say which one counts."""
    names = [name for name, _ in request.query_params.multi_items()]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise BadInput("request.twice", f"{twice[:40]}: it stands in the address more than once.", "Say it once.")


async def failed(request: Request, _error: Exception) -> Response:
    """What nobody foresaw: it stands in the process's log, and nothing of it is told outside."""
    if not request.url.path.startswith("/api/"):
        return PlainTextResponse("Internal Server Error", 500)
    body = {
        "type": "about:blank", "title": "Internal Server Error", "status": 500, "code": "internal",
        "detail": "Something went wrong here that was not foreseen.", "remedy": "Tell the season office when it was.",
    }  # fmt: skip
    return JSONResponse(body, 500, media_type=MEDIA_TYPE)


_NAME = re.compile(r"\{(\w+)\}")


_WITH_SLASHES = ("window", "campaign")
"""Names in addresses that take more than one part of the path, since ids of these hold slashes."""


def methods_at(app: FastAPI, path: str) -> str:
    """What may be done at an address, for the header `Allow`; empty where the description does not know it.

    Of several descriptions that fit, the one with the most words of its own counts: `{campaign}/mails`, not `{campaign}`.
    """
    most, found = 0, ""
    for known, methods in app.openapi()["paths"].items():
        words, names = _NAME.split(known)[::2], _NAME.findall(known)
        pattern = re.escape(words[0]) + "".join(
            (".+" if name in _WITH_SLASHES else "[^/]+") + re.escape(word)
            for name, word in zip(names, words[1:], strict=True)
        )
        own = sum(map(len, words))
        if own > most and re.fullmatch(pattern, path):
            most, found = own, ", ".join(sorted(method.upper() for method in methods))
    return found
