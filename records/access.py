"""Who may come in: links that sign in, sessions of browsers, tokens of programs.

Of every secret only the SHA-256 digest is kept. The secrets are random (256 bits), so a plain digest is enough: there
is nothing to guess, and it is looked up by its index.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from models.errors import BadInput, NotFound
from records.database import CLOCK, Database, rows, run

Role = Literal["operations", "organiser", "support"]
ROLES: tuple[Role, ...] = ("operations", "organiser", "support")
SCOPES = ("read", "steer", "register", "bounces")
LINK_MINUTES = 20
LINKS_AN_HOUR = 5
PERSON_SESSION = timedelta(days=14)
STAFF_SESSION = timedelta(hours=12)
TOKEN_PREFIX = "season_"  # noqa: S105 - so that a scanner finds a token that was left in a repository


@dataclass(frozen=True)
class Who:
    """Who acts: a person with a browser, a member of staff (`role` set), or a program with a token (`token` set).

    `area` is the area of an organiser. `scopes` are a program's; people have none. `season` limits a token to one
    season; `channel` is the channel for which it registers. `contact` tells that the person speaks for a channel.
    """

    person_id: int
    name: str
    email: str
    language: str
    role: str | None
    area: str | None
    scopes: frozenset[str] = field(default_factory=frozenset)
    token: int | None = None
    season: str | None = None
    channel: int | None = None
    contact: bool = False

    @property
    def actor(self) -> str:
        """How the log calls them: an id, never a name. `ops` at a desk that needs no sign-in."""
        if self.token is not None:
            return f"token/{self.token}"
        if not self.person_id:
            return "ops"
        return f"staff/{self.person_id}" if self.role else f"person/{self.person_id}"


@dataclass(frozen=True)
class Link:
    """A fresh sign-in link: `token` goes into the mail and is kept nowhere."""

    token: str
    person_id: int
    name: str
    email: str
    language: str
    zone: str | None
    expires_at: datetime


@dataclass(frozen=True)
class Token:
    """A program's token as staff see it; the secret itself is not kept."""

    id: int
    name: str
    scopes: tuple[str, ...]
    season: str | None
    channel: int | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


def digest_of(secret: str) -> str:
    """What is kept of a secret: SHA-256, hex."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


# Links that sign in


async def ask_link(database: Database, email: str, goes_to: str = "/") -> Link | None:
    """A new link for the person with this address; the older ones are void from now on.

    None where nobody has the address, and where five were asked for within the hour: the caller answers the same in
    each case, so that nobody learns who is known here.
    """
    token = secrets.token_urlsafe(32)
    async with database.transaction() as connection:
        # Locked, so that two who ask at once come one after the other: one link lives, and the count is right.
        people = await rows(
            connection,
            """SELECT id, name, email, language, zone FROM people WHERE email = :email AND erased_at IS NULL
               FOR NO KEY UPDATE""",
            email=email.strip().lower(),
        )
        if not people:
            return None
        person = people[0]
        asked = await rows(
            connection,
            f"""SELECT count(*) AS n FROM sign_in_links
                WHERE person_id = :person AND created_at > {CLOCK} - interval '1 hour'""",
            person=person["id"],
        )
        if asked[0]["n"] >= LINKS_AN_HOUR:
            return None
        await run(
            connection,
            f"""UPDATE sign_in_links SET expires_at = {CLOCK}
                WHERE person_id = :person AND used_at IS NULL AND expires_at > {CLOCK}""",
            person=person["id"],
        )
        made = await rows(
            connection,
            f"""INSERT INTO sign_in_links (digest, person_id, goes_to, created_at, expires_at)
                SELECT :digest, :person, :goes_to, at, at + interval '{LINK_MINUTES} minutes' FROM (SELECT {CLOCK} AS at) c
                RETURNING expires_at""",
            digest=digest_of(token),
            person=person["id"],
            goes_to=goes_to,
        )
    return Link(
        token, person["id"], person["name"], person["email"], person["language"], person["zone"],
        made[0]["expires_at"],
    )  # fmt: skip


async def link_works(database: Database, token: str) -> bool:
    """Whether this link could be used now. Changes nothing: programs that scan mails open every link."""
    found = await database.at_once(
        f"SELECT 1 AS x FROM sign_in_links WHERE digest = :digest AND used_at IS NULL AND expires_at > {CLOCK}",
        digest=digest_of(token),
    )
    return bool(found)


async def use_link(database: Database, token: str) -> tuple[str, str] | None:
    """Use a link up: the cookie of a new session, and where the person wanted to go. None for a link that is over.

    One statement, so that of two who use it at once only one comes in. Who followed a mail has a verified address.
    """
    cookie = secrets.token_urlsafe(32)
    found = await database.at_once(
        f"""WITH used AS (
              UPDATE sign_in_links l SET used_at = {CLOCK} FROM people p
              WHERE l.digest = :digest AND l.used_at IS NULL AND l.expires_at > {CLOCK}
                AND p.id = l.person_id AND p.erased_at IS NULL
              RETURNING l.person_id, l.goes_to, l.used_at),
            verified AS (
              UPDATE people SET verified_at = used.used_at FROM used
              WHERE people.id = used.person_id AND people.verified_at IS NULL),
            swept AS (
              DELETE FROM web_sessions w USING used WHERE w.person_id = used.person_id AND w.expires_at < used.used_at),
            made AS (
              INSERT INTO web_sessions (digest, person_id, staff, created_at, expires_at)
              SELECT :cookie, person_id, false, used_at, used_at + CAST(:length AS interval) FROM used)
            SELECT goes_to FROM used""",
        digest=digest_of(token),
        cookie=digest_of(cookie),
        length=PERSON_SESSION,
    )
    return (cookie, found[0]["goes_to"]) if found else None


# Sessions of browsers


async def open_staff_session(database: Database, person_id: int) -> str:
    """The cookie of a new session of a member of staff, whose password and code were right."""
    cookie = secrets.token_urlsafe(32)
    await database.at_once(
        f"""WITH swept AS (DELETE FROM web_sessions WHERE person_id = :person AND expires_at < {CLOCK})
            INSERT INTO web_sessions (digest, person_id, staff, created_at, expires_at)
            SELECT :cookie, :person, true, at, at + CAST(:length AS interval) FROM (SELECT {CLOCK} AS at) c""",
        cookie=digest_of(cookie),
        person=person_id,
        length=STAFF_SESSION,
    )
    return cookie


async def end_session(database: Database, cookie: str) -> None:
    """Sign out: the session is gone, not only its cookie. Harmless for one that is unknown."""
    await database.at_once("DELETE FROM web_sessions WHERE digest = :digest", digest=digest_of(cookie))


async def who_is(database: Database, cookie: str) -> Who | None:
    """Who is signed in with this cookie; None where nobody is any more.

    A session of staff has its role while the member is not disabled, and is nothing afterwards. A session that a mail
    opened never has a role: there was no second factor.
    """
    found = await database.at_once(
        f"""SELECT p.id, p.name, p.email, p.language, s.role, s.area,
              EXISTS (SELECT FROM channels c WHERE c.contact_id = p.id) AS contact
            FROM web_sessions w
            JOIN people p ON p.id = w.person_id
            LEFT JOIN staff s ON s.person_id = p.id AND w.staff AND s.disabled_at IS NULL
            WHERE w.digest = :digest AND w.expires_at > {CLOCK} AND p.erased_at IS NULL
              AND (NOT w.staff OR s.person_id IS NOT NULL)""",
        digest=digest_of(cookie),
    )
    if not found:
        return None
    row = found[0]
    return Who(row["id"], row["name"], row["email"], row["language"], row["role"], row["area"], contact=row["contact"])


# Tokens of programs


async def make_token(
    database: Database,
    name: str,
    scopes: Collection[str],
    *,
    season: str | None = None,
    channel: int | None = None,
    expires_at: datetime | None = None,
) -> tuple[int, str]:
    """A new token: its id, and the secret, which is told this once. Raises BadInput, NotFound for the season."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise BadInput(
            "token.scope", f"'{', '.join(unknown)}' is no scope of a token." if unknown else "A token needs a scope.",
            f"Scopes are {', '.join(SCOPES)}.",
        )  # fmt: skip
    if not name.strip():
        raise BadInput("token.name", "A token needs a name.", "Name the program that will use it.")
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    async with database.transaction() as connection:
        if season and not await rows(connection, "SELECT id FROM seasons WHERE id = :season", season=season):
            raise NotFound("season.unknown", f"There is no season '{season}'.", "`season list` shows all seasons.")
        made = await rows(
            connection,
            f"""INSERT INTO api_tokens (digest, name, scopes, season_id, channel_id, created_at, expires_at)
                VALUES (:digest, :name, CAST(:scopes AS jsonb), :season, :channel, {CLOCK}, :expires_at)
                RETURNING id""",
            digest=digest_of(secret),
            name=name.strip(),
            scopes=json.dumps(sorted(set(scopes))),
            season=season,
            channel=channel,
            expires_at=expires_at,
        )
    return made[0]["id"], secret


async def channel_for(database: Database, season: str | None, code: str) -> int:
    """The id of the channel that a token is to be bound to. Raises BadInput without a season, NotFound."""
    if season is None:
        raise BadInput("token.channel", f"channel: '{code}' is a channel of one season.", "Name it with --season.")
    found = await database.at_once(
        "SELECT id FROM channels WHERE season_id = :season AND code = :code", season=season, code=code
    )
    if not found:
        raise NotFound(
            "channel.unknown", f"There is no channel '{code}' in season '{season}'.",
            "`season channels list` lists them.",
        )  # fmt: skip
    channel: int = found[0]["id"]
    return channel


async def who_holds(database: Database, secret: str) -> Who | None:
    """The program that shows this token; None for one that is unknown, over or revoked."""
    found = await database.at_once(
        f"""SELECT id, name, scopes, season_id, channel_id FROM api_tokens
            WHERE digest = :digest AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > {CLOCK})""",
        digest=digest_of(secret),
    )
    if not found:
        return None
    row = found[0]
    return Who(
        0, row["name"], "", "en", None, None, frozenset(row["scopes"]), row["id"], row["season_id"], row["channel_id"]
    )


async def tokens(database: Database) -> list[Token]:
    """All tokens, newest first, also those that are over."""
    found = await database.at_once(
        """SELECT id, name, scopes, season_id AS season, channel_id AS channel, created_at, expires_at, revoked_at
           FROM api_tokens ORDER BY id DESC"""
    )
    return [Token(**_listed(row)) for row in found]


def _listed(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "scopes": tuple(row["scopes"])}


async def revoke_token(database: Database, token: int) -> None:
    """A token that is good for nothing from now on; harmless when it is revoked already. Raises NotFound."""
    found = await database.at_once(
        f"UPDATE api_tokens SET revoked_at = coalesce(revoked_at, {CLOCK}) WHERE id = :token RETURNING id", token=token
    )
    if not found:
        raise NotFound("token.unknown", f"There is no token {token}.", "`season token list` shows all.")
