"""Erasure: the record keeps what happened, without the person to whom it happened.

The row of the person becomes a tombstone: everything that points to it goes on to point to it, and it says nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from models.errors import BadInput, Refused
from models.states import EntryState
from notices.own_answers import ERASED
from records import entries, log
from records.access import digest_of
from records.database import Database, clock_of, rows, run
from records.privacy.blotting import Pen, Subject, blot_out, may_change_the_log
from records.privacy.export import person_id

NAME = "erased 已删除"
DOMAIN = "erased.invalid"
"""Of addresses that reach nobody (RFC 2606)."""

_OVER = (EntryState.WITHDRAWN, EntryState.LAPSED, EntryState.AWARDED, EntryState.FINISHED, EntryState.INELIGIBLE)

Removing = Callable[[Sequence[str]], Awaitable[int]]
"""Removes what lies outside the database, mails to these addresses or files with these keys; says how many."""


async def _nothing(_names: Sequence[str]) -> int:
    return 0


@dataclass(frozen=True)
class Outside:
    """What removes mails of the embedded sink, and files of the document store, where there are such."""

    mails: Removing = _nothing
    files: Removing = _nothing


@dataclass(frozen=True)
class Erasure:
    """What an erasure did, or would do. `withdrawn`, `emptied`, `shared` are numbers of entries.

    `shared` entries keep title and summary, as others of the team remain. `without_contact` are codes of channels and
    names of places to which nobody can be written any more. `blotted` counts texts of others that named the person.
    `already`: the person was erased before, and nothing was done.
    """

    person: int
    already: bool = False
    dry_run: bool = False
    withdrawn: tuple[str, ...] = ()
    emptied: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    without_contact: tuple[str, ...] = ()
    seasons: tuple[str, ...] = ()
    skipped: int = 0
    blotted: int = 0
    mails: int = 0
    files: int = 0


@dataclass
class _Wiped:
    emptied: list[str] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    skipped: int = 0
    blotted: int = 0


class _TakenBack(Exception):
    def __init__(self, done: Erasure) -> None:
        super().__init__()
        self.done = done


def is_erased(email: str) -> bool:
    """Whether an address is a tombstone's: nothing is to be sent there."""
    return email.endswith(f"@{DOMAIN}")


async def erase(
    database: Database,
    who: str,
    *,
    reason: str,
    actor: str,
    withdraw: bool = False,
    dry_run: bool = False,
    outside: Outside | None = None,
) -> Erasure:
    """Erase a person, by address or id, in one transaction. Harmless to repeat by id.

    `withdraw` takes entries of running seasons out first. `dry_run` does everything in the database and takes it back.
    Raises NotFound; BadInput without a reason; Refused for a member of the season office, for a judge of a round that
    is not over, and for entries of a running season without `withdraw`.
    """
    if not reason.strip():
        raise BadInput("privacy.reason", "reason: it is empty.", "Say who asked, and why.")
    outside = outside or Outside()
    try:
        async with database.transaction() as connection:
            done, files = await _erase(connection, who, reason.strip(), actor, withdraw, None if dry_run else outside)
            if dry_run:
                raise _TakenBack(done)
    except _TakenBack as taken:
        return replace(taken.done, dry_run=True)
    # After the end: a file that is left behind is an orphan of the store, and its sweep finds it.
    return replace(done, files=await outside.files(files))


async def _erase(
    connection: AsyncConnection, who: str, reason: str, actor: str, withdraw: bool, outside: Outside | None
) -> tuple[Erasure, list[str]]:
    """What was done, and the keys of the files to be removed afterwards."""
    person = await person_id(connection, who)
    found = await rows(
        connection, "SELECT id, email, name, erased_at FROM people WHERE id = :person FOR UPDATE", person=person
    )
    if found[0].pop("erased_at") is not None:
        return Erasure(person, already=True), []
    subject = Subject(**found[0])
    await _refuse_staff_and_judges(connection, person)
    withdrawn = await _withdraw(connection, person, actor, withdraw)
    alone = await _without_contact(connection, person)
    seasons = await seasons_of(connection, person)
    wiped = await wipe(connection, [subject])
    data = {"withdrawn": len(withdrawn), "emptied": len(wiped.emptied), "shared": len(wiped.shared)}
    why = Pen([subject.email], [subject.name]).blot(reason)
    for season in seasons:
        line = log.Line("person.erased", actor=actor, person_id=person, reason=why, data=data)
        await log.write(connection, season, [line])
    # Before the end: where they cannot be removed nothing is forgotten, and it can be tried again.
    mails = await outside.mails([subject.email]) if outside else 0
    done = Erasure(
        person, withdrawn=tuple(withdrawn), emptied=tuple(wiped.emptied), shared=tuple(wiped.shared), mails=mails,
        without_contact=tuple(alone), seasons=tuple(seasons), skipped=wiped.skipped, blotted=wiped.blotted,
    )  # fmt: skip
    return done, wiped.files


async def _refuse_staff_and_judges(connection: AsyncConnection, person: int) -> None:
    if await rows(connection, "SELECT 1 FROM staff WHERE person_id = :p AND disabled_at IS NULL", p=person):
        raise Refused(
            "privacy.staff", f"Person {person} belongs to the season office.", "First: `season staff disable EMAIL`."
        )
    rounds = await rows(
        connection,
        """SELECT a.season_id, a.stage, count(*) AS tasks FROM assignments a JOIN judges j ON j.id = a.judge_id
           JOIN windows w ON w.id = a.window_id JOIN seasons s ON s.id = a.season_id
           WHERE j.person_id = :person AND a.state IN ('active', 'done') AND w.state NOT IN ('closed', 'cancelled')
             AND s.state IN ('running', 'paused') GROUP BY a.season_id, a.stage ORDER BY a.season_id, a.stage""",
        person=person,
    )
    if rounds:
        one = rounds[0]
        raise Refused(
            "privacy.judge",
            f"Person {person} judges {one['tasks']} entries in {one['stage']} of season {one['season_id']}, "
            "which is not over.",
            "Give these entries to other judges first, or wait until the round has closed.",
        )


async def _withdraw(connection: AsyncConnection, person: int, actor: str, withdraw: bool) -> list[str]:
    mine = await rows(
        connection,
        """SELECT e.id, e.number FROM entries e JOIN seasons s ON s.id = e.season_id
           WHERE e.applicant_id = :person AND s.state IN ('running', 'paused')
             AND e.state <> ALL(CAST(:over AS text[])) ORDER BY e.id""",
        person=person,
        over=[str(state) for state in _OVER],
    )
    numbers = [row["number"] for row in mine]
    if mine and not withdraw:
        raise Refused(
            "privacy.entry_running", f"Entry {', '.join(numbers)} of person {person} takes part in a running season.",
            "Withdraw it first, or erase with --withdraw.",
        )  # fmt: skip
    for row in mine:
        await entries.withdraw_on(connection, row["id"], actor=actor)
    return numbers


async def _without_contact(connection: AsyncConnection, person: int) -> list[str]:
    found = await rows(
        connection,
        """SELECT c.code AS name FROM channels c JOIN seasons s ON s.id = c.season_id
             WHERE c.contact_id = :person AND s.state IN ('running', 'paused')
           UNION SELECT c.name FROM places c JOIN seasons s ON s.id = c.season_id
             WHERE c.contact_id = :person AND s.state IN ('running', 'paused') ORDER BY name""",
        person=person,
    )
    return [row["name"] for row in found]


SEASONS_OF = """SELECT e.season_id FROM entries e LEFT JOIN members m ON m.entry_id = e.id
    WHERE e.applicant_id = :person OR m.person_id = :person
  UNION SELECT season_id FROM judges WHERE person_id = :person
  UNION SELECT season_id FROM channels WHERE contact_id = :person
  UNION SELECT season_id FROM places WHERE contact_id = :person
  UNION SELECT season_id FROM objections WHERE by_id = :person
  UNION SELECT season_id FROM deliveries WHERE person_id = :person"""
"""Seasons in which a person is known by any role."""


async def seasons_of(connection: AsyncConnection, person: int) -> list[str]:
    """The seasons that a line about this person belongs into: where they are known, else the newest."""
    found = await rows(connection, f"{SEASONS_OF} ORDER BY season_id", person=person)
    found = found or await rows(connection, "SELECT id AS season_id FROM seasons ORDER BY started_at DESC, id LIMIT 1")
    return [row["season_id"] for row in found]


async def wipe(connection: AsyncConnection, subjects: Sequence[Subject]) -> _Wiped:
    """Turn these people into tombstones: their own rows first, then what others wrote about them."""
    done, ids, at = _Wiped(), [s.id for s in subjects], await clock_of(connection)
    theirs = await _entries(connection, ids)
    done.emptied = [row["number"] for row in theirs if not row["others"]]
    done.shared = [row["number"] for row in theirs if row["others"]]
    done.files = await empty_entries(connection, [row["id"] for row in theirs if not row["others"]], at)
    await may_change_the_log(connection)
    for sql in _OWN:
        await run(connection, sql, people=ids)
    done.skipped = await run(connection, _NOTHING_MORE, people=ids)
    callers = [f"{kind}/{s.id}" for s in subjects for kind in ("person", "staff")]
    callers += [f"staff-sign-in/{digest_of(s.email)}" for s in subjects]
    await run(connection, "DELETE FROM known_requests WHERE caller = ANY(CAST(:callers AS text[]))", callers=callers)
    done.blotted = await blot_out(connection, subjects, [row["id"] for row in theirs])
    await run(connection, _TOMBSTONE, people=ids, name=NAME, domain=DOMAIN, at=at)
    return done


async def _entries(connection: AsyncConnection, people: Sequence[int]) -> list[dict[str, Any]]:
    """Entries of these people, each with whether anybody else remains in it."""
    return await rows(
        connection,
        """SELECT e.id, e.number, EXISTS (
             SELECT FROM people p WHERE p.erased_at IS NULL AND p.id <> ALL(CAST(:people AS bigint[]))
               AND (p.id = e.applicant_id OR p.id IN (SELECT person_id FROM members WHERE entry_id = e.id))) AS others
           FROM entries e WHERE e.applicant_id = ANY(CAST(:people AS bigint[]))
             OR e.id IN (SELECT entry_id FROM members WHERE person_id = ANY(CAST(:people AS bigint[])))
           ORDER BY e.id""",
        people=list(people),
    )


async def empty_entries(connection: AsyncConnection, which: Sequence[int], at: datetime) -> list[str]:
    """Take the texts out of entries; number, track, states and results stay. The names of the files to be removed."""
    ids = list(which)
    await run(
        connection,
        """UPDATE entries SET title = '', summary = '', organisation = NULL, leader_degree = NULL, reference = NULL
           WHERE id = ANY(CAST(:ids AS bigint[]))""",
        ids=ids,
    )
    await run(
        connection,
        "UPDATE members SET name = NULL, birth_year = NULL WHERE entry_id = ANY(CAST(:ids AS bigint[]))",
        ids=ids,
    )
    await run(connection, "UPDATE corrections SET answer = NULL WHERE entry_id = ANY(CAST(:ids AS bigint[]))", ids=ids)
    return await empty_documents(connection, ids, at)


async def empty_documents(connection: AsyncConnection, entries_: Sequence[int], at: datetime) -> list[str]:
    """Forget the documents of these entries; kind, size and times stay. The names of the files to be removed."""
    found = await rows(
        connection,
        """WITH kept AS (SELECT id, stored_as FROM documents
             WHERE entry_id = ANY(CAST(:ids AS bigint[])) AND stored_as <> '' FOR UPDATE),
           emptied AS (UPDATE documents d SET name = '', sha256 = '', stored_as = '',
             removed_at = coalesce(d.removed_at, CAST(:at AS timestamptz)) FROM kept WHERE d.id = kept.id)
           SELECT stored_as FROM kept""",
        ids=list(entries_),
        at=at,
    )
    return [row["stored_as"] for row in found]


_IS = "= ANY(CAST(:people AS bigint[]))"
_CALLED = "IN (SELECT 'person/' || id FROM unnest(CAST(:people AS bigint[])) AS k(id))"
_OWN = (
    f"UPDATE members SET name = NULL, birth_year = NULL WHERE person_id {_IS}",
    f"UPDATE judges SET organisation = NULL, background = NULL, active = false WHERE person_id {_IS}",
    f"""UPDATE ballots b SET comment = NULL FROM assignments a JOIN judges j ON j.id = a.judge_id
        WHERE a.id = b.assignment_id AND j.person_id {_IS} AND b.comment IS NOT NULL""",
    # An objection that is still to be decided needs its text; names in it are blotted out.
    f"UPDATE objections SET text = '' WHERE by_id {_IS} AND state <> 'open'",
    f"UPDATE log SET reason = NULL WHERE reason IS NOT NULL AND (person_id {_IS} OR actor {_CALLED})",
    f"UPDATE deliveries SET data = '{{}}', answer = NULL, own_words = NULL WHERE person_id {_IS}",
    f"DELETE FROM sign_in_links WHERE person_id {_IS}",
    f"DELETE FROM opt_outs WHERE person_id {_IS}",
    f"DELETE FROM bounce_reports WHERE person_id {_IS}",
    f"DELETE FROM web_sessions WHERE person_id {_IS}",
    f"DELETE FROM staff WHERE person_id {_IS}",
)
_NOTHING_MORE = f"""UPDATE deliveries SET state = 'skipped', answer = '{ERASED.en}', owner = NULL,
    lease_until = NULL WHERE person_id {_IS} AND state IN ('queued', 'sending', 'merged', 'outbox')"""
_TOMBSTONE = f"""UPDATE people SET email = 'erased-' || id || '@' || CAST(:domain AS text), name = :name, zone = NULL,
    country = NULL, birth_year = NULL, verified_at = NULL, bounced_at = NULL, bounce_answer = NULL, erased_at = :at
    WHERE id {_IS}"""
