"""What the tests of the desk share: a season in the midst of its screening, by the real clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from desk.api import create_app
from desk.client import Desk
from desk.console import add_console
from records.database import Database
from tests.desk.town import build_town


@pytest.fixture
async def town(database: Database) -> Database:
    """A database with the season `small-2024`: registration over, screening open, entries in every area."""
    await build_town(database, began=timedelta(days=55))
    return database


@pytest.fixture
async def browser(town: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the console and the API, without Temporal."""
    app = create_app(desk := Desk(town, None))
    add_console(app, desk, mail=tmp_path_factory.mktemp("mail"), temporal_ui="http://127.0.0.1:8233")
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        yield client
