"""What a channel works on: its pipeline, what its drafts lack, reminders by hand, and the ledger of attribution.

A channel is no judge and no staff: of results it learns what applicants learn, when they learn it. The season office
sees all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NoReturn

from sqlalchemy.ext.asyncio import AsyncConnection

from models.commands import Return
from models.errors import NotFound, Refused
from models.forms import EntryForm
from models.season import AwardsStage
from models.states import EntryState
from models.text import Text
from records import campaigns, channels, corrections, entries, gate, log
from records.channels import USED
from records.database import CLOCK, Database, clock_of, rows
from records.reading.standing import Told, shown, told_of
from records.reading.windows import of_season
from records.seasons import LiveSeason, live
from rules.completeness import Check, Written, checks

NUDGE = "channel_nudge"
"""The notice by which a channel reminds an applicant."""
NUDGES = 3
"""How often the applicant of an entry is reminded by channels at the most."""
NUDGE_EVERY = timedelta(days=3)
"""How long (of the season's time) after one such reminder the next one may go out."""

PIPELINE = (
    EntryState.DRAFT, EntryState.SUBMITTED, EntryState.UNDECIDED, EntryState.ELIGIBLE, EntryState.WAITING,
    EntryState.SELECTED, EntryState.AWARDED, EntryState.FINISHED, EntryState.NOT_SELECTED, EntryState.REMOVED,
    EntryState.DECLINED, EntryState.LAPSED, EntryState.INELIGIBLE, EntryState.WITHDRAWN,
)  # fmt: skip
"""The states in which a channel's entries are listed, in this order."""


@dataclass(frozen=True)
class Recommended:
    """An entry that a channel recommends. `lacks` is what a draft still needs; `nudge_from` when it may be reminded.

    `state` is what may be known of it. `counts` tells that this recommendation is the one that counts.
    """

    entry_id: int
    number: str
    title: str
    applicant: str
    area: str
    track: str
    state: str
    act: str
    at: datetime
    counts: bool
    taken_back_at: datetime | None
    submitted_at: datetime | None
    lacks: tuple[Check, ...] = ()
    nudges: int = 0
    nudge_from: datetime | None = None


@dataclass(frozen=True)
class ChannelView:
    """A channel; `used` of its `quota`, None for no limit. `entries` newest first, `counts` how many in which state."""

    id: int
    season: str
    code: str
    name: str
    area: str | None
    contact_id: int
    contact: str
    contact_email: str
    quota: int | None
    used: int
    invite_code: str | None
    entries: tuple[Recommended, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How many entries stand in each state; those taken back are left out."""
        found: dict[str, int] = {}
        for entry in self.entries:
            if entry.taken_back_at is None:
                found[entry.state] = found.get(entry.state, 0) + 1
        return {state: found[state] for state in PIPELINE if state in found}

    @property
    def acts(self) -> dict[str, int]:
        """How many came by which act."""
        mine = [e.act for e in self.entries if e.taken_back_at is None]
        return {act: mine.count(act) for act in channels.ACTS}


_CHANNELS = f"""SELECT c.id, c.season_id AS season, c.code, c.name, c.area, c.contact_id, p.name AS contact,
    p.email AS contact_email, c.quota, {USED} AS used, c.invite_code
  FROM channels c JOIN people p ON p.id = c.contact_id"""
_RECOMMENDED = """SELECT e.id AS entry_id, e.number, e.title, p.name AS applicant, e.area, e.track, e.state, r.act, r.at,
    r.taken_back_at IS NULL AND e.channel_id = r.channel_id AS counts, r.taken_back_at, e.submitted_at,
    e.summary, e.fields, e.leader_degree, CAST(e.details->>'readiness' AS int) AS readiness, e.documents,
    (SELECT jsonb_agg(DISTINCT d.kind) FROM documents d WHERE d.entry_id = e.id AND d.removed_at IS NULL) AS stored,
    (SELECT count(*) FROM members m WHERE m.entry_id = e.id) AS team, n.nudges, n.last
  FROM recommendations r JOIN entries e ON e.id = r.entry_id JOIN people p ON p.id = e.applicant_id
  CROSS JOIN LATERAL (SELECT count(*) AS nudges, max(at) AS last FROM nudges x WHERE x.entry_id = e.id) n
  WHERE r.channel_id = :channel ORDER BY r.at DESC, r.id DESC"""


async def invited(database: Database, season: str, code: str) -> str | None:
    """The code of the channel whose invitation link carries this invite code; None for one that is no good."""
    found = await database.at_once(
        "SELECT code FROM channels WHERE season_id = :season AND invite_code = :code",
        season=season,
        code=code.replace("\x00", "")[:100],
    )
    return found[0]["code"] if found else None


async def of_contact(database: Database, person_id: int) -> tuple[ChannelView, ...]:
    """The channels that somebody speaks for, the newest season first."""
    found = await database.at_once(f"{_CHANNELS} WHERE c.contact_id = :person ORDER BY c.id DESC", person=person_id)
    return tuple(ChannelView(**row) for row in found)


async def of_season_with_counts(database: Database, season: str) -> list[tuple[ChannelView, dict[str, int]]]:
    """All channels of a season by code, and how many of their valid recommendations are in which state: for staff."""
    found = await database.at_once(f"{_CHANNELS} WHERE c.season_id = :season ORDER BY c.code", season=season)
    counted = await database.at_once(
        """SELECT r.channel_id, e.state, count(*) AS n, count(*) FILTER (WHERE e.channel_id = r.channel_id) AS counting
           FROM recommendations r JOIN entries e ON e.id = r.entry_id
           WHERE e.season_id = :season AND r.taken_back_at IS NULL GROUP BY r.channel_id, e.state""",
        season=season,
    )
    by_channel: dict[int, dict[str, int]] = {row["id"]: {"all": 0, "counting": 0} for row in found}
    for row in counted:
        sums = by_channel[row["channel_id"]]
        sums[row["state"]] = row["n"]
        sums["all"] += row["n"]
        sums["counting"] += row["counting"]
    return [(ChannelView(**row), by_channel[row["id"]]) for row in found]


async def whose(database: Database, season: str, code: str) -> int | None:
    """The id of the person who speaks for a channel; None where there is no such channel."""
    found = await database.at_once(
        "SELECT contact_id FROM channels WHERE season_id = :season AND code = :code", season=season, code=code
    )
    return found[0]["contact_id"] if found else None


async def of_channel(database: Database, season: str, code: str) -> ChannelView:
    """A channel with its pipeline, states as its applicants may know them. Raises NotFound."""
    async with database.statement() as connection:
        known = await live(connection, season)
        found = await rows(connection, f"{_CHANNELS} WHERE c.season_id = :season AND c.code = :code", season=season, code=code)  # fmt: skip
        if not found:
            _no_channel(season, code)
        listed = await rows(connection, _RECOMMENDED, channel=found[0]["id"])
        told = await _told(connection, known, listed)
    return ChannelView(**found[0], entries=tuple(_recommended(known, row, told[row["entry_id"]]) for row in listed))


async def _told(
    connection: AsyncConnection, season: LiveSeason, listed: Sequence[Mapping[str, Any]]
) -> dict[int, Told]:
    windows = await of_season(connection, season)
    return await told_of(connection, season, windows, {row["entry_id"]: row["area"] for row in listed})


def _recommended(season: LiveSeason, row: dict[str, Any], told: Told) -> Recommended:
    file = season.file
    lacks: tuple[Check, ...] = ()
    if row["state"] == EntryState.DRAFT:
        written = Written(
            title=row["title"], summary=row["summary"], fields=row["fields"], leader_degree=row["leader_degree"],
            readiness=row["readiness"], team=row["team"], documents={*row["documents"], *(row["stored"] or ())},
        )  # fmt: skip
        lacks = tuple(c for c in checks(written, file.track(row["track"]), file.entry_rules) if c.mark != "ok")
    return Recommended(
        **{key: row[key] for key in (
            "entry_id", "number", "title", "applicant", "area", "track", "act", "at", "counts", "taken_back_at",
            "submitted_at", "nudges",
        )},
        state=shown(row["state"], told), lacks=lacks,
        nudge_from=row["last"] + season.pace.span(NUDGE_EVERY) if row["last"] else None,
    )  # fmt: skip


def _no_channel(season: str, code: str) -> NoReturn:
    raise NotFound("channel.unknown", f"There is no channel '{code}' in season '{season}'.")


# What a channel does


async def vouch(database: Database, season: str, code: str, number: str, email: str) -> bool:
    """A channel vouches for an entry by its number: whether that is new.

    It names the applicant's mail address too: numbers are public, and whoever vouches sees what the draft lacks.
    Raises NotFound where the two do not belong together, and as `channels.recommend`.
    """
    found = await database.at_once(
        """SELECT e.id FROM entries e JOIN people p ON p.id = e.applicant_id
           WHERE e.season_id = :season AND e.number = :number AND p.email = :email""",
        season=season,
        number=number.strip().upper(),
        email=email.strip().lower(),
    )
    if not found:
        raise NotFound(
            "channel.no_such_entry", f"There is no entry '{number.strip()}' of '{email.strip()}' in this season.",
            "Ask the applicant for the number and for the address with which it was registered.",
        )  # fmt: skip
    return await channels.recommend(database, found[0]["id"], code)


async def register(database: Database, season: str, code: str, form: EntryForm) -> str:
    """A channel registers a project for a talent, who is told by mail: its public number. Raises as `entries.draft`."""
    entry_id = await entries.draft(database, season, form, channel=code, act="registered")
    found = await database.at_once("SELECT number FROM entries WHERE id = :entry", entry=entry_id)
    number: str = found[0]["number"]
    return number


async def nudge(database: Database, season: str, code: str, number: str) -> datetime:
    """A channel reminds the applicant of a draft by mail: when.

    Raises NotFound where the channel recommends no such entry; Refused where it is no draft, where it can be submitted
    no more, within some days of the last reminder, and after the last one that is allowed.
    """
    async with database.transaction() as connection:
        known = await live(connection, season)
        found = await _mine(connection, season, code, number)
        passed = await rows(connection, f"WITH {gate.BY_ENTRY} SELECT id, at FROM gate", entry=found["id"])
        if not passed:
            await gate.refuse(connection, season, "registration", found["area"])
        # Two who press at once come one after the other.
        state = (await rows(connection, "SELECT state FROM entries WHERE id = :id FOR NO KEY UPDATE", id=found["id"]))[0]  # fmt: skip
        if state["state"] != EntryState.DRAFT:
            raise Refused("nudge.no_draft", f"Entry {number} is {state['state']}; there is nothing to remind of.")
        at = await clock_of(connection)
        await _may_nudge(connection, known, found["id"], number, at)
        made = await rows(
            connection,
            """INSERT INTO nudges (channel_id, entry_id, at) VALUES (:channel, :entry, CAST(:at AS timestamptz))
               RETURNING id""",
            channel=found["channel_id"], entry=found["id"], at=at,
        )  # fmt: skip
        told = campaigns.Recipient(
            found["applicant_id"], found["language"], f"nudge/{made[0]['id']}", found["id"], {"channel": found["name"]}
        )
        await campaigns.plan(connection, f"{season}/{NUDGE}", season, NUDGE, [told], window=passed[0]["id"])
        line = log.Line("entry.nudged", actor=f"channel/{code}", entry_id=found["id"], data={"by": code})
        return await log.write(connection, season, [line], at=at)


async def _may_nudge(connection: AsyncConnection, season: LiveSeason, entry: int, number: str, at: datetime) -> None:
    before = (await rows(connection, "SELECT count(*) AS n, max(at) AS last FROM nudges WHERE entry_id = :entry", entry=entry))[0]  # fmt: skip
    if before["n"] >= NUDGES:
        raise Refused(
            "nudge.enough", f"The applicant of {number} was reminded {before['n']} times; that is all.",
            "Speak to the applicant yourself.",
        )  # fmt: skip
    if before["last"] is not None and at < before["last"] + season.pace.span(NUDGE_EVERY):
        again = before["last"] + season.pace.span(NUDGE_EVERY)
        raise Refused(
            "nudge.again", f"The applicant of {number} was reminded at {_z(before['last'])}.",
            f"You may remind again from {_z(again)} on.",
        )  # fmt: skip


async def take_back(database: Database, season: str, code: str, number: str, reason: str) -> None:
    """A channel takes a recommendation back. Raises NotFound where it has none, and as `channels.take_back`."""
    async with database.statement() as connection:
        found = await _mine(connection, season, code, number)
    await channels.take_back(database, found["id"], code, reason=reason)


_ENDORSES = f"""SELECT w.id FROM windows w WHERE w.season_id = :season AND w.kind = 'endorsement'
    AND (w.area = :area OR w.area IS NULL) AND w.state IN ('open', 'scheduled')
    AND w.opens_at <= {CLOCK} AND {CLOCK} < w.closes_at FOR KEY SHARE OF w"""


async def give_back(
    database: Database, season: str, code: str, number: str, reason: str, *, command: str
) -> datetime | None:
    """A channel returns an entry that counts as its own for correction, while it ranks its entries: until when.

    Raises NotFound where the channel recommends no such entry; Refused where the entry is another channel's, where no
    endorsement is open or the entry is not as submitted; else as `corrections.return_for_correction`.
    """
    async with database.transaction() as connection:
        found = await _mine(connection, season, code, number)
        if not await rows(connection, _ENDORSES, season=season, area=found["area"]):
            raise Refused(
                "return.not_open", f"Channels cannot return entry {number} now.",
                "A channel returns its entries while its endorsement window is open.",
            )  # fmt: skip
        own = await rows(connection, "SELECT channel_id, state FROM entries WHERE id = :id", id=found["id"])
        if own[0]["channel_id"] != found["channel_id"] or own[0]["state"] != EntryState.SUBMITTED:
            raise Refused("return.not_own", f"Entry {number} is not a submitted entry that counts for '{code}'.")
        asked = Return(id=command, entry=found["id"], actor=f"channel/{code}", reason=reason)
        outcome = await corrections.return_for_correction(connection, asked)
        return outcome.closes_at


async def _mine(connection: AsyncConnection, season: str, code: str, number: str) -> dict[str, Any]:
    found = await rows(
        connection,
        """SELECT e.id, e.area, e.applicant_id, p.language, c.id AS channel_id, c.name FROM recommendations r
           JOIN entries e ON e.id = r.entry_id JOIN channels c ON c.id = r.channel_id
           JOIN people p ON p.id = e.applicant_id
           WHERE c.season_id = :season AND c.code = :code AND e.number = :number AND r.taken_back_at IS NULL""",
        season=season,
        code=code,
        number=number,
    )
    if not found:
        raise NotFound("channel.recommends_not", f"Channel '{code}' does not recommend entry '{number}'.")
    return found[0]


def _z(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%d %H:%M:%SZ")


# The ledger


@dataclass(frozen=True)
class Attribution:
    """A line of the ledger. `furthest` is draft, submitted, eligible, selected or awarded, whatever came after it.

    `rank` is the place in the channel's signed list, where there is one; `stage` is the last selection that the entry came through, `awards` are the names of its prizes.
    """

    channel: str
    channel_name: str
    entry: str
    act: str
    at: datetime
    counts: bool
    taken_back_at: datetime | None
    taken_back_reason: str | None
    state: str
    furthest: str
    stage: str | None
    awards: tuple[Text, ...]
    rank: int | None = None


_LEDGER = """SELECT c.code AS channel, c.name AS channel_name, e.id AS entry_id, e.number AS entry, r.act, r.at,
    r.taken_back_at IS NULL AND e.channel_id = r.channel_id AS counts, r.taken_back_at, r.taken_back_reason,
    e.state, e.area, e.submitted_at IS NOT NULL AS submitted,
    e.state IN ('eligible', 'selected', 'waiting', 'not_selected', 'removed', 'declined', 'awarded', 'finished')
      OR EXISTS (SELECT FROM log l WHERE l.entry_id = e.id AND l.event = 'entry.eligible') AS eligible,
    (SELECT coalesce(jsonb_agg(s.stage), '[]') FROM selections s WHERE s.entry_id = e.id
       AND s.decision IN ('selected', 'wild_card', 'stepped_up', 'removed', 'declined')) AS stages,
    (SELECT k.n FROM channel_lists l CROSS JOIN LATERAL jsonb_array_elements(l.ranking) WITH ORDINALITY AS k(id, n)
       WHERE l.channel_id = c.id AND l.signed_at IS NOT NULL AND k.id = to_jsonb(e.id) LIMIT 1) AS rank,
    (SELECT coalesce(jsonb_agg(a.prize ORDER BY a.id), '[]') FROM awards a WHERE a.entry_id = e.id) AS prizes
  FROM recommendations r JOIN channels c ON c.id = r.channel_id JOIN entries e ON e.id = r.entry_id
  WHERE c.season_id = :season AND (CAST(:channel AS text) IS NULL OR c.code = :channel)
  ORDER BY c.code, r.at, r.id"""


async def ledger(
    database: Database, season: str, channel: str | None = None, *, outside: bool = False
) -> list[Attribution]:
    """The whole ledger of a season, or a channel's, in order of channel and instant.

    `outside`: only results that have been told are in it. Raises NotFound for an unknown season or channel.
    """
    async with database.statement() as connection:
        known = await live(connection, season)
        if channel is not None and await whose(database, season, channel) is None:
            _no_channel(season, channel)
        listed = await rows(connection, _LEDGER, season=season, channel=channel)
        told = await _told(connection, known, listed) if outside else {}
    order = [stage.id for stage in known.file.stages]
    prizes = {p.code: p.name for s in known.file.stages if isinstance(s, AwardsStage) for p in s.prizes}
    return [_attribution(row, order, prizes, told.get(row["entry_id"])) for row in listed]


def _attribution(row: dict[str, Any], order: list[str], prizes: Mapping[str, Text], told: Told | None) -> Attribution:
    stages, given, eligible, state = row["stages"], row["prizes"], row["eligible"], row["state"]
    if told is not None:
        stages = [stage for stage in stages if stage in told.selections]
        given = given if "award_result" in told.templates else []
        eligible, state = eligible and told.screened, shown(state, told)
    stage = max(stages, key=order.index, default=None)
    reached = (("awarded", given), ("selected", stage), ("eligible", eligible), ("submitted", row["submitted"]))
    return Attribution(
        **{key: row[key] for key in (
            "channel", "channel_name", "entry", "act", "at", "counts", "taken_back_at", "taken_back_reason",
            "rank",
        )},
        state=state, furthest=next((name for name, there in reached if there), "draft"), stage=stage,
        awards=tuple(prizes.get(code, Text(en=code, zh=code)) for code in given),
    )  # fmt: skip
