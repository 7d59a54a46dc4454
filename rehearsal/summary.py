"""The report of a rehearsal on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from rehearsal.report import Report

_SEVERITY = {"error": "red", "warning": "yellow", "info": "dim"}


def show(report: Report, console: Console) -> None:
    """Print the figures, the funnel by area and track, and the findings."""
    console.print(
        f"[bold]{report.album.name.en}[/] · {report.season} · seed {report.seed}: {report.simulated_days:.0f} days "
        f"in {report.wall_seconds:.1f} s, {report.acts:,} acts"
    )
    console.print(_funnel(report))
    console.print(_figures(report))
    for finding in report.findings:
        console.print(f"[{_SEVERITY[finding.severity]}]{finding.severity:<8}[/]{finding.text.en}", highlight=False)


def _funnel(report: Report) -> Table:
    table = Table(title="How far the entries came", title_justify="left", box=None, pad_edge=False)
    table.add_column("")
    columns = ("started", "submitted", "eligible", "reviewed", "defended", "finalists", "awarded")
    for column in columns:
        table.add_column(column, justify="right")
    for funnel in (*report.album.areas, *report.album.tracks):
        counts = funnel.entries.model_dump()
        table.add_row(f"{funnel.code} {funnel.name.en}"[:40], *(f"{counts[c]:,}" for c in columns))
    total = report.entries.model_dump()
    table.add_row("[bold]all[/]", *(f"[bold]{total[c]:,}[/]" for c in columns))
    return table


def _figures(report: Report) -> Table:
    table = Table(title="What must be right", title_justify="left", box=None, pad_edge=False, show_header=False)
    windows, notices = report.windows, report.notices
    zeros = {
        "accepted late": windows.accepted_late,
        "refused early": windows.refused_early,
        "sent twice": notices.duplicate,
        "lost": notices.lost,
        "reminders at night": notices.night,
        "reminders on a day off that could wait": notices.day_off,
        "after their use": notices.useless,
    }
    table.add_row("windows", f"{windows.closed:,} of {windows.total:,} closed")
    table.add_row("refused after a close", f"{report.entries.refused_late:,}")
    for name, count in zeros.items():
        table.add_row(name, f"[{'red' if count else 'green'}]{count}[/]")
    table.add_row("notices", f"{notices.sent:,} of {notices.planned:,} sent, in {notices.mails:,} mails")
    table.add_row("ballots", f"{report.ballots:,}")
    table.add_row(
        "matches", f"{report.matches:,}, of them {report.negotiations:,} negotiated, {report.landings:,} landed"
    )
    table.add_row("follow-ups", f"{report.follow_ups:,}")
    return table
