"""One project and one place, from the proposal to the outcome."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.negotiation import NegotiationDeeds
    from models.results import MatchRef, NegotiationTurn
    from workflows.calls import call, until
    from workflows.deadline import WindowHolder

# The database's clock may be a little behind the Temporal server's: a turn taken too early is taken again soon.
_SOON = timedelta(milliseconds=200)


@workflow.defn
class NegotiationWorkflow(WindowHolder):
    """`season/<season>/negotiation/<match>`: an answer in time, follow-ups while it goes on, an outcome.

    Its windows (the answer, each follow-up) are steered here like any other; the turns find what was changed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.turn = NegotiationTurn(state="proposed")

    @workflow.run
    async def run(self, ref: MatchRef) -> str:
        """One turn after another, until it is over; its outcome. What is told meanwhile is seen at once."""
        if ref.first_at:
            await until(ref.first_at, self._moved_since(self._pokes), f"first turn of match {ref.match}")
        while True:
            seen = self._pokes
            self.turn = turn = await call(NegotiationDeeds.turn, ref, summary=f"Turn of match {ref.match}")
            self._show_turn(ref)
            if turn.next_at is None:
                await workflow.wait_condition(workflow.all_handlers_finished)
                return turn.state
            at = max(turn.next_at, workflow.now() + _SOON)
            await until(at, self._moved_since(seen), f"next turn of match {ref.match}")

    def _show_turn(self, ref: MatchRef) -> None:
        turn = self.turn
        coming = (
            f" Next: {turn.next_at:%Y-%m-%d %H:%M}Z, at the latest {turn.expires_at:%Y-%m-%d}." if turn.next_at else ""
        )
        workflow.set_current_details(f"Match {ref.match}: **{turn.state}**, {turn.asked} follow-ups so far.{coming}")

    @workflow.query
    def status(self) -> NegotiationTurn:
        """How the negotiation stands, readable as JSON."""
        return self.turn
