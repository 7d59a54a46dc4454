"""What is kept about people, and what becomes of it: the one registry, in which every column of text has its place.

A test walks all tables: a column of text or JSON, or one that points to a person, stands in `PERSONAL` or in
`IMPERSONAL`. `python -m records.privacy.kept` prints the table of docs/privacy.md.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, NamedTuple

from models.text import Text, both

Then = Literal["emptied", "removed", "stays"]


@dataclass(frozen=True)
class Topic:
    """Things that are kept together: about whom, what, why, and until when. `until` names what ends them."""

    whom: Text
    what: Text
    why: Text
    until: Literal["people", "entries", "mails", "documents", "expiry", "record"]


class Kept(NamedTuple):
    """One column: its topic, what an erasure does with the person's own rows, and whether it is free text.

    In free text the name and the address of an erased person are blotted out, whosever row it stands in.
    """

    topic: str
    then: Then
    free: bool = False


UNTIL = {
    "people": both(
        "Until erasure, or until the term for people is over after the end of the last season.",
        "至个人信息被删除时，或最后一个赛季结束后“个人资料”期限届满时。",
    ),
    "entries": both("Until the term for projects is over after the season's end.", "赛季结束后至“项目”期限届满。"),
    "mails": both("Until the term for notices is over after the season's end.", "赛季结束后至“通知”期限届满。"),
    "documents": both("Until the term for documents is over after the season's end.", "赛季结束后至“文件”期限届满。"),
    "expiry": both("Until a week after they expire.", "失效一周后删除。"),
    "record": both(
        "It stays as the season's record; names and addresses in it go with the person.",
        "作为赛季记录保留；其中的姓名和邮箱随个人信息一并删除。",
    ),
}

_APPLICANTS = both("Applicants and their teams", "申报人及团队成员")
_JUDGES = both("Judges", "评委")
_ALL = both("Everybody who takes part", "所有参与者")

TOPICS: dict[str, Topic] = {
    "person": Topic(
        _ALL,
        both(
            "Mail address, name, language, time zone, country; the year of birth where a form asked for it.",
            "邮箱、姓名、语言、时区、国家或地区；表单要求填写的出生年份。",
        ),
        both(
            "To know who takes part, and to write to you in your language at a civil hour.",
            "用于确认参与者身份，并以您的语言在适当时间发送通知。",
        ),
        "people",
    ),
    "entry": Topic(
        _APPLICANTS,
        both(
            "The project: title, summary, organisation, the leader's degree, the names in the team.",
            "项目信息：名称、简介、单位、负责人学位、团队成员姓名。",
        ),
        both("To check, review and rank the project.", "用于项目审核、评审和排名。"),
        "entries",
    ),
    "documents": Topic(
        _APPLICANTS,
        both("The files of a project, and their names.", "项目文件及文件名。"),
        both("The entry rules ask for them; judges read them.", "参赛规则要求提交，供评委审阅。"),
        "documents",
    ),
    "judge": Topic(
        _JUDGES,
        both(
            "Organisation and background, which projects you were given, your scores and comments.",
            "单位与专业背景、所分配项目、评分与评语。",
        ),
        both(
            "To assign fairly, to keep conflicts of interest out, to count.", "用于公平分配、回避利益冲突和计算成绩。"
        ),
        "entries",
    ),
    "contact": Topic(
        both("Contacts of recommending organisations and of places", "推荐单位和对接方的联系人"),
        both(
            "That you act for an organisation; what it recommended, needs and answered.",
            "您所代表的单位，及其推荐、需求和答复。",
        ),
        both(
            "Who recommended what, and what was agreed, must be beyond dispute.",
            "推荐关系与对接结果须无可争议。",
        ),
        "record",
    ),
    "notice": Topic(
        _ALL,
        both(
            "Which notice was sent to you when, the values in it, what the mail server answered, and which you left.",
            "向您发送的通知及其时间、所含信息、邮件服务器的答复，以及您退订的通知。",
        ),
        both("To answer the question whether you were told.", "用于查证您是否已获通知。"),
        "mails",
    ),
    "objection": Topic(
        both("Whoever objects during a public notice", "公示期间提出异议者"),
        both("The objection's text, and what was decided.", "异议内容及处理结果。"),
        both("To decide it, and to say why.", "用于处理异议并说明理由。"),
        "entries",
    ),
    "log": Topic(
        _ALL,
        both(
            "A line for each act: what, when, by which number of a person, and the reason that was given.",
            "每次操作的记录：事项、时间、操作者编号和所述理由。",
        ),
        both("Every deadline and decision must be explicable.", "每个期限与决定都须有据可查。"),
        "record",
    ),
    "sign_in": Topic(
        _ALL,
        both(
            "Fingerprints of sign-in links and of signed-in browsers, with their times; failed attempts.",
            "登录链接和已登录浏览器的数字指纹及时间；失败的登录尝试。",
        ),
        both("To let you in, and nobody else in your name.", "用于确认您的登录，防止他人冒用。"),
        "expiry",
    ),
    "staff": Topic(
        both("Members of the season office", "组委会工作人员"),
        both(
            "Role, a fingerprint of the password, the secret of the codes (encrypted).",
            "角色、密码的数字指纹、验证码密钥（加密）。",
        ),
        both("Only they may steer a season.", "仅工作人员可以管理赛季。"),
        "people",
    ),
}

PERSONAL: dict[str, Kept] = {
    "people.email": Kept("person", "emptied"),
    "people.name": Kept("person", "emptied"),
    "people.language": Kept("person", "stays"),
    "people.zone": Kept("person", "emptied"),
    "people.country": Kept("person", "emptied"),
    "people.birth_year": Kept("person", "emptied"),
    "people.bounce_answer": Kept("person", "emptied"),
    "members.person_id": Kept("entry", "stays"),
    "members.name": Kept("entry", "emptied"),
    "members.birth_year": Kept("entry", "emptied"),
    "entries.applicant_id": Kept("entry", "stays"),
    "entries.title": Kept("entry", "emptied", free=True),
    "entries.summary": Kept("entry", "emptied", free=True),
    "entries.organisation": Kept("entry", "emptied", free=True),
    "entries.leader_degree": Kept("entry", "emptied"),
    "entries.reference": Kept("entry", "emptied", free=True),
    "entries.details": Kept("entry", "stays", free=True),
    "corrections.reason": Kept("entry", "stays", free=True),
    "corrections.answer": Kept("entry", "emptied", free=True),
    "corrections.asked_by": Kept("log", "stays"),
    "invitations.answers": Kept("entry", "stays", free=True),
    "selections.reason": Kept("entry", "stays", free=True),
    "wild_cards.reason": Kept("entry", "stays", free=True),
    "wild_cards.actor": Kept("log", "stays"),
    "graces.reason": Kept("log", "stays", free=True),
    "graces.actor": Kept("log", "stays"),
    "documents.name": Kept("documents", "emptied", free=True),
    "documents.sha256": Kept("documents", "emptied"),
    "documents.stored_as": Kept("documents", "emptied"),
    "judges.person_id": Kept("judge", "stays"),
    "judges.organisation": Kept("judge", "emptied", free=True),
    "judges.background": Kept("judge", "emptied"),
    "conflicts.reason": Kept("judge", "stays", free=True),
    "assignments.reason": Kept("judge", "stays", free=True),
    "ballots.scores": Kept("judge", "stays"),
    "ballots.comment": Kept("judge", "emptied", free=True),
    "sessions.judges": Kept("judge", "stays"),
    "channels.contact_id": Kept("contact", "stays"),
    "channels.name": Kept("contact", "stays", free=True),
    "channel_lists.signed_by": Kept("contact", "stays", free=True),
    "recommendations.taken_back_reason": Kept("contact", "stays", free=True),
    "api_tokens.name": Kept("contact", "stays", free=True),
    "places.contact_id": Kept("contact", "stays"),
    "places.name": Kept("contact", "stays", free=True),
    "needs.title": Kept("contact", "stays", free=True),
    "needs.summary": Kept("contact", "stays", free=True),
    "matches.outcome": Kept("contact", "stays", free=True),
    "follow_ups.answer": Kept("contact", "stays", free=True),
    "deliveries.person_id": Kept("notice", "stays"),
    "deliveries.language": Kept("notice", "stays"),
    "deliveries.data": Kept("notice", "emptied", free=True),
    "deliveries.answer": Kept("notice", "emptied", free=True),
    "deliveries.own_words": Kept("notice", "emptied", free=True),
    "mail_holds.held_by": Kept("log", "stays"),
    "mail_holds.reason": Kept("log", "stays", free=True),
    "bounce_reports.person_id": Kept("notice", "removed"),
    "bounce_reports.message_id": Kept("notice", "removed"),
    "bounce_reports.diagnostic": Kept("notice", "removed", free=True),
    "hooks.created_by": Kept("log", "stays"),
    "opt_outs.person_id": Kept("notice", "removed"),
    "opt_outs.kind": Kept("notice", "removed"),
    "opt_outs.by": Kept("notice", "removed"),
    "objections.by_id": Kept("objection", "stays"),
    "objections.text": Kept("objection", "emptied", free=True),
    "objections.reason": Kept("objection", "stays", free=True),
    "objections.decided_by": Kept("log", "stays"),
    "log.person_id": Kept("log", "stays"),
    "log.actor": Kept("log", "stays"),
    "log.reason": Kept("log", "emptied", free=True),
    "log.data": Kept("log", "stays", free=True),
    "sign_in_links.person_id": Kept("sign_in", "removed"),
    "sign_in_links.digest": Kept("sign_in", "removed"),
    "sign_in_links.goes_to": Kept("sign_in", "removed"),
    "web_sessions.person_id": Kept("sign_in", "removed"),
    "web_sessions.digest": Kept("sign_in", "removed"),
    "known_requests.caller": Kept("sign_in", "removed"),
    "known_requests.answer": Kept("sign_in", "removed", free=True),
    "staff.person_id": Kept("staff", "removed"),
    "staff.role": Kept("staff", "removed"),
    "staff.area": Kept("staff", "removed"),
    "staff.password_hash": Kept("staff", "removed"),
    "staff.totp_secret": Kept("staff", "removed"),
}
"""By `table.column`."""

IMPERSONAL: dict[str, frozenset[str]] = {
    "api_tokens": frozenset({"digest", "scopes", "season_id"}),
    "assignments": frozenset({"season_id", "stage", "area", "window_id", "state"}),
    "awards": frozenset({"season_id", "division", "prize"}),
    "bounce_reports": frozenset(
        {"source", "digest", "outcome", "kind", "action", "status", "season_id", "campaign_id"}
    ),
    "campaigns": frozenset({"id", "season_id", "window_id", "template", "audience", "state"}),
    "channel_lists": frozenset({"ranking", "window_id"}),
    "channels": frozenset({"season_id", "code", "area", "invite_code"}),
    "corrections": frozenset({"season_id", "state"}),
    "counters": frozenset({"season_id", "area", "track"}),
    "deliveries": frozenset(
        {
            "campaign_id",
            "subject",
            "season_id",
            "window_id",
            "state",
            "owner",
            "bounce",
            "lead_campaign",
            "lead_subject",
        }
    ),
    "documents": frozenset({"kind", "media_type"}),
    "entries": frozenset(
        {"season_id", "number", "area", "track", "division", "fields", "documents", "state", "stage", "window_id"}
    ),
    "follow_ups": frozenset({"season_id", "kind", "window_id", "state"}),
    "graces": frozenset({"window_id", "command_id"}),
    "hook_deliveries": frozenset({"state", "owner", "answer"}),
    "hooks": frozenset({"season_id", "area", "url", "events", "secret", "old_secret", "disabled_why"}),
    "invitations": frozenset({"window_id", "state"}),
    "judges": frozenset({"season_id", "area", "tracks"}),
    "known_requests": frozenset({"key", "digest"}),
    "log": frozenset({"season_id", "event", "window_id", "command_id", "rule"}),
    "mail_holds": frozenset({"season_id"}),
    "matches": frozenset({"season_id", "parts", "state"}),
    "needs": frozenset({"season_id", "tracks", "fields"}),
    "objections": frozenset({"season_id", "window_id", "state"}),
    "opt_outs": frozenset({"season_id"}),
    "places": frozenset({"season_id", "kind"}),
    "recommendations": frozenset({"act"}),
    "seasons": frozenset({"id", "state", "file", "pace"}),
    "selections": frozenset({"season_id", "stage", "area", "division", "decision"}),
    "sessions": frozenset({"season_id", "stage", "area", "division", "format", "lot_seed"}),
    "slots": frozenset({"state"}),
    "tallies": frozenset({"season_id", "stage", "area", "division", "digest"}),
    "wild_cards": frozenset({"stage", "season_id"}),
    "windows": frozenset(
        {"id", "season_id", "area", "stage", "kind", "subject", "owner", "zone", "state", "reminders"}
    ),
}
"""Columns of text or JSON that say nothing of a person: codes, states, ids, settings, figures."""

_THEN = {"emptied": "emptied", "removed": "row removed", "stays": "stays"}


def free_texts() -> dict[str, list[str]]:
    """Columns of free text, by table."""
    found = [name.split(".") for name, kept in PERSONAL.items() if kept.free]
    return {table: [column for _, column in of] for table, of in groupby(sorted(found), key=lambda name: name[0])}


def table() -> str:
    """The table of docs/privacy.md: a row for each topic and table of the database."""
    lines = ["| about whom | what | where | why | how long |", "| --- | --- | --- | --- | --- |"]
    for key, topic in TOPICS.items():
        where = "<br>".join(
            f"`{name}` {_THEN[kept.then]}{', blotted' if kept.free else ''}"
            for name, kept in PERSONAL.items()
            if kept.topic == key
        )
        lines.append(f"| {topic.whom.en} | {topic.what.en} | {where} | {topic.why.en} | {UNTIL[topic.until].en} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(table())
