"""`season grace`, beside the other commands on the town."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from records import entries
from records.database import Database
from tests.desk.test_cli import season as season
from tests.seasons import begin, entry_form


async def test_grace_is_tried_given_and_explained(season: Any, database: Database) -> None:
    await begin(database, datetime.now(UTC) - timedelta(days=1), season="grace-2024", open_now=True)
    entry = await entries.draft(database, "grace-2024", entry_form())
    words = ("grace", str(entry), "--by", "6h", "--reason", "a power cut", "--as", "ops/eu")
    tried = await season(*words, "--dry-run", "--json")
    assert tried.exit_code == 0
    assert json.loads(tried.stdout)["dry_run"]
    assert "was given grace" not in (await season("explain", str(entry))).stdout
    given = await season(*words)
    assert "2024-EU-LH-0001 may be submitted until" in given.stdout
    life = (await season("explain", str(entry))).stdout
    assert "was given grace: it may be submitted until" in life
    assert "a power cut" in life
    assert "获准宽限" in (await season("explain", str(entry), "--lang", "zh")).stdout
    without = await season("grace", str(entry), "--by", "6h")
    assert without.exit_code == 2
    assert "A reason is missing" in without.stderr
