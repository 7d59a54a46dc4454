"""Seasons, their windows, and the log of everything that happened."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import At, Base, Json, JsonList, Key, Maybe, MaybeAt, Name


class Season(Base):
    """One season, with its file as it was read at the start, and the pace of its time."""

    __tablename__ = "seasons"
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    state: Mapped[Name]
    file: Mapped[Json]
    pace: Mapped[Json]
    started_at: Mapped[At]
    paused_at: Mapped[MaybeAt]
    ended_at: Mapped[MaybeAt]


class Window(Base):
    """The only judge of "in time": read and locked in the transaction that writes what must be in time.

    `subject` names what a window is for where it is not a whole stage, such as `match/17`. `closes_at` is the
    real instant; `planned_closes_at` the first one. A paused window closes as much later as it was paused.
    `ordinal` is the place of its stage in the season file: what comes later waits for what comes before.
    `owner` is the id of the workflow that keeps its deadline.
    """

    __tablename__ = "windows"
    __table_args__ = (
        CheckConstraint("closes_at >= opens_at", name="closes_after_opening"),
        Index("ix_windows_season_close", "season_id", "closes_at"),
        Index("ix_windows_kind", "season_id", "kind", "area"),
        Index("ix_windows_owner", "owner"),
    )
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    season_id: Mapped[str] = mapped_column(ForeignKey("seasons.id"))
    area: Mapped[Maybe]
    stage: Mapped[Name]
    kind: Mapped[Name]
    subject: Mapped[Maybe]
    ordinal: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    owner: Mapped[Name]
    zone: Mapped[Name]
    state: Mapped[Name]
    opens_at: Mapped[At]
    closes_at: Mapped[At]
    planned_closes_at: Mapped[At]
    opened_at: Mapped[MaybeAt]
    closed_at: Mapped[MaybeAt]
    paused_at: Mapped[MaybeAt]
    revision: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    reminders: Mapped[JsonList] = mapped_column(server_default=text("'[]'::jsonb"))


class LogLine(Base):
    """One fact that happened. Append-only: a trigger refuses updates and deletes.

    `at` is the season's clock, `recorded_at` the database's. `actor` is `system`, `ops`, `applicant`, `judge/12`…
    `rule` names the rule under which a decision fell. `command_id` makes a repeated command harmless.
    """

    __tablename__ = "log"
    __table_args__ = (
        Index("ix_log_season", "season_id", "id"),
        Index("ix_log_entry", "entry_id", "id", postgresql_where=text("entry_id IS NOT NULL")),
        Index("ix_log_window", "window_id", "id", postgresql_where=text("window_id IS NOT NULL")),
    )
    id: Mapped[Key]
    season_id: Mapped[str] = mapped_column(ForeignKey("seasons.id"))
    at: Mapped[At]
    recorded_at: Mapped[At] = mapped_column(server_default=func.clock_timestamp())
    actor: Mapped[Name]
    event: Mapped[Name]
    window_id: Mapped[Maybe]
    entry_id: Mapped[int | None] = mapped_column(BigInteger)
    person_id: Mapped[int | None] = mapped_column(BigInteger)
    command_id: Mapped[str | None] = mapped_column(Text, unique=True)
    reason: Mapped[Maybe]
    rule: Mapped[Maybe]
    data: Mapped[Json] = mapped_column(server_default=text("'{}'::jsonb"))
