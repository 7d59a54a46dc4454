"""Facts with their words, as JSON for the CLI and the API: the sentence beside what it was made of."""

from __future__ import annotations

from typing import Any

from desk.words import Words, steps
from models.text import LANGUAGES
from models.views import Coming, Concern, Event, Life, LineView, StatusView


def sentences(event: Event | LineView, words: Words) -> dict[str, str]:
    """What happened, in both languages."""
    return {language: Words(language, words.file).event(event) for language in LANGUAGES}


def line_json(line: LineView, words: Words) -> dict[str, Any]:
    """A line of the log."""
    return {**line.model_dump(mode="json"), "sentence": sentences(line, words), "by": words.actor(line.actor)}


def event_json(event: Event, zone: str, words: Words) -> dict[str, Any]:
    """A part of an entry's life, in UTC, in season time and in the area's."""
    return {
        **event.model_dump(mode="json"),
        "season_time": words.when(event.at),
        "area_time": words.when(event.at, zone),
        "by": words.actor(event.actor),
        "sentence": sentences(event, words),
    }


def coming_json(coming: tuple[Coming, ...], words: Words) -> list[dict[str, Any]]:
    """What comes next, each with its sentence."""
    both = [(language, Words(language, words.file)) for language in LANGUAGES]
    return [
        {
            **c.model_dump(mode="json", exclude={"window"}),
            "window": c.window.id if c.window else None,
            "season_time": words.when(c.at, deadline=c.what == "closes"),
            "sentence": {language: w.step(steps([c])[0]) for language, w in both},
        }
        for c in coming
    ]


def life_json(life: Life, words: Words) -> dict[str, Any]:
    """The life of an entry."""
    return {
        "now": life.now,
        "entry": life.entry.model_dump(mode="json"),
        "events": [event_json(e, life.entry.area_zone, words) for e in life.events],
        "next": coming_json(life.coming, words),
    }


def concern_json(season: str, concern: Concern, words: Words) -> dict[str, Any]:
    """Something that needs attention."""
    both = {language: Words(language, words.file).concern(concern) for language in LANGUAGES}
    return {**concern.model_dump(mode="json"), "sentence": both, "link": words.link(season, concern)}


def status_json(status: StatusView, words: Words) -> dict[str, Any]:
    """Where a season stands."""
    concerns = [concern_json(status.season.id, c, words) for c in status.concerns]
    return {**status.model_dump(mode="json"), "concerns": concerns}
