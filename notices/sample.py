"""Invented values for each template: for the check, and for showing a template to people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from models.text import Text
from notices.context import FIELDS, NoticeContext

_VALUES: dict[str, Any] = {
    "entry_number": "2024-EU-LH-0042",
    "entry_title": Text(en="Nerve-guided prosthetic hand", zh="神经引导义肢手"),
    "area_name": Text(en="Europe", zh="欧洲赛区"),
    "track_name": Text(en="Life and health", zh="生命健康"),
    "stage_name": Text(en="Registration", zh="报名"),
    "window_opens": datetime(2024, 3, 31, 16, tzinfo=UTC),
    "window_closes": datetime(2024, 5, 31, 16, tzinfo=UTC),
    "link": "https://season.example.org/do/1",
}
_DATA: dict[str, Any] = {
    "at": "2024-05-31T15:59:58+00:00",
    "starts_at": "2024-06-29T07:00:00+00:00",
    "ends_at": "2024-06-29T10:00:00+00:00",
    "next_at": "2024-06-02T16:00:00+00:00",
    "expires_at": "2024-05-30T16:30:00+00:00",
    "until": "2024-06-01T16:00:00+00:00",
    "old": "2024-05-24T16:00:00+00:00",
    "count": 12,
    "submitted": 7,
    "drafts": 3,
    "position": 4,
    "rank": 2,
    "pitch_minutes": 8,
    "question_minutes": 7,
    "score": 87.5,
    "eligible": False,
    "findings": [Text(en="The project plan is not attached", zh="未上传项目计划书")],
    "format": "hybrid",
    "asks": ["attendance", "booth", "materials"],
    "dates": [
        {
            "stage": Text(en="Registration", zh="报名"),
            "area": Text(en="Europe", zh="欧洲赛区"),
            "number": "2024-EU-LH-0042",
            "closes_at": "2024-05-31T16:00:00+00:00",
            "old": "2024-05-24T16:00:00+00:00",
        }
    ],
    "decision": "selected",
    "outcome": "landed",
    "channel": Text(en="Innovation Office", zh="创新促进中心"),
    "prize": Text(en="First prize", zh="一等奖"),
    "place": Text(en="Shenzhen, Nanshan", zh="深圳市南山区"),
    "need": Text(en="Medical robotics", zh="医疗机器人"),
    "next_stage": Text(en="Eligibility check", zh="资格审查"),
    "reason": Text(en="The organisers asked for it", zh="应组委会要求"),
}
_SPECIAL: dict[str, dict[str, Any]] = {"objection_decided": {"decision": "upheld"}}


def sample(template: str, *, full: bool = True, **data: Any) -> NoticeContext:
    """A context for a template with invented values: all that it may say, or only what it needs.

    `data` overrides single values of `data`. Raises KeyError for an unknown template.
    """
    fields = FIELDS[template]
    wanted = fields.needs | fields.may if full else fields.needs
    values = {name: _VALUES[name] for name in wanted if not name.startswith("data.")}
    named = {name.removeprefix("data.") for name in wanted if name.startswith("data.")}
    special = _SPECIAL.get(template, {})
    return NoticeContext(
        season_name=Text(en="Overseas Talent Competition 2024", zh="2024海外人才创业大赛"),
        person_name="Lin 琳",
        season_zone="Asia/Shanghai",
        area_zone="Europe/Brussels" if full else None,
        own_zone="Europe/London" if full else None,
        data={name: special.get(name, _DATA[name]) for name in named} | data,
        **values,
    )
