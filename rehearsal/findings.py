"""What operations should know before the season runs for real: night mail, thin rounds, empty places, awkward days."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from models.season import ReviewStage, SelectionStage
from models.text import Text
from notices.own_answers import NOT_IN_TIME, USELESS, in_language
from records.database import rows
from rehearsal.acts import Ledger
from rehearsal.hours import Hours
from rehearsal.recorder import Recorder
from rehearsal.report import Finding, Severity
from rehearsal.world import World
from rules.checks.days import day_off


async def find(
    connection: AsyncConnection, world: World, ledger: Ledger, recorder: Recorder, hours: Hours, ended: datetime
) -> list[Finding]:
    """All findings, the gravest first."""
    found: list[Finding] = []
    for look in (_thin_rounds, _no_ballots, _unfilled, _left_open, _lost_notices, _left_out, _unanswered):
        found += [finding async for finding in look(connection, world, ended)]
    found += await _awkward_days(connection, world, ended)
    found += _night_mail(hours)
    found += _acts(ledger)
    sent = hours.mails
    if sent != recorder.count:
        found.append(
            _finding(
                "notices.unequal",
                "error",
                abs(sent - recorder.count),
                f"{_n(sent, 'mail is', 'mails are')} marked as sent, and the mail server took {recorder.count}.",
                f"标记为已发送的通知有 {sent} 封，邮件服务器收到 {recorder.count} 封。",
            )
        )
    order: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2}
    return sorted(found, key=lambda finding: (order[finding.severity], finding.code))


def _finding(code: str, severity: Severity, count: int, en: str, zh: str) -> Finding:
    return Finding(code=code, severity=severity, text=Text(en=en, zh=zh), count=count)


def _n(count: int, one: str, many: str = "") -> str:
    """`1 window`, `2 windows`; `many` where an s is not enough."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"


def _night_mail(hours: Hours) -> list[Finding]:
    if not hours.night:
        return []
    most = ", ".join(f"{template} {n}" for template, n in hours.night_templates)
    return [
        _finding(
            "mail.night", "warning", hours.night,
            f"{_n(hours.night, 'reminder')} would reach people at night, their own time: {most}.",
            f"{hours.night} 封提醒会在收件人当地夜间送达：{most}。",
        )
    ]  # fmt: skip


async def _thin_rounds(connection: AsyncConnection, world: World, ended: datetime) -> AsyncIterator[Finding]:
    """Review rounds in which entries were left with fewer ballots than the season file asks for."""
    for stage in world.file.stages:
        if not isinstance(stage, ReviewStage):
            continue
        found = await rows(
            connection,
            """SELECT t.area, count(*) AS n FROM tallies t WHERE t.season_id = :season AND t.stage = :stage
                 AND t.ballots < :wanted GROUP BY 1 ORDER BY 2 DESC, 1""",
            season=world.season,
            stage=stage.id,
            wanted=stage.judges_per_entry,
        )
        count = sum(row["n"] for row in found)
        if count:
            where = ", ".join(f"{row['area'] or '-'} {row['n']}" for row in found[:5])
            yield _finding(
                "review.short", "warning", count,
                f"{_n(count, 'entry', 'entries')} closed {stage.name.en} with fewer than {stage.judges_per_entry} ballots: {where}.",
                f"{stage.name.zh}截止时，{count} 个项目的评分少于 {stage.judges_per_entry} 份：{where}。",
            )  # fmt: skip


async def _no_ballots(connection: AsyncConnection, world: World, ended: datetime) -> AsyncIterator[Finding]:
    found = await rows(
        connection,
        """SELECT stage, count(*) AS n FROM tallies WHERE season_id = :season AND ballots = 0
           GROUP BY 1 ORDER BY 1""",
        season=world.season,
    )
    for row in found:
        name = world.file.stage(row["stage"]).name
        yield _finding(
            "round.no_ballots", "warning", row["n"],
            f"{_n(row['n'], 'entry', 'entries')} of {name.en} without any ballot: nobody scored, or nobody appeared.",
            f"{name.zh}中有 {row['n']} 个项目没有任何评分（无人评分或未到场）。",
        )  # fmt: skip


async def _unfilled(connection: AsyncConnection, world: World, ended: datetime) -> AsyncIterator[Finding]:
    """Quotas that were not filled, by selection stage."""
    for stage in world.file.stages:
        if not isinstance(stage, SelectionStage):
            continue
        found = await rows(
            connection,
            """SELECT area, division, count(*) FILTER (WHERE decision IN ('selected', 'stepped_up')) AS n
               FROM selections WHERE season_id = :season AND stage = :stage GROUP BY 1, 2""",
            season=world.season,
            stage=stage.id,
        )
        filled = {(row["area"], row["division"]): int(row["n"]) for row in found}
        areas = world.file.areas if stage.scope == "area" else (None,)
        empty, where = 0, []
        for area in areas:
            override = area.stages.get(stage.id) if area else None
            code = area.code if area else None
            for division in world.file.divisions():
                missing = stage.quota_of(division, override) - filled.get((code, division), 0)
                if missing > 0:
                    empty += missing
                    where.append(f"{code or ''} {division} {missing}".strip())
        if empty:
            yield _finding(
                "quota.unfilled", "warning", empty,
                f"{_n(empty, 'place')} of {stage.name.en} stayed empty: {', '.join(where[:6])}{' …' * (len(where) > 6)}.",
                f"{stage.name.zh}有 {empty} 个名额空缺：{'、'.join(where[:6])}{' …' * (len(where) > 6)}。",
            )  # fmt: skip


async def _left_open(connection: AsyncConnection, world: World, ended: datetime) -> AsyncIterator[Finding]:
    found = await rows(
        connection,
        """SELECT id FROM windows WHERE season_id = :season AND closes_at < :ended
             AND state NOT IN ('closed', 'cancelled') ORDER BY id""",
        season=world.season,
        ended=ended,
    )
    if found:
        ids = ", ".join(row["id"] for row in found[:5])
        yield _finding(
            "window.left_open", "error", len(found),
            f"{_n(len(found), 'window is', 'windows are')} past the close and not closed: {ids}.",
            f"{len(found)} 个窗口已过截止时间但未关闭：{ids}。",
        )  # fmt: skip


async def _lost_notices(connection: AsyncConnection, world: World, ended: datetime) -> AsyncIterator[Finding]:
    found = await rows(
        connection,
        """SELECT c.template, d.state, count(*) AS n, max(d.answer) AS answer FROM deliveries d
             JOIN campaigns c ON c.id = d.campaign_id
           WHERE d.season_id = :season AND d.state NOT IN ('sent', 'skipped') GROUP BY 1, 2 ORDER BY 3 DESC""",
        season=world.season,
    )
    for row in found:
        yield _finding(
            "notices.lost", "error", row["n"],
            f"{_n(row['n'], 'notice')} '{row['template']}' ended {row['state']}: {row['answer'] or 'nobody sent them'}.",
            f"{row['n']} 封“{row['template']}”通知最终状态为 {row['state']}：{row['answer'] or '无人发送'}。",
        )  # fmt: skip


async def _left_out(connection: AsyncConnection, world: World, ended: datetime) -> AsyncIterator[Finding]:
    """Notices that were not sent, by reason: a warning where somebody was never told who should have been."""
    found = await rows(
        connection,
        """SELECT answer, sum(n)::int AS n, string_agg(template || ' ' || n, ', ' ORDER BY n DESC, template) AS which FROM (
             SELECT d.answer, c.template, count(*) AS n FROM deliveries d JOIN campaigns c ON c.id = d.campaign_id
             WHERE d.season_id = :season AND d.state = 'skipped' GROUP BY 1, 2) t
           GROUP BY 1 ORDER BY 2 DESC, 1""",
        season=world.season,
    )
    for row in found:
        n, why, which = row["n"], row["answer"] or "?", row["which"]
        yield _finding(
            "notices.left_out", "warning" if why in _UNTOLD else "info", n,
            f"{_n(n, 'notice')} ({which}): {why}.", f"{n} 封通知（{which}）：{in_language(why, 'zh')}。",
        )  # fmt: skip


_UNTOLD = (NOT_IN_TIME.en, USELESS.en)


async def _unanswered(connection: AsyncConnection, world: World, ended: datetime) -> AsyncIterator[Finding]:
    """Invitations, matches and follow-ups that nobody answered."""
    found = (
        await rows(
            connection,
            """SELECT
              (SELECT count(*) FROM invitations i JOIN windows w ON w.id = i.window_id
                WHERE w.season_id = :season AND i.state = 'lapsed') AS invitations,
              (SELECT count(*) FROM matches WHERE season_id = :season AND state = 'expired' AND answered_at IS NULL)
                AS matches,
              (SELECT count(*) FROM follow_ups WHERE season_id = :season AND state = 'missed') AS follow_ups""",
            season=world.season,
        )
    )[0]
    words = {
        "invitations": ("invitation", "invitations", "lapsed without an answer", "份邀请无人答复而失效"),
        "matches": ("proposed match", "proposed matches", "never answered", "项对接建议无人答复"),
        "follow_ups": ("follow-up", "follow-ups", "never answered", "次回访无人答复"),
    }
    for what, (one, many, en, zh) in words.items():
        if n := found[what]:
            yield _finding(f"{what}.unanswered", "info", n, f"{_n(n, one, many)} {en}.", f"{n} {zh}。")


async def _awkward_days(connection: AsyncConnection, world: World, ended: datetime) -> list[Finding]:
    """Stage windows that close on a weekend or a public holiday where their people are."""
    found = await rows(
        connection,
        """SELECT area, stage, zone, closes_at FROM windows WHERE season_id = :season AND subject IS NULL
             AND closes_at < :ended ORDER BY closes_at, id""",
        season=world.season,
        ended=ended,
    )
    days: dict[str, list[str]] = {"weekend": [], "holiday": []}
    for window in found:
        area = world.file.area(window["area"]) if window["area"] else None
        kind = _awkward(world, window, area.seat.country if area else world.file.country)
        if kind:
            days[kind].append(f"{window['area'] or ''} {window['stage']}".strip())
    words = {"weekend": ("a weekend", "周末"), "holiday": ("a public holiday", "公共假日")}
    return [
        _finding(
            f"window.{kind}", "warning" if kind == "holiday" else "info", len(names),
            f"{_n(len(names), 'window closes', 'windows close')} on {words[kind][0]}: {', '.join(names[:6])}{' …' * (len(names) > 6)}.",
            f"{len(names)} 个窗口在{words[kind][1]}截止：{'、'.join(names[:6])}{' …' * (len(names) > 6)}。",
        )
        for kind, names in days.items()
        if names
    ]  # fmt: skip


def _awkward(world: World, window: dict[str, Any], country: str) -> str | None:
    # A close at midnight ends the day before; a moment earlier tells which day people think of.
    last = world.nominal(window["closes_at"]).astimezone(ZoneInfo(window["zone"]))
    day = datetime.fromtimestamp(last.timestamp() - 1, tz=ZoneInfo(window["zone"])).date()
    off = day_off(country, day)
    return off[0] if off else None


def _acts(ledger: Ledger) -> list[Finding]:
    """Acts that were refused for another reason than the close: what people would ask support about."""
    return [
        _finding(
            "act.refused", "info", count,
            f"{_n(count, 'time')} '{what}' was refused, such as: {ledger.examples[what]}",
            f"“{what}”被拒绝 {count} 次，例如：{ledger.examples[what]}",
        )
        for what, count in sorted(ledger.refused.items())
        if not what.endswith(": window.closed")
    ]  # fmt: skip
