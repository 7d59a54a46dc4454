"""Structured logs: one JSON object a line in production, readable lines on a terminal.

Log through `structlog.get_logger()`; the standard library's loggers (temporalio, uvicorn, sqlalchemy) come out in
the same form. Secrets are masked on the way out, whatever logged them.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import Literal, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

MASK = "•••"
_SECRET_KEY = re.compile(r"passw|secret|token|api_?key|authori[sz]ation|cookie|credential", re.IGNORECASE)
_SECRET_IN_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://[^/\s:@]*):[^@\s/]+@", re.IGNORECASE)
_QUIET = {"httpx": logging.WARNING, "mail.log": logging.WARNING, "asyncio": logging.WARNING}


def set_up_logs(
    log_format: Literal["auto", "json", "console"] = "auto", level: str = "info", stream: TextIO | None = None
) -> None:
    """Send structlog's and the standard library's logs to one stream (default stderr) in one form.

    Calling it again replaces the earlier set-up.
    """
    out = stream or sys.stderr
    readable = log_format == "console" or (log_format == "auto" and out.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        mask_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_last(readable, out.isatty()))
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(least, root.level))


def _last(readable: bool, colours: bool) -> list[Processor]:
    strip: Processor = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if readable:
        return [strip, structlog.dev.ConsoleRenderer(colors=colours)]
    return [
        strip,
        structlog.processors.format_exc_info,
        mask_secrets,  # again, for what a traceback says
        structlog.processors.EventRenamer("message"),
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]


def mask_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Hide values under secret-sounding keys, and passwords inside URLs, at any depth."""
    return cast(EventDict, {key: _masked(key, value) for key, value in event.items()})


def mask_text(text: str) -> str:
    """The text with the password of each URL in it hidden."""
    return _SECRET_IN_URL.sub(rf"\g<scheme>:{MASK}@", text)


def _masked(key: object, value: object) -> object:
    if isinstance(key, str) and _SECRET_KEY.search(key) and value not in (None, "", False, True):
        return MASK
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, Mapping):
        return {inner: _masked(inner, item) for inner, item in value.items()}
    if isinstance(value, list):
        return [_masked("", item) for item in value]
    return value
