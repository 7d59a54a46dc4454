"""The sentences of the log and of `explain`: one for each event, in English and Chinese.

`{field}` is a value of the line's data; a missing one is shown as `…`. What stands in `[ ]` is left out whole when
one of its fields is missing. Instants (aware datetimes, or ISO 8601 text with a zone) are written in the zone
`data["zone"]`, else in UTC; other texts may be bilingual (`Text`, or a mapping by language).

Fields that the phrases use, beside [reason] and [rule], which any line may have:

| events | fields |
| --- | --- |
| season.* | none |
| window.opened, .reopened, .resumed | stage (else window), [closes_at] |
| window.closed, .closed_silently, .closed_early, .concluded_again, .paused, .cancelled | stage (else window), [closes_at] |
| window.extended, .postponed | stage (else window), old, new |
| entry.drafted, .submitted | [number] |
| entry.ineligible, .undecided | [findings], a text or a list of them |
| entry.changed, .withdrawn, .lapsed, .revived, .eligible, .finished | none |
| entry.refused_late | [number], [closes_at] |
| entry.grace_given, .grace_moved, .returned, .correction_moved | [number], until |
| entry.answered, .correction_missed | [number] |
| entry.decided | [number], by |
| entry.recommended | by, [how], [standing]: by which act, and whether it counts |
| entry.recommendation_taken_back, .nudged, channel.* | by, [was], [quota] |
| endorsement.signed, .unsigned | [by], count, [stage] |
| document.added, .removed | [kind], the word for it where there is one |
| assignment.short | count, [stage] |
| assignment.made | [count], [stage] |
| assignment.declined, .conflict, .replaced, judge.registered, ballot.* | [judge], [score], [stage] |
| session.planned | [stage], [count] |
| session.moved | starts_at |
| slot.* | [stage], [score] |
| tally.made | [stage], [count], [score] |
| selection.* | [stage], [division], [rank], [score] |
| wild_card.given | [number], [by] |
| objection.* | [number] |
| invitation.* | [stage], [until] |
| award.given | prize, [division], [rank] |
| need.filed, need.changed, match.*, follow_up.* | [place], [until], [score], [by] |
| sheet.imported | read, added, changed, known, bad, [what] |
| notice.* | [notice], [answer], [status]; campaign.planned: [notice], [count]; matching.round: [count] |
| campaign.finished | [notice], sent, failed, skipped |
| hook.* | hook |
| person.erased, .erasure_asked; privacy.retention | [withdrawn]; none; [people], [entries] |
| person.address_bounced, .address_corrected, .links_revoked | none; [by]; none |
| notices.unsubscribed, .subscribed, .held, .released | none |
| notices.tested, outbox.* | [notice], [count] |
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from models.errors import BadInput
from models.text import Text, both
from notices.instants import in_clock
from notices.state_words import STAGE_KIND_WORDS, STATE_WORDS, WINDOW_WORDS

__all__ = ["MISSING", "PHRASES", "STAGE_KIND_WORDS", "STATE_WORDS", "WINDOW_WORDS", "sentence"]

MISSING = "…"
_PART = re.compile(r"\[([^\[\]]*)\]|\{(\w+)\}")
_FIELD = re.compile(r"\{(\w+)\}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*(?:Z|[+-]\d\d:\d\d)")
_DEADLINES = {"closes_at", "until", "old", "new"}
_WHY = Text(en="[ Reason: {reason}.][ Rule: {rule}.]", zh="[理由：{reason}。][依据：{rule}。]")


PHRASES: dict[str, Text] = {
    "season.started": both("The season started.", "赛季启动。"),
    "season.paused": both(
        "The season was paused: every open window stands still.", "赛季暂停，所有进行中的窗口停止计时。"
    ),
    "season.resumed": both("The season goes on.", "赛季恢复进行。"),
    "season.cancelled": both("The season was cancelled.", "赛季取消。"),
    "season.finished": both("The season is finished.", "赛季结束。"),
    "window.opened": both("{stage} opened[, until {closes_at}].", "{stage}开始[，截止时间 {closes_at}]。"),
    "window.closed": both("{stage} closed on time[, at {closes_at}].", "{stage}按时截止[（{closes_at}）]。"),
    "window.closed_silently": both(
        "{stage} was over before the season started here[ (it closed at {closes_at})]; nobody was told.",
        "{stage}在赛季启动前已经结束[（截止时间 {closes_at}）]，未发通知。",
    ),
    "window.extended": both("{stage} was extended from {old} to {new}.", "{stage}的截止时间由 {old} 延长至 {new}。"),
    "window.postponed": both(
        "Nobody was there to open {stage} until its close at {old} had passed; it is held late, until {new}.",
        "因系统中断，{stage}在原截止时间 {old} 之前未能开放；现顺延办理，截止时间 {new}。",
    ),
    "window.closed_early": both("{stage} was closed early[, at {closes_at}].", "{stage}提前截止[（{closes_at}）]。"),
    "window.reopened": both(
        "{stage} was opened again[, until {closes_at}].", "{stage}重新开放[，截止时间 {closes_at}]。"
    ),
    "window.concluded_again": both(
        "What follows from the close of {stage} was done again, after it had been open again.",
        "{stage}重新开放后再次截止，后续事项已重新办理。",
    ),
    "window.paused": both("{stage} was paused; nothing is accepted meanwhile.", "{stage}暂停，暂停期间不予受理。"),
    "window.resumed": both("{stage} goes on[, until {closes_at}].", "{stage}恢复进行[，截止时间 {closes_at}]。"),
    "window.cancelled": both("{stage} was cancelled with its season.", "{stage}随赛季一并取消。"),
    "entry.drafted": both(
        "The project was begun as a draft[, number {number}].", "项目以草稿形式创建[，编号 {number}]。"
    ),
    "entry.changed": both("The project was changed.", "项目内容已修改。"),
    "entry.submitted": both(
        "The project[ {number}] was submitted in time and counts.", "项目[ {number} ]按时提交，有效。"
    ),
    "entry.refused_late": both(
        "A submission[ of {number}] was refused: the window was closed[ since {closes_at}].",
        "[项目 {number} 的]提交未被受理：窗口已关闭[（截止时间 {closes_at}）]。",
    ),
    "entry.grace_given": both(
        "The project[ {number}] was given grace: it may be submitted until {until}.",
        "项目[ {number} ]获准宽限，可于 {until} 前提交。",
    ),
    "entry.grace_moved": both(
        "The pause is not counted: the grace of the project[ {number}] lasts until {until}.",
        "暂停时间不计入：项目[ {number} ]的宽限期顺延至 {until}。",
    ),
    "entry.returned": both(
        "The project[ {number}] was returned for correction, to be answered until {until}.",
        "项目[ {number} ]退回补正，须在 {until} 前答复。",
    ),
    "entry.answered": both("The correction of the project[ {number}] was answered.", "项目[ {number} ]的补正已答复。"),
    "entry.correction_missed": both(
        "The correction of the project[ {number}] was not answered in time.", "项目[ {number} ]的补正逾期未答复。"
    ),
    "entry.correction_moved": both(
        "The pause is not counted: the project[ {number}] may be corrected until {until}.",
        "暂停时间不计入：项目[ {number} ]的补正期限顺延至 {until}。",
    ),
    "entry.revived": both(
        "Registration is open again: the draft may be submitted after all.", "报名重新开放，草稿恢复有效，可继续提交。"
    ),
    "entry.withdrawn": both("The project was withdrawn.", "项目已撤回。"),
    "entry.lapsed": both("The draft was not submitted in time and lapsed.", "草稿未按时提交，已失效。"),
    "entry.recommended": both(
        "The channel {by} recommended the project[ {how}][; {standing}].",
        "推荐渠道 {by} [{how}]推荐了该项目[；{standing}]。",
    ),
    "entry.recommendation_taken_back": both(
        "The channel {by} took its recommendation back.", "推荐渠道 {by} 撤回了对该项目的推荐。"
    ),
    "entry.nudged": both("The channel {by} reminded the applicant of the draft.", "推荐渠道 {by} 提醒申报人提交草稿。"),
    "endorsement.signed": both(
        "The channel {by} signed its list[ for {stage}]: {count} projects.",
        "推荐渠道 {by} 已签署推荐名单[（{stage}）]：{count} 个项目。",
    ),
    "endorsement.unsigned": both(
        "Lists[ for {stage}] were not signed by {count} channels; their projects stand without a ranking.",
        "[{stage}：]{count} 个推荐渠道未签署名单，其项目不排序，照常参赛。",
    ),
    "channel.quota_set": both(
        "The quota of the channel {by} was set[ from {was}] to {quota}.",
        "推荐渠道 {by} 的名额[由 {was} ]调整为 {quota}。",
    ),
    "channel.quota_lifted": both(
        "The quota of the channel {by} was lifted[; it was {was}].", "推荐渠道 {by} 的名额限制已取消[（原为 {was}）]。"
    ),
    "channel.code_renewed": both(
        "The channel {by} has a new invitation link; the old one works no more.",
        "推荐渠道 {by} 更换了邀请链接，旧链接失效。",
    ),
    "entry.eligible": both("The project meets the entry rules.", "项目符合参赛条件。"),
    "entry.ineligible": both(
        "The project does not meet the entry rules[: {findings}].",
        "项目不符合参赛条件[：{findings}]。",
    ),
    "entry.undecided": both(
        "The entry rules leave the project open[: {findings}]; a person decides.",
        "资格规则未能自动判定[：{findings}]，转由人工决定。",
    ),
    "entry.decided": both("The open case was decided[ by {by}].", "待定事项已[由 {by} ]作出决定。"),
    "document.added": both("A document was uploaded[: {kind}].", "已上传材料[：{kind}]。"),
    "document.removed": both("A document was removed[: {kind}].", "已删除材料[：{kind}]。"),
    "judge.registered": both("The judge[ {judge}] was registered.", "评委[ {judge} ]已登记。"),
    "assignment.made": both("Judges were assigned[ for {stage}][: {count}].", "[{stage}：]已分配评委[ {count} 位]。"),
    "assignment.short": both(
        "Judges are missing[ for {stage}]: {count} places could not be filled.",
        "[{stage}：]评委不足，尚缺 {count} 位。",
    ),
    "assignment.declined": both("The judge[ {judge}] declined the task.", "评委[ {judge} ]谢绝了该任务。"),
    "assignment.conflict": both(
        "The judge[ {judge}] has a conflict with the project.", "评委[ {judge} ]与该项目存在利益冲突。"
    ),
    "assignment.replaced": both("The judge[ {judge}] was replaced by another.", "评委[ {judge} ]已由他人替换。"),
    "ballot.cast": both(
        "A ballot was cast[ by judge {judge}][: {score} points].", "[评委 {judge} ]已评分[：{score} 分]。"
    ),
    "ballot.refused_late": both(
        "A ballot[ of judge {judge}] was refused: the window was closed.", "[评委 {judge} 的]评分未被受理：窗口已关闭。"
    ),
    "session.planned": both(
        "A session was planned[ for {stage}][, with {count} projects]; the order was drawn by lot.",
        "[{stage}：]答辩场次已安排[，共 {count} 个项目]，顺序由抽签决定。",
    ),
    "session.moved": both(
        "After a pause the turn at the defence was moved to {starts_at}.", "暂停结束后，答辩时间改为 {starts_at}。"
    ),
    "slot.held": both("The project was defended[: {score} points].", "项目完成答辩[：{score} 分]。"),
    "slot.no_show": both("The project did not appear at its defence.", "项目缺席答辩。"),
    "tally.made": both(
        "The ballots were tallied[ for {stage}][: {score} points][, {count} ballots].",
        "[{stage}：]评分已汇总[：{score} 分][，共 {count} 份评分]。",
    ),
    "selection.selected": both(
        "Selected[ for {stage}][ in {division}][: rank {rank}][ with {score} points].",
        "[{stage}：]入选[（{division}）][，第 {rank} 名][，得分 {score}]。",
    ),
    "selection.wild_card": both("Selected[ in {division}] by a wild card.", "以外卡入选[（{division}）]。"),
    "selection.waiting": both(
        "On the waiting list[ in {division}][: rank {rank}][ with {score} points].",
        "列入候补名单[（{division}）][，第 {rank} 名][，得分 {score}]。",
    ),
    "selection.not_selected": both(
        "Not selected[ in {division}][: rank {rank}][ with {score} points].",
        "未入选[（{division}）][，第 {rank} 名][，得分 {score}]。",
    ),
    "selection.stepped_up": both(
        "Moved up from the waiting list[ in {division}].", "由候补名单递补入选[（{division}）]。"
    ),
    "selection.removed": both("Removed from the list of the selected.", "已移出入选名单。"),
    "selection.declined": both("The place was declined.", "已放弃入选名额。"),
    "objection.filed": both("An objection[ to {number}] was filed.", "已收到[对 {number} 的]异议。"),
    "objection.upheld": both("The objection[ to {number}] was upheld.", "[对 {number} 的]异议成立。"),
    "objection.dismissed": both("The objection[ to {number}] was dismissed.", "[对 {number} 的]异议不成立。"),
    "invitation.sent": both(
        "An invitation was sent[ for {stage}][, to be answered by {until}].",
        "已发出邀请[：{stage}][，答复截止时间 {until}]。",
    ),
    "invitation.accepted": both("The invitation was accepted[: {stage}].", "已接受邀请[：{stage}]。"),
    "invitation.declined": both("The invitation was declined[: {stage}].", "已谢绝邀请[：{stage}]。"),
    "invitation.lapsed": both(
        "The invitation was not answered in time and lapsed[: {stage}].", "邀请逾期未答复，已失效[：{stage}]。"
    ),
    "award.given": both(
        "An award: {prize}[ in {division}][, rank {rank}].", "获奖：{prize}[（{division}）][，第 {rank} 名]。"
    ),
    "entry.finished": both("The project's way through the season is over.", "项目的参赛历程结束。"),
    "need.filed": both("A need was filed[ by {place}].", "[{place}]提交了对接需求。"),
    "need.changed": both("A need was changed.", "对接需求已更改。"),
    "sheet.imported": both(
        "A spreadsheet of {read} rows[ ({what})] was imported: {added} new, {changed} changed, {known} unchanged, {bad} bad.",
        "导入表格[（{what}）]共 {read} 行：新增 {added}、更改 {changed}、无变化 {known}、有误 {bad}。",
    ),
    "match.proposed": both(
        "A match was proposed[ with {place}][ (fit {score})].", "推荐对接[：{place}][（匹配度 {score}）]。"
    ),
    "match.answered": both("The proposed match was answered[ by {by}].", "对接推荐已[由 {by} ]答复。"),
    "match.landed": both(
        "The negotiation[ with {place}] succeeded: the project lands.", "[与{place}的]洽谈成功，项目落地。"
    ),
    "match.failed": both("The negotiation[ with {place}] ended without agreement.", "[与{place}的]洽谈未达成一致。"),
    "match.declined": both("The match[ with {place}] was declined[ by {by}].", "[与{place}的]对接[被 {by} ]谢绝。"),
    "match.expired": both(
        "The match[ with {place}] expired without an outcome.", "[与{place}的]对接未有结果，已失效。"
    ),
    "follow_up.due": both(
        "A follow-up is due[ with {place}][, by {until}].", "[{place}：]需进行回访[，截止时间 {until}]。"
    ),
    "follow_up.answered": both("The follow-up was answered[ by {by}].", "回访已[由 {by} ]答复。"),
    "follow_up.missed": both("The follow-up was not answered in time.", "回访逾期未答复。"),
    "notice.sent": both(
        "A notice was sent[: {notice}][; the mail server answered: {answer}].",
        "通知已发送[：{notice}][；邮件服务器答复：{answer}]。",
    ),
    "notice.failed": both(
        "A notice could not be sent[: {notice}][; the mail server answered: {answer}].",
        "通知发送失败[：{notice}][；邮件服务器答复：{answer}]。",
    ),
    "notice.skipped": both(
        "A notice was left out, as it had lost its use[: {notice}].", "通知已无必要，未发送[：{notice}]。"
    ),
    "notice.bounced": both(
        "A notice did not arrive, though a mail server had accepted it[: {notice}][; status {status}].",
        "通知虽被邮件服务器接收，但未能送达[：{notice}][；状态码 {status}]。",
    ),
    "notice.delayed": both(
        "A notice is delayed on its way; the mail server goes on trying[: {notice}][; status {status}].",
        "通知投递延迟，邮件服务器仍在尝试[：{notice}][；状态码 {status}]。",
    ),
    "campaign.finished": both(
        "A notice is finished[: {notice}]: {sent} sent, {failed} failed, {skipped} left out.",
        "通知发送完毕[：{notice}]：已发送 {sent} 封，失败 {failed} 封，未发 {skipped} 封。",
    ),
    "hook.added": both("Webhook {hook} was added.", "已添加 Webhook {hook}。"),
    "hook.removed": both("Webhook {hook} was removed.", "已删除 Webhook {hook}。"),
    "hook.renewed": both(
        "Webhook {hook} has a new secret; for a day the old one signs too.",
        "Webhook {hook} 已更换密钥，旧密钥在一天内仍同时签名。",
    ),
    "hook.tested": both("A test was sent to webhook {hook}.", "已向 Webhook {hook} 发送测试事件。"),
    "hook.disabled": both(
        "Webhook {hook} answered that it wants no more events, and was disabled.",
        "Webhook {hook} 答复不再接收事件，已停用。",
    ),
    "hook.enabled": both("Webhook {hook} is used again.", "Webhook {hook} 恢复使用。"),
    "campaign.planned": both(
        "A notice was planned[: {notice}][, to {count} people].", "已安排通知[：{notice}][，共 {count} 人]。"
    ),
    "wild_card.given": both("A wild card was given[ to {number}][ by {by}].", "[由 {by} ]授予外卡[（{number}）]。"),
    "person.erased": both(
        "A person was erased[; {withdrawn} entries withdrawn].", "已删除一人的个人信息[；撤回项目 {withdrawn} 个]。"
    ),
    "person.address_bounced": both(
        "The mail server said that the person's mail address does not exist; nothing more is sent there until it is corrected.",
        "邮件服务器称该邮箱地址不存在；更正之前不再向其发送通知。",
    ),
    "person.address_corrected": both(
        "A mail address was corrected[ by {by}]; notices are sent there again.",
        "邮箱地址已更正[（由 {by}）]，恢复向其发送通知。",
    ),
    "person.links_revoked": both("All links in mails to a person were made void.", "一人此前邮件中的全部链接已失效。"),
    "notices.held": both(
        "Outgoing mail is held: nothing but links that sign people in goes out.", "邮件暂停发送，登录链接除外。"
    ),
    "notices.released": both(
        "Outgoing mail is released: what is still useful goes out.", "邮件恢复发送，仍有效的通知继续发送。"
    ),
    "notices.tested": both("A test mail was sent[: {notice}].", "已发送测试邮件[：{notice}]。"),
    "outbox.sent": both(
        "A notice was read and sent from the outbox[: {notice}][, {count} mails].",
        "待发箱中的通知已审阅并发送[：{notice}][，共 {count} 封]。",
    ),
    "outbox.discarded": both(
        "A notice was discarded in the outbox[: {notice}][, {count} mails].",
        "待发箱中的通知已作废[：{notice}][，共 {count} 封]。",
    ),
    "outbox.edited": both("One mail in the outbox was edited[: {notice}].", "待发箱中的一封邮件已修改[：{notice}]。"),
    "outbox.left_out": both(
        "One mail in the outbox was left out[: {notice}].", "待发箱中的一封邮件不再发送[：{notice}]。"
    ),
    "notices.unsubscribed": both("A person unsubscribed from reminders.", "一人退订了提醒类通知。"),
    "notices.subscribed": both("A person wants reminders again.", "一人恢复接收提醒类通知。"),
    "person.erasure_asked": both("A person asked to be erased.", "一人申请删除其个人信息。"),
    "privacy.retention": both(
        "What had been kept long enough was deleted[: {people} people, {entries} entries].",
        "已删除保存期满的个人信息[：{people} 人，{entries} 个项目]。",
    ),
    "matching.round": both(
        "A matching round was held[: {count} matches proposed].", "已进行一轮匹配[：推荐 {count} 组对接]。"
    ),
}
"""What happened, by event code."""


def sentence(event: str, data: Mapping[str, Any], language: str) -> str:
    """What happened, in words, with its reason and rule where they are known. Never raises for missing values.

    An unknown event is shown by its code, made readable.
    """
    phrase = PHRASES.get(event)
    if phrase is None:
        return _fill(f"{event.replace('.', ': ').replace('_', ' ')}." + _WHY.in_language(language), data, language)
    return _fill(phrase.in_language(language) + _WHY.in_language(language), data, language)


@cache
def _parts(phrase: str) -> tuple[tuple[str, str | None, str | None], ...]:
    """The phrase cut into (literal, optional part, field)."""
    parts: list[tuple[str, str | None, str | None]] = []
    end = 0
    for found in _PART.finditer(phrase):
        parts.append((phrase[end : found.start()], found[1], found[2]))
        end = found.end()
    return (*parts, (phrase[end:], None, None))


def _fill(phrase: str, data: Mapping[str, Any], language: str) -> str:
    words: list[str] = []
    for literal, optional, field in _parts(phrase):
        words.append(literal)
        if field is not None:
            words.append(_shown(field, data, language) or MISSING)
        elif optional is not None and all(_shown(name, data, language) for name in _FIELD.findall(optional)):
            words.append(_FIELD.sub(lambda found: _shown(found[1], data, language) or MISSING, optional))
    return "".join(words)


def _shown(field: str, data: Mapping[str, Any], language: str) -> str | None:
    value = data.get(field)
    if value is None and field == "stage":
        value = data.get("window")
    if isinstance(value, (list, tuple)):
        return "; ".join(filter(None, (_written(one, field, data, language) for one in value))) or None
    return _written(value, field, data, language)


def _written(value: Any, field: str, data: Mapping[str, Any], language: str) -> str | None:
    if isinstance(value, Text):
        value = value.in_language(language)
    elif isinstance(value, Mapping):
        value = value.get("zh" if language.startswith("zh") else "en")
    if value is None or value == "":
        return None
    if isinstance(value, datetime) or (isinstance(value, str) and _INSTANT.fullmatch(value)):
        return _instant(value, str(data.get("zone") or "UTC"), language, field in _DEADLINES)
    text = " ".join(str(value).split())
    # The phrase ends its own sentences.
    return text.rstrip("。.") or text if field in ("reason", "rule") else text


def _instant(value: datetime | str, zone: str, language: str, deadline: bool) -> str:
    try:
        return in_clock(value, zone, language, deadline=deadline)
    except (BadInput, OverflowError):
        return str(value)
