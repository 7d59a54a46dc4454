"""Deeds of selections, public notices, confirmations, events and awards."""

from __future__ import annotations

from collections import Counter

from sqlalchemy.ext.asyncio import AsyncConnection

from models.results import Counted, StageRef
from models.season import AwardsStage, EventStage, PublicNoticeStage, SelectionStage
from models.states import Decision
from records import campaigns, decisions, invitations, log, selection, tallies
from records.campaigns import Recipient
from records.database import CLOCK, rows, run
from records.locks import SELECTING, one_at_a_time
from records.seasons import LiveSeason, window_id
from rules.awards import give
from rules.selection import select as choose


async def select(connection: AsyncConnection, season: LiveSeason, ref: StageRef) -> Counted:
    """Keep the best of each division within the quota, and the wild cards; the next in rank wait.

    Made anew when it is asked for again, only what changed is written; once something builds upon it, it stays.
    """
    stage = season.file.stage(ref.stage)
    assert isinstance(stage, SelectionStage)
    await one_at_a_time(connection, season.id, SELECTING)
    before = await decisions.made(connection, season.id, ref.stage, ref.area)
    ordinal = next(n for n, s in enumerate(season.file.stages) if s.id == ref.stage)
    if before and await decisions.built_upon(connection, season.id, ref.stage, ref.area, ordinal):
        return Counted(counts=dict(Counter(str(r.decision) for r in before)))
    override = season.file.area(ref.area).stages.get(ref.stage) if ref.area else None
    ranked = await tallies.ranks(connection, season.id, stage.by, ref.area, decided_by=ref.stage)
    quotas = {division: stage.quota_of(division, override) for division in season.file.divisions()}
    wild = await selection.wild_cards(connection, season.id, ref.stage)
    decided = choose(ranked, quotas, wild, stage.waiting_list)
    gone = {r.entry_id for r in before} - {r.entry_id for r in decided}
    await decisions.forget(connection, season.id, ref.stage, sorted(gone))
    unchanged = set(before)
    await decisions.keep(connection, season.id, ref.stage, ref.area, [r for r in decided if r not in unchanged])
    return Counted(counts=dict(Counter(str(r.decision) for r in decided)))


async def results_anew(connection: AsyncConnection, season: LiveSeason, by: StageRef) -> Counted:
    """Make again what was made by this round's result before: after a new tally, in its transaction.

    Whoever sees the new result sees what follows from it. Prizes are given once; where there were none, they are now.
    """
    counts: Counter[str] = Counter()
    queued: tuple[str, ...] = ()
    for stage in season.file.stages:
        if not isinstance(stage, (SelectionStage, AwardsStage)) or stage.by != by.stage:
            continue
        ref = StageRef(season=by.season, stage=stage.id, area=by.area if stage.scope == "area" else None)
        if isinstance(stage, AwardsStage):
            done = await give_awards(connection, season, ref) if await _reached(connection, ref) else Counted()
        else:
            made = await decisions.made(connection, season.id, ref.stage, ref.area)
            done = await select(connection, season, ref) if made else Counted()
        counts.update(done.counts)
        queued += done.campaigns
    return Counted(counts=dict(counts), campaigns=queued)


async def _reached(connection: AsyncConnection, ref: StageRef) -> bool:
    """Whether the awards were made, though nobody may have been scored for one."""
    sql = "SELECT 1 FROM entries WHERE season_id = :season AND stage = :stage LIMIT 1"
    return bool(await rows(connection, sql, season=ref.season, stage=ref.stage))


async def prepare_public_notice(connection: AsyncConnection, season: LiveSeason, ref: StageRef) -> Counted:
    """Everyone on whom the selection before it decided is told the result."""
    stages = list(season.file.stages)
    here = next(n for n, s in enumerate(stages) if s.id == ref.stage)
    before = [s for s in stages[:here] if isinstance(s, SelectionStage)]
    if not before:
        return Counted()
    found = await rows(
        connection,
        """SELECT s.entry_id, s.decision, s.rank, s.reason, e.applicant_id, p.language
           FROM selections s JOIN entries e ON e.id = s.entry_id JOIN people p ON p.id = e.applicant_id
           WHERE s.season_id = :season AND s.stage = :stage AND s.area IS NOT DISTINCT FROM :area
             AND s.decision NOT IN ('removed', 'declined') ORDER BY s.entry_id""",
        season=season.id,
        stage=before[-1].id,
        area=ref.area,
    )
    told = [
        Recipient(
            r["applicant_id"], r["language"], f"entry/{r['entry_id']}", r["entry_id"],
            {"decision": r["decision"], "rank": r["rank"], "reason": r["reason"]},
        )
        for r in found
    ]  # fmt: skip
    window = window_id(season.id, ref.area, ref.stage)
    campaign = f"{window}/result"
    queued = await campaigns.plan(connection, campaign, season.id, "selection_result", told, window=window)
    return Counted(counts={"told": len(told)}, campaigns=(campaign,) if queued else ())


async def conclude_public_notice(connection: AsyncConnection, season: LiveSeason, ref: StageRef) -> Counted:
    """Objections that nobody decided are decided by the season file's rule."""
    stage = season.file.stage(ref.stage)
    assert isinstance(stage, PublicNoticeStage)
    still_open = await rows(
        connection,
        "SELECT * FROM objections WHERE window_id = :window AND state = 'open' ORDER BY id FOR UPDATE",
        window=window_id(season.id, ref.area, ref.stage),
    )
    for objection in still_open:
        await selection.decide(
            connection, objection, upheld=stage.undecided == "upheld", actor="system",
            reason="nobody decided it before the public notice closed", rule="public_notice.undecided",
        )  # fmt: skip
    queues = [f"{season.id}/{name}" for name in ("objection_decided", "removed", "stepped_up")]
    return Counted(counts={"decided_by_rule": len(still_open)}, campaigns=await _filled(connection, queues))


async def prepare_confirmation(connection: AsyncConnection, season: LiveSeason, ref: StageRef) -> Counted:
    """Everyone still in the competition is asked to confirm."""
    stage = season.file.stage(ref.stage)
    # Whoever moves up at this moment is found here, or finds that invitations went out.
    await one_at_a_time(connection, season.id, SELECTING)
    found = await rows(
        connection,
        """SELECT id FROM entries WHERE season_id = :season AND alive
           AND (CAST(:area AS text) IS NULL OR area = :area) ORDER BY id""",
        season=season.id,
        area=ref.area,
    )
    return await _invite(connection, season, ref, [r["id"] for r in found], stage.kind)


async def conclude_confirmation(connection: AsyncConnection, season: LiveSeason, ref: StageRef) -> Counted:
    """Who did not answer has declined; the next in rank moves up and takes part."""
    window = window_id(season.id, ref.area, ref.stage)
    lapsed = await selection.lapse_invitations(connection, season.id, window)
    up = 0
    for entry in lapsed:
        gone = await decisions.leave(connection, season.id, entry, Decision.DECLINED, "did not confirm in time")
        up += gone.moved_up is not None
    queues = [f"{season.id}/stepped_up"]
    return Counted(counts={"lapsed": len(lapsed), "stepped_up": up}, campaigns=await _filled(connection, queues))


async def prepare_event(connection: AsyncConnection, season: LiveSeason, ref: StageRef) -> Counted:
    """The finalists, or the awarded, are asked whether they come and what they bring.

    Who did not confirm by the close of a confirmation is no finalist any more, though it may not be concluded yet.
    """
    stage = season.file.stage(ref.stage)
    assert isinstance(stage, EventStage)
    await one_at_a_time(connection, season.id, SELECTING)
    # An event runs beside the stages: where a selection before it is late, who is only eligible is no finalist yet.
    deciding = invitations.deciding_for(season.file, stage)
    found = await rows(
        connection,
        f"""SELECT e.id FROM entries e WHERE e.season_id = :season AND (e.state = 'awarded' OR (NOT :awarded
              AND (e.state = 'finished' OR (e.alive AND (NOT :chosen OR e.stage = ANY(CAST(:deciding AS text[])))))))
              AND NOT EXISTS (SELECT 1 FROM invitations i JOIN windows w ON w.id = i.window_id
                WHERE i.entry_id = e.id AND i.state = 'invited' AND w.kind = 'confirmation' AND (w.state = 'closed'
                  OR (w.state IN ('open', 'scheduled') AND w.closes_at <= {CLOCK})))
            ORDER BY e.id""",
        season=season.id,
        awarded=stage.invites == "awarded",
        chosen=bool(deciding),
        deciding=deciding,
    )
    return await _invite(connection, season, ref, [r["id"] for r in found], stage.kind)


async def conclude_event(connection: AsyncConnection, season: LiveSeason, ref: StageRef) -> Counted:
    """Invitations that nobody answered lapse; the entries stay in the competition."""
    lapsed = await selection.lapse_invitations(connection, season.id, window_id(season.id, ref.area, ref.stage))
    return Counted(counts={"lapsed": len(lapsed)})


async def _invite(
    connection: AsyncConnection, season: LiveSeason, ref: StageRef, entries: list[int], kind: str
) -> Counted:
    window = window_id(season.id, ref.area, ref.stage)
    await invitations.invite(connection, season.id, window, entries)
    campaign, queued = await invitations.tell(connection, season.id, window, kind)
    return Counted(counts={"invited": len(entries)}, campaigns=(campaign,) if queued else ())


async def give_awards(connection: AsyncConnection, season: LiveSeason, ref: StageRef) -> Counted:
    """Prizes in order of rank in each division; the other finalists have finished. All are told."""
    stage = season.file.stage(ref.stage)
    assert isinstance(stage, AwardsStage)
    campaign = f"{season.id}/award"
    await one_at_a_time(connection, season.id, SELECTING)
    given = await rows(connection, "SELECT count(*) AS n FROM awards WHERE season_id = :season", season=season.id)
    if not given[0]["n"]:
        await _award(connection, season, stage)
    told = await rows(
        connection,
        """SELECT a.entry_id, a.prize, a.rank, e.applicant_id, p.language FROM awards a
           JOIN entries e ON e.id = a.entry_id JOIN people p ON p.id = e.applicant_id
           WHERE a.season_id = :season ORDER BY a.entry_id""",
        season=season.id,
    )
    names = {p.code: p.name.model_dump() for p in stage.prizes}
    recipients = [
        Recipient(
            r["applicant_id"], r["language"], f"entry/{r['entry_id']}", r["entry_id"],
            {"prize": names[r["prize"]], "rank": r["rank"]},
        )
        for r in told
    ]  # fmt: skip
    queued = await campaigns.plan(connection, campaign, season.id, "award_result", recipients)
    return Counted(counts={"awards": len(told)}, campaigns=(campaign,) if queued else ())


async def _award(connection: AsyncConnection, season: LiveSeason, stage: AwardsStage) -> None:
    ranked = await tallies.ranks(connection, season.id, stage.by, None)
    scored = await rows(
        connection,
        "SELECT entry_id FROM tallies WHERE season_id = :season AND stage = :stage AND ballots > 0",
        season=season.id,
        stage=stage.by,
    )
    # Who was not scored in the finals has no result to be awarded for.
    present = {r["entry_id"] for r in scored}
    awards = give([r for r in ranked if r.entry_id in present], stage.prizes)
    await run(
        connection,
        f"""INSERT INTO awards (season_id, entry_id, division, prize, rank, at)
            SELECT :season, k.entry, k.division, k.prize, k.rank, {CLOCK}
            FROM unnest(CAST(:entries AS bigint[]), CAST(:divisions AS text[]), CAST(:prizes AS text[]),
              CAST(:ranks AS int[])) AS k(entry, division, prize, rank)""",
        season=season.id,
        entries=[a.entry_id for a in awards],
        divisions=[a.division for a in awards],
        prizes=[a.prize for a in awards],
        ranks=[a.rank for a in awards],
    )
    lines = [
        log.Line(
            "award.given", entry_id=a.entry_id, rule="awards.rank",
            data={"prize": a.prize, "rank": a.rank, "division": a.division},
        )
        for a in awards
    ]  # fmt: skip
    finished = await rows(
        connection,
        """UPDATE entries e SET stage = :stage, state = CASE WHEN EXISTS
             (SELECT 1 FROM awards a WHERE a.entry_id = e.id) THEN 'awarded' ELSE 'finished' END
           WHERE e.season_id = :season AND e.alive AND (e.state NOT IN ('awarded', 'finished')
             OR (e.state = 'finished' AND EXISTS (SELECT 1 FROM awards a WHERE a.entry_id = e.id)))
           RETURNING e.id, e.state""",
        season=season.id,
        stage=stage.id,
    )
    lines += [log.Line("entry.finished", entry_id=r["id"]) for r in finished if r["state"] == "finished"]
    await log.write(connection, season.id, lines)


async def _filled(connection: AsyncConnection, queues: list[str]) -> tuple[str, ...]:
    found = await rows(
        connection,
        """SELECT DISTINCT campaign_id FROM deliveries
           WHERE campaign_id = ANY(CAST(:queues AS text[])) AND state = 'queued' ORDER BY campaign_id""",
        queues=queues,
    )
    return tuple(r["campaign_id"] for r in found)
