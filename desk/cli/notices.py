"""`season notices …`: mail held and released, campaigns to be seen, the outbox, and test mails."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from desk.cli.addresses import notices
from desk.cli.options import (
    Actor,
    Data,
    Json,
    Lang,
    Reason,
    SeasonArg,
    language,
    put_json,
    read,
    settings_of,
    steer,
    the_season,
    words_for,
    words_in,
)
from desk.cli.tables import put

if TYPE_CHECKING:
    from desk.client import Desk
    from desk.words import Words
    from models.views import CampaignDetail, CampaignView, SentView
    from records.database import Database
    from records.holding import Acted

All = Annotated[bool, typer.Option("--all", help="All seasons, those that start later too.")]
CampaignArg = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Id of the campaign.")]
Person = Annotated[int, typer.Option("--person", metavar="ID", help="The person's number.")]
About = Annotated[
    str, typer.Option("--about", metavar="SUBJECT", help="What it is about, where one person gets several.")
]
_HEADS = ("CAMPAIGN", "STATE", "PLANNED", "SENT", "FAILED", "SKIPPED", "WAITING", "OUTBOX", "TWICE")


def register(app: typer.Typer) -> None:
    """The commands are in the group already: there is nothing to add to the app."""


def _which(season: str | None, every: bool) -> None:
    from models.errors import BadInput

    if season and every:
        raise BadInput("season.both", f"--all: season '{season}' is named too.", "Name a season, or say --all.")


@notices.command("hold")
def hold(
    season: SeasonArg = None, every: All = False, reason: Reason = "", actor: Actor = "ops", as_json: Json = False,
    lang: Lang = None, data: Data = None,
) -> None:  # fmt: skip
    """Stop all outgoing mail of a season, or of all, between two mails. Links that sign people in still go out.

    Examples:

        season notices hold cotiec-2024 --reason "the date in the notice is wrong"

        season notices hold --all --reason "the mail server is being moved"
    """
    from records import holding

    _which(season, every)

    async def deed(database: Database) -> Acted:
        found = None if every else await the_season(database, season)
        return await holding.hold(database, found, actor=actor, reason=reason)

    _say(read(data, deed), "ncs_done_hold", "ncs_done_held_already", as_json, lang)


@notices.command("release")
def release(
    season: SeasonArg = None, every: All = False, reason: Reason = "", actor: Actor = "ops", as_json: Json = False,
    lang: Lang = None, data: Data = None,
) -> None:  # fmt: skip
    """Let held mail go on: what is still useful is sent, what is not is left out and says so.

    Examples:

        season notices release cotiec-2024 --reason "the date was put right"
    """
    _which(season, every)

    async def deed(desk: Desk) -> Acted:
        from desk import mailing

        found = None if every else await the_season(desk.database, season)
        return await mailing.release(desk, found, actor=actor, reason=reason)

    _say(steer(data, deed), "ncs_done_release", "ncs_done_not_held", as_json, lang)


def _say(acted: Acted, done: str, already: str, as_json: bool, lang: str | None) -> None:
    if as_json:
        put_json({**acted._asdict(), "campaigns": [name for _, name in acted.campaigns]})
        return
    words = words_in(lang)
    typer.echo(words.label(done if acted.changed else already))
    if acted.held_by_all:
        typer.echo(words.label("ncs_done_still_all"))
    elif acted.changed:
        typer.echo(words.label("ncs_sign_in"))


@notices.command("campaigns")
def campaigns(season: SeasonArg = None, as_json: Json = False, lang: Lang = None, data: Data = None) -> None:
    """List the newest campaigns of a season: planned, sent, failed, left out, waiting, possibly twice.

    Examples:

        season notices campaigns

        season notices campaigns cotiec-2024 --json
    """
    _list(season, None, "ncs_no_campaigns", as_json, lang, data)


@notices.command("outbox")
def outbox_(season: SeasonArg = None, as_json: Json = False, lang: Lang = None, data: Data = None) -> None:
    """List the campaigns that wait in the outbox until somebody has read and sent them.

    Examples:

        season notices outbox cotiec-2024
    """
    _list(season, "waiting", "ncs_no_outbox", as_json, lang, data)


def _list(season: str | None, state: str | None, none: str, as_json: bool, lang: str | None, data: Path | None) -> None:
    from records.reading import campaigns as reading

    async def deed(database: Database) -> tuple[tuple[CampaignView, ...], Words]:
        name = await the_season(database, season)
        return await reading.campaigns(database, name, state=state), await words_for(database, name, lang)

    found, words = read(data, deed)
    if as_json:
        put_json(found)
    elif found:
        put(_HEADS, [_line(one, words) for one in found], right=range(2, 9))
    else:
        typer.echo(words.label(none))


def _line(one: CampaignView, words: Words) -> tuple[object, ...]:
    state = words.label(f"ncs_state_{one.state}")
    return one.id, state, one.planned, one.sent, one.failed, one.skipped, one.waiting, one.outbox, one.possibly_twice


@notices.command("show")
def show(campaign: CampaignArg, as_json: Json = False, lang: Lang = None, data: Data = None) -> None:
    """Show a campaign: its figures, why each outcome, and its mails, the troubled ones first.

    Examples:

        season notices show cotiec-2024/EU/registration/opened

        season notices show cotiec-2024/EU/registration/opened --json
    """
    from records.reading import campaigns as reading

    async def deed(database: Database) -> tuple[CampaignDetail, tuple[SentView, ...], Words]:
        season = await reading.season_of(database, campaign)
        found = await reading.campaign(database, season, campaign)
        return found, await reading.mails(database, season, campaign), await words_for(database, season, lang)

    found, mails, words = read(data, deed)
    if as_json:
        put_json({**found.model_dump(mode="json"), "mails": [one.model_dump(mode="json") for one in mails]})
        return
    put(_HEADS, [_line(found, words)], right=range(2, 9))
    typer.echo()
    put(
        ("STATE", "COUNT", "WHY"),
        [(words.label(one.state), one.count, words.answer(one.answer)) for one in found.answers],
        right=(1,),
    )
    typer.echo()
    _put_mails(mails, words)


def _put_mails(mails: tuple[SentView, ...], words: Words) -> None:
    heads = ("PERSON", "TO", "NOTICE", "STATE", "WHEN", "ANSWER")
    lines = [
        (one.person, one.to, words.notice(one.template), words.label(one.state), words.when(one.sent_at or one.queued_at), words.answer(one.answer))
        for one in mails
    ]  # fmt: skip
    if lines:
        put(heads, lines, right=(0,))


@notices.command("person")
def person_(
    person: Annotated[int, typer.Argument(metavar="ID", help="The person's number.")],
    as_json: Json = False,
    lang: Lang = None,
    data: Data = None,
) -> None:
    """Show everything that a person was ever sent, in all seasons, with the mail server's answer.

    Examples:

        season notices person 4711
    """
    from records.reading import campaigns as reading

    async def deed(database: Database) -> tuple[SentView, ...]:
        return await reading.person_notices(database, person)

    found, words = read(data, deed), words_in(lang)
    if as_json:
        put_json(found)
    elif found:
        _put_mails(found, words)
    else:
        typer.echo(words.label("ncs_no_person"))


@notices.command("read")
def read_(
    campaign: CampaignArg, person: Person, about: About = "", as_json: Json = False, lang: Lang = None,
    data: Data = None,
) -> None:  # fmt: skip
    """Read one mail of a campaign as its recipient gets it. Its links ask for a sign-in here.

    Examples:

        season notices read cotiec-2024/EU/registration/opened --person 4711
    """
    from records.outbox import Mail

    language(lang)

    async def deed(database: Database) -> Any:
        from desk.mailing import mail_words
        from records.reading import campaigns as reading

        season = await reading.season_of(database, campaign)
        return await mail_words(database, season, Mail(campaign, person, about), settings_of(data).desk_url())

    words = read(data, deed)
    if as_json:
        put_json({"subject": words.subject, "body": words.body})
    else:
        typer.echo(f"{words.subject}\n\n{words.body}", nl=False)


@notices.command("edit")
def edit(
    campaign: CampaignArg,
    person: Person,
    subject: Annotated[str, typer.Option("--mail-subject", metavar="TEXT", help="The new subject.")],
    body: Annotated[Path, typer.Option("--body-file", metavar="FILE", help="A file with the new text, in UTF-8.")],
    about: About = "",
    actor: Actor = "ops",
    as_json: Json = False,
    lang: Lang = None,
    data: Data = None,
) -> None:
    """Give one mail in the outbox words of its own.

    Examples:

        season notices edit cotiec-2024/EU/registration/opened --person 4711 --mail-subject "For you" --body-file own.txt
    """
    from models.errors import BadInput
    from records import outbox

    try:
        text = body.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput("file.bad", f"--body-file: '{body}' cannot be read as UTF-8 text.", "Check the path.") from error

    async def deed(database: Database) -> None:
        from records.reading import campaigns as reading

        season = await reading.season_of(database, campaign)
        await outbox.edit(database, season, outbox.Mail(campaign, person, about), subject, text, actor=actor)

    read(data, deed)
    _told({"campaign": campaign, "person": person}, words_in(lang).label("ncs_done_edit", person=person), as_json)


@notices.command("send")
def send(
    campaign: CampaignArg, actor: Actor = "ops", as_json: Json = False, lang: Lang = None, data: Data = None
) -> None:
    """Send a campaign that waits in the outbox, once; each mail in its reader's daytime.

    Examples:

        season notices send cotiec-2024/EU/registration/opened
    """

    async def deed(desk: Desk) -> int:
        from desk import mailing
        from records.reading import campaigns as reading

        season = await reading.season_of(desk.database, campaign)
        return await mailing.send(desk, season, campaign, actor=actor)

    count = steer(data, deed)
    _told({"campaign": campaign, "count": count}, words_in(lang).label("ncs_done_send", count=count), as_json)


@notices.command("discard")
def discard(
    campaign: CampaignArg,
    person: Annotated[int | None, typer.Option("--person", metavar="ID", help="The mail to this person alone.")] = None,
    about: About = "",
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept in the log.")] = "",
    actor: Actor = "ops",
    as_json: Json = False,
    lang: Lang = None,
    data: Data = None,
) -> None:
    """Discard a campaign that waits in the outbox, or one mail of it.

    Examples:

        season notices discard cotiec-2024/EU/registration/opened --reason "said by phone"

        season notices discard cotiec-2024/EU/registration/opened --person 4711
    """
    from records import outbox

    async def deed(database: Database) -> int:
        from records.reading import campaigns as reading

        season = await reading.season_of(database, campaign)
        if person is None:
            return await outbox.discard(database, season, campaign, actor=actor, reason=reason)
        await outbox.discard_one(database, season, outbox.Mail(campaign, person, about), actor=actor)
        return 1

    count = read(data, deed)
    _told({"campaign": campaign, "count": count}, words_in(lang).label("ncs_done_discard", count=count), as_json)


@notices.command("test")
def sample_(
    template: Annotated[str, typer.Argument(metavar="TEMPLATE", help="The notice, such as draft_reminder.")],
    season: SeasonArg = None,
    to: Annotated[str, typer.Option("--to", metavar="ADDRESS", help="Where it goes.")] = "",
    actor: Actor = "ops",
    as_json: Json = False,
    lang: Lang = None,
    data: Data = None,
) -> None:
    """Send one notice with invented values through the real mail server; its subject says that it is a test.

    Examples:

        season notices test draft_reminder --to me@example.org --lang zh
    """

    async def deed(database: Database) -> str:
        from desk import mailing

        name = await the_season(database, season)
        return await mailing.send_test(
            settings_of(data), database, name, template, language(lang), to.strip(), actor=actor
        )

    answer, words = read(data, deed), words_in(lang)
    said = words.label("ncs_done_test", notice=words.notice(template), answer=answer)
    _told({"template": template, "to": to, "answer": answer}, said, as_json)


def _told(value: dict[str, object], said: str, as_json: bool) -> None:
    if as_json:
        put_json(value)
    else:
        typer.echo(said)
