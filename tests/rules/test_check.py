"""Each check finds the fault planted for it, on its line, and says what to do."""

from __future__ import annotations

import pytest

from rules.checks.notices import KnownNotices
from rules.season_file import examine, problems
from tests.rules.planted import TEXT, found, line_of, planted, stage, unplanted

EU, REG, REV, DEF, SEL, FIN = (
    "- code: EU",
    *(stage(s) for s in ("registration", "review", "defence", "selection", "finals")),
)
EXHIBITION, MATCHING, TRACKING = stage("exhibition"), stage("matching"), stage("tracking")

ERRORS = [
    # what is replaced, by what, behind what; code; a word of the sentence; a word of the remedy
    ("closes: 2024-05-31", "closes: 2024-04-01", REG, "window.backwards", "before it opens", "later than 'opens'"),
    ("closes: 2024-06-29 20:00", "closes: 2024-06-29 07:00", EU, "window.backwards", "in EU", "later"),
    ("ends: 2024-07-17 17:00", "ends: 2024-07-14 17:00", EXHIBITION, "event.backwards", "before it starts", "later"),
    ("opens: 2024-06-04 18:00", "opens: 2024-06-03 18:00", REV, "stage.overlap", "'screening' before it closes", "overlaps: true"),
    ("zone: Europe/Brussels", "zone: Europe/Brusels", EU, "zone.unknown", "'Europe/Brusels'", "Europe/Brussels"),
    ("zone: Asia/Shanghai", "zone: Beijing", "", "zone.unknown", "'Beijing'", "IANA"),
    ("    zone: area", "    zone: Asia/Tokio", DEF, "zone.unknown", "'Asia/Tokio'", "Asia/Tokyo"),
    ("places: 42", "places: 41", FIN, "quota.above_places", "may select 42", "42 places or more"),
    ("wild_cards: 1", "wild_cards: 2", SEL, "quota.above_places", "wild cards included", "lower the quotas"),
    ("panel_size: 5", "panel_size: 21", DEF, "panel.above_judges", "21 judges", "Write 20 or fewer"),
    ("judges_per_entry: 3", "judges_per_entry: 25", REV, "panel.above_judges", "25 judges", "'judges' of the area"),
    ("panel_size: 7", "panel_size: 500", FIN, "panel.above_judges", "the whole season", "fewer"),
    ("rubric: online", "rubric: onlin", REV, "rubric.unknown", "'onlin'", "'online'"),
    ("by: defence", "by: defense", SEL, "by.unknown", "'defense'", "'defence'"),
    ("by: defence", "by: screening", SEL, "by.no_round", "no scores", "Use one of"),
    ("by: defence", "by: finals", SEL, "by.later", "comes after", "review"),
    ("quota: {default: 2}", "quota: {default: 2, LX: 2}", SEL, "quota.unknown", "'LX'", "default, LH, DE, GL, AM, FC"),
    ("quota: {default: 2}", "quota: {default: -2}", SEL, "quota.negative", "-2", "0 or more"),
    ("      defence:", "      defense:", EU, "override.unknown", "'defense'", "'defence'"),
    ("      defence:", "      shortlist: {closes: 2024-06-30}\n      defence:", EU, "override.unfit", "cannot change 'closes'", "quota"),
    ("code: DE", "code: LH", "tracks:", "code.twice", "used twice", "its own code"),
    ("code: UK", "code: EU", "areas:", "code.twice", "used twice", "its own code"),
    ("id: shortlist", "id: selection", "", "code.twice", "used twice", "its own id"),
    ("code: second", "code: first", stage("awards"), "code.twice", "used twice", "its own code"),
    ("after: [30d, 90d,", "after: [90d, 30d,", TRACKING, "tracking.order", "30d", "rising order"),
    ("after: [30d,", "after: [-5,", TRACKING, "tracking.order", "-5s", "above 0"),
    ("    every: 180d\n", "", MATCHING, "matching.every", "3 rounds", "Add 'every:'"),
    ("answer_within: 14d", "answer_within: 200d", MATCHING, "matching.answer", "200d", "close_after"),
    ("follow_up_every: 45d", "follow_up_every: 0", MATCHING, "span.nothing", "0s", "3d or 12h"),
]  # fmt: skip
WARNINGS = [
    ("closes: 2024-05-31", "closes: 2024-05-20", REG, "stage.gap", "Nothing is open", "if it is meant"),
    ("closes: 2024-07-05 18:00", "closes: 2024-07-07 18:00", stage("public-notice"), "day.weekend", "Sunday", "working day"),
    ("to: places, before: 3d", "to: places, before: 30d", MATCHING, "reminder.before_opening", "30d", "less than 14d"),
    ("drafts, before: 14d", "drafts, before: 90d", REG, "reminder.before_opening", "90d", "Write less than"),
    ("replace_silent: 2d", "replace_silent: 40d", REV, "reminder.before_opening", "40d", "Write less than"),
    ("drafts, before: 14d", "drafts, before: 3d", REG, "reminder.twice", "twice", "Remove one"),
    ("closes: 2024-07-12 12:00", "closes: 2024-07-16", EXHIBITION, "event.confirmed_late", "after it has started", "before the event"),
    ("first_round: 2024-08-01", "first_round: 2024-07-02", MATCHING, "results.late", "before the results", "after"),
    ("closes: 2024-06-28", "closes: 2024-09-30", stage("needs"), "needs.late", "after the first matching round", "Close 'needs'"),
    ("quota: {default: 2}", "quota: {LH: 2, DE: 2, GL: 2, AM: 2}", SEL, "quota.missing", "in FC", "default"),
    ("    scope: season", "    scope: season\n    zone: area", stage("confirmation"), "zone.of_no_area", "season-wide", "Asia/Shanghai"),
    ("entries_per_session: 14", "entries_per_session: 60", FIN, "session.long", "15h", "fewer"),
    ("each: 6", "each: 60", stage("awards"), "prizes.above_finalists", "66 prizes", "fewer prizes"),
    ("illustrative: [leader_degree]", "illustrative: [leader_degre]", "entry_rules:", "illustrative.unknown", "'leader_degre'", "'leader_degree'"),
]  # fmt: skip


ELSEWHERE = {
    # a planted text: behind what, and at which field, its fault is told
    "wild_cards: 2": (FIN, "places:"),
    "      shortlist: {closes: 2024-06-30}\n      defence:": (EU, "closes: 2024-06-30"),
    "id: selection": ("by: review", "- id: selection"),
    "": (MATCHING, "rounds:"),
    "closes: 2024-05-20": (stage("screening"), "opens:"),
    "drafts, before: 3d": (REG, "drafts, before: 3d, template: draft_reminder}\n      - {to: drafts, before: 1d"),
    "each: 60": (stage("awards"), "prizes:"),
}


def line_to_change(text: str, old: str, new: str, after: str) -> int:
    """The line of a planted fault: its own, or that of the field which it makes untenable."""
    if new in ELSEWHERE:
        behind, field = ELSEWHERE[new]
        return line_of(text, field, after=behind)
    return text[: TEXT.index(old, TEXT.index(after)) + len(new) - 1].count("\n") + 1


@pytest.mark.parametrize(("old", "new", "after", "code", "says", "remedy"), ERRORS, ids=lambda value: str(value)[:30])
def test_an_error_is_told_with_its_line_and_remedy(
    old: str, new: str, after: str, code: str, says: str, remedy: str
) -> None:
    text = planted(old, new, after=after)
    wrong = [p for p in problems(text, "season.yaml") if p.code == code]
    assert wrong, [(p.code, p.path) for p in problems(text, "season.yaml")]
    assert line_to_change(text, old, new, after) in [p.line for p in wrong]
    assert wrong[0].severity == "error"
    assert says in wrong[0].sentence.en
    assert remedy in wrong[0].remedy.en
    assert wrong[0].sentence.zh != wrong[0].sentence.en
    assert wrong[0].remedy.zh != wrong[0].remedy.en


@pytest.mark.parametrize(
    ("old", "new", "after", "code", "says", "remedy"),
    WARNINGS,
    ids=lambda value: str(value)[:30],
)
def test_a_warning_is_told_with_its_line_and_remedy(
    old: str, new: str, after: str, code: str, says: str, remedy: str
) -> None:
    text = planted(old, new, after=after)
    known = {(p.code, p.path) for p in unplanted()}
    wrong = [p for p in problems(text, "season.yaml") if p.code == code and (p.code, p.path) not in known]
    assert wrong, [(p.code, p.path) for p in problems(text, "season.yaml")]
    assert line_to_change(text, old, new, after) in [p.line for p in wrong]
    assert wrong[0].severity == "warning"
    assert says in wrong[0].sentence.en
    assert remedy in wrong[0].remedy.en
    assert wrong[0].sentence.zh != wrong[0].sentence.en


def known(needs: dict[str, frozenset[str]]) -> KnownNotices:
    """Notices of a test's own, with nothing to say against own words."""
    return KnownNotices(needs, lambda *_: "")


@pytest.mark.parametrize(
    ("old", "new", "after", "code", "needle"),
    [
        ("closes: 2024-05-31", "closes: 2024-04-01", REG, "window.backwards", "closes:"),
        ("closes: 2024-06-29 20:00", "closes: 2024-06-29 07:00", EU, "window.backwards", "defence: {"),
        ("zone: Europe/Brussels", "zone: Mars", EU, "zone.unknown", "zone:"),
        ("places: 42", "places: 1", FIN, "quota.above_places", "places:"),
        ("panel_size: 5", "panel_size: 99", DEF, "panel.above_judges", "panel_size:"),
        ("by: finals", "by: final", stage("awards"), "by.unknown", "by:"),
        ("template: match_reminder", "template: match_remind", MATCHING, "template.unknown", "template:"),
        ("code: UK", "code: EU", "- code: EU", "code.twice", "- code: EU\n    name: {en: United"),
    ],
)
def test_the_line_is_the_one_to_change(old: str, new: str, after: str, code: str, needle: str) -> None:
    text = planted(old, new, after=after)
    wrong = [
        p
        for p in examine(text, "season.yaml", notices=known({"match_reminder": frozenset()})).problems
        if p.code == code
    ]
    assert line_of(text, needle, after=after) in [p.line for p in wrong]


@pytest.mark.parametrize(
    ("wall", "code", "says"),
    [("2024-03-31 02:30", "hour.missing", "does not exist"), ("2024-10-27 02:30", "hour.twice", "exists twice")],
)
def test_a_deadline_in_an_hour_that_is_skipped_or_repeated_is_an_error(wall: str, code: str, says: str) -> None:
    text = planted("opens: 2024-06-29 08:00", f"opens: {wall}", after=EU)
    problem = found(text, code)
    assert problem.severity == "error"
    assert problem.line == line_of(text, wall)
    assert says in problem.sentence.en
    assert "Europe/Brussels" in problem.sentence.en
    assert "offset" in problem.remedy.en


def test_with_its_offset_written_the_repeated_hour_is_no_problem() -> None:
    text = planted("opens: 2024-06-29 08:00", "opens: 2024-10-27T02:30+02:00", after=EU)
    assert "hour.twice" not in {p.code for p in problems(text, "season.yaml")}


def test_a_deadline_on_a_public_holiday_is_a_warning_in_the_country_of_the_area() -> None:
    text = planted("closes: 2024-06-20", "closes: 2024-06-10", after=REV)
    wrong = [p for p in problems(text, "season.yaml") if p.code == "day.holiday"]
    assert [p.severity for p in wrong] == ["warning"] * len(wrong)
    dragon_boat = next(p for p in wrong if "Dragon Boat" in p.sentence.en)
    assert "CN" in dragon_boat.sentence.en
    assert "端午节" in dragon_boat.sentence.zh
    assert dragon_boat.line == line_of(text, "closes: 2024-06-10")


def test_a_close_at_midnight_belongs_to_the_day_that_ends() -> None:
    # Friday 31 May 24:00 is no deadline on Saturday.
    assert not [p for p in unplanted() if p.path == "stages.registration.closes"]


def test_a_country_without_a_known_calendar_is_left_alone() -> None:
    text = planted('country: "BE"', 'country: "XX"', after=EU)
    assert not [p for p in problems(text, "season.yaml") if p.severity == "error"]


def test_a_stage_may_overlap_where_the_file_says_so() -> None:
    text = planted("opens: 2024-06-04 18:00", "opens: 2024-06-03 18:00\n    overlaps: true", after=REV)
    assert "stage.overlap" not in {p.code for p in problems(text, "season.yaml")}


LATE = """  - id: late-registration
    kind: registration
    name: {{en: Late registration, zh: 补报名}}
    opens: 2024-05-06
    closes: {}
    overlaps: true

"""


def with_late_registration(closes: str, *, registration: str = "2024-05-31") -> str:
    """The reference season with a second registration that runs beside the first, which closes at the end of a day."""
    text = planted("closes: 2024-05-31", f"closes: {registration}", after=REG)
    at = text.index(stage("screening"))
    return text[:at] + LATE.format(closes) + text[at:]


def test_behind_a_stage_that_may_overlap_the_longer_one_before_it_still_counts() -> None:
    problem = found(with_late_registration("2024-05-31", registration="2024-06-02"), "stage.overlap")
    assert problem.path == "stages.screening.opens"
    assert "'registration' before it closes" in problem.sentence.en


def test_a_short_stage_beside_a_longer_one_leaves_no_gap() -> None:
    gaps = {p.path for p in problems(with_late_registration("2024-05-15"), "season.yaml") if p.code == "stage.gap"}
    assert gaps == {p.path for p in unplanted() if p.code == "stage.gap"}


def test_needs_and_events_run_beside_the_stages() -> None:
    assert "stage.overlap" not in {p.code for p in unplanted()}


def test_a_season_wide_stage_before_the_areas_stages_is_an_error() -> None:
    text = planted("    kind: screening\n", "    kind: screening\n    scope: season\n")
    problem = found(text, "stage.order")
    assert problem.line == line_of(text, "- id: screening")
    assert "areas come first" in problem.sentence.en


def test_a_selection_in_each_area_cannot_rank_by_a_season_wide_round() -> None:
    text = planted("    zone: area\n", "    scope: season\n", after=DEF)
    assert found(text, "by.scope").path == "stages.selection.by"


def without(name: str) -> str:
    """The reference season without a stage."""
    start = TEXT.index(stage(name))
    end = TEXT.find("  - id: ", start + 5)
    return TEXT[:start] + (TEXT[end:] if end > 0 else "")


@pytest.mark.parametrize(
    ("name", "code"),
    [("needs", "matching.alone"), ("matching", "tracking.alone"), ("registration", "registration.missing")],
)
def test_a_stage_that_is_nothing_without_another_is_an_error(name: str, code: str) -> None:
    assert found(without(name), code).severity == "error"


def test_a_second_matching_is_an_error() -> None:
    start, end = TEXT.index(MATCHING), TEXT.index(TRACKING)
    text = TEXT[:end] + TEXT[start:end].replace("id: matching", "id: rematching") + TEXT[end:]
    assert found(text, "stage.once").path == "stages.rematching.kind"


def test_a_selection_that_keeps_more_than_came_through_is_a_warning() -> None:
    text = planted("quota: {default: 6}", "quota: {default: 6, GL: 0}", after=stage("shortlist"))
    text = text.replace("wild_cards: 2", "wild_cards: 0")
    problem = found(text, "quota.above_earlier")
    assert "GL" in problem.sentence.en
    assert problem.line == line_of(text, "quota:", after=SEL)


def test_an_unknown_notice_is_an_error_where_the_notices_are_known() -> None:
    text = planted("template: match_reminder", "template: match_remind", after=MATCHING)
    assert "template.unknown" not in {p.code for p in problems(text, "season.yaml")}
    wrong = [
        p
        for p in examine(text, "s", notices=known({"match_reminder": frozenset()})).problems
        if p.code == "template.unknown"
    ]
    assert any("'match_reminder'" in p.remedy.en for p in wrong)


def test_problems_come_in_the_order_of_the_lines() -> None:
    lines = [p.line for p in problems(TEXT.replace("zone: Asia/Shanghai", "zone: Nowhere"), "season.yaml")]
    assert lines == sorted(lines)


def test_a_notice_that_needs_what_its_readers_do_not_bring_is_an_error_and_not_a_failure_in_the_mail() -> None:
    needs = {"match_reminder": frozenset({"data.channel"}), "need_reminder": frozenset({"window_closes"})}
    wrong = [p for p in examine(TEXT, "s", notices=known(needs)).problems if p.code == "template.lacks"]
    assert wrong
    assert "data.channel" in wrong[0].sentence.en
    assert "need_reminder" in wrong[0].remedy.en
