"""Zones that exist."""

from __future__ import annotations

from models.season import SeasonFile, WindowStage
from rules.checks.faults import Faults, both, nearest
from rules.checks.held import known_zones
from rules.season_source import Path


def check_zones(file: SeasonFile, faults: Faults) -> None:
    """The season's, each area's, and each stage's own zone."""
    _zone(file.zone, ("zone",), faults)
    for n, area in enumerate(file.areas):
        _zone(area.zone, ("areas", n, "zone"), faults)
    for n, stage in enumerate(file.stages):
        if not isinstance(stage, WindowStage) or stage.zone == "season":
            continue
        path: Path = ("stages", n, "zone")
        if stage.zone != "area":
            _zone(stage.zone, path, faults)
        elif stage.scope == "season":
            faults.warning(
                "zone.of_no_area", path,
                both(f"Stage '{stage.id}' is season-wide, so it has no area's clock; the season's counts.",
                     f"阶段“{stage.id}”面向整个赛季，没有赛区时间，按赛季时区计算。"),
                both(f"Write {file.zone}, or leave 'zone' out.", f"请写 {file.zone}，或删去“zone”。"),
            )  # fmt: skip


def _zone(name: str, path: Path, faults: Faults) -> None:
    if name in known_zones():
        return
    remedy = nearest(name, known_zones())
    if remedy.en.startswith("Use one of"):
        remedy = both("Write an IANA name such as Asia/Shanghai.", "请写 IANA 时区名，如 Asia/Shanghai。")
    faults.error("zone.unknown", path, both(f"There is no time zone '{name}'.", f"没有名为“{name}”的时区。"), remedy)
