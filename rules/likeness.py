"""Names that are alike: written in another order, with other spaces, letters or accents, or with a typo.

Compared by edit distance (Levenshtein 1966) on the joined letters, over all cyclic orders of the parts. A name in
Chinese characters is never matched with its transcription, nor with a name one character apart: that is another name.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from threading import Lock

from rapidfuzz.distance import Indel, Levenshtein

from models.facts import Like, NamedPerson

_PLAIN = str.maketrans({"ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "'": "", "’": "", "`": ""})
_PART = re.compile(r"[^\W_]+")
_HAN = re.compile(r"[\u3400-\u9fff]")


@lru_cache(maxsize=65536)
def parts(name: str) -> tuple[str, ...]:
    """The parts of a name without letter case, accents, apostrophes and punctuation, in the order written."""
    folded = unicodedata.normalize("NFKD", name).casefold()
    plain = "".join(c for c in folded if not unicodedata.combining(c)).translate(_PLAIN)
    return tuple(_PART.findall(plain))


@lru_cache(maxsize=65536)
def _orders(name: str) -> tuple[str, ...]:
    """The joined letters of a name in each cyclic order of its parts; the written order first."""
    words = parts(name)
    return tuple("".join(words[n:] + words[:n]) for n in range(len(words)))


def likeness(one: str, other: str) -> float:
    """How alike two names are, from 0 to 1; symmetric, and 1 for the same name in another order or spacing."""
    ours, theirs = _orders(one), _orders(other)
    if not ours or not theirs:
        return 0.0
    if not set(ours).isdisjoint(theirs) or sorted(parts(one)) == sorted(parts(other)):
        return 1.0
    if _HAN.search(ours[0]) or _HAN.search(theirs[0]):
        return 0.0
    pairs = {*((x, theirs[0]) for x in ours), *((ours[0], y) for y in theirs)}
    return max(Levenshtein.normalized_similarity(x, y) for x, y in pairs)


def like_persons(people: Sequence[NamedPerson], mine: AbstractSet[int], least: float) -> dict[int, tuple[Like, ...]]:
    """For the entries `mine`: other entries in which somebody of like name and the same birth year takes part.

    Compared are people born in the same year whose names share all parts but one, or all their letters; people
    without a birth year are not compared, nor one person (one mail address) with itself. Most alike first.
    """
    with _one_at_a_time:
        pairs = _pairs(tuple(people), least)
    return by_entry(pairs, mine)


# Areas that close at one instant are screened at once, in threads: the first compares, the others wait for its answer.
_one_at_a_time = Lock()


@lru_cache(maxsize=2)
def _pairs(people: tuple[NamedPerson, ...], least: float) -> tuple[tuple[int, int, float], ...]:
    """All pairs of entries in which people are alike by `least` or more, with how much."""
    best: dict[tuple[int, int], float] = {}
    for block in _blocks(people):
        for n, one in enumerate(block):
            for other in block[n + 1 :]:
                if one.entry_id == other.entry_id or one.person_id == other.person_id:
                    continue
                if not _may_be(one.name, other.name, least):
                    continue
                share = likeness(one.name, other.name)
                if share >= least:
                    pair = min(one.entry_id, other.entry_id), max(one.entry_id, other.entry_id)
                    best[pair] = max(share, best.get(pair, 0.0))
    return tuple((a, b, share) for (a, b), share in best.items())


@lru_cache(maxsize=65536)
def _letters(name: str) -> str:
    return "".join(sorted("".join(parts(name))))


def _may_be(one: str, other: str, least: float) -> bool:
    """Whether the letters alone allow so much likeness: an edit takes away at most one and adds at most one."""
    ours, theirs = _letters(one), _letters(other)
    edits = int((1 - least) * max(len(ours), len(theirs)) + 1e-9)
    return Indel.distance(ours, theirs, score_cutoff=2 * edits) <= 2 * edits


def _blocks(people: Sequence[NamedPerson]) -> Iterable[list[NamedPerson]]:
    found: dict[tuple[int, str], list[NamedPerson]] = defaultdict(list)
    for person in people:
        words = parts(person.name)
        if person.birth_year is None or not words:
            continue
        # Letters in order of the alphabet stay the same whatever the order and the spaces; a typo spares all parts
        # but one.
        ordered = sorted(words)
        spared = {" ".join(ordered[:n] + ordered[n + 1 :]) for n in range(len(ordered))} if len(ordered) > 1 else set()
        for key in {*spared, "=" + _letters(person.name)}:
            found[person.birth_year, key].append(person)
    return (block for block in found.values() if len(block) > 1)


def by_entry(pairs: Iterable[tuple[int, int, float]], mine: AbstractSet[int]) -> dict[int, tuple[Like, ...]]:
    """Pairs of entries with their likeness, as each of the entries `mine` sees them: most alike first, then by id."""
    found: dict[int, list[Like]] = defaultdict(list)
    for a, b, share in pairs:
        for entry, other in ((a, b), (b, a)):
            if entry in mine:
                found[entry].append(Like(other, share))
    return {entry: tuple(sorted(likes, key=lambda x: (-x.share, x.entry_id))) for entry, likes in found.items()}
