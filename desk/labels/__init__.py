"""The fixed texts of the desk, in English and Chinese. Sentences of the log live in `notices.phrases`."""

from __future__ import annotations

from desk.labels import (
    addresses,
    api,
    applying,
    channels,
    console,
    corrections,
    documents,
    doors,
    graces,
    hooks,
    notices,
    preview,
    privacy,
    screening,
    sheets,
    subscription,
)
from desk.labels.facts import ACTORS, AUDIENCE_WORDS, COMING, CONCERNS, EVENTS, NOTICES, RULES, SEASON_WORDS
from models.text import Text

__all__ = [
    "ACTORS",
    "AUDIENCE_WORDS",
    "COMING",
    "CONCERNS",
    "EVENTS",
    "LABELS",
    "NOTICES",
    "RULES",
    "SEASON_WORDS",
]

_BY_PAGES = (
    console.LABELS,
    sheets.LABELS,
    applying.LABELS,
    graces.LABELS,
    hooks.LABELS,
    notices.LABELS,
    corrections.LABELS,
    screening.LABELS,
    privacy.LABELS,
    channels.LABELS,
    documents.LABELS,
    api.LABELS,
    addresses.LABELS,
    preview.LABELS,
    subscription.LABELS,
    doors.LABELS,
)

LABELS: dict[str, Text] = {name: text for labels in _BY_PAGES for name, text in labels.items()}
"""By name; no name stands in two of the parts, which a test holds."""
