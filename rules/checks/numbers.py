"""Figures that must fit each other: quotas and places, panels and judges, spans and rounds."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from models.instants import format_span
from models.season import (
    AwardsStage,
    DefenceStage,
    MatchingStage,
    ReviewStage,
    SeasonFile,
    SelectionStage,
    TrackingStage,
    WindowStage,
)
from rules.checks.faults import Faults, both, listed
from rules.season_source import Path

_ZERO = timedelta(0)


def check_numbers(file: SeasonFile, faults: Faults) -> None:
    """Quotas against places, judges against panels, and lengths of time."""
    _not_negative(file, faults)
    _places(file, faults)
    _narrowing(file, faults)
    _judges(file, faults)
    for n, stage in enumerate(file.stages):
        if isinstance(stage, DefenceStage):
            _session(n, stage, faults)
        if isinstance(stage, MatchingStage):
            _matching(n, stage, faults)
        if isinstance(stage, TrackingStage):
            _tracking(n, stage, faults)
        if isinstance(stage, AwardsStage):
            _prizes(file, n, stage, faults)
        _spans(n, stage, faults)


def _not_negative(file: SeasonFile, faults: Faults) -> None:
    quotas: list[tuple[Path, dict[str, int]]] = [
        (("stages", n, "quota"), s.quota) for n, s in enumerate(file.stages) if isinstance(s, SelectionStage)
    ]
    for n, area in enumerate(file.areas):
        for stage_id, override in area.stages.items():
            path: Path = ("areas", n, "stages", stage_id)
            quotas.append(((*path, "quota"), override.quota or {}))
            if override.wild_cards is not None:
                quotas.append((path, {"wild_cards": override.wild_cards}))
    for path, quota in quotas:
        for code, number in quota.items():
            if number < 0:
                faults.error(
                    "quota.negative", (*path, code),
                    both(f"'{code}' is {number}; nobody can select fewer than none.", f"“{code}”为 {number}，不能为负数。"),
                    both("Write 0 or more.", "请写不小于 0 的数。"),
                )  # fmt: skip


def most_selected(file: SeasonFile, stage: SelectionStage, division: str, area: str | None = None) -> int:
    """The most that a selection may keep in a division, wild cards included: of one area, or of all."""
    if stage.scope == "season":
        return stage.quota_of(division) + stage.wild_cards
    total = 0
    for found in file.areas:
        if area in (None, found.code):
            override = found.stages.get(stage.id)
            wild = override.wild_cards if override and override.wild_cards is not None else stage.wild_cards
            total += stage.quota_of(division, override) + wild
    return total


def _selection_before(file: SeasonFile, n: int) -> SelectionStage | None:
    found = [s for s in file.stages[:n] if isinstance(s, SelectionStage)]
    return found[-1] if found else None


def _places(file: SeasonFile, faults: Faults) -> None:
    for n, stage in enumerate(file.stages):
        before = _selection_before(file, n)
        if not isinstance(stage, DefenceStage) or stage.places is None or before is None:
            continue
        areas = [a.code for a in file.areas] if stage.scope == "area" and before.scope == "area" else [None]
        most = {d: max(most_selected(file, before, d, a) for a in areas) for d in file.divisions()}
        above = [d for d, number in most.items() if number > stage.places]
        if above:
            number = max(most[d] for d in above)
            faults.error(
                "quota.above_places", ("stages", n, "places"),
                both(f"'{stage.id}' has {stage.places} places for each division, but '{before.id}' may select "
                     f"{number} in {listed(above)}, wild cards included.",
                     f"“{stage.id}”每组名额为 {stage.places}，而“{before.id}”在 {listed(above)} 最多可选 {number} 个（含外卡）。"),
                both(f"Write {number} places or more, or lower the quotas.", f"请把 places 写为不小于 {number}，或降低名额。"),
            )  # fmt: skip


def _narrowing(file: SeasonFile, faults: Faults) -> None:
    selections = [(n, s) for n, s in enumerate(file.stages) if isinstance(s, SelectionStage)]
    for (_, before), (n, after) in pairwise(selections):
        if before.scope == "season" and after.scope == "area":
            continue  # the order of the stages is wrong, which is told elsewhere
        areas = file.areas if after.scope == "area" else (None,)
        wider = [
            d
            for d in file.divisions()
            for a in areas
            if after.quota_of(d, a.stages.get(after.id) if a else None)
            > most_selected(file, before, d, a.code if a else None)
        ]
        if wider:
            faults.warning(
                "quota.above_earlier", ("stages", n, "quota"),
                both(f"'{after.id}' selects more in {listed(dict.fromkeys(wider))} than '{before.id}' lets through.",
                     f"“{after.id}”在 {listed(dict.fromkeys(wider))} 的名额多于“{before.id}”的入围数。"),
                both("Lower this quota, or raise the earlier one.", "请降低本名额，或提高前一轮名额。"),
            )  # fmt: skip


def _judges(file: SeasonFile, faults: Faults) -> None:
    for n, stage in enumerate(file.stages):
        if isinstance(stage, DefenceStage):
            name, wanted = "panel_size", stage.panel_size
        elif isinstance(stage, ReviewStage):
            name, wanted = "judges_per_entry", stage.judges_per_entry
        else:
            continue
        if stage.scope == "season":
            total = sum(a.judges for a in file.areas)
            few = {"": total} if total < wanted else {}
        else:
            few = {a.code: a.judges for a in file.areas if a.judges < wanted}
        if few:
            least = min(few.values())
            where = listed(k for k in few if k) or "the whole season"
            faults.error(
                "panel.above_judges", ("stages", n, name),
                both(f"'{stage.id}' wants {wanted} judges together, but {where} has {least}.",
                     f"“{stage.id}”需要 {wanted} 名评委，而 {listed(k for k in few if k) or '整个赛季'} 只有 {least} 名。"),
                both(f"Write {least} or fewer, or raise 'judges' of the area.", f"请写不大于 {least} 的数，或提高赛区的“judges”。"),
            )  # fmt: skip


def _session(n: int, stage: DefenceStage, faults: Faults) -> None:
    length = timedelta(minutes=stage.entries_per_session * (stage.pitch_minutes + stage.question_minutes))
    if length > timedelta(hours=12):
        faults.warning(
            "session.long", ("stages", n, "entries_per_session"),
            both(f"A full session of '{stage.id}' lasts {format_span(length)}.", f"“{stage.id}”一场答辩满员时长达 {format_span(length)}。"),
            both("Take fewer entries into a session.", "请减少每场项目数。"),
        )  # fmt: skip


def _matching(n: int, stage: MatchingStage, faults: Faults) -> None:
    if stage.rounds > 1 and stage.every is None:
        faults.error(
            "matching.every", ("stages", n, "rounds"),
            both(f"{stage.rounds} rounds are planned, but not how far apart.", f"计划了 {stage.rounds} 轮对接，但没有间隔时间。"),
            both("Add 'every:', such as every: 180d.", "请补上“every:”，如 every: 180d。"),
        )  # fmt: skip
    if stage.answer_within > stage.close_after:
        faults.error(
            "matching.answer", ("stages", n, "answer_within"),
            both(f"Places may answer for {format_span(stage.answer_within)}, longer than a negotiation lives "
                 f"({format_span(stage.close_after)}).",
                 f"答复期 {format_span(stage.answer_within)} 长于洽谈期限 {format_span(stage.close_after)}。"),
            both("Write an 'answer_within' below 'close_after'.", "请使“answer_within”小于“close_after”。"),
        )  # fmt: skip


def _tracking(n: int, stage: TrackingStage, faults: Faults) -> None:
    for k, (before, after) in enumerate(pairwise((_ZERO, *stage.after))):
        if after <= before:
            said = format_span(after)
            faults.error(
                "tracking.order", ("stages", n, "after", k),
                both(f"Follow-up {k + 1} comes after {said}, which is not later than the one before it.",
                     f"第 {k + 1} 次跟踪在 {said} 后，不晚于前一次。"),
                both("Write them in rising order, the first above 0.", "请按从小到大排列，且首项大于 0。"),
            )  # fmt: skip


def _prizes(file: SeasonFile, n: int, stage: AwardsStage, faults: Faults) -> None:
    before = _selection_before(file, n)
    given = sum(p.each for p in stage.prizes)
    if before is None:
        return
    fewest = min(most_selected(file, before, d) for d in file.divisions())
    if given > fewest:
        faults.warning(
            "prizes.above_finalists", ("stages", n, "prizes"),
            both(f"{given} prizes in each division, but '{before.id}' lets {fewest} through in one of them.",
                 f"每组设 {given} 个奖项，而“{before.id}”在某组最多入选 {fewest} 个。"),
            both("Give fewer prizes, or raise the quota.", "请减少奖项，或提高名额。"),
        )  # fmt: skip


def _spans(n: int, stage: object, faults: Faults) -> None:
    """A length of time that is nothing, or less."""
    if not isinstance(stage, (WindowStage, MatchingStage, TrackingStage)):
        return
    found: list[tuple[Path, timedelta]] = [
        (("stages", n, "reminders", k, "before"), line.before) for k, line in enumerate(stage.reminders)
    ]
    for name in ("replace_silent", "every", "answer_within", "follow_up_every", "close_after", "correction"):
        value = getattr(stage, name, None)
        if value is not None:
            found.append((("stages", n, name), value))
    for path, span in found:
        if span <= _ZERO:
            faults.error(
                "span.nothing", path,
                both(f"'{path[-1]}' is {format_span(span)}; it must be longer than nothing.",
                     f"“{path[-1]}”为 {format_span(span)}，必须大于零。"),
                both("Write it such as 3d or 12h.", "写法如 3d 或 12h。"),
            )  # fmt: skip
