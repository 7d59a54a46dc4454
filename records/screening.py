"""What screening reads and writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Pool
from sqlalchemy.ext.asyncio import AsyncConnection

from models.errors import BadInput, NotFound, Refused
from models.facts import Like, NamedPerson, Screening, ScreeningFacts
from models.season import EntryRules
from models.states import EntryState
from records import log
from records.database import Database, rows, run
from rules.likeness import like_persons
from rules.near_duplicates import near_duplicates
from rules.screening import screen

# Four plain queries, joined here: in one, a planner without fresh statistics compares each entry with every other,
# and ten thousand took nine minutes.
_SUBMITTED = "season_id = :season AND (CAST(:area AS text) IS NULL OR area = :area) AND state = 'submitted'"
_MINE = """SELECT id, documents, leader_degree, length(summary) AS summary FROM entries WHERE {which} ORDER BY id"""
_TEAMS = """SELECT m.entry_id, array_agg(m.person_id ORDER BY m.position) AS team
  FROM entries e JOIN members m ON m.entry_id = e.id WHERE {which} GROUP BY m.entry_id"""
_EARLIER = """SELECT entry_id, person_id, earlier FROM (
    SELECT m.entry_id, m.person_id, e.area, e.state, array_agg(m.entry_id) OVER (
      PARTITION BY m.person_id ORDER BY e.submitted_at, e.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier
    FROM entries e JOIN members m ON m.entry_id = e.id
    WHERE e.season_id = :season AND e.state NOT IN ('draft', 'lapsed', 'withdrawn', 'ineligible')) t
  WHERE earlier IS NOT NULL AND {which}"""
_TWINS = """SELECT array_agg(id ORDER BY id) AS ids FROM entries
  WHERE season_id = :season AND state NOT IN ('draft', 'lapsed', 'withdrawn')
  GROUP BY lower(title) HAVING count(*) > 1"""


_PEOPLE = """SELECT m.entry_id, m.person_id, coalesce(m.name, p.name) AS name, coalesce(m.birth_year, p.birth_year) AS born
  FROM entries e JOIN members m ON m.entry_id = e.id JOIN people p ON p.id = m.person_id
  WHERE e.season_id = :season AND e.state NOT IN ('draft', 'lapsed', 'withdrawn', 'ineligible')
  ORDER BY m.entry_id, m.position"""
_TEXTS = """SELECT id, number, title, summary FROM entries
  WHERE season_id = :season AND state NOT IN ('draft', 'lapsed', 'withdrawn') ORDER BY id"""


@dataclass(frozen=True)
class Crowd:
    """What the entries of a season are compared by: who takes part, each entry's text, and its public number."""

    people: tuple[NamedPerson, ...]
    texts: dict[int, str]
    numbers: dict[int, str]


async def crowd(connection: AsyncConnection, season: str) -> Crowd:
    """All that still takes part in a season, to compare entries with; refused entries by their text alone."""
    people = await _unless_known(connection, _PEOPLE, season)
    texts = await _unless_known(connection, _TEXTS, season)
    return Crowd(
        tuple(NamedPerson(r["entry_id"], r["person_id"], r["name"], r["born"]) for r in people),
        {r["id"]: f"{r['title']}\n{r['summary']}" for r in texts},
        {r["id"]: r["number"] for r in texts},
    )


# Areas that close at one instant are screened one after the other against the same crowd, thousands of rows.
_known: WeakKeyDictionary[Pool, dict[str, tuple[str, str, list[dict[str, Any]]]]] = WeakKeyDictionary()


async def _unless_known(connection: AsyncConnection, sql: str, season: str) -> list[dict[str, Any]]:
    """The rows of a query, read only where they differ from what it found last, by a digest that the database makes."""
    # As sure as a sum of 64-bit hashes over all rows, in whatever order; a tenth of the work of hashing their texts.
    digested = f"SELECT count(*) || ' ' || sum(hash_record_extended(t, 0)) AS digest FROM ({sql}) t"
    digest = (await rows(connection, digested, season=season))[0]["digest"]
    last = _known.setdefault(connection.engine.pool, {})
    if sql not in last or last[sql][:2] != (season, digest):
        last[sql] = season, digest, await rows(connection, sql, season=season)
    return last[sql][2]


async def facts(connection: AsyncConnection, season: str, area: str | None) -> list[ScreeningFacts]:
    """Every submitted, not yet screened entry of an area (or of all), as the entry rules look at it."""
    mine = await rows(connection, _MINE.format(which=_SUBMITTED), season=season, area=area)
    if not mine:
        return []
    of_entries = "e.season_id = :season AND (CAST(:area AS text) IS NULL OR e.area = :area) AND e.state = 'submitted'"
    of_earlier = "state = 'submitted' AND (CAST(:area AS text) IS NULL OR area = :area)"
    teams = await rows(connection, _TEAMS.format(which=of_entries), season=season, area=area)
    earlier = await rows(connection, _EARLIER.format(which=of_earlier), season=season, area=area)
    return _put_together(mine, teams, earlier, await rows(connection, _TWINS, season=season))


async def facts_of(connection: AsyncConnection, season: str, entry: int) -> ScreeningFacts:
    """One entry of a season, in whatever state, as the entry rules look at it."""
    mine = await rows(connection, _MINE.format(which="id = :entry"), entry=entry)
    teams = await rows(connection, _TEAMS.format(which="e.id = :entry"), entry=entry)
    earlier = await rows(connection, _EARLIER.format(which="entry_id = :entry"), season=season, entry=entry)
    return _put_together(mine, teams, earlier, await rows(connection, _TWINS, season=season))[0]


def _put_together(
    mine: Sequence[dict[str, Any]],
    teams_of: Sequence[dict[str, Any]],
    earlier_of: Sequence[dict[str, Any]],
    twins_of: Sequence[dict[str, Any]],
) -> list[ScreeningFacts]:
    teams = {r["entry_id"]: r["team"] for r in teams_of}
    earlier: dict[int, dict[int, tuple[int, ...]]] = {}
    for r in earlier_of:
        earlier.setdefault(r["entry_id"], {})[r["person_id"]] = tuple(sorted(r["earlier"]))
    twins = {one: r["ids"] for r in twins_of for one in r["ids"]}
    return [
        ScreeningFacts(
            entry_id=row["id"],
            team=tuple(teams.get(row["id"], ())),
            documents=frozenset(row["documents"]),
            leader_degree=row["leader_degree"],
            summary_length=row["summary"],
            person_in_entries=earlier.get(row["id"], {}),
            twin_entries=tuple(one for one in twins.get(row["id"], ()) if one != row["id"]),
        )
        for row in mine
    ]


def screened(facts: Sequence[ScreeningFacts], crowd: Crowd, rules: EntryRules) -> list[Screening]:
    """Each entry by the entry rules, compared with all others of its season. Thousands of texts take seconds."""
    mine = {f.entry_id for f in facts}
    persons = like_persons(crowd.people, mine, rules.likeness)
    near = near_duplicates(crowd.texts, mine, rules.near_duplicate)

    def numbered(likes: Sequence[Like]) -> tuple[Like, ...]:
        return tuple(replace(like, number=crowd.numbers.get(like.entry_id, "")) for like in likes)

    return [
        screen(
            replace(
                f,
                like_persons=numbered(persons.get(f.entry_id, ())),
                near_entries=numbered(near.get(f.entry_id, ())),
            ),
            rules,
        )
        for f in facts
    ]


async def keep(connection: AsyncConnection, season: str, stage: str, screened: Sequence[Screening]) -> list[Screening]:
    """Write the decisions, and answer them, each with its findings in the log; who withdrew meanwhile is left alone.

    An entry that is returned for correction waits undecided, whatever the rules say of it: its answer is awaited.
    """
    if not screened:
        return []
    # Held first: who returns one of them at this moment comes before, and is seen, or after, and sees the decision.
    held = "SELECT id FROM entries WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR NO KEY UPDATE"
    await rows(connection, held, ids=[s.entry_id for s in screened])
    returned = await rows(
        connection,
        "SELECT entry_id FROM corrections WHERE season_id = :season AND state = 'open'",
        season=season,
    )
    waiting = {r["entry_id"] for r in returned}
    screened = [replace(s, decision="undecided") if s.entry_id in waiting else s for s in screened]
    found = await rows(
        connection,
        """UPDATE entries e SET state = k.state, alive = k.state <> 'ineligible', stage = :stage
           FROM unnest(CAST(:ids AS bigint[]), CAST(:states AS text[])) AS k(id, state)
           WHERE e.id = k.id AND e.state = 'submitted' RETURNING e.id""",
        stage=stage,
        ids=[s.entry_id for s in screened],
        states=[s.decision for s in screened],
    )
    decided = {r["id"] for r in found}
    await log.write(connection, season, [_line(s) for s in screened if s.entry_id in decided])
    return list(screened)


async def keep_again(connection: AsyncConnection, season: str, screening: Screening) -> None:
    """Write what the rules say of an undecided entry after its answer, unless it was decided or returned meanwhile."""
    found = await rows(
        connection,
        """UPDATE entries e SET state = :state, alive = true WHERE e.id = :entry AND e.state = 'undecided'
             AND NOT EXISTS (SELECT FROM corrections c WHERE c.entry_id = e.id AND c.state = 'open') RETURNING e.id""",
        state=screening.decision,
        entry=screening.entry_id,
    )
    if found:
        await log.write(connection, season, [_line(screening)])


def _line(screening: Screening) -> log.Line:
    findings: list[dict[str, Any]] = []
    for f in screening.findings:
        # For whoever decides; the applicant of a refused entry reads the line of its refusal.
        for_staff = f.staff if screening.decision == "undecided" else None
        staff = {"staff": {"en": for_staff.en, "zh": for_staff.zh}} if for_staff else {}
        findings.append({"code": f.code, "en": f.text.en, "zh": f.text.zh, **staff})
    return log.Line(
        f"entry.{screening.decision}",
        entry_id=screening.entry_id,
        rule=screening.findings[0].code if screening.findings else "screening",
        reason=" ".join(f.text.en for f in screening.findings) or None,
        data={"findings": findings},
    )


async def decide_undecided(connection: AsyncConnection, season: str, area: str | None, stage: str, state: str) -> int:
    """Decide what nobody decided in time, by the season file's rule `state`; how many."""
    found = await rows(
        connection,
        """UPDATE entries SET state = :state, alive = CAST(:alive AS boolean), stage = :stage
           WHERE season_id = :season AND (CAST(:area AS text) IS NULL OR area = :area) AND state = 'undecided'
           RETURNING id""",
        state=state,
        alive=state == EntryState.ELIGIBLE,
        stage=stage,
        season=season,
        area=area,
    )
    lines = [log.Line(f"entry.{state}", entry_id=r["id"], rule="screening.undecided") for r in found]
    await log.write(connection, season, lines)
    return len(found)


async def decide_screening(
    database: Database, entry_id: int, *, eligible: bool, actor: str, reason: str, command_id: str | None = None
) -> str:
    """A person decides an undecided entry. Raises Refused where it is not undecided, BadInput without a reason."""
    async with database.transaction() as connection:
        return await decide_on(
            connection, entry_id, eligible=eligible, actor=actor, reason=reason, command_id=command_id
        )


async def decide_on(
    connection: AsyncConnection,
    entry_id: int,
    *,
    eligible: bool,
    actor: str,
    reason: str,
    command_id: str | None = None,
) -> str:
    """As `decide_screening`, on a connection in a transaction."""
    if not reason.strip():
        raise BadInput("command.no_reason", "A reason is missing.", "Say why; the applicant reads it.")
    state = EntryState.ELIGIBLE if eligible else EntryState.INELIGIBLE
    found = await rows(
        connection, "SELECT season_id, number, state FROM entries WHERE id = :id FOR UPDATE", id=entry_id
    )
    if not found:
        raise NotFound("entry.unknown", f"There is no entry {entry_id}.")
    before = await log.command_line(connection, command_id) if command_id else None
    if before is not None and before["entry_id"] == entry_id:
        return str(before["data"]["state"])
    if before is not None:
        raise Refused(
            "command.other", f"Command '{command_id}' decided on another entry; nothing was done.",
            "Load the entry's page anew, or send another id.",
        )  # fmt: skip
    if found[0]["state"] != EntryState.UNDECIDED:
        raise Refused(
            "entry.decided", f"Entry {found[0]['number']} is {found[0]['state']}, not undecided.",
            "`season explain` says who decided, and why.",
        )  # fmt: skip
    await run(
        connection,
        "UPDATE entries SET state = :state, alive = CAST(:alive AS boolean) WHERE id = :id",
        state=state,
        alive=eligible,
        id=entry_id,
    )
    line = log.Line(
        "entry.decided", actor=actor, entry_id=entry_id, reason=reason, command_id=command_id, data={"state": state}
    )
    await log.write(connection, found[0]["season_id"], [line])
    return state


async def lapse_drafts(connection: AsyncConnection, season: str, area: str | None) -> dict[str, int]:
    """Once no registration of the area is still to close: drafts that were never submitted lapse."""
    counts: dict[str, Any] = (
        await rows(
            connection,
            """SELECT (SELECT count(*) FROM windows WHERE season_id = :season AND kind = 'registration'
                 AND (CAST(:area AS text) IS NULL OR area = :area) AND state NOT IN ('closed', 'cancelled')) AS open,
               (SELECT count(*) FROM entries WHERE season_id = :season
                 AND (CAST(:area AS text) IS NULL OR area = :area) AND state = 'submitted') AS submitted""",
            season=season,
            area=area,
        )
    )[0]
    if counts["open"]:
        return {"submitted": counts["submitted"]}
    lapsed = await rows(
        connection,
        """UPDATE entries SET state = 'lapsed' WHERE season_id = :season
             AND (CAST(:area AS text) IS NULL OR area = :area) AND state = 'draft' RETURNING id""",
        season=season,
        area=area,
    )
    lines = [log.Line("entry.lapsed", entry_id=r["id"], rule="registration.close") for r in lapsed]
    await log.write(connection, season, lines)
    return {"submitted": counts["submitted"], "lapsed": len(lapsed)}


async def revive_drafts(connection: AsyncConnection, season: str, window: str, area: str | None, *, actor: str) -> int:
    """A registration is open again: the drafts that lapsed at its close are drafts as before; how many."""
    revived = await rows(
        connection,
        """UPDATE entries SET state = 'draft' WHERE season_id = :season
             AND (CAST(:area AS text) IS NULL OR area = :area) AND state = 'lapsed' RETURNING id""",
        season=season,
        area=area,
    )
    entries = sorted(r["id"] for r in revived)
    lines = [log.Line("entry.revived", actor, window, entry, rule="registration.reopened") for entry in entries]
    await log.write(connection, season, lines)
    return len(revived)
