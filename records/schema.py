"""Bringing a database to the newest schema, by Alembic."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

_FOLDER = Path(__file__).resolve().parent.parent / "migrations"


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["url"] = url
    return config


def migrate(url: str) -> None:
    """Bring the database at this SQLAlchemy URL to the newest revision. Harmless when it is there already."""
    command.upgrade(_config(url), "head")


def newest() -> str | None:
    """The newest revision that this code knows."""
    return ScriptDirectory.from_config(_config("")).get_current_head()


def current(connection: Connection) -> str | None:
    """The revision that a database is at; None where it was never migrated."""
    return MigrationContext.configure(connection).get_current_revision()
