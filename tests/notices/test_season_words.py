"""A season's own words: checked with the file, used in its mails; and the HTML part of every notice."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from models.errors import BadInput
from models.notice_words import NoticeWords, OwnWords
from models.text import LANGUAGES, Text
from notices.html import html_of
from notices.known import known_notices
from notices.render import Words, render, template_names
from notices.sample import sample
from rules.season_file import examine, read
from tests.seasons import SMALL

TEXT = SMALL.read_text(encoding="utf-8")


def with_words(words: str) -> str:
    return f"{TEXT}\nwords:\n{words}"


class _Text(HTMLParser):
    """The visible text of a document, its links, and whether every tag is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.links, self.open = "", list[str](), list[str]()
        self.in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "br"):
            self.open.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "title" not in self.open:
            self.text += data


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", template_names())
def test_the_html_of_a_notice_says_what_its_text_says(name: str, language: str) -> None:
    for full in (True, False):
        words = render(name, language, sample(name, full=full))
        page = _Text()
        context = sample(name, full=full)
        page.feed(html_of(words, language, "A season", (context.link, context.unsubscribe)))
        assert page.open == []
        said = page.text + " ".join(page.links)
        for word in re.findall(r"\d[\d:.,-]*", words.body):
            assert word in said
        ours = {link for link in (context.link, context.unsubscribe) if link}
        assert set(page.links) == {link for link in ours if link in words.body}
        letters = [c for c in words.body if c.isalpha()]
        assert len([c for c in page.text if c.isalpha()]) >= 0.6 * len(letters)


def test_values_cannot_become_markup() -> None:
    words = Words("<b>", 'Dear <script>alert(1)</script>,\n\n- <i>one</i>\n\nOpen: https://example.org/?a=1&b="x\n')
    html = html_of(words, "en", "<season>", ['https://example.org/?a=1&b="x'])
    named = Words(
        "Hello", "Dear Click: https://evil.example,\n\nYour project https://evil.example: https://ours.example/1.\n"
    )
    page = _Text()
    page.feed(html_of(named, "en", "A season", ["https://ours.example/1"]))
    assert page.links == ["https://ours.example/1"]
    assert "<script>" not in html
    assert "<i>" not in html
    assert 'b="x' not in html
    assert "<title>&lt;b&gt;</title>" in html
    assert "&lt;season&gt;" in html


def test_a_season_says_it_in_its_own_words_and_keeps_the_usual_ones_elsewhere() -> None:
    own = "  draft_reminder:\n    en: {subject: 'Finish {{ entry_title }}', body: 'It closes at {{ window_closes | clock }}.'}\n"
    file = read(with_words(own), "own.yaml", notices=known_notices())
    said = render("draft_reminder", "en", sample("draft_reminder"), file.words)
    assert said.subject == "Finish Nerve-guided prosthetic hand"
    assert "Dear Lin" in said.body
    assert "It closes at" in said.body
    assert render("draft_reminder", "zh", sample("draft_reminder"), file.words) == render(
        "draft_reminder", "zh", sample("draft_reminder")
    )


@pytest.mark.parametrize(
    ("name", "body", "code", "says"),
    [
        ("draft_remind", "Text", "words.unknown", "draft_remind"),
        ("draft_reminder", "{{ data.prize }}", "words.wrong", "prize"),
        ("draft_reminder", "{% if %}", "words.wrong", "draft_reminder"),
        ("draft_reminder", "{{ ''.__class__.__mro__ }}", "words.wrong", "draft_reminder"),
        # Given with all its values, and missing where a person has fewer.
        ("receipt", "{{ area_name }}", "words.wrong", "area_name"),
    ],
)
def test_own_words_that_would_fail_are_found_by_the_check_with_their_line(
    name: str, body: str, code: str, says: str
) -> None:
    text = with_words(f'  {name}:\n    en: {{subject: Hello, body: "{body}"}}\n')
    (wrong,) = [p for p in examine(text, "own.yaml", notices=known_notices()).problems if p.code.startswith("words")]
    assert wrong.code == code
    assert says in wrong.sentence.en
    assert wrong.line >= len(TEXT.splitlines())
    with pytest.raises(BadInput, match=r"own\.yaml"):
        read(text, "own.yaml", notices=known_notices())


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("{% for a in range(99999) %}{{ a }}{% endfor %}", "a call"),
        ("{% for a in link %}{% for b in link %}{{ a }}{% endfor %}{% endfor %}", "a 'for' within a 'for'"),
        ("{% for a in link recursive %}{{ a }}{% endfor %}", "a recursive 'for'"),
        ("{{ 'x' * 999999999 }}", "'*'"),
        ("{{ 9 ** 999999999 }}", "'**'"),
        ("{{ '%999999999d' % 1 }}", "'%'"),
        ("{{ '%999999999d' | format(1) }}", "the filter 'format'"),
        ("{{ link | center(999999999) }}", "the filter 'center'"),
        ("{{ link | join(link | join(link)) }}", "a 'join' within a 'join'"),
        ("{% set x = link %}{{ x }}", "'set'"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "'macro'"),
        ("{% include 'receipt' %}", "'include'"),
        ("{{ " + "(" * 9000 + "1" + ")" * 9000 + " }}", "brackets within brackets"),
    ],
)
def test_own_words_that_could_run_for_ever_or_fill_the_memory_are_refused_in_one_sentence(body: str, says: str) -> None:
    own = {"draft_reminder": NoticeWords(en=OwnWords(subject="Hello", body=body))}
    with pytest.raises(BadInput) as refused:
        render("draft_reminder", "en", sample("draft_reminder"), own)
    assert f"uses {says}" in refused.value.sentence


def test_own_words_may_choose_repeat_and_join() -> None:
    body = (
        "{% if data.eligible and area_name is defined %}{{ area_name | upper }}{% else %}no{% endif %}: "
        "{% for finding in data.findings %}{{ loop.index }}. {{ finding }}; {% endfor %}"
        "{{ data.findings | join(', ') }} {{ 'one' if data.findings | length == 1 else 'more' }} {{ data['eligible'] }}"
    )
    words = OwnWords(subject="Hello", body=body)
    own = {"screening_result": NoticeWords(en=words, zh=words)}
    context = sample("screening_result")
    for language in LANGUAGES:
        findings = [finding.in_language(language) for finding in context.data["findings"]]
        said = render("screening_result", language, context, own).body
        assert f"1. {findings[0]}" in said
        assert ", ".join(findings) in said
    eligible = replace(context, data={**context.data, "eligible": True}, area_name=Text(en="London hub", zh="伦敦"))
    assert "LONDON HUB: 1." in render("screening_result", "en", eligible, own).body
    assert "伦敦: 1." in render("screening_result", "zh", eligible, own).body


def test_a_language_that_is_left_out_keeps_the_usual_words() -> None:
    only = NoticeWords(zh=OwnWords(subject="标题", body="正文"))
    assert only.of("zh-CN") is not None
    assert only.of("en") is None
