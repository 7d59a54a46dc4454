"""One competition area, from registration to its list of finalists."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.seasons import SeasonDeeds
    from models.results import StageRef
    from workflows.calls import call
    from workflows.conductor import Conductor


@workflow.defn
class AreaWorkflow(Conductor):
    """`season/<season>/area/<area>`: registration → screening → review → defence → selection → public notice."""

    @workflow.run
    async def run(self, ref: StageRef) -> dict[str, str]:
        """Conduct the area's stages in the order of the season file; what came of each."""
        plan = await call(SeasonDeeds.load_area, ref, summary="Read the plan")
        await self.conduct(plan.season, plan.area, plan.steps)
        return self.reached

    async def on_reached(self, ref: StageRef) -> None:
        """Let the season know, so that its status shows where each area stands."""
        season = workflow.get_external_workflow_handle(f"season/{ref.season}")
        await season.signal("area_reached", args=[ref.area, ref.stage])

    @workflow.query
    def status(self) -> dict[str, str]:
        """Each stage and its state."""
        return self.reached
