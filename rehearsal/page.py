"""`report.json` and `report.html`: one page that needs nothing else, in English and Chinese."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path

from models.text import Text
from rehearsal import pictures
from rehearsal.report import Finding, Report

_STYLE = """
:root{color-scheme:light dark;--ink:#1d2733;--soft:#5b6875;--line:#d9dfe5;--ground:#fff;--bar:#2f6fb7;--good:#2e7d4f;
--bad:#b3261e;--warn:#8a5a00}
@media(prefers-color-scheme:dark){:root{--ink:#e6ebf0;--soft:#9aa7b4;--line:#33404d;--ground:#12181f;--bar:#6ea3dd;
--good:#6cc28f;--bad:#ff8a80;--warn:#e0b060}}
body{margin:0 auto;max-width:1120px;padding:24px 20px 60px;background:var(--ground);color:var(--ink);
font:15px/1.5 system-ui,"PingFang SC","Noto Sans CJK SC","Microsoft YaHei",sans-serif}
h1{font-size:26px;margin:0 0 4px}h2{font-size:18px;margin:34px 0 10px}p{margin:4px 0;color:var(--soft)}
html[data-lang=en] .zh,html[data-lang=zh] .en{display:none}
header{display:flex;gap:16px;justify-content:space-between;align-items:flex-start}
button{font:inherit;padding:4px 12px;border:1px solid var(--line);border-radius:6px;background:none;color:var(--ink);
cursor:pointer;white-space:nowrap}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:10px;margin:16px 0}
dl div{border:1px solid var(--line);border-radius:8px;padding:8px 12px}dt{color:var(--soft);font-size:13px}
dd{margin:0;font-size:22px;font-variant-numeric:tabular-nums}.good dd{color:var(--good)}.bad dd{color:var(--bad)}
svg{width:100%;height:auto;display:block}svg text{fill:var(--ink);font-size:12px}svg .name{text-anchor:end}
svg .tick{text-anchor:middle;fill:var(--soft);font-size:11px}svg .head{fill:var(--soft)}svg .count{font-size:11px}
svg .step{fill:var(--bar)}svg .grid,svg .rule{stroke:var(--line);stroke-width:1}
ul{padding:0;list-style:none}li{border-left:4px solid var(--line);padding:2px 12px;margin:6px 0}
li.error{border-color:var(--bad)}li.warning{border-color:var(--warn)}
table{border-collapse:collapse}td{padding:2px 18px 2px 0;font-variant-numeric:tabular-nums}
.wide{overflow-x:auto}.wide svg{min-width:760px}
"""
_SWITCH = """
const root=document.documentElement;
if((navigator.language||"").startsWith("zh"))root.dataset.lang=root.lang="zh";
document.getElementById("switch").onclick=()=>{root.dataset.lang=root.lang=root.dataset.lang==="en"?"zh":"en"};
"""
_TITLE = Text(en="Rehearsal", zh="预演")


def write(report: Report, folder: Path) -> None:
    """Write both files into a folder, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    body = json.dumps(report.model_dump(mode="json"), ensure_ascii=False, indent=2)
    (folder / "report.json").write_text(body + "\n", encoding="utf-8")
    (folder / "report.html").write_text(page(report), encoding="utf-8")


def page(report: Report) -> str:
    """The report as one HTML page."""
    album = report.album
    return f"""<!doctype html>
<html lang="en" data-lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>{escape(_TITLE.en)} · {escape(album.name.en)}</title><style>{_STYLE}</style></head><body>
<header><div><h1>{_both(_TITLE)} · {_both(album.name)}</h1>
<p>{escape(report.season)} · {_both(_when(report))}</p></div>
<button id="switch" type="button"><span class="en">中文</span><span class="zh">English</span></button></header>
{_figures(report)}
{_section(Text(en="Timeline as it happened", zh="实际时间线"), pictures.timeline(album))}
{_section(Text(en="Entries by area", zh="各赛区项目"), pictures.funnels(album.areas, Text(en="Areas", zh="赛区")))}
{_section(Text(en="Entries by track", zh="各赛道项目"), pictures.funnels(album.tracks, Text(en="Tracks", zh="赛道")))}
{_section(Text(en="Notices by day", zh="每日通知"), pictures.notices(album))}
{_section(Text(en="Mails by the recipient's own hour", zh="按收件人当地时间统计的邮件"), pictures.hours(album))}
<h2>{_both(Text(en="Findings", zh="发现"))}</h2><ul>{"".join(_finding(f) for f in report.findings) or "—"}</ul>
<h2>{_both(Text(en="Seconds by part", zh="各阶段用时（秒）"))}</h2><table>{_phases(report)}</table>
<script>{_SWITCH}</script></body></html>
"""


def _both(text: Text) -> str:
    return f'<span class="en">{escape(text.en)}</span><span class="zh" lang="zh">{escape(text.zh)}</span>'


def _when(report: Report) -> Text:
    days, seconds = round(report.simulated_days), round(report.wall_seconds, 1)
    album = report.album
    span = f"{album.began:%Y-%m-%d} – {album.ended:%Y-%m-%d}"
    return Text(
        en=f"{span}, {days} days lived through in {seconds} s, seed {report.seed}",
        zh=f"{span}，{seconds} 秒内预演 {days} 天，种子 {report.seed}",
    )


def _figures(report: Report) -> str:
    entries, windows, notices = report.entries, report.windows, report.notices
    shown: tuple[tuple[Text, str, bool | None], ...] = (
        (Text(en="accepted late", zh="逾期受理"), f"{windows.accepted_late}", windows.accepted_late == 0),
        (Text(en="refused early", zh="提前拒绝"), f"{windows.refused_early}", windows.refused_early == 0),
        (Text(en="notices twice", zh="重复通知"), f"{notices.duplicate}", notices.duplicate == 0),
        (Text(en="notices lost", zh="遗失通知"), f"{notices.lost}", notices.lost == 0),
        (
            Text(en="windows closed", zh="已关闭窗口"),
            f"{windows.closed:,} / {windows.total:,}",
            windows.closed == windows.total,
        ),
        (Text(en="entries started", zh="创建项目"), f"{entries.started:,}", None),
        (Text(en="submitted", zh="提交项目"), f"{entries.submitted:,}", None),
        (Text(en="refused as late", zh="因逾期被拒"), f"{entries.refused_late:,}", None),
        (Text(en="finalists", zh="入围决赛"), f"{entries.finalists:,}", None),
        (Text(en="awarded", zh="获奖"), f"{entries.awarded:,}", None),
        (Text(en="ballots", zh="评分"), f"{report.ballots:,}", None),
        (Text(en="notices sent", zh="已发通知"), f"{notices.sent:,}", None),
        (Text(en="matches", zh="对接"), f"{report.matches:,}", None),
        (Text(en="negotiations", zh="洽谈"), f"{report.negotiations:,}", None),
        (Text(en="landings", zh="落地"), f"{report.landings:,}", None),
        (Text(en="follow-ups", zh="回访"), f"{report.follow_ups:,}", None),
    )
    return "<dl>" + "".join(_figure(*one) for one in shown) + "</dl>"


def _figure(name: Text, value: str, good: bool | None) -> str:
    kind = "" if good is None else ' class="good"' if good else ' class="bad"'
    return f"<div{kind}><dt>{_both(name)}</dt><dd>{value}</dd></div>"


def _section(title: Text, picture: str) -> str:
    return f'<h2>{_both(title)}</h2><div class="wide">{picture}</div>'


def _finding(finding: Finding) -> str:
    return f'<li class="{finding.severity}">{_both(finding.text)}</li>'


def _phases(report: Report) -> str:
    return "".join(f"<tr><td>{escape(part)}</td><td>{seconds:.2f}</td></tr>" for part, seconds in report.phases.items())
