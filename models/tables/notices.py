"""Notices: what is to be said to whom, and what the mail server answered."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, ForeignKey, Identity, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import At, Base, Json, Maybe, MaybeAt, Name


class Campaign(Base):
    """One notice to many. Its id says season, window and cause, so that planning it twice is harmless.

    `audience` names those it is for where a rule does: who is not of them any more when it goes out is left out. `any_hour`: it may come at night.

    `state`: `open`; where mails to many are read first, `waiting` until somebody made it `released` or `discarded`.
    `logged_at` and `finished_at`: when the log was told that it was planned, and that nothing of it waits any more.
    """

    __tablename__ = "campaigns"
    __table_args__ = (Index("ix_campaigns_unfinished", "season_id", postgresql_where=text("finished_at IS NULL")),)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    season_id: Mapped[str] = mapped_column(ForeignKey("seasons.id"), index=True)
    window_id: Mapped[Maybe]
    template: Mapped[Name]
    audience: Mapped[Maybe]
    any_hour: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    state: Mapped[str] = mapped_column(Text, server_default=text("'open'"))
    planned_at: Mapped[At]
    useful_until: Mapped[MaybeAt]
    logged_at: Mapped[MaybeAt]
    finished_at: Mapped[MaybeAt]


class Delivery(Base):
    """One notice to one person about one thing; unique on (campaign, person, subject).

    Claimed with an owner token and a lease on the database's clock. `told_closes_at` is the closing instant of the
    window that this notice told, so that those told an old one can be told the new one. `possibly_twice` marks a
    delivery that was handed to the mail server when its worker died. One that the server refused for now is not tried
    again before `not_before`. `bounced_at`: when a report said that it did not arrive though it had been accepted;
    `bounce` is the kind of trouble that a refusal or a report told of, as in `notices.bounce_reports`.

    One in state `merged` goes out in the mail of another to the same person, the one of `lead_campaign` and
    `lead_subject`; when that is sent, so is this. One in state `outbox` waits until its campaign is released.
    `own_words`: the subject and the body that somebody gave this one mail in the outbox.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("ix_deliveries_queue", "campaign_id", postgresql_where=text("state IN ('queued', 'sending')")),
        Index("ix_deliveries_person", "person_id"),
        Index("ix_deliveries_merged", "lead_campaign", postgresql_where=text("state = 'merged'")),
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
    lead_campaign: Mapped[Maybe]
    lead_subject: Mapped[Maybe]
    state: Mapped[str] = mapped_column(Text, server_default=text("'queued'"))
    queued_at: Mapped[At]
    owner: Mapped[Maybe]
    lease_until: Mapped[MaybeAt]
    not_before: Mapped[MaybeAt]
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    sent_at: Mapped[MaybeAt]
    answer: Mapped[Maybe]
    possibly_twice: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    bounced_at: Mapped[MaybeAt]
    bounce: Mapped[Maybe]
    own_words: Mapped[Json | None] = mapped_column(nullable=True)


class OptOut(Base):
    """A person who wants no routine notices of a season: of one `kind` (a template), or `*`, all of them.

    `by`: `one_click` (the mailbox provider's button), `page`, or whoever acted, as in the log.
    """

    __tablename__ = "opt_outs"
    season_id: Mapped[str] = mapped_column(ForeignKey("seasons.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    at: Mapped[At]
    by: Mapped[Name]


class MailHold(Base):
    """While this row is there, no mail of the season goes out; of no season, where it names none."""

    __tablename__ = "mail_holds"
    __table_args__ = (Index("ix_mail_holds_season_id", "season_id", unique=True, postgresql_nulls_not_distinct=True),)
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    season_id: Mapped[str | None] = mapped_column(ForeignKey("seasons.id"))
    held_at: Mapped[At]
    held_by: Mapped[Name]
    reason: Mapped[Name]
