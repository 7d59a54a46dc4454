"""The fixed texts of the pages and commands of channels, the recommending organisations."""

from __future__ import annotations

from models.text import both

LABELS = {
    "chan_mine": both("My channels", "我的推荐渠道"),
    "chan_all": both("Channels", "推荐渠道"),
    "chan_none": both("You speak for no channel.", "您不是任何推荐渠道的联系人。"),
    "chan_none_in_season": both("This season has no channel yet.", "本赛季暂无推荐渠道。"),
    "chan_code": both("Code", "渠道代码"),
    "chan_contact": both("Contact", "联系人"),
    "chan_looks": both(
        "You look at this as the season office; the channel acts.", "您以组委会身份查看，由渠道自行操作。"
    ),
    # The pipeline
    "chan_pipeline": both("Your projects", "推荐项目进展"),
    "chan_pipeline_none": both(
        "No project yet. Send your invitation link to your talents, or register a project yourself.",
        "暂无项目。请将邀请链接发给人才，或直接代为报名。",
    ),
    "chan_quota": both("Quota", "推荐名额"),
    "chan_quota_used": both("{used} of {quota} used", "已用 {used} / {quota}"),
    "chan_quota_free": both("{used} used, no limit", "已用 {used}，不限名额"),
    "chan_counting": both("Count for it", "计入该渠道"),
    "chan_act": both("By which act", "推荐方式"),
    "chan_act_invited": both("invited", "邀请"),
    "chan_act_registered": both("registered", "代报名"),
    "chan_act_vouched": both("vouched for", "推荐已有项目"),
    "chan_how_invited": both("by its invitation", "通过邀请链接"),
    "chan_how_registered": both("by registering it", "以代报名方式"),
    "chan_how_vouched": both("by vouching for it", "以确认推荐方式"),
    "chan_counts": both("this recommendation counts", "该推荐计入渠道"),
    "chan_counts_not": both("another recommendation counts", "计入其他推荐"),
    "chan_count_yes": both("counts", "计入"),
    "chan_count_no": both("another channel was first", "其他渠道在先"),
    "chan_taken_back": both("taken back", "已撤回推荐"),
    "chan_lacks": both("Still missing", "尚缺"),
    "chan_untitled": both("Untitled project", "未命名项目"),
    "chan_lack_title": both("the title", "项目名称"),
    "chan_lack_summary": both("the project plan (text)", "项目计划（文字）"),
    "chan_lack_fields": both("at least one field", "至少一个领域"),
    "chan_lack_readiness": both("the technology readiness", "技术成熟度"),
    "chan_lack_degree": both("the leader's degree", "负责人学历"),
    "chan_lack_team": both("the size of the team", "团队人数"),
    "chan_lack_plan": both("the document with the project plan", "项目计划书文件"),
    "chan_lack_document": both("the document '{about}'", "材料“{about}”"),
    "chan_doubtful": both("does not meet the entry rules: {what}", "不符合参赛条件：{what}"),
    "chan_complete": both("complete, but not submitted", "内容齐全，尚未提交"),
    "chan_applicant": both("Applicant", "申报人"),
    "chan_open_entry": both("Open", "打开"),
    "chan_since": both("Since", "时间"),
    "chan_nudge": both("Remind by mail", "邮件提醒"),
    "chan_nudged": both("Reminded {count} of {most} times", "已提醒 {count} / {most} 次"),
    "chan_nudge_from": both("again from {at}", "{at} 起可再次提醒"),
    "chan_take_back": both("Take back", "撤回推荐"),
    "chan_take_back_hint": both(
        "Only while registration is open, and for good: then the next recommendation counts.",
        "仅限报名期间，撤回后不可恢复，由下一推荐方计入。",
    ),
    "chan_reason": both("Reason", "理由"),
    "chan_sure": both("I know what this does.", "我了解该操作的后果。"),
    # Invitation
    "chan_invite": both("Invitation link", "邀请链接"),
    "chan_invite_hint": both(
        "Whoever registers by this link is recommended by you.", "通过此链接报名的项目由贵单位推荐。"
    ),
    "chan_invite_none": both("There is no link yet.", "尚未生成链接。"),
    "chan_invite_new": both("Make a new link", "生成新链接"),
    "chan_invite_new_hint": both("The old link stops working at once.", "旧链接将立即失效。"),
    # Vouch
    "chan_vouch": both("Vouch for a project", "推荐已有项目"),
    "chan_vouch_hint": both(
        "For a project that was registered without your link. The applicant can tell you both.",
        "适用于未通过邀请链接报名的项目。编号和邮箱请向申报人索取。",
    ),
    "chan_number": both("Number of the project", "项目编号"),
    "chan_email": both("The applicant's mail address", "申报人邮箱"),
    # Register
    "chan_register": both("Register a project for a talent", "为人才代报名"),
    "chan_register_hint": both(
        "The applicant gets a mail and can sign in with this address. You may fill in and submit the project too.",
        "申报人将收到邮件，可用此邮箱登录。贵单位也可填写并提交项目。",
    ),
    "chan_name": both("The applicant's name", "申报人姓名"),
    "chan_language": both("Language of the mails", "邮件语言"),
    "chan_title": both("Title of the project", "项目名称"),
    "chan_choose": both("Please choose", "请选择"),
    "chan_not_open": both("No registration is open now.", "目前不在报名期间。"),
    # Ledger
    "chan_ledger": both("Attribution ledger", "推荐台账"),
    "chan_ledger_hint": both(
        "Who recommended what, when and by which act; the first valid recommendation counts.",
        "记录推荐渠道、项目、时间和方式，以最先的有效推荐为准。",
    ),
    "chan_download": both("Download (CSV)", "下载（CSV）"),
    "chan_ledger_name": both("Channel name", "渠道名称"),
    "chan_ledger_entry": both("Entry number", "项目编号"),
    "chan_ledger_at": both("Instant ({zone})", "时间（{zone}）"),
    "chan_ledger_counts": both("Counts", "是否计入"),
    "chan_ledger_taken_back": both("Taken back because", "撤回理由"),
    "chan_ledger_state": both("State", "当前状态"),
    "chan_ledger_furthest": both("Furthest state", "最远进展"),
    "chan_ledger_awards": both("Awards", "奖项"),
    "chan_ledger_written": both("{count} lines written to {file}.", "已写入 {file}，共 {count} 行。"),
    "chan_ledger_none": both("Nothing was recommended yet.", "暂无推荐记录。"),
    "chan_yes": both("yes", "是"),
    "chan_no": both("no", "否"),
    # The list
    "chan_list": both("Your list: {stage}", "推荐名单：{stage}"),
    "chan_list_hint": both(
        "Give each project its place, 1 for the best. A list is signed once; nothing in it changes afterwards.",
        "请为每个项目填写名次，1 为最优。名单只能签署一次，签署后不可更改。",
    ),
    "chan_list_place": both("Place of {number}", "{number} 的名次"),
    "chan_list_place_head": both("Place", "名次"),
    "chan_list_until": both("To be signed until", "签署截止"),
    "chan_list_save": both("Save the ranking", "保存排序"),
    "chan_list_signer": both("Name of whoever signs", "签署人姓名"),
    "chan_list_sign": both("Sign the list", "签署名单"),
    "chan_list_sure": both("To sign: this list is final.", "签署须勾选：确认名单不再更改。"),
    "chan_list_signed": both("Signed {at} by {who}.", "{who} 已于 {at} 签署。"),
    "chan_list_signed_rule": both(
        "Nobody signed in time: confirmed as it stood, {at}.", "逾期未签署，已于 {at} 按现状确认。"
    ),
    "chan_list_unsigned": both(
        "It was not signed; these projects stand without a ranking.", "未签署，项目不排序，照常参赛。"
    ),
    "chan_ledger_rank": both("Place in the signed list", "签署名单中的名次"),
    # What was done
    "chan_done_rank": both("The ranking is saved; it is not signed yet.", "排序已保存，尚未签署。"),
    "chan_done_sign": both("The list is signed.", "名单已签署。"),
    "chan_done_nudge": both("The applicant of {number} is reminded by mail.", "已邮件提醒项目 {number} 的申报人。"),
    "chan_done_vouch": both("You recommend {number} now.", "已推荐项目 {number}。"),
    "chan_done_again": both("You recommend {number} already.", "贵单位此前已推荐项目 {number}。"),
    "chan_done_register": both(
        "{number} is registered as a draft; the applicant gets a mail.",
        "项目 {number} 已创建为草稿，申报人将收到邮件。",
    ),
    "chan_done_take-back": both("The recommendation of {number} is taken back.", "已撤回对项目 {number} 的推荐。"),
    "chan_done_new-code": both("The new link is ready; the old one works no more.", "新链接已生成，旧链接已失效。"),
    "chan_quota_now": both(
        "{code}: {used} used, quota {quota} (it was {was}).", "{code}：已用 {used}，名额 {quota}（原为 {was}）。"
    ),
    "chan_quota_none": both("no limit", "不限"),
    # What was refused, where the page knows to say it in both languages
    "chan_bad_unsure": both("Tick the box to confirm.", "请勾选确认。"),
    "chan_bad_name": both(
        "Please write the applicant's name (at most 200 characters).", "请填写申报人姓名（不超过200字）。"
    ),
    "chan_bad_email": both("'{value}' is no mail address. Please check it.", "“{value}”不是有效的邮箱地址，请核对。"),
    "chan_bad_area": both("Please choose an area.", "请选择赛区。"),
    "chan_bad_track": both("Please choose a track.", "请选择赛道。"),
    "chan_bad_title": both("Please write a title (at most 200 characters).", "请填写项目名称（不超过200字）。"),
    "chan_bad_reason": both("Please give a reason in a few words.", "请简要说明理由。"),
    "chan_bad_signer": both("Please write the name of whoever signs.", "请填写签署人姓名。"),
    "chan_bad_rank": both("'{value}' is no place: write 1 to {most}.", "“{value}”不是有效名次，请填写 1 至 {most}。"),
    "chan_bad_rank_twice": both(
        "Two projects have the same place. Give each one of its own.", "有项目名次重复，请为每个项目填写不同名次。"
    ),
    "list.signed": both("This list is signed already; that stands.", "该名单已签署，不可更改。"),
    "list.entries": both(
        "Your projects are others meanwhile. Look at the list anew, then rank it.",
        "项目已有变化，请查看最新名单后重新排序。",
    ),
    "channel.quota": both(
        "Your quota of {quota} recommendations is used up. Ask the season office for a larger one.",
        "推荐名额 {quota} 个已用完，如需增加请联系组委会。",
    ),
    "channel.area": both(
        "Your channel belongs to area {area}: recommend projects of it.", "贵渠道属于{area}，只能推荐该赛区的项目。"
    ),
    "channel.taken_back": both(
        "You took this recommendation back; that stands.", "贵单位已撤回对该项目的推荐，不可恢复。"
    ),
    "channel.no_such_entry": both(
        "There is no project with this number and this address. Ask the applicant for both.",
        "没有与该编号和邮箱相符的项目，请向申报人核实。",
    ),
    "nudge.again": both(
        "The applicant of {number} was reminded a short time ago. You may remind again from {again} on.",
        "近期已提醒过项目 {number} 的申报人，{again} 起可再次提醒。",
    ),
    "nudge.enough": both(
        "This applicant was reminded {count} times; that is all. Speak to them yourself.",
        "已提醒该申报人 {count} 次，达到上限，请直接联系。",
    ),
    "nudge.no_draft": both("This project is no draft; there is nothing to remind of.", "该项目不是草稿，无需提醒。"),
}
