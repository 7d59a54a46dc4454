"""What became of a notice where no mail server said anything: written down in English, read in either language."""

from __future__ import annotations

import re
from functools import cache

from models.text import Text, both

BOUNCED = both("not sent: the address bounced on {on}, and was not corrected", "未发送：该邮箱曾于 {on} 退信，尚未更正")
USELESS = both("no longer useful when its turn came", "轮到发送时已过有效期")
NOT_IN_TIME = both(
    "not sent: night at the reader's until it was of no use any more", "未发送：有效期内收件人当地均为夜间"
)
NEXT_COMES_FIRST = both(
    "not sent: the next reminder is due before the reader's morning", "未发送：收件人当地天亮前将有下一封提醒"
)
ERASED = both("the person was erased", "此人信息已删除")
UNSUBSCRIBED = both("unsubscribed on {on}", "已于 {on} 退订")
DONE = both("not sent: done meanwhile", "未发送：其间已完成")
ENOUGH = both(
    "not sent: {most} reminders and announcements in a week are enough", "未发送：一周内提醒与公告已满 {most} 封"
)
DISCARDED = both("not sent: discarded in the outbox", "未发送：已在待发箱作废")
CAME_BACK = both("came back: {words}", "退信：{words}")
CAME_BACK_LATER = both("came back: {words}; accepted before with: {before}", "退信：{words}；此前答复：{before}")
DELAYED = both("delayed, still being tried: {words}", "延迟，仍在重试：{words}")
DELAYED_LATER = both(
    "delayed, still being tried: {words}; accepted before with: {before}", "延迟，仍在重试：{words}；此前答复：{before}"
)
SERVER_DOWN = both(
    "The mail server takes no mail: {answer}. Waiting; nothing is lost.",
    "邮件服务器暂不接收邮件：{answer}。稍后重试，不会丢失。",
)
GIVEN_BACK = both("given back", "已交还，稍后发送")

# The longer ones first: what they begin with is a text of its own.
_ALL = (
    CAME_BACK_LATER, DELAYED_LATER, CAME_BACK, DELAYED, BOUNCED, USELESS, NOT_IN_TIME, NEXT_COMES_FIRST, ERASED, UNSUBSCRIBED, DONE, ENOUGH,
    DISCARDED, SERVER_DOWN, GIVEN_BACK,
)  # fmt: skip


def in_language(answer: str, language: str) -> str:
    """What a delivery keeps as its answer, for a reader of this language; the words of a mail server stay as they are."""
    if language == "en":
        return answer
    for text, pattern in _patterns():
        if found := pattern.fullmatch(answer):
            return text.in_language(language).format(**found.groupdict())
    return answer


@cache
def _patterns() -> tuple[tuple[Text, re.Pattern[str]], ...]:
    def pattern(text: Text) -> re.Pattern[str]:
        return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(text.en)), re.DOTALL)

    return tuple((text, pattern(text)) for text in _ALL)
