"""How urgent a notice is: what may wait for a civil hour, be merged, capped or unsubscribed from.

The rule is ours; what it leans on: bulk senders must let people unsubscribe from what is not transactional (RFC 8058).
"""

from __future__ import annotations

from enum import StrEnum


class Urgency(StrEnum):
    """From what a person has just asked for to what could be left out."""

    AT_ONCE = "at_once"
    """The answer to what a person does this very moment: sent at any hour."""
    ESSENTIAL = "essential"
    """Changes, decisions, invitations, tasks: always sent, at a civil hour."""
    ROUTINE = "routine"
    """Reminders and announcements: at a civil hour, never on a day off if they can wait, capped, may be unsubscribed."""


_AT_ONCE = frozenset({"sign_in_link", "receipt", "draft_saved", "time_kept"})
ROUTINE = frozenset(
    {
        "registration_open", "draft_reminder", "endorsement_reminder", "channel_nudge", "channel_reminder",
        "ballot_reminder", "confirm_reminder", "need_open", "need_reminder", "match_reminder",
        "negotiation_follow_up", "follow_up_due", "follow_up_reminder", "public_notice",
    }
)  # fmt: skip


ALONE = _AT_ONCE | {
    "defence_invitation", "panel_invitation", "selection_result", "award_result", "season_cancelled", "removed",
}  # fmt: skip
"""What is a mail of its own: answers, and news that must not stand below something else."""


def urgency_of(template: str) -> Urgency:
    """How urgent the notice of this template is; one that is not named here is essential."""
    if template in _AT_ONCE:
        return Urgency.AT_ONCE
    return Urgency.ROUTINE if template in ROUTINE else Urgency.ESSENTIAL
