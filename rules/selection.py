"""Selection: the best of each division within its quota, wild cards on top, the next in rank wait."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from models.facts import Ranked, SelectionRow
from models.states import Decision


def select(
    ranked: Sequence[Ranked], quotas: Mapping[str, int], wild: Mapping[int, str], waiting: int
) -> list[SelectionRow]:
    """Decide about every ranked entry. `wild` maps an entry to the reason of its wild card, `waiting` is for each division."""
    divisions: dict[str, list[Ranked]] = defaultdict(list)
    for row in ranked:
        divisions[row.division].append(row)
    decided: list[SelectionRow] = []
    for division in sorted(divisions):
        waits = 0
        for row in sorted(divisions[division], key=lambda r: r.rank):
            reason = None
            if row.rank <= quotas.get(division, 0):
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
