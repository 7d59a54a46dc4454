"""How a season writes to people: at what hours, how much at once, how much a week."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Self

from pydantic import Field, model_validator

from models.instants import Span
from models.part import Part


class NoticeRules(Part):
    """Rules for notices. What answers a person's own act (a receipt, a sign-in link) goes out at any hour."""

    civil_from: time = Field(default=time(8), description="From this local hour of the recipient notices are sent,")
    civil_until: time = Field(default=time(20), description="until before this one.")
    avoid_days_off: bool = Field(
        default=True, description="Reminders that can wait are not sent on weekends and public holidays."
    )
    merge_within: Span | None = Field(
        default=timedelta(hours=4),
        description="Notices due to one person within this time become one mail; null: each is a mail of its own.",
    )
    routine_per_week: int | None = Field(
        default=12, ge=1, description="Most reminders and announcements to one person in seven days; null: no limit."
    )
    outbox: bool = Field(default=False, description="Notices to many wait until somebody has read and released them.")
    illustrative: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _a_day_has_hours(self) -> Self:
        if self.civil_from >= self.civil_until:
            raise ValueError(
                f"civil_from ({self.civil_from:%H:%M}) is not before civil_until ({self.civil_until:%H:%M})"
            )
        return self
