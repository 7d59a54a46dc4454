"""A notice as the mail that is handed over: its values, its words, its headers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from activities.dates import calendars
from models.season import SeasonFile
from models.text import Text
from notices.context import NoticeContext
from notices.digest import together
from notices.html import html_of
from notices.message import build, domain_of, message_id
from notices.own_answers import UNSUBSCRIBED
from notices.render import Words, render
from notices.signing import Signer
from records import bounces, channel_work, channels, doors, endorsements, links
from records.campaigns import Claimed
from records.sealing import Seal
from records.seasons import LiveSeason
from rules.urgency import Urgency, urgency_of

_TO_THE_ENTRY = frozenset(
    {"draft_saved", "draft_reminder", "grace_given", "returned_for_correction", "time_kept", "window_reopened"}
)
"""Notices that ask an applicant to work on the own entry: their link opens it without signing in."""

_TO_THE_TASK = frozenset(
    {
        "assignment", "ballot_reminder", "confirm_attendance", "confirm_reminder", "event_confirm", "match_proposed",
        "match_proposed_applicant", "match_reminder", "negotiation_follow_up", "follow_up_due", "follow_up_reminder",
    }
)  # fmt: skip
"""Notices that ask for something in a window: their link leads to just that, without signing in."""


@dataclass(frozen=True)
class Stationery:
    """What the mails of a process are written with.

    `whole` False leaves out HTML, calendar files and signature: for who reads none of them, as a rehearsal.
    `seal` makes the links that need no sign-in; one without a key makes none.
    """

    whole: bool = True
    signer: Signer | None = None
    seal: Seal = field(default_factory=Seal)


def compose(
    season: LiveSeason,
    delivery: Claimed,
    *,
    sender: str,
    public_url: str,
    stationery: Stationery | None = None,
    companions: Sequence[Claimed] = (),
) -> bytes:
    """The mail of one claimed delivery, with what goes in the same mail. Raises BadInput for what makes no mail."""
    stationery = stationery or Stationery()
    several = [delivery, *companions]
    contexts = [context_of(season, one, public_url, stationery.seal) for one in several]
    leave = next((context.unsubscribe for context in contexts if context.unsubscribe), "")
    if companions:  # so that all end alike, and the end is said once
        contexts = [replace(context, unsubscribe=leave or None) for context in contexts]
    words = together(
        [words_of(season.file, one, context) for one, context in zip(several, contexts, strict=True)],
        delivery.language,
    )
    domain, whole = domain_of(sender), stationery.whole
    if whole:
        name = season.file.name.in_language(delivery.language)
        ours = [link for context in contexts for link in (context.link, context.unsubscribe)]
        words = words._replace(html=html_of(words, delivery.language, name, ours))
    return build(
        words,
        sender=sender,
        to_name=delivery.name,
        to_address=delivery.email,
        message_id=message_id(
            delivery.season_id,
            delivery.campaign_id,
            delivery.person_id,
            delivery.subject,
            domain,
            proof=stationery.seal.proof,
        ),
        date=delivery.at,
        language=delivery.language,
        season_id=delivery.season_id,
        campaign_id=delivery.campaign_id,
        calendars=tuple(
            calendar
            for one, context in zip(several, contexts, strict=True)
            for calendar in calendars(
                season, one, context, link=_link(season.id, one, public_url, None), sender=sender, domain=domain
            )
        )
        if whole
        else (),
        # One-click unsubscribing is defined for https alone.
        unsubscribe=leave if leave.startswith("https://") else "",
        signer=stationery.signer if whole else None,
    )


def words_of(file: SeasonFile, delivery: Claimed, context: NoticeContext) -> Words:
    """The words of one delivery: its template's, or those that somebody gave this one in the outbox."""
    if delivery.own_words:
        return Words(delivery.own_words["subject"], delivery.own_words["body"])
    return render(delivery.template, delivery.language, context, file.words)


def not_wanted(delivery: Claimed) -> str:
    """Why the recipient is not sent this notice, though it is due; empty where it is wanted, or always sent."""
    at = delivery.unsubscribed_at
    if at is None or urgency_of(delivery.template) is not Urgency.ROUTINE:
        return ""
    return UNSUBSCRIBED.en.format(on=f"{at:%Y-%m-%d}")


def unsubscribe_address(delivery: Claimed, public_url: str, seal: Seal) -> str:
    """Where the recipient says that routine notices of the season are to stop; empty for what is always sent."""
    if urgency_of(delivery.template) is not Urgency.ROUTINE:
        return ""
    token = links.make(seal, "unsubscribe", delivery.person_id, delivery.season_id, delivery.at)
    return f"{public_url}/unsubscribe/{token}" if token else ""


_UNTITLED = Text(en="Untitled project", zh="未命名项目")
"""What a draft is called that has no title yet."""


def context_of(season: LiveSeason, delivery: Claimed, public_url: str, seal: Seal | None = None) -> NoticeContext:
    """All that a template may name, in the recipient's language. Without `seal` its links ask for a sign-in."""
    file, language = season.file, delivery.language
    area = next((a for a in file.areas if a.code == delivery.area), None)
    track = next((t for t in file.tracks if t.code == delivery.track), None)
    stage = next((s for s in file.stages if s.id == delivery.stage), None)
    return NoticeContext(
        season_name=file.name.in_language(language),
        person_name=delivery.name,
        entry_number=delivery.entry_number,
        entry_title=delivery.entry_title or (_UNTITLED if delivery.entry_id else None),
        area_name=area.name.in_language(language) if area else None,
        track_name=track.name.in_language(language) if track else None,
        stage_name=stage.name.in_language(language) if stage else None,
        window_opens=delivery.opens_at,
        window_closes=delivery.closes_at,
        season_zone=file.zone,
        area_zone=area.zone if area else None,
        own_zone=delivery.zone,
        link=_link(season.id, delivery, public_url, seal),
        unsubscribe=(unsubscribe_address(delivery, public_url, seal) if seal else "") or None,
        data=delivery.data,
    )


def _link(season: str, delivery: Claimed, public_url: str, seal: Seal | None) -> str:
    if seal and delivery.own and delivery.entry_id and delivery.template in _TO_THE_ENTRY:
        token = links.make(seal, "entry", delivery.person_id, delivery.entry_id, delivery.at)
        if token:
            return f"{public_url}/do/{token}"
    if seal and delivery.window_id and delivery.template in _TO_THE_TASK:
        thing = doors.thing_of(delivery.window_id, delivery.entry_id)
        token = links.make(seal, "task", delivery.person_id, thing, delivery.at)
        if token:
            return f"{public_url}/ask/{token}"
    if delivery.entry_number and (delivery.own or delivery.template in (channels.REGISTERED, channel_work.NUDGE)):
        return f"{public_url}/my/{season}/{delivery.entry_number}"
    if delivery.template in (*endorsements.TEMPLATES, bounces.TEMPLATE):
        return f"{public_url}/channel/{season}/{delivery.data['code']}"
    if delivery.entry_number:
        return f"{public_url}/seasons/{season}/entries/{delivery.entry_number}"
    return f"{public_url}/seasons/{season}"
