"""The whole product on this machine: a real PostgreSQL, a real Temporal server, real workers, a real SMTP sink."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from temporalio.client import Client

from desk.client import Desk
from models.errors import Unavailable
from models.season import SeasonFile
from records.database import Database, rows
from tests.seasons import SMALL
from tests.workers.live import LiveStack
from workers.embedded.child import Child
from workers.embedded.parts import postgres_part
from workers.embedded.postgres import Postgres
from workers.embedded.processes import is_running
from workers.plugin import SeasonkeeperPlugin
from workers.settings import PREFIX

BIN = Path(sys.executable).parent


def short_file(registration_opens: str = "2024-05-26", *, reminder: str = "3d") -> SeasonFile:
    """The small season, shorter: registration of some days, one matching round, follow-ups for a month."""
    return SeasonFile.model_validate(short_values(registration_opens, reminder=reminder))


def short_values(registration_opens: str = "2024-05-26", *, reminder: str = "3d") -> dict[str, Any]:
    """What `short_file` reads."""
    values: dict[str, Any] = YAML(typ="safe").load(SMALL.read_text(encoding="utf-8"))
    changes: dict[str, dict[str, Any]] = {
        "needs": {"opens": registration_opens},
        "registration": {
            "opens": registration_opens,
            "reminders": [{"to": "drafts", "before": reminder, "template": "draft_reminder"}],
        },
        "matching": {
            "first_round": "2024-07-20",
            "rounds": 1,
            "answer_within": "7d",
            "follow_up_every": "8d",
            "close_after": "30d",
        },
        "tracking": {"after": ["10d", "20d"], "yearly_for": 0, "answer_within": "6d"},
    }
    for stage in values["stages"]:
        stage.update(changes.get(stage["id"], {}))
    return values


def clean_environment() -> dict[str, str]:
    """This process's environment without settings of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}


@dataclass
class WholeStack(LiveStack):
    """A data folder with the whole stack: the real command, workers and desk."""

    def season(self, *words: str, timeout: float = 120.0) -> subprocess.CompletedProcess[str]:
        """Run the command `season` to its end."""
        return subprocess.run(
            [sys.executable, "-m", "desk.cli", *words, "--data", str(self.folder.root)],
            capture_output=True,
            text=True,
            timeout=timeout,
            env=self.environment,
        )

    def temporal(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the plain `temporal` command against the stack."""
        address = self.settings().temporal()["target_host"]
        return subprocess.run(
            [str(BIN / "temporal"), *words, "--address", address], capture_output=True, text=True, timeout=30
        )

    def kill(self, name: str) -> None:
        """`kill -9` of one part."""
        handle = self.child(name).handle
        if is_running(handle):
            os.kill(handle.pid, signal.SIGKILL)

    def down(self) -> None:
        """Bring it down in order."""
        done = self.season("down")
        assert done.returncode == 0, done.stdout + done.stderr

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[Desk]:
        """A desk with database and Temporal, while the stack is up."""
        settings = self.settings()
        database = Database(settings.database())
        client = await Client.connect(**settings.temporal(), plugins=[SeasonkeeperPlugin(workflows=())])
        try:
            yield Desk(database, client)
        finally:
            await database.close()

    @asynccontextmanager
    async def database_alone(self) -> AsyncIterator[Desk]:
        """Only PostgreSQL is up: a desk without Temporal."""
        child = Child(postgres_part(self.folder), lambda _text: None, lambda: None)
        await child.start()
        database = Database(Postgres.of(self.folder).url())
        try:
            yield Desk(database, None)
        finally:
            await database.close()
            await child.stop()


async def ask(database: Database, sql: str, **values: Any) -> list[dict[str, Any]]:
    """What a query answers."""
    async with database.statement() as connection:
        return await rows(connection, sql, **values)


async def soon(what: str, true: Callable[[], Awaitable[bool]], seconds: float = 30.0) -> None:
    """Wait until it is so; a database that does not answer is asked again."""
    until = time.monotonic() + seconds
    while True:
        try:
            if await true():
                return
        except (Unavailable, OSError):
            pass
        assert time.monotonic() < until, f"not within {seconds:.0f} s: {what}"
        await asyncio.sleep(0.1)


async def window(database: Database, name: str) -> dict[str, Any]:
    """A window's row."""
    return (await ask(database, "SELECT * FROM windows WHERE id = :id", id=name))[0]


async def told(database: Database, season: str, template: str) -> list[dict[str, Any]]:
    """Deliveries of a template, in order of address."""
    return await ask(
        database,
        """SELECT p.email, d.state, d.told_closes_at, d.queued_at, d.possibly_twice FROM deliveries d
           JOIN campaigns c ON c.id = d.campaign_id JOIN people p ON p.id = d.person_id
           WHERE c.template = :template AND d.season_id = :season ORDER BY p.email, d.campaign_id""",
        template=template,
        season=season,
    )
