"""Reminders and a season's own words: whether what they would send can be said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from models.notice_words import NoticeWords
from models.season import Audience, MatchingStage, Reminder, SeasonFile, TrackingStage, WindowStage
from rules.checks.faults import Faults, both, nearest
from rules.season_source import Path


class KnownNotices(NamedTuple):
    """The notices that exist with the values that each needs, and what is wrong with own words for one, if anything.

    `trouble` takes the notice's name, the language and the words.
    """

    needs: Mapping[str, AbstractSet[str]]
    trouble: Callable[[str, str, NoticeWords], str]


def check_notices(file: SeasonFile, known: KnownNotices, faults: Faults) -> None:
    """Reminders in words that exist and fit their readers; own words that can be rendered."""
    for n, stage in enumerate(file.stages):
        if isinstance(stage, (WindowStage, MatchingStage, TrackingStage)):
            for k, line in enumerate(stage.reminders):
                _template(line, ("stages", n, "reminders", k, "template"), known.needs, faults)
    for name, own in file.words.items():
        path: Path = ("words", name)
        if name not in known.needs:
            faults.error(
                "words.unknown", path, both(f"There is no notice '{name}'.", f"没有名为“{name}”的通知模板。"),
                nearest(name, sorted(known.needs)),
            )  # fmt: skip
            continue
        for language in ("en", "zh"):
            wrong = known.trouble(name, language, own) if own.of(language) else ""
            if wrong:
                faults.error(
                    "words.wrong", (*path, language), both(wrong, f"通知“{name}”（{language}）无法生成：{wrong}"),
                    both("`season notices preview` shows what a notice may say.", "可用 `season notices preview` 查看可用内容。"),
                )  # fmt: skip


_ENTRY = frozenset({"entry_number", "entry_title"})
_GIVES: dict[Audience, AbstractSet[str]] = {
    "drafts": _ENTRY,
    "entrants": _ENTRY,
    "entries": _ENTRY,
    "invited_unanswered": _ENTRY,
    "objectors": _ENTRY,
    "judges": {"data.count"},
    "judges_missing": {"data.count"},
    "channels_unsigned": {"data.channel", "data.count"},
    "organisers": {"data.count"},
    "office": {"data.count"},
}
"""What a reminder to an audience can say, beside what each window gives: its stage, its opening and its close."""
_WINDOW = frozenset({"stage_name", "window_opens", "window_closes", "link"})


def _template(line: Reminder, path: Path, templates: Mapping[str, AbstractSet[str]], faults: Faults) -> None:
    if line.template not in templates:
        faults.error(
            "template.unknown", path, both(f"There is no notice '{line.template}'.", f"没有名为“{line.template}”的通知模板。"),
            nearest(line.template, sorted(t for t in templates if t.endswith("reminder"))),
        )  # fmt: skip
        return
    given = _GIVES.get(line.to, frozenset()) | _WINDOW
    lacks = sorted(templates[line.template] - given)
    if lacks:
        fitting = ", ".join(
            t for t in sorted(templates) if templates[t] <= given and t.endswith(("reminder", "escalation"))
        )
        faults.error(
            "template.lacks", path,
            both(f"Notice '{line.template}' needs {', '.join(lacks)}, of which '{line.to}' knows nothing.",
                 f"通知“{line.template}”需要 {'、'.join(lacks)}，而“{line.to}”不提供这些内容。"),
            both(f"Use one that fits: {fitting or '-'}.", f"请使用适合的通知：{fitting or '-'}。"),
        )  # fmt: skip
