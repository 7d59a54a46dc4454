"""Follow-ups for years."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.tracking import TrackingDeeds
    from models.results import TrackingTurn
    from workflows.calls import call, send, until

_TURNS = 200


@workflow.defn
class TrackingWorkflow:
    """`season/<season>/tracking`: one turn after another, until nothing can ever come again."""

    @workflow.init
    def __init__(self, season: str, so_far: TrackingTurn | None = None) -> None:
        self.so_far = so_far or TrackingTurn()
        self._pokes = self._seen = 0

    @workflow.run
    async def run(self, season: str, so_far: TrackingTurn | None = None) -> None:
        """Close, open, remind; then sleep until the next turn is wanted. `so_far` is what earlier runs did."""
        for _ in range(_TURNS):
            self._seen = self._pokes
            turn = await call(TrackingDeeds.turn, season, summary="Turn")
            self._add(turn)
            await send(*turn.campaigns, season=season)
            if turn.next_at is None:
                await workflow.wait_condition(workflow.all_handlers_finished)
                return
            await until(turn.next_at, lambda: self._pokes != self._seen, "next turn of tracking")
            if workflow.info().is_continue_as_new_suggested():
                break
        await workflow.wait_condition(workflow.all_handlers_finished)
        workflow.continue_as_new(args=[season, self.so_far])

    def _add(self, turn: TrackingTurn) -> None:
        before = self.so_far
        self.so_far = TrackingTurn(
            next_at=turn.next_at, opened=before.opened + turn.opened, closed=before.closed + turn.closed
        )
        coming = f"next turn {turn.next_at:%Y-%m-%d %H:%M}Z" if turn.next_at else "nothing more can come"
        workflow.set_current_details(
            f"| follow-ups | |\n|---|---|\n| opened | {self.so_far.opened} |\n| closed | {self.so_far.closed} |\n\n"
            f"{coming}"
        )

    @workflow.signal
    def refresh(self) -> None:
        """The database knows something newer: look."""
        self._pokes += 1

    @workflow.query
    def status(self) -> TrackingTurn:
        """What was done so far, and when the next turn is wanted."""
        return self.so_far
