"""The fixed texts of data protection: pages and commands."""

from __future__ import annotations

from models.text import both

LABELS = {
    "privacy": both("Data protection", "个人信息保护"),
    "privacy_intro": both(
        "This is what the season office keeps about people, why, and for how long. Nothing else is kept, and nothing is"
        " passed on beyond what the competition's rules say. There is no tracking on these pages: the one cookie keeps"
        " you signed in, another your language.",
        "以下列明组委会保存的个人信息、用途及保存期限。除此之外不保存任何信息，也不会在比赛规则之外向他人提供。"
        "本网站不作跟踪，仅使用登录和语言两个 Cookie。",
    ),
    "privacy_rights": both(
        "You may see everything that is kept about you, take a copy, have what is wrong corrected, and ask for erasure.",
        "您有权查看、复制、更正和申请删除您的个人信息。",
    ),
    "privacy_to_mine": both("See what is kept about me", "查看我的个人信息"),
    "privacy_whom": both("About whom", "对象"),
    "privacy_what": both("What", "内容"),
    "privacy_why": both("Why", "用途"),
    "privacy_until": both("How long", "期限"),
    "privacy_terms": both("Terms of the seasons", "各赛季的保存期限"),
    "privacy_terms_hint": both("Counted from the end of the season.", "自赛季结束之日起计算。"),
    "privacy_term_people": both("people", "个人资料"),
    "privacy_term_entries": both("projects", "项目"),
    "privacy_term_mails": both("notices", "通知"),
    "privacy_term_documents": both("documents", "文件"),
    "privacy_days": both("{count} days", "{count} 天"),
    "privacy_mine": both("My data", "我的个人信息"),
    "privacy_mine_intro": both(
        "All rows that are about you, counted. The copy shows each of them.",
        "以下为与您有关的记录数量，副本列出全部内容。",
    ),
    "privacy_topic": both("Topic", "类别"),
    "privacy_rows": both("Rows", "记录数"),
    "privacy_copy": both("Take a copy (JSON)", "下载副本（JSON）"),
    "privacy_copy_zip": both("Take a copy (ZIP)", "下载副本（ZIP）"),
    "privacy_erasure": both("Erasure", "删除个人信息"),
    "privacy_erasure_what": both(
        "The season office erases your name, address and texts. The record keeps numbers, states and results, without"
        " you. A project that takes part in a running season is withdrawn first. It cannot be undone.",
        "组委会将删除您的姓名、邮箱和所填内容。记录仅保留编号、状态和结果，不再与您关联。"
        "正在参赛的项目须先行撤回。删除后无法恢复。",
    ),
    "privacy_ask": both("Ask to be erased", "申请删除"),
    "privacy_asked_at": both(
        "You asked on {at}. The season office will do it, or write to you why it cannot yet.",
        "您已于 {at} 提出申请，组委会将予处理；如暂不能处理，将向您说明理由。",
    ),
    "privacy_sure": both("I know that it cannot be undone.", "我了解删除后无法恢复。"),
    "privacy_unsure": both("Tick the box to confirm.", "请勾选确认。"),
    "privacy_people": both("Erase people", "删除个人信息"),
    "privacy_requests": both("Who asked to be erased", "待处理的删除申请"),
    "privacy_no_requests": both("Nobody waits for an erasure.", "没有待处理的申请。"),
    "privacy_person": both("Person", "人员"),
    "privacy_since": both("Asked on", "申请时间"),
    "privacy_look": both("Look at {person}", "查看 {person}"),
    "privacy_who": both("Mail address or number of a person", "邮箱或人员编号"),
    "privacy_who_hint": both(
        "Next you see what would be done; nothing is changed yet.", "下一步显示将执行的内容，此时不作更改。"
    ),
    "privacy_show": both("Show what would be done", "预览"),
    "privacy_would": both("What an erasure of {who} would do", "删除 {who} 将执行的内容"),
    "privacy_withdrawn": both("Entries withdrawn", "撤回的项目"),
    "privacy_emptied": both("Entries emptied", "清空的项目"),
    "privacy_shared": both("Entries that others of the team keep", "由团队其他成员保留的项目"),
    "privacy_skipped": both("Notices no longer sent", "不再发送的通知"),
    "privacy_blotted": both("Texts of others in which the name is blotted out", "其他文本中隐去的姓名或邮箱"),
    "privacy_without_contact": both("Then without a contact", "将失去联系人"),
    "privacy_mails": both("Mails deleted", "删除的邮件"),
    "privacy_none": both("none", "无"),
    "privacy_reason": both("Who asked, and why", "申请人及理由"),
    "privacy_erase": both("Erase", "删除"),
    "privacy_withdraw": both("Withdraw entries of running seasons first.", "先撤回正在参赛的项目。"),
    "privacy_done": both("Person {person} is erased.", "人员 {person} 的个人信息已删除。"),
    "privacy_already": both("Person {person} was erased before.", "人员 {person} 的个人信息此前已删除。"),
    "privacy_confirm": both(
        "Erase person {person}? It cannot be undone.", "确定删除人员 {person} 的个人信息？此操作无法恢复。"
    ),
    "privacy_nothing_due": both("Nothing was kept too long.", "没有保存期满的信息。"),
    "privacy_retained": both(
        "{season}: {entries} entries emptied, {mails} notices, {documents} documents, {people} people.",
        "{season}：清空项目 {entries} 个、通知 {mails} 封、文件 {documents} 份，删除个人信息 {people} 人。",
    ),
    "privacy_swept": both(
        "{count} links, sessions and remembered requests that were over.", "已失效的链接、会话和请求记录：{count} 条。"
    ),
    "privacy_written": both("{file}: {count} rows about person {person}.", "{file}：人员 {person} 的记录 {count} 条。"),
    "password_page": both("Change my password", "修改密码"),
    "password_old": both("Password until now", "当前密码"),
    "password_new": both("New password", "新密码"),
    "password_again": both("New password, once more", "再次输入新密码"),
    "password_hint": both("At least {count} characters; a sentence is good.", "至少 {count} 个字符，建议使用一句话。"),
    "password_change": both("Change", "修改"),
    "password_changed": both(
        "Your password is changed. Other browsers in which you were signed in are signed out.",
        "密码已修改，您在其他浏览器中的登录已失效。",
    ),
    "password.short": both("The new password is too short.", "新密码过短。"),
    "password.differs": both("The new password was written in two ways.", "两次输入的新密码不一致。"),
    "password.same": both("The new password is the old one.", "新密码与当前密码相同。"),
    "password.wrong": both("The password or the code is not right.", "密码或验证码不正确。"),
    "password.locked": both(
        "There were too many failed attempts. Try again in {minutes} minutes.",
        "失败次数过多，请 {minutes} 分钟后再试。",
    ),
}

EFFECTS = ("withdrawn", "emptied", "shared", "without_contact", "skipped", "blotted", "mails")
"""What an erasure does, in the order in which it is shown; the label of each is `privacy_<name>`."""
