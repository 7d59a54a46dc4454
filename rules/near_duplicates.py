"""Texts that are nearly the same: Jaccard similarity of their shingles, Chinese and other languages alike.

A shingle is three units in a row; a unit is a Chinese character or a word. Found exactly, by an inverted index of the
rarest shingles alone (prefix filter; Chaudhuri, Ganti and Kaushik 2006; Bayardo, Ma and Srikant 2007), each candidate
then verified. Nothing is random, nothing is hashed by a process's own seed: the same texts give the same pairs.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache
from itertools import chain
from math import ceil
from threading import Lock

from models.facts import Like
from rules.likeness import by_entry

_UNIT = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")
LEAST_UNITS = 20
"""Shorter texts say too little to be compared; the rule of the same title looks at those."""

_SHARED = 6
"""How many of their rarest shingles two texts must share before all are compared."""


def shingles(text: str) -> frozenset[tuple[str, ...]]:
    """The shingles of a text; none if it has fewer than `LEAST_UNITS` units."""
    units = _UNIT.findall(unicodedata.normalize("NFKC", text).casefold())
    if len(units) < LEAST_UNITS:
        return frozenset()
    return frozenset(zip(units, units[1:], units[2:], strict=False))


def near_duplicates(texts: Mapping[int, str], mine: AbstractSet[int], least: float) -> dict[int, tuple[Like, ...]]:
    """For the entries `mine`: other entries whose text is alike by `least` (0 to 1) or more, most alike first."""
    with _one_at_a_time:
        pairs = _pairs(tuple(sorted(texts.items())), least)
    return by_entry(pairs, mine)


# Areas that close at one instant are screened at once, in threads: the first compares, the others wait for its answer.
_one_at_a_time = Lock()


# The areas of a season are screened one after the other, each against all: the same texts are not compared again.
@lru_cache(maxsize=2)
def _pairs(texts: tuple[tuple[int, str], ...], least: float) -> tuple[tuple[int, int, float], ...]:
    """All pairs of entries whose texts are alike by `least` or more, with how much."""
    words = {entry: found for entry, text in texts if (found := shingles(text))}
    often = Counter(chain.from_iterable(words.values()))
    # The rarest first, so that the shortest lists are looked up.
    rank = {shingle: n for n, (_, shingle) in enumerate(sorted((count, s) for s, count in often.items()))}
    sets = {entry: frozenset(rank[s] for s in found) for entry, found in words.items()}
    asked = {entry: min(_SHARED, ceil(len(found) * least - 1e-9)) for entry, found in sets.items()}
    index: dict[int, list[int]] = defaultdict(list)
    pairs: list[tuple[int, int, float]] = []
    for entry in sorted(sets, key=lambda e: (len(sets[e]), e)):
        size = len(sets[entry])
        # Of `size` shingles whoever is alike enough shares `needed`, and so `_SHARED` of the first `prefix`.
        needed = ceil(size * least - 1e-9)
        prefix = sorted(sets[entry])[: size - needed + min(_SHARED, needed)]
        met = Counter(chain.from_iterable(index[s] for s in prefix if s in index))
        for other, count in met.items():
            if count >= asked[other]:
                common = len(sets[entry] & sets[other])
                share = common / (size + len(sets[other]) - common)
                if share >= least:
                    pairs.append((min(entry, other), max(entry, other), share))
        for s in prefix:
            index[s].append(entry)
    return tuple(pairs)
