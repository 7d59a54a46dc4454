"""Texts of what mails lead to: unsubscribing, links that need no sign-in, calendars; and of signing mails."""

from __future__ import annotations

from models.text import both

LABELS = {
    "sub_title": both("Reminders by mail", "邮件提醒"),
    "sub_ask": both(
        "Do you want no more reminders and announcements of “{season}”?", "不再接收“{season}”的提醒和公告吗？"
    ),
    "sub_still": both(
        "You will still be told what you must know: changes of deadlines, decisions, invitations, and the answers to"
        " what you do yourself.",
        "期限变更、评审结果、邀请以及您本人操作的回执仍会照常发送。",
    ),
    "sub_which": both("What is no longer sent then", "退订后不再发送的通知"),
    "sub_leave": both("Unsubscribe", "退订"),
    "sub_left": both("You are unsubscribed since {at}.", "您已于 {at} 退订。"),
    "sub_back": both("Send reminders again", "恢复接收提醒"),
    "sub_own": both("Choose single kinds (sign-in needed)", "按类别选择（需登录）"),
    "sub_mine": both("Notices you are sent", "我接收的通知"),
    "sub_choose": both(
        "Choose which reminders and announcements you are sent. Everything else is always sent.",
        "请选择要接收的提醒和公告；其他通知始终发送。",
    ),
    "sub_none": both("There is no season that you have to do with.", "您尚未参与任何赛季。"),
    "sub_save": both("Save", "保存"),
    "sub_saved": both("Saved.", "已保存。"),
    "sub_links": both("Links in mails", "邮件中的链接"),
    "sub_links_what": both(
        "Some mails have links that open your project without a sign-in. If somebody else may have such a mail, make"
        " these links void: then they ask for a sign-in. Calendars that you subscribed to stop too.",
        "部分邮件含有免登录打开项目的链接。如邮件可能被他人获得，可使这些链接失效，之后需登录；已订阅的日历也将停止更新。",
    ),
    "sub_links_void": both("Make all links void", "使全部链接失效"),
    "sub_links_done": both("All earlier links are void.", "此前的链接已全部失效。"),
    "sub_dead_title": both("This link is no longer good", "此链接已失效"),
    "sub_dead": both(
        "It may be over with its deadline, made void, or cut off on its way. With a sign-in you reach everything that"
        " is yours.",
        "该链接可能已随截止时间失效、已被作废或在传输中被截断。登录后即可查看您的全部内容。",
    ),
    "cal_title": both("Calendar", "日历"),
    "cal_what": both(
        "All dates of this project that you were told of: deadlines, your defence, events. They move in your calendar"
        " when they are moved.",
        "本项目已通知您的全部日期：截止时间、答辩与活动。日期变更时，您日历中的条目会随之更新。",
    ),
    "cal_subscribe": both("Subscribe in my calendar", "订阅到我的日历"),
    "cal_address": both(
        "Or give your calendar this address. Whoever has it can read these dates:",
        "或在日历程序中填写此地址（持有该地址者均可查看这些日期）：",
    ),
    "cal_file": both("Download as a file", "下载日历文件"),
    "cal_link": both("Dates for your calendar", "添加到日历"),
    "sub_person": both("Person {person}, season {season}:", "人员 {person}，赛季 {season}："),
    "sub_gets_all": both("gets every notice", "接收全部通知"),
    "sub_out_all": both("unsubscribed from all routine notices on {at}", "已于 {at} 退订全部提醒类通知"),
    "sub_out": both("unsubscribed from “{kind}” on {at}", "已于 {at} 退订“{kind}”"),
    "sub_revoked": both("All links in mails to person {person} are void.", "发给人员 {person} 的邮件链接已全部失效。"),
    "dkim_off": both(
        "Notices are not signed: SEASON_DKIM_DOMAIN is not set.", "通知未签名：未设置 SEASON_DKIM_DOMAIN。"
    ),
    "dkim_publish": both("Publish this TXT record in the DNS:", "请在 DNS 中发布以下 TXT 记录："),
}
