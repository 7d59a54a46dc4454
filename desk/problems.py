"""Errors as the API answers them: problem+json (RFC 9457), with the sentence and remedy that every edge shows."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from models.errors import BadInput, Forbidden, NotFound, NotSignedIn, Refused, SeasonkeeperError, Unavailable

_STATUS: tuple[tuple[type[SeasonkeeperError], int], ...] = (
    (NotFound, 404),
    (Refused, 409),
    (BadInput, 422),
    (Unavailable, 503),
    (NotSignedIn, 401),
    (Forbidden, 403),
)


def status_of(error: SeasonkeeperError) -> int:
    """The HTTP status of an error."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def problem(error: SeasonkeeperError) -> dict[str, Any]:
    """The body of the answer."""
    return {
        "type": "about:blank",
        "title": type(error).__name__,
        "status": status_of(error),
        "code": error.code,
        "detail": error.sentence,
        "remedy": error.remedy,
    }


def answer(error: SeasonkeeperError) -> JSONResponse:
    """The answer of the API."""
    headers = {"Retry-After": "5"} if isinstance(error, Unavailable) else None
    if isinstance(error, NotSignedIn):
        headers = {"WWW-Authenticate": "Bearer"}
    return JSONResponse(problem(error), status_of(error), headers, media_type="application/problem+json")


def in_words(error: RequestValidationError) -> BadInput:
    """A request that does not fit its form: names the first field that is wrong."""
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"] if part not in ("body", "query", "path"))
    message = str(first["msg"]).removeprefix("Value error, ")
    return BadInput(
        "request.unreadable", f"{field or 'request'}: {message}.", "The API's description is /api/openapi.json."
    )


async def told(_request: Request, error: Exception) -> JSONResponse:
    """Exception handler of the API."""
    if isinstance(error, RequestValidationError):
        error = in_words(error)
    assert isinstance(error, SeasonkeeperError)
    return answer(error)
