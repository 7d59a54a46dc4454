"""What a rehearsal has shown, as figures and findings. The fields are the keys of `report.json`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from models.text import Text

Severity = Literal["info", "warning", "error"]


class Figures(BaseModel):
    """Base: frozen."""

    model_config = ConfigDict(frozen=True)


class Entries(Figures):
    """Entries by how far they came. `refused_late`: attempts of applicants after a close."""

    started: int = 0
    submitted: int = 0
    refused_late: int = 0
    eligible: int = 0
    reviewed: int = 0
    defended: int = 0
    finalists: int = 0
    awarded: int = 0


class Windows(Figures):
    """Windows whose close came within the rehearsed time. The last two must be 0, and `closed` equal `total`.

    `accepted_late`: rows whose accepting instant is not before the close that held. `refused_early`: acts refused
    as out of time although the window was open at their instant.
    """

    total: int = 0
    closed: int = 0
    accepted_late: int = 0
    refused_early: int = 0


class Notices(Figures):
    """Notices. `duplicate`: a Message-ID that the mail server took twice. `lost`: neither sent nor skipped.

    `mails`: what reached the mail server, where several notices may be one mail. `night`, `day_off`, `useless`: as in
    rehearsal.hours.
    """

    planned: int = 0
    sent: int = 0
    duplicate: int = 0
    lost: int = 0
    mails: int = 0
    night: int = 0
    day_off: int = 0
    useless: int = 0


class Finding(Figures):
    """Something that operations should know before the season runs for real."""

    code: str
    severity: Severity
    text: Text
    count: int


class Bar(Figures):
    """One window as it happened, in the season's own calendar."""

    id: str
    area: str | None
    stage: str
    kind: str
    opens: datetime
    closes: datetime
    state: str


class Funnel(Figures):
    """How far the entries of one area or one track came."""

    code: str
    name: Text
    entries: Entries


class Day(Figures):
    """Notices sent on one day of the season's own calendar."""

    day: date
    sent: int


class Album(Figures):
    """What the pictures of `report.html` show; not part of `report.json`."""

    name: Text
    bars: tuple[Bar, ...] = ()
    stages: tuple[tuple[str, Text], ...] = ()
    areas: tuple[Funnel, ...] = ()
    tracks: tuple[Funnel, ...] = ()
    days: tuple[Day, ...] = ()
    hours: tuple[tuple[str, tuple[int, ...]], ...] = ()
    began: datetime
    ended: datetime


class Report(Figures):
    """The whole report. `phases` are wall-clock seconds by the part of the season that was running.

    `digest` covers states, scores, awards and outcomes, but no instants: the same seed gives the same digest.
    """

    season: str
    seed: int
    simulated_days: float
    wall_seconds: float
    entries: Entries
    windows: Windows
    notices: Notices
    ballots: int
    matches: int
    negotiations: int
    landings: int
    follow_ups: int
    findings: tuple[Finding, ...]
    phases: dict[str, float]
    digest: str
    spent: dict[str, float] = Field(default={}, exclude=True)
    acts: int = Field(default=0, exclude=True)
    advances: int = Field(default=0, exclude=True)
    album: Album = Field(exclude=True)

    def flaws(self) -> list[str]:
        """What must never be: the names of figures that should be 0 and are not; empty when all is well."""
        wrong = {
            "windows.open": self.windows.total - self.windows.closed,
            "windows.accepted_late": self.windows.accepted_late,
            "windows.refused_early": self.windows.refused_early,
            "notices.duplicate": self.notices.duplicate,
            "notices.lost": self.notices.lost,
            "notices.night": self.notices.night,
            "notices.day_off": self.notices.day_off,
            "notices.useless": self.notices.useless,
        }
        return [f"{name} is {count}" for name, count in wrong.items() if count]
