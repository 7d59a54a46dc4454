"""Entries, their teams, and the channels that recommend them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import At, Base, Json, JsonList, Key, Maybe, MaybeAt, Name


class Channel(Base):
    """A recommending organisation. `quota` limits its recommendations where it is set."""

    __tablename__ = "channels"
    __table_args__ = (UniqueConstraint("season_id", "code"),)
    id: Mapped[Key]
    season_id: Mapped[str] = mapped_column(ForeignKey("seasons.id"))
    code: Mapped[Name]
    name: Mapped[Name]
    area: Mapped[Maybe]
    contact_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    quota: Mapped[int | None] = mapped_column(Integer)
    invite_code: Mapped[str | None] = mapped_column(Text, unique=True)
    created_at: Mapped[At]


class Counter(Base):
    """The last public number given, for each season, area and track."""

    __tablename__ = "counters"
    season_id: Mapped[str] = mapped_column(ForeignKey("seasons.id"), primary_key=True)
    area: Mapped[str] = mapped_column(Text, primary_key=True)
    track: Mapped[str] = mapped_column(Text, primary_key=True)
    last: Mapped[int] = mapped_column(Integer)


class Entry(Base):
    """A project in a season. `division` is its track, or track/group; `stage` the last stage that decided on it.

    `alive` is true while it may still go on. `number` is public, such as 2024-EU-LH-0042. `details` holds what
    matching needs: readiness (1–9), budget (CNY), sites wanted. `reference` is the name that a spreadsheet gives it.
    `revision` counts its saves and submissions: whoever saves says which one was seen, so that of two who write at once
    none overwrites the other unawares.
    """

    __tablename__ = "entries"
    __table_args__ = (
        UniqueConstraint("season_id", "number"),
        UniqueConstraint("season_id", "reference"),
        Index("ix_entries_pool", "season_id", "area", "state"),
        Index("ix_entries_applicant", "applicant_id"),
    )
    id: Mapped[Key]
    season_id: Mapped[str] = mapped_column(ForeignKey("seasons.id"))
    number: Mapped[Name]
    area: Mapped[Name]
    track: Mapped[Name]
    division: Mapped[Name]
    fields: Mapped[JsonList] = mapped_column(server_default=text("'[]'::jsonb"))
    title: Mapped[Name]
    summary: Mapped[str] = mapped_column(Text, server_default=text("''"))
    applicant_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    organisation: Mapped[Maybe]
    leader_degree: Mapped[Maybe]
    documents: Mapped[JsonList] = mapped_column(server_default=text("'[]'::jsonb"))
    details: Mapped[Json] = mapped_column(server_default=text("'{}'::jsonb"))
    reference: Mapped[Maybe]
    channel_id: Mapped[int | None] = mapped_column(ForeignKey("channels.id"), index=True)
    state: Mapped[Name]
    stage: Mapped[Maybe]
    alive: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[At]
    changed_at: Mapped[At]
    submitted_at: Mapped[MaybeAt]
    window_id: Mapped[str | None] = mapped_column(ForeignKey("windows.id"))
    revision: Mapped[int] = mapped_column(Integer, server_default=text("0"))


class Member(Base):
    """A team member of an entry; the leader is position 0.

    `name` and `birth_year` are as this entry gives them: what an applicant writes about others changes nobody's row of
    `people`, and shows nobody what stands there.
    """

    __tablename__ = "members"
    __table_args__ = (Index("ix_members_person", "person_id"),)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    name: Mapped[Maybe]
    birth_year: Mapped[int | None] = mapped_column(Integer)


class Recommendation(Base):
    """Who recommended what, when, by which act. The first valid one counts; later ones are kept.

    `act` is `invited`, `registered` or `vouched`. One that its channel took back is valid no more, and stays here. Of
    one entry no two have the same instant.
    """

    __tablename__ = "recommendations"
    __table_args__ = (UniqueConstraint("entry_id", "channel_id"),)
    id: Mapped[Key]
    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id"), index=True)
    channel_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("channels.id"), index=True)
    at: Mapped[At]
    act: Mapped[Name]
    taken_back_at: Mapped[MaybeAt]
    taken_back_reason: Mapped[Maybe]
