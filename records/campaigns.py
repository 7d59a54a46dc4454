"""Campaigns and deliveries: who is to be told what, claimed in small groups, marked one by one.

Who is due is decided when a campaign is planned, which is when it is sent: from facts, so that nobody who has done
it is reminded. Planning twice is harmless: a delivery is unique on (campaign, person, subject).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from models.timeline import Pace
from records import outbox
from records.database import CLOCK, Database, clock_of, rows, run
from records.holding import held
from records.postponing import put_off
from records.seasons import file_of
from rules.urgency import Urgency, urgency_of

_ENTRIES = "FROM entries e JOIN people p ON p.id = e.applicant_id WHERE e.season_id = :season AND (CAST(:area AS text) IS NULL OR e.area = :area)"
_ENTRY = "SELECT p.id AS person_id, 'entry/' || e.id AS subject, e.id AS entry_id, p.language, '{}'::jsonb AS data"
_PERSON = "SELECT DISTINCT p.id AS person_id, '' AS subject, NULL::bigint AS entry_id, p.language, '{}'::jsonb AS data"
_JUDGES = """SELECT p.id AS person_id, '' AS subject, NULL::bigint AS entry_id, p.language,
    jsonb_build_object('count', count(*)) AS data
  FROM assignments a JOIN judges j ON j.id = a.judge_id JOIN people p ON p.id = j.person_id
  WHERE a.window_id = :window AND a.state IN ({states}) GROUP BY p.id"""

# To whom it is taken when those who were reminded still have not done it. Nothing undone, nobody told.
_STAFF = """SELECT p.id AS person_id, '' AS subject, NULL::bigint AS entry_id, p.language,
    jsonb_build_object('count', u.undone) AS data
  FROM windows w CROSS JOIN LATERAL (SELECT
      (SELECT count(*) FROM assignments a WHERE a.window_id = w.id AND a.state = 'active')
      + (SELECT count(*) FROM invitations i WHERE i.window_id = w.id AND i.state = 'invited')
      + (SELECT count(*) FROM objections o WHERE o.window_id = w.id AND o.state = 'open')
      + (SELECT count(*) FROM entries e WHERE w.kind = 'screening' AND e.season_id = w.season_id
          AND e.state = 'undecided' AND (w.area IS NULL OR e.area = w.area)) AS undone) u
    JOIN staff s ON {who} AND s.disabled_at IS NULL JOIN people p ON p.id = s.person_id
  WHERE w.id = :window AND u.undone > 0"""

OWN_TIMES = ("defence_invitation", "panel_invitation")
"""Notices that name a time of the recipient's own."""
NO_CLOSE = (*OWN_TIMES, "window_paused")
"""Notices that belong to a window and do not say when it closes."""

TOLD_SINGLY = """SELECT d.person_id, d.window_id, d.subject, d.entry_id, d.told_closes_at AS closes_at, d.queued_at,
    c.template
  FROM deliveries d JOIN campaigns c ON c.id = d.campaign_id
  WHERE d.season_id = :season AND d.told_closes_at IS NOT NULL AND d.state <> 'skipped'"""
TOLD_AT_ONCE = """SELECT d.person_id, k.one->>'window', d.subject, CAST(k.one->>'entry_id' AS bigint),
    CAST(k.one->>'closes_at' AS timestamptz), d.queued_at, c.template
  FROM campaigns c JOIN deliveries d ON d.campaign_id = c.id
  CROSS JOIN LATERAL jsonb_array_elements(d.data->'dates') k(one)
  WHERE c.season_id = :season AND c.template = 'season_resumed' AND d.state <> 'skipped'"""
"""Which closes people were told or will be, in a notice of its own or in one about many windows, as SQL that binds
:season; what was discarded or left out told nobody. person_id, window_id, subject, entry_id, closes_at, queued_at, template."""

_TOLD = f"""SELECT DISTINCT ON (p.id) p.id AS person_id, d.subject, d.entry_id, p.language,
    jsonb_build_object('old', d.closes_at) AS data
  FROM ({TOLD_SINGLY} AND d.window_id = :window
    UNION ALL {TOLD_AT_ONCE} AND k.one->>'window' = :window) d JOIN people p ON p.id = d.person_id
  WHERE {{which}} ORDER BY p.id, d.queued_at DESC"""

AUDIENCES: dict[str, str] = {
    "drafts": f"{_ENTRY} {_ENTRIES} AND e.state = 'draft'",
    "entrants": f"{_ENTRY} {_ENTRIES} AND e.state NOT IN ('draft', 'lapsed', 'withdrawn')",
    "entries": f"{_ENTRY} {_ENTRIES} AND e.alive",
    "screened": f"{_ENTRY} {_ENTRIES} AND e.state IN ('eligible', 'ineligible')",
    "channels": f"""{_PERSON} FROM channels c JOIN people p ON p.id = c.contact_id
        WHERE c.season_id = :season AND (c.area IS NULL OR CAST(:area AS text) IS NULL OR c.area = :area)""",
    # Who has entries to rank in this window and has not signed: once for each channel.
    "channels_unsigned": """SELECT p.id AS person_id, 'channel/' || c.code AS subject, NULL::bigint AS entry_id,
          p.language, jsonb_build_object('channel', c.name, 'code', c.code, 'count', count(*)) AS data
        FROM windows w JOIN entries e ON e.season_id = w.season_id AND (w.area IS NULL OR e.area = w.area)
          AND e.state IN ('submitted', 'undecided', 'eligible')
        JOIN channels c ON c.id = e.channel_id JOIN people p ON p.id = c.contact_id
        WHERE w.id = :window AND NOT EXISTS (SELECT FROM channel_lists l
          WHERE l.channel_id = c.id AND l.window_id = w.id AND l.signed_at IS NOT NULL)
        GROUP BY p.id, c.id""",
    "judges": _JUDGES.format(states="'active', 'done'"),
    "judges_missing": _JUDGES.format(states="'active'"),
    "invited_unanswered": """SELECT p.id AS person_id, 'entry/' || e.id AS subject, e.id AS entry_id, p.language,
          '{}'::jsonb AS data
        FROM invitations i JOIN entries e ON e.id = i.entry_id JOIN people p ON p.id = e.applicant_id
        WHERE i.window_id = :window AND i.state = 'invited'""",
    "places": f"""{_PERSON} FROM places pl JOIN people p ON p.id = pl.contact_id WHERE pl.season_id = :season""",
    "places_unanswered": f"""{_PERSON} FROM places pl JOIN people p ON p.id = pl.contact_id
        WHERE pl.season_id = :season AND NOT EXISTS (SELECT 1 FROM needs n WHERE n.place_id = pl.id)""",
    "organisers": _STAFF.format(who="s.role = 'organiser' AND s.area = w.area"),
    "office": _STAFF.format(who="s.role = 'operations'"),
    "objectors": """SELECT p.id AS person_id, 'objection/' || o.id AS subject, o.entry_id, p.language, '{}'::jsonb AS data
        FROM objections o JOIN people p ON p.id = o.by_id WHERE o.window_id = :window""",
    "told": _TOLD.format(which="true"),
    # Who was told an instant for this window that is no longer true: told the new one, once.
    "told_otherwise": _TOLD.format(which="true"),
    # The same, without those who were told a time of their own alone, and no close.
    "told_close_otherwise": _TOLD.format(which=f"d.template NOT IN {NO_CLOSE}"),
    # And who has a draft, which may be submitted after all.
    "reopened_otherwise": f"""SELECT DISTINCT ON (k.person_id) k.* FROM (
        ({_TOLD.format(which="true")}) UNION ALL {_ENTRY} {_ENTRIES} AND e.state = 'draft') k
      ORDER BY k.person_id, k.data->>'old' NULLS LAST, k.entry_id""",
    "everyone": f"""{_PERSON} FROM people p WHERE p.id IN (
        SELECT applicant_id FROM entries WHERE season_id = :season AND (alive OR state IN ('draft', 'awarded'))
        UNION SELECT contact_id FROM channels WHERE season_id = :season
        UNION SELECT person_id FROM judges WHERE season_id = :season
        UNION SELECT contact_id FROM places WHERE season_id = :season)""",
}
"""Who is meant, as SQL that yields person_id, subject, entry_id, language, data. Binds :season, :area, :window."""


UNDONE = frozenset(
    {"drafts", "channels_unsigned", "judges_missing", "invited_unanswered", "places_unanswered", "organisers", "office"}
)
"""The audiences of a window's own area (or of none) that one leaves by doing what is asked for."""


class Recipient(NamedTuple):
    """One notice to one person, named one by one. `subject` tells two notices of a campaign to one person apart."""

    person_id: int
    language: str
    subject: str = ""
    entry_id: int | None = None
    data: dict[str, Any] = {}  # noqa: RUF012 - never changed


class Chosen(NamedTuple):
    """Recipients that a query finds: SQL that yields what those of AUDIENCES do, and what it binds."""

    sql: str
    values: dict[str, Any]


async def plan(
    connection: AsyncConnection,
    campaign: str,
    season: str,
    template: str,
    audience: str | Chosen | Sequence[Recipient],
    *,
    window: str | None = None,
    area: str | None = None,
    useful_until: datetime | None = None,
    any_hour: bool = False,
) -> int:
    """Write a campaign and queue its deliveries; how many wait to be sent. Harmless when repeated.

    `audience` is a key of AUDIENCES, a query, or the recipients themselves. A delivery about a window keeps the closing
    instant that it tells. Each waits for its reader's civil hours (rules.civil), unless it may come at any hour.
    """
    at = await clock_of(connection)
    values: dict[str, Any] = {
        "campaign": campaign, "season": season, "window": window, "template": template, "at": at,
        "useful_until": useful_until, "audience": audience if isinstance(audience, str) else None,
        "any_hour": any_hour,
    }  # fmt: skip
    if isinstance(audience, str):
        due = f"""SELECT a.* FROM ({AUDIENCES[audience]}) a, closing
          WHERE NOT {str(audience.endswith("_otherwise")).lower()}
             OR CAST(a.data->>'old' AS timestamptz) IS DISTINCT FROM closing.closes_at"""
        if ":area" in due:
            values["area"] = area
    elif isinstance(audience, Chosen):
        due = audience.sql
        values |= audience.values
    else:
        due = """SELECT * FROM jsonb_to_recordset(CAST(:told AS jsonb))
          AS k(person_id bigint, subject text, entry_id bigint, language text, data jsonb)"""
        values["told"] = json.dumps([recipient._asdict() for recipient in audience])
    urgency = urgency_of(template)
    waits = urgency is not Urgency.AT_ONCE and not any_hour
    found = (await rows(connection, _PLAN.format(due=due, homes=_HOMES if waits else ""), **values))[0]
    if waits and found["homes"]:
        until = min(filter(None, (useful_until, found["closes_at"])), default=None)
        file, pace = await file_of(connection, season), Pace.model_validate(found["pace"])
        await put_off(connection, campaign, found["homes"], file, pace, urgency, at, until)
    if urgency is not Urgency.AT_ONCE and (await file_of(connection, season)).notices.outbox:
        await outbox.keep(connection, campaign)
    return int(found["n"])


# What waits is counted, not remembered: an activity tried again after its commit must still hand its campaign on.
# The count sees the rows from before this statement, so its own are added.
_PLAN = """WITH written AS (
    INSERT INTO campaigns (id, season_id, window_id, template, audience, any_hour, planned_at, useful_until)
    VALUES (:campaign, :season, :window, :template, :audience, :any_hour, CAST(:at AS timestamptz),
      CAST(:useful_until AS timestamptz))
    ON CONFLICT DO NOTHING
  ), closing AS (SELECT (SELECT closes_at FROM windows WHERE id = :window) AS closes_at), due AS ({due}), queued AS (
    INSERT INTO deliveries (campaign_id, person_id, subject, season_id, entry_id, window_id, language, data,
      told_closes_at, queued_at)
    SELECT :campaign, due.person_id, due.subject, :season, due.entry_id, :window, due.language, due.data,
      closing.closes_at, CAST(:at AS timestamptz) FROM due, closing
    ON CONFLICT DO NOTHING RETURNING person_id, entry_id, window_id, told_closes_at
  )
  SELECT (SELECT count(*) FROM queued) + (SELECT count(*) FROM deliveries
    WHERE campaign_id = :campaign AND state IN ('queued', 'sending')) AS n {homes}"""
_HOMES = """, (SELECT jsonb_agg(DISTINCT jsonb_build_array(p.zone, p.country, coalesce(e.area, w.area))) FROM queued q
      JOIN people p ON p.id = q.person_id LEFT JOIN entries e ON e.id = q.entry_id
      LEFT JOIN windows w ON w.id = q.window_id) AS homes,
    (SELECT max(told_closes_at) FROM queued) AS closes_at, (SELECT pace FROM seasons WHERE id = :season) AS pace"""


async def point_to_windows(connection: AsyncConnection, campaign: str, season: str) -> None:
    """Deliveries about a match (subject `match/<id>/…`) tell the close of that match's answer window."""
    await run(
        connection,
        """UPDATE deliveries d SET window_id = w.id, told_closes_at = w.closes_at FROM windows w
           WHERE d.campaign_id = :campaign AND d.window_id IS NULL AND w.season_id = :season
             AND w.id = :season || '/match/' || split_part(d.subject, '/', 2) || '/answer'""",
        campaign=campaign,
        season=season,
    )


class Claimed(NamedTuple):
    """One delivery to be sent, with all that its words need. `again` means an earlier worker died over it."""

    campaign_id: str
    person_id: int
    subject: str
    season_id: str
    entry_id: int | None
    window_id: str | None
    language: str
    data: dict[str, Any]
    template: str
    useful_until: datetime | None
    attempts: int
    again: bool
    at: datetime
    name: str
    email: str
    zone: str | None
    entry_number: str | None
    entry_title: str | None
    area: str | None
    track: str | None
    stage: str | None
    opens_at: datetime | None
    closes_at: datetime | None
    bounced_at: datetime | None = None
    """When a server said that there is no such address; None while it is good."""
    own: bool = False
    """Whether the recipient is the entry's applicant."""
    queued_at: datetime | None = None
    window_kind: str | None = None
    revision: int = 0
    """How often the window was changed."""
    unsubscribed_at: datetime | None = None
    """When the recipient unsubscribed from this kind of notice, or from all routine ones of the season."""
    own_words: dict[str, str] | None = None
    """The subject and the body that somebody gave this one mail."""

    @property
    def key(self) -> tuple[str, int, str]:
        """Campaign, person and subject."""
        return self.campaign_id, self.person_id, self.subject


SENDERS = 0x53454153
"""First number of the advisory locks of those who send; the second is the owner's."""

ALIVE = f"""SELECT objid::text FROM pg_locks WHERE locktype = 'advisory' AND classid = {SENDERS} AND objsubid = 2
      AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
"""As SQL: the owners who are there still; see records.sending.seat."""

DUE = f"""(((d.state = 'queued' AND (d.not_before IS NULL OR d.not_before <= clock.at))
      OR (d.state = 'sending' AND d.lease_until < clock.at AND coalesce(d.owner, '') NOT IN ({ALIVE})))
      AND NOT {held("d")})"""
"""As SQL: whether the delivery `d` may be sent at `clock.at`: not while mail is held. One in an owner's hands may be
when its lease is over and its owner is gone: a worker that is only slow finishes what it has begun."""

FACTS = """SELECT t.campaign_id, t.person_id, t.subject, t.season_id, t.entry_id, t.window_id, t.language, t.data,
    c.template, c.useful_until, t.attempts, t.again, t.at, p.name, p.email, p.zone, e.number AS entry_number,
    e.title AS entry_title, coalesce(e.area, w.area) AS area, e.track, w.stage, w.opens_at, w.closes_at, p.bounced_at,
    coalesce(e.applicant_id = t.person_id, false) AS own, t.queued_at, w.kind AS window_kind,
    coalesce(w.revision, 0) AS revision, (SELECT min(o.at) FROM opt_outs o WHERE o.season_id = t.season_id
      AND o.person_id = t.person_id AND o.kind IN (c.template, '*')) AS unsubscribed_at, t.own_words
  FROM taken t JOIN campaigns c ON c.id = t.campaign_id JOIN people p ON p.id = t.person_id
  LEFT JOIN entries e ON e.id = t.entry_id LEFT JOIN windows w ON w.id = t.window_id
  ORDER BY t.person_id, t.subject"""
"""As SQL: the fields of Claimed, for the deliveries in `taken`."""

_CLAIM = f"""WITH clock AS (SELECT {CLOCK} AS at), due AS (
    SELECT campaign_id, person_id, subject, state = 'sending' AS again FROM deliveries d, clock
    WHERE campaign_id = :campaign AND state IN ('queued', 'sending') AND {DUE}
    LIMIT :limit FOR UPDATE OF d SKIP LOCKED
  ), taken AS (
    UPDATE deliveries d SET state = 'sending', owner = :owner, lease_until = clock.at + :lease,
      attempts = attempts + 1, possibly_twice = possibly_twice OR due.again
    FROM due, clock
    WHERE d.campaign_id = due.campaign_id AND d.person_id = due.person_id AND d.subject = due.subject
    RETURNING d.*, due.again, clock.at
  ) {FACTS}"""


async def claim(database: Database, campaign: str, owner: str, limit: int, lease: timedelta) -> list[Claimed]:
    """Take up to `limit` deliveries for sending, until the lease ends by the database's clock.

    A delivery that a worker had in its hands when it died is taken again, marked `again`. One that was
    refused for now is passed over until its time has come.
    """
    found = await database.at_once(_CLAIM, campaign=campaign, owner=owner, limit=limit, lease=lease)
    return [Claimed(**row) for row in found]


async def mark(
    database: Database,
    owner: str,
    state: str,
    answer: str,
    deliveries: Sequence[tuple[str, int, str]],
    *,
    in_doubt: bool = False,
    tried: bool = True,
    wait: timedelta | None = None,
) -> int:
    """Keep what became of deliveries that this owner holds: `sent`, `failed`, `skipped`, or `queued` again.

    `deliveries` are (campaign, person, subject). `in_doubt`: the server may have taken it before it failed, so the
    next try may be a second mail. `tried` False: it was not the mail's turn after all, and no attempt of its own is
    counted. `wait`: it is not claimed again before this long from now. Returns how many were still this owner's.
    """
    return len(
        await database.at_once(
            f"""UPDATE deliveries d SET state = :state, answer = :answer, owner = NULL, lease_until = NULL,
                  possibly_twice = possibly_twice OR :in_doubt, attempts = attempts - :untried,
                  not_before = coalesce({CLOCK} + CAST(:wait AS interval), d.not_before),
                  sent_at = CASE WHEN :state = 'sent' THEN {CLOCK} END
                FROM unnest(CAST(:campaigns AS text[]), CAST(:people AS bigint[]), CAST(:subjects AS text[]))
                  AS k(campaign_id, person_id, subject)
                WHERE d.campaign_id = k.campaign_id AND d.person_id = k.person_id AND d.subject = k.subject
                  AND d.owner = :owner
                RETURNING d.person_id""",
            state=state,
            answer=answer,
            owner=owner,
            in_doubt=in_doubt,
            untried=0 if tried else 1,
            wait=wait,
            campaigns=[d[0] for d in deliveries],
            people=[d[1] for d in deliveries],
            subjects=[d[2] for d in deliveries],
        )
    )


async def first_due(database: Database, campaigns: Sequence[str]) -> dict[str, datetime]:
    """When the first notice of each campaign may go out, where that is still to come."""
    found = await database.at_once(
        f"""SELECT campaign_id, min(coalesce(not_before, '-infinity')) AS at FROM deliveries
            WHERE campaign_id = ANY(CAST(:campaigns AS text[])) AND state = 'queued'
            GROUP BY campaign_id HAVING min(coalesce(not_before, '-infinity')) > {CLOCK}""",
        campaigns=list(campaigns),
    )
    return {row["campaign_id"]: row["at"] for row in found}


class Left(NamedTuple):
    """How many deliveries of a campaign are not yet done with, and how long until the first may be claimed.

    `held`: they wait for somebody who releases them.
    """

    notices: int
    wait: timedelta
    held: bool = False


async def left(database: Database, campaign: str) -> Left:
    """What is left of a campaign. `wait` is zero when something may be sent now, or nothing is left."""
    found = await database.at_once(
        f"""WITH clock AS (SELECT {CLOCK} AS at)
            SELECT count(*) AS n, CASE WHEN count(*) = 0 OR bool_or({DUE}) THEN interval '0'
              ELSE greatest(min(CASE d.state WHEN 'sending' THEN d.lease_until ELSE d.not_before END) - min(clock.at),
                interval '1 second') END AS wait, coalesce(bool_or({held("d")}), false) AS held
            FROM deliveries d, clock WHERE d.campaign_id = :campaign AND d.state IN ('queued', 'sending')""",
        campaign=campaign,
    )
    return Left(int(found[0]["n"]), found[0]["wait"], found[0]["held"])


class Waiting(NamedTuple):
    """A campaign with notices that wait. `single`: they are queued one by one, by single acts, and no workflow runs."""

    campaign: str
    season: str
    single: bool


async def waiting(database: Database, older_than: timedelta) -> list[Waiting]:
    """Every campaign that still has deliveries queued longer than this whose time has come, or abandoned.

    Also one whose mails are done with while something that was to go in them did not: a crash came between.
    """
    found = await database.at_once(
        f"""SELECT DISTINCT d.campaign_id, d.season_id, c.id = c.season_id || '/' || c.template AS single
            FROM deliveries d JOIN campaigns c ON c.id = d.campaign_id, (SELECT {CLOCK} AS at) clock
            WHERE d.state IN ('queued', 'sending') AND {DUE}
              AND (d.state = 'sending' OR d.queued_at < clock.at - CAST(:older AS interval))
            UNION SELECT c.id, c.season_id, c.id = c.season_id || '/' || c.template
            FROM deliveries d JOIN campaigns c ON c.id = d.lead_campaign JOIN deliveries l
              ON l.campaign_id = d.lead_campaign AND l.person_id = d.person_id AND l.subject = d.lead_subject
            WHERE d.state = 'merged' AND l.state NOT IN ('queued', 'sending') AND NOT {held("d")}
            ORDER BY 1""",
        older=older_than,
    )
    return [Waiting(row["campaign_id"], row["season_id"], row["single"]) for row in found]
