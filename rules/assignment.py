"""Assigning judges to entries: a min-cost flow, so coverage and then the total are the best; conflicts never.

Source: minimum-cost flow (the linear programme of this network has an integer optimum), as in the assignment of papers
to reviewers. Loads are levelled by unit arcs of rising price above the mean load. Priced slack answers an impossible
instance with who is short and why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Literal, NamedTuple

from models.facts import AssignmentPlan, EntryToReview, JudgeAvailable, Short

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

OTHER_TRACK = 800
"""Price of a judge from another track: similarity 0.2 against 1, in thousandths."""
_LEVEL, _LEVELS = 4, 60
"""Price, in thousandths, of each step of load above the level, and how many steps rise."""
_BELOW = 8
"""How far below the mean load the level lies: from there on each step is dearer, so loads differ by little."""
_CANDIDATES = 60
"""Judges looked at for one entry at first. More are looked at only for entries whose shortage that could help."""
_WIDEN = 4


class Arcs(NamedTuple):
    """Who may score what: positions of entries and judges, and the price of each pair in thousandths."""

    entry: Ints
    judge: Ints
    price: Ints


class Loads(NamedTuple):
    """Of each judge: how many more the judge can take, how many of them cost nothing, how many steps of price the
    load stands at already."""

    free: Ints
    level: Ints
    steps: Ints


def may_score(entry: EntryToReview, judge: JudgeAvailable, conflicts: AbstractSet[tuple[int, int]]) -> bool:
    """False for a judge of the entry's own organisation or team, and where a conflict is declared."""
    if (judge.id, entry.id) in conflicts:
        return False
    if (own := _organisation(entry.organisation)) and own == _organisation(judge.organisation):
        return False
    return judge.person_id != entry.applicant_id and judge.person_id not in entry.members


def same_track(track: str, judge: JudgeAvailable) -> bool:
    """Whether the judge is of this track; a judge without tracks is of all."""
    return not judge.tracks or track in judge.tracks


def assign(
    entries: Sequence[EntryToReview],
    judges: Sequence[JudgeAvailable],
    conflicts: AbstractSet[tuple[int, int]],
    per_entry: int,
    max_load: int,
) -> AssignmentPlan:
    """Give each entry `per_entry` judges within every judge's load.

    As many pairs as there can be; where some must be missing, no entry misses many while another misses none; then the
    most judges of the right track at even loads. The same for any order of the input.
    """
    if not entries or per_entry < 1:
        return AssignmentPlan((), (), 0, 0)
    entries, judges = sorted(entries, key=lambda e: e.id), sorted(judges, key=lambda j: j.id)
    loads = _loads(judges, len(entries) * per_entry, max_load)
    pool = _Pool(entries, judges, conflicts)
    chosen = _widening(pool, per_entry, loads)
    pairs = sorted((entries[e].id, judges[j].id) for e, j in chosen)
    given = Counter(entry_id for entry_id, _ in pairs)
    short = tuple(
        Short(entry.id, per_entry - given[entry.id], _why(pool.allowed(n), len(judges), per_entry))
        for n, entry in enumerate(entries)
        if given[entry.id] < per_entry
    )
    new = Counter(judge_id for _, judge_id in pairs)
    counts = [new[j.id] for j in judges] or [0]
    return AssignmentPlan(tuple(pairs), short, max(counts), min(counts))


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
    best = min(able, key=lambda j: (not same_track(entry.track, j), j.load, j.id), default=None)
    return best.id if best else None


def _loads(judges: Sequence[JudgeAvailable], demand: int, max_load: int) -> Loads:
    """What each judge can take, levelled around the mean of all loads, old and new."""
    import numpy as np

    free = np.array([max(0, min(max_load, j.max_load) - j.load) for j in judges], dtype=np.int64)
    had = np.array([j.load for j in judges], dtype=np.int64)
    calm = max(0, (demand + int(had.sum())) // max(1, len(judges)) - _BELOW)
    return Loads(free, np.minimum(free, np.maximum(0, calm - had)), np.clip(had - calm, 0, _LEVELS))


def cheapest(count: int, each: int, loads: Loads, arcs: Arcs) -> NDArray[np.bool_]:
    """Which arcs a cheapest flow uses: `count` entries with `each` judges within the judges' loads.

    Most pairs first; then no entry misses many while another misses none; then the lowest price, where each step of a
    judge's load above the level costs more than the one before.
    """
    import numpy as np
    from ortools.graph.python import min_cost_flow

    sink = count + len(loads.free)
    judge, capacity, price = _load_arcs(loads)
    # No rearrangement costs as much as one more judge missing, nor as a second one missing at the same entry.
    dearest = int(arcs.price.max(initial=0)) + int(price.max(initial=0))
    worst = (2 * min(count, len(loads.free)) + 2) * (dearest + 1)
    entry, missing = np.repeat(np.arange(count), each), np.tile(np.arange(each), count)
    solver = min_cost_flow.SimpleMinCostFlow()
    solver.add_arcs_with_capacity_and_unit_cost(
        np.concatenate([arcs.entry, count + judge, entry]),
        np.concatenate([count + arcs.judge, np.full(len(judge) + len(entry), sink)]),
        np.concatenate([np.ones(len(arcs.entry), dtype=np.int64), capacity, np.ones(len(entry), dtype=np.int64)]),
        np.concatenate([arcs.price, price, (each + 1 + missing) * worst]),
    )
    supplies = np.full(sink + 1, 0, dtype=np.int64)
    supplies[:count], supplies[sink] = each, -count * each
    solver.set_nodes_supplies(np.arange(sink + 1), supplies)
    status = solver.solve()
    assert status == solver.OPTIMAL, status
    used: NDArray[np.bool_] = np.asarray(solver.flows(np.arange(len(arcs.entry)))) > 0
    return used


def _load_arcs(loads: Loads) -> tuple[Ints, Ints, Ints]:
    """Arcs from judges to the sink: whose, and their capacities and prices."""
    import numpy as np

    everyone = np.arange(len(loads.free))
    above = loads.free - loads.level
    rising = np.minimum(above, _LEVELS)
    step = np.arange(1, int(rising.sum()) + 1) - np.repeat(np.cumsum(rising) - rising, rising)
    judge = np.concatenate([everyone, np.repeat(everyone, rising), everyone])
    capacity = np.concatenate([loads.level, np.ones(len(step), dtype=np.int64), above - rising])
    steps = np.concatenate([everyone * 0, step + np.repeat(loads.steps, rising), loads.steps + _LEVELS + 1])
    return judge, capacity, steps * _LEVEL


def _widening(pool: _Pool, per_entry: int, loads: Loads) -> list[tuple[int, int]]:
    """Solve with few candidates for each entry; look at more for those that could ease a shortage, until none could.

    At the end no augmenting path is left among all judges, so the coverage is the maximum flow.
    """
    import numpy as np

    count = pool.entries
    width = np.full(count, min(_CANDIDATES, pool.judges))
    while True:
        arcs = pool.arcs(width)
        used = cheapest(count, per_entry, loads, arcs)
        given = np.bincount(arcs.entry[used], minlength=count)
        grow = np.zeros(count, dtype=bool)
        if given.min() < per_entry and used.sum() < loads.free.sum():
            grow = _reached(arcs, used, given < per_entry, pool.judges) & (width < pool.judges)
        if not grow.any():
            return list(zip(arcs.entry[used].tolist(), arcs.judge[used].tolist(), strict=True))
        width[grow] = np.minimum(width[grow] * _WIDEN, pool.judges)


def _reached(arcs: Arcs, used: NDArray[np.bool_], short: NDArray[np.bool_], judges: int) -> NDArray[np.bool_]:
    """The entries whose judges a short entry could get, directly or by others moving on (residual reachability)."""
    import numpy as np

    reached = short.copy()
    while True:
        by = np.zeros(judges, dtype=bool)
        by[arcs.judge[reached[arcs.entry] & ~used]] = True
        more = reached.copy()
        more[arcs.entry[used & by[arcs.judge]]] = True
        if (more == reached).all():
            return reached
        reached = more


class _Pool:
    """The candidates, as arrays: ten thousand entries by a thousand judges are too many pairs to look at one by one."""

    def __init__(
        self,
        entries: Sequence[EntryToReview],
        judges: Sequence[JudgeAvailable],
        conflicts: AbstractSet[tuple[int, int]],
    ) -> None:
        import numpy as np

        self.entries, self.judges = len(entries), len(judges)
        codes: dict[str, int] = {}
        self._entry_org = np.array([_code(e.organisation, codes) for e in entries], dtype=np.int64)
        self._judge_org = np.array([_code(j.organisation, codes) for j in judges], dtype=np.int64)
        self._barred = np.array(sorted(_barred(entries, judges, conflicts)), dtype=np.int64)
        self._of_track: dict[str, list[int]] = {}
        self._matching: dict[str, tuple[Ints, Ints]] = {}
        for n, entry in enumerate(entries):
            self._of_track.setdefault(entry.track, []).append(n)
        for track in self._of_track:
            mine = np.array([same_track(track, j) for j in judges], dtype=bool)
            self._matching[track] = np.flatnonzero(mine), np.flatnonzero(~mine)

    def allowed(self, entry: int) -> int:
        """How many judges may score the entry at all, whatever their load."""
        import numpy as np

        everyone = np.arange(self.judges)
        return int(self._may(np.full(self.judges, entry), everyone).sum())

    def arcs(self, width: Ints) -> Arcs:
        """The pairs to look at: of each entry `width` judges, the same-track ones first.

        In a rotation that gives every judge its share, so that few candidates serve as well as all.
        """
        import numpy as np

        parts: list[tuple[Ints, Ints, Ints]] = []
        for track, members in self._of_track.items():
            same, other = self._matching[track]
            turn = np.arange(len(members)) * 3
            mine = np.array(members, dtype=np.int64)
            for wide in np.unique(width[mine]):
                rows = np.flatnonzero(width[mine] == wide)
                near, far = min(int(wide), len(same)), max(0, int(wide) - len(same))
                found = [
                    pool[(turn[rows, None] + np.arange(size)) % max(1, len(pool))]
                    for pool, size in ((same, near), (other, far))
                    if size
                ]
                judge = np.concatenate(found, axis=1) if found else np.zeros((len(rows), 0), dtype=np.int64)
                price = np.tile(np.repeat([0, OTHER_TRACK], [near, far]), len(rows))
                parts.append((np.repeat(mine[rows], near + far), judge.ravel(), price))
        entry, judge, price = (np.concatenate(column) for column in zip(*parts, strict=True))
        may = self._may(entry, judge)
        return Arcs(entry[may], judge[may], price[may])

    def _may(self, entry: Ints, judge: Ints) -> NDArray[np.bool_]:
        """`may_score` for many pairs at once."""
        import numpy as np

        own = self._entry_org[entry]
        may: NDArray[np.bool_] = (own < 0) | (own != self._judge_org[judge])
        if len(self._barred):
            may &= ~np.isin(entry * self.judges + judge, self._barred)
        return may


def _barred(
    entries: Sequence[EntryToReview], judges: Sequence[JudgeAvailable], conflicts: AbstractSet[tuple[int, int]]
) -> set[int]:
    """Declared conflicts and judges in the entry's own team, each as one number: entry times judges plus judge."""
    place = {j.id: n for n, j in enumerate(judges)}
    row = {e.id: n for n, e in enumerate(entries)}
    persons: dict[int, list[int]] = {}
    for n, judge in enumerate(judges):
        persons.setdefault(judge.person_id, []).append(n)
    declared = {row[e] * len(judges) + place[j] for j, e in conflicts if j in place and e in row}
    team = {
        n * len(judges) + judge
        for n, entry in enumerate(entries)
        for person in (entry.applicant_id, *entry.members)
        for judge in persons.get(person, ())
    }
    return declared | team


def _organisation(name: str | None) -> str:
    """An organisation's name without what people write differently: letter case and spaces around it."""
    return (name or "").strip().casefold()


def _code(name: str | None, codes: dict[str, int]) -> int:
    plain = _organisation(name)
    return codes.setdefault(plain, len(codes)) if plain else -1


def _why(allowed: int, judges: int, per_entry: int) -> Literal["conflicts", "load", "judges"]:
    if judges < per_entry:
        return "judges"
    return "conflicts" if allowed < per_entry else "load"
