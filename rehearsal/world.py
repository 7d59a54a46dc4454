"""What everybody in a rehearsed season shares."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from desk.client import Desk
from models.season import Area, DefenceStage, RegistrationStage, ReviewStage, SeasonFile
from models.timeline import Pace
from records.database import Database
from rehearsal.dice import Dice

_FIRST_LOOK = timedelta(hours=50)
_OFFICE_DAYS = (1, 4)
_MORNING = 2
"""Hour (UTC) in which the crowd answers questions: the morning of the places."""


@dataclass
class World:
    """The season, the way in, and the seed. `pace` maps the season's own time to the time of the stage it runs on."""

    season: str
    file: SeasonFile
    pace: Pace
    desk: Desk
    seed: int
    entries: int
    shares: dict[tuple[str, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.shares = _shares(self.file, self.seed, self.entries)

    @property
    def database(self) -> Database:
        """Where the facts are."""
        return self.desk.database

    def span(self, nominal: timedelta) -> timedelta:
        """How long a span of the season's own time lasts here."""
        return self.pace.span(nominal)

    def nominal(self, instant: datetime) -> datetime:
        """An instant in the season's own calendar."""
        return self.pace.nominal(instant)

    def answering(self, asked: dict[str, Any], share: float) -> datetime:
        """When somebody answers who takes `share` of the time (0 to 1) that the window of a question leaves.

        On a Tuesday's or Friday's morning, and never within the first days: so many answers share an instant, and it
        does not matter how many seconds a rehearsal took to open the window, or at which look the crowd found it.
        """
        first, end = self.nominal(asked["opens_at"]) + _FIRST_LOOK, self.nominal(asked["closes_at"])
        morning = (first + (end - first) * share).replace(hour=_MORNING, minute=0, second=0, microsecond=0)
        while morning < first or morning.weekday() not in _OFFICE_DAYS:
            morning += timedelta(days=1)
        return self.pace.real(morning if morning < end else first)

    def judges_wanted(self, area: Area | None) -> int:
        """How many judges an area (or the season office) asks, so that the rounds can be held with these entries."""
        scope = "area" if area else "season"
        most = area.judges if area else 1
        count = sum(n for (code, _), n in self.shares.items() if area is None or code == area.code)
        for stage in self.file.stages:
            if isinstance(stage, ReviewStage) and stage.scope == scope:
                # A quarter more than the load needs: some decline, some are silent, some are in conflict.
                most = max(most, -(-count * stage.judges_per_entry * 5 // (stage.max_load * 4)))
                most = max(most, 2 * stage.judges_per_entry)
            if isinstance(stage, DefenceStage) and stage.scope == scope:
                most = max(most, 2 * stage.panel_size + 2)
        return most


def _shares(file: SeasonFile, seed: int, count: int) -> dict[tuple[str, str], int]:
    """How many entries each registration window gets: (area, stage) → entries. They add up to `count`."""
    stages = [stage.id for stage in file.stages if isinstance(stage, RegistrationStage)]
    weights: dict[tuple[str, str], float] = {}
    for area in file.areas:
        size = 3.0 if area.kind == "domestic" else Dice(seed, "size", area.code).uniform(0.6, 1.4)
        for place, stage in enumerate(stages):
            weights[area.code, stage] = size * (1.0 if place == 0 else 0.6)
    total, shares, given, passed = sum(weights.values()), {}, 0, 0.0
    for key, weight in weights.items():
        passed += weight
        shares[key] = round(count * passed / total) - given
        given += shares[key]
    return shares
