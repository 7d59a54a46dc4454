"""The notices that there are, as the check of a season file asks for them."""

from __future__ import annotations

from notices.context import FIELDS
from notices.render import template_names, trouble_with
from rules.checks.notices import KnownNotices


def known_notices() -> KnownNotices:
    """Every notice with what it needs, and how own words for it are tried."""
    return KnownNotices({name: FIELDS[name].needs for name in template_names()}, trouble_with)
