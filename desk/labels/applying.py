"""The fixed texts of the pages on which a talent registers a project."""

from __future__ import annotations

from models.text import both

LABELS = {
    "my_entries": both("My entries", "我的项目"),
    "my_none": both("You have no entry yet.", "您还没有项目。"),
    "my_open": both("Registration is open", "正在报名"),
    "my_none_open": both("No season is open for registration just now.", "目前没有正在报名的赛季。"),
    "my_register": both("Register a project", "报名参赛"),
    "my_until": both("Closes", "截止"),
    "my_submit_until": both("Submit it until", "提交截止"),
    "my_change_until": both("It may be changed until", "修改截止"),
    "my_next_none": both("Nothing is left to do.", "没有后续事项。"),
    "my_of_team": both("You are in its team.", "您是团队成员。"),
    "my_untitled": both("Untitled project", "未命名项目"),
    # The way in
    "enter_title": both("Register a project", "报名参赛"),
    "enter_tracks": both("Tracks", "赛道"),
    "enter_areas": both("Areas and their closing times", "赛区与报名截止时间"),
    "enter_together": both("All areas close at", "各赛区截止"),
    "enter_your_time": both("Your time", "您所在时区"),
    "enter_left": both("Time left", "剩余时间"),
    "enter_not_open": both("opens {at}", "{at} 开始"),
    "enter_none_open": both(
        "No area accepts registrations just now. The times are in the table.",
        "目前没有赛区接受报名，各赛区时间见下表。",
    ),
    "enter_who": both("First tell us who you are", "请先填写您的信息"),
    "enter_who_hint": both(
        "You get a link by mail. It signs you in, without a password, and leads back to this page.",
        "我们将通过邮件发送登录链接，无需密码，点击后返回本页继续报名。",
    ),
    "enter_name": both("Your name", "姓名"),
    "enter_language": both("Language of our mails", "邮件语言"),
    "enter_where": both("Where does your project compete?", "选择赛区和赛道"),
    "enter_choose": both("Please choose", "请选择"),
    "enter_area_hint": both(
        "The area in which you live or work. It cannot be changed later.",
        "请选择您居住或工作所在的赛区，之后不能更改。",
    ),
    "enter_track_hint": both("A project competes in one track only.", "每个项目只能参加一个赛道。"),
    "enter_begin": both("Begin a draft", "创建草稿"),
    "enter_begin_hint": both(
        "Nothing is submitted by this: you fill in the project next, and may stop and go on at any time.",
        "此时不会提交。接下来填写项目信息，可随时中断并继续。",
    ),
    "enter_have": both(
        "You take part with {number} already. A person takes part in one project only: withdraw it first if you want "
        "to register in another area or track.",
        "您已有项目 {number}。每人只能参加一个项目：如需更换赛区或赛道，请先撤回该项目。",
    ),
    "enter_have_link": both("Go to your project", "查看您的项目"),
    "enter_via": both("{channel} invites you and will recommend your project.", "{channel} 邀请您参赛并推荐您的项目。"),
    "enter_alone": both(
        "The channel that invited you cannot recommend this project: it has no recommendation left, or is for another "
        "area. Your project is registered without it.",
        "邀请您的推荐渠道名额已满或不属于该赛区，您的项目已直接报名。",
    ),
    "enter_name_missing": both("Please write your name (at most 200 characters).", "请填写姓名（不超过200字）。"),
    "enter_choose_area": both("Please choose an area.", "请选择赛区。"),
    "enter_choose_track": both("Please choose a track.", "请选择赛道。"),
    # The form
    "form_project": both("The project", "项目"),
    "form_title": both("Title", "项目名称"),
    "form_title_hint": both("At most 200 characters.", "不超过200字。"),
    "form_summary": both("Project plan", "项目计划"),
    "form_summary_hint": both(
        "What it is, for whom, what is new about it, how it earns money. At most 20,000 characters.",
        "项目内容、目标市场、创新点和商业模式，不超过20000字。",
    ),
    "form_fields": both("Fields of {track}", "{track}赛道的领域"),
    "form_group": both("Group", "组别"),
    "form_organisation": both("Company or institution", "公司或单位"),
    "form_optional": both("(if there is one)", "（选填）"),
    "form_readiness": both("Technology readiness, 1 to 9", "技术成熟度（1–9级）"),
    "form_readiness_hint": both(
        "1 basic principle · 3 proven in the laboratory · 6 prototype · 9 in use",
        "1 基本原理 · 3 实验室验证 · 6 样机 · 9 实际应用",
    ),
    "form_you": both("You, the leader", "负责人（您）"),
    "form_leader": both("The leader", "负责人"),
    "form_degree": both("Degree of the leader", "负责人学历"),
    "degree_none": both("no degree", "无学位"),
    "degree_bachelor": both("bachelor", "学士"),
    "degree_master": both("master", "硕士"),
    "degree_doctor": both("doctor", "博士"),
    "form_name": both("Name", "姓名"),
    "form_birth_year": both("Year of birth", "出生年份"),
    "form_country": both("Country", "国家或地区"),
    "form_country_hint": both("Two letters, such as DE or CN.", "两位字母代码，如 DE 或 CN。"),
    "form_zone": both("Time zone", "时区"),
    "form_zone_hint": both(
        "Such as Europe/Berlin. Our mails then tell times in it.", "如 Asia/Shanghai，邮件中将注明该时区时间。"
    ),
    "form_mail": both("Mail address", "邮箱"),
    "form_team": both("The team beside the leader", "其他团队成员"),
    "form_team_hint": both(
        "At most {most} people, the leader included. A person takes part in one project only.",
        "团队不超过 {most} 人（含负责人），每人只能参加一个项目。",
    ),
    "form_member": both("Member {n}", "成员 {n}"),
    "form_more": both("More members", "更多成员"),
    "form_choose": both("Please choose", "请选择"),
    "form_save": both("Save", "保存"),
    "form_preview": both("Preview", "预览"),
    "form_to_submit": both("Check and submit", "检查并提交"),
    "form_again": both("Save and submit again", "保存并重新提交"),
    "form_again_hint": both(
        "This project is submitted and counts as it is. What you change here counts as soon as you submit it again.",
        "项目已提交并有效。修改内容在重新提交后生效。",
    ),
    "form_saved": both("Saved at {at}", "已于 {at} 保存"),
    "form_saves_itself": both("The draft saves itself while you write.", "填写时自动保存。"),
    "form_saving": both("Saving …", "正在保存…"),
    "form_unsaved": both("Not saved yet", "尚未保存"),
    "form_offline": both("Not saved: no connection. We keep trying.", "未保存：网络中断，正在重试。"),
    "form_signed_out": both(
        "Not saved: you are signed out. Sign in again in another tab, then this text is saved.",
        "未保存：登录已失效。请在另一个标签页重新登录，之后将自动保存。",
    ),
    "form_partly": both("Saved at {at}, but for what is marked below.", "已于 {at} 保存，标记的内容除外。"),
    "form_newer": both(
        "This project was changed elsewhere in the meantime, in another tab or by somebody else. What you see here is not "
        "saved.",
        "该项目刚在其他标签页或由他人修改过，您当前看到的内容尚未保存。",
    ),
    "form_newer_load": both("Load the newer one", "载入较新的内容"),
    "form_newer_over": both("Save mine over it", "用我的内容覆盖"),
    "form_not_kept": both(
        "What you wrote was not saved. It still stands here, to be copied.",
        "您填写的内容未保存，仍显示在下方，可供复制。",
    ),
    # What is wrong at a field
    "bad_long": both("This has {count} characters; at most {most} are kept.", "共 {count} 字，最多 {most} 字。"),
    "bad_year": both(
        "'{value}' is no year of birth. Write it such as 1985.", "“{value}”不是有效的出生年份，请填写如1985。"
    ),
    "bad_readiness": both("'{value}' is not between 1 and 9.", "“{value}”不在1至9之间。"),
    "bad_country": both(
        "'{value}' is no country code. Write two letters, such as DE.", "“{value}”不是国家代码，请填写两位字母，如 CN。"
    ),
    "bad_zone": both(
        "'{value}' is no time zone. Write it such as Europe/Berlin.", "“{value}”不是时区，请填写如 Asia/Shanghai。"
    ),
    "bad_name": both("A name is needed.", "请填写姓名。"),
    "bad_mail": both("'{value}' is no mail address. Please check it.", "“{value}”不是有效的邮箱地址，请核对。"),
    "bad_mail_missing": both(
        "The mail address is missing: without it this person is not kept.", "缺少邮箱地址，该成员尚未保存。"
    ),
    "bad_mail_twice": both("This address stands here already.", "该邮箱已填写过。"),
    # Why the gate did not accept; in English it speaks for itself
    "gate_window_closed": both("{window} closed at {at}; it is {now} now.", "{window}已于 {at} 截止，现在是 {now}。"),
    "gate_window_not_open": both("{window} opens at {at}; it is {now} now.", "{window}将于 {at} 开始，现在是 {now}。"),
    "gate_window_paused": both(
        "{window} is paused; nothing is accepted meanwhile. No time is lost.",
        "{window}已暂停，暂不受理；恢复后将通知您，暂停时间顺延。",
    ),
    "gate_window_cancelled": both("{window} was cancelled with its season.", "{window}已随赛季取消。"),
    "gate_grace_over": both("The grace ended at {at}; it is {now} now.", "宽限已于 {at} 结束，现在是 {now}。"),
    "gate_grace_screened": both("The project can come in no more.", "资格审查已结束，不再受理该项目。"),
    "gate_entry_state": both("In its present state it cannot be submitted.", "项目处于当前状态，不能提交。"),
    "gate_entry_over": both("In its present state it cannot be withdrawn.", "项目处于当前状态，不能撤回。"),
    "gate_act_not_possible": both("This is not possible in the present state.", "当前状态下不能进行此操作。"),
    # Checks before submitting
    "check_title": both("the title", "项目名称"),
    "check_summary": both("the project plan", "项目计划"),
    "check_fields": both("at least one field", "至少一个领域"),
    "check_readiness": both("the technology readiness", "技术成熟度"),
    "check_degree": both("the leader's degree", "负责人学历"),
    "check_team": both("the size of the team", "团队人数"),
    "check_document": both("the document '{about}'", "材料“{about}”"),
    "mark_ok": both("there", "已填写"),
    "mark_missing": both("missing", "缺少"),
    "mark_doubtful": both("does not meet the entry rules as it stands", "不符合参赛条件"),
    "submit_title": both("Check and submit", "检查并提交"),
    "submit_checked": both("What was checked", "检查结果"),
    "submit_missing": both("It cannot be submitted yet. Still missing: {what}.", "暂不能提交，缺少：{what}。"),
    "submit_remedy": both("Fill it in, then submit.", "请补充后提交。"),
    "submit_ready": both("Everything is there.", "内容齐全。"),
    "submit_sure": both("I have read the project through and submit it.", "我已核对项目内容并提交。"),
    "submit_unsure": both("Tick the box to confirm first.", "请先勾选确认。"),
    "submit_now": both("Submit", "提交"),
    "submit_after": both("You may change it and submit it again until the close.", "截止前可修改并重新提交。"),
    "submit_until": both("Accepted until", "受理截止"),
    "back_to_form": both("Back to the project", "返回项目"),
    "preview_title": both("As the judges read it", "评审所见内容"),
    "preview_hint": both(
        "Names and addresses of people are not shown to judges here.", "评审页面不显示个人姓名和联系方式。"
    ),
    "preview_empty": both("nothing written yet", "尚未填写"),
    # Afterwards
    "receipt_title": both("Submitted", "提交成功"),
    "receipt_text": both("Your project is submitted and counts.", "您的项目已成功提交并有效。"),
    "receipt_number": both("Number", "项目编号"),
    "receipt_at": both("Accepted", "受理时间"),
    "receipt_mail": both("A receipt goes to {address} by mail.", "回执将发送至 {address}。"),
    "receipt_season": both("Season time", "赛季时间"),
    "receipt_area": both("Area time", "赛区时间"),
    "withdraw_title": both("Withdraw the project", "撤回项目"),
    "withdraw_text": both(
        "A project that was withdrawn takes no part any more; this cannot be undone.",
        "撤回后项目不再参赛，且无法恢复。",
    ),
    "withdraw_reason": both("Reason", "理由"),
    "withdraw_reason_missing": both("Please give a reason in a few words.", "请简要说明理由。"),
    "withdraw_sure": both("Yes, withdraw this project", "确认撤回该项目"),
    "withdraw_now": both("Withdraw", "撤回"),
    "stands": both("Where it stands", "当前状态"),
    "stands_receipt": both("Receipt", "回执"),
    "stands_next": both("What comes next", "后续事项"),
    "stands_waits": both(
        "You need do nothing now. We write to you when there is news.", "您现在无需操作，如有进展我们会通知您。"
    ),
    "stands_over": both("This project takes no further part in the season.", "该项目不再参加本赛季后续环节。"),
    "stands_paused": both("Registration stands still just now; no time is lost.", "报名暂停中，暂停时间将顺延。"),
    "stands_by_grace": both("You were given more time for this project.", "该项目已获准宽限。"),
    "stands_member": both(
        "Only the applicant changes this project; you look at it as a member of its team.",
        "只有申报人可以修改，您以团队成员身份查看。",
    ),
    "stands_history": both("What happened", "历史记录"),
    "stands_notices": both("Notices to you", "发给您的通知"),
    "stands_no_notices": both("No notice was sent yet.", "尚未发送通知。"),
    "notice_sent": both("sent", "已发送"),
    "notice_queued": both("is being sent", "正在发送"),
    "notice_failed": both("could not be delivered", "未能送达"),
    "notice_skipped": both("was not sent", "未发送"),
    "stands_recommended": both("Recommended by", "推荐渠道"),
}
