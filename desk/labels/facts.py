"""Words for facts: states, actors, events, concerns, what comes, rules, audiences, notices."""

from __future__ import annotations

from models.text import both

SEASON_WORDS = {
    "running": both("running", "进行中"),
    "paused": both("paused", "已暂停"),
    "finished": both("finished", "已结束"),
    "cancelled": both("cancelled", "已取消"),
}

ACTORS = {
    "system": both("the system", "系统"),
    "ops": both("operations", "组委会"),
    "staff": both("staff{number}", "工作人员{number}"),
    "token": both("a program{number}", "程序{number}"),
    "person": both("person{number}", "用户{number}"),
    "applicant": both("the applicant", "申报人"),
    "judge": both("judge{number}", "评委{number}"),
    "judges": both("the judges", "评委"),
    "channel": both("channel{number}", "推荐渠道{number}"),
    "place": both("place{number}", "对接方{number}"),
    "objector": both("an objector", "异议人"),
    "public": both("the public", "公众"),
}

EVENTS = {
    "ballots.in": both("{count} ballots are in for {stage}.", "{stage}：已收到 {count} 份评分。"),
    "tally.made": both(
        "The ballots of {stage} were tallied: {score} points from {count} ballots, rank {rank} in {division}.",
        "{stage}评分已汇总：{count} 份评分，得分 {score}，{division} 第 {rank} 名。",
    ),
    "tally.none": both(
        "No ballot came in for {stage}: rank {rank} in {division}.", "{stage}未收到评分：{division} 第 {rank} 名。"
    ),
    "notice.queued": both("Notice to {to} waits to be sent: {notice}.", "通知待发送至 {to}：{notice}。"),
    "notice.sent": both(
        "Notice to {to}: {notice}. The mail server answered: {answer}.",
        "通知已发送至 {to}：{notice}。邮件服务器答复：{answer}。",
    ),
    "notice.failed": both(
        "Notice to {to} could not be delivered: {notice}. The mail server answered: {answer}.",
        "通知未能送达 {to}：{notice}。邮件服务器答复：{answer}。",
    ),
    "notice.came_back": both(
        "Notice to {to} did not arrive, though the mail server had accepted it: {notice} ({answer}).",
        "发往 {to} 的通知虽被邮件服务器接收，但未能送达：{notice}（{answer}）。",
    ),
    "notice.skipped": both(
        "Notice to {to} was left out: {notice} ({answer}).", "未向 {to} 发送通知：{notice}（{answer}）。"
    ),
}
"""Events that only `explain` tells, beside those of the log."""

CONCERNS = {
    "window.late": both(
        "{window} should have closed at {at}, and nobody has closed it. Is a worker running?",
        "{window}应于 {at} 截止，但尚未关闭。请检查后台进程是否在运行。",
    ),
    "window.paused": both("{window} is paused since {at}.", "{window}自 {at} 起暂停。"),
    "season.paused": both("The season is paused; nothing is accepted.", "赛季已暂停，不予受理任何提交。"),
    "mail.failed": both(
        "{count} notices could not be delivered; a mail server answered: {answer}.",
        "{count} 封通知未能送达，邮件服务器答复：{answer}。",
    ),
    "mail.failed.one": both(
        "One notice could not be delivered; the mail server answered: {answer}.",
        "1 封通知未能送达，邮件服务器答复：{answer}。",
    ),
    "mail.bounced": both(
        "The mail addresses of {count} people do not work; nothing is sent there until they are corrected.",
        "{count} 人的邮箱地址无法使用，更正之前不再发送通知。",
    ),
    "mail.bounced.one": both(
        "The mail address of person {person} does not work; nothing is sent there until it is corrected.",
        "人员 {person} 的邮箱地址无法使用，更正之前不再发送通知。",
    ),
    "hooks.disabled": both(
        "{count} webhooks wanted no more events and are disabled.", "{count} 个 Webhook 已拒收事件，现已停用。"
    ),
    "hooks.disabled.one": both(
        "Webhook {hook} wanted no more events and is disabled.", "Webhook {hook} 已拒收事件，现已停用。"
    ),
    "hooks.failed": both(
        "{count} events could not be delivered to webhooks in three days.", "{count} 个事件三天内未能送达 Webhook。"
    ),
    "hooks.failed.one": both(
        "One event could not be delivered to webhook {hook} in three days.", "1 个事件三天内未能送达 Webhook {hook}。"
    ),
    "mail.held": both(
        "Outgoing mail is held since {at}; nothing but links that sign people in goes out.",
        "邮件自 {at} 起暂停发送，登录链接除外。",
    ),
    "mail.down": both(
        "{count} notices are put off, and the mail server has taken none for five minutes; it last said: {answer}.",
        "{count} 封通知推迟发送，邮件服务器五分钟内未接收任何邮件，最近答复：{answer}。",
    ),
    "mail.outbox": both(
        "{count} campaigns wait in the outbox to be read and sent.", "{count} 项群发通知在待发箱中等待审阅。"
    ),
    "mail.outbox.one": both(
        "One campaign waits in the outbox to be read and sent.", "1 项群发通知在待发箱中等待审阅。"
    ),
    "mail.stuck": both(
        "{count} notices wait to be sent, the first since {at}.", "{count} 封通知待发送，最早的自 {at} 起等待。"
    ),
    "mail.stuck.one": both("One notice waits to be sent since {at}.", "1 封通知自 {at} 起等待发送。"),
    "mail.twice": both(
        "{count} notices may have arrived twice, as a process died while it sent them.",
        "{count} 封通知可能被重复送达（发送时进程中断）。",
    ),
    "mail.twice.one": both(
        "One notice may have arrived twice, as a process died while it sent it.",
        "1 封通知可能被重复送达（发送时进程中断）。",
    ),
    "judges.short": both(
        "{count} entries have fewer than {wanted} judges in {window}.",
        "{window}：{count} 个项目的评委不足 {wanted} 位。",
    ),
    "judges.short.one": both(
        "Entry {entry} has fewer than {wanted} judges in {window}.", "{window}：项目 {entry} 的评委不足 {wanted} 位。"
    ),
    "objections.open": both(
        "{count} objections are open in {window}, to be decided by {at}.",
        "{window}：{count} 项异议待处理，须于 {at} 前作出决定。",
    ),
    "objections.open.one": both(
        "An objection to {entry} is open in {window}, to be decided by {at}.",
        "{window}：对项目 {entry} 的异议待处理，须于 {at} 前作出决定。",
    ),
    "screening.undecided": both(
        "{count} entries wait for a person's decision on their eligibility, by {at}.",
        "{count} 个项目的参赛资格待人工决定，截止时间 {at}。",
    ),
    "screening.undecided.one": both(
        "Entry {entry} waits for a person's decision on its eligibility, by {at}.",
        "项目 {entry} 的参赛资格待人工决定，截止时间 {at}。",
    ),
}

COMING = {
    "opens": both("{stage}: opens{where}.", "{stage}{where}开始。"),
    "closes": both("{stage}: closes{where}.", "{stage}{where}截止。"),
    "reminds": both(
        "{people} people would be told ({audience}): {notice}, {stage}{where}.",
        "将通知 {people} 人（{audience}）：{notice}，{stage}{where}。",
    ),
    "reminds.one": both(
        "One person would be told ({audience}): {notice}, {stage}{where}.",
        "将通知 1 人（{audience}）：{notice}，{stage}{where}。",
    ),
    "replaces": both(
        "Ballots still missing go to other judges: {stage}{where}, {people} judges.",
        "尚缺的评分将转交其他评委：{stage}{where}，涉及评委 {people} 位。",
    ),
    "matching_round": both("A matching round is held.", "进行一轮项目匹配。"),
    "follow_up": both("Follow-ups on {people} matches are due.", "对 {people} 组对接进行回访。"),
    "follow_up.one": both("The follow-up on one match is due.", "对 1 组对接进行回访。"),
    "follow_up.any": both("A follow-up is due.", "进行回访。"),
    "dated": both("{stage}: takes place.", "举行{stage}。"),
    "defends": both("The project is defended: {stage}.", "项目答辩：{stage}。"),
}

RULES = {
    "retention": both("how long personal data is kept", "个人信息保存期限"),
    "registration.close": both("drafts lapse when registration closes", "报名截止时，草稿自动失效"),
    "screening": both("the entry rules", "参赛条件"),
    "endorsement.sign_as_is": both("a list unsigned at the close is signed as it is", "截止时未签署的名单按现状确认"),
    "screening.undecided": both("what nobody decided by the close of the check", "审查截止时未决事项的处理规则"),
    "assignment.min_cost_flow": both(
        "no conflict, within everyone's load, spread evenly", "回避利益冲突、不超负荷、均衡分配"
    ),
    "assignment.silent": both("tasks of silent judges go to others", "未回应评委的任务转交他人"),
    "assignment.replacement": both("a judge who steps back is replaced", "评委退出后予以替补"),
    "scoring.trimmed_mean": both(
        "highest and lowest score dropped, the rest averaged", "去掉一个最高分和一个最低分后取平均"
    ),
    "trimmed_mean": both("highest and lowest score dropped, the rest averaged", "去掉一个最高分和一个最低分后取平均"),
    "scoring.mean": both("average of all scores", "取全部评分的平均"),
    "mean": both("average of all scores", "取全部评分的平均"),
    "defence.lot": both("order drawn by lot", "抽签决定顺序"),
    "defence.no_ballot": both("no ballot means not defended", "无评分视为缺席"),
    "selection.quota": both("rank within the quota", "按名次在名额内入选"),
    "selection.wild_card": both("wild card with a stated reason", "外卡（须说明理由）"),
    "selection.step_up": both("the next in rank moves up", "按名次递补"),
    "public_notice.undecided": both("objections that nobody decided in time", "逾期未决异议的处理规则"),
    "window.resumed": both("a pause is not counted", "暂停时间不计入"),
    "registration.reopened": both("drafts count again when registration is reopened", "报名重新开放时，失效草稿恢复"),
    "window.closed": both("the window's close", "窗口截止"),
    "awards.rank": both("prizes in order of rank", "按名次授奖"),
    "matching.deferred_acceptance": both("mutual preferences, stable matching", "双向偏好稳定匹配"),
    "tracking.merged": both("follow-ups that fell together are asked once", "重叠的回访合并进行"),
}
"""Rules by which the system decides, by code; an unknown one is shown by its code."""

AUDIENCE_WORDS = {
    "drafts": both("drafts not submitted", "未提交的草稿"),
    "channels": both("channels", "推荐渠道"),
    "channels_unsigned": both("channels that have not signed", "尚未签署的推荐渠道"),
    "entrants": both("entrants", "参赛者"),
    "entries": both("entries in the competition", "在赛项目"),
    "judges": both("judges", "评委"),
    "judges_missing": both("judges with ballots missing", "尚未完成评分的评委"),
    "judges_silent": both("silent judges", "未回应的评委"),
    "invited_unanswered": both("invited, not answered", "尚未答复的受邀者"),
    "places": both("places", "对接方"),
    "organisers": both("the area's organisers, if anything is undone", "赛区组织者（如有未完成事项）"),
    "office": both("the season office, if anything is undone", "组委会（如有未完成事项）"),
    "places_unanswered": both("places without a need", "尚未提交需求的对接方"),
    "objectors": both("objectors", "异议人"),
}

NOTICES = {
    "registration_open": both("registration is open", "报名开始"),
    "draft_saved": both("the draft was saved", "草稿已保存"),
    "grace_given": both("more time for one project", "单个项目宽限"),
    "returned_for_correction": both("a project is returned for correction", "项目退回补正"),
    "time_kept": both("the pause is not counted", "期限因暂停顺延"),
    "receipt": both("receipt of the submission", "提交回执"),
    "draft_reminder": both("reminder to submit", "提醒提交"),
    "endorsement_open": both("lists may be ranked and signed", "推荐名单确认开始"),
    "endorsement_reminder": both("reminder to sign the list", "提醒签署推荐名单"),
    "channel_registered": both("registered by a channel", "由推荐渠道报名"),
    "channel_nudge": both("the channel reminds to submit", "推荐渠道提醒提交"),
    "address_bounced": both("the applicant's address does not work", "申报人邮箱无法使用"),
    "channel_reminder": both("reminder to the channel", "提醒推荐渠道"),
    "registration_closed": both("registration has closed", "报名截止"),
    "screening_result": both("result of the eligibility check", "资格审查结果"),
    "assignment": both("entries to be scored", "评审任务"),
    "escalation": both("what is still undone, to the organisers", "未完成事项上报"),
    "ballot_reminder": both("reminder to score", "提醒评分"),
    "ballot_replaced": both("a task was given to another", "任务已转交"),
    "defence_invitation": both("invitation to the defence", "答辩邀请"),
    "panel_invitation": both("invitation to the panel", "评委会邀请"),
    "selection_result": both("result of the selection", "遴选结果"),
    "public_notice": both("public notice", "公示"),
    "objection_decided": both("the objection was decided", "异议处理结果"),
    "removed": both("removed from the list", "移出名单"),
    "stepped_up": both("moved up from the waiting list", "候补递补"),
    "confirm_attendance": both("please confirm that you take part", "请确认参赛"),
    "confirm_reminder": both("reminder to confirm", "提醒确认"),
    "event_confirm": both("please confirm for the event", "请确认参加活动"),
    "award_result": both("award", "获奖通知"),
    "need_open": both("needs may be filed", "需求征集开始"),
    "need_reminder": both("reminder to file needs", "提醒提交需求"),
    "match_proposed": both("a match is proposed", "推荐对接"),
    "match_proposed_applicant": both("a match is proposed", "推荐对接"),
    "match_reminder": both("reminder to answer the match", "提醒答复对接"),
    "negotiation_follow_up": both("follow-up on the negotiation", "洽谈回访"),
    "negotiation_outcome": both("outcome of the negotiation", "洽谈结果"),
    "follow_up_due": both("follow-up", "回访"),
    "follow_up_reminder": both("reminder of the follow-up", "提醒回访"),
    "window_extended": both("the deadline has moved", "截止时间变更"),
    "window_reopened": both("open again", "重新开放"),
    "window_paused": both("paused", "暂停通知"),
    "window_resumed": both("goes on", "恢复通知"),
    "season_resumed": both("the season goes on", "赛季恢复通知"),
    "season_cancelled": both("the season was cancelled", "赛季取消"),
    "sign_in_link": both("sign-in link", "登录链接"),
}
