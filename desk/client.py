"""The one way in: every act of every person, whether it comes from the CLI, the API, a page or a rehearsal.

Facts go to the database first, in one transaction; then the workflow concerned is told to look. A command for a
workflow is an update with the command's id: accepted or refused at once. Where no worker or no Temporal server
answers, the command is carried out on the database alone, under the same id: the row is the only judge, and the
workflow finds it when it is back.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

from temporalio.client import Client, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities.campaigns import poke_campaign
from models.commands import Extend, Grace, Outcome, Reopen, Return, SeasonCommand, WindowCommand
from models.errors import KINDS, Refused, SeasonkeeperError
from models.queues import SEASON_QUEUE
from models.results import StageRef
from models.search import AREA, SEASON_ID, STAGE
from models.season import SeasonFile
from models.timeline import Pace, Timeline
from records import corrections, entries, graces, seasons, steering, windows
from records.database import Database, rows
from rules import timeline as timelines
from workflows.ids import season_workflow
from workflows.season import SeasonWorkflow
from workflows.window import WindowWorkflow

_ANSWER_WITHIN = timedelta(seconds=6)
_GONE = (RPCStatusCode.NOT_FOUND,)
_SILENT = (RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.UNAVAILABLE, RPCStatusCode.CANCELLED)


class Desk:
    """Talks to the database and to Temporal. `temporal` is None where no Temporal server could be reached."""

    def __init__(self, database: Database, temporal: Client | None) -> None:
        self.database = database
        self.temporal = temporal

    async def start_season(
        self,
        file: SeasonFile,
        *,
        season: str | None = None,
        open_now: bool = False,
        day: timedelta | None = None,
        actor: str = "ops",
    ) -> tuple[str, Timeline, Pace, bool]:
        """Write the season and all its windows, and start its workflow. Repeating it is harmless.

        `day` is how long a day of the season lasts; `open_now` lets the first registration open now. The last value
        is False where the season was there already.
        """
        name = season or file.id
        plan = timelines.resolve(file)
        now = await self.database.now()
        pace = timelines.pace_for(plan, now, open_now, day)
        async with self.database.transaction() as connection:
            new = await seasons.start(connection, name, file, plan, pace, actor=actor, at=now)
        await self.run_season(name)
        return name, plan, pace, new

    async def run_season(self, season: str) -> None:
        """Start the workflow of a season that is in the database; harmless if it runs."""
        if self.temporal is None:
            return
        try:
            await self.temporal.start_workflow(
                SeasonWorkflow.run,
                season,
                id=season_workflow(season),
                task_queue=SEASON_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                search_attributes=TypedSearchAttributes([SearchAttributePair(SEASON_ID, season)]),
                static_summary=f"Season {season}",
            )
        except WorkflowAlreadyStartedError:
            return

    async def steer_window(self, command: WindowCommand) -> Outcome:
        """Carry out a command on a window. Raises Refused, BadInput, NotFound, Unavailable; then nothing changed."""
        async with self.database.transaction() as connection:
            found, _ = await windows.row(connection, command.window)
        outcome = await self._update(found["owner"], _UPDATES[type(command).__name__], command)
        concerned = [] if outcome else [found["owner"]]
        if outcome is None:
            async with self.database.transaction() as connection:
                outcome = await windows.steer(connection, command)
        if found["subject"] is None:
            concerned += _conductors(found["season_id"], found["area"])
            if isinstance(command, Reopen):
                await self._hold_again(found["season_id"], found["area"], found["stage"], found["owner"])
        await asyncio.gather(*(self.poke(workflow_id) for workflow_id in concerned))
        return outcome

    async def give_grace(self, command: Grace) -> Outcome:
        """Give one entry more time. No workflow is concerned: the gate accepts by it, screening finds what came in."""
        async with self.database.transaction() as connection:
            return await graces.give_grace(connection, command)

    async def return_for_correction(self, command: Return) -> Outcome:
        """Return one entry for correction. No workflow is concerned, as with grace."""
        async with self.database.transaction() as connection:
            return await corrections.return_for_correction(connection, command)

    async def steer_season(self, what: str, command: SeasonCommand) -> Outcome:
        """Pause, resume or cancel a season: `what` is one of those words."""
        outcome = await self._update(season_workflow(command.season), what, command)
        if outcome is None:
            async with self.database.transaction() as connection:
                outcome = await _SEASON_DEEDS[what](connection, command)
        await self._poke_all(command.season)
        return outcome

    async def steer_all_areas(
        self, season: str, stage: str, command: Extend
    ) -> list[tuple[str, Outcome | SeasonkeeperError]]:
        """Extend a stage's window in every area: each by its own command, each accepted or refused by itself."""
        found = await stage_windows(self.database, season, stage)

        async def one(window: str) -> tuple[str, Outcome | SeasonkeeperError]:
            single = command.model_copy(update={"window": window, "id": f"{command.id}/{window}"})
            try:
                return window, await self.steer_window(single)
            except SeasonkeeperError as error:
                return window, error

        return list(await asyncio.gather(*(one(window) for window in found)))

    async def submit(self, entry: int, *, actor: str = "applicant") -> tuple[str, datetime]:
        """Submit an entry through the gate: its public number and the accepting instant."""
        answer = await entries.submit(self.database, entry, actor=actor)
        return answer

    async def poke(self, workflow_id: str) -> None:
        """Tell a workflow that the database knows something newer. If nobody hears it, its timers find out."""
        if self.temporal is None:
            return
        try:
            await self.temporal.get_workflow_handle(workflow_id).signal("refresh", rpc_timeout=_ANSWER_WITHIN)
        except RPCError as error:
            if error.status not in _GONE + _SILENT:
                raise

    async def send(self, season: str, campaign: str) -> None:
        """Let queued notices go out now rather than at the next sweep."""
        if self.temporal is not None:
            await poke_campaign(self.temporal, season, campaign)

    async def _update(self, workflow_id: str, name: str, command: WindowCommand | SeasonCommand) -> Outcome | None:
        """The answer of the workflow, or None where nobody answers."""
        if self.temporal is None:
            return None
        handle = self.temporal.get_workflow_handle(workflow_id)
        try:
            async with asyncio.timeout(_ANSWER_WITHIN.total_seconds()):
                outcome: Outcome = await handle.execute_update(
                    name, command, id=command.id, result_type=Outcome, rpc_timeout=_ANSWER_WITHIN
                )
                return outcome
        except WorkflowUpdateFailedError as error:
            failure = _in_words(error)
            if failure.code == "window.not_held":
                return None
            raise failure from None
        except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
            return None
        except RPCError as error:
            if error.status in _GONE + _SILENT:
                return None
            raise

    async def _hold_again(self, season: str, area: str | None, stage: str, owner: str) -> None:
        """A reopened window needs a workflow again: its first one ended when it closed.

        Where Temporal does not answer, the stage after it has it held when its own time has come.
        """
        if self.temporal is None:
            return
        pairs = [SearchAttributePair(SEASON_ID, season), SearchAttributePair(STAGE, stage)]
        if area:
            pairs.append(SearchAttributePair(AREA, area))
        try:
            await self.temporal.start_workflow(
                WindowWorkflow.run,
                StageRef(season=season, stage=stage, area=area),
                id=owner,
                task_queue=SEASON_QUEUE,
                search_attributes=TypedSearchAttributes(pairs),
                static_summary=f"Window {stage}, reopened",
                rpc_timeout=_ANSWER_WITHIN,
            )
        except WorkflowAlreadyStartedError:
            await self.poke(owner)
        except RPCError as error:
            if error.status not in _SILENT:
                raise

    async def _poke_all(self, season: str) -> None:
        """Every workflow of a season that may be waiting for an instant that has moved."""
        async with self.database.transaction() as connection:
            found = await rows(
                connection,
                "SELECT DISTINCT owner, area FROM windows WHERE season_id = :season AND state <> 'closed'",
                season=season,
            )
        areas = {f"season/{season}/area/{row['area']}" for row in found if row["area"]}
        whole = {season_workflow(season), f"season/{season}/finals", f"season/{season}/matching"}
        owners = {row["owner"] for row in found}
        await asyncio.gather(*(self.poke(workflow_id) for workflow_id in sorted(owners | areas | whole)))


_UPDATES = {
    "Extend": "extend",
    "CloseNow": "close_now",
    "Reopen": "reopen",
    "PauseWindow": "pause",
    "ResumeWindow": "resume",
}
_SEASON_DEEDS: dict[str, Any] = {
    "pause": steering.pause_season,
    "resume": steering.resume_season,
    "cancel": steering.cancel_season,
}


async def stage_windows(database: Database, season: str, stage: str) -> list[str]:
    """The ids of a stage's windows in every area. Refuses a stage that the season does not have."""
    async with database.transaction() as connection:
        await seasons.live(connection, season)
        found = await rows(
            connection,
            "SELECT id FROM windows WHERE season_id = :season AND stage = :stage AND subject IS NULL ORDER BY id",
            season=season,
            stage=stage,
        )
    if not found:
        raise Refused("stage.unknown", f"Season '{season}' has no window of stage '{stage}'.", "See `season windows`.")
    return [row["id"] for row in found]


def _conductors(season: str, area: str | None) -> list[str]:
    """The workflows in which what comes after a window may be waiting for it."""
    return [*([f"season/{season}/area/{area}"] if area else []), f"season/{season}/finals"]


def _in_words(error: WorkflowUpdateFailedError) -> SeasonkeeperError:
    cause = error.cause
    if isinstance(cause, ApplicationError):
        kind = KINDS.get(cause.type or "", Refused)
        code, remedy = (*map(str, cause.details), "", "")[:2]
        return kind(code or "refused", cause.message, remedy)
    return Refused("refused", str(cause))
