"""The calendar of one entry, to subscribe to: what its applicant was told of, at its present time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from activities.dates import event_times
from models.season import DefenceStage, EventStage
from models.text import Text
from notices import calendar_words as texts
from notices.calendar import Entry, deadline, feed, uid_of
from records import applying, calendar_entries
from records.database import Database
from records.seasons import LiveSeason, live

_CANCELLED = ("cancelled",)
_HOUR = timedelta(hours=1)


async def calendar_of(
    database: Database, season_id: str, entry_id: int, person: int, *, language: str, url: str, sender: str
) -> str:
    """The calendar file of an entry for its applicant, in this language; `url` is where the console is."""
    async with database.statement() as connection:
        season = await live(connection, season_id)
    entry = await applying.of_entry(database, entry_id)
    kept = await calendar_entries.of_entry(database, season_id, person, entry_id)
    made = _Maker(season, entry, person, language, url, sender)
    entries = [made.entry(one) for one in kept]
    if (entry.by_grace or entry.corrects) and entry.until is not None:
        entries.append(made.own(entry.until))
    name = f"{season.file.name.in_language(language)} {entry.number}"
    now = await database.now()
    return feed(entries, name=name, language=language, stamp=now, organizer=sender)


class _Maker:
    """Makes the entries of one calendar."""

    def __init__(
        self, season: LiveSeason, entry: applying.OwnEntry, person: int, language: str, url: str, sender: str
    ) -> None:
        self._season, self._entry, self._person, self._language = season, entry, person, language
        self._link = f"{url}/my/{season.id}/{entry.number}"
        self._domain = sender.rsplit("@", 1)[-1].strip("> ")

    def entry(self, kept: calendar_entries.Kept) -> Entry:
        """One entry as its notices wrote it, with the same UID."""
        file = self._season.file
        stage = next((s for s in file.stages if s.id == kept.stage), None)
        name = stage.name.in_language(self._language) if stage else ""
        uid, paused = self._uid(kept.thing), kept.state == "paused"
        if kept.thing.startswith("window/"):
            summary = self._say(texts.PAUSED if paused else texts.DEADLINE, stage=name)
            made = deadline(uid, kept.sequence, kept.at, summary, self._about(), self._link)
        else:
            starts, ends = self._times(kept.at, stage)
            text = texts.TURN if kept.thing.startswith("turn/") else texts.EVENT
            summary = self._say(text, stage=name)
            made = Entry(uid, kept.sequence, starts, ends, summary, self._about(), self._link, alarm=_HOUR)
        if kept.state in _CANCELLED:
            return made.cancelled()
        return made.tentative() if paused else made

    def own(self, until: datetime) -> Entry:
        """The time that this entry alone has."""
        kind = "correction" if self._entry.corrects else "grace"
        since = max(0, int((until - self._season.started_at).total_seconds()))
        return deadline(
            self._uid(f"{kind}/{self._entry.id}"), since, until, self._say(texts.OWN[kind]), self._about(), self._link
        )

    def _times(self, at: datetime, stage: Any) -> tuple[datetime, datetime]:
        if isinstance(stage, EventStage):
            return event_times(self._season, stage)
        minutes = stage.pitch_minutes + stage.question_minutes if isinstance(stage, DefenceStage) else 60
        return at, at + self._season.pace.span(timedelta(minutes=minutes))

    def _say(self, text: Text, **more: str) -> str:
        title = self._entry.title or self._entry.number
        named = {"season": self._season.file.name.in_language(self._language), "title": title, "stage": ""}
        return text.in_language(self._language).format(**named | more)

    def _about(self) -> str:
        return f"{self._entry.title or ''} ({self._entry.number})".strip()

    def _uid(self, thing: str) -> str:
        return uid_of(self._season.id, thing, self._person, self._domain)
