"""The states that things are in."""

from __future__ import annotations

from enum import StrEnum


class WindowState(StrEnum):
    """`scheduled` → `open` → `closed`; `paused` keeps the remaining time; `cancelled` is final."""

    SCHEDULED = "scheduled"
    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class SeasonState(StrEnum):
    """A season runs, waits by an operator's word, is over, or was cancelled."""

    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class EntryState(StrEnum):
    """Where an entry stands. `alive` beside it says whether it is still in the competition."""

    DRAFT = "draft"
    LAPSED = "lapsed"
    SUBMITTED = "submitted"
    WITHDRAWN = "withdrawn"
    UNDECIDED = "undecided"
    ELIGIBLE = "eligible"
    INELIGIBLE = "ineligible"
    SELECTED = "selected"
    WAITING = "waiting"
    NOT_SELECTED = "not_selected"
    REMOVED = "removed"
    DECLINED = "declined"
    AWARDED = "awarded"
    FINISHED = "finished"


class AssignmentState(StrEnum):
    """A judge's task: `active` until the ballot is cast (`done`), declined, in conflict, or given to another."""

    ACTIVE = "active"
    DONE = "done"
    DECLINED = "declined"
    CONFLICT = "conflict"
    REPLACED = "replaced"


class SlotState(StrEnum):
    """An entry's turn in a defence session."""

    SCHEDULED = "scheduled"
    HELD = "held"
    NO_SHOW = "no_show"


class Decision(StrEnum):
    """What a selection decided about an entry."""

    SELECTED = "selected"
    WILD_CARD = "wild_card"
    STEPPED_UP = "stepped_up"
    WAITING = "waiting"
    NOT_SELECTED = "not_selected"
    REMOVED = "removed"
    DECLINED = "declined"


class ObjectionState(StrEnum):
    OPEN = "open"
    UPHELD = "upheld"
    DISMISSED = "dismissed"


class InvitationState(StrEnum):
    """An invitation to confirm: for finalists, and for events."""

    INVITED = "invited"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    LAPSED = "lapsed"


class MatchState(StrEnum):
    """A match of a project with a need: proposed, negotiating, then one outcome."""

    PROPOSED = "proposed"
    NEGOTIATING = "negotiating"
    LANDED = "landed"
    FAILED = "failed"
    DECLINED = "declined"
    EXPIRED = "expired"


class FollowUpState(StrEnum):
    DUE = "due"
    ANSWERED = "answered"
    MISSED = "missed"


class DeliveryState(StrEnum):
    """One notice to one person, from the plan to the mail server's answer."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    SKIPPED = "skipped"
