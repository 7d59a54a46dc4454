"""The mail with a sign-in link, sent straight to the mail server.

Not by way of the table of deliveries: a delivery belongs to a season, which signing in does not; and it would keep the
link, of which nothing but the digest may be kept, readable until the mail worker comes. A mail that is lost is no loss:
one asks again.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import timedelta
from email.utils import parseaddr

import structlog

from models.errors import SeasonkeeperError, Unavailable
from models.text import Text
from notices import message, render
from notices.context import NoticeContext
from notices.signing import Signer
from notices.transport import SmtpTransport, TemporaryRefusal
from records.access import LINK_MINUTES, Link
from workers.settings import Settings

TEMPLATE = "sign_in_link"
AGAIN_SECONDS = (2.0, 15.0)
OFFICE = Text(en="The season office", zh="赛季组委会")
log = structlog.get_logger()


class LinkMail:
    """Mails links by the mail server of the settings; a server that is away is tried again for a while."""

    def __init__(self, settings: Settings, again: Sequence[float] = AGAIN_SECONDS) -> None:
        self._settings, self._again = settings, again
        self._signer = settings.signer()

    async def __call__(self, link: Link, address: str) -> None:
        """Send it. Raises nothing: whoever asked has had the answer, and the log is told, without a name."""
        for pause in (*self._again, None):
            try:
                await self._send(link, address)
                return
            except (Unavailable, TemporaryRefusal) as error:
                if pause is None:
                    self._lost(link, error)
                    return
                await asyncio.sleep(pause)
            except SeasonkeeperError as error:
                self._lost(link, error)
                return

    def _lost(self, link: Link, error: SeasonkeeperError) -> None:
        # Not the server's answer: it may repeat the address.
        log.warning("sign_in.mail_not_sent", person=link.person_id, error=error.code)

    async def _send(self, link: Link, address: str) -> None:
        settings = self._settings
        host, port = settings.smtp()
        mail = written(link, address, settings.mail_from, self._signer)
        async with SmtpTransport(
            host, port, settings.smtp_username, settings.smtp_password.get_secret_value(), settings.smtp_tls,
            connections=1,
        ) as transport:  # fmt: skip
            await transport.send(settings.mail_from, link.email, mail)


def written(link: Link, address: str, sender: str, signer: Signer | None = None) -> bytes:
    """The mail, in the person's language. Raises BadInput for an address that is none."""
    words = render.render(
        TEMPLATE,
        link.language,
        NoticeContext(
            season_name=OFFICE, person_name=link.name, own_zone=link.zone, link=address,
            data={"expires_at": link.expires_at},
        ),
    )  # fmt: skip
    sender_address = parseaddr(sender)[1] if "<" in sender else sender
    subject = hashlib.sha256(link.token.encode()).hexdigest()
    return message.build(
        words,
        sender=sender,
        to_name=link.name,
        to_address=link.email,
        message_id=message.message_id("office", TEMPLATE, link.person_id, subject, sender_address.rpartition("@")[2]),
        date=link.expires_at - timedelta(minutes=LINK_MINUTES),
        language=link.language,
        season_id="office",
        campaign_id=TEMPLATE,
        signer=signer,
    )
