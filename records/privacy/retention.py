"""Retention: what was kept long enough is deleted, by the terms of each season's file. Harmless to repeat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from models.season import Retention
from records import log
from records.database import Database, clock_of, rows, run
from records.privacy.blotting import Subject
from records.privacy.erasure import Outside, empty_documents, empty_entries, wipe
from records.seasons import file_of

GROUP = 1000
"""People erased in one transaction."""
_LINGER = timedelta(days=7)
"""How long links, sessions and remembered requests stay after they are over."""


@dataclass(frozen=True)
class Applied:
    """What was deleted for one season, or would be: how many entries, notices, documents and people."""

    season: str
    entries: int = 0
    mails: int = 0
    documents: int = 0
    people: int = 0

    @property
    def anything(self) -> bool:
        """Whether anything was."""
        return bool(self.entries or self.mails or self.documents or self.people)


@dataclass(frozen=True)
class Retained:
    """One application: by season, and how many links, sessions and remembered requests that were over went."""

    seasons: tuple[Applied, ...]
    over: int
    dry_run: bool = False


class _TakenBack(Exception):
    pass


async def retain(
    database: Database,
    *,
    dry_run: bool = False,
    outside: Outside | None = None,
    step: Callable[[str, int, int], None] = lambda _season, _done, _of: None,
) -> Retained:
    """Apply the retention of every season that has ended. Two at once take turns; the second finds nothing to do.

    `step` is told the season, how many of its people are done, and of how many.
    """
    found = []
    ended = await database.at_once("SELECT id FROM seasons WHERE ended_at IS NOT NULL ORDER BY ended_at, id")
    for season in ended:
        found.append(await _season(database, season["id"], dry_run, outside or Outside(), step))
    return Retained(tuple(one for one in found if one.anything), await _sweep(database, dry_run), dry_run)


async def _season(
    database: Database, season: str, dry_run: bool, outside: Outside, step: Callable[[str, int, int], None]
) -> Applied:
    due = await _due_people(database, season)
    groups = [due[n : n + GROUP] for n in range(0, len(due), GROUP)]
    if dry_run:
        applied = await _apply(database, season, [], dry_run, outside)
        return Applied(season, applied.entries, applied.mails, applied.documents, len(due))
    total = await _apply(database, season, groups[0] if groups else [], dry_run, outside)
    people = total.people
    for group in groups[1:]:
        step(season, people, len(due))
        people += (await _apply(database, season, group, dry_run, outside)).people
    return Applied(season, total.entries, total.mails, total.documents, people)


async def _apply(database: Database, season: str, people: Sequence[int], dry_run: bool, outside: Outside) -> Applied:
    files: list[str] = []
    done = Applied(season)
    try:
        async with database.transaction() as connection:
            await rows(connection, "SELECT pg_advisory_xact_lock(hashtextextended('privacy/retention', 0))")
            done, files = await _apply_on(connection, season, people, None if dry_run else outside)
            if dry_run:
                raise _TakenBack
    except _TakenBack:
        return done
    await outside.files(files)
    return done


async def _apply_on(
    connection: AsyncConnection, season: str, people: Sequence[int], outside: Outside | None
) -> tuple[Applied, list[str]]:
    """What was deleted, and the keys of the files to be removed afterwards."""
    head = await rows(connection, "SELECT ended_at FROM seasons WHERE id = :season", season=season)
    now, terms = await clock_of(connection), (await file_of(connection, season)).retention
    gone = now - head[0]["ended_at"]
    files: list[str] = []
    entries = mails = documents = 0
    if gone >= terms.documents:
        ids = await _ids(connection, f"{_WITH_DOCUMENTS} AND e.season_id = :season", season=season)
        files += await empty_documents(connection, ids, now)
        documents = len(files)
    if gone >= terms.entries:
        ids = await _ids(connection, f"{_WITH_TEXT} AND e.season_id = :season", season=season)
        files += await empty_entries(connection, ids, now)
        entries = len(ids)
        for sql in _OTHERS_TEXTS:
            await run(connection, sql, season=season)
    if gone >= terms.mails:
        mails = await run(connection, _MAILS, season=season)
        await run(connection, "DELETE FROM opt_outs WHERE season_id = :season", season=season)
        await run(connection, "DELETE FROM bounce_reports WHERE season_id = :season", season=season)
    subjects = [Subject(**row) for row in await rows(connection, _STILL, people=list(people))]
    if subjects:
        files += (await wipe(connection, subjects)).files
        if outside:
            await outside.mails([subject.email for subject in subjects])
    done = Applied(season, entries, mails, documents, len(subjects))
    if done.anything:
        data = {"entries": entries, "notices": mails, "documents": documents, "people": len(subjects)}
        await log.write(connection, season, [log.Line("privacy.retention", rule="retention", data=data)])
    return done, files


async def _ids(connection: AsyncConnection, sql: str, **values: Any) -> list[int]:
    return [row["id"] for row in await rows(connection, sql, **values)]


async def _due_people(database: Database, season: str) -> list[int]:
    """People of this season all of whose seasons ended long enough ago, each by its own term; in order of id."""
    async with database.transaction() as connection:
        now, terms = await clock_of(connection), await _terms(connection)
        over = [key for key, (ended, terms_) in terms.items() if ended is not None and now - ended >= terms_.people]
        if season not in over:
            return []
        return await _ids(connection, _DUE, season=season, over=over)


async def _terms(connection: AsyncConnection) -> dict[str, tuple[datetime | None, Retention]]:
    found = await rows(connection, "SELECT id, ended_at FROM seasons")
    return {row["id"]: (row["ended_at"], (await file_of(connection, row["id"])).retention) for row in found}


async def _sweep(database: Database, dry_run: bool) -> int:
    """Links, sessions and remembered requests that are over since a week; how many."""
    over = 0
    try:
        async with database.transaction() as connection:
            before = await clock_of(connection) - _LINGER
            for sql in _OVER:
                over += await run(connection, sql, before=before)
            if dry_run:
                raise _TakenBack
    except _TakenBack:
        pass
    return over


_WITH_TEXT = """SELECT e.id FROM entries e WHERE (e.title <> '' OR e.summary <> '' OR e.organisation IS NOT NULL
    OR EXISTS (SELECT FROM members m WHERE m.entry_id = e.id AND (m.name IS NOT NULL OR m.birth_year IS NOT NULL)))"""
_WITH_DOCUMENTS = (
    "SELECT e.id FROM entries e WHERE EXISTS (SELECT FROM documents WHERE entry_id = e.id AND stored_as <> '')"
)
_OTHERS_TEXTS = (
    """UPDATE ballots b SET comment = NULL FROM assignments a
       WHERE a.id = b.assignment_id AND a.season_id = :season AND b.comment IS NOT NULL""",
    "UPDATE objections SET text = '' WHERE season_id = :season AND text <> ''",
    """UPDATE judges SET organisation = NULL, background = NULL
       WHERE season_id = :season AND (organisation IS NOT NULL OR background IS NOT NULL)""",
)
_MAILS = """UPDATE deliveries SET data = '{}', answer = NULL, own_words = NULL
    WHERE season_id = :season AND (data <> '{}' OR answer IS NOT NULL OR own_words IS NOT NULL)
      AND state NOT IN ('queued', 'sending', 'merged', 'outbox')"""
_STILL = """SELECT id, email, name FROM people
    WHERE id = ANY(CAST(:people AS bigint[])) AND erased_at IS NULL ORDER BY id FOR UPDATE"""
# Seasons of everybody, once for each role.
_ROLES = """SELECT applicant_id AS person, season_id FROM entries
    UNION SELECT m.person_id, e.season_id FROM members m JOIN entries e ON e.id = m.entry_id
    UNION SELECT person_id, season_id FROM judges
    UNION SELECT contact_id, season_id FROM channels
    UNION SELECT contact_id, season_id FROM places
    UNION SELECT by_id, season_id FROM objections WHERE by_id IS NOT NULL
    UNION SELECT person_id, season_id FROM deliveries"""
_DUE = f"""WITH roles AS ({_ROLES})
    SELECT p.id FROM people p
    WHERE p.erased_at IS NULL AND p.id IN (SELECT person FROM roles WHERE season_id = :season)
      AND p.id NOT IN (SELECT person FROM roles WHERE season_id <> ALL(CAST(:over AS text[])))
      AND NOT EXISTS (SELECT FROM staff s WHERE s.person_id = p.id AND s.disabled_at IS NULL)
    ORDER BY p.id"""
_OVER = (
    "DELETE FROM sign_in_links WHERE expires_at < :before",
    "DELETE FROM web_sessions WHERE expires_at < :before",
    "DELETE FROM known_requests WHERE at < :before",
    # Reports about no notice of ours, and what webhooks took long ago.
    "DELETE FROM bounce_reports WHERE season_id IS NULL AND received_at < CAST(:before AS timestamptz) - interval '12 weeks'",
    "DELETE FROM hook_deliveries WHERE state = 'sent' AND done_at < CAST(:before AS timestamptz) - interval '12 weeks'",
)
