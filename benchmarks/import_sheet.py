"""A sheet of 10,000 entries with 100 faults planted in it: how fast it goes in, and whether every fault is reported.

`python -m benchmarks.import_sheet [--quick] [--json]`. A real PostgreSQL that flushes every commit, as in production.
In the same run the same sheet is read with openpyxl and put in as one would at first: one INSERT for each row, which
checks nothing, knows no window and doubles everything when it is repeated.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import random
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook

from desk.sheets.columns import COLUMNS
from desk.sheets.importing import import_sheet
from models.season import SeasonFile
from records import seasons
from records.database import Database
from records.schema import migrate
from rules import timeline as timelines
from rules.season_file import load
from workers.embedded.postgres import Postgres
from workers.embedded.temporary import temporary_postgres

FILE = Path(__file__).resolve().parent.parent / "seasons" / "cotiec-2024.yaml"
SEASON = "sheet"
FAULTS: tuple[tuple[str, str], ...] = (
    ("applicant_email", "nobody"), ("area", "Atlantis"), ("track", "Alchemy"), ("title", ""), ("readiness", "ten"),
    ("country", "China"), ("team", "Ana without an address"), ("leader_degree", "genius"), ("title", "极" * 201),
    ("channel", "NO SUCH CODE"),
)  # fmt: skip
"""What is planted: a column, and what is put into it."""


def write_sheet(path: Path, file: SeasonFile, rows: int, faults: int) -> set[str]:
    """A sheet of so many entries, as a recommending organisation would bring it; the cells at fault."""
    chance = random.Random(1)
    columns = COLUMNS["entries"]
    letters = {column.name: "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[n] for n, column in enumerate(columns)}
    bad = set(chance.sample(range(rows), faults))
    planted: set[str] = set()
    book = Workbook()
    sheet = book.active
    sheet.append([column.head.zh for column in columns])
    for n in range(rows):
        area, track = chance.choice(file.areas), chance.choice(file.tracks)
        values = {
            "reference": f"R-{n}", "area": area.name.zh, "track": track.name.zh,
            "group": track.groups[0].name.zh if track.groups else "",
            "fields": track.fields[0].name.zh if track.fields else "", "title": f"项目 {n}",
            "summary": "做什么、为谁做、进展如何。" * 10, "applicant_name": f"申报人 {n}",
            "applicant_email": f"applicant-{n}@example.org", "language": "中文", "country": "CN",
            "birth_year": "1990", "team": f"成员 <member-{n}@example.org>", "organisation": "示例公司",
            "leader_degree": "硕士", "readiness": "5",
        }  # fmt: skip
        if n in bad:
            name, value = FAULTS[len(planted) % len(FAULTS)]
            values[name] = value
            planted.add(f"{letters[name]}{n + 2}")
        sheet.append([values.get(column.name, "") for column in columns])
    book.save(path)
    return planted


async def begin(database: Database, file: SeasonFile) -> None:
    """A season whose registration is open."""
    plan, now = timelines.resolve(file), datetime.now(UTC)
    async with database.transaction() as connection:
        pace = timelines.pace_for(plan, now, True, None)
        await seasons.start(connection, SEASON, file, plan, pace, actor="ops", at=now)


_NAIVE_PERSON = """INSERT INTO people (email, name, language, created_at) VALUES (:email, :name, 'zh', clock_timestamp())
  ON CONFLICT (email) DO UPDATE SET name = excluded.name RETURNING id"""
_NAIVE_ENTRY = """INSERT INTO entries (season_id, number, area, track, division, title, summary, applicant_id, state,
    alive, created_at, changed_at)
  VALUES (:season, :number, :area, :track, :track, :title, :summary, CAST(:person AS bigint), 'submitted', true,
    clock_timestamp(), clock_timestamp())"""


async def naively(database: Database, path: Path) -> tuple[int, float]:
    """As one would at first: the rows that it put in, and the seconds."""
    begun, done = time.perf_counter(), 0
    heads, *rows = load_workbook(path).worksheets[0].iter_rows(values_only=True)
    for n, row in enumerate(rows):
        value = dict(zip(heads, row, strict=True))
        person = await database.at_once(_NAIVE_PERSON, email=str(value["申报人邮箱"]), name=str(value["申报人"]))
        await database.at_once(
            _NAIVE_ENTRY, season=SEASON, number=f"N-{n}", area=str(value["赛区"]), track=str(value["赛道"]),
            title=str(value["项目名称"]), summary=str(value["项目简介"]), person=person[0]["id"],
        )  # fmt: skip
        done += 1
    return done, time.perf_counter() - begun


async def _measure(postgres: Postgres, rows: int, faults: int) -> dict[str, Any]:
    file = load(FILE)
    found: dict[str, Any] = {"benchmark": "import_sheet", "cores": os.cpu_count(), "rows": rows, "faults": faults}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "entries.xlsx"
        planted = write_sheet(path, file, rows, faults)
        found["megabytes"] = round(path.stat().st_size / 1e6, 2)
        database = Database(postgres.url("sheet"))
        await begin(database, file)
        for name, dry_run in (("dry_run", True), ("first", False), ("repeat", False)):
            begun = time.perf_counter()
            report = await import_sheet(database, SEASON, "entries", path, actor="ops", dry_run=dry_run)
            seconds = time.perf_counter() - begun
            entries = (await database.at_once("SELECT count(*) AS n FROM entries"))[0]["n"]
            reported = {problem.cell for problem in report.problems}
            found[name] = {
                **report.counts(), "seconds": round(seconds, 2), "rows_per_second": round(rows / seconds, 1),
                "faults_reported": len(reported & planted), "reported_wrongly": len(reported - planted),
                "entries_in_the_database": entries,
            }  # fmt: skip
        await database.close()
        naive = Database(postgres.url("naive"))
        await begin(naive, file)
        done, seconds = await naively(naive, path)
        await naive.close()
        found["naive"] = {"rows": done, "seconds": round(seconds, 2), "rows_per_second": round(done / seconds, 1)}
    first, repeat = found["first"], found["repeat"]
    found["ratio_to_naive"] = round(first["rows_per_second"] / found["naive"]["rows_per_second"], 2)
    found["all_right"] = (
        first["faults_reported"] == faults and first["reported_wrongly"] == 0 and first["new"] == rows - faults
        and (repeat["new"], repeat["changed"]) == (0, 0) and repeat["entries_in_the_database"] == rows - faults
        and found["dry_run"]["entries_in_the_database"] == 0 and first["seconds"] < 60
    )  # fmt: skip
    return found


def measure(rows: int, faults: int) -> dict[str, Any]:
    """The sheet tried, imported and imported again; beside it the naive loop, in a database of its own."""
    logging.disable(logging.WARNING)
    with temporary_postgres(durable=True) as postgres:
        for name in ("sheet", "naive"):
            asyncio.run(postgres.ensure_database(name))
            migrate(postgres.url(name))
        return asyncio.run(_measure(postgres, rows, faults))


def main() -> None:
    """Print one JSON object with --json, else lines. Exit code 1 where anything is not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1,000 rows with 10 faults")
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--faults", type=int, default=100)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    given = parser.parse_args()
    found = measure(1_000, 10) if given.quick else measure(given.rows, given.faults)
    if given.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:<18} {value}")
    raise SystemExit(0 if found["all_right"] else 1)


if __name__ == "__main__":
    main()
