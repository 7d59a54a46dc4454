"""Texts of the page that a personal link leads to."""

from __future__ import annotations

from models.text import both

LABELS = {
    "ask_until": both("Please answer by {until}.", "请于 {until} 前答复。"),
    "ask_over": both(
        "This was open until {until}. Nothing is accepted here any more.", "此事项已于 {until} 截止，不再接受答复。"
    ),
    "ask_not_now": both(
        "This is not open just now. Please look again later; it closes at {until}.",
        "此事项暂未开放，请稍后再试；截止时间：{until}。",
    ),
    "ask_done": both("Thank you. It is recorded.", "感谢您的答复，已记录。"),
    "ask_project": both("Project", "项目"),
    "ask_need": both("Need", "需求"),
    "ask_place": both("Place", "对接单位"),
    "ask_confirm": both("Do you take part with this project?", "该项目是否确认参加？"),
    "ask_match": both("Do you want to negotiate?", "是否愿意对接洽谈？"),
    "ask_accept": both("Yes, accept", "是，接受"),
    "ask_decline": both("No, decline", "否，谢绝"),
    "ask_decline_sure": both("Decline …", "谢绝……"),
    "ask_decline_place": both(
        "Your place goes to the next in rank. This cannot be taken back.", "名额将递补给下一名，且不可撤回。"
    ),
    "ask_decline_match": both("The first answer counts; it cannot be taken back.", "以首次答复为准，不可撤回。"),
    "ask_attendance": both("We come", "我们将到场"),
    "ask_booth": both("We need a booth", "我们需要展位"),
    "ask_materials": both("We bring material for display", "我们将携带展示资料"),
    "ask_now": both("Your answer", "您的答复"),
    "ask_is_accepted": both("accepted", "已接受"),
    "ask_is_declined": both("declined", "已谢绝"),
    "ask_is_lapsed": both("not answered in time", "逾期未答复"),
    "ask_is_negotiating": both("accepted, negotiation under way", "已接受，洽谈进行中"),
    "ask_is_landed": both("landed", "已落地"),
    "ask_is_failed": both("ended without a result", "洽谈未成"),
    "ask_is_expired": both("expired", "已失效"),
    "ask_is_answered": both("answered", "已答复"),
    "ask_is_missed": both("not answered in time", "逾期未答复"),
    "ask_how": both("How does it stand?", "目前进展如何？"),
    "ask_said": both("In a few words", "请简要说明"),
    "ask_continuing": both("It goes on", "洽谈仍在进行"),
    "ask_landed": both("The project has landed", "项目已落地"),
    "ask_failed": both("It has failed", "洽谈未成"),
    "ask_send": both("Send", "提交"),
    "ask_outcome": both("It has come to an end …", "洽谈已有结果……"),
    "ask_outcome_sure": both(
        "An outcome ends the negotiation. It cannot be taken back.", "结果提交后洽谈即告结束，不可撤回。"
    ),
    "ask_tasks": both("Entries that you judge", "您评审的项目"),
    "ask_left": both("{count} still to score", "还有 {count} 项待评分"),
    "ask_scored": both("scored", "已评分"),
    "ask_points": both("{criterion} (0 to {weight})", "{criterion}（0 至 {weight} 分）"),
    "ask_comment": both("Comment for the office (optional)", "给组委会的意见（可不填）"),
    "ask_cast": both("Cast the ballot", "提交评分"),
    "ask_change": both("Change the ballot", "修改评分"),
    "ask_give_back": both("I cannot judge this entry …", "我无法评审该项目……"),
    "ask_reason": both("Reason", "原因"),
    "ask_no_time": both("Give it back", "退回该项目"),
    "ask_conflict": both("I have a conflict of interest", "存在利益冲突"),
    # Why an answer was not taken; in English most of it speaks for itself
    "ask_no_choice": both("Please choose one of the buttons.", "请点击页面上的按钮作答。"),
    "ask_no_words": both("Please say it in a few words.", "请填写简要说明。"),
    "ask_no_reason": both("Please say why in a few words; the office reads it.", "请简要说明原因，供组委会了解。"),
    "ask_no_length": both("That is too long: {most} characters at most.", "内容过长，请控制在 {most} 字以内。"),
    "ask_no_points": both(
        "{what}: '{given}' is no number of points.", "{what}：“{given}”不是有效分数，请填写整数或半分。"
    ),
    "ask_no_range": both("The points must be within those of each criterion.", "分数须在各项评分标准的范围之内。"),
    "ask_no_assignment": both(
        "This entry is not yours to score, or no longer.", "该项目不由您评审，或已不再由您评审。"
    ),
    "ask_no_answered": both(
        "This was answered already; the first answer counts.", "此事项已有答复，以首次答复为准；如有误，请联系组委会。"
    ),
    "ask_no_report": both("Nothing is asked about this now.", "目前无需就此事项答复。"),
}
