"""Bounces: notices that did not arrive, though a mail server had accepted them, and addresses that are of no use.

A report changes something only where it names the Message-ID of a notice that was sent, which nobody can make up who has
not seen it (`notices.message.message_id`), and the address that the person has now. Every report is listed, once.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from notices.bounce_reports import Report, is_message_id
from notices.message import message_id, person_in
from notices.own_answers import BOUNCED, CAME_BACK, CAME_BACK_LATER, DELAYED, DELAYED_LATER
from records import campaigns
from records.campaigns import Claimed, Recipient
from records.database import CLOCK, Database, clock_of, rows, run
from records.log import Line, write

TEMPLATE = "address_bounced"
Outcome = Literal["matched", "unknown", "ignored", "known", "unreadable"]
Source = Literal["mailbox", "api"]


async def keep(database: Database, report: Report, *, domain: str, source: Source, digest: str) -> Outcome:
    """Keep what a report says, in one transaction; `known` where this very report was kept before.

    `domain` is that of the Message-IDs of our notices, `digest` is of the report as it came.
    """
    async with database.transaction() as connection:
        found = await _find(connection, database, report, domain)
        kind = report.kind
        outcome: Outcome = "ignored" if kind == "nothing" else "matched" if found else "unknown"
        if not await _list(connection, report, found, outcome, source, digest):
            return "known"
        if found is not None and outcome == "matched":
            await _note(connection, found, report)
        return outcome


async def keep_unreadable(database: Database, data: bytes, source: Source) -> None:
    """Count a letter that is no report, or none that can be read."""
    async with database.transaction() as connection:
        await _list(connection, None, None, "unreadable", source, digest_of(data))


def digest_of(data: bytes, number: int = 0) -> str:
    """What tells one report from another: of the letter, and the number of the recipient in it."""
    return f"{hashlib.sha256(data).hexdigest()}/{number}"


class _Found(NamedTuple):
    """The notice that a report is about. `named`: whether the report names the address that the person has now."""

    campaign_id: str
    person_id: int
    subject: str
    season_id: str
    entry_id: int | None
    window_id: str | None
    template: str
    state: str
    answer: str | None
    bounced_at: datetime | None
    email: str
    named: bool = False


async def _find(connection: AsyncConnection, database: Database, report: Report, domain: str) -> _Found | None:
    person = person_in(report.message_id)
    if person is None:
        return None
    sent = await rows(
        connection,
        """SELECT d.campaign_id, d.person_id, d.subject, d.season_id, d.entry_id, d.window_id, c.template, d.state, d.answer,
             d.bounced_at, p.email FROM deliveries d JOIN campaigns c ON c.id = d.campaign_id
           JOIN people p ON p.id = d.person_id
           WHERE d.person_id = :person AND d.attempts > 0 AND p.erased_at IS NULL FOR NO KEY UPDATE OF p""",
        person=person,
    )
    for row in sent:
        own = message_id(
            row["season_id"], row["campaign_id"], person, row["subject"], domain, proof=database.seal.proof
        )
        if hmac.compare_digest(own.encode(), report.message_id.encode()):
            named = not report.recipients or row["email"].lower() in report.recipients
            return _Found(**row, named=named)
    return None


async def _list(
    connection: AsyncConnection,
    report: Report | None,
    found: _Found | None,
    outcome: Outcome,
    source: Source,
    digest: str,
) -> bool:
    """Write a report down; whether it is news."""
    person = found.person_id if found else None
    if report is not None and found is None and report.recipients:
        known = await rows(
            connection,
            "SELECT id FROM people WHERE lower(email) = ANY(CAST(:addresses AS text[])) ORDER BY id LIMIT 1",
            addresses=list(report.recipients),
        )
        person = known[0]["id"] if known else None
    named = report is not None and is_message_id(report.message_id)
    return bool(
        await run(
            connection,
            f"""INSERT INTO bounce_reports (received_at, source, digest, outcome, kind, action, status, diagnostic,
                  message_id, season_id, campaign_id, person_id)
                VALUES ({CLOCK}, :source, :digest, :outcome, :kind, :action, :status, :diagnostic, :message_id, :season,
                  :campaign, :person) ON CONFLICT (digest) DO NOTHING""",
            source=source,
            digest=digest,
            outcome=outcome,
            kind=report.kind if report else None,
            action=report.action if report else None,
            status=report.status if report else None,
            diagnostic=report.words if report else None,
            message_id=report.message_id if report is not None and named else None,
            season=found.season_id if found else None,
            campaign=found.campaign_id if found else None,
            person=person,
        )
    )


async def _note(connection: AsyncConnection, found: _Found, report: Report) -> None:
    """What the report says of the notice; and of the address, where it is the one that the person has now."""
    kind = report.kind
    if not found.named or found.bounced_at is not None:
        return  # written to an address that is given up by now, or known already to have come back
    failed = kind != "delayed"
    before = found.answer if found.state == "sent" else None
    says = (CAME_BACK_LATER if failed else DELAYED_LATER) if before else CAME_BACK if failed else DELAYED
    # With the notice whatever went in the same mail.
    await run(
        connection,
        f"""UPDATE deliveries SET bounce = :kind, answer = CASE WHEN state = 'sent' THEN :says ELSE answer END,
              bounced_at = CASE WHEN :failed THEN {CLOCK} END,
              state = CASE WHEN :failed AND state = 'sent' THEN 'failed' ELSE state END
            WHERE person_id = :person AND ((campaign_id = :campaign AND subject = :subject)
              OR (lead_campaign = :campaign AND lead_subject = :subject AND state = 'sent'))""",
        kind=kind,
        says=says.en.format(words=report.words or report.status or "?", before=before),
        failed=failed,
        campaign=found.campaign_id,
        person=found.person_id,
        subject=found.subject,
    )
    line = Line(
        "notice.bounced" if failed else "notice.delayed", window_id=found.window_id, entry_id=found.entry_id,
        person_id=found.person_id, data={"notice": found.template, "kind": kind, "status": report.status},
    )  # fmt: skip
    await write(connection, found.season_id, [line])
    if kind == "no_such_address":
        await _give_up(connection, found.season_id, found.person_id, found.email, report.words)


async def refused(database: Database, delivery: Claimed, answer: str) -> bool:
    """Keep that a server said at once that there is no such address; whether this is news.

    The address that was written to is named, since the person may have another by now.
    """
    async with database.transaction() as connection:
        await run(
            connection,
            """UPDATE deliveries SET bounce = 'no_such_address'
               WHERE campaign_id = :campaign AND person_id = :person AND subject = :subject AND state = 'failed'""",
            campaign=delivery.campaign_id,
            person=delivery.person_id,
            subject=delivery.subject,
        )
        return await _give_up(connection, delivery.season_id, delivery.person_id, delivery.email, answer)


async def _give_up(connection: AsyncConnection, season: str, person: int, email: str, answer: str) -> bool:
    """Use an address no more until it is corrected, and tell the channels of the person's entries; whether this is news."""
    marked = await rows(
        connection,
        f"""UPDATE people SET bounced_at = {CLOCK}, bounce_answer = :answer
            WHERE id = :person AND email = :email AND bounced_at IS NULL AND erased_at IS NULL RETURNING id""",
        person=person,
        email=email,
        answer=answer,
    )
    if marked:
        await write(connection, season, [Line("person.address_bounced", person_id=person)])
        await _tell_channels(connection, season, person)
    return bool(marked)


async def _tell_channels(connection: AsyncConnection, season: str, person: int) -> None:
    """Once for each person and channel: who recommended somebody knows how else to reach them."""
    found = await rows(
        connection,
        """SELECT DISTINCT ON (c.id) c.contact_id AS person_id, k.language, 'person/' || e.applicant_id AS subject,
             e.id AS entry_id, jsonb_build_object('channel', c.name, 'code', c.code) AS data
           FROM entries e JOIN channels c ON c.id = e.channel_id JOIN people k ON k.id = c.contact_id
           WHERE e.season_id = :season AND e.applicant_id = :person AND c.contact_id <> :person
             AND e.state NOT IN ('lapsed', 'withdrawn') ORDER BY c.id, e.id""",
        season=season,
        person=person,
    )
    if found:
        told = [Recipient(**row) for row in found]
        await campaigns.plan(connection, f"{season}/{TEMPLATE}", season, TEMPLATE, told)


_SKIPPED = BOUNCED.en.partition("{")[0]


async def send_anew(connection: AsyncConnection, person: int) -> int:
    """Queue again what a bounce kept from a person, where it is still of use; how many."""
    at = await clock_of(connection)
    return await run(
        connection,
        f"""UPDATE deliveries d SET state = 'queued', answer = NULL, not_before = NULL, queued_at = :at, attempts = 0,
              sent_at = NULL, bounced_at = NULL, bounce = NULL, lead_campaign = NULL, lead_subject = NULL
            FROM campaigns c JOIN seasons s ON s.id = c.season_id
            WHERE c.id = d.campaign_id AND d.person_id = :person AND s.state IN ('running', 'paused')
              AND (c.useful_until IS NULL OR c.useful_until > :at)
              AND ((d.state = 'skipped' AND d.answer LIKE '{_SKIPPED}%')
                OR (d.state = 'failed' AND d.bounce = 'no_such_address'))""",
        person=person,
        at=at,
    )


class Listed(NamedTuple):
    """A report, as it is listed: without an address."""

    id: int
    received_at: datetime
    source: str
    outcome: str
    kind: str | None
    action: str | None
    status: str | None
    diagnostic: str | None
    message_id: str | None
    season: str | None
    campaign: str | None
    person: int | None


_LISTED = """SELECT id, received_at, source, outcome, kind, action, status, diagnostic, message_id, season_id AS season,
    campaign_id AS campaign, person_id AS person FROM bounce_reports
  WHERE (CAST(:outcome AS text) IS NULL OR outcome = :outcome)
    AND (CAST(:season AS text) IS NULL OR season_id = :season OR season_id IS NULL) ORDER BY id DESC LIMIT :limit OFFSET :offset"""


async def listed(
    database: Database, *, season: str | None = None, outcome: str | None = None, limit: int = 100, offset: int = 0
) -> tuple[Listed, ...]:
    """The newest reports; `outcome` as of BounceReport; with `season` those about it and those about no notice of ours."""
    found = await database.at_once(_LISTED, season=season, outcome=outcome, limit=limit, offset=offset)
    return tuple(Listed(**row) for row in found)


def facts_digest(facts: dict[str, Any]) -> str:
    """The digest of a report that came as facts."""
    return digest_of(json.dumps(facts, sort_keys=True, default=str).encode())


async def keep_all(database: Database, data: bytes, reports: Sequence[Report], *, domain: str) -> bool:
    """Keep the reports of one letter; whether there were any."""
    for number, report in enumerate(reports):
        await keep(database, report, domain=domain, source="mailbox", digest=digest_of(data, number))
    if not reports:
        await keep_unreadable(database, data, "mailbox")
    return bool(reports)
