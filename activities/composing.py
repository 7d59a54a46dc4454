"""A notice as the mail that is handed over: its values, its words, its headers."""

from __future__ import annotations

from models.text import Text
from notices.context import NoticeContext
from notices.message import build, message_id
from notices.render import render
from records import channel_work, channels, endorsements
from records.campaigns import Claimed
from records.seasons import LiveSeason


def compose(season: LiveSeason, delivery: Claimed, *, sender: str, public_url: str) -> bytes:
    """The mail of one claimed delivery. Raises BadInput for words or an address that make no mail."""
    context = context_of(season, delivery, public_url)
    words = render(delivery.template, delivery.language, context)
    domain = sender.rsplit("@", 1)[-1].strip("> ")
    return build(
        words,
        sender=sender,
        to_name=delivery.name,
        to_address=delivery.email,
        message_id=message_id(delivery.season_id, delivery.campaign_id, delivery.person_id, delivery.subject, domain),
        date=delivery.at,
        language=delivery.language,
        season_id=delivery.season_id,
        campaign_id=delivery.campaign_id,
    )


_UNTITLED = Text(en="Untitled project", zh="未命名项目")
"""What a draft is called that has no title yet."""


def context_of(season: LiveSeason, delivery: Claimed, public_url: str) -> NoticeContext:
    """All that a template may name, in the recipient's language."""
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
        link=_link(season.id, delivery, public_url),
        data=delivery.data,
    )


def _link(season: str, delivery: Claimed, public_url: str) -> str:
    if delivery.entry_number and (delivery.own or delivery.template in (channels.REGISTERED, channel_work.NUDGE)):
        return f"{public_url}/my/{season}/{delivery.entry_number}"
    if delivery.template in endorsements.TEMPLATES:
        return f"{public_url}/channel/{season}/{delivery.data['code']}"
    if delivery.entry_number:
        return f"{public_url}/seasons/{season}/entries/{delivery.entry_number}"
    return f"{public_url}/seasons/{season}"
