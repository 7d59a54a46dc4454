"""How the stages follow each other: no overlap, no gap, results before what builds upon them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from models.instants import format_span
from models.season import (
    AwardsStage,
    EndorsementStage,
    EventStage,
    MatchingStage,
    NeedsStage,
    RegistrationStage,
    ScreeningStage,
    SeasonFile,
    TrackingStage,
)
from rules.checks.faults import Faults, both, listed
from rules.checks.held import Held, known_zones
from rules.season_source import Path
from rules.timeline import opening

_BESIDE = (EventStage, NeedsStage, MatchingStage, TrackingStage)
_DAY = timedelta(days=1)


def check_order(file: SeasonFile, windows: Sequence[Held], faults: Faults) -> None:
    """Stages in turn, area by area and then season-wide; events and needs run beside them."""
    _areas_first(file, faults)
    _chains(file, windows, faults)
    _results(file, windows, faults)
    _needs(file, windows, faults)
    _endorsements(file, faults)


def _areas_first(file: SeasonFile, faults: Faults) -> None:
    last = max((n for n, s in enumerate(file.stages) if s.scope == "area"), default=-1)
    for n, stage in enumerate(file.stages[: max(last, 0)]):
        if stage.scope == "season" and not isinstance(stage, _BESIDE):
            later = file.stages[last].id
            faults.error(
                "stage.order", ("stages", n),
                both(f"Season-wide stage '{stage.id}' stands before '{later}', which each area holds: areas come first.",
                     f"全赛季阶段“{stage.id}”排在各赛区阶段“{later}”之前，而各赛区阶段须先完成。"),
                both(f"Move '{stage.id}' behind '{later}', or give it 'scope: area'.",
                     f"请把“{stage.id}”移到“{later}”之后，或写“scope: area”。"),
            )  # fmt: skip


def _endorsements(file: SeasonFile, faults: Faults) -> None:
    """Lists are ranked and signed after a registration, before the entries are checked."""
    for n, stage in enumerate(file.stages):
        if not isinstance(stage, EndorsementStage):
            continue
        before, after = file.stages[:n], file.stages[n:]
        registers = any(isinstance(s, RegistrationStage) for s in before)
        if not registers or not any(isinstance(s, ScreeningStage) for s in after):
            faults.error(
                "endorsement.place", ("stages", n),
                both(f"'{stage.id}' does not stand between a registration and a screening.",
                     f"“{stage.id}”不在报名与资格审查之间。"),
                both(f"Move '{stage.id}' behind the registration, before the screening.",
                     f"请把“{stage.id}”移到报名之后、资格审查之前。"),
            )  # fmt: skip


def _chains(file: SeasonFile, windows: Sequence[Held], faults: Faults) -> None:
    wide = [h for h in windows if h.area is None and not isinstance(h.stage, _BESIDE)]
    overlaps: dict[tuple[int, Path], list[tuple[Held, Held]]] = defaultdict(list)
    gaps: dict[tuple[int, Path], list[tuple[Held, Held]]] = defaultdict(list)
    for area in file.areas:
        own = [h for h in windows if h.area is area and not isinstance(h.stage, _BESIDE)]
        chain = [*own, *wide]
        # A stage may lie beside a longer one before it: what counts is the latest close so far.
        latest = accumulate(chain, _later)
        for before, after in zip(latest, chain[1:], strict=False):
            if after.opens_at < before.closes_at and not after.stage.overlaps:
                overlaps[before.n, after.opens_path].append((before, after))
            # Several registrations leave a pause between them on purpose.
            both_register = isinstance(before.stage, RegistrationStage) and isinstance(after.stage, RegistrationStage)
            if _idle(before, after) > _DAY and not both_register:
                gaps[before.n, after.opens_path].append((before, after))
    for pairs in overlaps.values():
        _overlap(pairs, faults)
    for pairs in gaps.values():
        _gap(pairs, faults)


def _later(one: Held, two: Held) -> Held:
    """The one that closes later; the second where they close together."""
    return two if two.closes_at >= one.closes_at else one


def _idle(before: Held, after: Held) -> timedelta:
    """The time in which nothing is open, less the weekend hours in it."""
    start, end = before.closes_at.astimezone(before.zone), after.opens_at.astimezone(before.zone)
    idle, midnight = timedelta(0), start.replace(hour=0, minute=0, second=0, microsecond=0)
    while midnight < end:
        if midnight.weekday() < 5:
            idle += max(timedelta(0), min(end, midnight + _DAY) - max(start, midnight))
        midnight += _DAY
    return idle


def _where(pairs: Sequence[tuple[Held, Held]]) -> str:
    return listed(dict.fromkeys(before.place for before, _ in pairs if before.place))


def _overlap(pairs: Sequence[tuple[Held, Held]], faults: Faults) -> None:
    before, after = max(pairs, key=lambda p: p[0].closes_at - p[1].opens_at)
    where = _where(pairs)
    faults.error(
        "stage.overlap", after.opens_path,
        both(f"Stage '{after.stage.id}' opens at {after.shows(after.opens_at)}, but '{before.stage.id}' before it closes "
             f"at {before.shows(before.closes_at)}{' in ' + where if where else ''}.",
             f"阶段“{after.stage.id}”于 {after.shows(after.opens_at)} 开始，而前一阶段“{before.stage.id}”"
             f"至 {before.shows(before.closes_at)} 才截止{'（' + where + '）' if where else ''}。"),
        both(f"Open '{after.stage.id}' later, or write 'overlaps: true' in it if that is meant.",
             f"请推迟“{after.stage.id}”的开始时间；如有意重叠，请在其中写“overlaps: true”。"),
    )  # fmt: skip


def _gap(pairs: Sequence[tuple[Held, Held]], faults: Faults) -> None:
    before, after = max(pairs, key=lambda p: p[1].opens_at - p[0].closes_at)
    where, length = _where(pairs), format_span(after.opens_at - before.closes_at)
    faults.warning(
        "stage.gap", after.opens_path,
        both(f"Nothing is open for {length} between '{before.stage.id}' (to {before.shows(before.closes_at)}) and "
             f"'{after.stage.id}'{' in ' + where if where else ''}.",
             f"“{before.stage.id}”（至 {before.shows(before.closes_at)}）与“{after.stage.id}”之间有 {length} 的空档"
             f"{'（' + where + '）' if where else ''}。"),
        both("Close the one later or open the other earlier, or leave it if it is meant.",
             "请延后前者的截止或提前后者的开始；如有意为之可保留。"),
    )  # fmt: skip


def _results(file: SeasonFile, windows: Sequence[Held], faults: Faults) -> None:
    """Matching and the events for the awarded come after the round that decides the awards."""
    awards = next((s for s in file.stages if isinstance(s, AwardsStage)), None)
    if awards is None or file.zone not in known_zones():
        return
    known = [h.closes_at for h in windows if h.stage.id == awards.by]
    if not known:
        return
    zone, at = ZoneInfo(file.zone), max(known)
    shown = f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
    for n, stage in enumerate(file.stages):
        if isinstance(stage, MatchingStage) and opening(stage.first_round, zone) < at:
            name, path = "first_round", ("stages", n, "first_round")
        elif isinstance(stage, EventStage) and stage.event == "ceremony" and opening(stage.starts, zone) < at:
            name, path = "starts", ("stages", n, "starts")
        else:
            continue
        faults.warning(
            "results.late", path,
            both(f"'{name}' of '{stage.id}' comes before the results: '{awards.by}' closes at {shown}.",
                 f"“{stage.id}”的“{name}”早于结果产生：“{awards.by}”至 {shown} 才截止。"),
            both(f"Write a time after {shown}.", f"请写晚于 {shown} 的时间。"),
        )  # fmt: skip


def _needs(file: SeasonFile, windows: Sequence[Held], faults: Faults) -> None:
    matching = [s for s in file.stages if isinstance(s, MatchingStage)]
    if not matching or file.zone not in known_zones():
        return
    stage = matching[0]
    first = opening(stage.first_round, ZoneInfo(file.zone))
    for held in windows:
        if isinstance(held.stage, NeedsStage) and held.closes_at > first:
            faults.warning(
                "needs.late", held.closes_path,
                both(f"Places may file needs until {held.shows(held.closes_at)}, after the first matching round.",
                     f"各地可提交需求至 {held.shows(held.closes_at)}，晚于首轮对接。"),
                both(f"Close '{held.stage.id}' before the first round of '{stage.id}'.",
                     f"请在“{stage.id}”首轮之前截止“{held.stage.id}”。"),
            )  # fmt: skip
