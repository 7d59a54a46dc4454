"""What the API answers, where it is not what is read for pages as it is: for its description and its checks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import URL

from desk.problems import Problem
from models.commands import Outcome
from models.instants import Instant, Span
from models.text import Text
from models.views import Concern, EntryView, Event, LineView, StatusView

Limit = Annotated[int, Query(ge=1, le=200, description="How many at the most.")]
Offset = Annotated[int, Query(ge=0, le=10_000_000, description="How many to pass over.")]
Area = Annotated[str | None, Query(max_length=100, description="Code of an area.")]
DryRun = Annotated[bool, Query(description="Say what would be accepted; change nothing.")]
MOST_ID = 2**63 - 1
After = Annotated[int | None, Query(ge=0, le=MOST_ID, description="Id of the last one seen; what comes after it.")]
Before = Annotated[int | None, Query(ge=1, le=MOST_ID, description="Id of the last one seen; what came before it.")]


class Why(BaseModel):
    """The body of every command: why, and for some until when."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "the site was down", "by": "2d"}]}
    )
    reason: str = Field(default="", max_length=1000, description="Why; kept in the log. Needed.")
    until: Instant | None = Field(default=None, description="For extend, reopen and grace: an instant with a zone.")
    by: Span | None = Field(default=None, description="For extend, reopen and grace: a length, such as `36h`.")


class Answer(BaseModel):
    """Base: frozen."""

    model_config = ConfigDict(frozen=True)


class ConcernAnswer(Concern):
    """Something that needs a person, in words, and the page on which to look at it."""

    sentence: Text
    link: str


class StatusAnswer(StatusView):
    """Where a season stands."""

    concerns: tuple[ConcernAnswer, ...]


class LineAnswer(LineView):
    """One line of the log, in words."""

    sentence: Text
    by: str = Field(description="Who did it, in words.")


class EventAnswer(Event):
    """One thing in the life of an entry, in words and in the clocks of season and area."""

    season_time: str
    area_time: str
    by: str
    sentence: Text


class ComingAnswer(Answer):
    """Something that will happen by itself."""

    at: Instant
    what: str
    window: str | None = Field(description="Id of the window.")
    stage: str | None
    stage_name: Text | None
    kind: str | None
    template: str | None
    audience: str | None
    people: int | None
    season_time: str
    sentence: Text


class LifeAnswer(Answer):
    """An entry from its first draft on, and what is next."""

    now: Instant
    entry: EntryView
    events: tuple[EventAnswer, ...]
    next: tuple[ComingAnswer, ...]


class HealthAnswer(Answer):
    """Whether this process serves, and what it reaches."""

    ok: bool
    database: bool
    temporal: bool


class StartAnswer(Answer):
    """A season that was started, or would be."""

    season: str
    new: bool = Field(description="False where it was there already.")
    windows: int
    dry_run: bool


class RefusedWindow(Problem):
    """A window on which a command was refused, and why."""

    window: str


class DecisionAnswer(Answer):
    """What was decided of an entry at screening, or would be."""

    entry: str = Field(description="Its public number.")
    state: str
    dry_run: bool


class BulkAnswer(Answer):
    """What became of a command on many windows, each by itself."""

    done: tuple[Outcome, ...]
    refused: tuple[RefusedWindow, ...]


# Registration


class PersonAnswer(Answer):
    """Somebody as an entry names them; language, zone and country are told to nobody but the applicant themself."""

    email: str
    name: str
    birth_year: int | None = None
    language: str | None = None
    zone: str | None = None
    country: str | None = None


class Registration(Answer):
    """An entry with all that it says."""

    season: str
    number: str = Field(description="Public number, such as 2024-EU-LH-0042.")
    state: str = Field(description="As its applicant may know it: `draft`, `submitted`, `withdrawn`, `lapsed`, …")
    state_name: Text
    area: str
    track: str
    group: str | None
    fields: tuple[str, ...]
    title: str
    summary: str
    organisation: str | None
    leader_degree: str | None
    readiness: int | None
    documents: tuple[str, ...] = Field(description="Kinds of documents that are there.")
    channel: str | None = Field(description="Name of the channel whose recommendation counts.")
    applicant: PersonAnswer
    team: tuple[PersonAnswer, ...] = Field(description="The members beside the applicant.")
    missing: tuple[str, ...] = Field(description="What is missing before it may be submitted.")
    revision: int = Field(description="Counts its changes; the ETag is made of it.")
    until: Instant | None = Field(description="Until when it may be changed and submitted; null: not now.")
    by_grace: bool = Field(description="Whether `until` is grace of this entry's own.")
    paused: bool = Field(description="Whether its registration stands still just now.")
    created_at: Instant
    changed_at: Instant
    submitted_at: Instant | None


class RegistrationLine(Answer):
    """One entry in a list."""

    id: int
    number: str
    title: str
    area: str
    track: str
    state: str
    revision: int
    created_at: Instant
    changed_at: Instant
    submitted_at: Instant | None


class RegistrationPage(Answer):
    """A page of one's own entries, the oldest first."""

    registrations: tuple[RegistrationLine, ...]
    next: str | None = Field(description="Where the next page is; null on the last.")


class Receipt(Answer):
    """The proof of a submission."""

    number: str
    accepted_at: Instant = Field(description="The accepting instant, by the database's clock.")


class Leave(BaseModel):
    """The body by which an entry is withdrawn."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "we moved abroad"}]})
    reason: str = Field(min_length=1, max_length=500, pattern=r"\S", description="Why; kept in the log.")


RegistrationState = Literal["draft", "submitted", "withdrawn", "lapsed"]
LINKED: dict[int | str, dict[str, Any]] = {
    200: {
        "headers": {
            "Link": {
                "description": 'The next page, `rel="next"` (RFC 8288); left out on the last.',
                "schema": {"type": "string"},
            }
        }
    }
}
"""For the description of a list: its header."""


def next_page(url: URL, response: Response, **query: Any) -> str:
    """Tell where the next page is (RFC 8288): this address with another place in the list."""
    address = url.include_query_params(**query)
    path = f"{address.path}?{address.query}"
    response.headers.append("Link", f'<{path}>; rel="next"')
    return path
