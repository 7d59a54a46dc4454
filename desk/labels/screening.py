"""The fixed texts of screening's queue, its decisions and its commands."""

from __future__ import annotations

from models.text import both

LABELS = {
    "queue": both("Screening", "资格审查"),
    "queue_title": both("Waiting for a decision ({count})", "待人工决定（{count}）"),
    "queue_empty": both("Nothing waits for a decision.", "没有待决定的项目。"),
    "queue_since": both("Since", "等待起始"),
    "queue_until": both("To be decided by", "决定期限"),
    "queue_found": both("What was found", "审查发现"),
    "queue_open": both("returned, not answered yet", "已退回，尚未答复"),
    "queue_answered": both("corrected; the answer:", "已更正，答复如下："),
    "queue_missed": both("returned, not answered in time", "已退回，逾期未答复"),
    "queue_decide": both("Decide on its eligibility", "决定参赛资格"),
    "queue_eligible": both("Eligible", "符合条件"),
    "queue_ineligible": both("Not eligible", "不符合条件"),
    "queue_return": both("Return for correction", "退回更正"),
    "queue_reason_hint": both("kept in the log; the applicant reads it", "将记入日志，申报人可见"),
    "queue_by_hint": both(
        "for a return: such as 3d; empty: as the season file says", "退回时填写，如 3d；留空则按赛季文件"
    ),
    "queue_plan": both("The project plan as written", "项目计划正文"),
    "queue_done": both("Done: {number}, {what}.", "已处理：{number}，{what}。"),
    "queue_which": both("Choose what is to be done.", "请选择处理方式。"),
}
