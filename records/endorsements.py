"""A channel's ranking of the entries that it brought, and its one signature under it, while the window is open.

The lists are written by one statement through the window's gate: what is signed was in time by the database's clock, is
signed once, and holds each entry of the channel exactly once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from sqlalchemy.ext.asyncio import AsyncConnection

from models.errors import BadInput, NotFound, Refused
from records import gate, log
from records.database import CLOCK, Database, clock_of, rows, run

OPEN, REMINDER = "endorsement_open", "endorsement_reminder"
TEMPLATES = (OPEN, REMINDER)
"""The notices of these windows, to channels."""
BY_RULE = "rule"
"""Who signed a list that the season file's rule signed."""

# Once registration is over: what was submitted, and is not out by the checks.
_MINE = """e.season_id = w.season_id AND (w.area IS NULL OR e.area = w.area)
  AND e.state IN ('submitted', 'undecided', 'eligible')"""


@dataclass(frozen=True)
class Ranked:
    """One entry of a list."""

    id: int
    number: str
    title: str


@dataclass(frozen=True)
class ChannelList:
    """A channel's list in one window: its entries, best first. `accepts` while it can be ranked and signed now."""

    window: str
    stage: str
    area: str | None
    state: str
    opens_at: datetime
    closes_at: datetime
    accepts: bool
    entries: tuple[Ranked, ...]
    signed_at: datetime | None
    signed_by: str | None


_LISTS = f"""SELECT w.id AS window, w.stage, w.area, w.state, w.opens_at, w.closes_at,
    w.state IN ('open', 'scheduled') AND w.opens_at <= {CLOCK} AND {CLOCK} < w.closes_at AS accepts,
    coalesce(l.ranking, '[]') AS ranking, l.signed_at, l.signed_by,
    coalesce((SELECT jsonb_agg(jsonb_build_object('id', e.id, 'number', e.number, 'title', e.title)
      ORDER BY e.submitted_at, e.id) FROM entries e
      WHERE (l.signed_at IS NULL AND e.channel_id = c.id AND {_MINE})
        OR (l.signed_at IS NOT NULL AND l.ranking @> to_jsonb(e.id) AND e.season_id = w.season_id)), '[]') AS entries
  FROM channels c JOIN windows w ON w.season_id = c.season_id AND w.kind = 'endorsement'
    AND (c.area IS NULL OR w.area IS NULL OR w.area = c.area)
  LEFT JOIN channel_lists l ON l.channel_id = c.id AND l.window_id = w.id
  WHERE c.season_id = :season AND c.code = :code AND w.state <> 'cancelled' ORDER BY w.opens_at, w.id"""


async def of_channel(database: Database, season: str, code: str) -> tuple[ChannelList, ...]:
    """A channel's lists, one for each window in which it has entries; empty before the first opens."""
    found = await database.at_once(_LISTS, season=season, code=code)
    now = await database.now()
    lists = []
    for row in found:
        ranking, entries = row.pop("ranking"), [Ranked(**entry) for entry in row.pop("entries")]
        place = {entry: n for n, entry in enumerate(ranking)}
        # What came in since the list was ranked stands behind it, by the instant of its submission.
        entries.sort(key=lambda entry: place.get(entry.id, len(place)))
        if entries and row["opens_at"] <= now:
            lists.append(ChannelList(**row, entries=tuple(entries)))
    return tuple(lists)


_PUT = f"""WITH {gate.BY_WINDOW}, own AS (
  SELECT c.id, c.code, (SELECT coalesce(array_agg(e.id ORDER BY e.id), '{{}}') FROM windows w JOIN entries e ON {_MINE}
    WHERE w.id = gate.id AND e.channel_id = c.id) AS entries
  FROM gate JOIN channels c ON c.season_id = gate.season_id AND c.code = :code
), kept AS (
  INSERT INTO channel_lists AS l (channel_id, window_id, ranking, changed_at, signed_at, signed_by)
  SELECT own.id, gate.id, CAST(:ranking AS jsonb), gate.at, CASE WHEN CAST(:signer AS text) IS NOT NULL THEN gate.at END,
    CAST(:signer AS text)
  FROM gate, own WHERE own.entries = CAST(:sorted AS bigint[]) AND cardinality(own.entries) > 0
  ON CONFLICT (channel_id, window_id) DO UPDATE SET ranking = excluded.ranking, changed_at = excluded.changed_at,
    signed_at = excluded.signed_at, signed_by = excluded.signed_by WHERE l.signed_at IS NULL
  RETURNING l.signed_at
), logged AS (
  INSERT INTO log (season_id, at, actor, event, window_id, data)
  SELECT gate.season_id, gate.at, 'channel/' || own.code, 'endorsement.signed', gate.id,
    jsonb_build_object('by', own.code, 'stage', gate.stage, 'count', cardinality(own.entries))
  FROM gate, own, kept WHERE kept.signed_at IS NOT NULL
) SELECT gate.at FROM gate, kept"""


async def put(
    database: Database, season: str, code: str, window: str, ranking: Sequence[int], *, signer: str | None = None
) -> datetime:
    """Keep a channel's ranking (ids of entries, best first), and sign it where `signer` is a name: the instant.

    Raises Refused once the list is signed, outside the window, and where the entries are others meanwhile; NotFound;
    BadInput for an entry that stands there twice.
    """
    if len(set(ranking)) != len(ranking):
        raise BadInput(
            "list.twice", "rank: an entry stands twice in the ranking.", "Give each entry a place of its own."
        )
    done = await database.at_once(
        _PUT, window=window, code=code, ranking=json.dumps(list(ranking)), sorted=sorted(ranking), signer=signer
    )
    if not done:
        await _refuse(database, season, code, window)
    at: datetime = done[0]["at"]
    return at


async def _refuse(database: Database, season: str, code: str, window: str) -> NoReturn:
    async with database.statement() as connection:
        found = await rows(
            connection,
            """SELECT l.signed_at, l.signed_by FROM channel_lists l JOIN channels c ON c.id = l.channel_id
               WHERE l.window_id = :window AND c.season_id = :season AND c.code = :code""",
            window=window,
            season=season,
            code=code,
        )
        if found and found[0]["signed_at"]:
            at = f"{found[0]['signed_at']:%Y-%m-%d %H:%M:%SZ}"
            raise Refused("list.signed", f"The list was signed at {at} by {found[0]['signed_by']}; that stands.")
        passed = await rows(connection, f"WITH {gate.BY_WINDOW} SELECT season_id FROM gate", window=window)
        if not passed:
            await gate.refuse(connection, season, "endorsement", None, window)
    if passed[0]["season_id"] != season:
        raise NotFound("window.unknown", f"There is no window '{window}' in season '{season}'.")
    raise Refused("list.entries", "The channel's entries are others meanwhile.", "Load the list anew, then rank it.")


# Who has entries to rank and has not signed, each with the ranking as it stands.
_UNSIGNED = f"""SELECT c.id, c.code, coalesce(l.ranking, '[]') AS ranking,
    array_agg(e.id ORDER BY e.submitted_at, e.id) AS entries
  FROM windows w JOIN entries e ON {_MINE} JOIN channels c ON c.id = e.channel_id
  LEFT JOIN channel_lists l ON l.channel_id = c.id AND l.window_id = w.id
  WHERE w.id = :window AND l.signed_at IS NULL GROUP BY c.id, l.ranking ORDER BY c.id"""
_SIGN = """INSERT INTO channel_lists AS l (channel_id, window_id, ranking, changed_at, signed_at, signed_by)
  SELECT k.channel, :window, k.ranking, CAST(:at AS timestamptz), CAST(:at AS timestamptz), :signer
  FROM jsonb_to_recordset(CAST(:lists AS jsonb)) AS k(channel bigint, ranking jsonb)
  ON CONFLICT (channel_id, window_id) DO UPDATE SET ranking = excluded.ranking, changed_at = excluded.changed_at,
    signed_at = excluded.signed_at, signed_by = excluded.signed_by WHERE l.signed_at IS NULL"""


async def conclude(connection: AsyncConnection, season: str, window: str, unsigned: str) -> dict[str, int]:
    """After the close: by the rule `sign_as_is` every list is signed as it stands; by `keep` none is. What was done."""
    found = await rows(connection, _UNSIGNED, window=window)
    signed = await rows(
        connection, "SELECT count(*) AS n FROM channel_lists WHERE window_id = :window AND signed_at IS NOT NULL", window=window
    )  # fmt: skip
    counts = {"signed": signed[0]["n"], "unsigned": len(found)}
    if not found:
        return counts
    stage = window.rpartition("/")[2]
    if unsigned == "keep":
        line = log.Line("endorsement.unsigned", window_id=window, data={"count": len(found), "stage": stage})
        await log.write(connection, season, [line])
        return counts
    at, lists, lines = await clock_of(connection), [], []
    for row in found:
        place = {entry: n for n, entry in enumerate(row["ranking"])}
        ranking = sorted(row["entries"], key=lambda entry, place=place: place.get(entry, len(place)))  # type: ignore[misc]
        lists.append({"channel": row["id"], "ranking": ranking})
        data = {"by": row["code"], "stage": stage, "count": len(ranking)}
        lines.append(log.Line("endorsement.signed", window_id=window, rule="endorsement.sign_as_is", data=data))
    await run(connection, _SIGN, window=window, at=at, signer=BY_RULE, lists=json.dumps(lists))
    await log.write(connection, season, lines, at=at)
    return counts
