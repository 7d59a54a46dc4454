"""Logs: one form for all, and no secret in them."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from pydantic import SecretStr

from workers.logs import set_up_logs


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Give logging back as pytest set it up."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_both_kinds_of_logger_come_out_as_json() -> None:
    out = io.StringIO()
    set_up_logs("json", "info", out)
    structlog.get_logger("season").info("window closed", window="season/x/area/y", late=2)
    logging.getLogger("temporalio").warning("slow %s", "task", extra={"queue": "mail"})
    logging.getLogger("temporalio").debug("not this")
    first, second = (json.loads(line) for line in out.getvalue().splitlines())
    assert (first["message"], first["window"], first["level"]) == ("window closed", "season/x/area/y", "info")
    assert (second["message"], second["queue"], second["logger"]) == ("slow task", "mail", "temporalio")
    assert first["timestamp"].endswith("Z")


def test_secrets_are_masked_wherever_they_are() -> None:
    out = io.StringIO()
    set_up_logs("json", "info", out)
    log = structlog.get_logger()
    log.info("start", smtp_password="tiger", database="postgresql://season:tiger@db/x", nested={"api_key": "tiger"})
    log.info("held", value=SecretStr("tiger"))
    try:
        raise RuntimeError("cannot reach postgresql://season:tiger@db/x")
    except RuntimeError:
        log.exception("failed")
    assert "tiger" not in out.getvalue()
    assert len(out.getvalue().splitlines()) == 3


def test_people_get_readable_lines() -> None:
    out = io.StringIO()
    set_up_logs("console", "info", out)
    structlog.get_logger().info("window closed", window="w1")
    assert "window closed" in out.getvalue()
    assert not out.getvalue().startswith("{")
