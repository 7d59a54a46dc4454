"""The fixed texts of the desk, in English and Chinese. Sentences of the log live in `notices.phrases`."""

from __future__ import annotations

from models.text import Text


def _t(en: str, zh: str) -> Text:
    return Text(en=en, zh=zh)


SEASON_WORDS = {
    "running": _t("running", "进行中"),
    "paused": _t("paused", "已暂停"),
    "finished": _t("finished", "已结束"),
    "cancelled": _t("cancelled", "已取消"),
}

ACTORS = {
    "system": _t("the system", "系统"),
    "ops": _t("operations", "组委会"),
    "staff": _t("staff{number}", "工作人员{number}"),
    "token": _t("a program{number}", "程序{number}"),
    "person": _t("person{number}", "用户{number}"),
    "applicant": _t("the applicant", "申报人"),
    "judge": _t("judge{number}", "评委{number}"),
    "judges": _t("the judges", "评委"),
    "channel": _t("channel{number}", "推荐渠道{number}"),
    "place": _t("place{number}", "对接方{number}"),
    "objector": _t("an objector", "异议人"),
    "public": _t("the public", "公众"),
}

EVENTS = {
    "ballots.in": _t("{count} ballots are in for {stage}.", "{stage}：已收到 {count} 份评分。"),
    "tally.made": _t(
        "The ballots of {stage} were tallied: {score} points from {count} ballots, rank {rank} in {division}.",
        "{stage}评分已汇总：{count} 份评分，得分 {score}，{division} 第 {rank} 名。",
    ),
    "tally.none": _t(
        "No ballot came in for {stage}: rank {rank} in {division}.", "{stage}未收到评分：{division} 第 {rank} 名。"
    ),
    "notice.queued": _t("Notice to {to} waits to be sent: {notice}.", "通知待发送至 {to}：{notice}。"),
    "notice.sent": _t(
        "Notice to {to}: {notice}. The mail server answered: {answer}.",
        "通知已发送至 {to}：{notice}。邮件服务器答复：{answer}。",
    ),
    "notice.failed": _t(
        "Notice to {to} could not be delivered: {notice}. The mail server answered: {answer}.",
        "通知未能送达 {to}：{notice}。邮件服务器答复：{answer}。",
    ),
    "notice.skipped": _t(
        "Notice to {to} was left out: {notice} ({answer}).", "未向 {to} 发送通知：{notice}（{answer}）。"
    ),
}
"""Events that only `explain` tells, beside those of the log."""

CONCERNS = {
    "window.late": _t(
        "{window} should have closed at {at}, and nobody has closed it. Is a worker running?",
        "{window}应于 {at} 截止，但尚未关闭。请检查后台进程是否在运行。",
    ),
    "window.paused": _t("{window} is paused since {at}.", "{window}自 {at} 起暂停。"),
    "season.paused": _t("The season is paused; nothing is accepted.", "赛季已暂停，不予受理任何提交。"),
    "mail.failed": _t(
        "{count} notices could not be delivered; a mail server answered: {answer}.",
        "{count} 封通知未能送达，邮件服务器答复：{answer}。",
    ),
    "mail.failed.one": _t(
        "One notice could not be delivered; the mail server answered: {answer}.",
        "1 封通知未能送达，邮件服务器答复：{answer}。",
    ),
    "mail.stuck": _t(
        "{count} notices wait to be sent, the first since {at}.", "{count} 封通知待发送，最早的自 {at} 起等待。"
    ),
    "mail.stuck.one": _t("One notice waits to be sent since {at}.", "1 封通知自 {at} 起等待发送。"),
    "mail.twice": _t(
        "{count} notices may have arrived twice, as a process died while it sent them.",
        "{count} 封通知可能被重复送达（发送时进程中断）。",
    ),
    "mail.twice.one": _t(
        "One notice may have arrived twice, as a process died while it sent it.",
        "1 封通知可能被重复送达（发送时进程中断）。",
    ),
    "judges.short": _t(
        "{count} entries have fewer than {wanted} judges in {window}.",
        "{window}：{count} 个项目的评委不足 {wanted} 位。",
    ),
    "judges.short.one": _t(
        "Entry {entry} has fewer than {wanted} judges in {window}.", "{window}：项目 {entry} 的评委不足 {wanted} 位。"
    ),
    "objections.open": _t(
        "{count} objections are open in {window}, to be decided by {at}.",
        "{window}：{count} 项异议待处理，须于 {at} 前作出决定。",
    ),
    "objections.open.one": _t(
        "An objection to {entry} is open in {window}, to be decided by {at}.",
        "{window}：对项目 {entry} 的异议待处理，须于 {at} 前作出决定。",
    ),
    "screening.undecided": _t(
        "{count} entries wait for a person's decision on their eligibility, by {at}.",
        "{count} 个项目的参赛资格待人工决定，截止时间 {at}。",
    ),
    "screening.undecided.one": _t(
        "Entry {entry} waits for a person's decision on its eligibility, by {at}.",
        "项目 {entry} 的参赛资格待人工决定，截止时间 {at}。",
    ),
}

COMING = {
    "opens": _t("{stage}: opens{where}.", "{stage}{where}开始。"),
    "closes": _t("{stage}: closes{where}.", "{stage}{where}截止。"),
    "reminds": _t(
        "{people} people would be told ({audience}): {notice}, {stage}{where}.",
        "将通知 {people} 人（{audience}）：{notice}，{stage}{where}。",
    ),
    "reminds.one": _t(
        "One person would be told ({audience}): {notice}, {stage}{where}.",
        "将通知 1 人（{audience}）：{notice}，{stage}{where}。",
    ),
    "replaces": _t(
        "Ballots still missing go to other judges: {stage}{where}, {people} judges.",
        "尚缺的评分将转交其他评委：{stage}{where}，涉及评委 {people} 位。",
    ),
    "matching_round": _t("A matching round is held.", "进行一轮项目匹配。"),
    "follow_up": _t("Follow-ups on {people} matches are due.", "对 {people} 组对接进行回访。"),
    "follow_up.one": _t("The follow-up on one match is due.", "对 1 组对接进行回访。"),
    "follow_up.any": _t("A follow-up is due.", "进行回访。"),
    "dated": _t("{stage}: takes place.", "举行{stage}。"),
    "defends": _t("The project is defended: {stage}.", "项目答辩：{stage}。"),
}

RULES = {
    "registration.close": _t("drafts lapse when registration closes", "报名截止时，草稿自动失效"),
    "screening": _t("the entry rules", "参赛条件"),
    "screening.undecided": _t("what nobody decided by the close of the check", "审查截止时未决事项的处理规则"),
    "assignment.min_cost_flow": _t(
        "no conflict, within everyone's load, spread evenly", "回避利益冲突、不超负荷、均衡分配"
    ),
    "assignment.silent": _t("tasks of silent judges go to others", "未回应评委的任务转交他人"),
    "assignment.replacement": _t("a judge who steps back is replaced", "评委退出后予以替补"),
    "scoring.trimmed_mean": _t(
        "highest and lowest score dropped, the rest averaged", "去掉一个最高分和一个最低分后取平均"
    ),
    "trimmed_mean": _t("highest and lowest score dropped, the rest averaged", "去掉一个最高分和一个最低分后取平均"),
    "scoring.mean": _t("average of all scores", "取全部评分的平均"),
    "mean": _t("average of all scores", "取全部评分的平均"),
    "defence.lot": _t("order drawn by lot", "抽签决定顺序"),
    "defence.no_ballot": _t("no ballot means not defended", "无评分视为缺席"),
    "selection.quota": _t("rank within the quota", "按名次在名额内入选"),
    "selection.wild_card": _t("wild card with a stated reason", "外卡（须说明理由）"),
    "selection.step_up": _t("the next in rank moves up", "按名次递补"),
    "public_notice.undecided": _t("objections that nobody decided in time", "逾期未决异议的处理规则"),
    "window.closed": _t("the window's close", "窗口截止"),
    "awards.rank": _t("prizes in order of rank", "按名次授奖"),
    "matching.deferred_acceptance": _t("mutual preferences, stable matching", "双向偏好稳定匹配"),
    "tracking.merged": _t("follow-ups that fell together are asked once", "重叠的回访合并进行"),
}
"""Rules by which the system decides, by code; an unknown one is shown by its code."""

AUDIENCE_WORDS = {
    "drafts": _t("drafts not submitted", "未提交的草稿"),
    "channels": _t("channels", "推荐渠道"),
    "entrants": _t("entrants", "参赛者"),
    "entries": _t("entries in the competition", "在赛项目"),
    "judges": _t("judges", "评委"),
    "judges_missing": _t("judges with ballots missing", "尚未完成评分的评委"),
    "judges_silent": _t("silent judges", "未回应的评委"),
    "invited_unanswered": _t("invited, not answered", "尚未答复的受邀者"),
    "places": _t("places", "对接方"),
    "places_unanswered": _t("places without a need", "尚未提交需求的对接方"),
    "objectors": _t("objectors", "异议人"),
}

NOTICES = {
    "registration_open": _t("registration is open", "报名开始"),
    "draft_saved": _t("the draft was saved", "草稿已保存"),
    "grace_given": _t("more time for one project", "单个项目宽限"),
    "receipt": _t("receipt of the submission", "提交回执"),
    "draft_reminder": _t("reminder to submit", "提醒提交"),
    "channel_reminder": _t("reminder to the channel", "提醒推荐渠道"),
    "registration_closed": _t("registration has closed", "报名截止"),
    "screening_result": _t("result of the eligibility check", "资格审查结果"),
    "assignment": _t("entries to be scored", "评审任务"),
    "ballot_reminder": _t("reminder to score", "提醒评分"),
    "ballot_replaced": _t("a task was given to another", "任务已转交"),
    "defence_invitation": _t("invitation to the defence", "答辩邀请"),
    "panel_invitation": _t("invitation to the panel", "评委会邀请"),
    "selection_result": _t("result of the selection", "遴选结果"),
    "public_notice": _t("public notice", "公示"),
    "objection_decided": _t("the objection was decided", "异议处理结果"),
    "removed": _t("removed from the list", "移出名单"),
    "stepped_up": _t("moved up from the waiting list", "候补递补"),
    "confirm_attendance": _t("please confirm that you take part", "请确认参赛"),
    "confirm_reminder": _t("reminder to confirm", "提醒确认"),
    "event_confirm": _t("please confirm for the event", "请确认参加活动"),
    "award_result": _t("award", "获奖通知"),
    "need_open": _t("needs may be filed", "需求征集开始"),
    "need_reminder": _t("reminder to file needs", "提醒提交需求"),
    "match_proposed": _t("a match is proposed", "推荐对接"),
    "match_proposed_applicant": _t("a match is proposed", "推荐对接"),
    "match_reminder": _t("reminder to answer the match", "提醒答复对接"),
    "negotiation_follow_up": _t("follow-up on the negotiation", "洽谈回访"),
    "negotiation_outcome": _t("outcome of the negotiation", "洽谈结果"),
    "follow_up_due": _t("follow-up", "回访"),
    "follow_up_reminder": _t("reminder of the follow-up", "提醒回访"),
    "window_extended": _t("the deadline has moved", "截止时间变更"),
    "window_reopened": _t("open again", "重新开放"),
    "window_paused": _t("paused", "暂停通知"),
    "window_resumed": _t("goes on", "恢复通知"),
    "season_cancelled": _t("the season was cancelled", "赛季取消"),
    "sign_in_link": _t("sign-in link", "登录链接"),
}

LABELS = {
    "product": _t("Seasonkeeper", "Seasonkeeper 赛季管家"),
    "skip": _t("Skip to the content", "跳到正文"),
    "menu": _t("Main", "主导航"),
    "season_menu": _t("This season", "本赛季"),
    "other_language": _t("中文", "English"),
    "seasons": _t("Seasons", "赛季"),
    "season": _t("Season", "赛季"),
    "overview": _t("Overview", "总览"),
    "windows": _t("Windows", "窗口"),
    "window": _t("Window", "窗口"),
    "entries": _t("Entries", "项目"),
    "entry": _t("Entry", "项目"),
    "next": _t("What comes next", "后续事项"),
    "log": _t("Log", "日志"),
    "mails": _t("Mails", "邮件"),
    "notices": _t("Notices", "通知"),
    "timeline": _t("Timeline", "时间线"),
    "attention": _t("Needs attention", "待处理"),
    "all_well": _t("All is well.", "一切正常。"),
    "deadlines": _t("Next deadlines", "近期截止"),
    "no_deadlines": _t("No deadline is ahead.", "没有待到的截止时间。"),
    "nothing_next": _t("Nothing happens by itself within {span}.", "{span}内没有自动进行的事项。"),
    "numbers": _t("Numbers", "数据"),
    "table": _t("Areas and tracks", "赛区与赛道"),
    "table_hint": _t(
        "Entries submitted; below: eligible · selected · awarded.", "上行：已提交；下行：符合条件 · 入选 · 获奖。"
    ),
    "last_lines": _t("Last acts", "最近动态"),
    "no_lines": _t("Nothing was logged yet.", "暂无日志。"),
    "area": _t("Area", "赛区"),
    "areas": _t("areas", "赛区"),
    "track": _t("Track", "赛道"),
    "tracks": _t("tracks", "赛道"),
    "state": _t("State", "状态"),
    "stage": _t("Stage", "阶段"),
    "total": _t("All", "合计"),
    "number": _t("Number", "编号"),
    "title": _t("Title", "名称"),
    "organisation": _t("Organisation", "单位"),
    "channel": _t("Channel", "推荐渠道"),
    "people": _t("People", "人数"),
    "team": _t("Team", "团队"),
    "team_of": _t("team of {count}", "团队 {count} 人"),
    "started": _t("Started", "已开始"),
    "submitted": _t("Submitted", "已提交"),
    "eligible": _t("Eligible", "符合条件"),
    "selected": _t("Selected", "入选"),
    "awarded": _t("Awarded", "获奖"),
    "opens": _t("Opens", "开始"),
    "closes": _t("Closes", "截止"),
    "closes_in": _t("open, closes {when}", "进行中，{when}截止"),
    "opens_in": _t("opens {when}", "{when}开始"),
    "first_close": _t("first planned: {at}", "原定：{at}"),
    "season_time": _t("Season time", "赛季时间"),
    "area_time": _t("Area time", "赛区时间"),
    "zone": _t("Time zone", "时区"),
    "who": _t("By", "操作者"),
    "what": _t("What", "事项"),
    "when": _t("When", "时间"),
    "why": _t("Reason", "理由"),
    "rule": _t("Rule", "依据"),
    "in": _t("in {span}", "{span}后"),
    "ago": _t("{span} ago", "{span}前"),
    "now": _t("now", "现在"),
    "in_area": _t(" in {area}", "（{area}）"),
    "in_areas": _t(" in {count} areas", "（{count} 个赛区）"),
    "sent": _t("Sent", "已发送"),
    "queued": _t("Waiting", "待发送"),
    "failed": _t("Failed", "未送达"),
    "skipped": _t("Left out", "未发送"),
    "possibly_twice": _t("Possibly twice", "可能重复"),
    "possibly_twice_note": _t(" It may have arrived twice.", "该通知可能被重复送达。"),
    "answer": _t("The mail server's answer", "邮件服务器答复"),
    "to": _t("To", "收件人"),
    "subject": _t("Subject", "主题"),
    "received": _t("Received", "接收时间"),
    "extend": _t("Extend", "延期"),
    "close": _t("Close now", "立即截止"),
    "pause": _t("Pause", "暂停"),
    "resume": _t("Resume", "恢复"),
    "reopen": _t("Open again", "重新开放"),
    "cancel": _t("Cancel the season", "取消赛季"),
    "by": _t("By how long", "时长"),
    "by_hint": _t("such as 2d, 36h, 90m", "如 2d、36h、90m"),
    "reason_hint": _t("kept in the log", "将记入日志"),
    "acts": _t("Act", "操作"),
    "act": _t("Act on {window}", "操作：{window}"),
    "confirm_close": _t(
        "Close this window now? It cannot be undone once something builds on it.",
        "确定立即截止？后续阶段开始后不可撤销。",
    ),
    "confirm": _t("Yes, I mean it", "我确认"),
    "confirm_box": _t("I know what this does.", "我了解该操作的后果。"),
    "confirm_box_close": _t("To close now: I know what this does.", "立即截止须勾选：我了解该操作的后果。"),
    "confirm_missing": _t("Tick the box to confirm.", "请勾选确认。"),
    "no_acts": _t("nothing to do", "无可用操作"),
    "steer_season": _t("Steer the season", "控制赛季"),
    "done": _t("Done: {what}", "已完成：{what}"),
    "filter": _t("Filter", "筛选"),
    "search": _t("Number or title", "编号或名称"),
    "any": _t("any", "全部"),
    "apply": _t("Show", "查看"),
    "page": _t("{first}–{last} of {total}", "第 {first}–{last} 条，共 {total} 条"),
    "earlier": _t("Earlier", "更早"),
    "later": _t("Later", "更新"),
    "previous": _t("Previous", "上一页"),
    "following": _t("Next", "下一页"),
    "no_entries": _t("No entries here.", "没有项目。"),
    "no_mails": _t("No mails yet.", "暂无邮件。"),
    "no_notices": _t("No notices here.", "没有通知。"),
    "no_seasons": _t("No season yet. Start one: season start FILE", "暂无赛季。启动命令：season start FILE"),
    "life": _t("What happened", "经历"),
    "life_next": _t("What is next", "后续"),
    "no_next": _t("Nothing is ahead for this entry.", "该项目没有后续事项。"),
    "temporal_ui": _t("Temporal UI", "Temporal 界面"),
    "api": _t("API", "API"),
    "server_time": _t("Server time", "服务器时间"),
    "updated": _t("Refreshes by itself.", "自动刷新。"),
    "open_desk": _t("Open desk: for this machine only.", "开放模式：仅限本机访问。"),
    "sign_in": _t("Sign in", "登录"),
    "sign_out": _t("Sign out", "退出登录"),
    "signed_in_as": _t("Signed in as {person}", "已登录：{person}"),
    "signed_out": _t("You are signed out.", "您已退出登录。"),
    "role_operations": _t("operations", "组委会"),
    "role_organiser": _t("area organiser", "赛区组织者"),
    "role_support": _t("support", "客服"),
    "address": _t("Mail address", "邮箱地址"),
    "password": _t("Password", "密码"),
    "code": _t("Code", "验证码"),
    "code_hint": _t("six digits from your authenticator", "身份验证器显示的 6 位数字"),
    "ask_link": _t("Send me a link", "发送登录链接"),
    "ask_link_hint": _t(
        "You get a mail with a link that signs you in. No password is needed.", "您将收到含登录链接的邮件，无需密码。"
    ),
    "link_asked": _t("Look into your mail", "请查收邮件"),
    "link_asked_text": _t(
        "If this address is known here, a link is on its way. It works once, for {minutes} minutes; only the newest one"
        " works. Nothing came? Look into the spam folder, or check the address and ask again.",
        "如该邮箱地址已登记，登录链接正在发送。链接仅可使用一次，有效期 {minutes} 分钟，以最新一封为准。"
        "如未收到，请查看垃圾邮件，或核对地址后重新申请。",
    ),
    "ask_again": _t("Ask for a link again", "重新申请链接"),
    "link_ready": _t("One more step: press the button to sign in.", "请点击按钮完成登录。"),
    "link_dead": _t(
        "This link does not work any more: it was used, it is too old, or a newer one was asked for.",
        "该链接已失效：已被使用、已过期，或已申请新链接。",
    ),
    "address_bad": _t("This is no mail address. Please check it.", "邮箱地址格式有误，请核对。"),
    "staff_sign_in": _t("Season office: sign in", "组委会登录"),
    "to_staff_sign_in": _t("Season office: sign in with password and code", "组委会成员：使用密码和验证码登录"),
    "to_link_sign_in": _t("Not of the season office? Sign in by a link", "非组委会成员：使用邮件链接登录"),
    "sign_in.wrong": _t(
        "Address, password or code is not right. A code works once: wait for the next one.",
        "邮箱地址、密码或验证码有误。每个验证码仅可使用一次，请等待下一个。",
    ),
    "sign_in.locked": _t(
        "There were too many failed attempts. Please try again in {minutes} minutes.",
        "失败次数过多，请于 {minutes} 分钟后再试。",
    ),
    "access.forbidden": _t(
        "This is not open to you. Whoever needs it asks operations.", "您无权进行此操作。如有需要，请联系组委会。"
    ),
    "trouble": _t("This did not work", "操作未成功"),
    "back": _t("Back", "返回"),
    "next_close": _t("Next close", "下一截止"),
    "dated": _t("{opens} – {closes}", "{opens} – {closes}"),
    "timeline_text": _t("{stage}: {state}, from {opens} until {closes}.", "{stage}：{state}，{opens} 至 {closes}。"),
    "past": _t("closed", "已截止"),
    "coming": _t("not open yet", "未开始"),
    "open": _t("open", "进行中"),
    "cancelled": _t("cancelled", "已取消"),
    "paused": _t("paused", "已暂停"),
    "would": _t("This would be accepted:", "该操作将被接受："),
    "closes_now_at": _t(
        "{window} is {state}; it closes at {at} ({relative}).", "{window}：{state}，截止时间 {at}（{relative}）。"
    ),
    "window_is": _t("{window} is {state}.", "{window}：{state}。"),
    "season_is": _t("Season {season} is {state}.", "赛季 {season}：{state}。"),
    "season_new": _t("Season {season} is started: {windows} windows.", "赛季 {season} 已启动：{windows} 个窗口。"),
    "season_known": _t(
        "Season {season} was started before; nothing was changed.", "赛季 {season} 此前已启动，未作更改。"
    ),
    "season_would": _t(
        "Season {season} would be started: {windows} windows.", "将启动赛季 {season}：{windows} 个窗口。"
    ),
    "first_open": _t("{window} opens at {at}.", "{window}将于 {at} 开始。"),
    "see": _t("See `season status {season}`.", "查看：`season status {season}`。"),
    "grace_until": _t("{number} may be submitted until {at}.", "{number} 可于 {at} 前提交。"),
    "repeated": _t("This had been done before under the same id.", "该命令此前已执行。"),
    "cancel_sure": _t(
        "Cancel season {season}? Every window closes for good, and everyone concerned is told.",
        "确定取消赛季 {season}？所有窗口将永久关闭，并通知所有相关人员。",
    ),
}
