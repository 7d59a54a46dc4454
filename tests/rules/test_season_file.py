"""Reading a season file, and being told what is wrong with its form."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from models.errors import BadInput
from models.season import DefenceStage, RegistrationStage, SelectionStage
from rules.season_file import load, problems, read
from rules.season_source import parse
from tests.rules.planted import REFERENCE, SEASONS, TEXT, found, line_of, planted, stage

SHIPPED = sorted(SEASONS.rglob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_season_can_start(path: Path) -> None:
    assert [
        p.told(path.name) for p in problems(path.read_text(encoding="utf-8"), path.name) if p.severity == "error"
    ] == []
    assert load(path).id == path.stem


def test_at_least_five_seasons_are_shipped() -> None:
    assert len(SHIPPED) >= 5
    assert len({load(path).number_prefix for path in SHIPPED}) == len(SHIPPED)


def test_the_reference_season_is_the_announcement() -> None:
    season = load(REFERENCE)
    assert season.theme is not None
    assert season.theme.en == "Innovation Leading, Dreaming about the Future"
    assert [len(t.fields) for t in season.tracks] == [8, 8, 5, 9, 14]
    assert [a.kind for a in season.areas].count("overseas") == 13
    assert [a.kind for a in season.areas].count("domestic") == 1
    registration = season.stage("registration")
    assert isinstance(registration, RegistrationStage)
    assert registration.closes == date(2024, 5, 31)
    assert {o.name.en for o in season.organisers} == {
        "China Association for Science and Technology",
        "People's Government of the Guangxi Zhuang Autonomous Region",
    }


def test_the_examples_show_each_form_of_competition() -> None:
    by_name = {path.stem: load(path) for path in SHIPPED}
    assert [a.code for a in by_name["campus-2025"].areas] == ["ALL"]
    assert [s.kind for s in by_name["ladder-2025"].stages].count("review") == 3
    finals = [s for s in by_name["ladder-2025"].stages if isinstance(s, DefenceStage) and s.scope == "season"]
    assert len(finals) == 3
    assert any(t.groups for t in by_name["harbour-2025"].tracks)
    assert any(s.wild_cards for s in by_name["harbour-2025"].stages if isinstance(s, SelectionStage))
    assert [s.kind for s in by_name["twin-2025"].stages].count("registration") == 2


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_season_goes_through_json_unchanged(path: Path) -> None:
    season = load(path)
    assert type(season).model_validate(season.model_dump(mode="json")) == season


def test_an_instant_with_an_offset_stays_that_instant() -> None:
    text = planted("closes: 2024-05-31", "closes: 2024-05-31T18:00:00+02:00", after=stage("registration"))
    registration = read(text, "season.yaml").stage("registration")
    assert isinstance(registration, RegistrationStage)
    assert isinstance(registration.closes, datetime)
    assert registration.closes.astimezone(UTC) == datetime(2024, 5, 31, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("old", "new", "after", "code", "path", "value", "remedy"),
    [
        ("    max_load: 40", "    max_laod: 40", stage("review"), "form.extra_forbidden", "stages.review.max_laod", "40", "'max_load'"),
        ("    rubric: online\n", "\n", stage("review"), "form.missing", "stages.review.rubric", None, "Add 'rubric:'"),
        ("kind: review", "kind: reviews", stage("review"), "form.union_tag_invalid", "stages.review", None, "'review'"),
        ("    kind: review\n", "\n", stage("review"), "form.union_tag_not_found", "stages.review", None, "screening"),
        ("2024-06-04 18:00", "2024-06-31 18:00", stage("review"), "form.value_error", "stages.review.opens", "2024-06-31 18:00", "2024-05-31"),
        ("replace_silent: 2d", "replace_silent: 2 days", stage("review"), "form.value_error", "stages.review.replace_silent", "2 days", "1d12h"),
        ("judges_per_entry: 3", "judges_per_entry: three", stage("review"), "form.int_parsing", "stages.review.judges_per_entry", "three", "whole number"),
        ("judges_per_entry: 3", "judges_per_entry: 0", stage("review"), "form.greater_than_equal", "stages.review.judges_per_entry", "0", "1 or more"),
        ("weight: 35", "weight: 36", "rubrics:", "form.value_error", "rubrics.online", None, "weights"),
        ("format: hybrid", "format: hybird", "- code: EU", "form.literal_error", "areas.EU.format", "hybird", "'hybrid'"),
        ('country: "BE"', 'country: "be"', "- code: EU", "form.string_pattern_mismatch", "areas.EU.seat.country", "be", "capital letters"),
        ('number_prefix: "2024"', "number_prefix: 2024", "", "form.string_type", "number_prefix", "2024", "quotes"),
        ("name: {en: Europe, zh: 欧洲}", "name: Europe", "- code: EU", "form.model_type", "areas.EU.name", "Europe", "{en: …, zh: …}"),
        ("name: {en: Europe, zh: 欧洲}", "name: {en: Europe}", "- code: EU", "form.missing", "areas.EU.name.zh", None, "Add 'zh:'"),
        ("documents: [plan]", "documents: plan", "entry_rules:", "form.tuple_type", "entry_rules.documents", "plan", "list"),
        ("drafts, before: 14d", "draughts, before: 14d", stage("registration"), "form.literal_error", "stages.registration.reminders[2].to", "draughts", "'drafts'"),
    ],
)  # fmt: skip
def test_a_fault_of_form_is_told_with_its_line_field_value_and_remedy(
    old: str, new: str, after: str, code: str, path: str, value: str | None, remedy: str
) -> None:
    text = planted(old, new, after=after)
    problem = found(text, code)
    assert problem.severity == "error"
    assert problem.path == path
    assert problem.value == value
    assert remedy in problem.remedy.en
    assert problem.sentence.zh
    assert problem.remedy.zh
    if new.strip() and value is not None:
        assert problem.line == line_of(text, new.strip().split(":")[0], after=after)


@pytest.mark.parametrize(
    "wild", ["", "[]", "{}", "-1", "0001-01-01", "9999-12-31", "99999999999999999999", "2024-13-01"]
)
@pytest.mark.parametrize(
    "field", ["opens: 2024-06-04 18:00", "closes: 2024-05-31", "answer_within: 14d", "every: 180d"]
)
def test_a_wild_value_is_a_problem_and_no_crash(field: str, wild: str) -> None:
    text = planted(field, f"{field.split(':')[0]}: {wild}")
    assert problems(text, "season.yaml")


def test_what_is_missing_is_told_at_the_part_that_lacks_it() -> None:
    text = planted("    rubric: online\n", "\n", after=stage("review"))
    assert found(text, "form.missing").line == line_of(text, "- id: review")


def test_all_faults_are_told_at_once() -> None:
    text = planted("judges_per_entry: 3", "judges_per_entry: 0", after=stage("review"))
    text = text.replace("zone: Europe/Brussels", "zoen: Europe/Brussels").replace("team_max: 5", "team_max: many")
    assert {p.path for p in problems(text, "season.yaml")} == {
        "areas.EU.zoen", "areas.EU.zone", "entry_rules.team_max", "stages.review.judges_per_entry",
    }  # fmt: skip


def test_a_refusal_names_file_line_field_value_and_remedy() -> None:
    text = planted("judges_per_entry: 3", "judges_per_entry: 0", after=stage("review"))
    with pytest.raises(BadInput) as refused:
        read(text, "my.yaml")
    line = line_of(text, "judges_per_entry: 0")
    assert f"my.yaml:{line}: stages.review.judges_per_entry: 'judges_per_entry' is 0" in refused.value.sentence
    assert "Write 1 or more." in refused.value.sentence
    assert "season check my.yaml" in refused.value.remedy


def test_a_season_that_cannot_be_held_is_refused_as_well() -> None:
    text = planted("panel_size: 5", "panel_size: 50", after=stage("defence"))
    with pytest.raises(BadInput, match="panel_size"):
        read(text, "my.yaml")


def test_warnings_keep_nobody_from_starting() -> None:
    assert problems(TEXT, "season.yaml")
    assert read(TEXT, "season.yaml").id == "cotiec-2024"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("id: a\n  name: b", "my.yaml:2"),
        ("id: a\nid: b", "my.yaml:2"),
        ("name: {en: a", "my.yaml:"),
        ("- a\n- b", "no season file"),
        ("", "no season file"),
        ("a: \x00", "YAML"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_line(text: str, word: str) -> None:
    with pytest.raises(BadInput, match=word):
        problems(text, "my.yaml")


def test_a_file_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="There is no file"):
        load(tmp_path / "none.yaml")
    with pytest.raises(BadInput, match="cannot be read"):
        load(tmp_path)
    (tmp_path / "gbk.yaml").write_bytes("名".encode("gbk"))
    with pytest.raises(BadInput, match="UTF-8"):
        load(tmp_path / "gbk.yaml")


def test_the_line_of_a_field_that_is_not_written_is_that_of_the_part_around_it() -> None:
    source = parse("a:\n  b:\n    - c: 1\n    - d: 2\n", "x")
    assert [source.line(p) for p in ((), ("a",), ("a", "b", 1), ("a", "b", 1, "d"), ("a", "b", 1, "e"))] == [
        1,
        1,
        4,
        4,
        4,
    ]
