"""Which deeds each kind of stage has."""

from __future__ import annotations

from activities import endorsement, judging, screening, selection
from activities.deeds import Deed

PREPARE: dict[str, Deed] = {
    "endorsement": endorsement.prepare_endorsement,
    "screening": screening.prepare_screening,
    "review": judging.prepare_review,
    "defence": judging.prepare_defence,
    "public_notice": selection.prepare_public_notice,
    "confirmation": selection.prepare_confirmation,
    "event": selection.prepare_event,
}
"""Done once the stage's turn has come, before its window opens."""

CONCLUDE: dict[str, Deed] = {
    "registration": screening.conclude_registration,
    "endorsement": endorsement.conclude_endorsement,
    "screening": screening.conclude_screening,
    "review": judging.conclude_review,
    "defence": judging.conclude_defence,
    "public_notice": selection.conclude_public_notice,
    "confirmation": selection.conclude_confirmation,
    "event": selection.conclude_event,
}
"""Done after the window closed; again if it was reopened and closed again."""

AT_ONCE: dict[str, Deed] = {"selection": selection.select, "awards": selection.give_awards}
"""Stages without a window."""

REPLACE_SILENT: Deed = judging.replace_silent
"""Gives the ballots of silent judges to others, some time before a review closes."""
