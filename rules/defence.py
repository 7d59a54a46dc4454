"""Defence sessions: who defends when, before which panel, in an order drawn by lot.

Source: the common format "8+7" (8 minutes pitch, 7 minutes questions), order by lot, panels of 5 or 7. Panels of the
sessions of one time are a minimum-cost flow, as the assignment of judges is.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, time, timedelta
from functools import partial
from itertools import takewhile
from math import ceil
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from models.facts import EntryToReview, JudgeAvailable, PlannedSession, PlannedSlot, SessionPlan, Short
from models.season import DefenceStage, Format
from rules.assignment import OTHER_TRACK, Arcs, Loads, cheapest, may_score, same_track
from rules.scoring import lot

_FROM, _TO = time(9), time(18)
_BREAK = timedelta(minutes=15)


class _Group(NamedTuple):
    """The entries of one session, and the positions of the judges that may score them all."""

    division: str
    members: list[EntryToReview]
    able: list[int]


class _Days(NamedTuple):
    """The spans of time in which sessions may lie, in order, and the length of one turn."""

    spans: list[tuple[datetime, datetime]]
    slot: timedelta

    def most(self) -> int:
        """How many turns fit the longest span."""
        return max((end - start) // self.slot for start, end in self.spans)


def plan_sessions(
    entries: Sequence[EntryToReview],
    divisions: Mapping[int, str],
    judges: Sequence[JudgeAvailable],
    conflicts: AbstractSet[tuple[int, int]],
    stage: DefenceStage,
    format: Format,
    opens_at: datetime,
    closes_at: datetime,
    zone: str,
    seed: str,
) -> SessionPlan:
    """Every entry gets one turn; sessions lie between 09:00 and 18:00 in `zone` inside the window (nominal UTC).

    A judge sits in one session at a time, here and wherever else the judge is busy, and never before an entry in
    conflict; a judge's load of ballots is no limit here. Sessions run one after another as long as the window has
    room, then side by side, in shorter sessions where needed; where panels would be short because judges are busy, at
    times at which enough of them are free. A window without room for a single turn in the daytime is used at any hour;
    one shorter than a turn shortens the turns: nothing lies outside it. `short` names the entries whose panel is
    smaller than planned.
    """
    if not entries:
        return SessionPlan(())
    judges = sorted(judges, key=lambda j: j.id)
    days = _days(timedelta(minutes=stage.pitch_minutes + stage.question_minutes), opens_at, closes_at, zone)
    plans = []
    for held, gather in _attempts(days, judges, stage.panel_size):
        most = min(stage.entries_per_session, held.most())
        groups = _groups(entries, divisions, judges, conflicts, most, gather=gather)
        times = _times([len(g.members) for g in groups], held)
        panels = _panels(groups, times, judges, stage.panel_size, days.slot)
        plan = _plan(groups, times, panels, stage, format, days.slot, seed)
        plans.append((plan, _short(groups, plan, judges, stage.panel_size)))
        if not plans[-1][1]:
            break
    sessions, short = min(plans, key=lambda p: sum(s.missing for s in p[1]))
    return SessionPlan(tuple(sessions), tuple(short))


def _plan(
    groups: Sequence[_Group],
    times: Sequence[datetime],
    panels: Sequence[tuple[int, ...]],
    stage: DefenceStage,
    form: Format,
    slot: timedelta,
    seed: str,
) -> list[PlannedSession]:
    planned: list[PlannedSession] = []
    for n, (group, start, panel) in enumerate(zip(groups, times, panels, strict=True)):
        lot_seed = f"{seed}:{group.division}:{n}"
        order = sorted(group.members, key=lambda e: lot(lot_seed, e.id))
        slots = tuple(PlannedSlot(e.id, k, start + (k - 1) * slot) for k, e in enumerate(order, start=1))
        end = start + len(order) * slot
        planned.append(PlannedSession(group.division, form, start, end, panel, slots, lot_seed))
    return planned


def _short(
    groups: Sequence[_Group], planned: Sequence[PlannedSession], judges: Sequence[JudgeAvailable], wanted: int
) -> list[Short]:
    short: list[Short] = []
    for group, session in zip(groups, planned, strict=True):
        missing = wanted - len(session.judges)
        why: Literal["conflicts", "load", "judges"] = "load"
        if len(group.able) < wanted:
            why = "judges" if len(judges) < wanted else "conflicts"
        short += [Short(e.id, missing, why) for e in group.members if missing > 0]
    return short


def _groups(
    entries: Sequence[EntryToReview],
    divisions: Mapping[int, str],
    judges: Sequence[JudgeAvailable],
    conflicts: AbstractSet[tuple[int, int]],
    most: int,
    *,
    gather: bool,
) -> list[_Group]:
    """Entries of one division in as few sessions as fit, of sizes that differ by one at most.

    With `gather`, entries that the same judges may not score come together, so that a session bars few judges.
    """
    by_division: dict[str, list[EntryToReview]] = defaultdict(list)
    for entry in sorted(entries, key=lambda e: e.id):
        by_division[divisions[entry.id]].append(entry)
    groups: list[_Group] = []
    for division, members in sorted(by_division.items()):
        count = ceil(len(members) / most)
        chunks = [members[k::count] for k in range(count)]
        if gather:
            alike = sorted(members, key=lambda e: [not may_score(e, j, conflicts) for j in judges])
            sizes = [len(chunk) for chunk in chunks]
            chunks = [alike[sum(sizes[:k]) : sum(sizes[: k + 1])] for k in range(count)]
        for chunk in chunks:
            able = [n for n, j in enumerate(judges) if all(may_score(e, j, conflicts) for e in chunk)]
            groups.append(_Group(division, chunk, able))
    return groups


def _days(slot: timedelta, opens_at: datetime, closes_at: datetime, zone: str) -> _Days:
    """The local daytimes inside the window that have room for a turn; the whole window where none has."""
    spans = [(start, end) for start, end in _daytimes(opens_at, closes_at, zone) if end - start >= slot]
    slot = min(slot, max(closes_at - opens_at, timedelta(microseconds=1)))
    return _Days(spans or [(opens_at, max(closes_at, opens_at + slot))], slot)


def _daytimes(opens_at: datetime, closes_at: datetime, zone: str) -> Iterator[tuple[datetime, datetime]]:
    local = ZoneInfo(zone)
    day = opens_at.astimezone(local).date()
    while datetime.combine(day, _FROM, tzinfo=local) < closes_at:
        # Lengths are reckoned in UTC: on the day that clocks change, local arithmetic would be an hour off.
        start = datetime.combine(day, _FROM, tzinfo=local).astimezone(opens_at.tzinfo)
        end = datetime.combine(day, _TO, tzinfo=local).astimezone(opens_at.tzinfo)
        yield max(start, opens_at), min(end, closes_at)
        day += timedelta(days=1)


def _attempts(days: _Days, judges: Sequence[JudgeAvailable], wanted: int) -> Iterator[tuple[_Days, bool]]:
    """The plainest plan first: on which days to hold sessions, and whether to gather entries alike in them."""
    yield days, False
    free = days._replace(spans=[span for whole in days.spans for span in _free(whole, judges, wanted, days.slot)])
    if free.spans and free.spans != days.spans:
        yield free, False
        yield free, True
    yield days, True


def _free(
    whole: tuple[datetime, datetime], judges: Sequence[JudgeAvailable], wanted: int, slot: timedelta
) -> Iterator[tuple[datetime, datetime]]:
    """The parts of a span, of a turn's length at least, through each of which enough judges for a panel are free."""
    begins, over = whole
    ends = [*sorted({at for j in judges for span in j.busy for at in span if begins < at < over}), over]
    enough = min(wanted, len(judges))

    def able(start: datetime, end: datetime) -> bool:
        return sum(j.free(start, end) for j in judges) >= enough

    start = begins
    while start < over:
        coming = [end for end in ends if end > start]
        # The longer, the fewer are free throughout: what comes after the first that is too long is so too.
        through = list(takewhile(partial(able, start), coming))
        if through and through[-1] - start >= slot:
            yield start, through[-1]
        start = (through or coming[:1])[-1]


def _times(sizes: Sequence[int], days: _Days) -> list[datetime]:
    """A start for each session, the longest first, with as few rooms side by side as the window allows."""
    order = sorted(range(len(sizes)), key=lambda n: (-sizes[n], n))
    for rooms in range(1, len(sizes) + 1):
        # What starts together is over before the next start: a judge is in one of these sessions only.
        starts = _in_turn([sizes[n] * days.slot for n in order[::rooms]], days.spans)
        if starts is not None:
            break
    assert starts is not None, "with a room for each, the longest session fits the longest span"
    rounds = len(starts)
    at: list[datetime] = [days.spans[0][0]] * len(sizes)
    for place, n in enumerate(order):
        at[n] = starts[min(place // rooms, rounds - 1)]
    return at


def _in_turn(lengths: Sequence[timedelta], spans: Sequence[tuple[datetime, datetime]]) -> list[datetime] | None:
    """Starts one after another with a break between them; None where the spans have no room for all."""
    starts: list[datetime] = []
    left = iter(spans)
    free, end = next(left)
    for length in lengths:
        while free + length > end:
            following = next(left, None)
            if following is None:
                return None
            free, end = following
        starts.append(free)
        free += length + _BREAK
    return starts


def _panels(
    groups: Sequence[_Group],
    times: Sequence[datetime],
    judges: Sequence[JudgeAvailable],
    wanted: int,
    slot: timedelta,
) -> list[tuple[int, ...]]:
    """A panel for each session: as many seats taken as can be, of the right track first, then who sat least."""
    import numpy as np

    by_start: dict[datetime, list[int]] = defaultdict(list)
    for n, start in enumerate(times):
        by_start[start].append(n)
    panels: list[tuple[int, ...]] = [()] * len(groups)
    sat: Counter[int] = Counter()
    once = np.ones(len(judges), dtype=np.int64)
    for start, together in sorted(by_start.items()):
        pairs = [
            (row, j, 0 if same_track(groups[n].members[0].track, judges[j]) else OTHER_TRACK)
            for row, n in enumerate(together)
            for j in groups[n].able
            if judges[j].free(start, start + len(groups[n].members) * slot)
        ]
        columns = np.array(pairs, dtype=np.int64).reshape(-1, 3)
        loads = Loads(once, once * 0, np.array([sat[j] for j in range(len(judges))], dtype=np.int64))
        used = cheapest(len(together), wanted, loads, Arcs(columns[:, 0], columns[:, 1], columns[:, 2]))
        seated: dict[int, list[int]] = defaultdict(list)
        for row, j, _ in columns[used].tolist():
            seated[row].append(j)
            sat[j] += 1
        for row, found in seated.items():
            panels[together[row]] = tuple(sorted(judges[j].id for j in found))
    return panels
