"""Signs of life: a deed whose worker was killed is given to another within seconds, however long the deed may take."""

from __future__ import annotations

import asyncio
from typing import Any

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

_EVERY = 5.0
_IN_A_SPAN = 4


class SignsOfLife(Interceptor):
    """Worker interceptor: a running activity heartbeats every five seconds, or four times in its span, if that is less."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """See base class."""
        return _Alive(next)


class _Alive(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        span = activity.info().heartbeat_timeout
        beating = asyncio.create_task(_beat(min(_EVERY, span.total_seconds() / _IN_A_SPAN) if span else _EVERY))
        try:
            return await super().execute_activity(input)
        finally:
            beating.cancel()


async def _beat(every: float) -> None:
    while True:
        await asyncio.sleep(every)
        activity.heartbeat()
