"""Who wants which routine notices: opting out, and in again, for each person and season.

Only reminders and announcements can be left out (`rules.urgency`): changes, decisions, invitations and what a person
asked for are always sent. The claim of a delivery looks here, so that an opt-out counts for what is queued already.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from models.errors import BadInput, NotFound
from notices.context import FIELDS
from records import log
from records.database import CLOCK, Database, rows, run
from records.privacy.erasure import seasons_of
from rules.urgency import Urgency, urgency_of

ALL = "*"
"""Every routine notice of a season."""
KINDS = tuple(name for name in FIELDS if urgency_of(name) is Urgency.ROUTINE)
"""What can be opted out of one by one: templates."""

_APPLICANT = (
    "draft_reminder", "channel_nudge", "confirm_reminder", "public_notice", "match_reminder", "negotiation_follow_up",
    "follow_up_due", "follow_up_reminder",
)  # fmt: skip
_FOR = {
    "applicant": _APPLICANT,
    "channel": ("registration_open", "endorsement_reminder", "channel_reminder", "public_notice"),
    "judge": ("ballot_reminder", "public_notice"),
    "place": (
        "need_open", "need_reminder", "match_reminder", "negotiation_follow_up", "follow_up_due", "follow_up_reminder",
    ),
}  # fmt: skip
"""Which kinds a role is usually sent; what is not named here may come to everybody."""
_ROLES = """SELECT 'applicant' AS role FROM entries WHERE season_id = :season AND applicant_id = :person
  UNION SELECT 'channel' FROM channels WHERE season_id = :season AND contact_id = :person
  UNION SELECT 'judge' FROM judges WHERE season_id = :season AND person_id = :person
  UNION SELECT 'place' FROM places WHERE season_id = :season AND contact_id = :person"""


class Subscription(NamedTuple):
    """What a person opted out of in a season, by kind, and since when."""

    season: str
    out: dict[str, datetime]

    def is_out(self, kind: str) -> bool:
        """Whether notices of this kind are left out."""
        return ALL in self.out or kind in self.out


async def of_person(database: Database, person: int, season: str | None = None) -> list[Subscription]:
    """A person's opt-outs in each season that the person has to do with, or in one. Raises NotFound."""
    async with database.statement() as connection:
        known = await rows(connection, "SELECT 1 FROM people WHERE id = :person AND erased_at IS NULL", person=person)
        if not known:
            raise NotFound("subscription.person", f"There is no person {person}.", "`season privacy export` tells it.")
        if season is not None and not await rows(connection, "SELECT 1 FROM seasons WHERE id = :season", season=season):
            raise NotFound("season.unknown", f"There is no season '{season}'.", "`season list` shows the seasons.")
        told = await rows(connection, "SELECT DISTINCT season_id FROM deliveries WHERE person_id = :p", p=person)
        found = await rows(
            connection, "SELECT season_id, kind, at FROM opt_outs WHERE person_id = :p ORDER BY kind", p=person
        )
        seasons = {*await seasons_of(connection, person), *(row["season_id"] for row in (*told, *found))}
    wanted = sorted(seasons) if season is None else [season]
    return [Subscription(one, {r["kind"]: r["at"] for r in found if r["season_id"] == one}) for one in wanted]


async def kinds_for(database: Database, season: str, person: int) -> tuple[str, ...]:
    """The kinds that a person may be sent in a season, by what the person is there; all for who is nothing yet."""
    found = await database.at_once(_ROLES, season=season, person=person)
    if not found:
        return KINDS
    theirs = {kind for row in found for kind in _FOR[row["role"]]}
    named = {kind for kinds in _FOR.values() for kind in kinds}
    return tuple(kind for kind in KINDS if kind in theirs or kind not in named)


async def opt_out(database: Database, season: str, person: int, kind: str = ALL, *, by: str) -> bool:
    """Leave out notices of this kind from now on; whether that is news. Harmless when repeated.

    Raises BadInput for a kind that is always sent, NotFound.
    """
    _known(kind)
    return await _change(database, season, person, kind, by, out=True)


async def opt_in(database: Database, season: str, person: int, kind: str = ALL, *, by: str) -> bool:
    """Send them again; whether that is news. ALL takes back every opt-out of the season."""
    _known(kind)
    return await _change(database, season, person, kind, by, out=False)


_OUT = f"""INSERT INTO opt_outs (season_id, person_id, kind, at, by)
  SELECT s.id, p.id, :kind, {CLOCK}, :by FROM seasons s, people p
  WHERE s.id = :season AND p.id = :person AND p.erased_at IS NULL ON CONFLICT DO NOTHING RETURNING kind"""
_IN = """DELETE FROM opt_outs WHERE season_id = :season AND person_id = :person AND (kind = :kind OR :kind = '*')
  RETURNING kind"""


async def _change(database: Database, season: str, person: int, kind: str, by: str, *, out: bool) -> bool:
    async with database.transaction() as connection:
        there = await rows(
            connection,
            "SELECT 1 FROM seasons s, people p WHERE s.id = :season AND p.id = :person AND p.erased_at IS NULL",
            season=season,
            person=person,
        )
        if not there:
            raise NotFound("subscription.unknown", f"There is no person {person} in season '{season}'.")
        if out:
            changed = await rows(connection, _OUT, season=season, person=person, kind=kind, by=by)
        else:
            changed = [{}] * await run(connection, _IN, season=season, person=person, kind=kind)
        if changed:
            event = "notices.unsubscribed" if out else "notices.subscribed"
            actor = by if "/" in by or by == "ops" else f"person/{person}"
            line = log.Line(event, actor=actor, person_id=person, data={"kind": kind, "by": by})
            await log.write(connection, season, [line])
    return bool(changed)


async def replace(database: Database, season: str, person: int, kinds: set[str], *, by: str) -> None:
    """Opt out of exactly these kinds. Raises BadInput, NotFound."""
    for kind in kinds:
        _known(kind)
    (now,) = await of_person(database, person, season)
    for kind in sorted(now.out.keys() - kinds - {ALL}):
        await opt_in(database, season, person, kind, by=by)
    if ALL in now.out and ALL not in kinds:
        await _change(database, season, person, ALL, by, out=False)
    for kind in sorted(kinds):
        await opt_out(database, season, person, kind, by=by)


def _known(kind: str) -> None:
    if kind != ALL and kind not in KINDS:
        raise BadInput(
            "subscription.kind", f"kind: '{kind}' is no kind of notice that can be left out.",
            f"Kinds are {', '.join(KINDS)}, and * for all of them.",
        )  # fmt: skip
