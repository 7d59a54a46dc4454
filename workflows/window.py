"""One stage window as a workflow of its own, so that operators see every deadline as one thing."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.windows import WindowDeeds
    from models.results import Closing, StageRef, WindowRef
    from workflows.calls import call, send
    from workflows.deadline import WindowHolder


@workflow.defn
class WindowWorkflow(WindowHolder):
    """`season/<season>/area/<area>/window/<stage>`: prepares a stage, holds its window, concludes it."""

    @workflow.run
    async def run(self, ref: StageRef) -> Closing:
        """From the stage's turn to its conclusion."""
        window = WindowRef(window=f"{ref.season}/{ref.area}/{ref.stage}" if ref.area else f"{ref.season}/{ref.stage}")
        await self.prepare(ref, window)
        closing = await self.hold(window.window)
        if closing.facts.state != "cancelled":
            await self.conclude(ref)
        return closing

    async def prepare(self, ref: StageRef, window: WindowRef) -> None:
        """Assign judges, plan sessions, invite; not for a window that is over, unless it is to be held late."""
        self.window = await call(WindowDeeds.load, window, summary=f"Look at {window.window}")
        to_come = workflow.now() < self.window.closes_at or self.window.missed
        if self.window.state == "scheduled" and to_come:
            done = await call(WindowDeeds.prepare, ref, summary=f"Prepare {ref.stage}")
            await send(*done.campaigns, season=ref.season)

    async def conclude(self, ref: StageRef) -> None:
        """Tally, lapse, decide by rule; tell those concerned."""
        done = await call(WindowDeeds.conclude, ref, summary=f"Conclude {ref.stage}")
        await send(*done.campaigns, season=ref.season)
