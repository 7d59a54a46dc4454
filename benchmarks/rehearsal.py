"""How long a rehearsal of the reference season takes, by part. `python -m benchmarks.rehearsal [--quick] [--json]`."""

from __future__ import annotations

import argparse
import json
import logging
import os
from pathlib import Path
from typing import Any

LIMIT = 60.0
"""Seconds for 3,000 entries on 2 cores."""
FILE = Path(__file__).resolve().parent.parent / "seasons" / "cotiec-2024.yaml"


def measure(entries: int, months: float) -> dict[str, Any]:
    """Rehearse once; figures in seconds and per second."""
    from rehearsal.runner import rehearse
    from rules.season_file import load

    logging.disable(logging.WARNING)
    report = rehearse(load(FILE), entries=entries, seed=1, months=months)
    acting = report.spent.get("acting", 0.0)
    return {
        "benchmark": "rehearsal",
        "entries": entries,
        "months": months,
        "cores": os.cpu_count(),
        "wall_seconds": report.wall_seconds,
        "limit_seconds": LIMIT if entries == 3000 else None,
        "within_limit": report.wall_seconds <= LIMIT if entries == 3000 else None,
        "phases": report.phases,
        "spent": {k: v for k, v in report.spent.items() if not k.startswith("act: ")},
        "acts": report.acts,
        "acts_per_second": round(report.acts / acting, 1) if acting else None,
        "advances_of_time": report.advances,
        "notices": report.notices.sent,
        "notices_per_second": round(report.notices.sent / report.wall_seconds, 1),
        "windows": report.windows.model_dump(),
        "flaws": report.flaws(),
    }


def main() -> None:
    """Print one JSON object with --json, else lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="300 entries, 6 months")
    parser.add_argument("--entries", type=int, default=3000)
    parser.add_argument("--months", type=float, default=18)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    given = parser.parse_args()
    found = measure(300, 6) if given.quick else measure(given.entries, given.months)
    if given.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:<20} {value}")


if __name__ == "__main__":
    main()
