"""The gate: what is accepted is in time, by the database's clock, whatever the load, the race or the outage.

One statement does it: it takes the window's row lock for key share, compares the clock with the row, and writes.
The closer (`records.windows.close_window`) takes the same lock for update, so it waits for every acceptance in
flight and its list is complete. Design and measurements: docs/architecture.md, `benchmarks.deadline_storm`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy.ext.asyncio import AsyncConnection

from models.errors import NotFound, Refused
from records.database import CLOCK, rows

# The clock is read once, in a row of its own, so that the instant compared is the instant kept.
BY_WINDOW = f"""gate AS (
  SELECT w.id, w.season_id, w.stage, w.area, clock.at
  FROM windows w CROSS JOIN (SELECT {CLOCK} AS at OFFSET 0) clock
  WHERE w.id = :window AND w.state IN ('open', 'scheduled') AND w.opens_at <= clock.at AND clock.at < w.closes_at
  FOR KEY SHARE OF w)"""
"""A common table expression with one row if the window `:window` accepts now: its id and the accepting instant."""

BY_KIND = f"""gate AS (
  SELECT w.id, w.season_id, w.stage, w.area, clock.at
  FROM windows w CROSS JOIN (SELECT {CLOCK} AS at OFFSET 0) clock
  WHERE w.season_id = :season AND w.kind = :kind AND w.area IS NOT DISTINCT FROM :area
    AND w.state IN ('open', 'scheduled') AND w.opens_at <= clock.at AND clock.at < w.closes_at
  ORDER BY w.opens_at LIMIT 1 FOR KEY SHARE OF w)"""
"""The same for whichever window of a kind accepts now, in the area `:area` of the season `:season`."""


IN_TIME = f"""gate AS (
  SELECT w.id, w.season_id, w.stage, w.area, clock.at
  FROM entries x JOIN windows w ON w.season_id = x.season_id AND w.kind = 'registration' AND w.area = x.area
    CROSS JOIN (SELECT {CLOCK} AS at OFFSET 0) clock
  WHERE x.id = :entry AND w.state IN ('open', 'scheduled') AND w.opens_at <= clock.at AND clock.at < w.closes_at
  ORDER BY w.opens_at LIMIT 1 FOR KEY SHARE OF w)"""
"""The same for the registration window of the area of the entry `:entry`, which needs no leave then."""

BY_ENTRY = f"""clock AS MATERIALIZED (SELECT {CLOCK} AS at), grace AS MATERIALIZED (
  SELECT s.id FROM clock, graces g JOIN windows w ON w.id = g.window_id
    JOIN windows s ON s.season_id = w.season_id AND s.kind = 'screening' AND (s.area = w.area OR s.area IS NULL)
  WHERE g.entry_id = :entry AND clock.at < g.until
    AND s.state IN ('open', 'scheduled') AND clock.at < s.closes_at
  FOR KEY SHARE OF s
), correction AS MATERIALIZED (
  SELECT s.id FROM clock, corrections c JOIN entries x ON x.id = c.entry_id
    JOIN windows s ON s.season_id = x.season_id AND s.kind = 'screening' AND s.subject IS NULL
      AND (s.area = x.area OR s.area IS NULL)
  WHERE c.entry_id = :entry AND c.state = 'open' AND clock.at < c.until
    AND s.state IN ('open', 'scheduled') AND clock.at < s.closes_at
  FOR KEY SHARE OF s FOR NO KEY UPDATE OF c
), gate AS (
  SELECT w.id, w.season_id, w.stage, w.area, clock.at
  FROM windows w CROSS JOIN clock
  WHERE w.season_id = (SELECT season_id FROM entries WHERE id = :entry) AND w.kind = 'registration'
    AND w.area = (SELECT area FROM entries WHERE id = :entry) AND w.opens_at <= clock.at
    AND ((w.state IN ('open', 'scheduled') AND clock.at < w.closes_at)
      OR (w.state IN ('open', 'scheduled', 'closed')
        AND (EXISTS (SELECT FROM grace) OR EXISTS (SELECT FROM correction))))
  ORDER BY w.opens_at LIMIT 1 FOR KEY SHARE OF w)"""
"""The same, for an entry that may have been given grace or returned.

Whoever comes by grace or to correct holds the screening too: its closer waits for them, so that what is accepted is
screened. Whoever corrects holds the correction: of a change and the answer that ends it, one comes after the other.
"""

MAY_HAND_IN = "(e.state IN ('draft', 'submitted') OR (e.state = 'lapsed' AND EXISTS (SELECT FROM grace)))"
"""With `BY_ENTRY`: whether the entry `e` is in a state in which it may be submitted.

A draft with grace lapses at the close like every other: so the close and the grace need not know of one another.
"""

MAY_COME = f"({MAY_HAND_IN} OR (e.state = 'undecided' AND EXISTS (SELECT FROM correction)))"
"""With `BY_ENTRY`: whether the entry `e` may be saved and its documents changed. An undecided entry stays undecided:
the answer to its correction hands it in, and no submission turns it loose past a decision.
"""


async def refuse(
    connection: AsyncConnection, season: str, kind: str, area: str | None, window: str | None = None
) -> NoReturn:
    """Say why the gate did not accept: names the window and the instant. Raises Refused or NotFound."""
    found = await rows(
        connection,
        f"""SELECT id, state, opens_at, closes_at, {CLOCK} AS now FROM windows
            WHERE season_id = :season AND (id = :window OR (CAST(:window AS text) IS NULL AND kind = :kind
              AND area IS NOT DISTINCT FROM :area)) ORDER BY opens_at""",
        season=season,
        kind=kind,
        area=area,
        window=window,
    )
    if not found:
        raise NotFound("window.unknown", f"There is no {kind} window for area '{area}' in season '{season}'.")
    why(found)


def accepts(row: Mapping[str, Any]) -> bool:
    """Whether a window that has been read accepts at the instant `now`, as its row says."""
    return row["state"] in ("open", "scheduled") and bool(row["opens_at"] <= row["now"] < row["closes_at"])


def why(found: Sequence[Mapping[str, Any]]) -> NoReturn:
    """The same, of windows that have been read: their id, state, opens_at, closes_at, and the instant `now`."""
    now = found[0]["now"]
    for row in found:
        if row["state"] == "paused":
            raise Refused(
                "window.paused", f"'{row['id']}' is paused; nothing is accepted meanwhile.",
                "You will be told when it goes on; no time is lost.",
            )  # fmt: skip
    coming = [row for row in found if row["opens_at"] > now and row["state"] == "scheduled"]
    if coming and not any(row["opens_at"] <= now < row["closes_at"] for row in found):
        row = coming[0]
        raise Refused("window.not_open", f"'{row['id']}' opens at {_z(row['opens_at'])}; it is {_z(now)} now.")
    row = max(found, key=lambda r: r["closes_at"])
    if row["state"] == "cancelled":
        raise Refused("window.cancelled", f"'{row['id']}' was cancelled with its season.")
    if row["state"] != "closed" and now < row["closes_at"]:
        raise Refused("act.not_possible", "This act is not possible in the present state.", "Look at the entry's page.")
    raise Refused("window.closed", f"'{row['id']}' closed at {_z(row['closes_at'])}; it is {_z(now)} now.")


def _z(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%d %H:%M:%S.%fZ")
