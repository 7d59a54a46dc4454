"""One project and one place, from the proposal to the outcome."""

from __future__ import annotations

from datetime import datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.matching import MatchingDeeds
    from models.results import MatchRef, NegotiationFacts
    from workflows.calls import call, send, until
    from workflows.deadline import WindowHolder


@workflow.defn
class NegotiationWorkflow(WindowHolder):
    """`season/<season>/negotiation/<match>`: an answer in time, follow-ups while it goes on, an outcome."""

    @workflow.run
    async def run(self, ref: MatchRef) -> str:
        """The negotiation's story; its outcome."""
        facts = await self.answer(ref)
        ordinal = 0
        while facts.state == "negotiating":
            ordinal += 1
            facts = await self.negotiate(ref, facts, ordinal)
        workflow.set_current_details(f"Match {ref.match}: **{facts.state}**")
        await send(f"{ref.season}/outcomes", season=ref.season)
        return facts.state

    async def answer(self, ref: MatchRef) -> NegotiationFacts:
        """The place answers within its window; silence lets the match expire, so that it blocks nobody."""
        facts = await call(MatchingDeeds.load_negotiation, ref, summary=f"Look at match {ref.match}")
        if facts.state == "proposed":
            await self.hold(facts.answer_window)
            await call(MatchingDeeds.conclude_answer, ref, summary="Conclude the answer")
        return await call(MatchingDeeds.load_negotiation, ref, summary=f"Look at match {ref.match}")

    async def negotiate(self, ref: MatchRef, facts: NegotiationFacts, ordinal: int) -> NegotiationFacts:
        """Let it go on for a while, then ask how it stands; at its limit it expires."""
        workflow.set_current_details(f"Match {ref.match}: **negotiating**, follow-up {ordinal} next")
        due = min(workflow.now() + facts.follow_up_every, facts.expires_at)
        facts = await self.until_ended(ref, facts, due)
        if facts.state != "negotiating":
            return facts
        if workflow.now() >= facts.expires_at:
            await call(MatchingDeeds.expire, ref, summary="Expire")
            return await call(MatchingDeeds.load_negotiation, ref, summary=f"Look at match {ref.match}")
        asked = MatchRef(season=ref.season, match=ref.match, ordinal=ordinal)
        opened = await call(MatchingDeeds.open_follow_up, asked, summary=f"Follow-up {ordinal}")
        await send(*opened.campaigns, season=ref.season)
        if opened.window:
            await self.hold(opened.window)
        return await call(MatchingDeeds.conclude_follow_up, asked, summary=f"Conclude follow-up {ordinal}")

    async def until_ended(self, ref: MatchRef, facts: NegotiationFacts, due: datetime) -> NegotiationFacts:
        """Wait until the next follow-up is due; an outcome reported meanwhile is seen at once."""
        while True:
            seen = self._pokes
            moved = await until(due, lambda seen=seen: self._pokes != seen, f"follow-up of match {ref.match}")
            facts = await call(MatchingDeeds.load_negotiation, ref, summary=f"Look at match {ref.match}")
            if not moved or facts.state != "negotiating":
                return facts
