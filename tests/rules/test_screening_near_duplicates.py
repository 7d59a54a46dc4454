"""Near-duplicate texts are found as every pair compared one by one would find them; what applicants read names nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import combinations
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from models.facts import Like, ScreeningFacts
from models.season import EntryRules
from rules.near_duplicates import near_duplicates, shingles
from rules.screening import screen

WORDS = st.lists(
    st.sampled_from(["a", "robot", "for", "clean", "water", "智", "能", "水", "，"]), min_size=15, max_size=40
)
BASE = "We build a low cost sensor that finds leaks in water pipes of old towns before anybody sees the street get wet at night"
BASE_ZH = "我们研制低成本传感器，在街道积水之前发现老城区供水管道的泄漏位置，并及时通知维修人员"


@st.composite
def crowds(draw: st.DrawFn) -> dict[int, str]:
    """Texts of which some are made of others, by a few units cut off or changed."""
    texts = [draw(WORDS) for _ in range(draw(st.integers(1, 4)))]
    for _ in range(draw(st.integers(1, 4))):
        copied = list(draw(st.sampled_from(texts)))
        at = draw(st.integers(0, len(copied) - 1))
        copied[at : at + draw(st.integers(0, 4))] = draw(st.lists(st.sampled_from(["new", "新"]), max_size=2))
        texts.append(copied)
    return {n: " ".join(words) for n, words in enumerate(texts)}


@given(crowds(), st.sampled_from([0.5, 0.6, 0.7, 0.75, 0.9, 1.0]), st.sets(st.integers(0, 7)))
def test_the_index_finds_what_comparing_every_pair_finds(texts: dict[int, str], least: float, mine: set[int]) -> None:
    expected: dict[int, set[tuple[int, float]]] = {}
    for a, b in combinations(texts, 2):
        one, other = shingles(texts[a]), shingles(texts[b])
        if one and other and (share := len(one & other) / len(one | other)) >= least:
            for entry, like in ((a, b), (b, a)):
                if entry in mine:
                    expected.setdefault(entry, set()).add((like, share))
    found = near_duplicates(texts, mine, least)
    assert {entry: {(like.entry_id, like.share) for like in likes} for entry, likes in found.items()} == expected


def test_a_few_changed_words_are_seen_through_in_both_languages() -> None:
    texts = {
        1: BASE, 2: BASE.replace("night", "noon").upper(), 3: BASE_ZH, 4: BASE_ZH.replace("并及时", "及时") + "。",
        5: "An entirely other plan: a vaccine for cattle that needs no cold chain and is given once in a life by farmers",
    }  # fmt: skip
    found = near_duplicates(texts, set(texts), 0.7)
    assert {entry: [like.entry_id for like in likes] for entry, likes in found.items()} == {
        1: [2],
        2: [1],
        3: [4],
        4: [3],
    }


def test_texts_too_short_to_say_anything_are_not_compared() -> None:
    assert near_duplicates({1: "A plan in a few words.", 2: "A plan in a few words."}, {1, 2}, 0.5) == {}


def test_another_process_with_another_hash_seed_finds_the_same_in_the_same_order() -> None:
    program = (
        "from rules.near_duplicates import near_duplicates\n"
        f"base = {BASE!r}.split()\n"
        "texts = {n: ' '.join([*base[:n], 'new', *base[n:]]) for n in range(12)}\n"
        "print(list(near_duplicates(texts, set(texts), 0.6).items()))"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path.cwd())},
            capture_output=True, check=True, text=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(answers) == 1
    assert "share" in answers.pop()


def test_likeness_is_asked_of_a_person_and_names_the_other_entry_to_staff_alone() -> None:
    like = (Like(8, 0.876, "2024-EU-LH-0008"),)
    facts = ScreeningFacts(7, (1,), frozenset({"plan"}), "master", like_persons=like, near_entries=like)
    found = screen(facts, EntryRules())
    assert found.decision == "undecided"
    assert [f.code for f in found.findings] == ["screening.like_person", "screening.near_duplicate"]
    for finding in found.findings:
        assert finding.staff is not None
        for read, told in ((finding.text.en, finding.staff.en), (finding.text.zh, finding.staff.zh)):
            assert "0008" not in read
            assert "%" not in read
            assert "2024-EU-LH-0008 (87 %)" in told
