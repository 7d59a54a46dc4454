"""Places, their needs, the matches of projects with needs, and the follow-ups for years."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import Boolean, ForeignKey, Index, Integer, Numeric, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import At, Base, Json, JsonList, Key, Maybe, MaybeAt, Name


class Place(Base):
    """A city, park or company that looks for projects."""

    __tablename__ = "places"
    id: Mapped[Key]
    season_id: Mapped[str] = mapped_column(ForeignKey("seasons.id"))
    name: Mapped[Name]
    kind: Mapped[Name]
    contact_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[At]


class Need(Base):
    """What a place looks for: tracks and fields, least readiness (1–9), how many projects it can take."""

    __tablename__ = "needs"
    __table_args__ = (Index("ix_needs_season", "season_id", "open"),)
    id: Mapped[Key]
    season_id: Mapped[str] = mapped_column(ForeignKey("seasons.id"))
    place_id: Mapped[int] = mapped_column(ForeignKey("places.id"))
    title: Mapped[Name]
    summary: Mapped[str] = mapped_column(Text, server_default=text("''"))
    tracks: Mapped[JsonList]
    fields: Mapped[JsonList] = mapped_column(server_default=text("'[]'::jsonb"))
    readiness: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    capacity: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    open: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    filed_at: Mapped[At]


class Match(Base):
    """One project and one need, from the proposal to the outcome. `parts` shows what the score is made of."""

    __tablename__ = "matches"
    __table_args__ = (UniqueConstraint("entry_id", "need_id"), Index("ix_matches_season", "season_id", "state"))
    id: Mapped[Key]
    season_id: Mapped[str] = mapped_column(ForeignKey("seasons.id"))
    round: Mapped[int] = mapped_column(Integer)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id"))
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    score: Mapped[Decimal] = mapped_column(Numeric(6, 4))
    parts: Mapped[Json]
    state: Mapped[Name]
    proposed_at: Mapped[At]
    answered_at: Mapped[MaybeAt]
    ended_at: Mapped[MaybeAt]
    outcome: Mapped[Maybe]


class FollowUp(Base):
    """A question about a match, with the window for its answer. `ordinal` counts within its kind."""

    __tablename__ = "follow_ups"
    __table_args__ = (
        UniqueConstraint("match_id", "kind", "ordinal"),
        Index("ix_follow_ups_season", "season_id", "state"),
    )
    id: Mapped[Key]
    season_id: Mapped[str] = mapped_column(ForeignKey("seasons.id"))
    match_id: Mapped[int] = mapped_column(ForeignKey("matches.id"))
    kind: Mapped[Name]
    ordinal: Mapped[int] = mapped_column(Integer)
    window_id: Mapped[str] = mapped_column(ForeignKey("windows.id"))
    state: Mapped[Name]
    answer: Mapped[Maybe]
    answered_at: Mapped[MaybeAt]
