"""The time-skipping Temporal server of a rehearsal, and moving its time.

Its clock jumps over what nobody does anything in, and runs at real speed while a workflow or an activity works.
Measured: an advance over nothing takes 1 ms; each timer with its activity about 9 ms.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.house import House
from models.queues import MAIL_QUEUE, SEASON_QUEUE
from rehearsal.clock import VirtualClock
from workers.embedded.temporal import SEARCH_ATTRIBUTES
from workers.plugin import SeasonkeeperPlugin, mail_activities, season_activities

_BREATH = timedelta(seconds=2)
_MOST_BREATHS = 900
_BUILD = "rehearsal"
"""Without one the SDK reads every module of the process for a digest, which takes half a second."""


def server_program() -> str | None:
    """The server of the wheel beside our Python, else one on the path; None lets the SDK fetch its own."""
    beside = Path(sys.executable).parent / "temporal-test-server"
    return str(beside) if beside.is_file() else shutil.which("temporal-test-server")


class VirtualTime:
    """The server's clock. It stands still (but for real time passing) unless `advance` or `settle` runs.

    Both raise what a deed failed with, time and again.
    """

    def __init__(self, environment: WorkflowEnvironment, clock: VirtualClock) -> None:
        self._environment, self._clock = environment, clock
        self.advances = 0
        self.seconds = 0.0

    async def now(self) -> datetime:
        """The server's present."""
        return await self._environment.get_current_time()

    async def advance(self, until: datetime) -> None:
        """Let time pass until an instant; what is due until then happens, to its end. The past is no matter."""
        await self.settle(max(until - await self.now(), timedelta(0)))

    async def settle(self, after: timedelta = timedelta(0)) -> None:
        """Let what has begun come to its end: work holds the clock, so a breath that is quick finds none."""
        for _ in range(_MOST_BREATHS):
            if await self._sleep(after + _BREATH) < _BREATH.total_seconds() / 4:
                return
            after = timedelta(0)

    async def _sleep(self, span: timedelta) -> float:
        begun = time.perf_counter()
        sleeping = asyncio.ensure_future(self._environment.sleep(span))
        waited: set[asyncio.Future[Any]] = {sleeping, self._clock.broken}
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        if not sleeping.done():
            sleeping.cancel()
            raise self._clock.broken.result()
        await sleeping
        taken = time.perf_counter() - begun
        self.advances += 1
        self.seconds += taken
        return taken


def _quiet() -> Runtime:
    """The SDK warns of what this server lacks in each rehearsal; errors are enough here."""
    errors = TelemetryFilter(core_level="ERROR", other_level="ERROR")
    return Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter=errors)))


@asynccontextmanager
async def time_skipping() -> AsyncIterator[tuple[WorkflowEnvironment, VirtualTime]]:
    """A server of our own with our search attributes, gone at the end."""
    clock = VirtualClock()
    environment = await WorkflowEnvironment.start_time_skipping(
        data_converter=pydantic_data_converter,
        test_server_existing_path=server_program(),
        plugins=[SeasonkeeperPlugin(interceptors=[clock])],
        runtime=_quiet(),
    )
    try:
        request = AddSearchAttributesRequest(
            namespace=environment.client.namespace, search_attributes=dict(SEARCH_ATTRIBUTES)
        )
        await environment.client.operator_service.add_search_attributes(request)
        yield environment, VirtualTime(environment, clock)
    finally:
        await environment.shutdown()


@asynccontextmanager
async def working(environment: WorkflowEnvironment, house: House) -> AsyncIterator[None]:
    """Workers of both queues, with the production workflows and activities.

    The workflows run outside of the sandbox, which changes nothing that they do and costs 13 ms for each; that they
    keep to its rules is shown wherever they run in production and in replay. For the same reason nobody needs to watch
    over their threads: what the SDK calls debug mode runs each workflow task at once in the loop's own thread, and that
    makes a season's five thousand of them a third cheaper.
    """
    season = Worker(
        environment.client,
        task_queue=SEASON_QUEUE,
        activities=season_activities(house),
        max_concurrent_activities=8,
        max_cached_workflows=20_000,
        workflow_runner=UnsandboxedWorkflowRunner(),
        debug_mode=True,
        build_id=_BUILD,
    )
    mail = Worker(
        environment.client,
        task_queue=MAIL_QUEUE,
        activities=mail_activities(house),
        max_concurrent_activities=2,
        debug_mode=True,
        build_id=_BUILD,
    )
    async with season, mail:
        yield
