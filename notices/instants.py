"""Instants as people read them: in the clocks that concern them, never in a laptop's.

A deadline at local midnight is written as 24:00 of the day that ends, since "until 31 May 24:00" cannot be misread.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from models.errors import BadInput
from models.instants import parse_instant

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ZONES_ZH = {
    "Asia/Shanghai": "北京时间",
    "Asia/Hong_Kong": "香港时间",
    "Asia/Tokyo": "东京时间",
    "Asia/Seoul": "首尔时间",
    "Asia/Singapore": "新加坡时间",
    "Europe/London": "伦敦时间",
    "Europe/Brussels": "布鲁塞尔时间",
    "Europe/Berlin": "柏林时间",
    "Europe/Paris": "巴黎时间",
    "America/New_York": "纽约时间",
    "America/Los_Angeles": "洛杉矶时间",
    "UTC": "协调世界时",
}
Zones = tuple[str | None, ...]


def moment(value: datetime | str) -> datetime:
    """An aware datetime from one, or from ISO 8601 text. Raises BadInput for anything else."""
    if isinstance(value, str):
        return parse_instant(value)
    if getattr(value, "tzinfo", None) is None:  # templates hand over whatever a row holds
        raise BadInput("notice.instant", f"{value!r} is not an instant with a time zone.")
    return value


def in_clocks(value: datetime | str, zones: Zones, language: str, *, deadline: bool = False) -> str:
    """The instant in each zone's clock, joined by ` = `; a clock that shows the same time is not repeated."""
    return _in_clocks(moment(value), zones, language, deadline)


def in_clock(value: datetime | str, zone: str, language: str, *, deadline: bool = False) -> str:
    """The instant in one clock, such as `31 May 2024 24:00 (Asia/Shanghai, UTC+8)`. Raises BadInput for a bad zone."""
    return _in_clocks(moment(value), (zone,), language, deadline)


@lru_cache(maxsize=4096)  # a campaign tells one instant to thousands
def _in_clocks(instant: datetime, zones: Zones, language: str, deadline: bool) -> str:
    shown: dict[timedelta | None, str] = {}
    for zone in zones:
        if zone:
            local = instant.astimezone(_zone(zone))
            shown.setdefault(local.utcoffset(), _written(local, zone, language, deadline))
    return " = ".join(shown.values())


@lru_cache(maxsize=512)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput("zone.unknown", f"'{name}' is no time zone.", "Write it such as Asia/Shanghai.") from None


def _written(local: datetime, zone: str, language: str, deadline: bool) -> str:
    clock = f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
    day = local
    if deadline and clock == "00:00":
        clock, day = "24:00", local - timedelta(days=1)
    offset = _offset(local)
    if language.startswith("zh"):
        where = _ZONES_ZH.get(zone, zone)
        where = where if offset == "UTC" else f"{where}，{offset}"
        return f"{day.year}年{day.month}月{day.day}日 {clock}（{where}）"
    where = zone if zone == offset else f"{zone}, {offset}"
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year} {clock} ({where})"


def _offset(local: datetime) -> str:
    minutes = round((local.utcoffset() or timedelta()).total_seconds() / 60)
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '-'}{hours}" + (f":{rest:02d}" if rest else "")
