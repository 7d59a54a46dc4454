"""Each window by itself: it lasts, its hours exist, and its reminders fall into it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from models.instants import format_span
from models.season import EventStage, LocalTime, MatchingStage, ReviewStage, SeasonFile, TrackingStage
from rules.checks.faults import Faults, both, listed
from rules.checks.held import Held, known_zones
from rules.season_source import Path
from rules.timeline import closing, hour_fault, opening


def check_dates(file: SeasonFile, windows: Sequence[Held], faults: Faults) -> None:
    """Window by window, and what else is dated."""
    for held in windows:
        _lasts(held, faults)
    _hours(file, windows, faults)
    _reminders(windows, faults)
    _answers(file, faults)
    if file.zone in known_zones():
        for n, stage in enumerate(file.stages):
            if isinstance(stage, EventStage):
                _event(n, stage, windows, ZoneInfo(file.zone), faults)


def _lasts(held: Held, faults: Faults) -> None:
    if held.closes_at > held.opens_at:
        return
    where = (f" in {held.place}", f"（{held.place}）") if held.area else ("", "")
    opens, closes = held.shows(held.opens_at), held.shows(held.closes_at)
    faults.error(
        "window.backwards", held.closes_path,
        both(f"Stage '{held.stage.id}'{where[0]} ends at {closes}, before it opens at {opens}.",
             f"阶段“{held.stage.id}”{where[1]}于 {closes} 结束，早于开始时间 {opens}。"),
        both("Write a 'closes' that is later than 'opens'.", "请使“closes”晚于“opens”。"),
    )  # fmt: skip


def _hours(file: SeasonFile, windows: Sequence[Held], faults: Faults) -> None:
    found: dict[tuple[Path, str], list[tuple[Held, LocalTime]]] = defaultdict(list)
    for held in windows:
        for path, value, closes in ((held.opens_path, held.opens, False), (held.closes_path, held.closes, True)):
            if (skew := hour_fault(value, held.zone, closes=closes)) is not None:
                found[path, skew].append((held, value))
    for (path, fault), several in found.items():
        zones = dict.fromkeys(held.zone.key for held, _ in several)
        _hour(path, fault, several[0][1], zones, faults)
    if file.zone not in known_zones():
        return
    zone = ZoneInfo(file.zone)
    for n, stage in enumerate(file.stages):
        dated: list[tuple[str, LocalTime, bool]] = []
        if isinstance(stage, EventStage):
            dated = [("starts", stage.starts, False), ("ends", stage.ends, True)]
        elif isinstance(stage, MatchingStage):
            dated = [("first_round", stage.first_round, False)]
        for name, value, closes in dated:
            if (skew := hour_fault(value, zone, closes=closes)) is not None:
                _hour(("stages", n, name), skew, value, [zone.key], faults)


def _hour(path: Path, fault: str, value: LocalTime, zones: Iterable[str], faults: Faults) -> None:
    name, where = path[-1], listed(zones)
    written = f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else f"{value:%Y-%m-%d}"
    if fault == "missing":
        says = both(
            f"'{name}' is {written}, a local hour that does not exist in {where}: the clock is put forward over it.",
            f"“{name}”为 {written}，该时刻在 {where} 不存在：当地时钟向前拨过了这一小时。",
        )
    else:
        says = both(
            f"'{name}' is {written}, a local hour that exists twice in {where}: the clock is put back.",
            f"“{name}”为 {written}，该时刻在 {where} 出现两次：当地时钟向后拨回。",
        )
    remedy = both(
        f"Choose another hour, or write the offset with it, such as {written[:10]} 12:00+02:00.",
        f"请改为其他时刻，或写明时差，如 {written[:10]} 12:00+02:00。",
    )
    faults.error(f"hour.{fault}", path, says, remedy)


def _reminders(windows: Sequence[Held], faults: Faults) -> None:
    for n in dict.fromkeys(held.n for held in windows):
        here = [held for held in windows if held.n == n]
        stage = here[0].stage
        _twice(("stages", n, "reminders"), [(r.to, r.before) for r in stage.reminders], faults)
        for k, line in enumerate(stage.reminders):
            _early(("stages", n, "reminders", k, "before"), line.before, here, faults)
        if isinstance(stage, ReviewStage) and stage.replace_silent is not None:
            _early(("stages", n, "replace_silent"), stage.replace_silent, here, faults)


def _early(path: Path, before: timedelta, here: Sequence[Held], faults: Faults) -> None:
    early = [held for held in here if timedelta(0) < held.closes_at - held.opens_at < before]
    if not early:
        return
    length = format_span(min(held.closes_at - held.opens_at for held in early))
    where = listed(held.place for held in early)
    faults.warning(
        "reminder.before_opening", path,
        both(f"{format_span(before)} before the close is earlier than the opening (the window lasts {length}"
             f"{' in ' + where if early[0].area else ''}); it is left out.",
             f"截止前 {format_span(before)} 早于开始时间（窗口仅 {length}{'，' + where if early[0].area else ''}），将不执行。"),
        both(f"Write less than {length}.", f"请写小于 {length} 的时长。"),
    )  # fmt: skip


def _twice(path: Path, lines: Sequence[tuple[str, timedelta]], faults: Faults) -> None:
    for k, line in enumerate(lines):
        if line in lines[:k]:
            faults.warning(
                "reminder.twice", (*path, k),
                both(f"{line[0]} are reminded twice at {format_span(line[1])} before the close; one notice is sent.",
                     f"截止前 {format_span(line[1])} 对“{line[0]}”有两条提醒，只会发出一条。"),
                both("Remove one of the two lines.", "请删除其中一条。"),
            )  # fmt: skip


def _answers(file: SeasonFile, faults: Faults) -> None:
    for n, stage in enumerate(file.stages):
        if not isinstance(stage, (MatchingStage, TrackingStage)):
            continue
        _twice(("stages", n, "reminders"), [(r.to, r.before) for r in stage.reminders], faults)
        for k, line in enumerate(stage.reminders):
            if line.before > stage.answer_within:
                length = format_span(stage.answer_within)
                faults.warning(
                    "reminder.before_opening", ("stages", n, "reminders", k, "before"),
                    both(f"{format_span(line.before)} before the close is before the question itself (answers have {length}).",
                         f"截止前 {format_span(line.before)} 早于询问发出的时间（答复期为 {length}）。"),
                    both(f"Write less than {length}.", f"请写小于 {length} 的时长。"),
                )  # fmt: skip


def _event(n: int, stage: EventStage, windows: Sequence[Held], zone: ZoneInfo, faults: Faults) -> None:
    starts, ends = opening(stage.starts, zone), closing(stage.ends, zone)
    if ends <= starts:
        faults.error(
            "event.backwards", ("stages", n, "ends"),
            both(f"'{stage.id}' ends at {stage.ends}, before it starts at {stage.starts}.",
                 f"“{stage.id}”于 {stage.ends} 结束，早于开始时间 {stage.starts}。"),
            both("Write an 'ends' that is later than 'starts'.", "请使“ends”晚于“starts”。"),
        )  # fmt: skip
    for held in windows:
        if held.n == n and held.closes_at > starts:
            faults.warning(
                "event.confirmed_late", held.closes_path,
                both(f"People may still confirm '{stage.id}' after it has started at {stage.starts}.",
                     f"“{stage.id}”于 {stage.starts} 开始后仍可确认参加。"),
                both("Close the confirmation before the event starts.", "请在活动开始前截止确认。"),
            )  # fmt: skip
