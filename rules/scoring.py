"""Ballots, scores and ranks, by the published rule.

Source: the common rule of such competitions: 100 points over weighted criteria; the highest and the lowest ballot are
dropped and the rest averaged to two decimals; with three judges or fewer all count.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

from models.errors import Refused
from models.facts import Ranked, RankRow, Scored
from models.season import Rubric, ScoreRule

_CENT = Decimal("0.01")
_EXACT = Decimal("0.00000001")


def ballot_total(scores: Mapping[str, float], rubric: Rubric) -> Decimal:
    """The points of a ballot, of 100, to two decimals. Each criterion takes 0 up to its weight.

    Raises Refused naming the criterion, the value and the remedy.
    """
    known = {c.code: c.weight for c in rubric.criteria}
    for code in known:
        if code not in scores:
            raise Refused("ballot.missing", f"Criterion '{code}' has no score.", f"Give 0 to {known[code]} points.")
    for code, value in scores.items():
        if code not in known:
            raise Refused("ballot.unknown", f"'{code}' is no criterion of this rubric.", f"Use {', '.join(known)}.")
        if not 0 <= value <= known[code]:
            raise Refused("ballot.range", f"Criterion '{code}' has {value} points.", f"Give 0 to {known[code]} points.")
    total = sum((Decimal(str(v)) for v in scores.values()), Decimal(0))
    return total.quantize(_CENT, ROUND_HALF_UP)


def score(totals: Sequence[Decimal], rule: ScoreRule) -> Scored | None:
    """The score of an entry, 0 to 100 points, from the totals of its ballots; None without any. Their order is nothing.

    `trimmed_mean` drops one highest and one lowest total where there are four or more; with three all count.
    """
    if not totals:
        return None
    used = sorted(totals)
    if rule == "trimmed_mean" and len(used) > 3:
        used = used[1:-1]
    mean = sum(used, Decimal(0)) / len(used)
    # Eight places keep every two different means apart, and make equal ones equal however many ballots they come from.
    # What is shown is rounded from the mean itself: rounding twice could lift it.
    return Scored(mean.quantize(_EXACT, ROUND_HALF_UP), mean.quantize(_CENT, ROUND_HALF_UP), len(used))


def lot(seed: str, entry_id: int) -> str:
    """The draw that decides a tie: SHA-256 over the published seed and the entry's id, lowest first."""
    return hashlib.sha256(f"{seed}:{entry_id}".encode()).hexdigest()


def rank(rows: Sequence[RankRow], seed: str) -> list[Ranked]:
    """Places from 1 inside each division: by exact score, then the main criterion, then the lot; unscored last."""
    divisions: dict[str, list[RankRow]] = defaultdict(list)
    for row in rows:
        divisions[row.division].append(row)
    ranked: list[Ranked] = []
    for division in sorted(divisions):
        ordered = sorted(
            divisions[division],
            key=lambda r: (r.exact is None, -(r.exact or Decimal(0)), -r.main_criterion, lot(seed, r.entry_id)),
        )
        ranked += [Ranked(row.entry_id, division, place) for place, row in enumerate(ordered, start=1)]
    return ranked


def digest(ballots: Iterable[tuple[int, Mapping[str, float], Decimal]]) -> str:
    """SHA-256, in hex, of the canonical JSON of the ballots that a tally used: (assignment, scores, total).

    The same for any order of ballots and criteria, and for 20, 20.0 and 20.00 points.
    """
    rows = [
        [assignment, {code: float(points) for code, points in scores.items()}, str(total.quantize(_CENT))]
        for assignment, scores, total in sorted(ballots, key=lambda b: b[0])
    ]
    return hashlib.sha256(json.dumps(rows, separators=(",", ":"), sort_keys=True).encode()).hexdigest()
