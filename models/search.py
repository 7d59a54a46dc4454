"""Search attributes: for the Temporal UI and CLI only. Every list on a page comes from SQL."""

from __future__ import annotations

from temporalio.common import SearchAttributeKey

SEASON_ID = SearchAttributeKey.for_keyword("SeasonId")
AREA = SearchAttributeKey.for_keyword("Area")
TRACK = SearchAttributeKey.for_keyword("Track")
STAGE = SearchAttributeKey.for_keyword("Stage")
CLOSES_AT = SearchAttributeKey.for_datetime("ClosesAt")
NEEDS_ATTENTION = SearchAttributeKey.for_bool("NeedsAttention")

ALL = (SEASON_ID, AREA, TRACK, STAGE, CLOSES_AT, NEEDS_ATTENTION)
