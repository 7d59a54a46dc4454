"""Which dates a notice gives, as calendar files: by its template, from the window, session or event that it tells of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from models.season import EventStage
from models.text import Text
from notices import calendar_words as words
from notices.calendar import Calendar, Entry, Method, deadline, uid_of, written
from notices.context import NoticeContext
from records.calendar_entries import ACTED_IN
from records.campaigns import Claimed
from records.seasons import LiveSeason
from rules.timeline import closing, opening

DEADLINES = frozenset(
    {
        "registration_open", "draft_saved", "draft_reminder", "endorsement_open", "endorsement_reminder",
        "channel_reminder", "assignment", "ballot_reminder", "confirm_attendance", "confirm_reminder", "event_confirm",
        "need_open", "need_reminder", "match_proposed", "match_proposed_applicant", "match_reminder",
        "negotiation_follow_up", "follow_up_due", "follow_up_reminder",
    }
)  # fmt: skip
"""Notices that tell by when their recipient must act: the close of the window."""
CHANGES = frozenset({"window_extended", "window_reopened", "window_resumed", "window_closed_early", "window_paused"})
"""Notices that tell what became of a window: its entry moves."""
OWN_DEADLINES = {"grace_given": "grace", "returned_for_correction": "correction", "time_kept": ""}
"""Notices that give one entry a time of its own, and what kind of time; it is told by `data.until`."""
TAKEN_OUT = frozenset({"season_cancelled", "removed"})
"""Notices with which the entries of the recipient go: those in `data.calendar`, see `records.calendar_entries`."""
_HOUR = timedelta(hours=1)


class _Dates:
    """Puts the dates of one delivery into files."""

    def __init__(
        self, season: LiveSeason, delivery: Claimed, context: NoticeContext, link: str, sender: str, domain: str
    ) -> None:
        self._season, self._delivery, self._context = season, delivery, context
        self._link, self._sender, self._domain = link, sender, domain

    def all(self) -> tuple[Calendar, ...]:
        """The files of this notice; none where it gives no date."""
        one, template = self._delivery, self._delivery.template
        if template in DEADLINES or template in CHANGES:
            return self._closing()
        if template in OWN_DEADLINES:
            return self._own()
        if template == "defence_invitation":
            return self._turn()
        if template == "panel_invitation":
            return self._panel()
        if template == "season_resumed":
            return self._published([self._moved(date) for date in one.data.get("dates", ()) if date.get("window")])
        if template == "ballot_replaced" and one.subject.startswith("session/"):
            gone = Entry(self._uid(one.subject), one.revision + 1, one.at, one.at + _HOUR, self._say(words.GONE))
            return (self._file("CANCEL", [gone.cancelled()]),)
        if template in TAKEN_OUT:
            kept = [self._kept(entry) for entry in one.data.get("calendar", ())]
            return tuple(self._file("CANCEL", [entry.cancelled()]) for entry in kept if entry.ends > one.at)
        return ()

    # Deadlines

    def _closing(self) -> tuple[Calendar, ...]:
        """The close of the notice's own window, and the event that it is about."""
        one = self._delivery
        if one.template == "window_paused" and one.window_id is None:  # the whole season
            kept = [k for k in one.data.get("calendar", ()) if k["thing"].startswith("window/")]
            return self._published([self._kept(k, paused=True).tentative() for k in kept])
        if one.window_id is None or one.closes_at is None or one.window_kind not in ACTED_IN:
            return ()
        # An applicant comes to a defence at a time of its own; that its window closes is the panel's matter.
        if one.window_kind == "defence" and one.entry_id is not None:
            return ()
        if one.closes_at <= one.at and one.template not in CHANGES:
            return ()
        paused = one.template == "window_paused"
        entry = deadline(
            self._uid(f"window/{one.window_id}"), one.revision, one.closes_at,
            self._say(words.PAUSED if paused else words.DEADLINE), self._about(), self._link,
        )  # fmt: skip
        files = self._published([entry.tentative() if paused else entry])
        return (*self._event(), *files) if one.template == "event_confirm" else files

    def _own(self) -> tuple[Calendar, ...]:
        one = self._delivery
        until = datetime.fromisoformat(one.data["until"])
        kind = OWN_DEADLINES[one.template] or ("correction" if "correction" in one.subject else "grace")
        entry = deadline(
            self._uid(f"{kind}/{one.entry_id}"), self._since_start(), until, self._say(words.OWN[kind]), self._about(),
            self._link,
        )  # fmt: skip
        return self._published([entry])

    def _moved(self, date: Mapping[str, Any]) -> Entry:
        """One of the dates of a season that goes on."""
        stage = self._text(date["stage"])
        summary = self._say(words.DEADLINE, stage=stage)
        at = datetime.fromisoformat(date["closes_at"])
        uid = self._uid(f"window/{date['window']}")
        return deadline(uid, date.get("revision", 0), at, summary, date.get("number") or "", self._link)

    # Appointments

    def _turn(self) -> tuple[Calendar, ...]:
        one = self._delivery
        data, starts = one.data, datetime.fromisoformat(one.data["starts_at"])
        minutes = data.get("pitch_minutes", 0) + data.get("question_minutes", 0)
        ends = starts + self._season.pace.span(timedelta(minutes=minutes or 60))
        return self._requested(self._uid(f"turn/{one.window_id}/{one.entry_id}"), starts, ends, words.TURN)

    def _panel(self) -> tuple[Calendar, ...]:
        data, starts = self._delivery.data, datetime.fromisoformat(self._delivery.data["starts_at"])
        # Invitations of before told no end.
        ends = datetime.fromisoformat(data["ends_at"]) if "ends_at" in data else starts + _HOUR
        return self._requested(self._uid(self._delivery.subject), starts, ends, words.PANEL)

    def _event(self) -> tuple[Calendar, ...]:
        one, season = self._delivery, self._season
        found = next((s for s in season.file.stages if s.id == one.stage), None)
        if not isinstance(found, EventStage):
            return ()
        starts, ends = event_times(season, found)
        return self._requested(self._uid(f"event/{one.window_id}"), starts, ends, words.EVENT)

    def _requested(self, uid: str, starts: datetime, ends: datetime, text: Text) -> tuple[Calendar, ...]:
        one = self._delivery
        if ends <= one.at:
            return ()
        entry = Entry(
            uid, one.revision, starts, ends, self._say(text), self._about(), self._link,
            str(one.data.get("place") or ""), alarm=_HOUR,
        )  # fmt: skip
        return (self._file("REQUEST", [entry]),)

    def _kept(self, kept: Mapping[str, Any], *, paused: bool = False) -> Entry:
        """An entry that the recipient has, as `records.calendar_entries` tells it."""
        stage = next((s for s in self._season.file.stages if s.id == kept["stage"]), None)
        name = self._text(stage.name) if stage else ""
        uid, at = self._uid(kept["thing"]), datetime.fromisoformat(kept["at"])
        if kept["thing"].startswith("window/"):
            return deadline(
                uid, kept["sequence"], at, self._say(words.PAUSED if paused else words.DEADLINE, stage=name)
            )
        starts, ends = event_times(self._season, stage) if isinstance(stage, EventStage) else (at, at + _HOUR)
        turn = kept["thing"].startswith("turn/") and self._context.entry_title
        text = words.TURN if turn else words.PANEL if kept["thing"].startswith("session/") else words.EVENT
        return Entry(uid, kept["sequence"], starts, ends, self._say(text, stage=name))

    # Words

    def _say(self, text: Text, **more: str) -> str:
        context, language = self._context, self._delivery.language
        named = {
            "season": self._text(context.season_name), "stage": self._text(context.stage_name or ""),
            "title": self._text(context.entry_title or context.entry_number or ""),
        }  # fmt: skip
        return text.in_language(language).format(**named | more)

    def _about(self) -> str:
        """What else is to be known: the project, its place in the order, where and how."""
        data, context, language = self._delivery.data, self._context, self._delivery.language
        lines = []
        if context.entry_number:
            lines.append(f"{self._text(context.entry_title or '')} ({context.entry_number})".strip())
        if isinstance(data.get("position"), int):
            lines.append(words.POSITION.in_language(language).format(data["position"]))
        if data.get("format") in words.FORMATS:
            lines.append(words.FORMATS[data["format"]].in_language(language))
        if data.get("place"):
            lines.append(words.PLACE.in_language(language).format(self._text(data["place"])))
        if self._link:
            lines.append(self._link)
        return "\n".join(lines)

    def _text(self, value: Any) -> str:
        language = "zh" if self._delivery.language.startswith("zh") else "en"
        if isinstance(value, Text):
            return value.in_language(language)
        return str(value[language]) if isinstance(value, Mapping) and language in value else str(value)

    # Files

    def _uid(self, thing: str) -> str:
        return uid_of(self._season.id, thing, self._delivery.person_id, self._domain)

    def _since_start(self) -> int:
        """A number that grows with each notice of the season: seconds since it was started."""
        at = self._delivery.queued_at or self._delivery.at
        return max(0, int((at - self._season.started_at).total_seconds()))

    def _published(self, entries: list[Entry]) -> tuple[Calendar, ...]:
        return (self._file("PUBLISH", entries),) if entries else ()

    def _file(self, method: Method, entries: list[Entry]) -> Calendar:
        one = self._delivery
        return written(
            method, entries, language="zh" if one.language.startswith("zh") else "en", stamp=one.at,
            organizer=self._sender, attendee=(one.name, one.email),
        )  # fmt: skip


def calendars(
    season: LiveSeason, delivery: Claimed, context: NoticeContext, *, link: str, sender: str, domain: str
) -> tuple[Calendar, ...]:
    """The calendar files of one notice; none where it gives no date. `domain` is that of all UIDs.

    `link` leads to the thing to do, and asks for a sign-in: calendars are shared more widely than mails.
    """
    return _Dates(season, delivery, context, link, sender, domain).all()


def event_times(season: LiveSeason, stage: EventStage) -> tuple[datetime, datetime]:
    """When an event begins and ends, as real instants."""
    zone = ZoneInfo(season.file.zone)
    return season.pace.real(opening(stage.starts, zone)), season.pace.real(closing(stage.ends, zone))
