"""Correcting a person's mail address: after it bounced, or when the office was told of a better one."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from models.errors import BadInput, NotFound, Refused
from models.forms import Email
from records import bounces, log
from records.database import CLOCK, Database, rows, run
from records.privacy.erasure import seasons_of

_EMAIL: TypeAdapter[str] = TypeAdapter(Email)


class Corrected(NamedTuple):
    """What was done: whose address, whether it had bounced, whether it is another one now, and how many notices that the
    bounce kept from them are sent anew."""

    person: int
    bounced: bool
    changed: bool
    anew: int = 0


async def correct(database: Database, person: int, email: str, *, reason: str, actor: str) -> Corrected:
    """Give a person this address and use it again; the one that is kept may be given anew, if it works by now.

    What was left out since it bounced is queued again, where it is still of use.

    Raises:
        BadInput: no address, or no reason.
        NotFound: no such person, or an erased one.
        Refused: the address is another person's.
    """
    reason = reason.strip()
    if not reason:
        raise BadInput("address.reason", "reason: it is empty.", "Say who told you the address, and how.")
    try:
        address = _EMAIL.validate_python(email)
    except ValidationError:
        raise BadInput(
            "address.unreadable", f"email: '{email}' is no mail address.", "Write one such as lin@example.org."
        ) from None
    async with database.transaction() as connection:
        found = await rows(
            connection,
            "SELECT email, bounced_at FROM people WHERE id = :person AND erased_at IS NULL FOR UPDATE",
            person=person,
        )
        if not found:
            raise NotFound(
                "address.person",
                f"There is no person {person}.",
                "`season privacy export EMAIL FILE.json` writes the number of the person with an address.",
            )
        if await rows(connection, "SELECT 1 FROM people WHERE email = :e AND id <> :p", e=address, p=person):
            raise Refused(
                "address.taken",
                f"email: '{address}' is the address of another person.",
                "Give an address of their own.",
            )
        done = Corrected(person, found[0]["bounced_at"] is not None, found[0]["email"] != address)
        # Whether a new address is theirs is not known before a link that was sent there is used; and whoever reads
        # the old one shall open nothing by the links in its mails.
        await run(
            connection,
            f"""UPDATE people SET verified_at = CASE WHEN email = :email THEN verified_at END,
                 links_since = CASE WHEN email = :email THEN links_since ELSE {CLOCK} END, email = :email,
                 bounced_at = NULL, bounce_answer = NULL WHERE id = :person""",
            email=address,
            person=person,
        )
        if done.bounced:
            done = done._replace(anew=await bounces.send_anew(connection, person))
        told = await rows(connection, "SELECT DISTINCT season_id FROM deliveries WHERE person_id = :p", p=person)
        for season in sorted({*await seasons_of(connection, person), *(row["season_id"] for row in told)}):
            line = log.Line(
                "person.address_corrected", actor=actor, person_id=person, reason=reason, data={"by": actor}
            )
            await log.write(connection, season, [line])
    return done
