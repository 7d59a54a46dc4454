"""The windows that a season file makes, each with the place in the file that its dates come from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from models.season import Area, LocalTime, SeasonFile, WindowStage
from rules.season_source import Path
from rules.timeline import areas_of, closing, opening, times_of, zone_of


@dataclass(frozen=True)
class Held:
    """One window. `n` is the stage's place in the file; the paths are where its opening and closing are written."""

    n: int
    stage: WindowStage
    area: Area | None
    zone: ZoneInfo
    opens: LocalTime
    closes: LocalTime
    opens_at: datetime
    closes_at: datetime
    opens_path: Path
    closes_path: Path

    @property
    def place(self) -> str:
        """The area's code; empty for a season-wide window."""
        return self.area.code if self.area else ""

    def shows(self, at: datetime) -> str:
        """An instant on this window's clock."""
        return f"{at.astimezone(self.zone):%Y-%m-%d %H:%M} ({self.zone.key})"


@lru_cache(maxsize=1)
def known_zones() -> frozenset[str]:
    """All IANA zone names."""
    return frozenset(available_timezones())


def windows_of(file: SeasonFile) -> tuple[Held, ...]:
    """All windows whose zone is known, in the order of the file."""
    return tuple(
        _held(file, n, stage, area)
        for n, stage in enumerate(file.stages)
        if isinstance(stage, WindowStage)
        for area in areas_of(file, stage)
        if zone_of(file, stage, area) in known_zones()
    )


def _held(file: SeasonFile, n: int, stage: WindowStage, area: Area | None) -> Held:
    opens, closes = times_of(stage, area)
    zone = ZoneInfo(zone_of(file, stage, area))
    override = area.stages.get(stage.id) if area else None
    own: Path = ("areas", file.areas.index(area), "stages", stage.id) if area else ()
    return Held(
        n=n, stage=stage, area=area, zone=zone, opens=opens, closes=closes,
        opens_at=opening(opens, zone), closes_at=closing(closes, zone),
        opens_path=(*own, "opens") if override and override.opens is not None else ("stages", n, "opens"),
        closes_path=(*own, "closes") if override and override.closes is not None else ("stages", n, "closes"),
    )  # fmt: skip
