"""The resolved timeline of a season: every window as instants, and the pace at which they pass."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from models.errors import BadInput
from models.instants import Instant, Span


class Pace(BaseModel):
    """Maps the instants of the season file (nominal) to the instants at which they happen (real).

    real = anchor_real + (nominal - anchor_nominal) * rate. A season run as published has both anchors equal and
    rate 1; `--open-now` shifts; `--day 2s` has rate 2/86400. Nothing but the start of a season and the rules
    that plan dates ever ask for it: windows hold real instants.
    """

    model_config = ConfigDict(frozen=True)
    anchor_nominal: Instant
    anchor_real: Instant
    rate: float = 1.0

    def real(self, nominal: datetime) -> datetime:
        """When a nominal instant happens. Raises BadInput where the calendar ends before it."""
        with _while_there_are_years():
            if self.rate == 1.0:
                return self.anchor_real + (nominal - self.anchor_nominal)
            return self.anchor_real + (nominal - self.anchor_nominal) * self.rate

    def nominal(self, real: datetime) -> datetime:
        """The instant in the season file's own calendar. Raises BadInput where that ends before it."""
        with _while_there_are_years():
            if self.rate == 1.0:
                return self.anchor_nominal + (real - self.anchor_real)
            return self.anchor_nominal + (real - self.anchor_real) / self.rate

    def span(self, nominal: timedelta) -> timedelta:
        """How long a nominal span lasts. Raises BadInput for one longer than all years together."""
        with _while_there_are_years():
            return nominal * self.rate


@contextmanager
def _while_there_are_years() -> Iterator[None]:
    try:
        yield
    except OverflowError:
        raise BadInput(
            "pace.too_far",
            "At this pace the season would run past the year 9999.",
            "Let a day of the season last less, or start it nearer to now.",
        ) from None


class PlannedReminder(BaseModel):
    """One reminder of one window. `useful_until` is when it has lost its use (the next one, or the close)."""

    model_config = ConfigDict(frozen=True)
    at: Instant
    to: str
    template: str
    before: Span
    useful_until: Instant
    any_hour: bool = False

    @property
    def key(self) -> str:
        """Names this line within its window's plan, the same before and after the window moved."""
        return f"{self.template}:{self.to}:{round(self.before.total_seconds())}"


class PlannedWindow(BaseModel):
    """One window as the season file plans it, in nominal instants.

    `area` is None for a season-wide window. `zone` is the IANA zone in which its wall times are written.
    """

    model_config = ConfigDict(frozen=True)
    id: str
    stage: str
    kind: str
    area: str | None
    opens_at: Instant
    closes_at: Instant
    zone: str
    reminders: tuple[PlannedReminder, ...] = ()


class Moment(BaseModel):
    """Something dated that is no window: a ceremony, a matching round, a follow-up after the finals."""

    model_config = ConfigDict(frozen=True)
    stage: str
    kind: str
    at: Instant
    until: Instant | None = None


class Timeline(BaseModel):
    """All windows and moments of a season, nominal, in order of opening."""

    model_config = ConfigDict(frozen=True)
    season: str
    windows: tuple[PlannedWindow, ...]
    moments: tuple[Moment, ...] = ()
