"""What is read for people, as the CLI, the API and the pages show it: codes and figures; words come later."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from models.instants import Instant
from models.text import Text


class View(BaseModel):
    """Base: frozen. All instants are UTC."""

    model_config = ConfigDict(frozen=True)


class SeasonView(View):
    """One season in a list."""

    id: str
    name: Text
    state: str
    zone: str = Field(description="IANA zone in which the season is published.")
    areas: int
    tracks: int
    entries: int = Field(description="Entries ever started, drafts included.")
    submitted: int = Field(description="Entries that were submitted in time.")
    started_at: Instant
    paused_at: Instant | None
    ended_at: Instant | None
    next_close: Instant | None = Field(description="The next close of a window, or None.")


class WindowView(View):
    """One window. `may` are the commands that would be accepted now."""

    id: str
    season: str
    area: str | None
    area_name: Text | None
    stage: str
    stage_name: Text
    kind: str
    subject: str | None = Field(description="What it is for where it is not a whole stage, such as `match/17`.")
    ordinal: int
    zone: str
    state: str
    opens_at: Instant
    closes_at: Instant
    planned_closes_at: Instant
    opened_at: Instant | None
    closed_at: Instant | None
    paused_at: Instant | None
    revision: int
    may: tuple[str, ...] = ()


class Cell(View):
    """One area and one track: how many entries came how far. Each figure includes those that went further."""

    area: str
    track: str
    started: int = 0
    submitted: int = 0
    eligible: int = 0
    selected: int = 0
    awarded: int = 0


class NoticeCounts(View):
    """Deliveries by state. `possibly_twice` are those that were in a worker's hands when it died."""

    queued: int = 0
    sent: int = 0
    failed: int = 0
    skipped: int = 0
    possibly_twice: int = 0


class Concern(View):
    """Something that needs a person: a code, how many it touches, and where to look."""

    code: str
    count: int = 1
    window: str | None = None
    entry: str | None = Field(default=None, description="Public number of the one entry concerned.")
    at: Instant | None = None
    data: dict[str, Any] = {}


class StatusView(View):
    """Where a season stands at the instant `now`."""

    now: Instant
    season: SeasonView
    states: dict[str, int] = Field(description="Entries by state.")
    table: tuple[Cell, ...] = Field(description="Areas × tracks, in the order of the season file.")
    open: tuple[WindowView, ...] = Field(description="Windows that are open or paused, the next close first.")
    notices: NoticeCounts
    concerns: tuple[Concern, ...] = Field(description="What needs attention; empty means all is well.")


class EntryView(View):
    """One entry. `people` counts its team with the leader."""

    id: int
    number: str
    season: str
    area: str
    area_name: Text
    area_zone: str
    track: str
    track_name: Text
    division: str
    title: str
    organisation: str | None
    channel: str | None = Field(description="Code of the recommending organisation, if any.")
    state: str
    stage: str | None
    alive: bool
    people: int
    created_at: Instant
    submitted_at: Instant | None


class EntryPage(View):
    """A page of entries, and how many there are in all."""

    total: int
    entries: tuple[EntryView, ...]


class LineView(View):
    """One line of the log."""

    id: int
    at: Instant
    actor: str
    event: str
    window: str | None
    entry: str | None = Field(description="Public number of the entry.")
    reason: str | None
    rule: str | None
    data: dict[str, Any] = {}


class Event(View):
    """One thing in the life of an entry. `event` and `data` are what its sentence is made of."""

    at: Instant
    event: str
    actor: str = "system"
    window: str | None = None
    reason: str | None = None
    rule: str | None = None
    data: dict[str, Any] = {}


class Coming(View):
    """Something that will happen by itself: `opens`, `reminds`, `closes`, `matching_round`, `follow_up`, `dated`."""

    at: Instant
    what: str
    window: WindowView | None = None
    stage: str | None = None
    stage_name: Text | None = None
    kind: str | None = None
    template: str | None = Field(default=None, description="Template of the notice, for a reminder.")
    audience: str | None = None
    people: int | None = Field(default=None, description="How many would be told if it were now.")


class Life(View):
    """An entry from its first draft on, and what is next for it."""

    now: Instant
    season_zone: str
    entry: EntryView
    events: tuple[Event, ...]
    coming: tuple[Coming, ...]


class CampaignView(View):
    """A notice to many, and what became of it. `waiting`: queued or on its way; `outbox`: to be read by somebody first."""

    id: str
    template: str
    window: str | None
    state: str = Field(description="`open`; with an outbox `waiting`, `released` or `discarded`.")
    planned_at: Instant
    useful_until: Instant | None
    planned: int
    sent: int
    failed: int
    skipped: int
    waiting: int
    outbox: int
    possibly_twice: int
    first_sent_at: Instant | None
    last_sent_at: Instant | None


class AnswerCount(View):
    """How many notices of a campaign ended in one state for one reason; addresses in answers are left out."""

    state: str
    answer: str | None
    count: int


class CampaignDetail(CampaignView):
    """A campaign with its reasons, and its sends in equal steps from the first to the last."""

    answers: tuple[AnswerCount, ...]
    steps: tuple[int, ...]


class SentView(View):
    """One notice of a campaign to one person, and the mail server's answer."""

    campaign: str
    template: str
    season: str
    person: int
    about: str = Field(description="What it is about, where one person gets several of a campaign.")
    state: str
    to: str
    entry: str | None
    window: str | None
    queued_at: Instant
    not_before: Instant | None
    sent_at: Instant | None
    attempts: int
    answer: str | None
    possibly_twice: bool
    bounced_at: Instant | None
    edited: bool = Field(description="Whether somebody gave this mail words of its own.")


class NoticeView(View):
    """One notice to one person, and what the mail server answered."""

    template: str
    state: str
    to: str
    person: int
    entry: str | None
    window: str | None
    queued_at: Instant
    sent_at: Instant | None
    answer: str | None
    possibly_twice: bool
    bounced_at: Instant | None = Field(description="When a report said that it did not arrive, though it was accepted.")
