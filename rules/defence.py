"""Defence sessions: who defends when, before which panel, in an order drawn by lot.

Source: the common format "8+7" (8 minutes pitch, 7 minutes questions), order by lot, panels of 5 or 7.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, time, timedelta
from math import ceil
from typing import Literal
from zoneinfo import ZoneInfo

from models.facts import EntryToReview, JudgeAvailable, PlannedSession, PlannedSlot, SessionPlan, Short
from models.season import DefenceStage, Format
from rules.assignment import may_score
from rules.scoring import lot

_FROM, _TO = time(9), time(18)
_BREAK = timedelta(minutes=15)


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
    """Every entry gets one slot; sessions lie between 09:00 and 18:00 in `zone` inside the window (nominal UTC).

    A judge sits in one session at a time and never before an entry in conflict. Sessions run one after another as
    long as the window has room, then side by side. `short` names the entries whose panel is smaller than planned.
    """
    slot = timedelta(minutes=stage.pitch_minutes + stage.question_minutes)
    groups = _groups(entries, divisions, stage.entries_per_session)
    times = _times(groups, slot, opens_at, closes_at, zone)
    by_start: dict[datetime, list[int]] = defaultdict(list)
    for n, start in enumerate(times):
        by_start[start].append(n)
    panels: dict[int, tuple[int, ...]] = {}
    sat: dict[int, int] = defaultdict(int)
    for start in sorted(by_start):
        # What starts together ends within the same block, so a judge is free for one of these sessions only.
        taken: set[int] = set()
        for n in by_start[start]:
            wanted = min(stage.panel_size, max(1, len(judges) // len(by_start[start])))
            panels[n] = _panel(groups[n][1], judges, conflicts, taken, sat, wanted)
            taken.update(panels[n])
    sessions: list[PlannedSession] = []
    short: list[Short] = []
    for n, (division, members) in enumerate(groups):
        lot_seed = f"{seed}:{division}:{n}"
        order = sorted(members, key=lambda e: lot(lot_seed, e.id))
        slots = tuple(PlannedSlot(e.id, k, times[n] + (k - 1) * slot) for k, e in enumerate(order, start=1))
        end = times[n] + len(order) * slot
        sessions.append(PlannedSession(division, format, times[n], end, panels[n], slots, lot_seed))
        missing = stage.panel_size - len(panels[n])
        why: Literal["conflicts", "judges"] = "judges" if len(judges) < stage.panel_size else "conflicts"
        short += [Short(e.id, missing, why) for e in members if missing > 0]
    return SessionPlan(tuple(sessions), tuple(short))


def _groups(
    entries: Sequence[EntryToReview], divisions: Mapping[int, str], most: int
) -> list[tuple[str, list[EntryToReview]]]:
    """Entries of one division in as few sessions as fit, of sizes that differ by one at most."""
    by_division: dict[str, list[EntryToReview]] = defaultdict(list)
    for entry in sorted(entries, key=lambda e: e.id):
        by_division[divisions[entry.id]].append(entry)
    groups = []
    for division in sorted(by_division):
        members = by_division[division]
        count = ceil(len(members) / most)
        groups += [(division, members[k::count]) for k in range(count)]
    return groups


def _times(
    groups: Sequence[tuple[str, list[EntryToReview]]],
    slot: timedelta,
    opens_at: datetime,
    closes_at: datetime,
    zone: str,
) -> list[datetime]:
    """A start for each session: in turn over the blocks of the window; side by side once the blocks are used up."""
    if not groups:
        return []
    longest = max(len(members) for _, members in groups) * slot
    blocks = list(_blocks(longest, opens_at, closes_at, zone)) or [opens_at]
    rooms = ceil(len(groups) / len(blocks))
    return [blocks[n // rooms] for n in range(len(groups))]


def _blocks(length: timedelta, opens_at: datetime, closes_at: datetime, zone: str) -> Iterator[datetime]:
    """Starts of blocks of this length, in the local daytime, one after another, inside the window."""
    local = ZoneInfo(zone)
    day = opens_at.astimezone(local).date()
    while datetime.combine(day, _FROM, tzinfo=local) < closes_at:
        start = datetime.combine(day, _FROM, tzinfo=local).astimezone(opens_at.tzinfo)
        end = datetime.combine(day, _TO, tzinfo=local).astimezone(opens_at.tzinfo)
        start = max(start, opens_at)
        while start + length <= min(end, closes_at):
            yield start
            start += length + _BREAK
        day += timedelta(days=1)


def _panel(
    members: Sequence[EntryToReview],
    judges: Sequence[JudgeAvailable],
    conflicts: AbstractSet[tuple[int, int]],
    taken: AbstractSet[int],
    sat: dict[int, int],
    wanted: int,
) -> tuple[int, ...]:
    """The judges without any conflict in the session: of the right track first, then those who sat least."""
    able = [j for j in judges if j.id not in taken and all(may_score(e, j, conflicts) for e in members)]
    track = members[0].track
    able.sort(key=lambda j: (bool(j.tracks) and track not in j.tracks, sat[j.id], j.id))
    panel = tuple(sorted(j.id for j in able[:wanted]))
    for judge in panel:
        sat[judge] += 1
    return panel
