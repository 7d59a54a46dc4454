"""What belongs to an entry's registration: documents, grace, corrections; and what channels do beside recommending."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import At, Base, JsonList, Key, Maybe, MaybeAt, Name


class Document(Base):
    """A file of an entry. `kind` is one of the entry rules' documents or `other`; `stored_as` its name in the store.

    `media_type` was found in the content, not believed; `size` in bytes; `sha256` in hex.
    """

    __tablename__ = "documents"
    id: Mapped[Key]
    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id"), index=True)
    kind: Mapped[Name]
    name: Mapped[Name]
    media_type: Mapped[Name]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[Name]
    stored_as: Mapped[Name]
    uploaded_at: Mapped[At]
    removed_at: Mapped[MaybeAt]


class Grace(Base):
    """More time for one entry in one window, given by a command with a reason."""

    __tablename__ = "graces"
    __table_args__ = (Index("ix_graces_entry", "entry_id", "window_id"),)
    id: Mapped[Key]
    window_id: Mapped[str] = mapped_column(ForeignKey("windows.id"), index=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id"))
    until: Mapped[At]
    at: Mapped[At]
    actor: Mapped[Name]
    reason: Mapped[Name]
    command_id: Mapped[str] = mapped_column(Text, unique=True)


class Correction(Base):
    """An entry returned for correction at its screening: what is wrong, until when, and the applicant's one answer.

    `state` is `open`, `answered`, or `missed` after `until`.
    """

    __tablename__ = "corrections"
    __table_args__ = (Index("ix_corrections_due", "season_id", "state", "until"),)
    id: Mapped[Key]
    season_id: Mapped[str] = mapped_column(ForeignKey("seasons.id"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id"), index=True)
    reason: Mapped[Name]
    asked_by: Mapped[Name]
    asked_at: Mapped[At]
    until: Mapped[At]
    state: Mapped[Name]
    answer: Mapped[Maybe]
    answered_at: Mapped[MaybeAt]


class Nudge(Base):
    """A channel reminded an applicant of its draft by a press of a button; how often it may is limited."""

    __tablename__ = "nudges"
    id: Mapped[Key]
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"), index=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id"), index=True)
    at: Mapped[At]


class ChannelList(Base):
    """A channel's own ranking of its entries (their ids, best first) in an endorsement window, signed once."""

    __tablename__ = "channel_lists"
    __table_args__ = (UniqueConstraint("channel_id", "window_id"),)
    id: Mapped[Key]
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"))
    window_id: Mapped[str] = mapped_column(ForeignKey("windows.id"))
    ranking: Mapped[JsonList] = mapped_column(server_default=text("'[]'::jsonb"))
    changed_at: Mapped[At]
    signed_at: Mapped[MaybeAt]
    signed_by: Mapped[Maybe]
