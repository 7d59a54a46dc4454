"""Every notice, in both languages."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from models.errors import BadInput, NotFound
from models.text import LANGUAGES
from notices.context import FIELDS, NoticeContext
from notices.render import FOLDER, check_templates, render, template_names
from notices.sample import sample

_CJK = re.compile(r"[\u4e00-\u9fff]")
_EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_FILES = [(name, language) for name in sorted(FIELDS) for language in LANGUAGES]


def test_every_template_exists_in_both_languages_and_renders() -> None:
    check_templates()
    assert set(template_names()) == FIELDS.keys()
    for language in LANGUAGES:
        files = {path.stem for path in (FOLDER / language).glob("*.jinja")}
        assert files == FIELDS.keys() | {"_frame"}


@pytest.mark.parametrize(("name", "language"), _FILES)
def test_a_notice_says_all_that_it_may_in_its_own_language(name: str, language: str) -> None:
    words = render(name, language, sample(name))
    season = "2024海外人才创业大赛" if language == "zh" else "Overseas Talent Competition 2024"
    assert words.body.rstrip("\n").endswith(season)
    assert "Lin 琳" in words.body.split("\n")[0]
    assert "\n\n\n" not in words.body
    assert words.body.endswith("\n")
    assert words.subject == words.subject.strip() != ""
    assert "\n" not in words.subject
    assert "None" not in words.body
    assert "{" not in words.body + words.subject
    assert "link" not in FIELDS[name].needs | FIELDS[name].may or "https://season.example.org/do/1" in words.body


@pytest.mark.parametrize(("name", "language"), _FILES)
def test_a_value_that_a_notice_needs_is_never_missing_in_a_mailbox(name: str, language: str) -> None:
    whole = sample(name)
    for field in FIELDS[name].needs:
        if field.startswith("data."):
            data = {key: value for key, value in whole.data.items() if key != field.removeprefix("data.")}
            poorer = replace(whole, data=data)
        else:
            poorer = replace(whole, **{field: None})
        with pytest.raises(BadInput, match=field.removeprefix("data.")):
            render(name, language, poorer)


@pytest.mark.parametrize(("name", "language"), _FILES)
def test_a_template_names_exactly_the_values_described_for_it(name: str, language: str) -> None:
    source = (FOLDER / language / f"{name}.jinja").read_text("utf-8")
    code = " ".join(_EXPRESSION.findall(source))
    named = set(re.findall(r"\bdata\.\w+", code))
    named |= {field for field in NoticeContext.__dataclass_fields__ if re.search(rf"(?<![\w.\"]){field}\b", code)}
    described = FIELDS[name].needs | FIELDS[name].may
    assert named - {"season_name", "person_name", "data"} <= described
    if language == "en":
        assert described <= named


@pytest.mark.parametrize("name", [*sorted(FIELDS), "_frame"])
def test_no_sentence_is_left_in_the_other_language(name: str) -> None:
    english = _EXPRESSION.sub("", (FOLDER / "en" / f"{name}.jinja").read_text("utf-8"))
    chinese = _EXPRESSION.sub("", (FOLDER / "zh" / f"{name}.jinja").read_text("utf-8"))
    assert not _CJK.search(english)
    assert _CJK.search(chinese)
    assert not re.search(r"[A-Za-z]{2,}", chinese.removeprefix("Subject: "))


def test_every_outcome_has_words_of_its_own() -> None:
    for name, key, values in (
        ("selection_result", "decision", ("selected", "wild_card", "waiting", "not_selected")),
        ("negotiation_outcome", "outcome", ("landed", "failed", "declined", "expired")),
        ("objection_decided", "decision", ("upheld", "dismissed")),
        ("screening_result", "eligible", (True, False)),
    ):
        for language in LANGUAGES:
            bodies = {render(name, language, sample(name, full=False, **{key: value})).body for value in values}
            assert len(bodies) == len(values)


def test_a_new_date_names_the_old_one_and_says_when_it_is_earlier() -> None:
    later = render("window_extended", "en", sample("window_extended", full=False))
    assert "New: 31 May 2024 24:00 (Asia/Shanghai, UTC+8)" in later.body
    assert "Old, no longer valid: 24 May 2024 24:00 (Asia/Shanghai, UTC+8)" in later.body
    assert "earlier" not in later.body
    earlier = sample("window_extended", full=False, old=datetime(2024, 6, 7, 16, tzinfo=UTC))
    assert "earlier than before" in render("window_extended", "en", earlier).body


def test_one_entry_is_not_several() -> None:
    assert render("assignment", "en", sample("assignment", count=1)).subject.startswith("1 entry to review")
    assert render("assignment", "en", sample("assignment", count=2)).subject.startswith("2 entries to review")


def test_a_value_can_forge_neither_a_header_nor_a_paragraph_nor_a_template() -> None:
    title = "Hand\r\nBcc: all@example.org\n\n\u2028{{ 7 * 7 }}{% raw %}"
    words = render("draft_reminder", "en", replace(sample("draft_reminder"), entry_title=title))
    assert "\r" not in words.subject + words.body
    assert "\n" not in words.subject
    assert '"Hand Bcc: all@example.org {{ 7 * 7 }}{% raw %}"' in words.body


def test_an_empty_value_counts_as_missing() -> None:
    with pytest.raises(BadInput, match="entry_title"):
        render("receipt", "en", replace(sample("receipt"), entry_title=""))


def test_an_unknown_notice_and_a_naive_instant_are_refused() -> None:
    with pytest.raises(NotFound, match="no_such"):
        render("no_such", "en", sample("receipt"))
    with pytest.raises(NotFound):
        render("../en/receipt", "en", sample("receipt"))
    with pytest.raises(BadInput, match="window_closes"):
        NoticeContext(season_name="S", person_name="P", window_closes=datetime(2024, 5, 31))
    with pytest.raises(BadInput, match="no time zone"):
        render("receipt", "en", sample("receipt", at="2024-05-31T16:00:00"))


def test_any_chinese_is_chinese_and_any_other_language_english() -> None:
    assert "您好" in render("receipt", "zh-Hans", sample("receipt")).body
    assert "Dear" in render("receipt", "fr", sample("receipt")).body
