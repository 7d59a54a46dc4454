"""The clock of a rehearsal: every activity's transaction is judged at the server's virtual instant.

And its alarm: in production a deed that fails is tried again for as long as it takes; here nothing outside can mend it.
"""

from __future__ import annotations

import asyncio
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from records.database import at_instant

_ATTEMPTS = 3


class VirtualClock(Interceptor):
    """Worker interceptor: the business clock stands at the activity's start, by the time-skipping server.

    `broken` is set, with the error, once a deed has failed for the third time.
    """

    def __init__(self) -> None:
        self.broken: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """See base class."""
        return _AtItsStart(next, self.broken)


class _AtItsStart(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, broken: asyncio.Future[BaseException]) -> None:
        super().__init__(next)
        self._broken = broken

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        info = activity.info()
        try:
            with at_instant(info.started_time):
                return await super().execute_activity(input)
        except ApplicationError:
            raise
        except Exception as error:
            if info.attempt >= _ATTEMPTS and not self._broken.done():
                error.add_note(f"in the deed '{info.activity_type}' of {info.workflow_id}, attempt {info.attempt}")
                self._broken.set_result(error)
            raise
