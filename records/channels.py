"""Channels (recommending organisations), and the ledger of who recommended what.

Of the recommendations of one entry the first valid one counts: `entries.channel_id` is its channel. All are kept, also
those that their channel took back. They are written under the entry's lock, each with an instant later than the one
before it, so that which was the first is beyond dispute. Locks are taken in the order window, entry, channel, by imports too.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from models.errors import BadInput, NotFound, Refused
from models.forms import ChannelForm
from models.states import EntryState
from models.tables import Channel
from records import campaigns, gate, log, people
from records.database import CLOCK, Database, clock_of, rows, run
from records.seasons import live

ACTS = ("invited", "registered", "vouched")
"""How a channel recommends: its link brought the applicant, it registered the project itself, it vouched for one."""
REGISTERED = "channel_registered"
"""The notice to an applicant whose project a channel registered."""

USED = """(SELECT count(*) FROM recommendations r JOIN entries e ON e.id = r.entry_id
  WHERE r.channel_id = c.id AND r.taken_back_at IS NULL AND e.state NOT IN ('withdrawn', 'lapsed'))"""
"""SQL: how much of its quota the channel `c` has used. A draft that lapsed and is revived counts again."""

_NO_MORE = (EntryState.WITHDRAWN, EntryState.LAPSED, EntryState.INELIGIBLE)
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_CODE_LENGTH = 12


def fresh_code() -> str:
    """A new invite code: 12 letters and figures, none of which is mistaken for another; nobody guesses it."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_CODE_LENGTH))


async def add_channel(database: Database, season_id: str, form: ChannelForm) -> int:
    """Write a channel with an invite code, or answer the one that has this code already."""
    async with database.transaction() as connection:
        await live(connection, season_id)
        at = await clock_of(connection)
        contact = (await people.keep(connection, [form.contact], at))[0]
        values = {**form.model_dump(exclude={"contact"}), "season_id": season_id, "contact_id": contact}
        statement = upsert(Channel).values(created_at=at, invite_code=fresh_code(), **values)
        statement = statement.on_conflict_do_update(
            index_elements=["season_id", "code"], set_={"name": form.name, "quota": form.quota}
        )
        channel_id: int = (await connection.execute(statement.returning(Channel.id))).scalar_one()
        return channel_id


async def recommend(database: Database, entry_id: int, channel: str, act: str = "vouched") -> bool:
    """A channel vouches for an entry while registration is open: whether that is new.

    The first recommendation counts, all are kept. Raises as `attribute` does, and Refused once registration is over.
    """
    async with database.transaction() as connection:
        entry = await _entry(connection, entry_id)
        at = await _pass(connection, entry)
        return await attribute(connection, entry["season_id"], entry_id, channel, act, at)


async def attribute(
    connection: AsyncConnection, season_id: str, entry_id: int, channel: str, act: str, at: datetime | None = None
) -> bool:
    """Write who recommended what, when, by which act; False where this channel had done so already.

    `at` is the accepting instant, the business clock where it is left out. An applicant whose entry was registered by
    the channel is told. Raises NotFound for an unknown channel or entry; Refused past the quota, for an entry of
    another area or one that takes no part any more, and where the channel took its recommendation back.
    """
    locked = await rows(connection, _LOCK, entry=entry_id, season=season_id, code=channel)
    if not locked:
        raise NotFound("entry.unknown", f"There is no entry {entry_id} in season '{season_id}'.")
    both = locked[0]
    if both["channel"] is None:
        raise NotFound("channel.unknown", f"There is no channel '{channel}' in season '{season_id}'.")
    # A statement of its own: it sees what was committed while the one before waited for its locks.
    done = (await rows(
        connection, _WRITE, entry=entry_id, channel=both["channel"], quota=both["quota"], at=at, act=act,
        season=season_id, actor=f"channel/{channel}", by=channel, may=_may(both),
    ))[0]  # fmt: skip
    if done["before"] == "stands":
        return False
    if not done["written"]:
        _refuse(channel, both, taken_back=done["before"] is not None)
    if act == "registered":
        told = campaigns.Recipient(
            both["applicant_id"], both["language"], f"entry/{entry_id}", entry_id, {"channel": both["name"]}
        )
        await campaigns.plan(connection, f"{season_id}/{REGISTERED}", season_id, REGISTERED, [told])
    return True


_ENTRY = """SELECT e.id, e.season_id, e.number, e.area, e.state, e.applicant_id, p.language
  FROM entries e JOIN people p ON p.id = e.applicant_id WHERE e.id = :id"""
# First the entry, then the channel: the second is looked for once the first is held.
_LOCK = """WITH entry AS MATERIALIZED (SELECT e.id, e.number, e.area, e.state, e.applicant_id, p.language
    FROM entries e JOIN people p ON p.id = e.applicant_id WHERE e.id = :entry AND e.season_id = :season
    FOR NO KEY UPDATE OF e
  ), channel AS MATERIALIZED (SELECT c.id, c.name, c.area, c.quota FROM channels c
    WHERE c.season_id = :season AND c.code = :code AND EXISTS (SELECT FROM entry) FOR NO KEY UPDATE
  ) SELECT entry.*, channel.id AS channel, channel.name, channel.area AS channel_area, channel.quota
  FROM entry LEFT JOIN channel ON true"""
# The instant is the gate's, unless another channel came before it through the gate's queue: then a trifle later. The
# latest recommendation never counts before an earlier one that stands.
_WRITE = f"""WITH before AS (
    SELECT CASE WHEN taken_back_at IS NULL THEN 'stands' ELSE 'taken back' END AS state FROM recommendations
    WHERE entry_id = :entry AND channel_id = :channel
  ), used AS (SELECT {USED} AS n FROM channels c WHERE c.id = :channel AND CAST(:quota AS int) IS NOT NULL
  ), written AS (
    INSERT INTO recommendations (entry_id, channel_id, at, act)
    SELECT :entry, :channel, greatest(coalesce(CAST(:at AS timestamptz), {CLOCK}), max(r.at) + interval '1 microsecond'), :act
    FROM recommendations r WHERE r.entry_id = :entry
    HAVING :may AND NOT EXISTS (SELECT FROM before) AND NOT EXISTS (SELECT FROM used WHERE n >= CAST(:quota AS int))
    RETURNING at, channel_id
  ), settled AS (
    UPDATE entries e SET channel_id = coalesce((SELECT r.channel_id FROM recommendations r
      WHERE r.entry_id = :entry AND r.taken_back_at IS NULL ORDER BY r.at, r.id LIMIT 1), w.channel_id)
    FROM written w WHERE e.id = :entry RETURNING e.channel_id = w.channel_id AS counts, w.at
  ), logged AS (
    INSERT INTO log (season_id, at, actor, event, entry_id, data)
    SELECT :season, at, :actor, 'entry.recommended', :entry,
      jsonb_build_object('by', CAST(:by AS text), 'act', CAST(:act AS text), 'counts', counts) FROM settled
  ) SELECT (SELECT state FROM before) AS before, EXISTS (SELECT FROM settled) AS written"""
_SETTLE = """UPDATE entries SET channel_id = k.channel_id FROM (SELECT (SELECT r.channel_id FROM recommendations r
    WHERE r.entry_id = :entry AND r.taken_back_at IS NULL ORDER BY r.at, r.id LIMIT 1) AS channel_id) k
  WHERE id = :entry RETURNING entries.channel_id"""


def _elsewhere(both: dict[str, Any]) -> bool:
    return both["channel_area"] is not None and both["channel_area"] != both["area"]


def _may(both: dict[str, Any]) -> bool:
    return not _elsewhere(both) and both["state"] not in _NO_MORE


def _refuse(code: str, both: dict[str, Any], *, taken_back: bool) -> NoReturn:
    number = both["number"]
    if taken_back:
        raise Refused(
            "channel.taken_back", f"Channel '{code}' took its recommendation of {number} back; that stands.",
            "Another channel may recommend it.",
        )  # fmt: skip
    if _elsewhere(both):
        raise Refused(
            "channel.area", f"Channel '{code}' belongs to area {both['channel_area']}; entry {number} is in area {both['area']}.",
            "Recommend entries of your own area.",
        )  # fmt: skip
    if both["state"] in _NO_MORE:
        raise Refused("entry.over", f"Entry {number} is {both['state']} and cannot be recommended.")
    raise Refused(
        "channel.quota", f"Channel '{code}' has used its quota of {both['quota']} recommendations.",
        "Ask the season office for a larger quota.",
    )  # fmt: skip


async def _settle(connection: AsyncConnection, entry_id: int) -> int | None:
    """The channel whose recommendation counts now: the first valid one. The entry's lock is held."""
    counts: int | None = (await rows(connection, _SETTLE, entry=entry_id))[0]["channel_id"]
    return counts


async def _entry(connection: AsyncConnection, entry_id: int) -> dict[str, Any]:
    found = await rows(connection, _ENTRY, id=entry_id)
    if not found:
        raise NotFound("entry.unknown", f"There is no entry {entry_id}.")
    return found[0]


async def _pass(connection: AsyncConnection, entry: dict[str, Any]) -> datetime:
    """Through the gate of the entry's registration: the accepting instant. Raises Refused, NotFound."""
    values = {"season": entry["season_id"], "kind": "registration", "area": entry["area"]}
    passed = await rows(connection, f"WITH {gate.BY_KIND} SELECT at FROM gate", **values)
    if not passed:
        await gate.refuse(connection, entry["season_id"], "registration", entry["area"])
    at: datetime = passed[0]["at"]
    return at


async def take_back(database: Database, entry_id: int, channel: str, *, reason: str, actor: str = "") -> None:
    """A channel takes its recommendation back, while registration is open: it counts no more, the next one does.

    Raises BadInput without a reason, NotFound where this channel recommends no such entry, Refused after the close.
    """
    if not reason.strip():
        raise BadInput("channel.no_reason", "reason: a reason is missing.", "Say why; it is kept in the ledger.")
    async with database.transaction() as connection:
        entry = await _entry(connection, entry_id)
        at = await _pass(connection, entry)
        await rows(connection, "SELECT id FROM entries WHERE id = :entry FOR NO KEY UPDATE", entry=entry_id)
        done = await run(
            connection,
            """UPDATE recommendations r SET taken_back_at = greatest(CAST(:at AS timestamptz), r.at),
                 taken_back_reason = :reason
               FROM channels c WHERE c.id = r.channel_id AND c.code = :code AND c.season_id = :season
                 AND r.entry_id = :entry AND r.taken_back_at IS NULL""",
            at=at, reason=reason.strip(), code=channel, season=entry["season_id"], entry=entry_id,
        )  # fmt: skip
        if not done:
            raise NotFound("channel.recommends_not", f"Channel '{channel}' does not recommend entry {entry['number']}.")
        await _settle(connection, entry_id)
        line = log.Line(
            "entry.recommendation_taken_back", actor=actor or f"channel/{channel}", entry_id=entry_id,
            reason=reason.strip(), data={"by": channel},
        )  # fmt: skip
        await log.write(connection, entry["season_id"], [line], at=at)


async def set_quota(
    connection: AsyncConnection, season_id: str, channel: str, quota: int | None, *, reason: str, actor: str
) -> tuple[int | None, int]:
    """Change how much a channel may recommend, None for no limit: the quota that was, and how much is used.

    Raises BadInput without a reason or for a quota below 1; Refused below what is used already; NotFound.
    """
    if not reason.strip():
        raise BadInput("command.no_reason", "A reason is missing.", "Say why with --reason; it is kept in the log.")
    if quota is not None and not 1 <= quota <= 100_000:
        raise BadInput("channel.quota", f"quota: {quota} is not between 1 and 100000.", "Leave no limit with `none`.")
    locked = "SELECT c.id, c.quota FROM channels c WHERE c.season_id = :season AND c.code = :code FOR NO KEY UPDATE"
    found = await rows(connection, locked, season=season_id, code=channel)
    if not found:
        raise NotFound(
            "channel.unknown", f"There is no channel '{channel}' in season '{season_id}'.",
            "`season channels list` lists them.",
        )  # fmt: skip
    was, id_ = found[0]["quota"], found[0]["id"]
    used: int = (await rows(connection, f"SELECT {USED} AS n FROM channels c WHERE c.id = :id", id=id_))[0]["n"]
    if quota is not None and quota < used:
        raise Refused(
            "channel.quota_used", f"Channel '{channel}' has {used} recommendations, more than {quota}.",
            f"Give at least {used}.",
        )  # fmt: skip
    await run(connection, "UPDATE channels SET quota = CAST(:quota AS int) WHERE id = :id", quota=quota, id=id_)
    event = "channel.quota_lifted" if quota is None else "channel.quota_set"
    line = log.Line(event, actor=actor, reason=reason.strip(), data={"by": channel, "was": was, "quota": quota})
    await log.write(connection, season_id, [line])
    return was, used


async def renew_code(database: Database, season_id: str, channel: str) -> str:
    """A new invite code for a channel; the link with the old one works no more. Raises NotFound."""
    code = fresh_code()
    async with database.transaction() as connection:
        done = await run(
            connection,
            "UPDATE channels SET invite_code = :new WHERE season_id = :season AND code = :code",
            new=code, season=season_id, code=channel,
        )  # fmt: skip
        if not done:
            raise NotFound("channel.unknown", f"There is no channel '{channel}' in season '{season_id}'.")
        line = log.Line("channel.code_renewed", actor=f"channel/{channel}", data={"by": channel})
        await log.write(connection, season_id, [line])
    return code
