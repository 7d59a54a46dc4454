"""The reminder plan: dated sends for a window, and which of them are due."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import NamedTuple

from models.notice_rules import NoticeRules
from models.season import Reminder, SeasonFile
from models.timeline import Pace, PlannedReminder
from rules.civil import Reader, fits, reader_of


class Due(NamedTuple):
    """What to send now, what has lost its use, and when the next line is due."""

    send: tuple[PlannedReminder, ...]
    drop: tuple[PlannedReminder, ...]
    next_at: datetime | None


DEED = "judges_silent"
"""A line that is no reminder: what is done at its instant is done at any hour."""


class Hours(NamedTuple):
    """By whose clock and calendar the reminders of a window are planned, and by which rules."""

    reader: Reader
    rules: NoticeRules


def hours_of(file: SeasonFile, area: str | None) -> Hours:
    """The hours of an area, or of the season where a window has none."""
    return Hours(reader_of(file, None, None, area), file.notices)


def plan(
    opens_at: datetime, closes_at: datetime, lines: Sequence[Reminder], pace: Pace, hours: Hours | None = None
) -> tuple[PlannedReminder, ...]:
    """The lines as real instants, earliest first, for a window with these real instants.

    A line earlier than the opening is dropped: nobody can act yet. One that falls into the night of `hours`, or on a
    day off, is moved, unless it may come at any hour. A line is of use until the next one to the same audience, or
    the close.
    """

    def dated_of(line: Reminder) -> datetime:
        at = closes_at - pace.span(line.before)
        if hours is None or line.any_hour or line.to == DEED or not opens_at <= at < closes_at:
            return at
        nominal = pace.nominal
        return pace.real(fits(nominal(at), line.before, nominal(opens_at), nominal(closes_at), *hours))

    dated = sorted(((dated_of(line), line) for line in lines), key=lambda d: (d[0], d[1].to, d[1].template))
    dated = [d for d in dated if opens_at <= d[0] < closes_at]
    planned = []
    for n, (at, line) in enumerate(dated):
        later = [other for other, one in dated[n + 1 :] if one.to == line.to and other > at]
        planned.append(
            PlannedReminder(
                at=at,
                to=line.to,
                template=line.template,
                before=line.before,
                useful_until=min([*later, closes_at]),
                any_hour=line.any_hour,
            )
        )
    return tuple(planned)


def due(planned: Sequence[PlannedReminder], now: datetime, sent: AbstractSet[str]) -> Due:
    """Of what is overdue, only the newest still useful line to each audience is sent; the rest is dropped.

    `sent` holds the keys of the lines that are done with. Nothing is sent at or after its `useful_until`.
    """
    over = [r for r in planned if r.at <= now and r.key not in sent]
    newest = {r.to: r for r in sorted(over, key=lambda r: r.at) if now < r.useful_until}
    send = tuple(newest.values())
    coming = [r.at for r in planned if r.at > now and r.key not in sent]
    return Due(send, tuple(r for r in over if r not in send), min(coming, default=None))
