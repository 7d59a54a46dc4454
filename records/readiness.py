"""The last look before a campaign sends: who has done it meanwhile, who has had enough, and what goes together."""

from __future__ import annotations

from datetime import timedelta

from notices.own_answers import DONE, ENOUGH
from records.campaigns import AUDIENCES, FACTS, UNDONE, Claimed
from records.database import CLOCK, Database
from records.holding import held
from records.postponing import put_off_again
from records.seasons import LiveSeason
from rules.urgency import ALONE, ROUTINE, Urgency, urgency_of

_WEEK = timedelta(days=7)
_AT_ONCE_AFTER = timedelta(minutes=1)
"""Who is due was decided this shortly before (nominal): that need not be asked again."""

_LATE = timedelta(minutes=30)
"""What goes out later than this after it was due (nominal) is asked again whether its reader is awake."""

Companions = dict[tuple[int, str], list[Claimed]]
"""What goes in the mail of a delivery, by its person and subject."""


async def ready(database: Database, season: LiveSeason, campaign: str, *, prompt: bool = True) -> Companions:
    """Make a campaign ready to send: skip what is done or too much, and take along what goes in the same mails.

    `prompt` False: nobody looked for long though nothing was wrong, as in a rehearsal; then all counts as sent when it
    was due.
    """
    found = await database.at_once(_CAMPAIGN, campaign=campaign)
    if not found or found[0]["held"]:
        return {}
    row, span = found[0], season.pace.span
    urgency = urgency_of(row["template"])
    if row["merged"]:
        await let_go(database, campaign)
    if urgency is Urgency.AT_ONCE or row["due"] is None:
        return {}
    if prompt and not row["any_hour"] and row["now"] - row["due"] > span(_LATE):
        await put_off_again(database, campaign, season.file, season.pace, urgency, row["now"])
    if urgency is Urgency.ROUTINE:
        if row["now"] - row["planned_at"] > span(_AT_ONCE_AFTER):
            await _drop_done(database, season.id, campaign, row, _WAITS)
        if season.file.notices.routine_per_week is not None:
            await _drop_too_many(database, season, campaign)
    taken = await _take_along(database, season, campaign, prompt=prompt)
    return await _together(database, campaign) if taken or row["merged"] else {}


async def _take_along(database: Database, season: LiveSeason, campaign: str, *, prompt: bool) -> bool:
    """Let the mails of a campaign take along what else is due to their readers, but for what is done meanwhile."""
    within = season.file.notices.merge_within
    if within is None:
        return False
    taken = await database.at_once(
        _TAKE_ALONG, campaign=campaign, within=season.pace.span(within), prompt=prompt, alone=sorted(ALONE)
    )
    others = sorted({row["campaign_id"] for row in taken} - {campaign})
    for other in await database.at_once(_OTHERS, campaigns=others) if others else ():
        old = other["now"] - other["planned_at"] > season.pace.span(_AT_ONCE_AFTER)
        if old and urgency_of(other["template"]) is Urgency.ROUTINE:
            await _drop_done(database, season.id, other["id"], other, _GOES_ALONG, lead=campaign)
    return bool(taken)


_DUE_AT = "greatest({d}.queued_at, coalesce({d}.not_before, {d}.queued_at))"
_CAMPAIGN = f"""SELECT c.template, c.audience, c.any_hour, c.window_id, w.area, c.planned_at, {CLOCK} AS now,
    (SELECT min({_DUE_AT.format(d="d")}) FROM deliveries d WHERE d.campaign_id = c.id AND d.state = 'queued') AS due,
    EXISTS (SELECT FROM deliveries d WHERE d.lead_campaign = c.id AND d.state = 'merged') AS merged,
    {held("c")} AS held
  FROM campaigns c LEFT JOIN windows w ON w.id = c.window_id WHERE c.id = :campaign"""


_OTHERS = f"""SELECT c.id, c.template, c.audience, c.window_id, w.area, c.planned_at, {CLOCK} AS now
  FROM campaigns c LEFT JOIN windows w ON w.id = c.window_id WHERE c.id = ANY(CAST(:campaigns AS text[]))"""

_WAITS = "{d}.campaign_id = :campaign AND {d}.state = 'queued'"
_GOES_ALONG = "{d}.campaign_id = :campaign AND {d}.state = 'merged' AND {d}.lead_campaign = :lead"


async def _drop_done(
    database: Database, season: str, campaign: str, row: dict[str, object], which: str, **bound: object
) -> None:
    """Skip what is done meanwhile among those notices of a campaign that are meant by `which`, and what it binds."""
    audience = row["audience"]
    if isinstance(audience, str):
        if audience not in UNDONE:
            return  # who belongs to it has nothing to do
        who = AUDIENCES[audience]
        values = {"season": season, "window": row["window_id"], "area": row["area"]}
        bound |= {name: value for name, value in values.items() if f":{name}" in who}
        sql = _NO_LONGER.format(who=who, which=which.format(d="q"))
    else:
        sql = _ANSWERED.format(which=which.format(d="d"))
    await database.at_once(sql, campaign=campaign, reason=DONE.en, **bound)


# Who is still meant hears the figures of now.
_NO_LONGER = """UPDATE deliveries d SET state = CASE WHEN a.person_id IS NULL THEN 'skipped' ELSE d.state END,
    answer = CASE WHEN a.person_id IS NULL THEN :reason ELSE d.answer END, data = coalesce(a.data, d.data),
    lead_campaign = CASE WHEN a.person_id IS NOT NULL THEN d.lead_campaign END,
    lead_subject = CASE WHEN a.person_id IS NOT NULL THEN d.lead_subject END
  FROM deliveries q LEFT JOIN ({who}) a ON a.person_id = q.person_id AND a.subject = q.subject
  WHERE {which} AND d.campaign_id = q.campaign_id
    AND d.person_id = q.person_id AND d.subject = q.subject
    AND (a.person_id IS NULL OR a.data IS DISTINCT FROM d.data)"""

# Questions to places have a window each: an answered one asks nothing.
_ANSWERED = """UPDATE deliveries d SET state = 'skipped', answer = :reason, lead_campaign = NULL, lead_subject = NULL
  WHERE {which} AND (
    EXISTS (SELECT FROM follow_ups f WHERE f.window_id = d.window_id AND f.state <> 'due')
    OR EXISTS (SELECT FROM matches m WHERE d.window_id = d.season_id || '/match/' || m.id || '/answer'
      AND d.subject LIKE 'match/%' AND m.id = CAST(split_part(d.subject, '/', 2) AS bigint) AND m.state <> 'proposed'))"""


async def _drop_too_many(database: Database, season: LiveSeason, campaign: str) -> None:
    most = season.file.notices.routine_per_week
    await database.at_once(
        _TOO_MANY,
        campaign=campaign,
        season=season.id,
        most=most,
        week=season.pace.span(_WEEK),
        routine=sorted(ROUTINE),
        reason=ENOUGH.en.format(most=most),
    )


_TOO_MANY = f"""UPDATE deliveries d SET state = 'skipped', answer = :reason
  WHERE d.campaign_id = :campaign AND d.state = 'queued' AND (SELECT count(*) FROM deliveries x
    JOIN campaigns c ON c.id = x.campaign_id
    WHERE x.person_id = d.person_id AND x.season_id = :season AND x.state = 'sent' AND x.lead_campaign IS NULL
      AND x.sent_at > {CLOCK} - CAST(:week AS interval) AND c.template = ANY(CAST(:routine AS text[]))) >= :most"""


async def _together(database: Database, campaign: str) -> Companions:
    found = await database.at_once(_COMPANIONS, campaign=campaign)
    leads = {
        (r["campaign_id"], r["person_id"], r["subject"]): r["lead_subject"]
        for r in await database.at_once(_LEADS, campaign=campaign)
    }
    together: Companions = {}
    for row in found:
        one = Claimed(**row)
        if one.key in leads:
            together.setdefault((one.person_id, leads[one.key]), []).append(one)
    return together


_LEADS = """SELECT campaign_id, person_id, subject, lead_subject FROM deliveries
  WHERE lead_campaign = :campaign AND state = 'merged'"""

# One person's notices: the first of this campaign takes the others with it, the rest of this campaign among them. Each
# person's are found by the person: a table that was empty a moment ago has no statistics that would say so.
_TAKE_ALONG = f"""WITH clock AS (SELECT {CLOCK} AS at), leads AS (
    SELECT DISTINCT ON (d.person_id) d.person_id, d.subject, d.season_id, d.language,
      CASE WHEN :prompt THEN clock.at ELSE {_DUE_AT.format(d="d")} END AS at
    FROM deliveries d JOIN people p ON p.id = d.person_id JOIN campaigns c ON c.id = d.campaign_id, clock
    WHERE d.campaign_id = :campaign AND d.state = 'queued' AND (d.not_before IS NULL OR d.not_before <= clock.at)
      AND p.bounced_at IS NULL AND c.template <> ALL (CAST(:alone AS text[]))
    ORDER BY d.person_id, d.queued_at, d.subject
  ), others AS (
    SELECT d.campaign_id, d.person_id, d.subject, l.subject AS lead_subject
    FROM leads l, LATERAL (SELECT o.* FROM deliveries o
      WHERE o.person_id = l.person_id AND o.season_id = l.season_id AND o.language = l.language
        AND NOT (o.campaign_id = :campaign AND o.subject = l.subject) OFFSET 0 FOR UPDATE SKIP LOCKED) d
      JOIN campaigns c ON c.id = d.campaign_id
    WHERE d.state = 'queued' AND d.attempts = 0 AND c.template <> ALL (CAST(:alone AS text[]))
      AND {_DUE_AT.format(d="d")} <= l.at + CAST(:within AS interval)
      AND (c.useful_until IS NULL OR l.at < c.useful_until)
  )
  UPDATE deliveries d SET state = 'merged', lead_campaign = :campaign, lead_subject = o.lead_subject
  FROM others o WHERE d.campaign_id = o.campaign_id AND d.person_id = o.person_id AND d.subject = o.subject
  RETURNING d.campaign_id"""

_COMPANIONS = f"""WITH taken AS (SELECT d.*, false AS again, {CLOCK} AS at FROM deliveries d
    WHERE d.lead_campaign = :campaign AND d.state = 'merged') {FACTS}"""


async def sent_along(database: Database, lead: Claimed, companions: list[Claimed], answer: str) -> None:
    """Keep that these went out in the mail of `lead`."""
    await database.at_once(
        f"""UPDATE deliveries d SET state = 'sent', answer = :answer, sent_at = {CLOCK}, attempts = 1
            FROM unnest(CAST(:campaigns AS text[]), CAST(:subjects AS text[])) AS k(campaign, subject)
            WHERE d.campaign_id = k.campaign AND d.person_id = :person AND d.subject = k.subject
              AND d.state = 'merged' AND d.lead_campaign = :lead""",
        campaigns=[one.campaign_id for one in companions],
        subjects=[one.subject for one in companions],
        person=lead.person_id,
        lead=lead.campaign_id,
        answer=answer,
    )


async def let_go(database: Database, campaign: str) -> None:
    """Whatever did not go out after all in a mail of this campaign waits again for a mail of its own."""
    await database.at_once(_LET_GO, campaign=campaign)


# After a crash the mail may have gone out with it: then what is sent again is listed as possibly twice.
_LET_GO = """UPDATE deliveries d SET state = 'queued', lead_campaign = NULL, lead_subject = NULL,
    possibly_twice = d.possibly_twice OR l.possibly_twice OR l.state = 'sent'
  FROM deliveries l WHERE d.lead_campaign = :campaign AND d.state = 'merged' AND l.campaign_id = d.lead_campaign
    AND l.person_id = d.person_id AND l.subject = d.lead_subject AND l.state NOT IN ('queued', 'sending')"""
