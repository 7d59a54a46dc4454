"""The list of a channel: ranked while its window is open, signed once, and never afterwards."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from activities.endorsement import conclude_endorsement, prepare_endorsement
from models.errors import SeasonkeeperError
from models.forms import ChannelForm, PersonForm
from models.results import StageRef
from models.season import SeasonFile
from models.views import WindowView
from records import campaigns, channel_work, channels, endorsements, entries, reading
from records.database import Database, at_instant
from records.seasons import live
from rules.season_file import load
from tests.seasons import begin, entry_form

SEASON = "harbour"
FILE = Path(__file__).parents[2] / "seasons" / "examples" / "harbour-2025.yaml"
START = datetime(2031, 3, 3, 1, tzinfo=UTC)


def harbour(unsigned: str) -> SeasonFile:
    file = load(FILE)
    stages = tuple(
        stage.model_copy(update={"unsigned": unsigned}) if stage.kind == "endorsement" else stage
        for stage in file.stages
    )
    return file.model_copy(update={"stages": stages})


class Office:
    """A channel with three submitted entries in one area, and one in another, once registration is over."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ids: list[int] = []
        self.window: WindowView

    async def build(self, unsigned: str = "keep") -> Office:
        await begin(self.database, START, season=SEASON, file=harbour(unsigned), open_now=True)
        with at_instant(START + timedelta(days=1)):
            for code in ("A", "B"):
                contact = PersonForm(email=f"{code}@example.org", name=f"Contact of {code}")
                form = ChannelForm(code=code, name=f"Office {code}", contact=contact)
                await channels.add_channel(self.database, SEASON, form)
            for n, area in enumerate(("SUZ", "SUZ", "SUZ", "LON", "SUZ")):
                form = entry_form(n, area=area, track="FOOD")
                entry = await entries.draft(self.database, SEASON, form, channel="A" if n < 4 else "B")
                await entries.submit(self.database, entry)
                self.ids.append(entry)
        found = await reading.windows(self.database, SEASON)
        self.window = next(w for w in found if w.kind == "endorsement" and w.area == "SUZ")
        return self

    @property
    def mine(self) -> list[int]:
        return self.ids[:3]

    async def put(
        self, ranking: list[int], signer: str | None = None, *, minutes: int = 5, code: str = "A"
    ) -> datetime:
        with at_instant(self.window.opens_at + timedelta(minutes=minutes)):
            return await endorsements.put(self.database, SEASON, code, self.window.id, ranking, signer=signer)

    async def refused(self, ranking: list[int], signer: str | None = None, **more: int) -> str:
        with pytest.raises(SeasonkeeperError) as error:
            await self.put(ranking, signer, **more)
        return error.value.code

    async def shown(self) -> endorsements.ChannelList:
        with at_instant(self.window.closes_at + timedelta(hours=1)):
            found = await endorsements.of_channel(self.database, SEASON, "A")
        return next(one for one in found if one.window == self.window.id)

    async def unsigned(self) -> list[str]:
        """To whom a reminder would go out now."""
        async with self.database.transaction() as connection:
            campaign, template = f"{self.window.id}/x", endorsements.REMINDER
            await campaigns.plan(
                connection, campaign, SEASON, template, "channels_unsigned", window=self.window.id, area="SUZ"
            )
        found = await self.database.at_once(
            "SELECT data->>'code' AS code FROM deliveries WHERE campaign_id = :campaign ORDER BY 1", campaign=campaign
        )
        return [row["code"] for row in found]

    async def conclude(self) -> dict[str, int]:
        ref = StageRef(season=SEASON, stage=self.window.stage, area="SUZ")
        with at_instant(self.window.closes_at):
            async with self.database.transaction() as connection:
                return dict((await conclude_endorsement(connection, await live(connection, SEASON), ref)).counts)


async def test_a_list_is_ranked_often_and_signed_once(database: Database) -> None:
    office = await Office(database).build()
    one, two, three = office.mine
    await office.put([three, one, two])
    await office.put([two, one, three])
    signed = await asyncio.gather(
        office.put([two, three, one], "Wang"), office.put([one, two, three], "Li"), return_exceptions=True
    )
    done = [at for at in signed if isinstance(at, datetime)]
    assert len(done) == 1
    ranking, who = ([two, three, one], "Wang") if signed[0] == done[0] else ([one, two, three], "Li")
    for signer in (None, "Zhao"):
        assert await office.refused([three, two, one], signer, minutes=9) == "list.signed"
    found = await office.shown()
    assert ([e.id for e in found.entries], found.signed_by, found.signed_at) == (ranking, who, done[0])
    lines = await database.at_once("SELECT actor, data FROM log WHERE event = 'endorsement.signed'")
    assert [(x["actor"], x["data"]["count"]) for x in lines] == [("channel/A", 3)]
    # What happens to an entry afterwards changes nothing in the list.
    await entries.withdraw(database, two, reason="no more")
    assert [e.id for e in (await office.shown()).entries] == ranking
    ledger = await channel_work.ledger(database, SEASON, "A")
    assert [(await reading.entry(database, line.entry)).id for line in sorted(ledger, key=lambda x: x.rank or 9)][
        :3
    ] == ranking


async def test_a_list_holds_each_entry_of_the_channel_once_and_no_other(database: Database) -> None:
    office = await Office(database).build()
    one, two, three = office.mine
    for wrong in ([one, two], [one, two, three, office.ids[3]], [one, two, office.ids[4]], []):
        assert await office.refused(wrong, "Wang") == "list.entries"
    assert await office.refused([one, one, two]) == "list.twice"
    assert (await office.shown()).signed_at is None
    # A channel has another list in each area in which it has entries.
    with at_instant(office.window.closes_at):
        assert [(x.area, len(x.entries)) for x in await endorsements.of_channel(database, SEASON, "A")] == [
            ("LON", 1), ("SUZ", 3),
        ]  # fmt: skip


async def test_nothing_is_signed_before_the_opening_or_from_the_close_on(database: Database) -> None:
    office = await Office(database).build()
    length = office.window.closes_at - office.window.opens_at
    minutes = int(length / timedelta(minutes=1))
    assert await office.refused(office.mine, "Wang", minutes=-1) == "window.not_open"
    assert await office.refused(office.mine, "Wang", minutes=minutes) == "window.closed"
    assert await office.put(office.mine, "Wang", minutes=minutes - 1)


@pytest.mark.parametrize("unsigned", ["keep", "sign_as_is"])
async def test_what_nobody_signed_is_decided_by_the_season_files_rule(database: Database, unsigned: str) -> None:
    office = await Office(database).build(unsigned)
    one, two, three = office.mine
    with at_instant(office.window.opens_at):
        async with database.transaction() as connection:
            ref = StageRef(season=SEASON, stage=office.window.stage, area="SUZ")
            told = await prepare_endorsement(connection, await live(connection, SEASON), ref)
    assert told.counts == {"channels": 2}
    await office.put([three, one, two])
    await office.put([office.ids[4]], "Wang", code="B")
    assert await office.unsigned() == ["A"]
    assert await office.conclude() == {"signed": 1, "unsigned": 1}
    found = await office.shown()
    kept = unsigned == "keep"
    assert (found.signed_by, found.signed_at) == ((None, None) if kept else ("rule", office.window.closes_at))
    assert [e.id for e in found.entries] == [three, one, two]
    assert await office.conclude() == ({"signed": 1, "unsigned": 1} if kept else {"signed": 2, "unsigned": 0})
    if not kept:
        assert await office.refused([one, two, three], "Wang") == "list.signed"
