"""What a template may name: one fixed set of values, and for each template which of them it needs.

Texts may be given as `str`, or in both languages as `Text` or as a mapping `{"en": …, "zh": …}`; so may values in
`data`. Instants are aware datetimes; in `data` also ISO 8601 text, as rows carry them. Absent (None or empty) values
are undefined to a template: one that needs such a value fails, and says which.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from models.errors import BadInput
from models.text import Text

Name = str | Text


@dataclass(frozen=True)
class NoticeContext:
    """All that a notice may say. Raises BadInput for an instant without a zone.

    Attributes:
        season_name: the season, as its announcement writes it.
        person_name: whom the notice greets.
        entry_number: public number, such as `2024-EU-LH-0042`.
        entry_title: title of the project.
        area_name: the competition area.
        track_name: the track.
        stage_name: the stage that the notice is about.
        window_opens: when the window of that stage opens.
        window_closes: when it closes.
        season_zone: IANA zone in which the season is published.
        area_zone: IANA zone of the area, if it has one.
        own_zone: IANA zone of the recipient, if known.
        link: where to do the one thing asked for.
        unsubscribe: where to say that such notices are to stop; only in what need not be sent.
        data: what only this template says; see FIELDS.
    """

    season_name: Name
    person_name: str
    entry_number: str | None = None
    entry_title: Name | None = None
    area_name: Name | None = None
    track_name: Name | None = None
    stage_name: Name | None = None
    window_opens: datetime | None = None
    window_closes: datetime | None = None
    season_zone: str = "UTC"
    area_zone: str | None = None
    own_zone: str | None = None
    link: str | None = None
    unsubscribe: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("window_opens", "window_closes"):
            value: datetime | None = getattr(self, name)
            if value is not None and value.tzinfo is None:
                raise BadInput("notice.naive", f"{name} of a notice has no time zone: {value.isoformat()}.")


class Fields(NamedTuple):
    """What one template needs and what else it may say. `data.x` is the value `x` in `data`."""

    needs: frozenset[str]
    may: frozenset[str]


def _fields(needs: str, may: str = "") -> Fields:
    return Fields(frozenset(needs.split()), frozenset(may.split()))


_ENTRY = "entry_number entry_title"

FIELDS: dict[str, Fields] = {
    # registration
    "registration_open": _fields("window_closes", "area_name window_opens link"),
    "draft_saved": _fields(f"{_ENTRY} window_closes", "link"),
    "receipt": _fields(_ENTRY, "area_name track_name window_closes link data.at"),
    "grace_given": _fields(f"{_ENTRY} data.until", "data.reason link"),
    "returned_for_correction": _fields(f"{_ENTRY} data.until data.reason", "link"),
    "time_kept": _fields(f"{_ENTRY} data.until", "link"),
    "draft_reminder": _fields(f"{_ENTRY} window_closes", "link"),
    "endorsement_open": _fields("window_closes data.channel data.count", "area_name link"),
    "endorsement_reminder": _fields("window_closes data.channel data.count", "area_name link"),
    "channel_registered": _fields(f"{_ENTRY} data.channel", "area_name track_name link"),
    "channel_nudge": _fields(f"{_ENTRY} window_closes data.channel", "link"),
    "address_bounced": _fields(f"{_ENTRY} data.channel", "link"),
    "channel_reminder": _fields("window_closes", "area_name link data.submitted data.drafts"),
    "registration_closed": _fields(_ENTRY, "data.next_stage data.next_at link"),
    "screening_result": _fields(f"{_ENTRY} data.eligible", "data.findings link"),
    # judging
    "assignment": _fields("window_closes data.count", "stage_name area_name link"),
    "ballot_reminder": _fields("window_closes data.count", "stage_name link"),
    "escalation": _fields("stage_name window_closes data.count", "area_name link"),
    "ballot_replaced": _fields("", "stage_name data.count"),
    "defence_invitation": _fields(
        f"{_ENTRY} data.starts_at",
        "stage_name data.ends_at data.position data.format data.place data.pitch_minutes data.question_minutes data.old"
        " link",
    ),
    "panel_invitation": _fields(
        "data.starts_at", "stage_name area_name data.ends_at data.count data.format data.place data.old link"
    ),
    # results
    "selection_result": _fields(
        f"{_ENTRY} data.decision", "stage_name data.rank data.score data.next_stage data.reason link"
    ),
    "public_notice": _fields("window_closes", "area_name link"),
    "objection_decided": _fields("data.decision", "entry_number entry_title data.reason"),
    "removed": _fields(_ENTRY, "data.reason"),
    "stepped_up": _fields(_ENTRY, "stage_name data.reason link"),
    "confirm_attendance": _fields(f"{_ENTRY} window_closes", "stage_name data.place link"),
    "confirm_reminder": _fields(f"{_ENTRY} window_closes", "stage_name link"),
    "event_confirm": _fields(
        "stage_name window_closes",
        "entry_number entry_title data.starts_at data.ends_at data.place data.asks link",
    ),
    "award_result": _fields(_ENTRY, "data.prize data.rank data.score link"),
    # matching and tracking
    "need_open": _fields("window_closes", "link"),
    "need_reminder": _fields("window_closes", "link"),
    "match_proposed": _fields("window_closes", "entry_number entry_title track_name data.need data.score link"),
    "match_proposed_applicant": _fields("window_closes", "entry_number entry_title data.place data.need link"),
    "match_reminder": _fields("window_closes", "entry_number entry_title data.place link"),
    "negotiation_follow_up": _fields("window_closes", "entry_number entry_title data.place link"),
    "negotiation_outcome": _fields("data.outcome", "entry_number entry_title data.place"),
    "follow_up_due": _fields("window_closes", "entry_number entry_title data.place link"),
    "follow_up_reminder": _fields("window_closes", "entry_number entry_title data.place link"),
    # changes, and signing in
    "window_extended": _fields("window_closes data.old", "stage_name area_name entry_number data.reason link"),
    "window_closed_early": _fields("window_closes", "stage_name area_name entry_number data.old data.reason"),
    "window_reopened": _fields("window_closes", "stage_name area_name entry_number data.reason link"),
    "window_paused": _fields("", "stage_name area_name entry_number data.old data.reason"),
    "window_resumed": _fields("window_closes", "stage_name area_name entry_number data.old link"),
    "season_resumed": _fields("data.dates", "link"),
    "season_cancelled": _fields("", "data.reason"),
    "sign_in_link": _fields("link", "data.expires_at"),
}
"""Every template and its values; `season_name` and `person_name` are always given.

What the values in `data` are:
    at, starts_at, ends_at, next_at, expires_at, until, old: instants. `old` is the closing instant (of a defence: the start) told before.
    count, submitted, drafts, position, rank, pitch_minutes, question_minutes: whole numbers.
    score: points; shown with two decimals.
    eligible: true or false. findings: list of texts, one for each rule that is not met.
    format: `online`, `offline` or `hybrid`. asks: list of `attendance`, `booth`, `materials`.
    decision: a `Decision` (selection_result), or `upheld` or `dismissed` (objection_decided).
    dates: list of windows that moved: stage, [area], [number] (an entry's), closes_at, old.
    outcome: a final `MatchState`. channel, prize, place, need, next_stage, reason: texts.
"""
