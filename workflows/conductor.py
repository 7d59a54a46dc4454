"""Conducting stages: each in its turn, in the order of the season file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

from temporalio import workflow
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from activities.seasons import SeasonDeeds
    from models.results import Closing, StageRef, Step
    from models.search import AREA, SEASON_ID, STAGE
    from workflows.calls import call, send, until
    from workflows.window import WindowWorkflow

# However fast the season's time passes: between two looks at what stands still.
_SOON = timedelta(milliseconds=200)
_MINUTES_OF_A_DAY = 24 * 60


class Conductor:
    """Base of the workflows that run a list of steps. `reached` maps each stage to what came of it."""

    def __init__(self) -> None:
        self.reached: dict[str, str] = {}
        self._pokes = 0

    @workflow.signal
    def refresh(self) -> None:
        """The database knows something newer: look."""
        self._pokes += 1

    def _moved_since(self, seen: int) -> Callable[[], bool]:
        return lambda: self._pokes != seen

    async def conduct(self, season: str, area: str | None, steps: Sequence[Step]) -> None:
        """Run the steps one after another; those beside run at the same time."""
        beside = [asyncio.create_task(self.run_step(season, area, step)) for step in steps if step.beside]
        for step in steps:
            if not step.beside:
                await self.run_step(season, area, step)
        for task in beside:
            await task

    async def run_step(self, season: str, area: str | None, step: Step) -> None:
        """One stage: wait for its turn, then run its window, or do it at once."""
        ref = StageRef(season=season, stage=step.stage, area=area)
        self._tell(step.stage, "waiting")
        if not await self._turn(ref):
            self._tell(step.stage, "cancelled")
            return
        self._tell(step.stage, "running")
        await self.on_reached(ref)
        if step.window is None:
            done = await call(SeasonDeeds.do_at_once, ref, summary=f"{step.kind}: {step.stage}")
            await send(*done.campaigns, season=season)
            self._tell(step.stage, ", ".join(f"{n} {what}" for what, n in done.counts.items()) or "done")
        else:
            closing = await hold_stage(ref)
            self._tell(step.stage, closing.facts.state)

    async def on_reached(self, ref: StageRef) -> None:
        """Called when a stage's turn has come; nothing by default."""

    async def _turn(self, ref: StageRef) -> bool:
        """Wait until the stage may begin: its opening has come, and what comes before is closed and not paused."""
        while True:
            seen = self._pokes
            turn = await call(SeasonDeeds.turn_of, ref, summary=f"Turn of {ref.stage}")
            if turn.state == "cancelled":
                return False
            if turn.state == "paused":
                # Its resume is signalled; should the signal be lost, it is found out within a day of the season.
                await until(workflow.now() + max(turn.day, _SOON), self._moved_since(seen), "paused")
            elif turn.at > workflow.now():
                await until(turn.at, self._moved_since(seen), f"{ref.stage} begins")
            elif turn.again is not None:
                await self._conclude_again(turn.again, max(turn.day / _MINUTES_OF_A_DAY, _SOON), seen)
            else:
                return True

    async def _conclude_again(self, ref: StageRef, soon: timedelta, seen: int) -> None:
        """See a stage that was opened again to its conclusion; where the desk has it held already, look again soon."""
        try:
            await hold_stage(ref)
        except WorkflowAlreadyStartedError:
            await until(workflow.now() + soon, self._moved_since(seen), f"{ref.stage} is concluded again")

    def _tell(self, stage: str, state: str) -> None:
        self.reached[stage] = state
        table = "".join(f"| {name} | {what} |\n" for name, what in self.reached.items())
        workflow.set_current_details(f"| stage | state |\n|---|---|\n{table}")


async def hold_stage(ref: StageRef) -> Closing:
    """Run a stage's window to its conclusion, as a workflow of its own."""
    where = f"season/{ref.season}/area/{ref.area}" if ref.area else f"season/{ref.season}"
    attributes = [SearchAttributePair(SEASON_ID, ref.season), SearchAttributePair(STAGE, ref.stage)]
    if ref.area:
        attributes.append(SearchAttributePair(AREA, ref.area))
    return await workflow.execute_child_workflow(
        WindowWorkflow.run,
        ref,
        id=f"{where}/window/{ref.stage}",
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        parent_close_policy=workflow.ParentClosePolicy.REQUEST_CANCEL,
        search_attributes=TypedSearchAttributes(attributes),
        static_summary=f"Window {ref.stage}" + (f" of area {ref.area}" if ref.area else ""),
    )
