"""The pictures of the report, drawn as SVG: the timeline as it happened, the funnels, notices by day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape

from models.text import Text
from rehearsal.report import Album, Bar, Day, Funnel

WIDTH, LEFT, RIGHT = 1080, 210, 20
_INK = {
    "registration": "#2f6fb7", "endorsement": "#4f8a5b", "screening": "#7a6fb0", "review": "#b0772f", "defence": "#b04a3f",
    "public_notice": "#5f8f5f", "confirmation": "#3f8f8a", "event": "#a05f8f", "needs": "#8a8a3f",
}  # fmt: skip
_OTHER = "#66788a"
_STEPS: tuple[tuple[str, Text], ...] = (
    ("started", Text(en="started", zh="已创建")),
    ("submitted", Text(en="submitted", zh="已提交")),
    ("eligible", Text(en="eligible", zh="合格")),
    ("reviewed", Text(en="reviewed", zh="已评审")),
    ("defended", Text(en="defended", zh="已答辩")),
    ("finalists", Text(en="finalists", zh="入围决赛")),
    ("awarded", Text(en="awarded", zh="获奖")),
)


def words(text: Text) -> str:
    """Both languages as SVG text; the style sheet shows one."""
    return f'<tspan class="en">{escape(text.en)}</tspan><tspan class="zh">{escape(text.zh)}</tspan>'


def timeline(album: Album) -> str:
    """Every window as a bar, a row for each stage, the season's own dates along the bottom."""
    rows: dict[str, list[Bar]] = defaultdict(list)
    for bar in album.bars:
        rows[bar.stage].append(bar)
    names = [(stage, name) for stage, name in album.stages if stage in rows]
    parts, top = [], 8.0
    for stage, name in names:
        lanes = _lanes(rows[stage])
        thick = 12.0 if lanes == 1 else max(2.0, min(6.0, 60 / lanes))
        height = max(20.0, lanes * (thick + 1) + 6)
        parts.append(f'<text x="{LEFT - 10}" y="{top + height / 2 + 4:.1f}" class="name">{words(name)}</text>')
        parts += [_bar(album, bar, top + 3 + lane * (thick + 1), thick) for lane, bar in _placed(rows[stage], lanes)]
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{top + height:.1f}" y2="{top + height:.1f}" class="rule"/>'
        )
        top += height
    parts += _months(album, top)
    label = Text(en="Timeline as it happened", zh="实际时间线")
    return _svg(top + 26, "".join(parts), label)


def _lanes(bars: Sequence[Bar]) -> int:
    areas = {bar.area for bar in bars}
    return len(areas) if len(areas) > 1 else 1


def _placed(bars: Sequence[Bar], lanes: int) -> list[tuple[int, Bar]]:
    order = {area: n for n, area in enumerate(sorted({bar.area or "" for bar in bars}))}
    return [(order[bar.area or ""] if lanes > 1 else 0, bar) for bar in bars]


def _bar(album: Album, bar: Bar, top: float, thick: float) -> str:
    left, right = _x(album, bar.opens), _x(album, bar.closes)
    many = bar.id.count("/") > 1 and bar.kind not in _INK
    title = f"{bar.id}: {bar.opens:%Y-%m-%d %H:%M}Z – {bar.closes:%Y-%m-%d %H:%M}Z, {bar.state}"
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{max(right - left, 1.5):.1f}" height="{thick:.1f}" '
        f'fill="{_INK.get(bar.kind, _OTHER)}" opacity="{0.25 if many else 0.9}"><title>{escape(title)}</title></rect>'
    )


def _x(album: Album, at: datetime) -> float:
    share = (at - album.began) / (album.ended - album.began)
    return LEFT + min(max(share, 0.0), 1.0) * (WIDTH - LEFT - RIGHT)


def _months(album: Album, bottom: float) -> list[str]:
    parts = []
    month = album.began.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while month <= album.ended:
        if month >= album.began:
            x = _x(album, month)
            parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="4" y2="{bottom:.1f}" class="grid"/>')
            text = f"{month:%Y-%m}" if month.month % 3 == 1 else f"{month:%m}"
            parts.append(f'<text x="{x:.1f}" y="{bottom + 16:.1f}" class="tick">{text}</text>')
        month = (month + timedelta(days=32)).replace(day=1)
    return parts


def funnels(rows: Sequence[Funnel], label: Text) -> str:
    """How far entries came: a row for each area or track, a column for each step, bars to one scale in a column."""
    column = (WIDTH - LEFT - RIGHT) / len(_STEPS)
    counts = [row.entries.model_dump() for row in rows]
    most = {key: max((c[key] for c in counts), default=0) or 1 for key, _ in _STEPS}
    parts = [
        f'<text x="{LEFT + n * column:.1f}" y="14" class="head">{words(name)}</text>'
        for n, (_, name) in enumerate(_STEPS)
    ]
    for line, (row, count) in enumerate(zip(rows, counts, strict=True)):
        top = 22 + line * 22
        parts.append(f'<text x="{LEFT - 10}" y="{top + 14}" class="name">{words(row.name)}</text>')
        for n, (key, _) in enumerate(_STEPS):
            left, width = LEFT + n * column, (column - 52) * count[key] / most[key]
            parts.append(f'<rect x="{left:.1f}" y="{top + 3}" width="{width:.1f}" height="14" class="step"/>')
            parts.append(f'<text x="{left + width + 4:.1f}" y="{top + 14}" class="count">{count[key]:,}</text>')
    return _svg(30 + len(rows) * 22, "".join(parts), label)


def notices(album: Album) -> str:
    """Notices sent on each day."""
    height, base = 180.0, 196.0
    most = max((day.sent for day in album.days), default=0) or 1
    parts = [_column(album, day, most, height, base) for day in album.days]
    for share in (0.5, 1.0):
        y = base - share * height
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>')
        parts.append(f'<text x="{LEFT - 10}" y="{y + 4:.1f}" class="name">{round(most * share):,}</text>')
    parts += _months(album, base)
    return _svg(base + 26, "".join(parts), Text(en="Notices by day", zh="每日通知"))


_URGENCY = {
    "at_once": Text(en="answers to an act", zh="对操作的即时回复"),
    "essential": Text(en="essential", zh="重要通知"),
    "routine": Text(en="reminders", zh="提醒"),
}


def hours(album: Album) -> str:
    """Mails by the local hour of their recipients, a row for each urgency."""
    high, parts, top = 70.0, [], 8.0
    column = (WIDTH - LEFT - RIGHT) / 24
    for urgency, counts in album.hours:
        base, most = top + high, max(counts, default=0) or 1
        parts.append(f'<text x="{LEFT - 10}" y="{base - 4:.1f}" class="name">{words(_URGENCY[urgency])}</text>')
        for hour, count in enumerate(counts):
            tall = high * count / most
            parts.append(
                f'<rect x="{LEFT + hour * column + 2:.1f}" y="{base - tall:.1f}" width="{column - 4:.1f}"'
                f' height="{tall:.1f}" class="step"><title>{hour}:00: {count:,}</title></rect>'
            )
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{base:.1f}" y2="{base:.1f}" class="grid"/>')
        top = base + 14
    for hour in range(0, 24, 4):
        parts.append(f'<text x="{LEFT + hour * column + 2:.1f}" y="{top + 4:.1f}" class="head">{hour}:00</text>')
    return _svg(top + 12, "".join(parts), Text(en="Mails by local hour", zh="按当地时间统计的邮件"))


def _column(album: Album, day: Day, most: int, height: float, base: float) -> str:
    noon = datetime(day.day.year, day.day.month, day.day.day, 12, tzinfo=album.began.tzinfo)
    tall = max(height * day.sent / most, 0.8)
    return (
        f'<rect x="{_x(album, noon) - 0.8:.1f}" y="{base - tall:.1f}" width="1.6" height="{tall:.1f}" class="step">'
        f"<title>{day.day}: {day.sent:,}</title></rect>"
    )


def _svg(height: float, inside: str, label: Text) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(label.en)} / {escape(label.zh)}">'
        f"{inside}</svg>"
    )
