"""Writing a batch of entries that came from a sheet, once the gate has let it through: a few statements for hundreds."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from models.forms import EntryForm, PersonForm
from records import log
from records.database import rows, run

_ALL = frozenset({"team", "birth_year"})

PERSONS = "SELECT id, email FROM people WHERE email = ANY(CAST(:emails AS text[]))"


@dataclass(frozen=True)
class EntryRow:
    """An entry of a sheet: its `row` there, its reference and channel, and `given`, the columns that the sheet has."""

    row: int
    form: EntryForm
    division: str
    reference: str | None = None
    channel: str | None = None
    given: frozenset[str] = frozenset()


def team_of(row: EntryRow, present: Sequence[dict[str, Any]], leader: str) -> list[dict[str, Any]]:
    """The team with its leader first: address, name and year of birth as this entry is to give them."""
    known, form = {p["email"]: p for p in present}, row.form
    team = [form.applicant, *form.team]
    if "team" not in row.given:
        others = [p for email, p in known.items() if email not in (leader, form.applicant.email)]
        return [_member(form.applicant, row, known), *others]
    return [_member(person, row, known) for person in team]


def _member(person: PersonForm, row: EntryRow, known: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    born = person.birth_year
    # A sheet says when the applicant was born, and of nobody else.
    if person.email in known and (person is not row.form.applicant or "birth_year" not in row.given):
        born = known[person.email]["birth_year"]
    return {"email": person.email, "name": person.name, "birth_year": born}


_PEOPLE = """INSERT INTO people (email, name, language, zone, country, birth_year, created_at)
  SELECT k.email, k.name, k.language, k.zone, k.country, k.birth_year, CAST(:at AS timestamptz)
  FROM jsonb_to_recordset(CAST(:people AS jsonb))
    AS k(email text, name text, language text, zone text, country text, birth_year int) ORDER BY k.email
  ON CONFLICT (email) DO NOTHING"""

_ROWS = """k AS MATERIALIZED (SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS k(n int, id bigint, was text,
    had text, track text, division text, fields jsonb, title text, summary text, organisation text, leader_degree text,
    documents jsonb, details jsonb, reference text, person bigint, team jsonb, channel text, channel_id bigint))"""

_NEW = f"""WITH {_ROWS}, counted AS (
  INSERT INTO counters (season_id, area, track, last)
  SELECT :season, :area, track, count(*) FROM k GROUP BY track ORDER BY track
  ON CONFLICT (season_id, area, track) DO UPDATE SET last = counters.last + excluded.last RETURNING track, last
), numbered AS MATERIALIZED (
  SELECT k.*, c.last - count(*) OVER (PARTITION BY k.track) + row_number() OVER (PARTITION BY k.track ORDER BY k.n) AS nth
  FROM k JOIN counted c ON c.track = k.track
), entered AS (
  INSERT INTO entries (season_id, number, area, track, division, fields, title, summary, organisation, leader_degree,
    documents, details, reference, applicant_id, channel_id, state, alive, stage, revision, created_at, changed_at, submitted_at,
    window_id)
  SELECT :season, :prefix || n.track || '-' || lpad(n.nth::text, greatest(4, length(n.nth::text)), '0'), :area, n.track,
    n.division, n.fields, n.title, n.summary, n.organisation, n.leader_degree, n.documents, n.details, n.reference, n.person,
    n.channel_id, 'submitted', true, :stage, 1, CAST(:at AS timestamptz), CAST(:at AS timestamptz),
    CAST(:at AS timestamptz), :window
  FROM numbered n ORDER BY n.n RETURNING id, number, track
) SELECT e.id, e.number, n.n FROM entered e JOIN numbered n
  ON e.number = :prefix || n.track || '-' || lpad(n.nth::text, greatest(4, length(n.nth::text)), '0')"""

_CHANGED = f"""WITH {_ROWS}, changed AS (
  UPDATE entries e SET division = k.division, fields = k.fields, title = k.title, summary = k.summary,
    organisation = k.organisation, leader_degree = k.leader_degree, documents = k.documents, details = k.details,
    reference = k.reference, applicant_id = k.person, channel_id = coalesce(e.channel_id, k.channel_id),
    changed_at = CAST(:at AS timestamptz), state = 'submitted', alive = true, revision = e.revision + 1,
    submitted_at = CASE WHEN k.was = 'draft' THEN CAST(:at AS timestamptz) ELSE e.submitted_at END,
    stage = CASE WHEN k.was = 'draft' THEN :stage ELSE e.stage END,
    window_id = CASE WHEN k.was = 'draft' THEN :window ELSE e.window_id END
  FROM k WHERE e.id = k.id RETURNING e.id, e.number, k.n
), gone AS (
  DELETE FROM members m USING k WHERE m.entry_id = k.id AND m.position >= jsonb_array_length(k.team)
) SELECT id, number, n FROM changed"""

_TEAMS = """INSERT INTO members (entry_id, position, person_id, name, birth_year)
  SELECT k.entry, t.n - 1, CAST(t.member ->> 'person' AS bigint), t.member ->> 'name',
    CAST(t.member ->> 'birth_year' AS int)
  FROM jsonb_to_recordset(CAST(:teams AS jsonb)) AS k(entry bigint, team jsonb),
    jsonb_array_elements(k.team) WITH ORDINALITY AS t(member, n)
  ON CONFLICT (entry_id, position) DO UPDATE
    SET person_id = excluded.person_id, name = excluded.name, birth_year = excluded.birth_year"""

_RECOMMENDED = """INSERT INTO recommendations (entry_id, channel_id, at, act)
  SELECT k.entry, k.channel, CAST(:at AS timestamptz), 'registered'
  FROM jsonb_to_recordset(CAST(:found AS jsonb)) AS k(entry bigint, channel bigint) ON CONFLICT DO NOTHING"""

_RECEIPTS = """INSERT INTO deliveries (campaign_id, person_id, subject, season_id, entry_id, window_id, language, data,
    queued_at)
  SELECT e.season_id || '/receipt', e.applicant_id, 'entry/' || e.id, e.season_id, e.id, CAST(:window AS text), p.language,
    jsonb_build_object('at', e.submitted_at), e.submitted_at
  FROM entries e JOIN people p ON p.id = e.applicant_id WHERE e.id = ANY(CAST(:ids AS bigint[])) ORDER BY e.id
  ON CONFLICT DO NOTHING"""


@dataclass
class Writing:
    """Writes a batch that the gate has let through, all at the gate's instant."""

    connection: AsyncConnection
    season: str
    area: str
    passed: Mapping[str, Any]
    actor: str
    channels: Mapping[str, int]
    persons: dict[str, int] = dataclasses.field(default_factory=dict)

    @property
    def at(self) -> datetime:
        """The accepting instant, the database's."""
        at: datetime = self.passed["at"]
        return at

    async def people(self, batch: Sequence[EntryRow]) -> None:
        """Whoever is new is written; whoever is known keeps name and language."""
        people = {p.email: p.model_dump() for r in reversed(batch) for p in (*r.form.team, r.form.applicant)}
        await run(self.connection, _PEOPLE, people=json.dumps(list(people.values())), at=self.at)
        self.persons |= {p["email"]: p["id"] for p in await rows(self.connection, PERSONS, emails=sorted(people))}

    async def new(self, prefix: str, batch: Sequence[EntryRow]) -> None:
        """Register and submit."""
        if not batch:
            return
        values = [
            {
                "n": n, "track": r.form.track, "division": r.division, "fields": r.form.fields, "title": r.form.title,
                "summary": r.form.summary, "organisation": r.form.organisation,
                "leader_degree": r.form.leader_degree, "documents": r.form.documents or (),
                "details": {"readiness": r.form.readiness}, "reference": r.reference,
                "person": self.persons[r.form.applicant.email], "channel_id": self.channels.get(r.channel or ""),
            }
            for n, r in enumerate(batch)
        ]  # fmt: skip
        found = await rows(
            self.connection, _NEW, rows=json.dumps(values), season=self.season, area=self.area, prefix=prefix,
            stage=self.passed["stage"], window=self.passed["id"], at=self.at,
        )  # fmt: skip
        numbered = [(batch[f["n"]], f["id"], f["number"]) for f in sorted(found, key=lambda f: f["n"])]
        await self._teams([(i, team_of(dataclasses.replace(r, given=_ALL), (), "")) for r, i, _ in numbered])
        events = [("entry.drafted", i, n) for _, i, n in numbered] + [("entry.submitted", i, n) for _, i, n in numbered]
        await self._after(events, [(i, r.channel) for r, i, _ in numbered if r.channel])

    async def changed(self, batch: Sequence[tuple[EntryRow, dict[str, Any]]]) -> None:
        """Bring up to date; a draft is submitted."""
        if not batch:
            return
        values = [{
                **wanted, "n": n, "person": self.persons[wanted["applicant"]],
                "channel_id": self.channels.get(r.channel or ""),
            } for n, (r, wanted) in enumerate(batch)]  # fmt: skip
        found = await rows(
            self.connection, _CHANGED, rows=json.dumps(values), stage=self.passed["stage"], window=self.passed["id"],
            at=self.at,
        )  # fmt: skip
        numbers = {f["n"]: f["number"] for f in found}
        await self._teams([(wanted["id"], wanted["team"]) for _, wanted in batch])
        events = [("entry.changed", wanted["id"], numbers[n]) for n, (_, wanted) in enumerate(batch)]
        events += [
            ("entry.submitted", wanted["id"], numbers[n]) for n, (_, wanted) in enumerate(batch) if wanted["was"] == "draft"
        ]  # fmt: skip
        await self._after(events, [(w["id"], r.channel) for r, w in batch if r.channel and not w["had"]])

    async def _teams(self, teams: Sequence[tuple[int, Sequence[dict[str, Any]]]]) -> None:
        # Members that a sheet leaves as they are come from the entry, not from the sheet.
        missing = {p["email"] for _, team in teams for p in team} - self.persons.keys()
        if missing:
            found = await rows(self.connection, PERSONS, emails=sorted(missing))
            self.persons |= {p["email"]: p["id"] for p in found}
        values = [
            {"entry": entry, "team": [{**p, "person": self.persons[p["email"]]} for p in team]} for entry, team in teams
        ]
        await run(self.connection, _TEAMS, teams=json.dumps(values))

    async def _after(self, events: Sequence[tuple[str, int, str]], brought: Sequence[tuple[int, str]]) -> None:
        """Who recommended them, the log, and the receipts of those that were submitted."""
        lines = [
            log.Line(event, actor=self.actor, window_id=self.passed["id"], entry_id=entry, data={"number": number})
            for event, entry, number in events
        ]
        if brought:
            pairs = [{"entry": entry, "channel": self.channels[code]} for entry, code in brought]
            await run(self.connection, _RECOMMENDED, found=json.dumps(pairs), at=self.at)
            lines += [
                log.Line(
                    "entry.recommended", actor=self.actor, entry_id=entry, data={"by": code, "act": "registered"}
                )
                for entry, code in brought
            ]  # fmt: skip
        await log.write(self.connection, self.season, lines, at=self.at)
        ids = [entry for event, entry, _ in events if event == "entry.submitted"]
        await run(self.connection, _RECEIPTS, ids=ids, window=self.passed["id"])
