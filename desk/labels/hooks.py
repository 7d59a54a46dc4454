"""Texts about webhooks and about reports of bounces."""

from __future__ import annotations

from models.text import both

LABELS = {
    "hooks_title": both("Webhooks", "Webhook"),
    "hooks_what": both(
        "Other programs can be told of what happens in this season: ids, figures and instants, never names or addresses. "
        "Each request is signed as Standard Webhooks says.",
        "可将本赛季的事件通知其他程序：仅含编号、数字和时间，不含姓名和邮箱。每个请求均按 Standard Webhooks 规范签名。",
    ),
    "hooks_none": both("No webhook yet.", "尚无 Webhook。"),
    "hooks_number": both("Webhook {hook}", "Webhook {hook}"),
    "hooks_url": both("Address (https)", "地址（https）"),
    "hooks_events": both("Events", "事件"),
    "hooks_area": both("Area", "赛区"),
    "hooks_every_area": both("all areas", "全部赛区"),
    "hooks_add": both("Add a webhook", "添加 Webhook"),
    "hooks_secret": both("Secret of webhook {hook}, shown this once:", "Webhook {hook} 的密钥（仅显示一次）："),
    "hooks_added": both("Webhook {hook} was added.", "已添加 Webhook {hook}。"),
    "hooks_rotated": both(
        "Webhook {hook} has a new secret; for a day the old one signs too.",
        "Webhook {hook} 已更换密钥，旧密钥在一天内仍同时签名。",
    ),
    "hooks_removed": both("Webhook {hook} was removed.", "已删除 Webhook {hook}。"),
    "hooks_tested": both("The test was taken: {status}.", "测试事件已被接收：{status}。"),
    "hooks_test_failed": both("The test was not taken: {answer}", "测试事件未被接收：{answer}"),
    "hooks_retried": both("Event {event} is tried again.", "事件 {event} 将重新发送。"),
    "hooks_test": both("Send a test", "发送测试"),
    "hooks_rotate": both("New secret", "更换密钥"),
    "hooks_remove": both("Remove", "删除"),
    "hooks_retry": both("Try again", "重新发送"),
    "hooks_counts": both(
        "{waiting} waiting, {sent} sent, {failed} failed", "待发送 {waiting}，已发送 {sent}，失败 {failed}"
    ),
    "hooks_disabled": both(
        "Disabled since {at}: the endpoint wanted no more events (410). A test that is taken enables it again.",
        "自 {at} 起停用：接收方答复不再接收事件（410）。测试成功后恢复使用。",
    ),
    "hooks_renewing": both("Two secrets sign until {at}.", "两个密钥同时签名至 {at}。"),
    "hooks_log": both("Events sent", "发送记录"),
    "hooks_no_log": both("No event yet.", "尚无事件。"),
    "hooks_event": both("Event", "事件"),
    "hooks_answer": both("Answer", "答复"),
    "hooks_next": both("next try {at}", "下次发送 {at}"),
    "hooks_event_notices": both("notices planned and finished", "通知的安排与完成"),
    "hooks_event_openings": both("windows open", "窗口开放"),
    "hooks_event_closings": both("windows close", "窗口截止"),
    "hooks_event_changes": both("deadlines move, pauses", "截止时间变更与暂停"),
    "hooks_event_bounces": both("notices come back", "通知退回"),
    "hooks_event_holds": both("mail is held and released", "邮件暂停与恢复发送"),
    "hooks_tick_one": both("Tick one kind of event at least.", "请至少选择一类事件。"),
    "hooks_came_back": both("came back on {at}", "{at} 退回"),
    "hooks_anew": both(
        "{count} notices that the bounce had kept from them are sent anew.", "因退信未送达的 {count} 封通知将重新发送。"
    ),
    "hooks_no_reports": both("No report has come in.", "尚未收到退信报告。"),
    "hooks_outcome_matched": both("about a notice of ours", "与本系统通知相符"),
    "hooks_outcome_unknown": both("about no notice of ours; nothing was changed", "与本系统通知不符，未作更改"),
    "hooks_outcome_ignored": both("nothing to be done", "无需处理"),
    "hooks_outcome_unreadable": both("could not be read", "无法解析"),
    "hooks_bounces": both("Mails that came back", "退信"),
    "hooks_bounces_what": both(
        "Reports of mail servers, from the mailbox for bounces or by the API. An address that does not exist is not used "
        "again until it is corrected.",
        "邮件服务器的退信报告，来自退信邮箱或接口。不存在的邮箱在更正前不再使用。",
    ),
    "hooks_received": both("Received", "收到时间"),
    "hooks_became": both("What became of it", "处理结果"),
    "hooks_by_mailbox": both("from the mailbox", "来自退信邮箱"),
    "hooks_by_api": both("by the API", "来自接口"),
    "hooks_kind_no_such_address": both("no such address", "邮箱不存在"),
    "hooks_kind_mailbox_full": both("mailbox full", "邮箱已满"),
    "hooks_kind_refused": both("refused", "被拒收"),
    "hooks_kind_delayed": both("delayed, still being tried", "延迟，仍在重试"),
    "hooks_kind_nothing": both("arrived, or passed on", "已送达或已转发"),
}

OUTCOMES = ("matched", "unknown", "ignored", "unreadable")
"""What becomes of reports of bounces."""
