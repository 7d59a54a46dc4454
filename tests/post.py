"""A season's mail office for tests: notices are queued and sent at instants of the test's own, over a real socket."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from activities.house import Breaker, House
from activities.mail import MailDeeds
from models.results import CampaignRef, Sending
from notices.transport import SmtpTransport
from records import campaigns
from records.campaigns import Recipient
from records.database import Database, at_instant
from tests.smtp_server import Server

SEASON = "small-2024"
CAMPAIGN = f"{SEASON}/trouble"
START = datetime(2024, 5, 8, 2, tzinfo=UTC)


class Post:
    """A season's mail, with a server in the way, at instants of the test's own."""

    def __init__(self, database: Database, server: Server, transport: SmtpTransport) -> None:
        self.database, self.server = database, server
        breaker = Breaker(first=0.001, longest=0.004)
        self.house = House(
            database, transport, sender="office@example.org", public_url="https://example.org", breaker=breaker
        )

    async def queue(self, *names: str, useful_until: datetime | None = None, campaign: str = CAMPAIGN) -> None:
        """Queue a notice to each."""
        with at_instant(START):
            async with self.database.transaction() as connection:
                await campaigns.plan(
                    connection,
                    campaign,
                    SEASON,
                    "season_cancelled",
                    [Recipient(await self.person(name), "en") for name in names],
                    useful_until=useful_until,
                )

    async def queue_for(self, person: int, campaign: str) -> None:
        """Queue one notice to a person."""
        async with self.database.transaction() as connection:
            await campaigns.plan(connection, campaign, SEASON, "season_cancelled", [Recipient(person, "en")])

    async def person(self, name: str) -> int:
        """The id of the person of this name; a new one where there is none."""
        found = await self.database.at_once(
            """INSERT INTO people (email, name, language, created_at)
               VALUES (:name || '@example.org', :name, 'en', clock_timestamp())
               ON CONFLICT (email) DO UPDATE SET name = excluded.name RETURNING id""",
            name=name,
        )
        return int(found[0]["id"])

    async def send(self, after: timedelta = timedelta(0), campaign: str = CAMPAIGN) -> Sending:
        """One batch, this long after the notices were queued."""
        with at_instant(START + after):
            return await MailDeeds(self.house).send_batch(CampaignRef(campaign=campaign, season=SEASON))

    async def stands(self, campaign: str = CAMPAIGN) -> dict[str, tuple[str, str | None, bool]]:
        """State, answer and whether it may have come twice, for each person's notice."""
        found = await self.database.at_once(
            """SELECT p.name, d.state, d.answer, d.possibly_twice FROM deliveries d JOIN people p ON p.id = d.person_id
               WHERE d.campaign_id = :campaign""",
            campaign=campaign,
        )
        return {row["name"]: (row["state"], row["answer"], row["possibly_twice"]) for row in found}

    def arrived(self) -> list[str]:
        """Who got a mail, in alphabetical order, as often as it came."""
        return sorted(mail[1][0].split("@")[0] for mail in self.server.mails)
