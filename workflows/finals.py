"""What happens across all areas: semi-finals, finals by track, awards, ceremony, exhibition."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from models.results import SeasonPlan
    from workflows.conductor import Conductor


@workflow.defn
class FinalsWorkflow(Conductor):
    """`season/<season>/finals`: the season-wide stages, events beside the finals."""

    @workflow.run
    async def run(self, plan: SeasonPlan) -> dict[str, str]:
        """Conduct the season-wide stages; what came of each."""
        await self.conduct(plan.season, None, plan.steps)
        return self.reached

    @workflow.query
    def status(self) -> dict[str, str]:
        """Each stage and its state."""
        return self.reached
