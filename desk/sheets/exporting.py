"""Lists of a season as sheets: headers in the reader's language, instants as real dates in the season's zone.

Who may not see addresses gets no columns that hold them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from desk.sheets.columns import COLUMNS, Column, SheetKind
from desk.sheets.values import Choice
from desk.sheets.writing import Sheet, Value
from desk.words import Words
from models.season import AwardsStage
from models.text import Text, both
from models.views import LineView
from records.database import Database
from records.lists import ListName, length, whole_list
from records.seasons import known_file

Step = Callable[[int, int], None]
_ADDRESSES = {"applicant_email", "contact_email", "email", "to"}
_IMPORTED: dict[ListName, SheetKind] = {
    "entries": "entries",
    "judges": "judges",
    "channels": "channels",
    "needs": "needs",
}


@dataclass(frozen=True)
class _Column:
    name: str
    head: Text
    width: int
    value: Callable[[dict[str, Any], Words], Value]


def _plain(name: str, head: Text, width: int = 14) -> _Column:
    return _Column(name, head, width, lambda row, words: _value(row[name], words))


def _said(name: str, head: Text, say: Callable[[Words, str], str], width: int = 14) -> _Column:
    """A column of codes that have words."""
    return _Column(name, head, width, lambda row, words: say(words, row[name]) if row[name] else None)


def _area(words: Words, code: str) -> str:
    return next((words.of(a.name) for a in words.file.areas if a.code == code), code) if words.file else code


def _track(words: Words, code: str) -> str:
    return next((words.of(t.name) for t in words.file.tracks if t.code == code), code) if words.file else code


def _division(words: Words, division: str) -> str:
    track, _, group = division.partition("/")
    name = _track(words, track)
    groups = next((t.groups for t in words.file.tracks if t.code == track), ()) if words.file else ()
    named = next((words.of(g.name) for g in groups if g.code == group), group)
    return f"{name} / {named}" if group else name


def _prize(words: Words, code: str) -> str:
    stages = words.file.stages if words.file else ()
    prizes = [p for s in stages if isinstance(s, AwardsStage) for p in s.prizes]
    return next((words.of(p.name) for p in prizes if p.code == code), code)


def _stage(words: Words, code: str) -> str:
    return next((words.of(s.name) for s in words.file.stages if s.id == code), code) if words.file else code


def _delivery(words: Words, state: str) -> str:
    return words.label(state)


def _line(row: dict[str, Any], words: Words) -> Value:
    line = LineView(**row)
    return words.event(line)


_NUMBER, _STATE, _AT = both("Number", "编号"), both("State", "状态"), both("At", "时间")
_AREA, _WINDOW, _STAGE = both("Area", "赛区"), both("Window", "窗口"), both("Stage", "阶段")

_MORE: dict[ListName, tuple[tuple[_Column, ...], tuple[_Column, ...]]] = {
    "entries": (
        (_plain("number", _NUMBER, 20), _said("state", _STATE, Words.state)),
        (
            _said("stage", both("Stage reached", "所至阶段"), _stage),
            _plain("created_at", both("Begun", "创建时间"), 20),
            _plain("submitted_at", both("Submitted", "提交时间"), 20),
        ),
    ),
    "judges": (
        (),
        (
            _plain("active", both("Active", "在任")),
            _plain("assigned", both("Assigned", "已分配")),
            _plain("done", both("Scored", "已评分")),
        ),
    ),
    "channels": (
        (),
        (_plain("recommended", both("Recommended", "已推荐")), _plain("submitted", both("Submitted", "已提交"))),
    ),
    "needs": ((), (_plain("open", both("Open", "开放")), _plain("filed_at", both("Filed", "提交时间"), 20))),
}
"""What an export has before and after the columns that an import knows."""

_LISTS: dict[ListName, tuple[_Column, ...]] = {
    "windows": (
        _plain("id", both("ID", "标识"), 36), _said("stage", _STAGE, _stage, 20), _said("area", _AREA, _area, 20),
        _said("kind", both("Kind", "类型"), Words.kind), _said("state", _STATE, Words.window_state),
        _plain("opens_at", both("Opens", "开始"), 20), _plain("closes_at", both("Closes", "截止"), 20),
        _plain("planned_closes_at", both("First planned close", "原定截止"), 20),
        _plain("opened_at", both("Opened", "实际开始"), 20), _plain("closed_at", both("Closed", "实际截止"), 20),
        _plain("zone", both("Zone", "时区"), 20),
    ),
    "notices": (
        _said("template", both("Notice", "通知"), Words.notice, 30), _plain("to", both("To", "收件人"), 30),
        _said("state", _STATE, _delivery), _plain("number", both("Entry", "项目"), 20), _plain("window", _WINDOW, 30),
        _plain("queued_at", both("Queued", "排队时间"), 20), _plain("sent_at", both("Sent", "发送时间"), 20),
        _plain("answer", both("Answer of the mail server", "邮件服务器答复"), 40),
        _plain("possibly_twice", both("Possibly twice", "可能重复")),
    ),
    "log": (
        _plain("id", _NUMBER, 10), _plain("at", _AT, 20), _Column("event", both("What happened", "事件"), 70, _line),
        _plain("entry", both("Entry", "项目"), 20), _plain("window", _WINDOW, 30),
        _said("actor", both("Who", "执行者"), Words.actor, 20), _plain("reason", both("Why", "理由"), 40),
        _plain("rule", both("Rule", "依据"), 24),
    ),
    "awards": (
        _said("prize", both("Prize", "奖项"), _prize), _said("division", both("Division", "组别"), _division, 24),
        _plain("rank", both("Rank", "名次"), 8), _plain("number", _NUMBER, 20), _plain("title", both("Title", "项目名称"), 40),
        _plain("applicant_name", both("Applicant", "申报人"), 20), _plain("organisation", both("Organisation", "单位"), 24),
        _said("area", _AREA, _area, 20), _plain("channel", both("Channel", "推荐渠道")),
        _plain("channel_name", both("Recommended by", "推荐机构"), 24), _plain("at", _AT, 20),
    ),
}  # fmt: skip


async def export(
    database: Database,
    season: str,
    name: ListName,
    path: Path,
    words: Words,
    *,
    addresses: bool,
    step: Step = lambda _done, _of: None,
) -> int:
    """Write a list to a file, whose name says whether it is xlsx or csv; how many rows. Raises NotFound, BadInput."""
    words = Words(words.language, await known_file(database, season))
    columns = [c for c in _columns(name) if addresses or c.name not in _ADDRESSES]
    total, done = await length(database, season, name), 0
    heads = [_head(c, words, name) for c in columns]
    with Sheet(path, heads, widths=[c.width for c in columns], title=words.label(f"sheet_{name}")) as sheet:
        async for found in whole_list(database, season, name):
            if not addresses:
                found = [_without_addresses(row) for row in found]
            await asyncio.to_thread(_write, sheet, columns, found, words)
            done += len(found)
            step(done, total)
        await asyncio.to_thread(sheet.finish)
    return done


def _write(sheet: Sheet, columns: Sequence[_Column], found: Sequence[dict[str, Any]], words: Words) -> None:
    for row in found:
        sheet.row([column.value(row, words) for column in columns])


def _head(column: _Column, words: Words, name: ListName) -> str:
    instants = column.name.endswith("_at") or column.name == "at"
    return f"{words.of(column.head)} ({words.zone})" if instants else words.of(column.head)


def _without_addresses(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "team": [[name, ""] for name, _ in row["team"] or ()]} if "team" in row else row


def _columns(name: ListName) -> tuple[_Column, ...]:
    if name not in _IMPORTED:
        return _LISTS[name]
    before, after = _MORE[name]
    return (*before, *(_imported(column) for column in COLUMNS[_IMPORTED[name]]), *after)


def _imported(column: Column) -> _Column:
    """A column that an import knows, written so that the import understands it."""

    def value(row: dict[str, Any], words: Words) -> Value:
        found = row[column.name]
        if column.name == "team":
            return "; ".join(f"{name} <{email}>" if email else name for name, email in found or ()) or None
        choices = column.choices(words.file) if words.file else ()
        if isinstance(found, list):
            return ", ".join(_name(code, choices, words) for code in found) or None
        if found and choices:
            return _name(str(found), choices, words)
        return int(found) if column.name == "readiness" and found is not None else _value(found, words)

    wide = {"title": 40, "summary": 50, "team": 40, "applicant_email": 28, "contact_email": 28, "email": 28}
    return _Column(column.name, column.head, wide.get(column.name, 16), value)


def _name(code: str, choices: Sequence[Choice], words: Words) -> str:
    """The name of a choice, or its code where another has the same name, or one that would be read as two."""
    names = [words.of(c.name) for c in choices]
    name = next((words.of(c.name) for c in choices if c.code == code), code)
    return code if names.count(name) > 1 or any(sign in name for sign in ",;，；、") else name


def _value(value: Any, words: Words) -> Value:
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(words.zone)).replace(tzinfo=None, microsecond=0)
    if isinstance(value, bool):
        return words.label("sheet_yes" if value else "sheet_no")
    if value is None or value == "":
        return None
    return value if isinstance(value, (int, Decimal)) else str(value)
