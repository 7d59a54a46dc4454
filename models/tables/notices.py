"""Notices: what is to be said to whom, and what the mail server answered."""

from __future__ import annotations

from sqlalchemy import Boolean, ForeignKey, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import At, Base, Json, Maybe, MaybeAt, Name


class Campaign(Base):
    """One notice to many. Its id says season, window and cause, so that planning it twice is harmless."""

    __tablename__ = "campaigns"
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    season_id: Mapped[str] = mapped_column(ForeignKey("seasons.id"), index=True)
    window_id: Mapped[Maybe]
    template: Mapped[Name]
    planned_at: Mapped[At]
    useful_until: Mapped[MaybeAt]


class Delivery(Base):
    """One notice to one person about one thing; unique on (campaign, person, subject).

    Claimed with an owner token and a lease on the database's clock. `told_closes_at` is the closing instant of the
    window that this notice told, so that those told an old one can be told the new one. `possibly_twice` marks a
    delivery that was handed to the mail server when its worker died. One that the server refused for now is not tried
    again before `not_before`.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("ix_deliveries_queue", "campaign_id", postgresql_where=text("state IN ('queued', 'sending')")),
        Index("ix_deliveries_person", "person_id"),
        Index("ix_deliveries_entry", "entry_id", postgresql_where=text("entry_id IS NOT NULL")),
        Index("ix_deliveries_window", "window_id", postgresql_where=text("window_id IS NOT NULL")),
    )
    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    subject: Mapped[str] = mapped_column(Text, primary_key=True, server_default=text("''"))
    season_id: Mapped[str] = mapped_column(ForeignKey("seasons.id"))
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("entries.id"))
    window_id: Mapped[Maybe]
    language: Mapped[Name]
    data: Mapped[Json] = mapped_column(server_default=text("'{}'::jsonb"))
    told_closes_at: Mapped[MaybeAt]
    state: Mapped[str] = mapped_column(Text, server_default=text("'queued'"))
    queued_at: Mapped[At]
    owner: Mapped[Maybe]
    lease_until: Mapped[MaybeAt]
    not_before: Mapped[MaybeAt]
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    sent_at: Mapped[MaybeAt]
    answer: Mapped[Maybe]
    possibly_twice: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
