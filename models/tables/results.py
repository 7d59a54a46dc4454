"""Invitations to confirm, and awards."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import At, Base, Json, Key, MaybeAt, Name


class Invitation(Base):
    """A finalist asked to confirm: that it takes part, or attendance, booth and materials of an event."""

    __tablename__ = "invitations"
    __table_args__ = (Index("ix_invitations_window", "window_id", "state"),)
    window_id: Mapped[str] = mapped_column(ForeignKey("windows.id"), primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id"), primary_key=True)
    state: Mapped[Name]
    invited_at: Mapped[At]
    answered_at: Mapped[MaybeAt]
    answers: Mapped[Json]


class Award(Base):
    """A prize given to an entry. `rank` is its place in its division."""

    __tablename__ = "awards"
    __table_args__ = (Index("ix_awards_season", "season_id"),)
    id: Mapped[Key]
    season_id: Mapped[str] = mapped_column(ForeignKey("seasons.id"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id"), unique=True)
    division: Mapped[Name]
    prize: Mapped[Name]
    rank: Mapped[int] = mapped_column(Integer)
    at: Mapped[At]
