"""Deadlines on days when offices are shut: warnings, since a competition may mean it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from models.season import DefenceStage, SeasonFile
from models.text import Text
from rules.checks.faults import Faults, both, listed
from rules.checks.held import Held
from rules.season_source import Path

if TYPE_CHECKING:
    from holidays import HolidayBase

_WEEKDAYS = (
    ("Monday", "星期一"), ("Tuesday", "星期二"), ("Wednesday", "星期三"), ("Thursday", "星期四"),
    ("Friday", "星期五"), ("Saturday", "星期六"), ("Sunday", "星期日"),
)  # fmt: skip


def check_days(file: SeasonFile, windows: Sequence[Held], faults: Faults) -> None:
    """The last day of each window, in the country of its area's seat, or of the season."""
    found: dict[tuple[Path, str, str, date], list[tuple[Held, Text]]] = defaultdict(list)
    for held in windows:
        country = held.area.seat.country if held.area else file.country
        # A close at midnight belongs to the day that ends.
        day = (held.closes_at - timedelta(microseconds=1)).astimezone(held.zone).date()
        shut = day_off(country, day)
        if shut is None or (shut[0] == "weekend" and isinstance(held.stage, DefenceStage)):
            continue  # defences are held when people are free
        found[held.closes_path, shut[0], shut[1].en, day].append((held, shut[1]))
    for (path, kind, _, day), several in found.items():
        held, name = several[0]
        where = listed(h.place or file.country for h, _ in several)
        faults.warning(
            f"day.{kind}", path,
            both(f"Stage '{held.stage.id}' closes on {day} in {where}: {name.en}.",
                 f"阶段“{held.stage.id}”（{where}）于 {day} 截止，当天为{name.zh}。"),
            both("Close on a working day, or leave it if it is meant.", "请改在工作日截止；如有意为之可保留。"),
        )  # fmt: skip


def day_off(country: str, day: date) -> tuple[Literal["holiday", "weekend"], Text] | None:
    """Whether offices of a country (ISO 3166-1 alpha-2) are shut on a day, and the day's name; None for a working day.

    The weekend is the country's own. None also where the country's calendar is not known (library `holidays`).
    """
    english = _calendar(country, "en_US", day.year)
    if english is None:
        return None
    if day in english:
        chinese = _calendar(country, "zh_CN", day.year)
        zh = (chinese.get(day) if chinese is not None else None) or english[day]
        return "holiday", both(str(english[day]), str(zh))
    if not english.is_working_day(day):
        en, zh = _WEEKDAYS[day.weekday()]
        return "weekend", both(en, zh)
    return None


@lru_cache(maxsize=4096)
def is_day_off(country: str, day: date) -> bool:
    """Whether offices of a country are shut on a day; False where its calendar is not known."""
    calendar = _calendar(country, "en_US", day.year)
    return calendar is not None and (day in calendar or not calendar.is_working_day(day))


@lru_cache(maxsize=256)
def _calendar(country: str, language: str, year: int) -> HolidayBase | None:
    """A country's public holidays; None where they are not known. A language that is not there gives another."""
    import holidays  # a tenth of a second, for those alone who check

    try:
        return holidays.country_holidays(country, years=year, language=language)
    except NotImplementedError:
        return None
