"""The timeline as a picture: one row a stage, its windows as bars on one axis of time, and a line for now.

Only geometry and words; the page draws it as SVG. States are told by mark and text, never by colour alone.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from desk.words import Words
from models.views import WindowView

MARKS = {"closed": "✓", "open": "●", "scheduled": "○", "paused": "‖", "cancelled": "×"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_STEPS = tuple(
    timedelta(seconds=s) for s in (5, 10, 30, 60, 120, 300, 600, 1800, 3600, 10800, 21600, 43200, 86400, 172800, 604800)
)
_LEAST = 3.0
"""Width of the narrowest bar, so that it can be seen."""


@dataclass(frozen=True)
class Bar:
    """Windows of one stage that open and close together. Lengths are in the picture's units."""

    x: float
    y: float
    width: float
    height: float
    state: str
    text: str


@dataclass(frozen=True)
class Row:
    """One stage. `y` is the base line of its name."""

    y: float
    name: str
    mark: str
    state: str
    note: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Tick:
    """A mark on the axis."""

    x: float
    text: str


@dataclass(frozen=True)
class Strip:
    """The whole picture."""

    width: float
    height: float
    left: float
    """Where the bars begin; names stand before it, or above the bars where it is 0."""
    axis: float
    rows: tuple[Row, ...]
    ticks: tuple[Tick, ...]
    now: float | None
    """Where now is; None where it is outside of the picture."""
    now_anchor: str


def draw(windows: Sequence[WindowView], now: datetime, words: Words, *, narrow: bool = False) -> Strip | None:
    """The picture of a season's stage windows, or None where there are none. `narrow` is for a phone."""
    stages: dict[str, list[WindowView]] = {}
    for window in windows:
        if window.subject is None:
            stages.setdefault(window.stage, []).append(window)
    if not stages:
        return None
    every = [w for same in stages.values() for w in same]
    width, left, step = (340.0, 0.0, 46.0) if narrow else (1000.0, 258.0, 40.0)
    scale = _Scale(min(w.opens_at for w in every), max(w.closes_at for w in every), left + 4, width - 8)
    top = 22.0
    rows = tuple(_row(same, scale, top + n * step, words, now, narrow=narrow) for n, same in enumerate(stages.values()))
    x = scale.x(now) if scale.first <= now <= scale.last else None
    return Strip(
        width=width,
        height=top + len(rows) * step + 22,
        left=left,
        axis=top + len(rows) * step + 2,
        rows=rows,
        ticks=tuple(_ticks(scale, words, 3 if narrow else 8)),
        now=x,
        now_anchor="middle"
        if x is not None and left + 30 < x < width - 30
        else "end"
        if x and x > left + 30
        else "start",
    )


class _Scale:
    def __init__(self, first: datetime, last: datetime, left: float, right: float) -> None:
        self.first, self.last = first, max(last, first + timedelta(seconds=1))
        self._left, self._right = left, right

    def x(self, at: datetime) -> float:
        part = (at - self.first) / (self.last - self.first)
        return round(self._left + part * (self._right - self._left), 1)


def _row(same: list[WindowView], scale: _Scale, y: float, words: Words, now: datetime, *, narrow: bool) -> Row:
    state = _of_all(same)
    groups: dict[tuple[datetime, datetime, str], list[WindowView]] = {}
    for window in same:
        groups.setdefault((window.opens_at, window.closes_at, window.state), []).append(window)
    # What most windows do is drawn broad, the exceptions as thin lanes below it.
    lanes = sorted(groups.items(), key=lambda g: (-len(g[1]), g[0]))
    room, begin = (15.0, y + 20) if narrow else (20.0, y + 8)
    broad = room if len(lanes) == 1 else room * 0.5
    thin = (room - broad) / max(len(lanes) - 1, 1)
    bars = []
    top = begin
    for n, ((opens_at, closes_at, bar_state), group) in enumerate(lanes):
        x = scale.x(opens_at)
        text = words.label(
            "timeline_text",
            stage=words.of(group[0].stage_name)
            + (f" ({', '.join(w.area or '' for w in group)})" if group[0].area else ""),
            state=words.window_state(bar_state),
            opens=words.when(opens_at),
            closes=words.when(closes_at, deadline=True),
        )
        lane = broad if n == 0 else thin
        height = lane if len(lanes) == 1 else max(lane - 1.5, 2.0)
        bars.append(Bar(x, round(top, 1), max(scale.x(closes_at) - x, _LEAST), round(height, 1), bar_state, text))
        top += lane
    note = _note(same, state, words, now)
    room = 310 - _width(note, 12) if narrow else 236
    return Row(
        y=y + (14 if narrow else 15),
        name=_fitted(words.of(same[0].stage_name), room),
        mark=MARKS[state],
        state=state,
        note=note,
        bars=tuple(bars),
    )


def _width(text: str, size: float) -> float:
    """About how wide a text is drawn; a picture cannot be asked before it is shown."""
    return sum(size if unicodedata.east_asian_width(c) in "WF" else size * 0.6 for c in text)


def _fitted(name: str, room: float) -> str:
    if _width(name, 14) <= room:
        return name
    while name and _width(name + "…", 14) > room:
        name = name[:-1]
    return name.rstrip() + "…"


def _of_all(same: list[WindowView]) -> str:
    """The state of a stage as a whole: under way while any of its windows is, or while some are over and some not."""
    states = {w.state for w in same}
    if "open" in states or {"scheduled", "closed"} <= states:
        return "open"
    return next((state for state in ("paused", "scheduled", "closed") if state in states), "cancelled")


def _note(same: list[WindowView], state: str, words: Words, now: datetime) -> str:
    mixed = any(w.state in ("paused", "closed", "cancelled") and w.state != state for w in same)
    parts = [words.window_state(state) if mixed else _main_note(same, state, words, now)]
    for other in ("paused", "closed", "cancelled"):
        count = sum(w.state == other for w in same)
        if count and other != state:
            parts.append(f"{count} {words.window_state(other)}")
    return " · ".join(parts)


def _main_note(same: list[WindowView], state: str, words: Words, now: datetime) -> str:
    word = words.window_state(state)
    if state == "open":
        ends = [w.closes_at for w in same if w.closes_at > now and w.state in ("open", "scheduled")]
        return words.label("closes_in", when=words.relative(min(ends), now)) if ends else word
    if state == "scheduled":
        begins = min(w.opens_at for w in same)
        return words.label("opens_in", when=words.relative(begins, now)) if begins > now else word
    return word


def _ticks(scale: _Scale, words: Words, most: int) -> list[Tick]:
    zone = ZoneInfo(words.zone)
    first, last = scale.first.astimezone(zone), scale.last.astimezone(zone)
    length = last - first
    if length > timedelta(days=7 * most):
        return _months(scale, first, last, words, most)
    step = next((s for s in _STEPS if length / s <= most), _STEPS[-1])
    # From the local midnight on, so that ticks stand on whole steps of the clock.
    at = datetime(first.year, first.month, first.day, tzinfo=zone)
    at += ((first - at) // step + 1) * step
    ticks = []
    while at < last:
        ticks.append(Tick(scale.x(at), _written(at, step, words)))
        at += step
    return ticks


def _months(scale: _Scale, first: datetime, last: datetime, words: Words, most: int) -> list[Tick]:
    count = (last.year - first.year) * 12 + last.month - first.month
    every = next(n for n in (1, 2, 3, 6, 12, 24, 60, 600) if count / n <= most)
    ticks: list[Tick] = []
    year, month = first.year, first.month
    while True:
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        at = datetime(year, month, 1, tzinfo=first.tzinfo)
        if at >= last:
            return ticks
        if (month - 1) % min(every, 12) == 0:
            name = f"{month}月" if words.language == "zh" else _MONTHS[month - 1]
            ticks.append(Tick(scale.x(at), f"{name} {year}" if month == 1 and words.language == "en" else name))


def _written(at: datetime, step: timedelta, words: Words) -> str:
    if step >= timedelta(days=1):
        return f"{at.month}月{at.day}日" if words.language == "zh" else f"{at.day} {_MONTHS[at.month - 1]}"
    return f"{at:%H:%M:%S}" if step < timedelta(minutes=1) else f"{at:%H:%M}"
