"""Whether an entry says all that it must before it may be submitted: what is written, never what is true."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from models.season import EntryRules, Track

DEGREES = ("none", "bachelor", "master", "doctor")


@dataclass(frozen=True)
class Written:
    """What an entry says. `team` counts its people with the leader; `documents` are the kinds that are there."""

    title: str
    summary: str
    fields: Collection[str]
    leader_degree: str | None
    readiness: int | None
    team: int
    documents: Collection[str]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. `about` names a document where `what` is `document`.

    `mark` is `ok`; `missing`: it cannot be submitted; or `doubtful`: it may be submitted, and the eligibility check
    will probably refuse it.
    """

    what: str
    mark: str
    about: str = ""


def checks(written: Written, track: Track, rules: EntryRules) -> tuple[Check, ...]:
    """Everything that is looked at before an entry is submitted, in the order of its form."""
    found = [_check("title", bool(written.title.strip())), _check("summary", bool(written.summary.strip()))]
    if track.fields:
        found.append(_check("fields", bool(written.fields)))
    found.append(_check("readiness", written.readiness is not None))
    found.append(_degree(written.leader_degree, rules))
    found.append(Check("team", "ok" if written.team <= rules.team_max else "doubtful"))
    found += [Check("document", "ok" if kind in written.documents else "missing", kind) for kind in rules.documents]
    return tuple(found)


def missing(found: Collection[Check]) -> tuple[Check, ...]:
    """What keeps an entry from being submitted."""
    return tuple(check for check in found if check.mark == "missing")


def _check(what: str, there: bool) -> Check:
    return Check(what, "ok" if there else "missing")


def _degree(degree: str | None, rules: EntryRules) -> Check:
    if degree not in DEGREES:
        return Check("degree", "missing")
    enough = DEGREES.index(degree) >= DEGREES.index(rules.leader_degree)
    return Check("degree", "ok" if enough else "doubtful")
