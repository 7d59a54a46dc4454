"""What goes out to other programs (webhooks), and what comes back from mail servers (reports of bounces)."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import At, Base, JsonList, Key, Maybe, MaybeAt, Name


class Hook(Base):
    """An endpoint that is told of a season's events, of one `area` or of all.

    `secret` and, for a day after it was renewed, `old_secret` lie sealed. Lines of the log up to `cursor`
    need no more looking at; `seen_id` and `seen_xid` are how far it may go next, see `records.hooks`. After a failure
    nothing is tried before `not_before`.
    """

    __tablename__ = "hooks"
    __table_args__ = (UniqueConstraint("season_id", "url"),)
    id: Mapped[Key]
    season_id: Mapped[str] = mapped_column(ForeignKey("seasons.id"))
    area: Mapped[Maybe]
    url: Mapped[Name]
    events: Mapped[JsonList]
    secret: Mapped[Name]
    old_secret: Mapped[Maybe]
    old_until: Mapped[MaybeAt]
    created_at: Mapped[At]
    created_by: Mapped[Name]
    cursor: Mapped[int] = mapped_column(BigInteger)
    seen_id: Mapped[int | None] = mapped_column(BigInteger)
    seen_xid: Mapped[int | None] = mapped_column(BigInteger)
    not_before: Mapped[MaybeAt]
    disabled_at: Mapped[MaybeAt]
    disabled_why: Mapped[Maybe]


class HookDelivery(Base):
    """One line of the log for one endpoint, once: `queued`, `sending`, `sent`, or `failed` for good.

    Claimed with an owner and a lease, as notices are. `since` is when trying began, which ends three days later.
    `status` and `answer` are what the endpoint said last, cut short.
    """

    __tablename__ = "hook_deliveries"
    __table_args__ = (
        UniqueConstraint("id"),
        Index("ix_hook_deliveries_queue", "hook_id", "log_id", postgresql_where=text("state IN ('queued', 'sending')")),
    )
    hook_id: Mapped[int] = mapped_column(ForeignKey("hooks.id", ondelete="CASCADE"), primary_key=True)
    log_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=False))
    state: Mapped[str] = mapped_column(Text, server_default=text("'queued'"))
    since: Mapped[At]
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    not_before: Mapped[MaybeAt]
    owner: Mapped[Maybe]
    lease_until: Mapped[MaybeAt]
    done_at: Mapped[MaybeAt]
    status: Mapped[int | None] = mapped_column(Integer)
    answer: Mapped[Maybe]


class BounceReport(Base):
    """A report of a mail server on a notice that had been accepted, whether or not it fitted one of ours.

    `outcome`: `matched`, `unknown` (no notice of ours, nothing was changed), `ignored` (nothing to be done), or
    `unreadable`. `digest` is of the report as it came, so that one that is read twice counts once. Addresses are blotted
    out of `diagnostic`.
    """

    __tablename__ = "bounce_reports"
    id: Mapped[Key]
    received_at: Mapped[At]
    source: Mapped[Name]
    digest: Mapped[str] = mapped_column(Text, unique=True)
    outcome: Mapped[Name]
    kind: Mapped[Maybe]
    action: Mapped[Maybe]
    status: Mapped[Maybe]
    diagnostic: Mapped[Maybe]
    message_id: Mapped[Maybe]
    season_id: Mapped[str | None] = mapped_column(ForeignKey("seasons.id"))
    campaign_id: Mapped[Maybe]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
