"""Assigning judges to entries: a min-cost flow, so the total is the best there is; conflicts are never assigned.

The linear programme of this network has an integer optimum, which the flow finds. Loads are levelled by unit arcs of
rising price above the mean load. Priced slack answers an impossible instance with who is short and why.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Literal

from models.facts import AssignmentPlan, EntryToReview, JudgeAvailable, Short

_SAME_TRACK, _OTHER_TRACK = 0, 800_000
_LEVEL = 4_000
_SLACK = 50_000_000
_CANDIDATES = 60
"""Judges looked at for one entry: the same-track ones first, in a rotation that gives every judge its share."""


def may_score(entry: EntryToReview, judge: JudgeAvailable, conflicts: AbstractSet[tuple[int, int]]) -> bool:
    """False for a judge of the entry's own organisation or team, and where a conflict is declared."""
    if (judge.id, entry.id) in conflicts:
        return False
    if judge.organisation and entry.organisation and _same(judge.organisation, entry.organisation):
        return False
    return judge.person_id != entry.applicant_id and judge.person_id not in entry.members


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def _price(entry: EntryToReview, judge: JudgeAvailable) -> int:
    return _SAME_TRACK if not judge.tracks or entry.track in judge.tracks else _OTHER_TRACK


def assign(
    entries: Sequence[EntryToReview],
    judges: Sequence[JudgeAvailable],
    conflicts: AbstractSet[tuple[int, int]],
    per_entry: int,
    max_load: int,
) -> AssignmentPlan:
    """Give each entry `per_entry` judges within every judge's load; deterministic for the same input."""
    if not entries:
        return AssignmentPlan((), (), 0, 0)
    free = [max(0, min(max_load, j.max_load) - j.load) for j in judges]
    arcs = _candidates(entries, judges, conflicts, per_entry)
    pairs = _flow(entries, judges, free, arcs, per_entry)
    given: dict[int, int] = defaultdict(int)
    loads: dict[int, int] = dict.fromkeys((j.id for j in judges), 0)
    for entry_id, judge_id in pairs:
        given[entry_id] += 1
        loads[judge_id] += 1
    allowed: dict[int, int] = defaultdict(int)
    for e, _, _ in arcs:
        allowed[e] += 1
    short = tuple(
        Short(entry.id, per_entry - given[entry.id], _why(allowed[n], len(judges), per_entry))
        for n, entry in enumerate(entries)
        if given[entry.id] < per_entry
    )
    return AssignmentPlan(tuple(sorted(pairs)), short, max(loads.values(), default=0), min(loads.values(), default=0))


def _why(allowed: int, judges: int, per_entry: int) -> Literal["conflicts", "load", "judges"]:
    if judges < per_entry:
        return "judges"
    return "conflicts" if allowed < per_entry else "load"


def _candidates(
    entries: Sequence[EntryToReview],
    judges: Sequence[JudgeAvailable],
    conflicts: AbstractSet[tuple[int, int]],
    per_entry: int,
) -> list[tuple[int, int, int]]:
    """(entry index, judge index, price): all judges where they are few, else a rotation of the same-track ones."""
    by_track: dict[str, list[int]] = {}
    arcs: list[tuple[int, int, int]] = []
    everyone = list(range(len(judges)))
    for n, entry in enumerate(entries):
        pool = everyone
        if len(judges) > _CANDIDATES:
            if entry.track not in by_track:
                by_track[entry.track] = [j for j in everyone if _price(entry, judges[j]) == _SAME_TRACK] or everyone
            same = by_track[entry.track]
            start = n * per_entry % len(same)
            pool = (same[start:] + same[:start])[:_CANDIDATES]
        found = [(n, j, _price(entry, judges[j])) for j in pool if may_score(entry, judges[j], conflicts)]
        if len(found) < per_entry and len(pool) < len(judges):
            found = [(n, j, _price(entry, judges[j])) for j in everyone if may_score(entry, judges[j], conflicts)]
        arcs += found
    return arcs


def _flow(
    entries: Sequence[EntryToReview],
    judges: Sequence[JudgeAvailable],
    free: Sequence[int],
    arcs: Sequence[tuple[int, int, int]],
    per_entry: int,
) -> list[tuple[int, int]]:
    import numpy as np
    from ortools.graph.python import min_cost_flow

    count_e, count_j = len(entries), len(judges)
    sink = count_e + count_j
    tails = [e for e, _, _ in arcs]
    heads = [count_e + j for _, j, _ in arcs]
    caps, costs = [1] * len(arcs), [price for _, _, price in arcs]
    mean = count_e * per_entry / max(1, count_j)
    for j in range(count_j):
        # Up to the mean the load is free; each one above it costs more than the one before.
        level = min(free[j], int(mean))
        tails.append(count_e + j), heads.append(sink), caps.append(level), costs.append(0)  # type: ignore[func-returns-value]
        for step in range(1, min(free[j] - level, 60) + 1):
            tails.append(count_e + j), heads.append(sink), caps.append(1), costs.append(step * _LEVEL)  # type: ignore[func-returns-value]
        rest = free[j] - level - 60
        if rest > 0:
            tails.append(count_e + j), heads.append(sink), caps.append(rest), costs.append(61 * _LEVEL)  # type: ignore[func-returns-value]
    for e in range(count_e):
        tails.append(e), heads.append(sink), caps.append(per_entry), costs.append(_SLACK)  # type: ignore[func-returns-value]
    solver = min_cost_flow.SimpleMinCostFlow()
    solver.add_arcs_with_capacity_and_unit_cost(np.array(tails), np.array(heads), np.array(caps), np.array(costs))
    supplies = np.zeros(sink + 1, dtype=np.int64)
    supplies[:count_e] = per_entry
    supplies[sink] = -count_e * per_entry
    solver.set_nodes_supplies(np.arange(sink + 1), supplies)
    status = solver.solve()
    assert status == solver.OPTIMAL, status
    flows = solver.flows(np.arange(len(arcs)))
    return [(entries[e].id, judges[j].id) for (e, j, _), flow in zip(arcs, flows, strict=True) if flow]


def replacement(
    entry: EntryToReview,
    judges: Sequence[JudgeAvailable],
    conflicts: AbstractSet[tuple[int, int]],
    already: AbstractSet[int],
    max_load: int,
) -> int | None:
    """The judge that takes over a ballot: of the right track first, then the least loaded; None where nobody may."""
    able = [
        j
        for j in judges
        if j.id not in already and j.load < min(max_load, j.max_load) and may_score(entry, j, conflicts)
    ]
    best = min(able, key=lambda j: (_price(entry, j), j.load, j.id), default=None)
    return best.id if best else None
