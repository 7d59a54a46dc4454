"""A small season for tests: two areas, two tracks, every kind of stage."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from ruamel.yaml import YAML

from models.forms import EntryForm, PersonForm
from models.season import SeasonFile
from models.timeline import Pace
from records import seasons
from records.database import Database, at_instant
from rules import timeline as timelines

SMALL = Path(__file__).parent / "files" / "small.yaml"


def small_file() -> SeasonFile:
    """The small season, as a file."""
    return SeasonFile.model_validate(YAML(typ="safe").load(SMALL.read_text(encoding="utf-8")))


async def begin(
    database: Database,
    now: datetime,
    *,
    season: str = "small-2024",
    file: SeasonFile | None = None,
    open_now: bool = False,
    day: timedelta | None = None,
) -> Pace:
    """Write the season as started at `now`, as published or with its registration open now; its pace."""
    found = file or small_file()
    plan = timelines.resolve(found)
    pace = timelines.pace_for(plan, now, open_now, day)
    with at_instant(now):
        async with database.transaction() as connection:
            await seasons.start(connection, season, found, plan, pace, actor="ops", at=now)
    return pace


def entry_form(number: int = 1, *, area: str = "EU", track: str = "LH", **more: object) -> EntryForm:
    """A complete entry of applicant `number`."""
    person = PersonForm(email=f"applicant-{number}@example.org", name=f"Applicant {number}")
    values: dict[str, object] = {
        "area": area,
        "track": track,
        "title": f"Project {number}",
        "summary": "A plan in a few words.",
        "applicant": person,
        "documents": ("plan",),
        "leader_degree": "master",
        **more,
    }
    return EntryForm.model_validate(values)
