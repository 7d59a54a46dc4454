"""What activities answer and workflows hold: ids, instants and figures; never people."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field

from models.instants import Instant, Span


class Result(BaseModel):
    """Base: frozen."""

    model_config = ConfigDict(frozen=True)


class WindowFacts(Result):
    """A window as its workflow needs it. `reminders` are the instants that are still to come, with their keys."""

    id: str
    season: str
    area: str | None
    stage: str
    kind: str
    state: str
    opens_at: Instant
    closes_at: Instant
    revision: int
    reminders: tuple[ReminderAt, ...] = ()
    announce_after: Span = Field(description="How long after a change the new date is told: changes within it are one.")
    missed: bool = Field(
        default=False, description="Nobody was there to open it: it will be, late, at its full length."
    )
    told: bool = Field(default=True, description="False where its last change has not been told yet.")


class ReminderAt(Result):
    """One reminder of a window: when, and its key in the plan."""

    at: Instant
    key: str


class WindowRef(Result):
    """Names a window to an activity."""

    window: str


class ReminderRef(Result):
    """Names the reminders of a window that are due at an instant, and those that were seen to before."""

    window: str
    at: Instant
    sent: tuple[str, ...] = ()
    revision: int | None = Field(default=None, description="Of the plan that `at` stands in.")


class Closing(Result):
    """What came of an attempt to close: closed, or the facts as they are now (extended, paused)."""

    closed: bool
    silent: bool = False
    facts: WindowFacts


class Counted(Result):
    """How many rows a deed touched, by name."""

    counts: dict[str, int] = {}
    campaigns: tuple[str, ...] = Field(default=(), description="Campaigns with notices now queued.")
    moved: bool = Field(default=False, description="Nothing was done: the window has another revision by now.")


class Step(Result):
    """One stage as a workflow runs it. `window` is None for a stage without a window."""

    stage: str
    kind: str
    window: str | None = None
    beside: bool = Field(default=False, description="True for windows that run beside the others: events, needs.")


class SeasonPlan(Result):
    """What the season workflow conducts."""

    season: str
    state: str
    areas: tuple[str, ...]
    steps: tuple[Step, ...] = Field(description="Season-wide steps, in order.")
    matching: str | None
    tracking: str | None


class AreaPlan(Result):
    """The steps of one area, in order."""

    season: str
    area: str
    steps: tuple[Step, ...]


class StageRef(Result):
    """Names a stage of an area, or of the whole season where `area` is None."""

    season: str
    stage: str
    area: str | None = None


class Turn(Result):
    """When a step may begin, and whether the season still runs."""

    at: Instant
    state: str
    day: Span = Field(default=timedelta(days=1), description="How long a day of the season lasts.")
    again: StageRef | None = Field(
        default=None, description="A stage before it that was opened again; what follows from its close is to be done."
    )


class CampaignRef(Result):
    """Names a campaign. `limit` is the number of notices for one batch; `first_at` when its first is due, if later."""

    campaign: str
    season: str
    limit: int = 2500
    first_at: Instant | None = None


class Sending(Result):
    """What a batch did. `left` counts what is still queued; `retry_after` is when it is worth trying again."""

    sent: int = 0
    failed: int = 0
    skipped: int = 0
    possibly_twice: int = 0
    left: int = 0
    retry_after: Span | None = None


WindowFacts.model_rebuild()


class MatchingPlan(Result):
    """What the matching workflow runs: the needs windows, and the instants of the rounds."""

    season: str
    state: str
    needs: tuple[str, ...]
    rounds: tuple[Instant, ...]
    day: Span = Field(default=timedelta(hours=1), description="How long a day of the season lasts.")


class RoundRef(Result):
    """Names a matching round, from 1, and the instant for which it is planned."""

    season: str
    round: int
    at: Instant | None = None


class MatchRef(Result):
    """Names a match to an activity. `first_at`: nothing is to be done about it before this instant."""

    season: str
    match: int
    first_at: Instant | None = None


class RoundMatches(Result):
    """The matches of a round, and the campaigns that tell of them."""

    matches: tuple[int, ...] = ()
    campaigns: tuple[str, ...] = ()
    first_at: Instant | None = Field(default=None, description="When the first reminder or close of them is due.")


class NegotiationTurn(Result):
    """How a negotiation stands after a turn, and when it wants the next; None when it is over."""

    state: str
    asked: int = 0
    next_at: Instant | None = None
    expires_at: Instant | None = None


class TrackingTurn(Result):
    """What one turn of tracking did, and when it wants the next; None when nothing can ever come again."""

    next_at: Instant | None = None
    opened: int = 0
    closed: int = 0
    campaigns: tuple[str, ...] = ()


class Campaigns(Result):
    """Names campaigns that have queued something."""

    season: str
    campaigns: tuple[str, ...]
