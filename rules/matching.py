"""Matching projects with needs: hard filters, a score whose parts are shown, then deferred acceptance.

Source: many-to-many deferred acceptance (Gale and Shapley 1962; Roth 1984) with capacities on both sides. Both sides
rank by the same score, so the result has no blocking pair: no project and need that would both rather have each other.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from models.facts import MatchPair, MatchRound, NeedToMeet, ProjectToMatch

_WEIGHTS = {"fields": 0.6, "readiness": 0.15, "result": 0.25}
_ANY_FIELD = 0.5
"""Overlap of fields with a need that takes any field of its tracks."""


def match(
    projects: Sequence[ProjectToMatch],
    needs: Sequence[NeedToMeet],
    per_entry: int,
    already: AbstractSet[tuple[int, int]],
) -> MatchRound:
    """Propose to each project at most `per_entry` needs, to each need at most its capacity.

    Never a pair (entry, need) of `already`. Scores are 0 to 1. The same for any order of the input.
    """
    scores = _scores(projects, needs, already)
    held = _deferred_acceptance(scores, per_entry, {n.need_id: n.capacity for n in needs})
    project, need = {p.entry_id: p for p in projects}, {n.need_id: n for n in needs}
    pairs = tuple(_pair(project[entry], need[at]) for entry, at in sorted(held))
    matched, met = {p.entry_id for p in pairs}, {p.need_id for p in pairs}
    return MatchRound(
        pairs,
        tuple(sorted(p.entry_id for p in projects if p.entry_id not in matched)),
        tuple(sorted(n.need_id for n in needs if n.need_id not in met)),
    )


def _scores(
    projects: Sequence[ProjectToMatch], needs: Sequence[NeedToMeet], already: AbstractSet[tuple[int, int]]
) -> dict[int, dict[int, float]]:
    """The score of every pair that passes the hard filters: track, least readiness, not matched before."""
    of_track: dict[str, list[NeedToMeet]] = defaultdict(list)
    for need in needs:
        for track in need.tracks:
            of_track[track].append(need)
    return {
        p.entry_id: {
            n.need_id: round(sum(_parts(p, n).values()), 4)
            for n in of_track.get(p.track, ())
            if p.readiness >= n.readiness and (p.entry_id, n.need_id) not in already
        }
        for p in projects
    }


def _parts(project: ProjectToMatch, need: NeedToMeet) -> dict[str, float]:
    """What the score is made of: overlap of fields (Jaccard), margin of readiness, result in the competition."""
    overlap = len(project.fields & need.fields) / len(project.fields | need.fields) if need.fields else _ANY_FIELD
    return {
        "fields": round(_WEIGHTS["fields"] * overlap, 4),
        "readiness": round(_WEIGHTS["readiness"] * (project.readiness - need.readiness) / 8, 4),
        "result": round(_WEIGHTS["result"] * project.rank_share, 4),
    }


def _pair(project: ProjectToMatch, need: NeedToMeet) -> MatchPair:
    parts = _parts(project, need)
    return MatchPair(project.entry_id, need.need_id, round(sum(parts.values()), 4), parts)


def _deferred_acceptance(
    scores: dict[int, dict[int, float]], per_project: int, capacity: dict[int, int]
) -> set[tuple[int, int]]:
    """Projects propose in order of preference; a full need lets go of the one that it likes least."""
    wishes = {entry: sorted(found, key=lambda need: (-found[need], need)) for entry, found in scores.items()}
    turn = dict.fromkeys(wishes, 0)
    holding = dict.fromkeys(wishes, 0)
    accepted: dict[int, list[tuple[float, int]]] = {need: [] for need in capacity}
    active = sorted(wishes)
    while active:
        entry = active.pop()
        while holding[entry] < per_project and turn[entry] < len(wishes[entry]):
            need = wishes[entry][turn[entry]]
            turn[entry] += 1
            # Lowest first: the least liked is the one that goes. Equal scores: the later entry goes.
            heapq.heappush(accepted[need], (scores[entry][need], -entry))
            holding[entry] += 1
            if len(accepted[need]) > capacity[need]:
                _, gone = heapq.heappop(accepted[need])
                holding[-gone] -= 1
                if -gone != entry:
                    active.append(-gone)
    return {(-entry, need) for need, held in accepted.items() for _, entry in held}
