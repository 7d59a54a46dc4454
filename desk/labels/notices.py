"""Texts about held mail, the outbox, campaigns and what a person was sent."""

from __future__ import annotations

from models.text import both

LABELS = {
    "ncs_hold": both("Hold all mail of this season", "暂停本赛季全部邮件"),
    "ncs_release": both("Release held mail", "恢复发送邮件"),
    "ncs_hold_what": both(
        "Holding stops all outgoing mail of the season at once, between two mails. Links that sign people in still go "
        "out. After the release everything that is still useful is sent.",
        "暂停后本赛季邮件立即停止发送，已开始发送的一封除外；登录链接照常发送。恢复后，仍有效的通知会继续发送。",
    ),
    "ncs_held": both("Mail of this season is held since {at}.", "本赛季邮件自 {at} 起暂停发送。"),
    "ncs_held_all": both("Mail of all seasons is held since {at}.", "所有赛季邮件自 {at} 起暂停发送。"),
    "ncs_held_by": both("By {by}: {reason}", "操作人：{by}。理由：{reason}"),
    "ncs_sign_in": both("Links that sign people in still go out.", "登录链接照常发送。"),
    "ncs_release_all": both(
        "It is released by `season notices release --all`.", "须以 `season notices release --all` 恢复。"
    ),
    "ncs_why": both("Why", "理由"),
    "ncs_done_hold": both("Mail is held.", "已暂停发送邮件。"),
    "ncs_done_held_already": both("Mail was held already.", "邮件此前已暂停发送。"),
    "ncs_done_release": both(
        "Mail is released; what is still useful goes out.", "已恢复发送邮件，仍有效的通知将继续发送。"
    ),
    "ncs_done_not_held": both("Mail was not held.", "邮件并未暂停发送。"),
    "ncs_done_still_all": both(
        "The season's mail stays held, as that of all seasons is.", "所有赛季邮件均已暂停，本赛季仍不发送。"
    ),
    "ncs_campaigns": both("Campaigns", "群发通知"),
    "ncs_no_campaigns": both("No campaign yet.", "尚无群发通知。"),
    "ncs_outbox": both("Outbox", "待发箱"),
    "outbox": both("In the outbox", "待审阅"),
    "ncs_no_outbox": both("Nothing waits in the outbox.", "待发箱为空。"),
    "ncs_outbox_off": both(
        "The outbox is off for this season: mails to many go out by themselves.",
        "本赛季未启用待发箱，群发通知将自动发送。",
    ),
    "ncs_state_open": both("sent by itself", "自动发送"),
    "ncs_state_waiting": both("waits to be read", "待审阅"),
    "ncs_state_released": both("released", "已审阅并发送"),
    "ncs_state_discarded": both("discarded", "已作废"),
    "ncs_planned": both("Planned", "计划"),
    "ncs_waiting": both("Waiting", "待发送"),
    "ncs_useful_until": both("Useful until {at}", "有效期至 {at}"),
    "ncs_reasons": both("What became of them, and why", "结果与原因"),
    "ncs_count": both("Count", "数量"),
    "ncs_over_time": both("Sent over time", "发送进度"),
    "ncs_picture": both(
        "{count} sent between {first} and {last}; at most {most} in one of {steps} equal steps.",
        "{first} 至 {last} 共发送 {count} 封；等分为 {steps} 段，单段最多 {most} 封。",
    ),
    "ncs_none_sent": both("Nothing was sent yet.", "尚未发送。"),
    "ncs_mails": both("Mails, the troubled ones first", "邮件（异常的在前）"),
    "ncs_no_mails": both("No mail in this campaign.", "该通知没有邮件。"),
    "ncs_person": both("Everything sent to person {person}", "发送给人员 {person} 的全部通知"),
    "ncs_no_person": both("Nothing was ever sent to this person.", "未向此人发送过通知。"),
    "ncs_all_of_person": both("all to this person", "此人的全部通知"),
    "ncs_not_before": both("not before {at}", "不早于 {at}"),
    "ncs_edited": both("edited", "已修改"),
    "ncs_read": both("Read", "阅读"),
    "ncs_mail_to": both("Mail to {to}", "发给 {to} 的邮件"),
    "ncs_subject": both("Subject", "主题"),
    "ncs_body": both("Text", "正文"),
    "ncs_save": both("Keep these words for this mail alone", "仅修改这一封"),
    "ncs_edit_what": both(
        "An edited mail is sent as text, and its links ask for a sign-in.", "修改后的邮件以纯文本发送，其中链接须登录。"
    ),
    "ncs_send": both("Send this campaign", "发送该通知"),
    "ncs_discard": both("Discard this campaign", "作废该通知"),
    "ncs_leave_out": both("Leave this mail out", "不发送这一封"),
    "ncs_done_send": both("Mails released: {count}.", "已放行 {count} 封邮件。"),
    "ncs_done_discard": both("Mails discarded: {count}.", "已作废 {count} 封邮件。"),
    "ncs_done_edit": both("The mail to person {person} has words of its own.", "发给人员 {person} 的邮件已修改。"),
    "ncs_done_leave_out": both("The mail to person {person} is not sent.", "发给人员 {person} 的邮件不再发送。"),
    "ncs_done_test": both(
        "A test of {notice} was sent; the mail server answered: {answer}",
        "已发送“{notice}”测试邮件，邮件服务器答复：{answer}",
    ),
}
