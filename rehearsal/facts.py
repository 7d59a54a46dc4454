"""Reading from the database what a rehearsal has led to."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from models.season import SelectionStage
from models.text import Text
from records.database import rows
from rehearsal.acts import Ledger
from rehearsal.findings import find
from rehearsal.hours import Hours, count
from rehearsal.recorder import Recorder
from rehearsal.report import Album, Bar, Day, Entries, Funnel, Notices, Report, Windows
from rehearsal.world import World


class Course(NamedTuple):
    """How a rehearsal went: begin and end on the stage's clock, seconds of ours, by part and by what they went to."""

    began: datetime
    ended: datetime
    wall: float
    phases: dict[str, float]
    spent: dict[str, float]
    advances: int


async def compile_report(world: World, ledger: Ledger, recorder: Recorder, course: Course) -> Report:
    """The report of a rehearsal that has ended."""
    async with world.database.transaction() as connection:
        figures = (await rows(connection, _FIGURES, season=world.season))[0]
        notices = (await rows(connection, _NOTICES, season=world.season, ended=course.ended))[0]
        hours = await count(connection, world)
        windows = (await rows(connection, _WINDOWS, season=world.season, ended=course.ended))[0]
        late = await accepted_late(connection, world.season)
        funnels = await _funnels(connection, world)
        album = await _album(connection, world, course, funnels, hours)
        findings = await find(connection, world, ledger, recorder, hours, course.ended)
        digest = await _digest(connection, world.season)
    total = Entries(**_added(funnels["area"]), refused_late=ledger.refused_late)
    return Report(
        season=world.season,
        seed=world.seed,
        simulated_days=round((course.ended - course.began).total_seconds() / 86_400, 1),
        wall_seconds=round(course.wall, 2),
        entries=total,
        windows=Windows(**windows, accepted_late=late, refused_early=ledger.refused_early),
        notices=Notices(
            **notices,
            duplicate=recorder.duplicates,
            mails=hours.mails,
            night=hours.night,
            day_off=hours.day_off,
            useless=hours.useless,
        ),
        **figures,
        findings=tuple(findings),
        phases=course.phases,
        digest=digest,
        spent=course.spent,
        acts=ledger.total,
        advances=course.advances,
        album=album,
    )


async def accepted_late(connection: AsyncConnection, season: str) -> int:
    """How many rows of a season were accepted outside of the window through which they came."""
    return sum([(await rows(connection, sql, season=season))[0]["n"] for sql in _ACCEPTED_LATE])


def _added(counts: list[dict[str, Any]]) -> dict[str, int]:
    return {key: sum(row[key] for row in counts) for key in _STEPS}


async def _funnels(connection: AsyncConnection, world: World) -> dict[str, list[dict[str, Any]]]:
    last = [stage.id for stage in world.file.stages if isinstance(stage, SelectionStage)][-1:]
    found = {}
    for column in ("area", "track"):
        sql = _FUNNEL.replace("{column}", column)
        found[column] = await rows(connection, sql, season=world.season, finals=last[0] if last else "")
    return found


async def _album(
    connection: AsyncConnection,
    world: World,
    course: Course,
    funnels: dict[str, list[dict[str, Any]]],
    hours: Hours,
) -> Album:
    file, pace = world.file, world.pace
    shown = await rows(
        connection,
        """SELECT id, area, stage, kind, opens_at, closes_at, state FROM windows
           WHERE season_id = :season AND opens_at < :ended ORDER BY opens_at, id""",
        season=world.season,
        ended=course.ended,
    )
    days = await rows(
        connection,
        """SELECT CAST((sent_at - CAST(:shift AS interval)) AT TIME ZONE :zone AS date) AS day, count(*) AS sent
           FROM deliveries WHERE season_id = :season AND state = 'sent' AND lead_campaign IS NULL GROUP BY 1 ORDER BY 1""",
        season=world.season,
        shift=pace.anchor_real - pace.anchor_nominal,
        zone=file.zone,
    )
    names: dict[str, dict[str, Text]] = {
        "area": {area.code: area.name for area in file.areas},
        "track": {track.code: track.name for track in file.tracks},
    }
    tables = {
        column: tuple(
            Funnel(code=row["code"], name=names[column][row["code"]], entries=Entries(**{k: row[k] for k in _STEPS}))
            for row in found
        )
        for column, found in funnels.items()
    }
    return Album(
        name=file.name,
        bars=tuple(
            Bar(
                id=w["id"], area=w["area"], stage=w["stage"], kind=w["kind"], state=w["state"],
                opens=pace.nominal(w["opens_at"]), closes=pace.nominal(w["closes_at"]),
            )
            for w in shown
        ),
        stages=tuple((stage.id, stage.name) for stage in file.stages),
        areas=tables["area"],
        tracks=tables["track"],
        days=tuple(Day(**day) for day in days),
        hours=tuple((urgency.value, counts) for urgency, counts in hours.by_hour.items()),
        began=pace.nominal(course.began),
        ended=pace.nominal(course.ended),
    )  # fmt: skip


async def _digest(connection: AsyncConnection, season: str) -> str:
    digest = hashlib.sha256()
    for sql in _DIGEST:
        summed = f"SELECT md5(string_agg(line, '\n' ORDER BY line)) AS sum FROM ({sql}) l"
        found = await rows(connection, summed, season=season)
        digest.update(f"{found[0]['sum']}\n".encode())
    return digest.hexdigest()


_STEPS = ("started", "submitted", "eligible", "reviewed", "defended", "finalists", "awarded")

_FUNNEL = """WITH judged AS (
    SELECT DISTINCT a.entry_id, w.kind FROM assignments a JOIN ballots b ON b.assignment_id = a.id
    JOIN windows w ON w.id = a.window_id WHERE a.season_id = :season
  )
  SELECT e.{column} AS code, count(*) AS started, count(e.submitted_at) AS submitted,
    count(*) FILTER (WHERE e.state IN ('eligible', 'selected', 'waiting', 'not_selected', 'removed', 'declined',
      'awarded', 'finished') OR r.entry_id IS NOT NULL) AS eligible,
    count(r.entry_id) AS reviewed, count(d.entry_id) AS defended,
    count(s.entry_id) AS finalists, count(a.entry_id) AS awarded
  FROM entries e
  LEFT JOIN judged r ON r.entry_id = e.id AND r.kind = 'review'
  LEFT JOIN judged d ON d.entry_id = e.id AND d.kind = 'defence'
  LEFT JOIN selections s ON s.entry_id = e.id AND s.stage = :finals AND s.season_id = e.season_id
    AND s.decision IN ('selected', 'wild_card', 'stepped_up')
  LEFT JOIN awards a ON a.entry_id = e.id
  WHERE e.season_id = :season GROUP BY 1 ORDER BY 1"""

_FIGURES = """SELECT
  (SELECT count(*) FROM ballots b JOIN assignments a ON a.id = b.assignment_id WHERE a.season_id = :season) AS ballots,
  (SELECT count(*) FROM matches WHERE season_id = :season) AS matches,
  (SELECT count(*) FROM matches WHERE season_id = :season AND answered_at IS NOT NULL AND state <> 'declined')
    AS negotiations,
  (SELECT count(*) FROM matches WHERE season_id = :season AND state = 'landed') AS landings,
  (SELECT count(*) FROM follow_ups WHERE season_id = :season) AS follow_ups"""

_NOTICES = """SELECT count(*) AS planned, count(*) FILTER (WHERE state = 'sent') AS sent,
  count(*) FILTER (WHERE state IN ('queued', 'sending', 'merged', 'failed')
    AND coalesce(not_before, queued_at) < CAST(:ended AS timestamptz)) AS lost
  FROM deliveries WHERE season_id = :season"""

_WINDOWS = """SELECT count(*) AS total, count(*) FILTER (WHERE state = 'closed') AS closed
  FROM windows WHERE season_id = :season AND closes_at < :ended AND state <> 'cancelled'"""

_LATE = """SELECT count(*) AS n FROM {rows} JOIN windows w ON w.id = {window}
  WHERE w.season_id = :season AND ({instant} >= w.closes_at OR {instant} < w.opens_at)"""

# Every table that is written through a window: the row's accepting instant against the close that held in the end.
_ACCEPTED_LATE = (
    _LATE.format(rows="entries t", window="t.window_id", instant="t.submitted_at"),
    _LATE.format(
        rows="assignments t JOIN ballots b ON b.assignment_id = t.id", window="t.window_id", instant="b.cast_at"
    ),
    _LATE.format(rows="objections t", window="t.window_id", instant="t.filed_at"),
    _LATE.format(rows="follow_ups t", window="t.window_id", instant="t.answered_at"),
    _LATE.format(rows="invitations t", window="t.window_id", instant="t.answered_at")
    + " AND t.state IN ('accepted', 'declined')",
    _LATE.format(rows="matches t", window="t.season_id || '/match/' || t.id || '/answer'", instant="t.answered_at"),
    """SELECT count(*) AS n FROM recommendations r JOIN entries e ON e.id = r.entry_id WHERE e.season_id = :season
         AND NOT EXISTS (SELECT 1 FROM windows w WHERE w.season_id = :season AND w.kind = 'registration'
           AND w.area = e.area AND w.opens_at <= r.at AND r.at < w.closes_at)""",
    """SELECT count(*) AS n FROM channel_lists l JOIN windows w ON w.id = l.window_id WHERE w.season_id = :season
         AND l.signed_by <> 'rule' AND (l.signed_at < w.opens_at OR l.signed_at >= w.closes_at)""",
    """SELECT count(*) AS n FROM needs n WHERE n.season_id = :season
         AND EXISTS (SELECT 1 FROM windows w WHERE w.season_id = :season AND w.kind = 'needs')
         AND NOT EXISTS (SELECT 1 FROM windows w WHERE w.season_id = :season AND w.kind = 'needs'
           AND w.opens_at <= n.filed_at AND n.filed_at < w.closes_at)""",
)

_DIGEST = (
    "SELECT concat_ws('|', number, state, division, alive) AS line FROM entries WHERE season_id = :season",
    """SELECT concat_ws('|', a.stage, e.number, p.email, b.total) AS line FROM assignments a
       JOIN ballots b ON b.assignment_id = a.id JOIN entries e ON e.id = a.entry_id
       JOIN judges j ON j.id = a.judge_id JOIN people p ON p.id = j.person_id WHERE a.season_id = :season""",
    """SELECT concat_ws('|', t.stage, e.number, t.score, t.rank) AS line FROM tallies t
       JOIN entries e ON e.id = t.entry_id WHERE t.season_id = :season""",
    """SELECT concat_ws('|', s.stage, e.number, s.decision, s.rank) AS line FROM selections s
       JOIN entries e ON e.id = s.entry_id WHERE s.season_id = :season""",
    """SELECT concat_ws('|', e.number, a.prize, a.rank) AS line FROM awards a
       JOIN entries e ON e.id = a.entry_id WHERE a.season_id = :season""",
    """SELECT concat_ws('|', e.number, n.title, m.round, m.state, m.outcome) AS line FROM matches m
       JOIN entries e ON e.id = m.entry_id JOIN needs n ON n.id = m.need_id WHERE m.season_id = :season""",
    """SELECT concat_ws('|', e.number, n.title, f.kind, f.ordinal, f.state) AS line FROM follow_ups f
       JOIN matches m ON m.id = f.match_id JOIN entries e ON e.id = m.entry_id JOIN needs n ON n.id = m.need_id
       WHERE f.season_id = :season""",
    """SELECT concat_ws('|', c.template, d.state, count(*)) AS line FROM deliveries d
       JOIN campaigns c ON c.id = d.campaign_id WHERE d.season_id = :season GROUP BY c.template, d.state""",
)
