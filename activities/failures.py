"""How a failure leaves an activity: a refusal is final and says why; an outage is tried again for as long as it takes."""

from __future__ import annotations

from typing import Any

from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from models.errors import SeasonkeeperError, Unavailable


class FailuresInWords(Interceptor):
    """Worker interceptor: turns the product's errors into ApplicationErrors that carry code, sentence and remedy."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """See base class."""
        return _InWords(next)


class _InWords(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        try:
            return await super().execute_activity(input)
        except SeasonkeeperError as error:
            raise ApplicationError(
                error.sentence,
                error.code,
                error.remedy,
                type=type(error).__name__,
                non_retryable=not isinstance(error, Unavailable),
                # A refusal is an answer, no alarm in the logs and metrics.
                category=(
                    ApplicationErrorCategory.UNSPECIFIED
                    if isinstance(error, Unavailable)
                    else ApplicationErrorCategory.BENIGN
                ),
            ) from None
