"""What the benchmarks of mail stand on: PostgreSQL, Temporal, workers, a sink that counts, and a campaign to send."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from temporalio.client import Client

from models.errors import Unavailable
from notices.message import message_id
from records import campaigns, seasons
from records.campaigns import Recipient
from records.database import Database, rows, run
from records.schema import migrate
from rules import timeline as timelines
from rules.season_file import load
from workers.embedded import temporal
from workers.embedded.folder import StackFolder
from workers.embedded.parts import QUEUES, ROOT, season_command
from workers.embedded.ports import LOOPBACK, any_free
from workers.embedded.postgres import Postgres
from workers.plugin import SeasonkeeperPlugin
from workers.settings import PREFIX

FILE = ROOT / "seasons" / "cotiec-2024.yaml"
SEASON, TEMPLATE = "season-2024", "screening_result"
CAMPAIGN = f"{SEASON}/results"
SENDER = "Season office <office@example.org>"
NAMESPACE = "default"
_PATIENCE = 60.0
_MESSAGE_ID = re.compile(rb"^Message-ID: *(<[^>]+>)", re.MULTILINE)

_PEOPLE = """WITH k AS (SELECT generate_series(1, :count) AS n), persons AS (
  INSERT INTO people (email, name, language, created_at)
  SELECT 'p' || n || '@d' || n % 20 || '.example.org',
    CASE n % 2 WHEN 0 THEN '申请人' || n ELSE 'Applicant ' || n END, CASE n % 2 WHEN 0 THEN 'zh' ELSE 'en' END,
    clock_timestamp() FROM k RETURNING id, email
)
INSERT INTO entries (season_id, number, area, track, division, title, applicant_id, state, alive, created_at,
  changed_at, window_id)
SELECT :season, '2024-' || :area || '-X-' || n, :area, 'X', 'X',
  CASE n % 2 WHEN 0 THEN '城市水网的节能改造方案' || n ELSE 'A quieter pump for old city water mains ' || n END,
  persons.id, 'eligible', true, clock_timestamp(), clock_timestamp(), :window
FROM k JOIN persons ON persons.email = 'p' || n || '@d' || n % 20 || '.example.org'"""


@dataclass(frozen=True)
class Person:
    """Who is written to, with the values of the mail."""

    id: int
    email: str
    name: str
    language: str
    number: str
    title: str
    entry: int

    @property
    def message_id(self) -> str:
        """As the campaign writes it."""
        return message_id(SEASON, CAMPAIGN, self.id, f"entry/{self.entry}", "example.org")


async def prepare(database: Database, count: int) -> list[Person]:
    """A season and so many entries, half of them of people who read Chinese."""
    file = load(FILE)
    plan, now = timelines.resolve(file), datetime.now(UTC)
    pace = timelines.pace_for(plan, now, True, None)
    area = file.areas[0].code
    async with database.transaction() as connection:
        await seasons.start(connection, SEASON, file, plan, pace, actor="ops", at=now)
        await run(connection, _PEOPLE, season=SEASON, area=area, window=f"{SEASON}/{area}/registration", count=count)
    async with database.statement() as connection:
        await run(connection, "VACUUM (ANALYZE) entries, people, windows, deliveries, campaigns")
        await run(connection, "CHECKPOINT")
        found = await rows(
            connection,
            """SELECT p.id, p.email, p.name, p.language, e.number, e.title, e.id AS entry
               FROM people p JOIN entries e ON e.applicant_id = p.id ORDER BY p.id""",
        )
    return [Person(**row) for row in found]


async def plan(database: Database, people: list[Person]) -> None:
    """Queue a notice to each."""
    told = [Recipient(p.id, p.language, f"entry/{p.entry}", p.entry, {"eligible": True}) for p in people]
    async with database.transaction() as connection:
        await campaigns.plan(connection, CAMPAIGN, SEASON, TEMPLATE, told, any_hour=True)


class Sink:
    """Debian's `smtp-sink`. It keeps each mail that it took: what it has is counted by Message-ID."""

    def __init__(self, folder: Path) -> None:
        self.port, self.folder = any_free(), folder

    def got(self) -> Counter[str]:
        """How often each Message-ID came."""
        found: Counter[str] = Counter()
        for file in self.folder.iterdir():
            found.update(name.decode() for name in _MESSAGE_ID.findall(file.read_bytes()))
        return found

    def count(self) -> int:
        """How many mails came."""
        return self.got().total()


@contextmanager
def sink() -> Iterator[Sink]:
    """A sink of its own. Raises Unavailable where smtp-sink is not installed."""
    program = shutil.which("smtp-sink") or "/usr/sbin/smtp-sink"
    if not Path(program).is_file():
        raise Unavailable("sink.missing", "There is no smtp-sink here.", "Install it: `apt-get install postfix`.")
    folder = Path(tempfile.mkdtemp(prefix="season-sink-"))
    found = Sink(folder)
    user: tuple[str, ...] = ()
    if os.geteuid() == 0:
        user = ("-u", "nobody")
        shutil.chown(folder, "nobody")
    # Appended to one file: a mail's head is written in one piece, so that no two can mix there.
    command = (program, *user, "-D", str(folder / "mails"), f"{LOOPBACK}:{found.port}", "1000")
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(lambda: _listens(found.port), process, "smtp-sink")
        yield found
    finally:
        _end(process)
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Stack:
    """Addresses of what runs, and the environment of workers."""

    postgres: Postgres
    address: str
    folder: Path

    @property
    def url(self) -> str:
        """The database."""
        return self.postgres.url("mail")

    async def client(self) -> Client:
        """A client as the workers have it."""
        return await Client.connect(self.address, namespace=NAMESPACE, plugins=[SeasonkeeperPlugin(workflows=())])

    def worker(self, role: str, port: int, **settings: object) -> subprocess.Popen[bytes]:
        """A worker process as in production, with more settings by name, such as `mail_connections`."""
        given = {
            "data_dir": self.folder, "database_url": self.url, "temporal_address": self.address, "smtp_host": LOOPBACK,
            "smtp_port": port, "mail_from": SENDER, "log_format": "json", "log_level": "warning", **settings,
        }  # fmt: skip
        environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        environment |= {PREFIX + name.upper(): str(value) for name, value in given.items()}
        with (self.folder / f"{role}.log").open("ab") as log:
            return subprocess.Popen(
                season_command("worker", role), cwd=ROOT, env=environment, stdout=log, stderr=log, process_group=0
            )

    async def until_ready(self, client: Client, role: str, since: float) -> None:
        """Wait until a worker of this role asks for work."""
        queue = QUEUES[f"worker-{role}"]
        until = time.monotonic() + _PATIENCE
        while (await temporal.last_poll(client, queue) or 0.0) < since:
            if time.monotonic() > until:
                raise Unavailable("worker.failed", f"The {role} worker did not start.", f"See {self.folder}.")
            await asyncio.sleep(0.05)


@contextmanager
def stack(postgres: Postgres) -> Iterator[Stack]:
    """A migrated database, and a Temporal server of its own."""
    folder = Path(tempfile.mkdtemp(prefix="season-mail-"))
    asyncio.run(postgres.ensure_database("mail"))
    found = Stack(postgres, f"{LOOPBACK}:{any_free()}", folder)
    migrate(found.url)
    port = int(found.address.rpartition(":")[2])
    home = StackFolder.at(folder)
    home.temporal.parent.mkdir(parents=True, exist_ok=True)
    command = temporal.command(asyncio.run(temporal.find_binary()), home, port, any_free(), NAMESPACE)
    with (folder / "temporal.log").open("wb") as log:
        server = subprocess.Popen(command, env=os.environ | temporal.ENVIRONMENT, stdout=log, stderr=log)
    try:
        _wait_for(lambda: asyncio.run(temporal.answers(found.address, NAMESPACE)), server, "Temporal")
        yield found
    finally:
        _end(server)
        shutil.rmtree(folder, ignore_errors=True)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Let a worker end in order."""
    _end(process)


def _wait_for(is_up: Callable[[], bool], process: subprocess.Popen[bytes], name: str) -> None:
    until = time.monotonic() + _PATIENCE
    while not is_up():
        if process.poll() is not None or time.monotonic() > until:
            raise Unavailable("server.failed", f"{name} did not start.")
        time.sleep(0.05)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
