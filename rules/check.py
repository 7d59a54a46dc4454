"""Whether what a season file says can be held: references, figures, dates and days."""

from __future__ import annotations

from models.problems import Problem
from models.season import SeasonFile
from rules.checks.dates import check_dates
from rules.checks.days import check_days
from rules.checks.faults import Faults
from rules.checks.held import windows_of
from rules.checks.notices import KnownNotices, check_notices
from rules.checks.numbers import check_numbers
from rules.checks.order import check_order
from rules.checks.references import check_references
from rules.checks.zones import check_zones
from rules.season_source import Source


def check(
    file: SeasonFile, source: Source, *, notices: KnownNotices | None = None, days: bool = True
) -> tuple[Problem, ...]:
    """Everything wrong with a well-formed season file.

    `source` is the text that the file was read from, for the lines. `notices` are those that exist, unchecked
    where None. `days` False leaves the public holidays and weekends out, which are warnings alone.
    """
    faults = Faults(source)
    check_references(file, faults)
    if notices is not None:
        check_notices(file, notices, faults)
    check_numbers(file, faults)
    check_zones(file, faults)
    windows = windows_of(file)
    check_dates(file, windows, faults)
    check_order(file, windows, faults)
    if days:
        check_days(file, windows, faults)
    return tuple(faults.found)
