"""The season office: who belongs to it, and how a member proves it with a password and a code (RFC 6238).

Whoever checks a code must know its secret, so it lies in the database sealed (`records.sealing`); of the password lies
there what cannot be turned back.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

from models.errors import BadInput, NotFound, Refused
from models.forms import PersonForm
from records import people
from records.access import ROLES, digest_of, open_staff_session
from records.database import CLOCK, Database, clock_of, rows, run

FAILURES = 10
WITHIN_MINUTES = 15
PASSWORD_LEAST = 12
"""Characters that a new password must have."""
_STEP_SECONDS = 30
_DIGITS = 6
_ISSUER = "Seasonkeeper"
_hasher = PasswordHasher()


@dataclass(frozen=True)
class Member:
    """A member of the season office."""

    person_id: int
    name: str
    email: str
    role: str
    area: str | None
    created_at: datetime
    disabled_at: datetime | None


@dataclass(frozen=True)
class Secrets:
    """What a new member is given, once: a password, and the URI that an authenticator reads."""

    person_id: int
    password: str
    otpauth: str


async def add(
    database: Database, person: PersonForm, role: str, area: str | None = None, *, renew: bool = False
) -> Secrets:
    """Make a person a member; with `renew` an old member gets a new role, password and secret, and is signed out.

    Raises BadInput for a role or area that does not fit, Refused for somebody who is a member already.
    """
    if role not in ROLES:
        raise BadInput("staff.role", f"'{role}' is no role.", f"Roles are {', '.join(ROLES)}.")
    if (role == "organiser") != bool(area):
        raise BadInput("staff.area", "An organiser has an area, and nobody else.", "Give --area with organiser alone.")
    password, secret = secrets.token_urlsafe(15), base64.b32encode(secrets.token_bytes(20)).decode()
    hashed = await asyncio.to_thread(_hasher.hash, password)
    async with database.transaction() as connection:
        person_id = (await people.keep(connection, [person], await clock_of(connection)))[0]
        done = await run(
            connection,
            f"""INSERT INTO staff (person_id, role, area, password_hash, totp_secret, created_at)
                VALUES (:person, :role, :area, :hashed, :secret, {CLOCK})
                ON CONFLICT (person_id) DO UPDATE SET role = excluded.role, area = excluded.area,
                  password_hash = excluded.password_hash, totp_secret = excluded.totp_secret, totp_step = NULL,
                  disabled_at = NULL
                WHERE :renew""",
            person=person_id, role=role, area=area, hashed=hashed, secret=database.seal.close(secret), renew=renew,
        )  # fmt: skip
        if not done:
            raise Refused(
                "staff.known", "This person belongs to the season office already.", "Use --renew for new secrets."
            )
        await run(connection, "DELETE FROM web_sessions WHERE person_id = :person AND staff", person=person_id)
    label = quote(f"{_ISSUER}:{person.email}")
    asked = urlencode({"secret": secret, "issuer": _ISSUER, "digits": _DIGITS, "period": _STEP_SECONDS})
    return Secrets(person_id, password, f"otpauth://totp/{label}?{asked}")


async def members(database: Database) -> list[Member]:
    """All members, also those who were disabled, in order of address."""
    found = await database.at_once(
        """SELECT s.person_id, p.name, p.email, s.role, s.area, s.created_at, s.disabled_at
           FROM staff s JOIN people p ON p.id = s.person_id ORDER BY p.email"""
    )
    return [Member(**row) for row in found]


async def disable(database: Database, email: str) -> None:
    """A member who may no longer come in, and is signed out at once. Harmless to repeat. Raises NotFound."""
    found = await database.at_once(
        f"""WITH gone AS (
              UPDATE staff SET disabled_at = coalesce(disabled_at, {CLOCK}) FROM people p
              WHERE p.id = staff.person_id AND p.email = :email RETURNING staff.person_id),
            out AS (DELETE FROM web_sessions w USING gone WHERE w.person_id = gone.person_id AND w.staff)
            SELECT person_id FROM gone""",
        email=email.strip().lower(),
    )
    if not found:
        raise NotFound("staff.unknown", "Nobody of the season office has this address.", "See `season staff list`.")


async def sign_in(database: Database, email: str, password: str, code: str) -> str:
    """The cookie of a new session, for a member whose password and code are right.

    Raises Refused: `sign_in.wrong`, whatever was wrong, or `sign_in.locked` after ten failures in fifteen minutes for
    one address, known or not.
    """
    email = email.strip().lower()
    # An attempt counts as a failure until it has proved good: many at once cannot outrun the count.
    caller = f"staff-sign-in/{digest_of(email)}"
    await _count(database, caller)
    found = await database.at_once(
        """SELECT s.person_id, s.password_hash, s.totp_secret FROM staff s JOIN people p ON p.id = s.person_id
           WHERE p.email = :email AND s.disabled_at IS NULL AND p.erased_at IS NULL""",
        email=email,
    )
    if not await _proves(database, found[0] if found else None, password, code):
        raise _wrong()
    await database.at_once("DELETE FROM known_requests WHERE caller = :caller", caller=caller)
    return await open_staff_session(database, found[0]["person_id"])


async def change_password(database: Database, person_id: int, old: str, code: str, new: str) -> str:
    """A new password for a member, who proves it with the old one and a code; the cookie of a new session.

    All other sessions of the member end. Raises BadInput for a new password that is too short or the old one; Refused
    as `sign_in` does, with the same count of failures.
    """
    if len(new) < PASSWORD_LEAST:
        raise BadInput(
            "password.short", f"The new password has {len(new)} characters.", f"Write {PASSWORD_LEAST} or more."
        )
    if new == old:
        raise BadInput("password.same", "The new password is the old one.", "Write another.")
    found = await database.at_once(
        """SELECT s.person_id, s.password_hash, s.totp_secret, p.email FROM staff s JOIN people p ON p.id = s.person_id
           WHERE p.id = :person AND s.disabled_at IS NULL AND p.erased_at IS NULL""",
        person=person_id,
    )
    caller = f"staff-sign-in/{digest_of(found[0]['email'] if found else str(person_id))}"
    await _count(database, caller)
    if not await _proves(database, found[0] if found else None, old, code):
        raise _wrong()
    hashed = await asyncio.to_thread(_hasher.hash, new)
    async with database.transaction() as connection:
        await run(connection, "DELETE FROM known_requests WHERE caller = :caller", caller=caller)
        await run(
            connection, "UPDATE staff SET password_hash = :hashed WHERE person_id = :person",
            hashed=hashed, person=person_id,
        )  # fmt: skip
        await run(connection, "DELETE FROM web_sessions WHERE person_id = :person AND staff", person=person_id)
    return await open_staff_session(database, person_id)


async def _proves(database: Database, member: dict[str, Any] | None, password: str, code: str) -> bool:
    """Whether password and code are a member's. Somebody unknown costs the same time as a wrong password."""
    good = await asyncio.to_thread(_verify, member["password_hash"] if member else _nobodys_hash(), password)
    if member is None or not good or not member["totp_secret"]:
        return False
    kept = member["totp_secret"]
    secret = database.seal.open(kept)
    if not await _use_code(database, member["person_id"], secret, code):
        return False
    if database.seal.is_stale(kept):
        await database.at_once(
            "UPDATE staff SET totp_secret = :sealed WHERE person_id = :person AND totp_secret = :kept",
            sealed=database.seal.close(secret), person=member["person_id"], kept=kept,
        )  # fmt: skip
    return True


def code_at(secret: str, at: datetime, steps: int = 0) -> str:
    """The code of a secret (base32) at an instant, or so many steps of 30 seconds later. RFC 6238."""
    return _code(secret, int(at.timestamp()) // _STEP_SECONDS + steps)


def _code(secret: str, step: int) -> str:
    # SHA-1 is what authenticators take; as HMAC it is sound.
    return HOTP(base64.b32decode(secret), _DIGITS, SHA1()).generate(step).decode()  # noqa: S303


async def _use_code(database: Database, person_id: int, secret: str, code: str) -> bool:
    """Whether the code is right, within a step of the clock, and was not used before."""
    given = "".join(code.split())
    now = int((await database.now()).timestamp()) // _STEP_SECONDS
    for step in (now, now - 1, now + 1):
        if hmac.compare_digest(_code(secret, step).encode(), given.encode()):
            used = await database.at_once(
                """UPDATE staff SET totp_step = :step
                   WHERE person_id = :person AND (totp_step IS NULL OR totp_step < :step) RETURNING person_id""",
                step=step,
                person=person_id,
            )
            return bool(used)
    return False


async def _count(database: Database, caller: str) -> None:
    async with database.transaction() as connection:
        await rows(connection, "SELECT pg_advisory_xact_lock(hashtextextended(:caller, 0))", caller=caller)
        await run(
            connection,
            f"""DELETE FROM known_requests
                WHERE caller = :caller AND at <= {CLOCK} - interval '{WITHIN_MINUTES} minutes'""",
            caller=caller,
        )
        failed = await rows(
            connection, "SELECT count(*) AS n FROM known_requests WHERE caller = :caller", caller=caller
        )
        if failed[0]["n"] >= FAILURES:
            raise Refused(
                "sign_in.locked", "There were too many failed attempts.", f"Try again in {WITHIN_MINUTES} minutes."
            )
        await run(
            connection,
            f"INSERT INTO known_requests (caller, key, digest, status, at) VALUES (:caller, :key, '', 409, {CLOCK})",
            caller=caller,
            key=uuid4().hex,
        )


def _verify(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False


@cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe(15))


def _wrong() -> Refused:
    return Refused("sign_in.wrong", "Address, password or code is not right.", "Try again with the next code.")
