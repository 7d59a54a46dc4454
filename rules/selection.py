"""Selection: the best of each division within its quota, wild cards on top, the next in rank wait.

Source: public reporting on such competitions: quotas by area and track,
wild cards with a stated reason, a list of those who wait.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from models.facts import Ranked, SelectionRow
from models.states import Decision


def select(
    ranked: Sequence[Ranked], quotas: Mapping[str, int], wild: Mapping[int, str], waiting: int
) -> list[SelectionRow]:
    """Decide about every ranked entry, division by division, in order of rank.

    `quotas` and `waiting` are numbers of entries in each division; a division without a quota selects nobody.
    `wild` maps an entry to the reason of its wild card, which comes on top of the quota; within the quota it is not
    used, the entry is simply selected.
    """
    divisions: dict[str, list[Ranked]] = defaultdict(list)
    for row in ranked:
        divisions[row.division].append(row)
    decided: list[SelectionRow] = []
    for division in sorted(divisions):
        waits = 0
        # By place, not by rank: where somebody left since the tally, the ranks have gaps and the quota has none.
        for place, row in enumerate(sorted(divisions[division], key=lambda r: r.rank), start=1):
            reason = None
            if place <= quotas.get(division, 0):
                decision = Decision.SELECTED
            elif row.entry_id in wild:
                decision, reason = Decision.WILD_CARD, wild[row.entry_id]
            elif waits < waiting:
                decision, waits = Decision.WAITING, waits + 1
            else:
                decision = Decision.NOT_SELECTED
            decided.append(SelectionRow(row.entry_id, division, row.rank, decision, reason))
    return decided


def step_up(rows: Sequence[SelectionRow], division: str) -> int | None:
    """The entry that moves up in a division: the best in rank of those that wait."""
    waiting = [r for r in rows if r.division == division and r.decision == Decision.WAITING]
    best = min(waiting, key=lambda r: r.rank, default=None)
    return best.entry_id if best else None
