"""Blotting out: names and addresses in free text, whosever row it stands in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import String
from sqlalchemy.ext.asyncio import AsyncConnection

from models.tables import Base
from records.database import rows, run, stream
from records.privacy.kept import free_texts

BLOT = "[erased]"
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True)
class Subject:
    """A person who is to be forgotten."""

    id: int
    email: str
    name: str

    @property
    def telling(self) -> bool:
        """Whether the name can be told from ordinary words, so that it may be blotted out in anybody's text."""
        return len(self.name) >= 3 if _CJK.search(self.name) else len(self.name) >= 5 and " " in self.name.strip()


class Pen:
    """Blots some terms out of texts. An address or a name inside a longer one is another's, and stays.

    What it costs grows with the text, not with the number of terms: a text is searched for those terms alone of which
    a telling part (a word, two characters, the end of an address) stands in it.
    """

    def __init__(self, addresses: Iterable[str], names: Iterable[str]) -> None:
        called = _forms(names)
        self._terms = sorted({*_forms(addresses), *called}, key=lambda term: (-len(term), term))
        self._by_part: dict[str, set[str]] = {}
        self._patterns: dict[str, re.Pattern[str]] = {}
        for term in self._terms:
            part = max(_parts(term), key=len, default="") if term in called else _address_part(term)
            self._by_part.setdefault(part, set()).add(term)
            self._patterns[term] = re.compile(_bounded(term, name=term in called), re.IGNORECASE)

    @property
    def needle(self) -> str:
        """The same for PostgreSQL, a little wider: what it finds is looked at again. Empty where there are many terms,
        as one regular expression of so many would be slower than looking at every text."""
        if len(self._terms) > _FEW:
            return ""
        return "|".join(re.sub(r"([^\w\s])", r"\\\1", term) for term in self._terms)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to blot out."""
        return not self._terms

    def blot(self, text: str) -> str:
        """The text without them."""
        found = {term for part in _parts(text) & self._by_part.keys() for term in self._by_part[part]}
        for term in sorted(found, key=lambda term: (-len(term), term)):
            text = self._patterns[term].sub(BLOT, text)
        return text


_FEW = 12
_WORD = re.compile(r"\w+")
_ADDRESS = re.compile(r"\w*@[\w.-]*\w")
_RUN = re.compile(f"{_CJK.pattern}{{2,}}")


def _parts(text: str) -> set[str]:
    """What a term can be known by: words, ends of addresses, and pairs of Chinese, Japanese or Korean characters."""
    folded = text.casefold()
    parts = {*_WORD.findall(folded), *_ADDRESS.findall(folded)}
    for run_ in _RUN.findall(folded):
        parts -= {run_}
        parts |= {run_[n : n + 2] for n in range(len(run_) - 1)}
    return parts


def _address_part(address: str) -> str:
    found = _ADDRESS.search(address.casefold())
    return found[0] if found else address.casefold()


def _forms(terms: Iterable[str]) -> set[str]:
    """Each as it is, and as it stands inside JSON."""
    wanted = {term.strip() for term in terms if term.strip()}
    return wanted | {json.dumps(term, ensure_ascii=False)[1:-1] for term in wanted}


def _bounded(term: str, *, name: bool) -> str:
    if not name:
        return rf"(?<![\w.+-]){re.escape(term)}(?![\w-]|\.\w)"
    # Chinese, Japanese and Korean are written without spaces: there a name has no bounds.
    return re.escape(term) if _CJK.search(term) else rf"(?<!\w){re.escape(term)}(?!\w)"


async def may_change_the_log(connection: AsyncConnection) -> None:
    """For the rest of this transaction `log.reason` and `log.data` may be changed; nothing else of the log ever."""
    await rows(connection, "SELECT set_config('season.blotting', 'on', true)")


async def blot_out(connection: AsyncConnection, subjects: Sequence[Subject], entries: Sequence[int]) -> int:
    """Blot these people out of every free text; how many texts were changed.

    A name that could be an ordinary word is blotted out only in rows that belong to the person or to `entries`.
    """
    everywhere = Pen([s.email for s in subjects], [s.name for s in subjects if s.telling])
    nearby = Pen((), [s.name for s in subjects if not s.telling])
    await may_change_the_log(connection)
    changed = 0
    for table, columns in free_texts().items():
        for column in columns:
            changed += await _blot(connection, table, column, everywhere, "true")
            scope = _scope(table)
            if scope and not nearby.empty:
                ids = {"people": [s.id for s in subjects], "entries": list(entries)}
                bound = {name: of for name, of in ids.items() if f":{name}" in scope}
                changed += await _blot(connection, table, column, nearby, scope, **bound)
    return changed


def _scope(table: str) -> str:
    columns = Base.metadata.tables[table].columns
    known = {"entry_id": "entries", "person_id": "people", "by_id": "people", "contact_id": "people"}
    parts = [f"{name} = ANY(CAST(:{of} AS bigint[]))" for name, of in known.items() if name in columns]
    if table == "entries":
        parts.append("id = ANY(CAST(:entries AS bigint[]))")
    return " OR ".join(parts)


async def _blot(connection: AsyncConnection, table: str, column: str, pen: Pen, scope: str, **values: Any) -> int:
    sought = f"{column}::text ~* :needle" if pen.needle else f"{column} IS NOT NULL"
    if pen.needle:
        values["needle"] = pen.needle
    texts: list[tuple[str, str]] = []
    async for some in stream(
        connection,
        f"SELECT ctid::text AS at, {column}::text AS said FROM {table} WHERE {sought} AND ({scope}) FOR UPDATE",
        **values,
    ):
        texts += [(row["at"], said) for row in some if (said := pen.blot(row["said"])) != row["said"]]
    if not texts:
        return 0
    kind = "text" if isinstance(Base.metadata.tables[table].columns[column].type, String) else "jsonb"
    return await run(
        connection,
        f"""UPDATE {table} t SET {column} = CAST(k.said AS {kind})
            FROM unnest(CAST(:places AS text[]), CAST(:texts AS text[])) AS k(place, said)
            WHERE t.ctid = CAST(k.place AS tid)""",
        places=[at for at, _ in texts],
        texts=[said for _, said in texts],
    )
