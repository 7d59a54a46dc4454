"""Needs, matching rounds, and the negotiations that follow."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import SearchAttributePair, TypedSearchAttributes

with workflow.unsafe.imports_passed_through():
    from activities.matching import MatchingDeeds
    from models.results import MatchRef, RoundRef, StageRef
    from models.search import SEASON_ID
    from workflows.calls import call, send, until
    from workflows.conductor import hold_stage
    from workflows.negotiation import NegotiationWorkflow

# However fast the season's time passes: between two looks at a season that stands still.
_SOON = timedelta(milliseconds=200)


@workflow.defn
class MatchingWorkflow:
    """`season/<season>/matching`: for as long as the season matches."""

    def __init__(self) -> None:
        self.results_out = False
        self.rounds: dict[int, int] = {}
        self.negotiations: list[workflow.ChildWorkflowHandle[NegotiationWorkflow, str]] = []
        self._pokes = self._seen = 0

    @workflow.run
    async def run(self, season: str) -> None:
        """Needs are filed from the start; rounds begin once the results are out; ends with the last negotiation."""
        plan = await call(MatchingDeeds.load, season, summary="Read the plan")
        needs = [asyncio.create_task(self.hold_needs(season, stage)) for stage in plan.needs]
        await workflow.wait_condition(lambda: self.results_out)
        for number, at in enumerate(plan.rounds, start=1):
            planned = await self.reach(season, number, at)
            if planned is None:
                break
            await self.match(season, number, planned)
        await asyncio.gather(*needs, *self.negotiations)

    async def hold_needs(self, season: str, stage: str) -> None:
        """Places file their needs in a window of their own; they are told of it when it opens."""
        done = await call(MatchingDeeds.invite_needs, season, summary="Invite needs")
        await send(*done.campaigns, season=season)
        await hold_stage(StageRef(season=season, stage=stage))

    async def reach(self, season: str, number: int, at: datetime) -> datetime | None:
        """Wait for a round's instant, and answer it; None if the season was cancelled meanwhile."""
        workflow.set_current_details(f"round {number} at {at:%Y-%m-%d %H:%M}Z; matches so far: {self.rounds}")
        while True:
            self._seen = self._pokes
            moved = await until(at, lambda: self._pokes != self._seen, f"matching round {number}")
            plan = await call(MatchingDeeds.load, season, summary="Look at the season")
            state, at = plan.state, plan.rounds[number - 1]
            if state == "cancelled":
                return None
            if state == "paused":
                await until(workflow.now() + max(plan.day, _SOON), lambda: self._pokes != self._seen, "paused")
            elif not moved and at <= workflow.now():
                return at

    async def match(self, season: str, number: int, at: datetime) -> None:
        """Propose matches, tell both sides, and let each be negotiated."""
        planned = RoundRef(season=season, round=number, at=at)
        found = await call(MatchingDeeds.match_round, planned, summary=f"Round {number}")
        self.rounds[number] = len(found.matches)
        for match in found.matches:
            negotiation = await workflow.start_child_workflow(
                NegotiationWorkflow.run,
                MatchRef(season=season, match=match, first_at=found.first_at),
                id=f"season/{season}/negotiation/{match}",
                parent_close_policy=workflow.ParentClosePolicy.REQUEST_CANCEL,
                search_attributes=TypedSearchAttributes([SearchAttributePair(SEASON_ID, season)]),
                static_summary=f"Negotiation {match}",
            )
            self.negotiations.append(negotiation)
        await send(*found.campaigns, season=season)

    @workflow.signal
    def results_are_out(self) -> None:
        """The finals are over: projects can be matched."""
        self.results_out = True

    @workflow.signal
    def refresh(self) -> None:
        """The database knows something newer: look."""
        self._pokes += 1

    @workflow.query
    def status(self) -> dict[str, object]:
        """Whether results are out, and the matches of each round."""
        return {"results_out": self.results_out, "rounds": self.rounds}
