"""What other programs are told of a season by webhook: which lines of the log, and what of them.

Ids, codes, figures and instants alone: no name, no address, no text that a person wrote.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

GROUPS: dict[str, tuple[str, ...]] = {
    "notices": ("campaign.planned", "campaign.finished"),
    "openings": ("window.opened", "window.reopened"),
    "closings": ("window.closed", "window.closed_early"),
    "changes": (
        "window.extended", "window.postponed", "window.paused", "window.resumed", "window.cancelled",
        "season.paused", "season.resumed", "season.cancelled", "season.finished",
    ),
    "bounces": ("notice.bounced", "person.address_bounced"),
    "holds": ("notices.held", "notices.released"),
}  # fmt: skip
"""What may be asked for, and the events of the log that it means."""

TEST = "hook.tested"
"""What a test sends, whatever was asked for."""

_TOLD = (
    "stage", "closes_at", "old", "new", "notice", "campaign", "count", "sent", "failed", "skipped", "kind", "status",
)  # fmt: skip
"""Values of a line that are told, where they are figures, codes or instants."""
_CODE = re.compile(r"[A-Za-z0-9_./:+-]{1,200}")


class Happening(NamedTuple):
    """A line of the log, with what is known of its window and its entry."""

    log_id: int
    event: str
    at: datetime
    season: str
    area: str | None
    window: str | None
    stage: str | None
    closes_at: datetime | None
    entry: str | None
    data: Mapping[str, Any]


def body_of(what: Happening, public_url: str) -> bytes:
    """The JSON of an event: `type`, `timestamp` and `data`, as Standard Webhooks advises."""
    found: dict[str, Any] = {
        "id": what.log_id, "season": what.season, "area": what.area, "window": what.window, "stage": what.stage,
        "closes_at": what.closes_at, "entry": what.entry,
    }  # fmt: skip
    found |= {name: what.data[name] for name in _TOLD if what.data.get(name) is not None}
    told = {name: shown for name, value in found.items() if (shown := _plain(value)) is not None}
    told["link"] = f"{public_url}/windows/{what.window}" if what.window else f"{public_url}/seasons/{what.season}"
    content = {"type": what.event, "timestamp": _instant(what.at), "data": told}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _plain(value: Any) -> str | int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, datetime):
        return _instant(value)
    return value if isinstance(value, str) and _CODE.fullmatch(value) else None


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
