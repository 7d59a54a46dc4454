"""Awards: prizes in order of rank, in each division.

Source: public reporting: a first, second, third prize and merit awards by track.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from models.facts import AwardRow, Ranked
from models.season import Prize


def give(ranked: Sequence[Ranked], prizes: Sequence[Prize]) -> list[AwardRow]:
    """The prizes, best first: `each` of a prize in every division. Prizes beyond the entries ranked are not given."""
    ladder = [prize.code for prize in prizes for _ in range(prize.each)]
    divisions: dict[str, list[Ranked]] = defaultdict(list)
    for row in ranked:
        divisions[row.division].append(row)
    return [
        AwardRow(row.entry_id, division, prize, row.rank)
        for division in sorted(divisions)
        for row, prize in zip(sorted(divisions[division], key=lambda r: r.rank), ladder, strict=False)
    ]
