"""Why the gate did not accept, in Chinese too: its own sentence is English, and says the same of the same window."""

from __future__ import annotations

from desk.words import Words
from models.errors import BadInput, Refused, SeasonkeeperError
from records.database import CLOCK, Database

_WINDOWS = f"""SELECT id, state, opens_at, closes_at, {CLOCK} AS now FROM windows
  WHERE season_id = :season AND kind = 'registration' AND area = :area ORDER BY closes_at DESC"""
_GRACE = """SELECT max(g.until) AS until FROM graces g WHERE g.entry_id = :entry"""


async def in_words(
    database: Database, error: SeasonkeeperError, words: Words, season: str, area: str, entry: int | None = None
) -> SeasonkeeperError:
    """The error in the reader's language, where it is one of the gate's; else as it is."""
    name = f"gate_{error.code.replace('.', '_')}"
    if words.language == "en" or not isinstance(error, (Refused, BadInput)) or words.known_label(name) is None:
        return error
    found = await database.at_once(_WINDOWS, season=season, area=area)
    if not found:
        return error
    # As the gate does: the next that opens, else the one that closed last.
    coming = [row for row in found if row["opens_at"] > row["now"] and row["state"] == "scheduled"]
    row = coming[-1] if error.code == "window.not_open" and coming else found[0]
    at = row["opens_at"] if error.code == "window.not_open" else row["closes_at"]
    if error.code == "grace.over" and entry is not None:
        at = (await database.at_once(_GRACE, entry=entry))[0]["until"] or at
    sentence = words.label(
        name, window=words.window_id(row["id"]), at=words.when(at, deadline=True), now=words.when(row["now"])
    )
    return type(error)(error.code, sentence)
