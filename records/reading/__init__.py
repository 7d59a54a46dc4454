"""Read models: what people ask the record. Plain SQL, frozen answers, nothing is changed here."""

from records.reading.campaigns import applicant
from records.reading.coming import next_up
from records.reading.entries import entries, entry
from records.reading.life import explain
from records.reading.lines import log_lines
from records.reading.notices import notices
from records.reading.queue import undecided
from records.reading.seasons import only_running, seasons, status
from records.reading.windows import window, windows

__all__ = [
    "applicant", "entries", "entry", "explain", "log_lines", "next_up", "notices", "only_running", "seasons", "status", "undecided",
    "window", "windows",
]  # fmt: skip
