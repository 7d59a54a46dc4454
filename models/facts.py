"""What records hand to rules, and what rules answer: plain frozen values, no rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from models.season import Format
from models.states import Decision
from models.text import Text


@dataclass(frozen=True, slots=True)
class NamedPerson:
    """Somebody in the team of an entry, as the rule of like names sees them."""

    entry_id: int
    person_id: int
    name: str
    birth_year: int | None


@dataclass(frozen=True, slots=True)
class Like:
    """Another entry, and how alike it is: `share` from 0 to 1. `number` is its public number, once it is known."""

    entry_id: int
    share: float
    number: str = ""


@dataclass(frozen=True, slots=True)
class ScreeningFacts:
    """An entry as the entry rules look at it.

    `person_in_entries` maps a person of the team to earlier submitted entries that the person is in too;
    `twin_entries` are entries of the season with the same title, letter case and spaces aside; `like_persons` are
    entries with somebody of like name and the same birth year, `near_entries` entries of nearly the same text.
    """

    entry_id: int
    team: tuple[int, ...]
    documents: frozenset[str]
    leader_degree: str | None
    summary_length: int = 0
    track_known: bool = True
    person_in_entries: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    twin_entries: tuple[int, ...] = ()
    like_persons: tuple[Like, ...] = ()
    near_entries: tuple[Like, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that screening found: a reason to refuse, or a question for a person.

    `text` is what the applicant may read and tells nothing of other teams; `staff`, where it is set, names them.
    """

    code: str
    severity: Literal["refuse", "ask"]
    text: Text
    staff: Text | None = None


@dataclass(frozen=True, slots=True)
class Screening:
    """The decision on one entry, with its reasons."""

    entry_id: int
    decision: Literal["eligible", "ineligible", "undecided"]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class EntryToReview:
    """An entry that needs judges."""

    id: int
    track: str
    organisation: str | None = None
    applicant_id: int = 0
    members: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class JudgeAvailable:
    """A judge; empty `tracks` means all. `load` is what the judge has already in this round.

    `busy` are the spans, in nominal UTC, in which the judge sits on panels of other rounds or areas.
    """

    id: int
    person_id: int
    tracks: frozenset[str] = frozenset()
    organisation: str | None = None
    max_load: int = 40
    load: int = 0
    busy: tuple[tuple[datetime, datetime], ...] = ()

    def free(self, start: datetime, end: datetime) -> bool:
        """Whether the judge sits nowhere else between these instants."""
        return all(end <= begun or over <= start for begun, over in self.busy)


@dataclass(frozen=True, slots=True)
class Short:
    """An entry that could not be given all its judges, and the reason that binds first."""

    entry_id: int
    missing: int
    why: Literal["conflicts", "load", "judges"]


@dataclass(frozen=True, slots=True)
class AssignmentPlan:
    """Pairs of (entry, judge), sorted; the entries that are short; the largest and least new load."""

    pairs: tuple[tuple[int, int], ...]
    short: tuple[Short, ...]
    load_max: int
    load_min: int


@dataclass(frozen=True, slots=True)
class Scored:
    """A score of one entry in one round: to full precision, to two decimals, and how many ballots it used."""

    exact: Decimal
    rounded: Decimal
    used: int


@dataclass(frozen=True, slots=True)
class RankRow:
    """What ranks an entry: its exact score, then the mean of the main criterion, then the lot."""

    entry_id: int
    division: str
    exact: Decimal | None
    main_criterion: Decimal = Decimal(0)
    ballots: int = 0


@dataclass(frozen=True, slots=True)
class Ranked:
    """An entry's place in its division, from 1."""

    entry_id: int
    division: str
    rank: int


@dataclass(frozen=True, slots=True)
class SelectionRow:
    """What a selection decides about one entry."""

    entry_id: int
    division: str
    rank: int
    decision: Decision
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PlannedSlot:
    """An entry's turn in a session; `position` from 1, `starts_at` in nominal UTC."""

    entry_id: int
    position: int
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class PlannedSession:
    """A defence session, in nominal UTC instants."""

    division: str
    format: Format
    starts_at: datetime
    ends_at: datetime
    judges: tuple[int, ...]
    slots: tuple[PlannedSlot, ...]
    lot_seed: str


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """All sessions of a round, and the entries whose panel is smaller than it should be."""

    sessions: tuple[PlannedSession, ...]
    short: tuple[Short, ...] = ()


@dataclass(frozen=True, slots=True)
class AwardRow:
    """A prize for an entry; `rank` is its place in its division."""

    entry_id: int
    division: str
    prize: str
    rank: int


@dataclass(frozen=True, slots=True)
class ProjectToMatch:
    """A project that looks for places.

    `readiness` is 1 to 9; `rank_share` is 1 for the best of its division, 0 for the last.
    """

    entry_id: int
    track: str
    fields: frozenset[str] = frozenset()
    readiness: int = 5
    rank_share: float = 0.5


@dataclass(frozen=True, slots=True)
class NeedToMeet:
    """A need of a place. Empty `fields` means any field of its tracks; `capacity` is how many projects it can take."""

    need_id: int
    tracks: frozenset[str]
    fields: frozenset[str] = frozenset()
    readiness: int = 1
    capacity: int = 1


@dataclass(frozen=True, slots=True)
class MatchPair:
    """A proposed match; `parts` add up to `score`, 0 to 1."""

    entry_id: int
    need_id: int
    score: float
    parts: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class MatchRound:
    """What a matching round proposes, and who is left without."""

    pairs: tuple[MatchPair, ...]
    unmatched_projects: tuple[int, ...]
    unmatched_needs: tuple[int, ...]
