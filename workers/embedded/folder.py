"""Names of all that lies in a data folder."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_MAX = 100
"""Bytes. A Unix socket's path may have 107 on Linux and 103 on macOS."""


@dataclass(frozen=True)
class StackFolder:
    """A data folder. `root` is absolute."""

    root: Path

    @classmethod
    def at(cls, path: Path) -> StackFolder:
        """The data folder at a path, which need not exist."""
        return cls(Path(os.path.realpath(path.expanduser())))

    @property
    def stack(self) -> Path:
        """Addresses of the running stack."""
        return self.root / "stack.json"

    @property
    def lock(self) -> Path:
        """Held by the one supervisor of this folder."""
        return self.root / "lock"

    @property
    def processes(self) -> Path:
        """Process ids and births of the children."""
        return self.root / "processes.json"

    @property
    def logs(self) -> Path:
        """One log for each child."""
        return self.root / "logs"

    @property
    def mail(self) -> Path:
        """The mails that the sink took in."""
        return self.root / "mail"

    @property
    def documents(self) -> Path:
        """Files of documents, where no other store is set."""
        return self.root / "documents"

    @property
    def postgres(self) -> Path:
        """PostgreSQL's data."""
        return self.root / "postgres"

    @property
    def temporal(self) -> Path:
        """Temporal's database, one SQLite file."""
        return self.root / "temporal" / "temporal.db"

    @property
    def socket(self) -> Path:
        """Folder of PostgreSQL's Unix socket; in the temporary folder when the path here is too long for one."""
        here = self.root / "run"
        if len(os.fsencode(here / SOCKET_NAME)) <= SOCKET_PATH_MAX:
            return here
        name = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"season-{name}"

    @property
    def secret(self) -> Path:
        """The key under which secrets lie in the database; readable by its owner alone."""
        return self.root / "secret_key"

    def read_secret(self) -> str:
        """That key; empty where there is none."""
        try:
            return self.secret.read_text(encoding="ascii").strip()
        except OSError:
            return ""

    def ensure_secret(self) -> None:
        """Make a key where there is none. One that is there is never replaced."""
        try:
            handle = os.open(self.secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32) + "\n")

    def log_of(self, child: str) -> Path:
        """The log file of one child."""
        return self.logs / f"{child}.log"

    def create(self) -> None:
        """Make the folder and its standing subfolders. Raises OSError when it cannot be written."""
        for path in (self.root, self.logs, self.mail, self.temporal.parent):
            path.mkdir(parents=True, exist_ok=True)


def write_json(path: Path, value: object) -> None:
    """Write a JSON file that a reader sees either as it was or as it will be, never half."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
    draft.chmod(0o600)
    draft.replace(path)
