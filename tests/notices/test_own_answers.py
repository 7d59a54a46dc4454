"""What became of a notice, read in Chinese as well as in English."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.text import Text
from notices import own_answers
from notices.own_answers import in_language
from notices.transport import ServerDown

OURS = {name: value for name, value in vars(own_answers).items() if isinstance(value, Text)}
VALUES = {"on": "2026-05-20", "most": "2", "words": "550 5.1.1 gone", "before": "250 OK; queued", "answer": "421 busy"}


@pytest.mark.parametrize("name", OURS)
def test_each_of_our_own_answers_is_read_in_chinese_with_its_values(name: str) -> None:
    text = OURS[name]
    assert in_language(text.en.format(**VALUES), "zh") == text.zh.format(**VALUES)
    assert in_language(text.en.format(**VALUES), "en") == text.en.format(**VALUES)


@given(st.text(max_size=200))
def test_the_words_of_a_mail_server_stay_as_they_are(words: str) -> None:
    assert in_language(f"250 {words}", "zh") == f"250 {words}"


def test_a_server_that_is_down_is_told_in_chinese_with_its_own_words() -> None:
    assert in_language(str(ServerDown("421 too busy")), "zh").startswith("邮件服务器暂不接收邮件：421 too busy。")
