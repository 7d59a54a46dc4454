"""The life of an entry: everything that happened to it, in order, and what is next for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from models.season import AwardsStage, SelectionStage
from models.states import EntryState
from models.views import Coming, EntryView, Event, Life
from records.database import CLOCK, Database, rows
from records.reading.coming import turns
from records.reading.entries import find
from records.reading.windows import BESIDE, of_season
from records.seasons import LiveSeason, live

_STILL = (EntryState.DRAFT, EntryState.AWARDED, EntryState.SELECTED, EntryState.WAITING)
_AHEAD = 10
"""Things that are next, at the most."""
_FULLER = ("tally.", "slot.", "award.", "match.", "follow_up.", "entry.recommended")
"""Events of which the rows know more than the log: names, scores, stages."""

_LOG = """SELECT l.at, l.actor, l.event, l.window_id AS window, l.reason, l.rule, l.data, w.stage, w.closes_at
  FROM log l LEFT JOIN windows w ON w.id = l.window_id
  WHERE l.season_id = :season AND l.event NOT IN ('notice.bounced', 'notice.delayed') AND (l.entry_id = :entry
    OR (l.entry_id IS NULL AND l.at >= :from AND (l.event IN ('season.paused', 'season.resumed', 'season.cancelled')
      OR (l.event LIKE 'window.%' AND w.subject IS NULL AND w.kind <> 'needs'
        AND (w.area IS NULL OR w.area = :area))))
    OR (l.entry_id IS NULL AND l.event IN ('person.address_bounced', 'person.address_corrected')
      AND l.person_id = (SELECT applicant_id FROM entries WHERE id = :entry)))
  ORDER BY l.id"""
_ASSIGNED = """SELECT a.stage, min(a.assigned_at) AS at, count(*) AS count FROM assignments a
  WHERE a.entry_id = :entry AND a.state IN ('active', 'done') GROUP BY a.stage"""
_BALLOTS = """SELECT a.stage, max(b.cast_at) AS at, count(*) AS count FROM assignments a
  JOIN ballots b ON b.assignment_id = a.id WHERE a.entry_id = :entry GROUP BY a.stage"""
_TALLIES = "SELECT stage, at, ballots AS count, score, rank, division FROM tallies WHERE entry_id = :entry"
_SLOTS = """SELECT s.stage, x.starts_at AS at, x.state, x.position, s.format FROM slots x
  JOIN sessions s ON s.id = x.session_id WHERE x.entry_id = :entry"""
_SELECTIONS = "SELECT stage, at, decision, division, rank, reason FROM selections WHERE entry_id = :entry"
_OBJECTIONS = """SELECT o.window_id AS window, o.filed_at, o.decided_at, o.decided_by, o.state, o.reason
  FROM objections o WHERE o.entry_id = :entry"""
_INVITED = """SELECT i.window_id AS window, w.stage, i.invited_at, i.answered_at, i.state, w.closes_at
  FROM invitations i JOIN windows w ON w.id = i.window_id WHERE i.entry_id = :entry"""
_AWARDS = "SELECT at, prize, division, rank FROM awards WHERE entry_id = :entry"
_MATCHES = """SELECT m.id, m.proposed_at, m.answered_at, m.ended_at, m.state, m.score, m.outcome, p.name AS place
  FROM matches m JOIN needs n ON n.id = m.need_id JOIN places p ON p.id = n.place_id WHERE m.entry_id = :entry"""
_FOLLOWED = """SELECT f.kind, f.ordinal, f.state, f.answered_at, w.id AS window, w.opens_at, w.closes_at,
    p.name AS place
  FROM follow_ups f JOIN matches m ON m.id = f.match_id JOIN windows w ON w.id = f.window_id
  JOIN needs n ON n.id = m.need_id JOIN places p ON p.id = n.place_id WHERE m.entry_id = :entry"""
_RECOMMENDED = """SELECT c.code AS by, r.act, r.at,
    r.taken_back_at IS NULL AND e.channel_id = r.channel_id AS counts
  FROM recommendations r JOIN channels c ON c.id = r.channel_id JOIN entries e ON e.id = r.entry_id
  WHERE r.entry_id = :entry"""
_NOTICES = """SELECT c.template AS notice, d.state, d.queued_at, d.sent_at, d.answer, d.window_id AS window,
    d.possibly_twice, d.bounced_at, p.email AS to_address
  FROM deliveries d JOIN campaigns c ON c.id = d.campaign_id JOIN people p ON p.id = d.person_id
  WHERE d.season_id = :season AND (d.entry_id = :entry
    OR (d.entry_id IS NULL AND d.person_id = (SELECT applicant_id FROM entries WHERE id = :entry)
      AND NOT EXISTS (SELECT 1 FROM judges j WHERE j.season_id = :season AND j.person_id = d.person_id)))"""


async def explain(database: Database, ref: str, season: str | None = None) -> Life:
    """The life of the entry with this number or id. Raises NotFound, BadInput."""
    async with database.statement() as connection:
        entry = await find(connection, ref, season)
        found = await live(connection, entry.season)
        now: datetime = (await rows(connection, f"SELECT {CLOCK} AS now"))[0]["now"]
        logged = await _logged(connection, entry)
        facts: list[Event] = []
        for sql, told in _FACTS:
            bound = {"entry": entry.id, "season": entry.season} if ":season" in sql else {"entry": entry.id}
            facts += [e for row in await rows(connection, sql, **bound) for e in told(found, row)]
        events = _told_once(logged, facts)
        coming = await _coming(connection, found, entry, now)
    past = sorted((e for e in events if e.at <= now), key=lambda e: e.at)
    return Life(now=now, season_zone=found.file.zone, entry=entry, events=tuple(past), coming=coming)


def _told_once(logged: list[Event], facts: list[Event]) -> list[Event]:
    """Log and rows together. Where a row tells more than its line, the row is told, with the line's rule and reason."""
    better = {e.event for e in facts if e.event.startswith(_FULLER)}
    known = {(e.event, e.data.get("stage")) for e in logged}
    events = [e for e in logged if e.event not in better]
    for fact in facts:
        if fact.event in better:
            same = [e for e in logged if e.event == fact.event]
            line = min(same, key=lambda e: abs(e.at - fact.at), default=None)
            if line is not None:
                kept = {"actor": line.actor, "rule": line.rule or fact.rule, "reason": line.reason or fact.reason}
                fact = fact.model_copy(update=kept)
            events.append(fact)
        elif (fact.event, fact.data.get("stage")) not in known and (fact.event, None) not in known:
            events.append(fact)
    return events


async def _logged(connection: AsyncConnection, entry: EntryView) -> list[Event]:
    """The log's lines on the entry, and those on its windows while it took part."""
    found = await rows(
        connection,
        _LOG,
        **{"season": entry.season, "entry": entry.id, "area": entry.area, "from": entry.created_at},
    )
    own = [n for n, row in enumerate(found) if not row["event"].startswith(("window.", "season."))]
    last = len(found) if entry.alive or entry.state in _STILL or not own else own[-1] + 1
    events = []
    for row in found[:last]:
        data = dict(row["data"])
        if row["stage"] and "stage" not in data:
            data["stage"] = row["stage"]
        if row["event"] == "entry.refused_late" and row["closes_at"]:
            data.setdefault("closes_at", row["closes_at"])
        events.append(
            Event(
                at=row["at"], event=row["event"], actor=row["actor"], window=row["window"], reason=row["reason"],
                rule=row["rule"], data=data,
            )
        )  # fmt: skip
    return events


Told = Callable[[LiveSeason, dict[str, Any]], list[Event]]


def _recommended(_season: LiveSeason, row: dict[str, Any]) -> list[Event]:
    data = {key: row[key] for key in ("by", "act", "counts")}
    return [Event(at=row["at"], event="entry.recommended", actor=f"channel/{row['by']}", data=data)]


def _assigned(_season: LiveSeason, row: dict[str, Any]) -> list[Event]:
    return [Event(at=row["at"], event="assignment.made", data={"stage": row["stage"], "count": row["count"]})]


def _ballots(_season: LiveSeason, row: dict[str, Any]) -> list[Event]:
    data = {"stage": row["stage"], "count": row["count"]}
    return [Event(at=row["at"], event="ballots.in", actor="judges", data=data)]


def _tally(season: LiveSeason, row: dict[str, Any]) -> list[Event]:
    stage = next((s for s in season.file.stages if s.id == row["stage"]), None)
    data = {key: row[key] for key in ("stage", "count", "rank", "division")}
    if row["score"] is not None:
        data["score"] = str(row["score"])
    return [Event(at=row["at"], event="tally.made", rule=getattr(stage, "score_rule", None), data=data)]


def _slot(_season: LiveSeason, row: dict[str, Any]) -> list[Event]:
    if row["state"] not in ("held", "no_show"):
        return []
    return [Event(at=row["at"], event=f"slot.{row['state']}", data={"stage": row["stage"]})]


def _selection(season: LiveSeason, row: dict[str, Any]) -> list[Event]:
    stage = next((s for s in season.file.stages if s.id == row["stage"]), None)
    data = {key: row[key] for key in ("stage", "division", "rank")}
    if isinstance(stage, SelectionStage):
        data["quota"] = stage.quota_of(row["division"])
    return [Event(at=row["at"], event=f"selection.{row['decision']}", reason=row["reason"], data=data)]


def _objection(_season: LiveSeason, row: dict[str, Any]) -> list[Event]:
    events = [Event(at=row["filed_at"], event="objection.filed", actor="objector", window=row["window"])]
    if row["decided_at"]:
        events.append(
            Event(
                at=row["decided_at"], event=f"objection.{row['state']}", actor=row["decided_by"] or "system",
                window=row["window"], reason=row["reason"],
            )
        )  # fmt: skip
    return events


def _invitation(_season: LiveSeason, row: dict[str, Any]) -> list[Event]:
    data = {"stage": row["stage"], "until": row["closes_at"]}
    events = [Event(at=row["invited_at"], event="invitation.sent", window=row["window"], data=data)]
    if row["state"] != "invited":
        answered = row["state"] in ("accepted", "declined")
        events.append(
            Event(
                at=row["answered_at"] or row["closes_at"], event=f"invitation.{row['state']}",
                actor="applicant" if answered else "system", window=row["window"], data={"stage": row["stage"]},
            )
        )  # fmt: skip
    return events


def _award(season: LiveSeason, row: dict[str, Any]) -> list[Event]:
    prizes = {p.code: p.name for s in season.file.stages if isinstance(s, AwardsStage) for p in s.prizes}
    name = prizes.get(row["prize"])
    data = {"prize": name.model_dump() if name else row["prize"], "division": row["division"], "rank": row["rank"]}
    return [Event(at=row["at"], event="award.given", data=data)]


def _match(_season: LiveSeason, row: dict[str, Any]) -> list[Event]:
    data = {"place": row["place"], "score": str(row["score"]), "match": row["id"]}
    events = [Event(at=row["proposed_at"], event="match.proposed", data=data)]
    if row["answered_at"]:
        events.append(Event(at=row["answered_at"], event="match.answered", actor="place", data={"place": row["place"]}))
    if row["ended_at"]:
        ended = {"place": row["place"], "outcome": row["outcome"]}
        events.append(Event(at=row["ended_at"], event=f"match.{row['state']}", data=ended))
    return events


def _follow_up(_season: LiveSeason, row: dict[str, Any]) -> list[Event]:
    data = {"place": row["place"], "until": row["closes_at"]}
    events = [Event(at=row["opens_at"], event="follow_up.due", window=row["window"], data=data)]
    if row["state"] in ("answered", "missed"):
        at = row["answered_at"] or row["closes_at"]
        events.append(
            Event(at=at, event=f"follow_up.{row['state']}", window=row["window"], data={"place": row["place"]})
        )
    return events


def _notice(_season: LiveSeason, row: dict[str, Any]) -> list[Event]:
    state = "queued" if row["state"] in ("sending", "merged", "outbox") else row["state"]
    data = {"notice": row["notice"], "to": row["to_address"], "answer": row["answer"]}
    if row["possibly_twice"]:
        data["possibly_twice"] = True
    if row["bounced_at"]:
        return [Event(at=row["bounced_at"], event="notice.came_back", window=row["window"], data=data)]
    return [Event(at=row["sent_at"] or row["queued_at"], event=f"notice.{state}", window=row["window"], data=data)]


_FACTS: tuple[tuple[str, Told], ...] = (
    (_RECOMMENDED, _recommended),
    (_ASSIGNED, _assigned),
    (_BALLOTS, _ballots),
    (_TALLIES, _tally),
    (_SLOTS, _slot),
    (_SELECTIONS, _selection),
    (_OBJECTIONS, _objection),
    (_INVITED, _invitation),
    (_AWARDS, _award),
    (_MATCHES, _match),
    (_FOLLOWED, _follow_up),
    (_NOTICES, _notice),
)


async def _coming(
    connection: AsyncConnection, season: LiveSeason, entry: EntryView, now: datetime
) -> tuple[Coming, ...]:
    """The windows and sessions that still concern the entry."""
    if season.state != "running":
        return ()
    every = await of_season(connection, season)
    matches = {f"match/{row['id']}" for row in await rows(connection, _MATCHES, entry=entry.id)}
    coming: list[Coming] = []
    for window in every:
        if window.subject is None:
            concerned = entry.alive or entry.state in _STILL
            if entry.state == EntryState.DRAFT:
                concerned = window.kind == "registration"
            elif window.kind in BESIDE:
                concerned = window.kind == "event" and entry.state in (EntryState.SELECTED, EntryState.AWARDED)
            if not concerned or window.area not in (None, entry.area):
                continue
        elif not any(window.subject == m or window.subject.startswith(f"{m}/") for m in matches):
            continue
        coming += turns(window, now)
    for row in await rows(connection, _SLOTS, entry=entry.id):
        if row["at"] > now and row["state"] == "scheduled":
            stage = next((s for s in season.file.stages if s.id == row["stage"]), None)
            coming.append(
                Coming(at=row["at"], what="defends", stage=row["stage"], stage_name=stage.name if stage else None)
            )
    return tuple(sorted(coming, key=lambda c: c.at)[:_AHEAD])
