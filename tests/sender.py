"""A mail worker's process without Temporal: sends a campaign to its end, batch after batch, unless it is killed."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta

from activities import turns
from activities.house import House
from activities.mail import MailDeeds
from activities.pacing import Pacing
from models.results import CampaignRef
from notices.transport import SmtpTransport
from records.database import Database


async def send(url: str, port: int, season: str, campaign: str, lanes: int, lease: float) -> None:
    """Until nothing is left."""
    turns.LEASE = timedelta(seconds=lease)
    database = Database(url)
    async with SmtpTransport("127.0.0.1", port, connections=lanes) as transport:
        house = House(
            database, transport, sender="office@example.org", public_url="https://example.org", lanes=lanes,
            pacing=Pacing(300),
        )  # fmt: skip
        while (done := await MailDeeds(house).send_batch(CampaignRef(campaign=campaign, season=season))).left:
            if done.retry_after:
                await asyncio.sleep(0.1)
    await database.close()


if __name__ == "__main__":
    address, smtp, of, named, connections, seconds = sys.argv[1:]
    asyncio.run(send(address, int(smtp), of, named, int(connections), float(seconds)))
