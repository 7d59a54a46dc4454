"""The fixed texts of a return for correction: the command, and what the applicant reads and answers."""

from __future__ import annotations

from models.text import both

LABELS = {
    "correction_until": both(
        "{number} is returned for correction, to be answered until {at}.", "{number} 已退回补正，须在 {at} 前答复。"
    ),
    "correction_title": both("Returned for correction", "退回补正"),
    "correction_reason": both("What is to be corrected", "需补正的内容"),
    "correction_left": both("Answer until", "答复截止"),
    "correction_hint": both(
        "Change the entry and its documents below first, and save. Then answer here, once: the answer hands it in, and "
        "nothing can be changed after it.",
        "请先在下方修改并保存项目内容和材料，然后在此答复。只能答复一次：答复即为提交补正，之后不能再修改。",
    ),
    "correction_answer": both("Your answer", "您的答复"),
    "correction_answer_hint": both(
        "What you have corrected, or why nothing is to be. At most 4000 characters.",
        "说明已补正的内容，或无需补正的理由。最多4000字。",
    ),
    "correction_sure": both("All changes are saved; this is my answer.", "所有修改均已保存，现提交答复。"),
    "correction_send": both("Send the answer", "提交答复"),
    "correction_unsure": both("Tick the box to say that all changes are saved.", "请勾选确认所有修改均已保存。"),
    "correction_answered": both("Answered", "已答复"),
    "correction_missed": both("No answer came in time.", "逾期未答复。"),
    "gate_correction_none": both("Nothing is asked of this project.", "该项目没有待答复的补正。"),
    "gate_correction_decided": both("Nothing is asked of this project any more.", "该项目已无待答复的补正。"),
    "gate_correction_answered": both(
        "The correction was answered; it is answered once.", "补正已答复，且只能答复一次。"
    ),
    "gate_correction_over": both("The time to correct and answer is over.", "补正期限已过，不能再修改或答复。"),
    "gate_correction_screened": both(
        "The formal checks are closed; nothing can be corrected any more.", "资格审查已结束，不能再补正。"
    ),
    "gate_correction_no_answer": both("An answer is missing.", "请填写答复。"),
    "chan_return": both("Return for correction", "退回补正"),
    "chan_return_hint": both(
        "The applicant is told by mail, can change the project and answers once, before the formal checks end.",
        "系统将邮件通知申报人；申报人可在资格审查结束前修改项目，并答复一次。",
    ),
    "chan_done_return": both("{number} was returned for correction.", "{number} 已退回补正。"),
    "return.not_open": both("Entries are returned while your ranking is open.", "仅可在推荐排序期间退回项目。"),
    "return.not_own": both(
        "{number} is not a submitted entry that counts for you.", "{number} 不是计入贵渠道的已提交项目。"
    ),
    "correction_member": both("The applicant answers it.", "由申报人答复。"),
}
