"""What a season file names must be in it, once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from models.part import Part
from models.season import (
    AnyStage,
    AwardsStage,
    DefenceStage,
    MatchingStage,
    NeedsStage,
    RegistrationStage,
    ReviewStage,
    SeasonFile,
    SelectionStage,
    TrackingStage,
)
from rules.checks.faults import Faults, both, nearest
from rules.season_source import Path

_ONCE = ("matching", "tracking", "awards")
"""Kinds of which a season has one at the most."""


def check_references(file: SeasonFile, faults: Faults) -> None:
    """Codes used twice, things named that are not there, stages that need another."""
    _codes(file, faults)
    for n, stage in enumerate(file.stages):
        if isinstance(stage, (ReviewStage, DefenceStage)):
            _rubric(file, n, stage.rubric, faults)
        if isinstance(stage, (SelectionStage, AwardsStage)):
            _by(file, n, stage, faults)
        if isinstance(stage, SelectionStage):
            _quota(file, stage.quota, ("stages", n, "quota"), faults, complete=True)
    _overrides(file, faults)
    _company(file, faults)
    _illustrative(file, faults)


def _codes(file: SeasonFile, faults: Faults) -> None:
    _once([t.code for t in file.tracks], ("tracks",), "code", faults)
    for n, track in enumerate(file.tracks):
        _once([f.code for f in track.fields], ("tracks", n, "fields"), "code", faults)
        _once([g.code for g in track.groups], ("tracks", n, "groups"), "code", faults)
    _once([a.code for a in file.areas], ("areas",), "code", faults)
    _once([r.code for r in file.rubrics], ("rubrics",), "code", faults)
    for n, rubric in enumerate(file.rubrics):
        _once([c.code for c in rubric.criteria], ("rubrics", n, "criteria"), "code", faults)
    _once([s.id for s in file.stages], ("stages",), "id", faults)
    for n, stage in enumerate(file.stages):
        if isinstance(stage, AwardsStage):
            _once([p.code for p in stage.prizes], ("stages", n, "prizes"), "code", faults)


def _once(codes: Sequence[str], path: Path, key: str, faults: Faults) -> None:
    for n, code in enumerate(codes):
        if code in codes[:n]:
            first = faults.source.line((*path, codes.index(code), key))
            faults.error(
                "code.twice", (*path, n, key),
                both(f"'{code}' is used twice in '{path[-1]}'; line {first} has it already.",
                     f"“{path[-1]}”中“{code}”出现两次，第 {first} 行已有。"),
                both(f"Give each its own {key}.", f"请为每一项使用不同的 {key}。"),
            )  # fmt: skip


def _rubric(file: SeasonFile, n: int, code: str, faults: Faults) -> None:
    known = [r.code for r in file.rubrics]
    if code not in known:
        faults.error(
            "rubric.unknown", ("stages", n, "rubric"),
            both(f"There is no rubric '{code}'.", f"没有名为“{code}”的评分标准。"), nearest(code, known),
        )  # fmt: skip


def _by(file: SeasonFile, n: int, stage: SelectionStage | AwardsStage, faults: Faults) -> None:
    path: Path = ("stages", n, "by")
    rounds = [s.id for s in file.stages[:n] if isinstance(s, (ReviewStage, DefenceStage))]
    if stage.by in rounds:
        round_ = file.stage(stage.by)
        if stage.scope == "area" and round_.scope == "season":
            faults.error(
                "by.scope", path,
                both(f"'{stage.id}' is made in each area, but round '{stage.by}' is season-wide.",
                     f"“{stage.id}”由各赛区作出，而“{stage.by}”是全赛季轮次。"),
                both("Write 'scope: season' in it.", "请在其中写“scope: season”。"),
            )  # fmt: skip
        return
    if stage.by not in [s.id for s in file.stages]:
        says = both(f"There is no stage '{stage.by}'.", f"没有名为“{stage.by}”的阶段。")
        code = "by.unknown"
    elif isinstance(file.stage(stage.by), (ReviewStage, DefenceStage)):
        says = both(
            f"'{stage.by}' comes after '{stage.id}', which ranks by it.",
            f"“{stage.by}”排在依据它排名的“{stage.id}”之后。",
        )
        code = "by.later"
    else:
        says = both(
            f"'{stage.by}' gives no scores: it is no review or defence.", f"“{stage.by}”不是评审或答辩，没有评分。"
        )
        code = "by.no_round"
    faults.error(code, path, says, nearest(stage.by, rounds))


def _quota(file: SeasonFile, quota: dict[str, int], path: Path, faults: Faults, *, complete: bool) -> None:
    known = list(dict.fromkeys(["default", *(t.code for t in file.tracks), *file.divisions()]))
    for code in quota:
        if code not in known:
            faults.error(
                "quota.unknown", (*path, code),
                both(f"The quota names '{code}', which is no track or group.", f"名额中的“{code}”不是赛道或组别。"),
                nearest(code, known),
            )  # fmt: skip
    without = [d for d in file.divisions() if not {d, d.split("/")[0], "default"} & quota.keys()]
    if complete and without:
        faults.warning(
            "quota.missing", path,
            both(f"Nobody can be selected in {', '.join(without)}: it has no quota.",
                 f"{'、'.join(without)} 没有名额，将无人入选。"),
            both("Add it, or 'default'.", "请补上该项，或写“default”。"),
        )  # fmt: skip


def _overrides(file: SeasonFile, faults: Faults) -> None:
    for a, area in enumerate(file.areas):
        for stage_id, override in area.stages.items():
            path: Path = ("areas", a, "stages", stage_id)
            stage = next((s for s in file.stages if s.id == stage_id), None)
            if stage is None:
                faults.error(
                    "override.unknown", path,
                    both(f"Area {area.code} changes stage '{stage_id}', which is not there.",
                         f"赛区 {area.code} 修改了不存在的阶段“{stage_id}”。"),
                    nearest(stage_id, [s.id for s in file.stages if s.scope == "area"]),
                )  # fmt: skip
                continue
            given = override.model_dump(exclude_none=True).keys()
            for name in sorted(given - _may_change(stage)):
                faults.error(
                    "override.unfit", (*path, name),
                    both(f"Area {area.code} cannot change '{name}' of '{stage_id}'.",
                         f"赛区 {area.code} 不能修改“{stage_id}”的“{name}”。"),
                    both("Areas may change opens and closes of their windows, quota and wild_cards of their selections.",
                         "赛区只能修改其时间窗口的 opens、closes 和其遴选的 quota、wild_cards。"),
                )  # fmt: skip
            if override.quota is not None:
                _quota(file, override.quota, (*path, "quota"), faults, complete=False)


def _may_change(stage: AnyStage) -> set[str]:
    if stage.scope == "season":
        return set()
    if isinstance(stage, SelectionStage):
        return {"quota", "wild_cards"}
    return {"opens", "closes"} & type(stage).model_fields.keys()


def _company(file: SeasonFile, faults: Faults) -> None:
    """Stages that a season has once, and stages that are nothing without another."""
    kinds = [s.kind for s in file.stages]
    for n, kind in enumerate(kinds):
        if kind in _ONCE and kind in kinds[:n]:
            faults.error(
                "stage.once", ("stages", n, "kind"),
                both(f"A season has one stage of kind '{kind}'; this is another.", f"“{kind}”阶段每个赛季只能有一个。"),
                both("Remove one of the two.", "请删除其中一个。"),
            )  # fmt: skip
    if not any(isinstance(s, RegistrationStage) for s in file.stages):
        faults.error(
            "registration.missing", ("stages",), both("No stage lets anyone register.", "没有报名阶段。"),
            both("Add a stage of kind 'registration'.", "请增加“registration”类型的阶段。"),
        )  # fmt: skip
    for n, stage in enumerate(file.stages):
        if isinstance(stage, TrackingStage) and "matching" not in kinds:
            _lonely(n, "tracking.alone", "matching", "没有项目对接，跟踪阶段无从开始。", faults)
        if isinstance(stage, MatchingStage) and not any(isinstance(s, NeedsStage) for s in file.stages):
            _lonely(n, "matching.alone", "needs", "没有需求征集，无法进行对接。", faults)


def _lonely(n: int, code: str, lacks: str, zh: str, faults: Faults) -> None:
    faults.error(
        code, ("stages", n), both(f"This stage has nothing to work on without one of kind '{lacks}'.", zh),
        both(f"Add a stage of kind '{lacks}', or remove this one.", f"请增加“{lacks}”类型的阶段，或删除本阶段。"),
    )  # fmt: skip


def _illustrative(file: SeasonFile, faults: Faults) -> None:
    parts: Iterable[tuple[Path, Part, tuple[str, ...]]] = [
        ((), file, file.illustrative),
        *((("areas", n), a, a.illustrative) for n, a in enumerate(file.areas)),
        *((("rubrics", n), r, r.illustrative) for n, r in enumerate(file.rubrics)),
        *((("stages", n), s, s.illustrative) for n, s in enumerate(file.stages)),
        (("entry_rules",), file.entry_rules, file.entry_rules.illustrative),
        (("notices",), file.notices, file.notices.illustrative),
    ]
    for path, part, names in parts:
        known = type(part).model_fields
        for name in names:
            if name.split(".")[0] not in known:
                faults.warning(
                    "illustrative.unknown", (*path, "illustrative"),
                    both(f"'{name}' is marked illustrative, but is no field here.", f"“{name}”被标为示例，但此处没有该字段。"),
                    nearest(name, known),
                )  # fmt: skip
