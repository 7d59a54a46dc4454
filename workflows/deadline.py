"""Holding a window: opening it, reminding before its close, closing it, and hearing operators meanwhile.

Any workflow that inherits `WindowHolder` can hold windows, one after another. The row in the database is the only
judge; what is held here are its facts as last read, and every change of them is read again from there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.windows import WindowDeeds
    from models.commands import CloseNow, Extend, Outcome, PauseWindow, Reopen, ResumeWindow, WindowCommand
    from models.queues import FIRST
    from models.results import Closing, ReminderRef, WindowFacts, WindowRef
    from models.search import CLOSES_AT
    from workflows.calls import call, send, until

C = TypeVar("C", bound="WindowCommand")

# The database's clock may be a little behind the Temporal server's: then its "not yet" is asked again soon.
_SOON = timedelta(milliseconds=200)
_MINUTES_OF_A_DAY = 24 * 60


class WindowHolder:
    """Base of the workflows that hold windows. `self.window` are the facts of the window held now."""

    def __init__(self) -> None:
        self.window: WindowFacts | None = None
        self._pokes = 0
        self._steering = asyncio.Lock()

    # What operators may ask for

    @workflow.update
    async def extend(self, command: Extend) -> Outcome:
        """Move the close to a later instant."""
        return await self._steer(WindowDeeds.extend, command)

    @extend.validator
    def _may_extend(self, command: Extend) -> None:
        self._may(command)

    @workflow.update
    async def close_now(self, command: CloseNow) -> Outcome:
        """Close early."""
        return await self._steer(WindowDeeds.close_now, command)

    @close_now.validator
    def _may_close(self, command: CloseNow) -> None:
        self._may(command)

    @workflow.update
    async def reopen(self, command: Reopen) -> Outcome:
        """Open again after the close."""
        return await self._steer(WindowDeeds.reopen, command)

    @reopen.validator
    def _may_reopen(self, command: Reopen) -> None:
        self._may(command)

    @workflow.update
    async def pause(self, command: PauseWindow) -> Outcome:
        """Stop the window's clock."""
        return await self._steer(WindowDeeds.pause, command)

    @pause.validator
    def _may_pause(self, command: PauseWindow) -> None:
        self._may(command)

    @workflow.update
    async def resume(self, command: ResumeWindow) -> Outcome:
        """Let the window's clock run on."""
        return await self._steer(WindowDeeds.resume, command)

    @resume.validator
    def _may_resume(self, command: ResumeWindow) -> None:
        self._may(command)

    @workflow.signal
    def refresh(self) -> None:
        """The database knows something newer: look."""
        self._pokes += 1

    @workflow.query(name="window")
    def facts(self) -> WindowFacts | None:
        """The window held now, as last read."""
        return self.window

    def _moved_since(self, seen: int) -> Callable[[], bool]:
        return lambda: self._pokes != seen

    def _may(self, command: WindowCommand) -> None:
        if not command.reason:
            raise ApplicationError("A reason is missing.", "command.no_reason", "Say why.", type="BadInput")
        if self.window is not None and command.window != self.window.id:
            raise ApplicationError(
                f"'{command.window}' is not held now; '{self.window.id}' is.", "window.not_held", "", type="Refused"
            )

    async def _steer(self, deed: Callable[[Any, C], Awaitable[Outcome]], command: C) -> Outcome:
        async with self._steering:
            try:
                outcome = await call(
                    deed, command, summary=f"{type(command).__name__}: {command.window}", priority=FIRST
                )
            except ActivityError as error:
                # Only an ApplicationError fails the update; anything else would stall the workflow task.
                raise (
                    error.cause if isinstance(error.cause, ApplicationError) else ApplicationError(str(error))
                ) from error
        self._pokes += 1
        return outcome

    # Holding a window

    async def hold(self, window: str) -> Closing:
        """Open the window at its time, remind, and close it at its time. Returns once it is closed or cancelled."""
        ref = WindowRef(window=window)
        seen = self._pokes
        self.window = await call(WindowDeeds.open, ref, summary=f"Open {window}", priority=FIRST)
        sent, announce_at, planned = set[str](), None, self.window.revision
        # What changed before this held it is told as a change under its hands is; of what is over nothing is.
        told = self.window.revision if self.window.told or self.window.state == "closed" else None
        while True:
            facts = self.window
            self._show(facts)
            if facts.revision != planned:
                # By whichever way the change was learnt: what the new plan has overdue is merged into its notice.
                planned, sent = facts.revision, {r.key for r in facts.reminders if r.at <= workflow.now()}
            if facts.state in ("closed", "cancelled"):
                if told != facts.revision and facts.state == "closed":
                    await self._announce(ref)
                await workflow.wait_condition(workflow.all_handlers_finished)
                return Closing(closed=True, facts=facts)
            if announce_at is None and facts.revision != told:
                announce_at = workflow.now() + facts.announce_after
            at, what = _next(facts, sent, announce_at)
            if await until(at, self._moved_since(seen), f"{what} {window}"):
                seen = self._pokes
                self.window = await call(WindowDeeds.load, ref, summary=f"Look at {window}")
                continue
            match what:
                case "remind":
                    if await self._remind(facts, sent, at):
                        sent |= {r.key for r in facts.reminders if r.at <= workflow.now()}
                    else:
                        self.window = await call(WindowDeeds.load, ref, summary=f"Look at {window}")
                case "announce":
                    told, announce_at = facts.revision, None
                    await self._announce(ref)
                case "close":
                    closing = await call(WindowDeeds.close, ref, summary=f"Close {window}", priority=FIRST)
                    await self._taken(facts, closing.facts)
                    if closing.closed and told == closing.facts.revision:
                        self._show(closing.facts)
                        await workflow.wait_condition(workflow.all_handlers_finished)
                        return closing
                case _:
                    await self._taken(
                        facts, await call(WindowDeeds.open, ref, summary=f"Open {window}", priority=FIRST)
                    )

    async def _taken(self, before: WindowFacts, now: WindowFacts) -> None:
        self.window = now
        if now == before:
            await workflow.sleep(_SOON)

    async def _remind(self, facts: WindowFacts, sent: set[str], at: datetime) -> bool:
        """Send what is due; False where the window was moved unheard, so that the plan is another one."""
        due = ReminderRef(window=facts.id, sent=tuple(sorted(sent)), at=at, revision=facts.revision)
        done = await call(WindowDeeds.remind, due, summary=f"Remind for {facts.id}")
        await self._send(done.campaigns)
        return not done.moved

    async def _announce(self, ref: WindowRef) -> None:
        done = await call(WindowDeeds.announce, ref, summary=f"Tell the new date of {ref.window}")
        await self._send(done.campaigns)

    async def _send(self, campaigns: tuple[str, ...]) -> None:
        if campaigns and self.window:
            await send(*campaigns, season=self.window.season)

    def _show(self, facts: WindowFacts) -> None:
        workflow.upsert_search_attributes([CLOSES_AT.value_set(facts.closes_at)])
        reminders = "".join(f"| reminder | {r.at:%Y-%m-%d %H:%M}Z | {r.key} |\n" for r in facts.reminders)
        workflow.set_current_details(
            f"**{facts.id}** is **{facts.state}** (revision {facts.revision})\n\n| what | when | |\n|---|---|---|\n"
            f"| opens | {facts.opens_at:%Y-%m-%d %H:%M}Z | |\n{reminders}"
            f"| closes | {facts.closes_at:%Y-%m-%d %H:%M}Z | |\n"
        )


def _next(facts: WindowFacts, sent: set[str], announce_at: datetime | None) -> tuple[datetime, str]:
    """What comes next for a window, and when: the close wins over a reminder at the same instant."""
    if facts.state == "paused":
        # Its resume is signalled; should the signal be lost, it is found out within a (nominal) day.
        look = workflow.now() + max(facts.announce_after * _MINUTES_OF_A_DAY, _SOON)
        return (announce_at, "announce") if announce_at and announce_at < look else (look, "look")
    if facts.state == "scheduled" and facts.opens_at < facts.closes_at and workflow.now() < facts.closes_at:
        return facts.opens_at, "open"
    moments = [(facts.closes_at, 0, "close")]
    moments += [(r.at, 1, "remind") for r in facts.reminders if r.key not in sent and r.at < facts.closes_at]
    if announce_at:
        moments.append((announce_at, 2, "announce"))
    at, _, what = min(moments)
    return at, what
