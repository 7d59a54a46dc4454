"""What a personal link asks one person to do about one window, without signing in.

A link of the purpose `task` names a window and, where several are concerned, an entry. What it opens is what the person
has to do in that window, and nothing else; it ends with the window, and moves with it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from records import links
from records.access import Who
from records.database import CLOCK, Database

INVITATIONS, MATCHES, ROUNDS = ("confirmation", "event"), ("match_answer", "follow_up"), ("review", "defence")
"""The kinds of windows in which somebody is asked: to confirm, to answer about a match, to score."""


class Task(NamedTuple):
    """What one person has to do in one window.

    `things` are one invitation or match, or the judge's assignments there; `open` whether the window accepts now,
    `over` whether it never will again as it stands: a paused one is neither.
    """

    who: Who
    season: str
    window: str
    kind: str
    stage: str
    area: str | None
    owner: str
    closes_at: datetime
    open: bool
    over: bool
    things: list[dict[str, Any]]


def thing_of(window: str, entry: int | None) -> str:
    """What a link of this purpose names."""
    return f"{entry or 0}/{window}"


async def open_task(database: Database, token: str) -> Task | None:
    """What a link asks for; None where it is no good: foreign, void, or of somebody who is not asked any more."""
    link = links.read(database.seal, token, "task")
    who = await links.who_holds(database, link) if link else None
    if link is None or who is None:
        return None
    entry, _, window = link.thing.partition("/")
    found = await database.at_once(_WINDOW, window=window)
    sql = _THINGS.get(found[0]["kind"]) if found else None
    if sql is None:
        return None
    values = {"window": window, "person": who.person_id} | ({"entry": int(entry)} if ":entry" in sql else {})
    things = await database.at_once(sql, **values)
    return Task(who, window=window, things=things, **found[0]) if things else None


_WINDOW = f"""SELECT season_id AS season, kind, stage, area, owner, closes_at,
    state IN ('open', 'scheduled') AND opens_at <= {CLOCK} AND {CLOCK} < closes_at AS open,
    state IN ('closed', 'cancelled') OR (state <> 'paused' AND closes_at <= {CLOCK}) AS over
  FROM windows WHERE id = :window"""

_INVITED = """SELECT e.id AS entry, e.number, e.title, i.state FROM invitations i JOIN entries e ON e.id = i.entry_id
  WHERE i.window_id = :window AND i.entry_id = :entry AND e.applicant_id = :person"""

# Both sides are asked whether they want to negotiate; how it goes, the place alone.
_MATCHED = """SELECT m.id AS match, m.state, e.number, e.title, n.title AS need, pl.name AS place,
    CASE WHEN pl.contact_id = :person THEN 'place' ELSE 'applicant' END AS side,
    f.id AS follow_up, f.kind AS about, f.state AS asked, f.answer
  FROM windows w JOIN matches m ON m.season_id = w.season_id AND w.subject = 'match/' || m.id
  JOIN needs n ON n.id = m.need_id JOIN places pl ON pl.id = n.place_id JOIN entries e ON e.id = m.entry_id
  LEFT JOIN follow_ups f ON f.window_id = w.id
  WHERE w.id = :window AND (pl.contact_id = :person OR (w.kind = 'match_answer' AND e.applicant_id = :person))"""

# Never what other judges gave.
_GIVEN = """SELECT a.id AS assignment, a.judge_id AS judge, a.entry_id AS entry, a.state, e.number, e.title, e.summary,
    b.scores, b.comment
  FROM assignments a JOIN judges j ON j.id = a.judge_id JOIN entries e ON e.id = a.entry_id
  LEFT JOIN ballots b ON b.assignment_id = a.id
  WHERE a.window_id = :window AND j.person_id = :person AND a.state IN ('active', 'done')
  ORDER BY a.state, e.number"""

_THINGS = (
    dict.fromkeys(INVITATIONS, _INVITED) | dict.fromkeys(MATCHES, _MATCHED) | dict.fromkeys(ROUNDS, _GIVEN)
)  # fmt: skip
