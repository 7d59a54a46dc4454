"""Takes the small season of the tests through its stages, deed by deed, at instants of its own year."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from activities.deeds import Deed
from activities.stages import AT_ONCE, CONCLUDE, PREPARE
from models.forms import JudgeForm, PersonForm
from models.results import Counted, StageRef
from models.season import SeasonFile
from records import entries, judging, windows
from records.database import Database, at_instant, rows
from records.seasons import live, window_id
from tests.seasons import begin, entry_form

SEASON = "small-2024"
POINTS = {"tech": 50, "plan": 30}


def day(month: int, number: int, hour: int = 0) -> datetime:
    """An instant of the season's year, in UTC."""
    return datetime(2024, month, number, hour, tzinfo=UTC)


MAY, REVIEW, DEFENCE, NOTICE, CONFIRMATION = day(5, 1), day(6, 8), day(6, 22), day(6, 28), day(7, 4)
AFTER = {
    "registration": day(5, 31, 20), "screening": day(6, 5, 20), "review": day(6, 16, 20), "defence": day(6, 25, 20),
    "notice": day(7, 2, 20), "confirmation": day(7, 6, 20), "exhibition": day(7, 10, 20), "finals": day(7, 16, 20),
}  # fmt: skip
"""An instant after each window's close, and before the next one opens."""


class Course:
    """The season of one test. `entries` are in the order in which they were made."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.entries: list[int] = []
        self.judges: list[int] = []

    async def begin(self, *, file: SeasonFile | None = None) -> Course:
        await begin(self.database, day(4, 1), file=file)
        return self

    async def register(self, count: int, *, area: str = "EU", track: str = "LH", **more: object) -> list[int]:
        """Submitted entries, each of an applicant of its own."""
        made = []
        with at_instant(MAY):
            for number in range(len(self.entries) + 1, len(self.entries) + count + 1):
                form = entry_form(number, area=area, track=track, **more)
                made.append(await entries.draft(self.database, SEASON, form))
                await entries.submit(self.database, made[-1])
        self.entries += made
        return made

    async def invite_judges(self, count: int, *, area: str | None = "EU", **more: Any) -> list[int]:
        """New judges of an area."""
        made = []
        with at_instant(MAY):
            for number in range(len(self.judges), len(self.judges) + count):
                person = PersonForm(email=f"judge-{number}@example.org", name=f"Judge {number}")
                form = JudgeForm(person=person, area=area, **more)
                made.append(await judging.add_judge(self.database, SEASON, form))
        self.judges += made
        return made

    async def do(self, deed: Deed, stage: str, at: datetime, area: str | None = "EU") -> Counted:
        """One deed, as its activity does it."""
        with at_instant(at):
            async with self.database.transaction() as connection:
                season = await live(connection, SEASON)
                return await deed(connection, season, StageRef(season=SEASON, stage=stage, area=area))

    async def prepare(self, stage: str, at: datetime, area: str | None = "EU") -> Counted:
        return await self.do(PREPARE[await self._kind(stage)], stage, at, area)

    async def close(self, stage: str, area: str | None = "EU") -> Counted:
        """Close the window after its time and conclude the stage."""
        with at_instant(AFTER[stage]):
            async with self.database.transaction() as connection:
                assert (await windows.close_window(connection, window_id(SEASON, area, stage))).closed
        return await self.conclude(stage, area)

    async def conclude(self, stage: str, area: str | None = "EU") -> Counted:
        return await self.do(CONCLUDE[await self._kind(stage)], stage, AFTER[stage], area)

    async def at_once(self, stage: str, at: datetime, area: str | None = "EU") -> Counted:
        return await self.do(AT_ONCE[await self._kind(stage)], stage, at, area)

    async def to_review(self) -> None:
        """Registration and screening are over; judges have their entries."""
        await self.close("registration")
        await self.prepare("screening", day(6, 1))
        await self.close("screening")
        await self.prepare("review", day(6, 6))

    async def to_notice(self) -> None:
        """The list of the selected is shown: one ballot each was cast for entries, the first the best."""
        await self.to_review()
        await self.cast_all("review", REVIEW)
        await self.close("review")
        await self.at_once("shortlist", AFTER["review"])
        await self.prepare("defence", day(6, 20))
        await self.cast_all("defence", DEFENCE)
        await self.close("defence")
        await self.at_once("selection", AFTER["defence"])
        await self.prepare("notice", day(6, 27))

    async def to_confirmation(self) -> None:
        """The selected are asked to confirm."""
        await self.to_notice()
        await self.close("notice")
        await self.prepare("confirmation", day(7, 3), None)

    async def cast_all(self, stage: str, at: datetime) -> None:
        """Every ballot of a round: earlier entries get more points."""
        for task in await self.rows(
            "SELECT id, entry_id FROM assignments WHERE stage = :s AND state = 'active'", s=stage
        ):
            with at_instant(at):
                points = {"tech": 60 - self.entries.index(task["entry_id"]), "plan": 30}
                await judging.cast_ballot(self.database, task["id"], points)

    async def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        async with self.database.statement() as connection:
            return await rows(connection, sql, **values)

    async def column(self, sql: str, **values: Any) -> list[Any]:
        """The first column of each row."""
        return [next(iter(row.values())) for row in await self.rows(sql, **values)]

    async def states(self) -> list[str]:
        """The state of each entry, in the order in which they were made."""
        return await self.column("SELECT state FROM entries ORDER BY id")

    async def everything(self) -> dict[str, list[Any]]:
        """All that deeds may write, to see that a second time changes nothing."""
        tables = (
            "entries", "assignments", "ballots", "sessions", "slots", "tallies", "selections", "objections",
            "invitations", "awards", "deliveries", "campaigns", "log",
        )  # fmt: skip
        return {
            table: sorted(str(row) for row in await self.rows(f"SELECT to_jsonb(t) AS row FROM {table} t"))
            for table in tables
        }

    async def _kind(self, stage: str) -> str:
        async with self.database.transaction() as connection:
            return (await live(connection, SEASON)).file.stage(stage).kind
