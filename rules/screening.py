"""The entry rules, as published: each decision with its reason in plain words.

Source: public entry rules of an earlier edition (a team of at most 5; one person in one project; a project plan is
attached; an incomplete registration is not accepted; the leader's degree is checked).
"""

from __future__ import annotations

from collections.abc import Sequence

from models.facts import Finding, Like, Screening, ScreeningFacts
from models.season import EntryRules
from models.text import Text

_DEGREES = ("none", "bachelor", "master", "doctor")
_DEGREE_ZH = {"none": "无", "bachelor": "学士", "master": "硕士", "doctor": "博士"}


def screen(facts: ScreeningFacts, rules: EntryRules) -> Screening:
    """Eligible, ineligible, or undecided where a person must look; with all findings.

    One reason to refuse is enough; a question alone leaves the entry undecided. No rule limits the summary yet.
    """
    findings = [*_track(facts), *_team(facts, rules), *_documents(facts, rules), *_degree(facts, rules)]
    findings += [*_persons(facts, rules), *_like_persons(facts, rules), *_twins(facts), *_near(facts)]
    if any(f.severity == "refuse" for f in findings):
        return Screening(facts.entry_id, "ineligible", tuple(findings))
    return Screening(facts.entry_id, "undecided" if findings else "eligible", tuple(findings))


def _track(facts: ScreeningFacts) -> list[Finding]:
    if facts.track_known:
        return []
    text = Text(
        en="The track of this entry is none of this season's tracks; an entry competes in exactly one of them.",
        zh="所填赛道不是本赛季的赛道；每个项目必须且只能参加其中一个赛道。",
    )
    return [Finding("screening.track", "refuse", text)]


def _team(facts: ScreeningFacts, rules: EntryRules) -> list[Finding]:
    size = len(facts.team)
    if size <= rules.team_max:
        return []
    text = Text(
        en=f"The team has {size} people; at most {rules.team_max} are allowed.",
        zh=f"团队共{size}人，超过{rules.team_max}人的上限。",
    )
    return [Finding("screening.team_max", "refuse", text)]


def _documents(facts: ScreeningFacts, rules: EntryRules) -> list[Finding]:
    return [
        Finding(
            "screening.documents",
            "refuse",
            Text(en=f"The document '{name}' is missing.", zh=f"缺少材料“{name}”。"),
        )
        for name in rules.documents
        if name not in facts.documents
    ]


def _degree(facts: ScreeningFacts, rules: EntryRules) -> list[Finding]:
    has, needs = facts.leader_degree or "none", rules.leader_degree
    if needs == "none":
        return []
    if has not in _DEGREES:
        # A word that the rule does not know proves nothing either way: a person decides.
        text = Text(
            en=f"The leader's degree is given as '{has}'; a person decides whether it is at least '{needs}'.",
            zh=f"负责人学历填写为“{has}”，需人工判断是否达到“{_DEGREE_ZH[needs]}”。",
        )
        return [Finding("screening.leader_degree", "ask", text)]
    if _DEGREES.index(has) >= _DEGREES.index(needs):
        return []
    text = Text(
        en=f"The leader's degree is '{has}'; at least '{needs}' is required.",
        zh=f"负责人学历为“{_DEGREE_ZH[has]}”，要求至少为“{_DEGREE_ZH[needs]}”。",
    )
    return [Finding("screening.leader_degree", "refuse", text)]


def _persons(facts: ScreeningFacts, rules: EntryRules) -> list[Finding]:
    if not rules.one_entry_per_person:
        return []
    count = sum(1 for person in facts.team if facts.person_in_entries.get(person))
    if not count:
        return []
    who = f"{count} of the team take" if count > 1 else "1 of the team takes"
    text = Text(
        en=f"{who} part in an earlier entry of this season; a person takes part in 1 entry only.",
        zh=f"团队中有{count}人已参加本赛季更早提交的项目；每人只能参加一个项目。",
    )
    return [Finding("screening.one_entry_per_person", "refuse", text)]


def _twins(facts: ScreeningFacts) -> list[Finding]:
    if not facts.twin_entries:
        return []
    count = len(facts.twin_entries)
    who = f"{count} other entries have" if count > 1 else "1 other entry has"
    text = Text(
        en=f"{who} the same title; a person decides whether it is the same project.",
        zh=f"另有{count}个项目名称相同，需人工判断是否为同一项目。",
    )
    return [Finding("screening.same_title", "ask", text)]


def _like_persons(facts: ScreeningFacts, rules: EntryRules) -> list[Finding]:
    if not rules.one_entry_per_person or not facts.like_persons:
        return []
    text = Text(
        en="Somebody of the team may be in another entry too, under another mail address; a person decides.",
        zh="团队中可能有成员以其他邮箱参加了另一个项目，需人工判断。",
    )
    staff = Text(
        en=f"A like name with the same birth year is in {_named(facts.like_persons)}; a person decides.",
        zh=f"下列项目中有姓名相近且出生年份相同的成员：{_named(facts.like_persons)}，需人工判断。",
    )
    return [Finding("screening.like_person", "ask", text, staff)]


def _near(facts: ScreeningFacts) -> list[Finding]:
    if not facts.near_entries:
        return []
    text = Text(
        en="Title and summary are nearly the same as another entry's; a person decides whether it is one project.",
        zh="项目名称和摘要与另一项目高度相似，需人工判断是否为同一项目。",
    )
    staff = Text(
        en=f"Title and summary are nearly those of {_named(facts.near_entries)}; a person decides.",
        zh=f"项目名称和摘要与下列项目高度相似：{_named(facts.near_entries)}，需人工判断。",
    )
    return [Finding("screening.near_duplicate", "ask", text, staff)]


_NAMED = 5
"""How many like entries a finding names; with more, whoever decides has seen enough."""


def _named(likes: Sequence[Like]) -> str:
    named = ", ".join(f"{like.number or like.entry_id} ({int(like.share * 100)} %)" for like in likes[:_NAMED])
    return f"{named} …" if len(likes) > _NAMED else named
