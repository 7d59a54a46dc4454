"""Projects with results, places and needs for tests of matching and tracking."""

from __future__ import annotations

from datetime import datetime, timedelta

from activities.house import House
from activities.matching import MatchingDeeds
from models.forms import NeedForm, PersonForm, PlaceForm
from models.results import RoundRef
from records import matching, tracking
from records.database import Database, at_instant, rows, run
from records.seasons import live
from rehearsal.recorder import Recorder

SEASON = "small-2024"
DAY = timedelta(days=1)


def house_of(database: Database) -> House:
    """A house whose mails go nowhere and that knows no Temporal server."""
    return House(database, Recorder(), sender="Season office <season@example.org>", public_url="https://example.org")


def need_form(**more: object) -> NeedForm:
    """A need for projects of the first track."""
    return NeedForm.model_validate({"title": "A need", "tracks": ("LH",), "capacity": 1, **more})


def place_form(number: int = 1) -> PlaceForm:
    """A place with a contact of its own."""
    person = PersonForm(email=f"place-{number}@example.org", name=f"Contact {number}")
    return PlaceForm(name=f"Place {number}", contact=person)


async def finalists(database: Database, count: int, at: datetime, *, track: str = "LH") -> list[int]:
    """That many entries with an award, ranked in this order."""
    async with database.transaction() as connection:
        found = await rows(
            connection,
            """WITH who AS (
                 INSERT INTO people (email, name, language, created_at)
                 SELECT 'winner-' || n || '@example.org', 'Winner ' || n, 'en', CAST(:at AS timestamptz)
                 FROM generate_series(1, CAST(:count AS int)) n RETURNING id)
               INSERT INTO entries (season_id, number, area, track, division, title, applicant_id, state, alive,
                 created_at, changed_at, submitted_at)
               SELECT :season, '2024-EU-LH-' || id, 'EU', :track, :track, 'Project ' || id, id, 'awarded', false,
                 CAST(:at AS timestamptz), CAST(:at AS timestamptz), CAST(:at AS timestamptz)
               FROM who ORDER BY id RETURNING id""",
            season=SEASON, count=count, at=at, track=track,
        )  # fmt: skip
        entries = [r["id"] for r in found]
        for rank, entry in enumerate(entries, start=1):
            await run(
                connection,
                """INSERT INTO tallies (season_id, stage, entry_id, division, ballots, score, exact, rank, digest, at)
                   VALUES (:season, 'finals', :entry, :track, 3, 80, 80, :rank, '', :at)""",
                season=SEASON, entry=entry, track=track, rank=rank, at=at,
            )  # fmt: skip
        return entries


async def a_need(database: Database, at: datetime, number: int = 1, **more: object) -> int:
    """The need of a place, filed at `at`."""
    with at_instant(at):
        place = await matching.add_place(database, SEASON, place_form(number))
        return await matching.file_need(database, SEASON, place, need_form(**more))


async def matched(database: Database, needs_at: datetime, at: datetime, count: int = 1) -> list[int]:
    """That many proposed matches, of one round held at `at`."""
    await finalists(database, count, needs_at)
    await a_need(database, needs_at, capacity=count)
    with at_instant(at):
        found = await MatchingDeeds(house_of(database)).match_round(RoundRef(season=SEASON, round=1))
    assert len(found.matches) == count
    return list(found.matches)


async def follow_up(database: Database, match: int, at: datetime, kind: str = "negotiation", ordinal: int = 1) -> int:
    """An open follow-up of three weeks; its id."""
    with at_instant(at):
        async with database.transaction() as connection:
            (window,) = await tracking.open_follow_ups(
                connection, await live(connection, SEASON), kind, [tracking.FollowUp(match, ordinal)],
                "tracking" if kind == "tracking" else "matching", f"season/{SEASON}/{kind}", 21 * DAY, (), at=at,
            )  # fmt: skip
            found = await rows(connection, "SELECT id FROM follow_ups WHERE window_id = :window", window=window)
            return int(found[0]["id"])


async def told(database: Database, template: str) -> list[str]:
    """The subjects of all notices of a template."""
    async with database.statement() as connection:
        found = await rows(
            connection,
            """SELECT d.subject FROM deliveries d JOIN campaigns c ON c.id = d.campaign_id
               WHERE c.template = :template ORDER BY d.subject""",
            template=template,
        )
    return [r["subject"] for r in found]


async def events(database: Database, like: str) -> list[str]:
    """The events of the log that begin so, in order."""
    async with database.statement() as connection:
        found = await rows(connection, "SELECT event FROM log WHERE event LIKE :like ORDER BY id", like=f"{like}%")
    return [r["event"] for r in found]


async def states(database: Database, table: str, column: str = "state") -> list[str]:
    """The states of all rows of a table, by id."""
    async with database.statement() as connection:
        found = await rows(connection, f"SELECT {column} AS state FROM {table} ORDER BY id")
    return [r["state"] for r in found]
