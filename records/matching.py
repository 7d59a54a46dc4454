"""Places, needs, matches and negotiations: people's acts."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import insert, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from models.errors import BadInput, NotFound, Refused
from models.forms import NeedForm, PlaceForm
from models.season import MatchingStage, Reminder
from models.states import WindowState
from models.tables import Need, Place, Window
from records import campaigns, gate, log, people
from records.campaigns import Recipient
from records.database import CLOCK, Database, now_parameter, rows, run
from records.seasons import LiveSeason, live
from rules import reminders

Report = Literal["continuing", "landed", "failed"]


async def add_place(database: Database, season_id: str, form: PlaceForm) -> int:
    """Write a place, or answer the one of this name."""
    async with database.transaction() as connection:
        await live(connection, season_id)
        at = (await rows(connection, f"SELECT {CLOCK} AS at"))[0]["at"]
        contact = (await people.keep(connection, [form.contact], at))[0]
        known = await rows(
            connection, "SELECT id FROM places WHERE season_id = :season AND name = :name FOR UPDATE",
            season=season_id, name=form.name,
        )  # fmt: skip
        if known:
            return int(known[0]["id"])
        values = {"season_id": season_id, "name": form.name, "kind": form.kind, "contact_id": contact, "created_at": at}
        return int((await connection.execute(insert(Place).values(values).returning(Place.id))).scalar_one())


async def file_need(database: Database, season_id: str, place_id: int, form: NeedForm) -> int:
    """A place files a need while the needs window is open. Raises Refused, BadInput for an unknown track or field."""
    async with database.transaction() as connection:
        season = await live(connection, season_id)
        unknown = set(form.tracks) - {t.code for t in season.file.tracks}
        if unknown:
            raise BadInput("need.track", f"tracks: '{min(unknown)}' is no track of this season.")
        passed = await connection.execute(
            text(f"WITH {gate.BY_KIND} SELECT id, at FROM gate"),
            {"season": season_id, "kind": "needs", "area": None, "now": now_parameter()},
        )
        window = passed.one_or_none()
        if window is None:
            await gate.refuse(connection, season_id, "needs", None)
        values = {**form.model_dump(), "tracks": list(form.tracks), "fields": list(form.fields)}
        need: int = (
            await connection.execute(
                insert(Need)
                .values(season_id=season_id, place_id=place_id, filed_at=window.at, **values)
                .returning(Need.id)
            )
        ).scalar_one()
        line = log.Line("need.filed", actor="place", window_id=window.id, data={"need": need, "place": place_id})
        await log.write(connection, season_id, [line], at=window.at)
        return need


def answer_window(season: str, match: int) -> str:
    """Id of the window in which a match is answered."""
    return f"{season}/match/{match}/answer"


def negotiation_workflow(season: str, match: int) -> str:
    """Id of the workflow of a negotiation."""
    return f"season/{season}/negotiation/{match}"


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
) SELECT entry_id FROM answered"""


async def answer_match(database: Database, match_id: int, *, accept: bool, actor: str = "place") -> str:
    """A place or an applicant answers a proposed match, through the gate: negotiating, or declined."""
    async with database.statement() as connection:
        match = await _match(connection, match_id)
        window = answer_window(match["season_id"], match_id)
        state = "negotiating" if accept else "declined"
        values = {"window": window, "match": match_id, "state": state, "actor": actor, "now": now_parameter()}
        if (await connection.execute(text(_ANSWER), values)).scalar_one_or_none() is not None:
            return state
        match = await _match(connection, match_id)
        if match["state"] != "proposed":
            raise Refused("match.answered", f"This match is {match['state']} already.")
        await gate.refuse(connection, match["season_id"], "match_answer", None, window)


async def report_match(
    database: Database, match_id: int, report: Report, *, actor: str = "place", note: str = ""
) -> str:
    """A place tells how a negotiation stands: it goes on, the project has landed, or it has failed. The new state.

    An open follow-up of the negotiation counts as answered by it.
    """
    async with database.transaction() as connection:
        match = await _match(connection, match_id, lock=True)
        if match["state"] != "negotiating":
            raise Refused("match.not_negotiating", f"This match is {match['state']}; there is nothing to report.")
        at = (await rows(connection, f"SELECT {CLOCK} AS at"))[0]["at"]
        answered = await rows(
            connection,
            """UPDATE follow_ups f SET state = 'answered', answer = :report, answered_at = :at FROM windows w
               WHERE f.match_id = :match AND f.kind = 'negotiation' AND f.state = 'due' AND w.id = f.window_id
                 AND w.state IN ('open', 'scheduled') AND w.opens_at <= :at AND :at < w.closes_at
               RETURNING f.window_id""",
            report=report,
            at=at,
            match=match_id,
        )
        lines = [
            log.Line(
                "follow_up.answered",
                actor,
                r["window_id"],
                match["entry_id"],
                data={"match": match_id, "answer": report},
            )
            for r in answered
        ]
        if report != "continuing":
            await end(connection, match, report, at, actor=actor, reason=note or None)
        await log.write(connection, match["season_id"], lines, at=at)
        return report if report != "continuing" else "negotiating"


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
    told = await both_sides(connection, [match["id"]], {"outcome": outcome})
    season = match["season_id"]
    await campaigns.plan(connection, f"{season}/outcomes", season, "negotiation_outcome", told)


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


async def still_asked(connection: AsyncConnection, window: str) -> list[Recipient]:
    """The contact of the place that has not answered in the window of a match or a follow-up; empty if it has."""
    found = await rows(
        connection,
        """SELECT m.id FROM windows w JOIN matches m ON w.subject = 'match/' || m.id AND m.season_id = w.season_id
           WHERE w.id = :window AND CASE w.kind WHEN 'match_answer' THEN m.state = 'proposed'
             ELSE EXISTS (SELECT 1 FROM follow_ups f WHERE f.window_id = w.id AND f.state = 'due') END""",
        window=window,
    )
    return await both_sides(connection, [r["id"] for r in found], {}, only="place")


async def open_answer_windows(
    connection: AsyncConnection, season: LiveSeason, stage: MatchingStage, matches: list[int], at: datetime
) -> None:
    """A window for the answer to each new match, open from now."""
    closes = at + season.pace.span(stage.answer_within)
    windows = [
        window_row(
            season, answer_window(season.id, m), stage.id, "match_answer", f"match/{m}",
            negotiation_workflow(season.id, m), at, closes, stage.reminders,
        )
        for m in matches
    ]  # fmt: skip
    for start in range(0, len(windows), 500):
        await connection.execute(upsert(Window).values(windows[start : start + 500]).on_conflict_do_nothing())


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
    planned = reminders.plan(opens_at, closes_at, lines, season.pace)
    ordinal = next(n for n, s in enumerate(season.file.stages) if s.id == stage)
    return {
        "id": window, "season_id": season.id, "area": None, "stage": stage, "kind": kind, "subject": subject,
        "ordinal": ordinal, "owner": owner, "zone": season.file.zone, "state": WindowState.OPEN, "opens_at": opens_at,
        "opened_at": opens_at, "closes_at": closes_at, "planned_closes_at": closes_at,
        "reminders": [r.model_dump(mode="json") for r in planned],
    }  # fmt: skip


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
