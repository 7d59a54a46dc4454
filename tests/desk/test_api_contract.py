"""The API keeps to its own description: whatever is sent, the answer is one that the description names.

A real server on loopback answers requests that are made from the description, good and bad ones.
"""

from __future__ import annotations

import asyncio
import copy
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import asyncpg
import pytest
import schemathesis
import uvicorn
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import CHECKS, load_all_checks

from desk.access import Entrance
from desk.api import create_app
from desk.client import Desk
from desk.limits import Rates
from records import access
from records.database import Database
from tests.desk.town import SEASON, build_town

OTHER = "other-2024"
"""A season that may be paused and cancelled."""
ENDS = ("pauseSeason", "resumeSeason", "cancelSeason", "closeWindow", "pauseWindow", "resumeWindow", "extendStage")
"""Operations after which the others would be refused."""
NUMBERS = [f"2024-EU-{track}-000{n}" for track in ("LH", "DE") for n in (1, 2, 3)]

load_all_checks()
NOT_ASKED = {
    # What fits its form may still be no area of this season: rules refuse it, which is no error.
    "positive_data_acceptance",
    # They follow one object through many requests, which other tests do by hand.
    "use_after_free", "ensure_resource_availability", "object_level_authorization",
}  # fmt: skip
ASKED = [check for name, check in ((n, CHECKS.get_one(n)) for n in CHECKS.get_all_names()) if name not in NOT_ASKED]


class Served(NamedTuple):
    """The API on a port, and a token that may do everything there."""

    url: str
    token: str


def api(url: str) -> FastAPI:
    """The API over a database, closed and without limits."""
    return create_app(Desk(Database(url), None), entrance=Entrance(False), rates=Rates(api=0))


def description() -> dict[str, Any]:
    """What the API says of itself, with names that are known there put in for names."""
    found: dict[str, Any] = copy.deepcopy(api("postgresql+asyncpg://nobody@127.0.0.1:1/none").openapi())
    for path in found["paths"].values():
        for operation in path.values():
            season = OTHER if operation["operationId"] in ENDS else SEASON
            known = {
                "season": [season, "nowhere"], "stage": ["screening", "none"],
                "window": [f"{season}/EU/screening", f"{season}/SG/registration", "nowhere/x"],
                "entry": [*NUMBERS, "1", "none"], "number": [*NUMBERS, "none"],
                "hook": ["1", "2", "4711", "none"], "event": ["1", "2", "4711", "none"],
                "campaign": [f"{season}/receipt", "nowhere/x"], "person": ["1", "2", "4711", "none"],
            }  # fmt: skip
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path":
                    parameter["schema"] = {"type": "string", "enum": known[parameter["name"]]}
    return found


async def _prepare(admin: str, name: str, url: str) -> str:
    connection = await asyncpg.connect(admin.replace("+asyncpg", ""))
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE template_season")
    await connection.close()
    database = Database(url)
    for season in (SEASON, OTHER):
        await build_town(database, began=timedelta(days=10), season=season)
    _, secret = await access.make_token(database, "everything", ["read", "steer", "register", "bounces"])
    await database.close()
    return secret


async def _drop(admin: str, name: str) -> None:
    connection = await asyncpg.connect(admin.replace("+asyncpg", ""))
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


@pytest.fixture(scope="module")
def served(postgres: str) -> Iterator[Served]:
    """The API over a database with two seasons in it."""
    name = f"contract_{uuid.uuid4().hex}"
    url = postgres.format(name)
    secret = asyncio.run(_prepare(postgres.format("postgres"), name, url))
    app = api(url)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield Served(f"http://127.0.0.1:{listening.getsockname()[1]}", secret)
    server.should_exit = True
    thread.join()
    asyncio.run(_drop(postgres.format("postgres"), name))


# A season's file is too large a thing to be made up: what is wrong with one is tested elsewhere.
schema = schemathesis.openapi.from_dict(description()).exclude(operation_id="startSeason")


@schema.parametrize()
@settings(
    max_examples=8, derandomize=True, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
def test_every_answer_is_as_the_description_says(case: Any, served: Served) -> None:
    headers = {"Authorization": f"Bearer {served.token}"}
    case.call_and_validate(base_url=served.url, headers=headers, checks=ASKED)
