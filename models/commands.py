"""What operators may ask for. Every command carries who, why, and an id that makes a repeat harmless."""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from models.instants import Instant, Span

Reason = Annotated[str, StringConstraints(strip_whitespace=True)]


class Command(BaseModel):
    """Who, why, and the command's id (the Temporal update id too)."""

    model_config = ConfigDict(frozen=True)
    id: str = Field(default_factory=lambda: uuid4().hex)
    actor: str = Field(description="Id of the operator, such as `ops`; never a name or an address.")
    reason: Reason = ""


class WindowCommand(Command):
    """A command on one window."""

    window: str


class Extend(WindowCommand):
    """Move the close of an open or scheduled window to a later instant: `until`, or `by` a span (real time)."""

    until: Instant | None = None
    by: Span | None = None


class CloseNow(WindowCommand):
    """Close an open window at once."""


class Reopen(WindowCommand):
    """Open a closed window again, until an instant in the future."""

    until: Instant | None = None
    by: Span | None = None


class PauseWindow(WindowCommand):
    """Stop a window's clock: nothing is accepted, and the remaining time is kept."""


class ResumeWindow(WindowCommand):
    """Let a paused window run on: it closes as much later as it was paused."""


class SeasonCommand(Command):
    """A command on a whole season: pause, resume, cancel."""

    season: str


class Grace(Command):
    """Give one entry more time than its registration window: `until`, or `by` a span from the later of close and now."""

    entry: int
    until: Instant | None = None
    by: Span | None = None


class Return(Command):
    """Return an entry for correction: `until`, or `by` a span from now; with neither, as the season file says."""

    entry: int
    until: Instant | None = None
    by: Span | None = None


class Outcome(BaseModel):
    """The answer to an accepted command."""

    model_config = ConfigDict(frozen=True)
    command: str
    done: str = Field(description="Code of what was done, such as `window.extended`.")
    at: Instant
    window: str | None = None
    state: str | None = None
    revision: int | None = None
    closes_at: Instant | None = None
    repeated: bool = Field(default=False, description="True if this command had been carried out before.")
