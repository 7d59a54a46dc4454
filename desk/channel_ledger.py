"""The attribution ledger as a table: for a CSV, which opens in any spreadsheet program, and for JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from desk.words import Words
from records.channel_work import Attribution

_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""With which a spreadsheet program takes a cell for a formula; the wide ones where it is set to Chinese."""
BOM = "\ufeff"
"""Tells spreadsheet programs that the file is UTF-8."""


def as_csv(ledger: Iterable[Attribution], words: Words) -> bytes:
    """The ledger with headers in the reader's language; no cell is ever taken for a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(heads(words))
    for line in ledger:
        writer.writerow([_safe(cell) for cell in cells(line, words)])
    return (BOM + text.getvalue()).encode()


def heads(words: Words) -> list[str]:
    """The headers."""
    label = words.label
    return [
        label("chan_code"), label("chan_ledger_name"), label("chan_ledger_entry"), label("chan_act"),
        label("chan_ledger_at", zone=words.zone), label("chan_ledger_counts"), label("chan_ledger_taken_back"),
        label("chan_ledger_state"), label("chan_ledger_furthest"), label("chan_ledger_awards"),
        label("chan_ledger_rank"),
    ]  # fmt: skip


def cells(line: Attribution, words: Words) -> list[str]:
    """One line, in the reader's language, its instant in the season's zone."""
    furthest = words.state(line.furthest)
    stage = next((s.name for s in words.file.stages if s.id == line.stage), None) if words.file else None
    if stage is not None and line.furthest == "selected":
        furthest = f"{furthest}（{words.of(stage)}）" if words.language == "zh" else f"{furthest} ({words.of(stage)})"
    return [
        line.channel, line.channel_name, line.entry, words.label(f"chan_act_{line.act}"),
        line.at.astimezone(ZoneInfo(words.zone)).isoformat(sep=" ", timespec="microseconds"),
        words.label("chan_yes" if line.counts else "chan_no"), line.taken_back_reason or "", words.state(line.state),
        furthest, "; ".join(words.of(award) for award in line.awards), str(line.rank or ""),
    ]  # fmt: skip


def as_json(line: Attribution, words: Words) -> dict[str, Any]:
    """One line for programs: codes and UTC instants, with the season's time beside."""
    return {
        "channel": line.channel, "channel_name": line.channel_name, "entry": line.entry, "act": line.act,
        "at": line.at, "season_time": words.when(line.at), "counts": line.counts,
        "taken_back_at": line.taken_back_at, "taken_back_reason": line.taken_back_reason, "state": line.state,
        "furthest": line.furthest, "stage": line.stage, "awards": [award.model_dump() for award in line.awards],
        "rank": line.rank,
    }  # fmt: skip


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.lstrip(" ").startswith(_SIGNS) else cell
