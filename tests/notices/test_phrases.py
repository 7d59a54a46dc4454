"""The sentences of the log."""

from __future__ import annotations

import re

import pytest

from models.states import EntryState, WindowState
from models.text import LANGUAGES, Text
from notices.phrases import PHRASES, STAGE_KIND_WORDS, STATE_WORDS, WINDOW_WORDS, sentence

_CJK = re.compile(r"[\u4e00-\u9fff]")
FULL = {
    "number": "2024-EU-LH-0042",
    "stage": Text(en="Registration", zh="报名"),
    "closes_at": "2024-05-31T16:00:00+00:00",
    "starts_at": "2024-06-29T07:00:00+00:00",
    "until": "2024-05-31T16:00:00+00:00",
    "old": "2024-05-24T16:00:00+00:00",
    "new": "2024-05-31T16:00:00+00:00",
    "rank": 2,
    "division": "LH",
    "score": "87.50",
    "count": 3,
    "read": 8,
    "added": 4,
    "changed": 2,
    "known": 1,
    "bad": 1,
    "was": 3,
    "quota": 5,
    "judge": "12",
    "place": {"en": "Nanshan", "zh": "南山区"},
    "prize": Text(en="First prize", zh="一等奖"),
    "by": "ops",
    "notice": "receipt",
    "answer": "250 OK",
    "status": "5.1.1",
    "sent": 7,
    "failed": 1,
    "skipped": 2,
    "hook": 3,
    "kind": Text(en="project plan", zh="项目计划书"),
    "zone": "Asia/Shanghai",
    "findings": [Text(en="No plan", zh="缺计划书"), Text(en="Six people", zh="团队六人")],
}


@pytest.mark.parametrize("event", sorted(PHRASES))
def test_every_event_has_a_whole_sentence_in_both_languages(event: str) -> None:
    english, chinese = (sentence(event, FULL, language) for language in LANGUAGES)
    assert re.fullmatch(r"[A-Z].*\.", english)
    assert chinese.endswith("。")
    assert not _CJK.search(english)
    assert _CJK.search(chinese)
    assert not set("[]{}…") & set(english + chinese)


@pytest.mark.parametrize("event", sorted(PHRASES))
def test_a_sentence_never_fails_for_missing_values(event: str) -> None:
    for language in LANGUAGES:
        words = sentence(event, {}, language)
        assert not set("[]{}") & set(words)
        assert words[-1] in ".。"


def test_what_is_missing_is_shown_and_what_is_optional_left_out() -> None:
    assert sentence("window.extended", {"stage": "registration"}, "en") == "registration was extended from … to …."
    assert sentence("window.opened", {"window": "s/EU/registration"}, "en") == "s/EU/registration opened."


def test_deadlines_are_written_in_the_zone_asked_for() -> None:
    words = sentence("window.extended", FULL, "zh")
    assert (
        words
        == "报名的截止时间由 2024年5月24日 24:00（北京时间，UTC+8） 延长至 2024年5月31日 24:00（北京时间，UTC+8）。"
    )
    assert "31 May 2024 16:00 (UTC)" in sentence("window.extended", {**FULL, "zone": ""}, "en")


def test_reason_and_rule_follow_where_they_are_known() -> None:
    given = {"reason": "Ends in a dot.", "rule": "quota {rank} [x]"}
    assert sentence("selection.waiting", given, "en") == (
        "On the waiting list. Reason: Ends in a dot. Rule: quota {rank} [x]."
    )
    assert sentence("selection.waiting", {"reason": "名额已满。"}, "zh") == "列入候补名单。理由：名额已满。"


def test_an_unknown_event_is_shown_by_its_code() -> None:
    assert sentence("entry.sent_back", {"reason": "a page is missing"}, "en") == (
        "entry: sent back. Reason: a page is missing."
    )


def test_several_findings_are_listed() -> None:
    assert sentence("entry.ineligible", FULL, "en") == "The project does not meet the entry rules: No plan; Six people."


def test_every_state_and_kind_has_its_word() -> None:
    assert set(STATE_WORDS) == set(EntryState)
    assert set(WINDOW_WORDS) == set(WindowState)
    assert len(STAGE_KIND_WORDS) == 13
