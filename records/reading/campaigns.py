"""Campaigns: what became of each, why, and when; and all that one person was ever sent."""

from __future__ import annotations

from typing import Any

from models.errors import NotFound
from models.views import CampaignDetail, CampaignView, SentView
from records.campaigns import FACTS, Claimed
from records.database import CLOCK, Database, rows
from records.outbox import Mail
from records.seasons import live

STEPS = 48
"""Into how many equal steps the time of a campaign's sends is cut."""

_COUNTS = """count(*) AS planned, count(*) FILTER (WHERE d.state = 'sent') AS sent,
    count(*) FILTER (WHERE d.state = 'failed') AS failed, count(*) FILTER (WHERE d.state = 'skipped') AS skipped,
    count(*) FILTER (WHERE d.state IN ('queued', 'sending', 'merged')) AS waiting,
    count(*) FILTER (WHERE d.state = 'outbox') AS outbox, count(*) FILTER (WHERE d.possibly_twice) AS possibly_twice,
    min(d.sent_at) AS first_sent_at, max(d.sent_at) AS last_sent_at"""
_CAMPAIGNS = f"""SELECT c.id, c.template, c.window_id AS window, c.state, c.planned_at, c.useful_until, k.*
  FROM campaigns c CROSS JOIN LATERAL (SELECT {_COUNTS} FROM deliveries d WHERE d.campaign_id = c.id) k
  WHERE c.season_id = :season AND (CAST(:state AS text) IS NULL OR c.state = :state)
    AND (CAST(:campaign AS text) IS NULL OR c.id = :campaign)
  ORDER BY c.planned_at DESC, c.id LIMIT :limit OFFSET :offset"""

# Servers' answers name the address, or the number under which they queued the mail: alike ones are told as one.
_ANSWERS = r"""SELECT state, answer, count(*) AS count FROM (
    SELECT CASE WHEN state IN ('sending', 'merged') THEN 'queued' ELSE state END AS state,
      CASE WHEN state = 'sent' THEN coalesce(substring(answer from '^\d{3}(?: \d\.\d+\.\d+)?'), answer)
        ELSE regexp_replace(answer, '\S+@\S+', '…', 'g') END AS answer
    FROM deliveries WHERE campaign_id = :campaign) a
  GROUP BY state, answer ORDER BY count(*) DESC, state, answer LIMIT 50"""
_OVER_TIME = """WITH ends AS (
    SELECT min(sent_at) AS began, max(sent_at) AS ended FROM deliveries WHERE campaign_id = :campaign AND state = 'sent'
  ) SELECT least(:steps, 1 + floor(:steps * extract(epoch FROM d.sent_at - began)
      / greatest(extract(epoch FROM ended - began), 0.001)))::int AS step, count(*) AS n
  FROM deliveries d, ends WHERE d.campaign_id = :campaign AND d.state = 'sent' GROUP BY 1 ORDER BY 1"""
_SENT = """SELECT d.campaign_id AS campaign, c.template, d.season_id AS season, d.person_id AS person, d.subject AS about,
    CASE WHEN d.state IN ('sending', 'merged') THEN 'queued' ELSE d.state END AS state, p.email AS to,
    e.number AS entry, d.window_id AS window, d.queued_at, d.not_before, d.sent_at, d.attempts, d.answer,
    d.possibly_twice, d.bounced_at, d.own_words IS NOT NULL AS edited
  FROM deliveries d JOIN campaigns c ON c.id = d.campaign_id JOIN people p ON p.id = d.person_id
  LEFT JOIN entries e ON e.id = d.entry_id"""


async def campaigns(
    database: Database, season: str, *, state: str | None = None, limit: int = 100, offset: int = 0
) -> tuple[CampaignView, ...]:
    """The newest campaigns of a season with what became of them; in one `state`, such as `waiting`. Raises NotFound."""
    async with database.statement() as connection:
        await live(connection, season)
        found = await rows(
            connection, _CAMPAIGNS, season=season, state=state, campaign=None, limit=limit, offset=offset
        )
    return tuple(CampaignView(**row) for row in found)


async def season_of(database: Database, campaign: str) -> str:
    """The season of a campaign. Raises NotFound."""
    found = await database.at_once("SELECT season_id FROM campaigns WHERE id = :campaign", campaign=campaign)
    if not found:
        raise NotFound(
            "campaign.unknown", f"There is no campaign '{campaign}'.", "`season notices campaigns` lists them."
        )
    return str(found[0]["season_id"])


async def campaign(database: Database, season: str, name: str) -> CampaignDetail:
    """One campaign: its figures, the answers grouped, and its sends over time. Raises NotFound."""
    async with database.statement() as connection:
        await live(connection, season)
        found = await rows(connection, _CAMPAIGNS, season=season, state=None, campaign=name, limit=1, offset=0)
        if not found:
            raise _unknown(season, name)
        why = await rows(connection, _ANSWERS, campaign=name)
        over_time = {row["step"]: row["n"] for row in await rows(connection, _OVER_TIME, campaign=name, steps=STEPS)}
    steps = tuple(over_time.get(step, 0) for step in range(1, STEPS + 1)) if over_time else ()
    return CampaignDetail(**found[0], answers=tuple(why), steps=steps)


async def mails(
    database: Database, season: str, campaign: str, *, limit: int = 100, offset: int = 0
) -> tuple[SentView, ...]:
    """The mails of a campaign by person: the troubled ones first. Raises NotFound."""
    async with database.statement() as connection:
        if not await rows(connection, _IS_OF, season=season, campaign=campaign):
            raise _unknown(season, campaign)
        found = await rows(
            connection,
            f"""{_SENT} WHERE d.campaign_id = :campaign
                ORDER BY array_position(ARRAY['outbox', 'failed', 'queued', 'sending', 'merged', 'skipped'], d.state)
                  NULLS LAST, d.person_id, d.subject LIMIT :limit OFFSET :offset""",
            campaign=campaign,
            limit=limit,
            offset=offset,
        )
    return tuple(SentView(**row) for row in found)


_IS_OF = "SELECT 1 FROM campaigns WHERE id = :campaign AND season_id = :season"


def _unknown(season: str, campaign: str) -> NotFound:
    return NotFound(
        "campaign.unknown",
        f"Season '{season}' has no campaign '{campaign}'.",
        "`season notices campaigns` lists them.",
    )


async def person_notices(
    database: Database, person: int, *, season: str | None = None, limit: int = 1000, offset: int = 0
) -> tuple[SentView, ...]:
    """Everything that a person was ever sent, newest first, in one season or in all. Raises NotFound."""
    async with database.statement() as connection:
        values: dict[str, Any] = {"person": person, "season": season}
        known = "SELECT 1 FROM people WHERE id = :person"
        if season is not None:
            await live(connection, season)
        if not await rows(connection, known, person=person):
            raise NotFound(
                "person.unknown", f"There is no person {person}.", "`season entries` shows whom an entry has."
            )
        found = await rows(
            connection,
            f"""{_SENT} WHERE d.person_id = :person AND (CAST(:season AS text) IS NULL OR d.season_id = :season)
                ORDER BY coalesce(d.sent_at, d.queued_at) DESC, d.campaign_id, d.subject LIMIT :limit OFFSET :offset""",
            **values,
            limit=limit,
            offset=offset,
        )
    return tuple(SentView(**row) for row in found)


async def applicant(database: Database, entry: int) -> int:
    """The person whose entry it is."""
    found = await database.at_once("SELECT applicant_id FROM entries WHERE id = :entry", entry=entry)
    return int(found[0]["applicant_id"])


_ONE = f"""WITH taken AS (SELECT d.*, false AS again, {CLOCK} AS at FROM deliveries d
    WHERE d.campaign_id = :campaign AND d.person_id = :person AND d.subject = :about AND d.season_id = :season) {FACTS}"""


async def one_mail(database: Database, season: str, mail: Mail) -> Claimed:
    """One delivery with all that its words need; nothing is changed. Raises NotFound."""
    found = await database.at_once(_ONE, season=season, **mail._asdict())
    if not found:
        raise NotFound("mail.unknown", f"Campaign '{mail.campaign}' has no such mail to person {mail.person}.")
    return Claimed(**found[0])
