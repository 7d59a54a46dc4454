"""Acts on outgoing mail that wake who waits for them, and the mail that tests a template."""

from __future__ import annotations

from contextlib import suppress
from uuid import uuid4

from temporalio.service import RPCError

from activities.composing import context_of, words_of
from desk.client import Desk
from models.errors import BadInput
from models.text import both
from notices import message
from notices.html import html_of
from notices.render import Words, render, template_names
from notices.sample import sample
from notices.transport import SmtpTransport
from records import holding, outbox
from records.database import Database, clock_of
from records.holding import Acted
from records.log import Line, write
from records.outbox import Mail
from records.reading.campaigns import one_mail
from records.seasons import live
from workers.settings import Settings

_TEST = both("[Test] ", "[测试] ")


async def release(desk: Desk, season: str | None, *, actor: str, reason: str) -> Acted:
    """Let held mail go on, and wake the campaigns that slept. Raises BadInput, NotFound."""
    acted = await holding.release(desk.database, season, actor=actor, reason=reason)
    for one, campaign in acted.campaigns:
        await _wake(desk, one, campaign)
    return acted


async def send(desk: Desk, season: str, campaign: str, *, actor: str) -> int:
    """Release a campaign from the outbox and let it send: how many mails. Raises NotFound, Refused."""
    count = await outbox.send(desk.database, season, campaign, actor=actor)
    await _wake(desk, season, campaign)
    return count


async def _wake(desk: Desk, season: str, campaign: str) -> None:
    # Where nobody answers, the sweep finds what waits.
    with suppress(RPCError):
        await desk.send(season, campaign)


async def mail_words(database: Database, season: str, mail: Mail, url: str) -> Words:
    """The words of one mail as its recipient gets them; links ask for a sign-in. Raises NotFound."""
    claimed = await one_mail(database, season, mail)
    async with database.statement() as connection:
        found = await live(connection, season)
    return words_of(found.file, claimed, context_of(found, claimed, url))


async def send_test(
    settings: Settings, database: Database, season: str, template: str, language: str, address: str, *, actor: str
) -> str:
    """Send one notice with invented values through the real mail server; what it answered.

    It is no delivery of anybody; the log keeps that it was sent, not to whom. Raises BadInput, NotFound, Unavailable,
    and what the server refused.
    """
    if template not in template_names():
        raise BadInput(
            "template.unknown", f"TEMPLATE: '{template}' is no notice.", f"There are {', '.join(template_names())}."
        )
    if "@" not in address:
        raise BadInput("address.bad", f"--to: '{address}' is no mail address.", "Write it as name@example.org.")
    async with database.statement() as connection:
        found = await live(connection, season)
        at = await clock_of(connection)
    context = sample(template)
    words = render(template, language, context, found.file.words)
    name = found.file.name.in_language(language)
    words = words._replace(html=html_of(words, language, name, (context.link, context.unsubscribe)))
    mail = message.build(
        Words(f"{_TEST.in_language(language)}{words.subject}", words.body, words.html),
        sender=settings.mail_from,
        to_name="",
        to_address=address,
        message_id=f"<test.{uuid4().hex}@{message.domain_of(settings.mail_from)}>",
        date=at,
        language=language,
        season_id=season,
        campaign_id=f"{season}/test",
        signer=settings.signer(),
    )
    host, port = settings.smtp()
    password = settings.smtp_password.get_secret_value()
    async with SmtpTransport(
        host, port, settings.smtp_username, password, settings.smtp_tls, connections=1
    ) as transport:
        answer = await transport.send(settings.mail_from, address, mail)
    async with database.transaction() as connection:
        line = Line("notices.tested", actor=actor, data={"notice": template, "language": language})
        await write(connection, season, [line], at=await clock_of(connection))
    return answer
