"""Signs of life: a deed whose worker was killed is given to another within seconds, however long the deed may take."""

from __future__ import annotations

import asyncio
from typing import Any

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

_EVERY = 5.0


class SignsOfLife(Interceptor):
    """Worker interceptor: a running activity heartbeats every five seconds."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """See base class."""
        return _Alive(next)


class _Alive(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        beating = asyncio.create_task(_beat())
        try:
            return await super().execute_activity(input)
        finally:
            beating.cancel()


async def _beat() -> None:
    while True:
        await asyncio.sleep(_EVERY)
        activity.heartbeat()
