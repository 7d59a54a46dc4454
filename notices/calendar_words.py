"""What entries in a calendar are called, and what is said in them."""

from __future__ import annotations

from models.text import both

DEADLINE = both("Deadline: {stage} · {season}", "截止：{stage} · {season}")
PAUSED = both("Paused: {stage} · {season}", "已暂停：{stage} · {season}")
OWN = {
    "grace": both("Your own deadline: {title} · {season}", "您的延期截止：{title} · {season}"),
    "correction": both("Correct and answer: {title} · {season}", "更正并答复：{title} · {season}"),
}
TURN = both("Your defence: {title} · {season}", "您的答辩：{title} · {season}")
PANEL = both("Panel: {stage} · {season}", "评审席：{stage} · {season}")
EVENT = both("{stage} · {season}", "{stage} · {season}")
GONE = both("Cancelled: {season}", "已取消：{season}")
PLACE = both("Place: {0}", "地点：{0}")
POSITION = both("No. {0} in the order", "出场顺序：第 {0} 个")
FORMATS = {
    "online": both("Online", "线上"), "offline": both("On site", "现场"),
    "hybrid": both("Online and on site", "线上与现场"),
}  # fmt: skip
