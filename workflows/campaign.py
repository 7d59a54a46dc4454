"""One notice to many: batches until nobody is left."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy

with workflow.unsafe.imports_passed_through():
    from activities.mail import MailDeeds
    from models.queues import BULK, MAIL_QUEUE
    from models.results import CampaignRef, Sending
    from workflows.calls import until

# A worker that was killed is missed soon; one that is only slow does no harm when another goes on beside it.
_LIFE = timedelta(seconds=8)
_AGAIN = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2.0, maximum_interval=timedelta(seconds=8)
)


@workflow.defn
class CampaignWorkflow:
    """`season/<season>/campaign/<campaign>`: sends what the campaign has queued, then ends."""

    def __init__(self) -> None:
        self.total = Sending()
        self._more = 0

    @workflow.run
    async def run(self, ref: CampaignRef) -> Sending:
        """Send batch after batch; wait while the mail server is down."""
        if ref.first_at:
            await until(ref.first_at, self._more_since(self._more), "first notice")
            ref = ref.model_copy(update={"first_at": None})
        while True:
            seen = self._more
            done = await workflow.execute_activity_method(
                MailDeeds.send_batch,
                ref,
                task_queue=MAIL_QUEUE,
                start_to_close_timeout=timedelta(minutes=10),
                heartbeat_timeout=_LIFE,
                retry_policy=_AGAIN,
                summary=f"Send {ref.campaign}",
                priority=Priority(priority_key=BULK),
            )
            self._add(done)
            if done.left == 0 and self._more == seen:
                return self.total
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(ref)
            if done.retry_after:
                await until(workflow.now() + done.retry_after, self._more_since(seen), "try again")

    def _more_since(self, seen: int) -> Callable[[], bool]:
        return lambda: self._more != seen

    @workflow.signal
    def more(self) -> None:
        """More was queued: look again before ending."""
        self._more += 1

    @workflow.query
    def status(self) -> Sending:
        """What was sent so far."""
        return self.total

    def _add(self, done: Sending) -> None:
        self.total = Sending(
            sent=self.total.sent + done.sent,
            failed=self.total.failed + done.failed,
            skipped=self.total.skipped + done.skipped,
            possibly_twice=self.total.possibly_twice + done.possibly_twice,
            left=done.left,
        )
        workflow.set_current_details(
            f"sent {self.total.sent}, failed {self.total.failed}, skipped {self.total.skipped}, left {done.left}"
        )
