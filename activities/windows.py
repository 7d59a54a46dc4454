"""Deeds on windows: load, open, remind, close, steer, tell the new date."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.campaigns import started
from activities.changes import tell_change
from activities.deeds import Deed
from activities.house import House
from activities.stages import CONCLUDE, PREPARE, REPLACE_SILENT
from models.commands import CloseNow, Extend, Outcome, PauseWindow, Reopen, ResumeWindow
from models.results import Closing, Counted, ReminderRef, StageRef, WindowFacts, WindowRef
from models.timeline import PlannedReminder
from records import campaigns, reopening, windows
from records.seasons import LiveSeason, live, window_id
from rules import reminders


class WindowDeeds:
    """Activities of a window."""

    def __init__(self, house: House) -> None:
        self._house = house

    @activity.defn(name="load_window")
    async def load(self, ref: WindowRef) -> WindowFacts:
        """The window as it stands."""
        async with self._house.database.transaction() as connection:
            return await windows.facts(connection, ref.window)

    @activity.defn(name="open_window")
    async def open(self, ref: WindowRef) -> WindowFacts:
        """Open the window if its time has come; the facts as they are after."""
        async with self._house.database.transaction() as connection:
            return await windows.open_window(connection, ref.window)

    @activity.defn(name="close_window")
    async def close(self, ref: WindowRef) -> Closing:
        """Close the window if its time is up, and say whether it is closed."""
        async with self._house.database.transaction() as connection:
            return await windows.close_window(connection, ref.window)

    @activity.defn(name="prepare_stage")
    async def prepare(self, ref: StageRef) -> Counted:
        """What a stage needs before its window opens: judges assigned, sessions planned, invitations.

        A window whose whole time was an outage is first given its length again.
        """
        # By itself: the deed takes other locks, and takes seconds; nobody shall wait for the window's row meanwhile.
        async with self._house.database.transaction() as connection:
            await windows.make_good(connection, window_id(ref.season, ref.area, ref.stage))
        async with self._house.database.transaction() as connection:
            season = await live(connection, ref.season)
            done = await _done(PREPARE, connection, season, ref)
        return await started(self._house, ref.season, done)

    @activity.defn(name="conclude_stage")
    async def conclude(self, ref: StageRef) -> Counted:
        """What follows from a closed window: drafts lapse, ballots are tallied, the silent are decided upon.

        Nothing follows from one that was opened again meanwhile: its next close is concluded.
        """
        async with self._house.database.transaction() as connection:
            season = await live(connection, ref.season)
            window = window_id(ref.season, ref.area, ref.stage)
            if not await reopening.is_over(connection, window):
                return Counted()
            done = await _done(CONCLUDE, connection, season, ref)
            await reopening.concluded(connection, window)
        return await started(self._house, ref.season, done)

    @activity.defn(name="send_reminders")
    async def remind(self, ref: ReminderRef) -> Counted:
        """Plan the reminders that are due now; those overdue to one audience are merged, the stale dropped."""
        async with self._house.database.transaction() as connection:
            found, now = await windows.row(connection, ref.window)
            if ref.revision not in (None, found["revision"]):
                # Moved while nobody was here to hear it: the new date goes out first, and by the new plan then.
                return Counted(moved=True)
            if found["state"] not in ("open", "scheduled"):
                return Counted()
            season = await live(connection, found["season_id"])
            plan = [PlannedReminder.model_validate(r) for r in found["reminders"]]
            # The timer's instant counts where the database's clock is a little behind it.
            due = reminders.due(plan, max(now, ref.at), set(ref.sent))
            counts: dict[str, int] = {}
            queued: list[str] = []
            for line in due.send:
                if line.to == "judges_silent":
                    ref_stage = StageRef(season=season.id, stage=found["stage"], area=found["area"])
                    done = await REPLACE_SILENT(connection, season, ref_stage)
                    counts.update(done.counts)
                    queued.extend(done.campaigns)
                    continue
                campaign = f"{ref.window}/{line.template}/{line.at:%Y%m%dT%H%M%S}"
                count = await campaigns.plan(
                    connection,
                    campaign,
                    season.id,
                    line.template,
                    line.to,
                    window=ref.window,
                    area=found["area"],
                    useful_until=line.useful_until,
                    any_hour=line.any_hour,
                )
                counts[line.template] = count
                if count:
                    queued.append(campaign)
        return await started(self._house, season.id, Counted(counts=counts, campaigns=tuple(queued)))

    @activity.defn(name="announce_change")
    async def announce(self, ref: WindowRef) -> Counted:
        """Tell the present close of a window to everyone who was told another one: once for each."""
        async with self._house.database.transaction() as connection:
            found, _ = await windows.row(connection, ref.window)
            queued, count = await tell_change(connection, found)
        return await started(self._house, found["season_id"], Counted(counts={"told": count}, campaigns=queued))

    @activity.defn(name="extend_window")
    async def extend(self, command: Extend) -> Outcome:
        """Carry out an extension, once."""
        return await self._steer(command)

    @activity.defn(name="close_window_now")
    async def close_now(self, command: CloseNow) -> Outcome:
        """Close early, once."""
        return await self._steer(command)

    @activity.defn(name="reopen_window")
    async def reopen(self, command: Reopen) -> Outcome:
        """Reopen, once."""
        return await self._steer(command)

    @activity.defn(name="pause_window")
    async def pause(self, command: PauseWindow) -> Outcome:
        """Pause, once."""
        return await self._steer(command)

    @activity.defn(name="resume_window")
    async def resume(self, command: ResumeWindow) -> Outcome:
        """Resume, once."""
        return await self._steer(command)

    async def _steer(self, command: Extend | CloseNow | Reopen | PauseWindow | ResumeWindow) -> Outcome:
        async with self._house.database.transaction() as connection:
            return await windows.steer(connection, command)


async def _done(deeds: Mapping[str, Deed], connection: AsyncConnection, season: LiveSeason, ref: StageRef) -> Counted:
    """What comes of the deed for this kind of stage, if there is one."""
    deed = deeds.get(season.file.stage(ref.stage).kind)
    return await deed(connection, season, ref) if deed else Counted()
