"""Judges, what they are given, what they say, and what follows from it."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import Boolean, ForeignKey, Index, Integer, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import At, Base, Json, JsonList, Key, Maybe, MaybeAt, Name


class Judge(Base):
    """A judge of a season. `area` None serves season-wide rounds (and any area). `reserve` judges step in."""

    __tablename__ = "judges"
    __table_args__ = (UniqueConstraint("season_id", "person_id"), Index("ix_judges_area", "season_id", "area"))
    id: Mapped[Key]
    season_id: Mapped[str] = mapped_column(ForeignKey("seasons.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    area: Mapped[Maybe]
    tracks: Mapped[JsonList]
    organisation: Mapped[Maybe]
    background: Mapped[Maybe]
    max_load: Mapped[int] = mapped_column(Integer)
    active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    created_at: Mapped[At]


class Conflict(Base):
    """A judge must not score this entry."""

    __tablename__ = "conflicts"
    judge_id: Mapped[int] = mapped_column(ForeignKey("judges.id"), primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id"), primary_key=True)
    reason: Mapped[Name]
    at: Mapped[At]


class Assignment(Base):
    """One judge, one entry, one round. The ballot refers to it."""

    __tablename__ = "assignments"
    __table_args__ = (
        UniqueConstraint("stage", "entry_id", "judge_id"),
        Index("ix_assignments_round", "season_id", "stage", "area"),
        Index("ix_assignments_judge", "judge_id"),
        Index("ix_assignments_entry", "entry_id"),
    )
    id: Mapped[Key]
    season_id: Mapped[str] = mapped_column(ForeignKey("seasons.id"))
    stage: Mapped[Name]
    area: Mapped[Maybe]
    window_id: Mapped[str] = mapped_column(ForeignKey("windows.id"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id"))
    judge_id: Mapped[int] = mapped_column(ForeignKey("judges.id"))
    state: Mapped[Name]
    assigned_at: Mapped[At]
    reason: Mapped[Maybe]


class Ballot(Base):
    """One judge's scores for one entry in one round. `total` is of 100 points."""

    __tablename__ = "ballots"
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignments.id"), primary_key=True)
    scores: Mapped[Json]
    total: Mapped[Decimal] = mapped_column(Numeric(6, 2))
    comment: Mapped[Maybe]
    cast_at: Mapped[At]
    revision: Mapped[int] = mapped_column(Integer, server_default=text("1"))


class Session(Base):
    """A defence session: a panel, a division, a time, a room or a link."""

    __tablename__ = "sessions"
    __table_args__ = (Index("ix_sessions_round", "season_id", "stage", "area"),)
    id: Mapped[Key]
    season_id: Mapped[str] = mapped_column(ForeignKey("seasons.id"))
    stage: Mapped[Name]
    area: Mapped[Maybe]
    division: Mapped[Name]
    format: Mapped[Name]
    starts_at: Mapped[At]
    ends_at: Mapped[At]
    judges: Mapped[JsonList]
    lot_seed: Mapped[Name]


class Slot(Base):
    """An entry's turn in a session; the order was drawn by lot."""

    __tablename__ = "slots"
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id"), index=True)
    starts_at: Mapped[At]
    state: Mapped[Name]


class Tally(Base):
    """The result of a round for one entry. `score` None means no ballot. `digest` is of the ballots used."""

    __tablename__ = "tallies"
    season_id: Mapped[str] = mapped_column(ForeignKey("seasons.id"), primary_key=True)
    stage: Mapped[str] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id"), primary_key=True)
    area: Mapped[Maybe]
    division: Mapped[Name]
    ballots: Mapped[int] = mapped_column(Integer)
    score: Mapped[Decimal | None] = mapped_column(Numeric(6, 2))
    exact: Mapped[Decimal | None] = mapped_column(Numeric(12, 8))
    rank: Mapped[int] = mapped_column(Integer)
    digest: Mapped[Name]
    at: Mapped[At]


class WildCard(Base):
    """An entry that operations add to a selection, with the reason."""

    __tablename__ = "wild_cards"
    stage: Mapped[str] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id"), primary_key=True)
    season_id: Mapped[str] = mapped_column(ForeignKey("seasons.id"))
    actor: Mapped[Name]
    reason: Mapped[Name]
    at: Mapped[At]


class Selection(Base):
    """What a selection decided about one entry: the newest decision; the log keeps the earlier ones."""

    __tablename__ = "selections"
    __table_args__ = (Index("ix_selections_stage", "season_id", "stage", "area", "division"),)
    season_id: Mapped[str] = mapped_column(ForeignKey("seasons.id"), primary_key=True)
    stage: Mapped[str] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id"), primary_key=True)
    area: Mapped[Maybe]
    division: Mapped[Name]
    rank: Mapped[int] = mapped_column(Integer)
    decision: Mapped[Name]
    reason: Mapped[Maybe]
    at: Mapped[At]


class Objection(Base):
    """An objection to an entry on a public notice."""

    __tablename__ = "objections"
    id: Mapped[Key]
    season_id: Mapped[str] = mapped_column(ForeignKey("seasons.id"))
    window_id: Mapped[str] = mapped_column(ForeignKey("windows.id"), index=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id"), index=True)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    text: Mapped[Name]
    state: Mapped[Name]
    filed_at: Mapped[At]
    decided_at: Mapped[MaybeAt]
    decided_by: Mapped[Maybe]
    reason: Mapped[Maybe]
