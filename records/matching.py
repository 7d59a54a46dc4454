"""Places, needs, matches and negotiations: people's acts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, NoReturn

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from models.errors import BadInput, NotFound, Refused
from models.forms import NeedForm, PlaceForm
from models.season import MatchingStage, Reminder
from models.states import WindowState
from models.tables import Place
from records import campaigns, gate, log, people
from records.campaigns import Chosen, Recipient
from records.database import CLOCK, Database, clock_of, now_parameter, rows, run
from records.seasons import LiveSeason, live
from rules import reminders

Report = Literal["continuing", "landed", "failed"]


async def add_place(database: Database, season_id: str, form: PlaceForm) -> int:
    """Write a place, or answer the one of this name. Raises NotFound for an unknown season."""
    async with database.transaction() as connection:
        await live(connection, season_id)
        # A name that nobody has yet has no row to lock: two who add it at once wait for each other here.
        await run(connection, "SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))", key=f"{season_id}/{form.name}")
        at = await clock_of(connection)
        contact = (await people.keep(connection, [form.contact], at))[0]
        known = await rows(
            connection, "SELECT id FROM places WHERE season_id = :season AND name = :name ORDER BY id LIMIT 1",
            season=season_id, name=form.name,
        )  # fmt: skip
        if known:
            return int(known[0]["id"])
        values = {"season_id": season_id, "name": form.name, "kind": form.kind, "contact_id": contact, "created_at": at}
        return int((await connection.execute(insert(Place).values(values).returning(Place.id))).scalar_one())


_FILE_NEED = f"""WITH {gate.BY_KIND}, filed AS (
  INSERT INTO needs (season_id, place_id, title, summary, tracks, fields, readiness, capacity, filed_at)
  SELECT gate.season_id, p.id, :title, :summary, CAST(:tracks AS jsonb), CAST(:fields AS jsonb), :readiness, :capacity,
    gate.at
  FROM gate JOIN places p ON p.id = :place AND p.season_id = gate.season_id RETURNING id, place_id
), logged AS (
  INSERT INTO log (season_id, at, actor, event, window_id, data)
  SELECT gate.season_id, gate.at, 'place', 'need.filed', gate.id,
    jsonb_build_object('need', filed.id, 'place', filed.place_id) FROM filed, gate
) SELECT id FROM filed"""


async def file_need(database: Database, season_id: str, place_id: int, form: NeedForm) -> int:
    """A place files a need while the needs window is open.

    Raises Refused with window and instant, BadInput for an unknown track or field, NotFound for an unknown place.
    """
    async with database.statement() as connection:
        season = await live(connection, season_id)
        _check_fields(season, form)
        values = {
            **form.model_dump(exclude={"tracks", "fields"}),
            "tracks": json.dumps(form.tracks),
            "fields": json.dumps(form.fields),
        }
        bound = {**values, "season": season_id, "kind": "needs", "area": None, "place": place_id}
        filed = await connection.execute(text(_FILE_NEED), {**bound, "now": now_parameter()})
        need: int | None = filed.scalar_one_or_none()
        if need is None:
            await _refuse_need(connection, season_id, place_id)
        return need


async def _refuse_need(connection: AsyncConnection, season: str, place: int) -> NoReturn:
    sql = "SELECT id FROM places WHERE id = :place AND season_id = :season"
    if not await rows(connection, sql, place=place, season=season):
        raise NotFound("place.unknown", f"There is no place {place} in season '{season}'.")
    await gate.refuse(connection, season, "needs", None)


def _check_fields(season: LiveSeason, form: NeedForm) -> None:
    known = {t.code: {f.code for f in t.fields} for t in season.file.tracks}
    if strange := set(form.tracks) - known.keys():
        raise BadInput("need.track", f"tracks: '{min(strange)}' is no track of this season.")
    if strange := set(form.fields) - set().union(*(known[track] for track in form.tracks)):
        raise BadInput("need.field", f"fields: '{min(strange)}' is no field of {', '.join(form.tracks)}.")


def answer_window(season: str, match: int) -> str:
    """Id of the window in which a match is answered."""
    return f"{season}/match/{match}/answer"


def negotiation_workflow(season: str, match: int) -> str:
    """Id of the workflow of a negotiation."""
    return f"season/{season}/negotiation/{match}"


# An answered question is over: its window closes in the same statement. `closes_at` stays, so that whoever reads the
# row later sees that the answer was in time.
_ANSWER = f"""WITH {gate.BY_WINDOW}, answered AS (
  UPDATE matches m SET state = :state, answered_at = gate.at,
    ended_at = CASE WHEN :state = 'declined' THEN gate.at END,
    outcome = CASE WHEN :state = 'declined' THEN 'declined' END
  FROM gate WHERE m.id = :match AND m.state = 'proposed'
  RETURNING m.id, m.entry_id, gate.season_id, gate.id AS window_id, gate.at
), logged AS (
  INSERT INTO log (season_id, at, actor, event, window_id, entry_id, data)
  SELECT season_id, at, :actor, CASE WHEN :state = 'declined' THEN 'match.declined' ELSE 'match.answered' END,
    window_id, entry_id, jsonb_build_object('match', id) FROM answered
), closed AS (
  UPDATE windows w SET state = 'closed', closed_at = a.at, opened_at = coalesce(w.opened_at, w.opens_at)
  FROM answered a WHERE w.id = a.window_id
) SELECT entry_id FROM answered"""


async def answer_match(database: Database, match_id: int, *, accept: bool, actor: str = "place") -> str:
    """A place or an applicant answers a proposed match, through the gate: `negotiating`, or `declined`.

    The first answer counts. Raises Refused with window and instant after the close, NotFound for an unknown match.
    """
    async with database.statement() as connection:
        match = await _match(connection, match_id)
        window = answer_window(match["season_id"], match_id)
        state = "negotiating" if accept else "declined"
        values = {"window": window, "match": match_id, "state": state, "actor": actor, "now": now_parameter()}
        if (await connection.execute(text(_ANSWER), values)).scalar_one_or_none() is None:
            await _refuse_answer(connection, match_id, window)
        return state


async def _refuse_answer(connection: AsyncConnection, match_id: int, window: str) -> NoReturn:
    match = await _match(connection, match_id)
    if match["answered_at"] is not None:
        raise Refused(
            "match.answered", f"'{window}' was answered at {_z(match['answered_at'])}: {match['state']}.",
            "The first answer counts; write to the office if it was a mistake.",
        )  # fmt: skip
    await gate.refuse(connection, match["season_id"], "match_answer", None, window)


_REPORT = f"""WITH clock AS (SELECT {CLOCK} AS at OFFSET 0), gate AS (
  SELECT w.id, clock.at FROM windows w CROSS JOIN clock
  WHERE w.id = ANY(SELECT window_id FROM follow_ups WHERE match_id = :match AND kind = 'negotiation' AND state = 'due')
    AND w.state IN ('open', 'scheduled') AND w.opens_at <= clock.at AND clock.at < w.closes_at
  FOR KEY SHARE OF w
), answered AS (
  UPDATE follow_ups f SET state = 'answered', answer = :report, answered_at = gate.at
  FROM gate WHERE f.window_id = gate.id AND f.state = 'due' RETURNING f.window_id
), closed AS (
  UPDATE windows w SET state = 'closed', closed_at = gate.at, opened_at = coalesce(w.opened_at, w.opens_at)
  FROM gate, answered a WHERE w.id = a.window_id AND gate.id = a.window_id
) SELECT clock.at, (SELECT max(window_id) FROM answered) AS window FROM clock"""


async def report_match(
    database: Database, match_id: int, report: Report, *, actor: str = "place", note: str = ""
) -> str:
    """A place tells how a negotiation stands: it goes on, the project has landed, or it has failed. The new state.

    Of an outcome the negotiation's workflow is to be told; that it goes on is found at its next turn. An open follow-up of the negotiation counts as answered by it. That it goes on is told only when asked; an outcome
    at any time. Raises Refused where it is not negotiating, or where nothing is asked.
    """
    async with database.transaction() as connection:
        match = await _match(connection, match_id, lock=True)
        if match["state"] != "negotiating":
            raise Refused("match.not_negotiating", f"This match is {match['state']}; there is nothing to report.")
        answered = (await rows(connection, _REPORT, report=report, match=match_id, now=now_parameter()))[0]
        at, window = answered["at"], answered["window"]
        if window is not None:
            data = {"match": match_id, "answer": report}
            line = log.Line("follow_up.answered", actor, window, match["entry_id"], reason=note or None, data=data)
            await log.write(connection, match["season_id"], [line], at=at)
        elif report == "continuing":
            await _refuse_report(connection, match)
        if report == "continuing":
            return "negotiating"
        await end(connection, match, report, at, actor=actor, reason=note or None)
        return report


async def _refuse_report(connection: AsyncConnection, match: dict[str, Any]) -> NoReturn:
    asked = await rows(
        connection,
        """SELECT window_id FROM follow_ups WHERE match_id = :match AND kind = 'negotiation' AND window_id IS NOT NULL
           ORDER BY (state = 'answered'), ordinal DESC LIMIT 1""",
        match=match["id"],
    )
    if asked:
        await gate.refuse(connection, match["season_id"], "follow_up", None, asked[0]["window_id"])
    raise Refused(
        "follow_up.none", "Nothing is asked about this match now.", "Report when the project has landed or failed."
    )


async def end(
    connection: AsyncConnection,
    match: dict[str, Any],
    outcome: str,
    at: datetime,
    *,
    actor: str = "system",
    reason: str | None = None,
    rule: str | None = None,
) -> None:
    """A match comes to its outcome; both sides are told, once."""
    await run(
        connection,
        "UPDATE matches SET state = :outcome, outcome = :outcome, ended_at = :at WHERE id = :id",
        outcome=outcome,
        at=at,
        id=match["id"],
    )
    line = log.Line(
        f"match.{outcome}",
        actor=actor,
        entry_id=match["entry_id"],
        reason=reason,
        rule=rule,
        data={"match": match["id"]},
    )
    await log.write(connection, match["season_id"], [line], at=at)
    await tell_outcome(connection, match, outcome)


async def tell_outcome(connection: AsyncConnection, match: dict[str, Any], outcome: str) -> str:
    """Both sides are told the outcome of a match, once; the campaign that tells it."""
    season, campaign = match["season_id"], f"{match['season_id']}/negotiation_outcome"
    told = await both_sides(connection, [match["id"]], {"outcome": outcome})
    await campaigns.plan(connection, campaign, season, "negotiation_outcome", told)
    return campaign


async def both_sides(
    connection: AsyncConnection, matches: list[int], data: dict[str, Any], *, only: str | None = None
) -> list[Recipient]:
    """The contact of the place and the applicant of each match, as recipients; `only` is `place` or `applicant`."""
    found = await rows(
        connection,
        """SELECT m.id, m.entry_id, pl.name AS place, n.title AS need, x.side, x.person, p.language FROM matches m
           JOIN needs n ON n.id = m.need_id JOIN places pl ON pl.id = n.place_id JOIN entries e ON e.id = m.entry_id
           CROSS JOIN LATERAL (VALUES ('place', pl.contact_id), ('applicant', e.applicant_id)) AS x(side, person)
           JOIN people p ON p.id = x.person
           WHERE m.id = ANY(CAST(:ids AS bigint[])) AND (CAST(:only AS text) IS NULL OR x.side = :only)
           ORDER BY m.id, x.side""",
        ids=matches,
        only=only,
    )
    return [
        Recipient(
            r["person"], r["language"], f"match/{r['id']}/{r['side']}", r["entry_id"],
            {"place": r["place"], "need": r["need"], **data},
        )
        for r in found
    ]  # fmt: skip


def place_of(match: int, subject: str) -> Chosen:
    """The contact of a match's place, as the one recipient of a notice about `subject`."""
    return Chosen(
        """SELECT p.id AS person_id, 'match/' || m.id || '/place/' || :about AS subject, m.entry_id, p.language,
             jsonb_build_object('place', pl.name, 'need', n.title) AS data
           FROM matches m JOIN needs n ON n.id = m.need_id JOIN places pl ON pl.id = n.place_id
           JOIN people p ON p.id = pl.contact_id WHERE m.id = :match""",
        {"match": match, "about": subject},
    )


async def open_answer_windows(
    connection: AsyncConnection, season: LiveSeason, stage: MatchingStage, matches: list[int], at: datetime
) -> None:
    """A window for the answer to each new match, open from now."""
    closes = at + season.pace.span(stage.answer_within)
    made = [
        window_row(
            season, answer_window(season.id, m), stage.id, "match_answer", f"match/{m}",
            negotiation_workflow(season.id, m), at, closes, stage.reminders,
        )
        for m in matches
    ]  # fmt: skip
    await write_windows(connection, made)


async def write_windows(connection: AsyncConnection, made: Sequence[dict[str, Any]]) -> None:
    """Write windows as `window_row` makes them; those that are there already are left as they are."""
    if made:
        columns = ", ".join(made[0])
        await run(
            connection,
            f"""INSERT INTO windows ({columns})
                SELECT {columns} FROM jsonb_populate_recordset(CAST(NULL AS windows), CAST(:made AS jsonb))
                ON CONFLICT DO NOTHING""",
            made=json.dumps(made, default=datetime.isoformat),
        )


def window_row(
    season: LiveSeason,
    window: str,
    stage: str,
    kind: str,
    subject: str,
    owner: str,
    opens_at: datetime,
    closes_at: datetime,
    lines: tuple[Reminder, ...],
) -> dict[str, Any]:
    """A window about one subject, open from its start."""
    planned = reminders.plan(opens_at, closes_at, lines, season.pace, reminders.hours_of(season.file, None))
    ordinal = next(n for n, s in enumerate(season.file.stages) if s.id == stage)
    return {
        "id": window, "season_id": season.id, "area": None, "stage": stage, "kind": kind, "subject": subject,
        "ordinal": ordinal, "owner": owner, "zone": season.file.zone, "state": WindowState.OPEN, "opens_at": opens_at,
        "opened_at": opens_at, "closes_at": closes_at, "planned_closes_at": closes_at,
        "reminders": [r.model_dump(mode="json") for r in planned],
    }  # fmt: skip


async def first_due(connection: AsyncConnection, season: str, matches: list[int]) -> datetime | None:
    """The first reminder or close among the answer windows of these matches; None where there are none."""
    found = await rows(
        connection,
        """SELECT least(min(w.closes_at), min(CAST(r->>'at' AS timestamptz))) AS at
           FROM windows w LEFT JOIN LATERAL jsonb_array_elements(w.reminders) r ON true
           WHERE w.id = ANY(CAST(:windows AS text[]))""",
        windows=[answer_window(season, match) for match in matches],
    )
    at: datetime | None = found[0]["at"]
    return at


async def load(connection: AsyncConnection, match_id: int, *, lock: bool = False) -> dict[str, Any]:
    """A match's row. Raises NotFound."""
    return await _match(connection, match_id, lock=lock)


async def _match(connection: AsyncConnection, match_id: int, *, lock: bool = False) -> dict[str, Any]:
    found = await rows(
        connection, "SELECT * FROM matches WHERE id = :id" + (" FOR UPDATE" if lock else ""), id=match_id
    )
    if not found:
        raise NotFound("match.unknown", f"There is no match {match_id}.")
    return found[0]


def _z(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%d %H:%M:%SZ")
