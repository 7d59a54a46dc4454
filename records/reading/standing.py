"""What an applicant may see of an entry: nothing of a result before it is told, never judges, scores or ranks.

A result is told by a notice to the applicant, or by the stage after it: once that has opened, everybody can see who
takes part in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from models.states import EntryState
from models.views import Coming, Event, WindowView
from records.database import Database, rows
from records.reading.coming import turns
from records.reading.life import explain
from records.reading.windows import BESIDE, of_season
from records.seasons import LiveSeason, live

MOST = 6
"""Things that are next, at the most."""

_RESULTS = (
    EntryState.SELECTED, EntryState.WAITING, EntryState.NOT_SELECTED, EntryState.REMOVED, EntryState.AWARDED,
    EntryState.FINISHED,
)  # fmt: skip
_OVER = (
    EntryState.LAPSED, EntryState.WITHDRAWN, EntryState.INELIGIBLE, EntryState.NOT_SELECTED, EntryState.REMOVED,
    EntryState.DECLINED,
)  # fmt: skip
_TELL_SELECTIONS = ("selection_result", "stepped_up", "removed", "defence_invitation", "confirm_attendance")
_AS_STATE = {
    "selected": EntryState.SELECTED, "wild_card": EntryState.SELECTED, "stepped_up": EntryState.SELECTED,
    "waiting": EntryState.WAITING, "not_selected": EntryState.NOT_SELECTED, "removed": EntryState.REMOVED,
    "declined": EntryState.DECLINED,
}  # fmt: skip

# Event by event, with what of it is shown beside its stage; whatever is not named here stays inside.
_ALWAYS: dict[str, tuple[str, ...]] = {
    "entry.drafted": ("number",), "entry.changed": (), "entry.submitted": ("number",),
    "entry.refused_late": ("number", "closes_at"), "entry.grace_given": ("number", "until", "reason"),
    "entry.returned": ("number", "until", "reason"), "entry.answered": (), "entry.correction_missed": (),
    "entry.withdrawn": ("reason",), "entry.lapsed": (), "entry.recommended": ("by",),
    "entry.grace_moved": ("number", "until"), "entry.correction_moved": ("number", "until"), "entry.revived": (),
    "entry.recommendation_taken_back": ("by",), "entry.nudged": ("by",),
    "document.added": ("kind",), "document.removed": ("kind",),
    "invitation.sent": ("until",), "invitation.accepted": (), "invitation.declined": (), "invitation.lapsed": (),
    "slot.held": (), "slot.no_show": (),
    "season.paused": (), "season.resumed": (), "season.cancelled": (),
    "match.answered": ("place",), "match.landed": ("place",), "match.failed": ("place",),
    "match.declined": ("place",), "match.expired": ("place",),
    "follow_up.due": ("place", "until"), "follow_up.answered": ("place",), "follow_up.missed": ("place",),
}  # fmt: skip
_SCREENED: dict[str, tuple[str, ...]] = {
    "entry.eligible": (), "entry.ineligible": ("findings",), "entry.decided": ("reason",),
}  # fmt: skip
_WINDOWS: dict[str, tuple[str, ...]] = {
    "window.opened": ("closes_at",), "window.closed": ("closes_at",), "window.closed_early": ("closes_at",),
    "window.extended": ("old", "new"), "window.reopened": ("closes_at",), "window.paused": (),
    "window.resumed": ("closes_at",), "window.cancelled": (),
}  # fmt: skip


@dataclass(frozen=True)
class OwnNotice:
    """A notice to whoever looks. `state` is `queued`, `sent`, `failed` or `skipped`."""

    template: str
    state: str
    at: datetime


@dataclass(frozen=True)
class Standing:
    """Where an entry stands, as far as its applicant may know. `coming` is what is next for it, in order."""

    now: datetime
    state: str
    area_zone: str
    events: tuple[Event, ...]
    coming: tuple[Coming, ...]
    notices: tuple[OwnNotice, ...]


@dataclass(frozen=True)
class Told:
    """What the outside knows of an entry: the templates that were sent about the entry, and the selections that are public."""

    templates: frozenset[str]
    screened: bool
    selections: dict[str, str]
    """By stage, in the order of the season: the state that each public selection meant."""


async def standing(database: Database, season: str, number: str, person: int) -> Standing:
    """Where the entry with this number stands, for this person of its team. Raises NotFound."""
    life = await explain(database, number, season)
    entry = life.entry
    async with database.statement() as connection:
        found = await live(connection, season)
        windows = [w for w in await of_season(connection, found) if w.area in (None, entry.area)]
        told = (await told_of(connection, found, windows, {entry.id: entry.area}))[entry.id]
        state = shown(entry.state, told)
        slots = await rows(connection, _SLOTS, entry=entry.id)
        notices = await rows(connection, _NOTICES, season=season, entry=entry.id, person=person)
    events = [e for event in life.events if (e := _event(event, told, windows)) is not None]
    coming = _coming(found, windows, state, slots, life.now) if found.state == "running" else ()
    return Standing(life.now, state, entry.area_zone, tuple(events), coming, tuple(OwnNotice(**row) for row in notices))


_SLOTS = """SELECT s.stage, x.starts_at AS at FROM slots x JOIN sessions s ON s.id = x.session_id
  WHERE x.entry_id = :entry AND x.state = 'scheduled' ORDER BY x.starts_at"""
# Without an entry: what concerns everybody in a season or a window. Whoever judges there too sees no task of theirs.
_NOTICES = r"""SELECT c.template, CASE WHEN d.state IN ('sending', 'merged') THEN 'queued' ELSE d.state END AS state,
    coalesce(d.sent_at, d.queued_at) AS at
  FROM deliveries d JOIN campaigns c ON c.id = d.campaign_id
  WHERE d.season_id = :season AND d.person_id = :person AND d.state <> 'outbox' AND (d.entry_id = :entry OR (d.entry_id IS NULL
    AND (c.template LIKE 'window\_%' OR c.template LIKE 'season\_%' OR c.template LIKE 'registration\_%')))
  ORDER BY coalesce(d.sent_at, d.queued_at) DESC, c.template"""
_DELIVERED = """SELECT d.entry_id, c.template, max(d.queued_at) AS last
  FROM deliveries d JOIN campaigns c ON c.id = d.campaign_id
  WHERE d.entry_id = ANY(CAST(:entries AS bigint[])) AND d.state NOT IN ('skipped', 'outbox') GROUP BY d.entry_id, c.template"""
_SELECTIONS = (
    """SELECT entry_id, stage, decision, at FROM selections WHERE entry_id = ANY(CAST(:entries AS bigint[]))"""
)


async def told_of(
    connection: AsyncConnection, season: LiveSeason, windows: Sequence[WindowView], areas: Mapping[int, str]
) -> dict[int, Told]:
    """What the outside knows of each of these entries. `windows` are the season's, `areas` the entries' own by id."""
    wanted = sorted(areas)
    delivered: dict[int, dict[str, datetime]] = {entry: {} for entry in wanted}
    for row in await rows(connection, _DELIVERED, entries=wanted):
        delivered[row["entry_id"]][row["template"]] = row["last"]
    made: dict[int, list[dict[str, Any]]] = {entry: [] for entry in wanted}
    for row in await rows(connection, _SELECTIONS, entries=wanted):
        made[row["entry_id"]].append(row)
    stages = [w for w in windows if w.subject is None]
    return {
        entry: _told(season, [w for w in stages if w.area in (None, area)], delivered[entry], made[entry])
        for entry, area in areas.items()
    }


def _told(
    season: LiveSeason,
    windows: Sequence[WindowView],
    delivered: Mapping[str, datetime],
    made: Sequence[dict[str, Any]],
) -> Told:
    ordinals = {stage.id: n for n, stage in enumerate(season.file.stages)}
    opened = [w.ordinal for w in windows if w.kind not in BESIDE and w.opened_at]
    public: dict[str, str] = {}
    for row in sorted(made, key=lambda r: ordinals.get(r["stage"], 0)):
        later = any(n > ordinals.get(row["stage"], 0) for n in opened)
        if later or any(t in delivered and delivered[t] >= row["at"] for t in _TELL_SELECTIONS):
            public[row["stage"]] = _AS_STATE.get(row["decision"], EntryState.ELIGIBLE)
    screened = any(w.kind == "screening" and w.state == "closed" for w in windows)
    return Told(frozenset(delivered), screened or "screening_result" in delivered, public)


def shown(state: str, told: Told) -> str:
    """An entry's state as its applicant may know it."""
    if state in (EntryState.ELIGIBLE, EntryState.INELIGIBLE):
        return state if told.screened else EntryState.UNDECIDED
    if state not in _RESULTS or (
        state in (EntryState.AWARDED, EntryState.FINISHED) and "award_result" in told.templates
    ):
        return state
    return next(reversed(told.selections.values()), EntryState.ELIGIBLE)


def _event(event: Event, told: Told, windows: Sequence[WindowView]) -> Event | None:
    """The event with what is shown of it; None for what is not."""
    keys = _ALWAYS.get(event.event)
    if keys is None and event.event in _SCREENED and told.screened:
        keys = _SCREENED[event.event]
    if (
        keys is None
        and event.event in _WINDOWS
        and any(w.id == event.window for w in windows if w.kind == "registration")
    ):
        keys = _WINDOWS[event.event]
    if keys is None and event.event.startswith("selection.") and event.data.get("stage") in told.selections:
        keys = ()
    if keys is None and event.event == "award.given" and "award_result" in told.templates:
        keys = ("prize",)
    if keys is None and event.event == "match.proposed" and "match_proposed_applicant" in told.templates:
        keys = ("place",)
    if keys is None:
        return None
    kept: dict[str, Any] = {k: v for k, v in event.data.items() if k in keys or k == "stage"}
    return event.model_copy(
        update={"data": kept, "reason": event.reason if "reason" in keys else None, "rule": None, "actor": "system"}
    )


def _coming(
    season: LiveSeason, windows: Sequence[WindowView], state: str, slots: list[dict[str, Any]], now: datetime
) -> tuple[Coming, ...]:
    """What is next: told from what is shown of the entry, so that it gives nothing away either."""
    if state in _OVER:
        return ()
    if state == EntryState.DRAFT:
        kinds = {"registration"}
    else:
        kinds = {"registration", "screening", "review", "defence", "public_notice", "confirmation"}
        if state in (EntryState.SELECTED, EntryState.AWARDED):
            kinds.add("event")
    coming = [c for w in windows if w.subject is None and w.kind in kinds for c in turns(w, now)]
    names = {stage.id: stage.name for stage in season.file.stages}
    coming += [
        Coming(at=row["at"], what="defends", stage=row["stage"], stage_name=names.get(row["stage"]))
        for row in slots
        if row["at"] > now
    ]
    return tuple(sorted(coming, key=lambda c: (c.at, c.what))[:MOST])
