"""The outbox: mails to many that wait until somebody has read them (`notices: {outbox: true}` in the season file).

A campaign waits as a whole; one mail of it can be given other words or be left out. Every act is a change of state in
one statement, so that of two clicks one does it.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from models.errors import BadInput, NotFound, Refused
from notices.own_answers import DISCARDED
from records.database import Database, clock_of, rows, run
from records.log import Line, write

MOST_SUBJECT, MOST_BODY = 300, 50_000


class Mail(NamedTuple):
    """Which mail of a campaign: to whom, and about what, where one person gets several."""

    campaign: str
    person: int
    about: str = ""


async def keep(connection: AsyncConnection, campaign: str) -> None:
    """Keep what was just queued of a campaign to more than one person, unless it was released before.

    What is queued one by one, by single acts, is not kept. Of a discarded campaign nothing more is sent.
    """
    await run(connection, _KEEP, campaign=campaign)
    await run(connection, _NOT_ANY_MORE, campaign=campaign, answer=DISCARDED.en)


_KEEP = """WITH waits AS (
    UPDATE campaigns c SET state = 'waiting' WHERE c.id = :campaign AND c.state IN ('open', 'waiting')
      AND c.id <> c.season_id || '/' || c.template
      AND (SELECT count(*) FROM deliveries d WHERE d.campaign_id = c.id AND d.state IN ('queued', 'outbox')) > 1
    RETURNING c.id
  ) UPDATE deliveries d SET state = 'outbox' FROM waits WHERE d.campaign_id = waits.id AND d.state = 'queued'"""
_NOT_ANY_MORE = """UPDATE deliveries d SET state = 'skipped', answer = :answer FROM campaigns c
  WHERE c.id = :campaign AND c.state = 'discarded' AND d.campaign_id = c.id AND d.state = 'queued'"""


async def send(database: Database, season: str, campaign: str, *, actor: str) -> int:
    """Release a campaign that waits: how many mails go out, each in its reader's daytime. Raises NotFound, Refused."""
    return await _leave(database, season, campaign, "released", "queued", None, Line("outbox.sent", actor=actor))


async def discard(database: Database, season: str, campaign: str, *, actor: str, reason: str = "") -> int:
    """Send nothing of a campaign that waits: how many mails were dropped. Raises NotFound, Refused."""
    line = Line("outbox.discarded", actor=actor, reason=reason.strip() or None)
    return await _leave(database, season, campaign, "discarded", "skipped", DISCARDED.en, line)


async def _leave(
    database: Database, season: str, campaign: str, state: str, then: str, answer: str | None, line: Line
) -> int:
    async with database.transaction() as connection:
        template = await _template(connection, season, campaign)
        done = await rows(connection, _LEAVE, campaign=campaign, state=state, then=then, answer=answer)
        if not done[0]["changed"]:
            raise Refused("outbox.not_waiting", f"Campaign '{campaign}' does not wait in the outbox (any more).")
        data = {"campaign": campaign, "notice": template, "count": done[0]["n"]}
        await write(connection, season, [line._replace(data=data)], at=await clock_of(connection))
    return int(done[0]["n"])


_LEAVE = """WITH c AS (
    UPDATE campaigns SET state = :state WHERE id = :campaign AND state = 'waiting' RETURNING id
  ), gone AS (
    UPDATE deliveries d SET state = :then, answer = coalesce(CAST(:answer AS text), d.answer) FROM c
    WHERE d.campaign_id = c.id AND d.state = 'outbox' RETURNING d.person_id
  ) SELECT (SELECT count(*) FROM c) AS changed, (SELECT count(*) FROM gone) AS n"""


async def edit(database: Database, season: str, mail: Mail, subject: str, body: str, *, actor: str) -> None:
    """Give one waiting mail these words instead of its template's. Raises BadInput, NotFound, Refused."""
    subject, body = subject.strip(), body.replace("\r\n", "\n").strip()
    for field, text, most in (("subject", subject, MOST_SUBJECT), ("body", body, MOST_BODY)):
        if not text:
            raise BadInput("outbox.words", f"{field}: it is empty.", "Write it, or discard the mail.")
        if len(text) > most:
            raise BadInput("outbox.words", f"{field}: it has {len(text)} characters.", f"At most {most} are taken.")
        if any(not c.isprintable() and not (c in "\n\t" and field == "body") for c in text):
            raise BadInput("outbox.words", f"{field}: it holds a character that cannot be printed.", "Remove it.")
    words = json.dumps({"subject": subject, "body": body + "\n"})
    await _change(database, season, mail, "own_words = CAST(:words AS jsonb)", {"words": words}, "outbox.edited", actor)


async def discard_one(database: Database, season: str, mail: Mail, *, actor: str) -> None:
    """Leave one waiting mail out. Raises NotFound, Refused."""
    how = "state = 'skipped', answer = :answer"
    await _change(database, season, mail, how, {"answer": DISCARDED.en}, "outbox.left_out", actor)


async def _change(
    database: Database, season: str, mail: Mail, how: str, values: dict[str, Any], event: str, actor: str
) -> None:
    async with database.transaction() as connection:
        template = await _template(connection, season, mail.campaign)
        done = await rows(
            connection,
            f"""UPDATE deliveries SET {how} WHERE campaign_id = :campaign AND person_id = :person
                AND subject = :about AND state = 'outbox' RETURNING entry_id""",
            **mail._asdict(),
            **values,
        )
        if not done:
            raise Refused("outbox.not_waiting", f"No mail to person {mail.person} waits in '{mail.campaign}'.")
        data = {"campaign": mail.campaign, "notice": template}
        line = Line(event, actor=actor, person_id=mail.person, entry_id=done[0]["entry_id"], data=data)
        await write(connection, season, [line], at=await clock_of(connection))


async def _template(connection: AsyncConnection, season: str, campaign: str) -> str:
    found = await rows(
        connection,
        "SELECT template FROM campaigns WHERE id = :campaign AND season_id = :season",
        campaign=campaign,
        season=season,
    )
    if not found:
        raise NotFound(
            "campaign.unknown",
            f"Season '{season}' has no campaign '{campaign}'.",
            "`season notices campaigns` lists them.",
        )
    return str(found[0]["template"])
