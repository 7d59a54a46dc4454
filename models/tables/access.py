"""Who may do what: staff, links that sign in, sessions of browsers, tokens of programs."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import At, Base, Json, JsonList, Key, Maybe, MaybeAt, Name


class Staff(Base):
    """A person of the season office. `role` is `operations`, `organiser` (of one `area`) or `support`.

    `totp_step` is the last time step whose code was used: a code counts once.
    """

    __tablename__ = "staff"
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    role: Mapped[Name]
    area: Mapped[Maybe]
    password_hash: Mapped[Name]
    totp_secret: Mapped[Maybe]
    totp_step: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[At]
    disabled_at: Mapped[MaybeAt]


class SignInLink(Base):
    """A link sent by mail: used once, short-lived. Only the digest (SHA-256, hex) of its token is kept."""

    __tablename__ = "sign_in_links"
    digest: Mapped[str] = mapped_column(Text, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    goes_to: Mapped[Name]
    created_at: Mapped[At]
    expires_at: Mapped[At]
    used_at: Mapped[MaybeAt]


class WebSession(Base):
    """A browser that is signed in; the digest of its cookie. `staff` once password and second factor were given."""

    __tablename__ = "web_sessions"
    digest: Mapped[str] = mapped_column(Text, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    staff: Mapped[bool]
    created_at: Mapped[At]
    expires_at: Mapped[At]


class ApiToken(Base):
    """A program's key to the API: the digest of it, and what it may do (`scopes`)."""

    __tablename__ = "api_tokens"
    id: Mapped[Key]
    digest: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[Name]
    scopes: Mapped[JsonList]
    season_id: Mapped[str | None] = mapped_column(ForeignKey("seasons.id"))
    channel_id: Mapped[int | None] = mapped_column(ForeignKey("channels.id"))
    created_at: Mapped[At]
    expires_at: Mapped[MaybeAt]
    revoked_at: Mapped[MaybeAt]


class KnownRequest(Base):
    """A request with an Idempotency-Key and what it was answered, so that a repeat gets the same answer."""

    __tablename__ = "known_requests"
    __table_args__ = (Index("ix_known_requests_at", "at"),)
    caller: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    digest: Mapped[Name]
    status: Mapped[int | None] = mapped_column(Integer)
    answer: Mapped[Json | None]
    at: Mapped[At]
