"""One project and one place, from the proposal to the outcome."""

from __future__ import annotations

from datetime import datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.matching import MatchingDeeds
    from models.results import MatchRef, NegotiationFacts
    from workflows.calls import call, until
    from workflows.deadline import WindowHolder

# A season that is paused is looked at again after this part of the time between two follow-ups.
_LOOKS = 30


@workflow.defn
class NegotiationWorkflow(WindowHolder):
    """`season/<season>/negotiation/<match>`: an answer in time, follow-ups while it goes on, an outcome."""

    def __init__(self) -> None:
        super().__init__()
        self.state = "proposed"
        self.asked = 0
        self._seen = 0

    @workflow.run
    async def run(self, ref: MatchRef) -> str:
        """The negotiation's story; its outcome."""
        facts = await self.answer(ref)
        since = workflow.now()
        while facts.state == "negotiating":
            due = min(since + facts.follow_up_every, facts.expires_at)
            facts = await self.go_on(ref, facts, due)
            if facts.state == "negotiating":
                since = workflow.now()
                facts = await (self.expire(ref) if since >= facts.expires_at else self.ask(ref))
        workflow.set_current_details(f"Match {ref.match}: **{facts.state}** after {self.asked} follow-ups")
        await workflow.wait_condition(workflow.all_handlers_finished)
        return facts.state

    async def answer(self, ref: MatchRef) -> NegotiationFacts:
        """One side answers within the window; silence lets the match expire, so that it blocks nobody."""
        facts = await self._look(ref)
        if facts.state == "proposed":
            await self.hold(facts.answer_window)
            await call(MatchingDeeds.conclude_answer, ref, summary="Conclude the answer")
            facts = await self._look(ref)
        return facts

    async def go_on(self, ref: MatchRef, facts: NegotiationFacts, due: datetime) -> NegotiationFacts:
        """Let it go on until something is due; an outcome reported meanwhile is seen at once."""
        workflow.set_current_details(
            f"Match {ref.match}: **negotiating**\n\n| what | when |\n|---|---|\n"
            f"| follow-up {self.asked + 1} | {due:%Y-%m-%d %H:%M}Z |\n"
            f"| expires | {facts.expires_at:%Y-%m-%d %H:%M}Z |\n"
        )
        while facts.state == "negotiating":
            moved = await until(due, lambda: self._pokes != self._seen, f"follow-up of match {ref.match}")
            facts = await self._look(ref)
            if not moved:
                break
        return facts

    async def ask(self, ref: MatchRef) -> NegotiationFacts:
        """Ask the place how it stands, and wait for its answer or the end of its time."""
        asked = MatchRef(season=ref.season, match=ref.match, ordinal=self.asked + 1)
        opened = await call(MatchingDeeds.open_follow_up, asked, summary=f"Follow-up {asked.ordinal}")
        if opened.window is None:
            return await self._over_or_paused(ref)
        self.asked += 1
        await self.hold(opened.window)
        self._seen = self._pokes
        facts = await call(MatchingDeeds.conclude_follow_up, asked, summary=f"Conclude follow-up {asked.ordinal}")
        self.state = facts.state
        return facts

    async def expire(self, ref: MatchRef) -> NegotiationFacts:
        """Without an outcome at its limit it expires."""
        await call(MatchingDeeds.expire, ref, summary="Expire")
        return await self._over_or_paused(ref)

    async def _over_or_paused(self, ref: MatchRef) -> NegotiationFacts:
        """It is over; or its season is paused, so that nothing was done: wait a little, or until something moves."""
        facts = await self._look(ref)
        if facts.state == "negotiating":
            later = workflow.now() + facts.follow_up_every / _LOOKS
            await until(later, lambda: self._pokes != self._seen, "the season is paused")
            facts = await self._look(ref)
        return facts

    async def _look(self, ref: MatchRef) -> NegotiationFacts:
        # What is signalled while the database is read is looked at again.
        self._seen = self._pokes
        facts = await call(MatchingDeeds.load_negotiation, ref, summary=f"Look at match {ref.match}")
        self.state = facts.state
        return facts

    @workflow.query
    def status(self) -> dict[str, str | int]:
        """How the negotiation stands, readable as JSON."""
        return {"state": self.state, "asked": self.asked}
