"""Matching projects with needs: hard filters, a score whose parts are shown, then deferred acceptance.

Source: many-to-many deferred acceptance (Gale and Shapley 1962; Roth 1984) with capacities on both sides. Both sides
rank by the same score, so the result has no blocking pair: no project and need that would both rather have each other.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from models.facts import MatchPair, MatchRound, NeedToMeet, ProjectToMatch

_WEIGHTS = {"fields": 0.6, "readiness": 0.15, "result": 0.25}


def match(
    projects: Sequence[ProjectToMatch],
    needs: Sequence[NeedToMeet],
    per_entry: int,
    already: AbstractSet[tuple[int, int]],
) -> MatchRound:
    """Propose to each project at most `per_entry` needs, to each need at most its capacity. Deterministic."""
    pairs = {
        (p.entry_id, n.need_id): pair
        for p in projects
        for n in needs
        if (p.entry_id, n.need_id) not in already and (pair := _pair(p, n)) is not None
    }
    held = _deferred_acceptance(
        pairs, {p.entry_id: per_entry for p in projects}, {n.need_id: n.capacity for n in needs}
    )
    found = tuple(pairs[key] for key in sorted(held))
    matched, met = {p.entry_id for p in found}, {p.need_id for p in found}
    return MatchRound(
        found,
        tuple(sorted(p.entry_id for p in projects if p.entry_id not in matched)),
        tuple(sorted(n.need_id for n in needs if n.need_id not in met)),
    )


def _pair(project: ProjectToMatch, need: NeedToMeet) -> MatchPair | None:
    """The pair with its score, or None where a hard filter says no: track, or readiness below the least accepted."""
    if project.track not in need.tracks or project.readiness < need.readiness:
        return None
    union = project.fields | need.fields
    overlap = len(project.fields & need.fields) / len(union) if need.fields and union else 0.5
    parts = {
        "fields": _WEIGHTS["fields"] * overlap,
        "readiness": _WEIGHTS["readiness"] * (project.readiness - need.readiness) / 8,
        "result": _WEIGHTS["result"] * project.rank_share,
    }
    parts = {name: round(value, 4) for name, value in parts.items()}
    return MatchPair(project.entry_id, need.need_id, round(sum(parts.values()), 4), parts)


def _deferred_acceptance(
    pairs: dict[tuple[int, int], MatchPair], per_project: dict[int, int], capacity: dict[int, int]
) -> set[tuple[int, int]]:
    """Projects propose in order of preference; a full need lets go of the one that it likes least."""
    wishes: dict[int, list[int]] = {}
    for entry, need in sorted(pairs, key=lambda key: (key[0], -pairs[key].score, key[1])):
        wishes.setdefault(entry, []).append(need)
    turn = dict.fromkeys(wishes, 0)
    holding = dict.fromkeys(wishes, 0)
    accepted: dict[int, list[tuple[float, int]]] = {need: [] for need in capacity}
    active = sorted(wishes)
    while active:
        entry = active.pop()
        while holding[entry] < per_project[entry] and turn[entry] < len(wishes[entry]):
            need = wishes[entry][turn[entry]]
            turn[entry] += 1
            # Lowest first: the least liked is the one that goes. Equal scores: the later entry goes.
            heapq.heappush(accepted[need], (pairs[entry, need].score, -entry))
            holding[entry] += 1
            if len(accepted[need]) > capacity[need]:
                _, gone = heapq.heappop(accepted[need])
                holding[-gone] -= 1
                if -gone != entry:
                    active.append(-gone)
    return {(-entry, need) for need, held in accepted.items() for _, entry in held}
