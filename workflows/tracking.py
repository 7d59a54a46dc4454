"""Follow-ups for years."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.tracking import TrackingDeeds
    from workflows.calls import call, send, until

_TURNS = 200


@workflow.defn
class TrackingWorkflow:
    """`season/<season>/tracking`: one turn after another, until nothing can ever come again."""

    def __init__(self) -> None:
        self.opened = 0
        self.closed = 0
        self._pokes = 0

    @workflow.run
    async def run(self, season: str) -> None:
        """Close, remind, open; then sleep until the next turn is wanted."""
        for _ in range(_TURNS):
            seen = self._pokes
            turn = await call(TrackingDeeds.turn, season, summary="Turn")
            self.opened, self.closed = self.opened + turn.opened, self.closed + turn.closed
            await send(*turn.campaigns, season=season)
            if turn.next_at is None:
                return
            workflow.set_current_details(
                f"follow-ups opened {self.opened}, closed {self.closed}; next turn {turn.next_at:%Y-%m-%d %H:%M}Z"
            )
            await until(turn.next_at, lambda seen=seen: self._pokes != seen, "next turn of tracking")
            if workflow.info().is_continue_as_new_suggested():
                break
        await workflow.wait_condition(workflow.all_handlers_finished, timeout=timedelta(minutes=5))
        workflow.continue_as_new(season)

    @workflow.signal
    def refresh(self) -> None:
        """The database knows something newer: look."""
        self._pokes += 1

    @workflow.query
    def status(self) -> dict[str, int]:
        """Follow-ups opened and closed in this run."""
        return {"opened": self.opened, "closed": self.closed}
