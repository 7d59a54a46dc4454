"""A whole season, from registration to the last follow-up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.seasons import SeasonDeeds
    from models.commands import Outcome, SeasonCommand
    from models.queues import FIRST
    from models.results import SeasonPlan, StageRef
    from models.search import AREA, SEASON_ID
    from workflows.area import AreaWorkflow
    from workflows.calls import call, send
    from workflows.finals import FinalsWorkflow
    from workflows.matching import MatchingWorkflow
    from workflows.tracking import TrackingWorkflow


@workflow.defn
class SeasonWorkflow:
    """`season/<season>`: conducts the areas, the finals, matching and tracking."""

    def __init__(self) -> None:
        self.plan: SeasonPlan | None = None
        self.state = "running"
        self.part = "starting"
        self.areas: dict[str, str] = {}
        self._looks = 0
        self._steering = asyncio.Lock()

    @workflow.run
    async def run(self, season: str) -> str:
        """The season's story; ends when its tracking ends, or when it is cancelled."""
        self.plan = await call(SeasonDeeds.load, season, summary="Read the season")
        story = asyncio.create_task(self.story(self.plan))
        watch = asyncio.create_task(self.until_cancelled(season))
        await workflow.wait([story, watch], return_when=asyncio.FIRST_COMPLETED)
        if not story.done():
            story.cancel()
            await asyncio.gather(story, return_exceptions=True)
            await self.tell_cancelled(season)
        else:
            watch.cancel()
            await story
            await call(SeasonDeeds.finish, season, summary="The season is over")
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self.state

    async def story(self, plan: SeasonPlan) -> None:
        """The announcement, as steps."""
        matching, tracking = await self.open_matching(plan), None
        await self.welcome_channels(plan)
        await self.run_areas(plan)
        await self.run_finals(plan)
        if matching is not None:
            self._now("matching and tracking")
            await matching.signal("results_are_out")
            tracking = await self.open_tracking(plan)
            await matching
        if tracking is not None:
            await tracking
        self._now("finished")
        self.state = "finished"

    # The parts, in the order of the story

    async def open_matching(self, plan: SeasonPlan) -> workflow.ChildWorkflowHandle[MatchingWorkflow, None] | None:
        """Places may file their needs from the start; matching itself waits for the results."""
        if plan.matching is None:
            return None
        return await workflow.start_child_workflow(
            MatchingWorkflow.run,
            plan.season,
            id=f"season/{plan.season}/matching",
            parent_close_policy=workflow.ParentClosePolicy.REQUEST_CANCEL,
            search_attributes=_attributes(plan.season),
            static_summary="Needs, matching rounds, negotiations",
        )

    async def welcome_channels(self, plan: SeasonPlan) -> None:
        """Recommending organisations are told that registration is open."""
        done = await call(SeasonDeeds.welcome_channels, plan.season, summary="Welcome the channels")
        await send(*done.campaigns, season=plan.season)

    async def run_areas(self, plan: SeasonPlan) -> None:
        """All areas side by side, each to its own list of finalists."""
        self._now("areas")
        await asyncio.gather(*(self._run_area(plan.season, area) for area in plan.areas))

    async def _run_area(self, season: str, area: str) -> None:
        self.areas[area] = "starting"
        await workflow.execute_child_workflow(
            AreaWorkflow.run,
            StageRef(season=season, stage="", area=area),
            id=f"season/{season}/area/{area}",
            parent_close_policy=workflow.ParentClosePolicy.REQUEST_CANCEL,
            search_attributes=_attributes(season, area),
            static_summary=f"Area {area}",
        )
        self.areas[area] = "finished"
        self._now("areas")

    async def run_finals(self, plan: SeasonPlan) -> None:
        """The stages across all areas."""
        if not plan.steps:
            return
        self._now("finals")
        await workflow.execute_child_workflow(
            FinalsWorkflow.run,
            plan,
            id=f"season/{plan.season}/finals",
            parent_close_policy=workflow.ParentClosePolicy.REQUEST_CANCEL,
            search_attributes=_attributes(plan.season),
            static_summary="Finals, awards, ceremony, exhibition",
        )

    async def open_tracking(self, plan: SeasonPlan) -> workflow.ChildWorkflowHandle[TrackingWorkflow, None] | None:
        """Follow-ups for years."""
        if plan.tracking is None:
            return None
        return await workflow.start_child_workflow(
            TrackingWorkflow.run,
            plan.season,
            id=f"season/{plan.season}/tracking",
            parent_close_policy=workflow.ParentClosePolicy.REQUEST_CANCEL,
            search_attributes=_attributes(plan.season),
            static_summary="Follow-ups on landed and negotiating projects",
        )

    # Cancelling

    async def until_cancelled(self, season: str) -> None:
        """Returns once the database says that the season is cancelled."""
        while self.state != "cancelled":
            await workflow.wait_condition(lambda: self._looks > 0)
            self._looks = 0
            self.state = (await call(SeasonDeeds.load, season, summary="Look at the season")).state

    async def tell_cancelled(self, season: str) -> None:
        """Everyone concerned is told, once."""
        self._now("cancelled")
        done = await call(SeasonDeeds.tell_cancelled, season, summary="Tell everyone concerned")
        await send(*done.campaigns, season=season)

    # What operators may ask for

    @workflow.update
    async def pause(self, command: SeasonCommand) -> Outcome:
        """Stop the season's time."""
        return await self._steer(SeasonDeeds.pause, command)

    @pause.validator
    def _may_pause(self, command: SeasonCommand) -> None:
        _needs_reason(command)

    @workflow.update
    async def resume(self, command: SeasonCommand) -> Outcome:
        """Let the season's time run on."""
        return await self._steer(SeasonDeeds.resume, command)

    @resume.validator
    def _may_resume(self, command: SeasonCommand) -> None:
        _needs_reason(command)

    @workflow.update
    async def cancel(self, command: SeasonCommand) -> Outcome:
        """Close every window for good."""
        return await self._steer(SeasonDeeds.cancel, command)

    @cancel.validator
    def _may_cancel(self, command: SeasonCommand) -> None:
        _needs_reason(command)

    async def _steer(self, deed: Callable[[Any, SeasonCommand], Awaitable[Outcome]], command: SeasonCommand) -> Outcome:
        async with self._steering:
            try:
                outcome = await call(deed, command, summary=f"Steer {command.season}", priority=FIRST)
            except ActivityError as error:
                raise (
                    error.cause if isinstance(error.cause, ApplicationError) else ApplicationError(str(error))
                ) from error
        self._looks += 1
        return outcome

    @workflow.signal
    def refresh(self) -> None:
        """The database knows something newer: look."""
        self._looks += 1

    @workflow.signal
    def area_reached(self, area: str, stage: str) -> None:
        """An area has reached a stage."""
        self.areas[area] = stage
        self._now(self.part)

    @workflow.query
    def status(self) -> dict[str, object]:
        """Where the season and each area stand, readable as JSON."""
        return {
            "season": self.plan.season if self.plan else None,
            "state": self.state,
            "part": self.part,
            "areas": dict(sorted(self.areas.items())),
        }

    def _now(self, part: str) -> None:
        self.part = part
        table = "".join(f"| {area} | {stage} |\n" for area, stage in sorted(self.areas.items()))
        workflow.set_current_details(f"**{self.state}**: {part}\n\n| area | stage |\n|---|---|\n{table}")


def _needs_reason(command: SeasonCommand) -> None:
    if not command.reason:
        raise ApplicationError("A reason is missing.", "command.no_reason", "Say why.", type="BadInput")


def _attributes(season: str, area: str | None = None) -> TypedSearchAttributes:
    pairs = [SearchAttributePair(SEASON_ID, season)]
    if area:
        pairs.append(SearchAttributePair(AREA, area))
    return TypedSearchAttributes(pairs)
