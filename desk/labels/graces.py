"""The fixed texts of the form that gives one entry more time."""

from __future__ import annotations

from models.text import both

LABELS = {
    "grace_give": both("Give more time", "给予宽限"),
    "grace_text": both(
        "This entry alone may be changed and submitted for longer, though registration has closed for all others. "
        "Its applicant is told, once.",
        "仅该项目可在报名截止后继续修改和提交。系统将通知申报人一次。",
    ),
    "grace_or_until": both("Or until when", "或截至何时"),
    "grace_until_hint": both("such as 2024-06-02T18:00+08:00", "如 2024-06-02T18:00+08:00"),
    "grace_reason_hint": both("kept in the log, and told to the applicant", "将记入日志，并告知申报人"),
    "grace_sure": both("Yes, this entry gets more time, and its applicant a mail.", "确认给予该项目宽限并通知申报人。"),
}
