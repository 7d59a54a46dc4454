"""The doctor: looks at each part of a stack, says what is wrong and how to mend it. It changes nothing."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from models.errors import SeasonkeeperError
from records.sealing import Seal
from workers.embedded import temporal
from workers.embedded.addresses import read_stack
from workers.embedded.leftovers import read_children
from workers.embedded.lock import holder_of
from workers.embedded.parts import QUEUES, ROOT, greets, serves_http
from workers.embedded.postgres import binaries
from workers.embedded.processes import is_running

if TYPE_CHECKING:
    from workers.settings import Settings

LEAST_DISK = 1024**3
"""Bytes. Below this the database may run out within a season."""
MOST_DRIFT = 2.0
"""Seconds that this machine's clock may differ from the database's, the only judge of deadlines."""
LIMIT = 10.0
"""Seconds that one check may take."""


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    check: str
    ok: bool
    sentence: str
    remedy: str = ""

    def as_json(self) -> dict[str, object]:
        """For `season doctor --json`."""
        return asdict(self)


Check = Callable[["Settings"], Awaitable[list[Finding]]]


async def examine(settings: Settings) -> list[Finding]:
    """Every check, in the order of the stack. A check that itself fails is a finding."""
    findings: list[Finding] = []
    for name, check in CHECKS.items():
        try:
            async with asyncio.timeout(LIMIT):
                findings += await check(settings)
        except SeasonkeeperError as error:
            findings.append(Finding(name, False, error.sentence, error.remedy))
        except TimeoutError:
            findings.append(Finding(name, False, f"No answer within {LIMIT:.0f} seconds.", "Give the command again."))
        except Exception as error:  # a doctor that dies of what it finds is of no use
            findings.append(Finding(name, False, f"{type(error).__name__}: {error}", _look(settings)))
    return findings


def _look(settings: Settings) -> str:
    return f"Look at the logs in {settings.folder.logs}; `season up` starts what is down."


async def _python(_settings: Settings) -> list[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info >= (3, 11)
    return [Finding("python", good, f"Python {version}.", "" if good else "Use Python 3.11 or later; `make setup`.")]


async def _wheels(_settings: Settings) -> list[Finding]:
    return [
        Finding("postgresql program", True, f"PostgreSQL in {binaries()}."),
        Finding("temporal program", True, f"Temporal is {await temporal.find_binary()}."),
    ]


async def _variables(settings: Settings) -> list[Finding]:
    from workers.settings import PREFIX, variable_names

    known = variable_names()
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name.upper() not in known)
    if unknown:
        return [
            Finding(
                "settings", False, f"No such setting: {', '.join(unknown)}.", "docs/settings.md lists every setting."
            )
        ]
    return [Finding("settings", True, f"Settings can be read; the data folder is {settings.folder.root}.")]


async def _folder(settings: Settings) -> list[Finding]:
    root = settings.folder.root
    if not root.exists():
        return [Finding("data folder", False, f"{root} does not exist.", "`season up` makes it.")]
    try:
        with tempfile.TemporaryFile(dir=root):
            pass
    except OSError as error:
        remedy = "Give yourself the right to write there, or name another folder with --data."
        return [Finding("data folder", False, f"{root} cannot be written: {error.strerror}.", remedy)]
    free = shutil.disk_usage(root).free
    gigabytes = f"{free / 1024**3:.1f} GB are free in {root}."
    return [
        Finding("data folder", True, f"{root} can be written."),
        Finding("disk", free >= LEAST_DISK, gigabytes, "" if free >= LEAST_DISK else "Make room on that disk."),
    ]


async def _supervisor(settings: Settings) -> list[Finding]:
    stack = read_stack(settings.folder)
    holder = holder_of(settings.folder)
    if holder is None:
        elsewhere = settings.is_given("database_url") and settings.is_given("temporal_address") and stack is None
        sentence = "No stack is up here; the environment names its parts." if elsewhere else "No stack is up here."
        return [Finding("supervisor", elsewhere, sentence, "" if elsewhere else "Start it with `season up`.")]
    findings = [Finding("supervisor", True, f"The stack is up under process {holder.pid}.")]
    for record in read_children(settings.folder):
        alive = is_running(record.handle)
        often = f", started again {record.restarts} times" if record.restarts else ""
        sentence = f"Process {record.handle.pid}{often}." if alive else "It is not running."
        log = settings.folder.log_of(record.name)
        findings.append(Finding(f"process {record.name}", alive, sentence, "" if alive else f"See {log}."))
    return findings


async def _database(settings: Settings) -> list[Finding]:
    from alembic.script import ScriptDirectory
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(settings.database())
    try:
        async with engine.connect() as connection:
            version = await connection.scalar(text("show server_version"))
            now = await connection.scalar(text("select clock_timestamp()"))
            drift = abs((datetime.now(UTC) - now).total_seconds()) if isinstance(now, datetime) else 0.0
            table = await connection.scalar(text("select to_regclass('alembic_version')::text"))
            at = set(await connection.scalars(text("select version_num from alembic_version"))) if table else set()
    except (OSError, DBAPIError) as error:
        said = str(error.orig if isinstance(error, DBAPIError) else error)
        return [Finding("database", False, f"The database does not answer: {said}", _look(settings))]
    finally:
        await engine.dispose()
    heads = set(ScriptDirectory(str(ROOT / "migrations")).get_heads())
    level = f"Its tables are at {', '.join(sorted(at)) or 'nothing'}, the code at {', '.join(sorted(heads))}."
    good = drift <= MOST_DRIFT
    return [
        Finding("database", True, f"PostgreSQL {version} answers."),
        Finding("migrations", at == heads, level, "" if at == heads else "Run `season migrate`."),
        Finding(
            "clock",
            good,
            f"This machine's clock and the database's differ by {drift:.3f} s.",
            "" if good else "Set both clocks by NTP; the database's judges every deadline.",
        ),
    ]


async def _secret_key(settings: Settings) -> list[Finding]:
    key = settings.secret_key.get_secret_value()
    if not key:
        remedy = "Set SEASON_SECRET_KEY to 32 or more random characters, the same for every process."
        return [Finding("secret key", False, "There is none: secrets of staff lie readable in the database.", remedy)]
    Seal(key)
    return [Finding("secret key", True, "Secrets of staff lie sealed in the database.")]


async def _signature(settings: Settings) -> list[Finding]:
    signer = settings.signer()
    if signer is None:
        return [Finding("dkim", True, "Notices are not signed: no SEASON_DKIM_DOMAIN is set.")]
    name, _ = signer.record()
    sentence = f"Notices are signed for {signer.domain}; receivers look for the key at {name}."
    return [Finding("dkim", True, sentence)]


async def _temporal(settings: Settings) -> list[Finding]:
    from temporalio.client import Client

    try:
        client = await Client.connect(**settings.temporal())
    except RuntimeError as error:
        return [Finding("temporal", False, f"Temporal does not answer: {error}", _look(settings))]
    findings = [Finding("temporal", True, f"Temporal answers; its namespace is '{client.namespace}'.")]
    missing = await temporal.missing_search_attributes(client)
    sentence = f"Search attributes are missing: {', '.join(missing)}." if missing else "All are registered."
    remedy = "`temporal operator search-attribute create --name NAME --type TYPE`, or `season up`." if missing else ""
    findings.append(Finding("search attributes", not missing, sentence, remedy))
    kept = await temporal.retention(client)
    short = kept < temporal.RETENTION
    remedy = f"`temporal operator namespace update --retention {temporal.RETENTION.days}d`." if short else ""
    findings.append(Finding("retention", not short, f"Finished workflows are kept for {kept.days} days.", remedy))
    for queue in QUEUES.values():
        found = await temporal.last_poll(client, queue) is not None
        sentence = f"A worker serves the task queue '{queue}'." if found else f"No worker serves '{queue}'."
        remedy = "" if found else f"Start one with `season worker {queue}`, or all with `season up`."
        findings.append(Finding(f"worker {queue}", found, sentence, remedy))
    return findings


async def _mail(settings: Settings) -> list[Finding]:
    host, port = settings.smtp()
    try:
        # Behind implicit TLS the greeting cannot be read without a handshake; that it listens must do.
        good = await _listens(host, port) if settings.smtp_tls == "tls" else await greets(host, port)
    except OSError:
        good = False
    sentence = f"The mail server at {host}:{port} {'answers' if good else 'does not answer'}."
    return [Finding("mail", good, sentence, "" if good else _look(settings))]


async def _listens(host: str, port: int) -> bool:
    _, writer = await asyncio.open_connection(host, port)
    writer.close()
    return True


async def _desk(settings: Settings) -> list[Finding]:
    host = LOCAL.get(settings.desk_host, settings.desk_host)
    try:
        good = await serves_http(host, settings.desk_port)
    except (OSError, ValueError):
        good = False
    sentence = f"The desk at {settings.desk_url()} {'answers' if good else 'does not answer'}."
    return [Finding("desk", good, sentence, "" if good else _look(settings))]


LOCAL = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - asked, not bound
"""Where to ask a server that listens everywhere."""
CHECKS: dict[str, Check] = {
    "python": _python,
    "programs": _wheels,
    "settings": _variables,
    "data folder": _folder,
    "supervisor": _supervisor,
    "database": _database,
    "secret key": _secret_key,
    "dkim": _signature,
    "temporal": _temporal,
    "mail": _mail,
    "desk": _desk,
}
