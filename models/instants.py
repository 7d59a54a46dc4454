"""Instants and spans of time.

An `Instant` is a timezone-aware datetime, held in UTC; a naive one is rejected at the edge.
A `Span` is a length of time, written `90m`, `36h`, `3d`, `2w` or a sum such as `1d12h`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, PlainSerializer

from models.errors import BadInput

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_SPAN = re.compile(r"(?:\d+(?:\.\d+)?[smhdw])+")
_PART = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")


LONGEST = timedelta(days=36_525)
"""No length of time is longer than a hundred years: so no sum of a date and a length leaves the calendar."""


def to_utc(value: datetime) -> datetime:
    """The same instant in UTC. Raises ValueError for a naive datetime, and for one that lies in no year of UTC."""
    if value.tzinfo is None:
        raise ValueError(f"{value.isoformat()} has no time zone; write it with one, such as {value.isoformat()}+08:00")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{value.isoformat()} lies beyond the years 1 to 9999 in UTC") from None


def parse_span(text: str | timedelta | int | float) -> timedelta:
    """Read `2d`, `36h`, `1d12h`, `90m`, `2s`; a number means seconds. Raises BadInput otherwise.

    A length of more than `LONGEST` is BadInput too.
    """
    if isinstance(text, timedelta):
        return _not_too_long(text)
    if isinstance(text, str) and not _SPAN.fullmatch(text.strip()):
        raise _unreadable(text)
    try:
        seconds = text if not isinstance(text, str) else sum(float(n) * _UNITS[u] for n, u in _PART.findall(text))
        span = timedelta(seconds=seconds)
    except OverflowError:
        raise _too_long(text) from None
    except ValueError:  # not a number
        raise _unreadable(text) from None
    return _not_too_long(span, text)


def _not_too_long(span: timedelta, written: object = None) -> timedelta:
    if abs(span) > LONGEST:
        raise _too_long(written)
    return span


def _unreadable(written: object) -> BadInput:
    return BadInput(
        "span.unreadable", f"'{written}' is not a length of time.", "Write it such as 90m, 36h, 3d, 2w or 1d12h."
    )


def _too_long(written: object) -> BadInput:
    # What is absurdly long may be written absurdly long.
    said = f"'{written[:30]}{'…' * (len(written) > 30)}'" if isinstance(written, str) else "This length of time"
    return BadInput(
        "span.too_long", f"{said} is longer than {LONGEST.days // 365} years.", "Give a shorter length of time."
    )


def format_span(span: timedelta) -> str:
    """The shortest writing of a span: `timedelta(days=1, hours=12)` becomes `1d12h`."""
    seconds = round(span.total_seconds())
    if seconds == 0:
        return "0s"
    sign, seconds = ("-" if seconds < 0 else ""), abs(seconds)
    parts = []
    for unit in "dhms":
        count, seconds = divmod(seconds, _UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return sign + "".join(parts)


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 instant with a zone. Raises BadInput for a naive or unreadable one."""
    try:
        value = datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadInput(
            "instant.unreadable",
            f"'{text}' is not an instant.",
            "Write it such as 2024-05-31T18:00+08:00 or 2024-06-01T00:00Z.",
        ) from None
    if value.tzinfo is None:
        raise BadInput(
            "instant.naive",
            f"'{text}' has no time zone, so it could mean many instants.",
            f"Write the zone, such as {value.isoformat(timespec='minutes')}+08:00 or {value.isoformat(timespec='minutes')}Z.",
        )
    try:
        return to_utc(value)
    except ValueError as error:
        raise BadInput("instant.too_far", f"{error}.", "Name an instant of this century.") from None


def _span_value(value: object) -> object:
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        try:
            return parse_span(value)
        except BadInput as error:
            if isinstance(value, str) and value.startswith("P"):
                return value  # ISO 8601, as payloads carry it
            raise ValueError(str(error)) from None
    return value


Instant = Annotated[datetime, AfterValidator(to_utc)]


def _fits(span: timedelta) -> timedelta:
    try:
        return _not_too_long(span)
    except BadInput as error:
        raise ValueError(str(error)) from None


Span = Annotated[
    timedelta,
    BeforeValidator(_span_value),
    AfterValidator(_fits),
    PlainSerializer(timedelta.total_seconds, return_type=float, when_used="json"),
]
