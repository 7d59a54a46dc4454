"""What states and kinds are called, for staff and in public."""

from __future__ import annotations

from models.states import EntryState, WindowState
from models.text import Text


def _t(en: str, zh: str) -> Text:
    return Text(en=en, zh=zh)


STATE_WORDS: dict[str, tuple[Text, Text]] = {
    EntryState.DRAFT: (_t("draft", "草稿"), _t("not submitted yet", "尚未提交")),
    EntryState.LAPSED: (_t("lapsed", "已失效"), _t("not submitted in time", "未按时提交")),
    EntryState.SUBMITTED: (_t("submitted", "已提交"), _t("submitted", "已提交")),
    EntryState.WITHDRAWN: (_t("withdrawn", "已撤回"), _t("withdrawn", "已撤回")),
    EntryState.UNDECIDED: (_t("waits for a decision", "待人工决定"), _t("being checked", "资格审查中")),
    EntryState.ELIGIBLE: (_t("eligible", "符合条件"), _t("eligible", "符合参赛条件")),
    EntryState.INELIGIBLE: (_t("not eligible", "不符合条件"), _t("not eligible", "不符合参赛条件")),
    EntryState.SELECTED: (_t("selected", "入选"), _t("selected", "已入选")),
    EntryState.WAITING: (_t("waiting list", "候补"), _t("on the waiting list", "列入候补名单")),
    EntryState.NOT_SELECTED: (_t("not selected", "未入选"), _t("not selected", "未入选")),
    EntryState.REMOVED: (_t("removed", "已移出"), _t("no longer on the list", "已不在名单中")),
    EntryState.DECLINED: (_t("declined its place", "放弃名额"), _t("does not take part", "不参加")),
    EntryState.AWARDED: (_t("awarded", "获奖"), _t("awarded", "获奖")),
    EntryState.FINISHED: (_t("finished", "已完成"), _t("took part to the end", "完成全部赛程")),
}
"""Each EntryState: as staff say it, and as it is shown in public."""

WINDOW_WORDS: dict[str, Text] = {
    WindowState.SCHEDULED: _t("not open yet", "未开始"),
    WindowState.OPEN: _t("open", "进行中"),
    WindowState.PAUSED: _t("paused", "已暂停"),
    WindowState.CLOSED: _t("closed", "已截止"),
    WindowState.CANCELLED: _t("cancelled", "已取消"),
}
"""Each WindowState."""

STAGE_KIND_WORDS: dict[str, Text] = {
    "registration": _t("Registration", "报名"),
    "screening": _t("Eligibility check", "资格审查"),
    "endorsement": _t("Recommendation lists", "推荐确认"),
    "review": _t("Online review", "网络评审"),
    "defence": _t("Defence", "答辩"),
    "selection": _t("Selection", "遴选"),
    "public_notice": _t("Public notice", "公示"),
    "confirmation": _t("Confirmation", "参赛确认"),
    "event": _t("Event", "活动"),
    "awards": _t("Awards", "颁奖"),
    "needs": _t("Filing of needs", "需求征集"),
    "matching": _t("Matching", "项目对接"),
    "tracking": _t("Tracking", "跟踪服务"),
}
"""Each kind of stage."""
