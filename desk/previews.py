"""How a notice reads: with the values of a real entry, or with invented ones."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from activities.composing import context_of
from models.errors import BadInput
from models.text import LANGUAGES
from notices.context import NoticeContext
from notices.html import html_of
from notices.render import Words, render, template_names
from notices.sample import sample
from records.database import Database
from records.reading.previews import as_delivery
from records.seasons import live


class Preview(NamedTuple):
    """One notice in one language, with its HTML. `invented`: names of the values that no entry has or had."""

    template: str
    language: str
    words: Words
    own: bool
    invented: tuple[str, ...]


async def preview(
    database: Database, season: str, template: str, language: str, *, entry: str = "", url: str = ""
) -> Preview:
    """A notice of a season as it would be sent: to an entry's applicant, or with invented values.

    What the entry cannot give (a prize, a reason) is invented. Raises BadInput for an unknown template or language,
    NotFound for an unknown season or entry.
    """
    if template not in template_names():
        raise BadInput(
            "template.unknown", f"TEMPLATE: '{template}' is no notice.", "`season notices templates` lists them."
        )
    if language not in LANGUAGES:
        raise BadInput("language.unknown", f"--lang: '{language}' is no language here.", "Use en or zh.")
    async with database.statement() as connection:
        found = await live(connection, season)
    context = sample(template)
    invented = tuple(sorted(context.data))
    if entry:
        delivery = (await as_delivery(database, season, template, entry))._replace(language=language)
        context = _with(context, context_of(found, delivery, url))
    else:
        context = replace(context, season_name=found.file.name)
    own = template in found.file.words and found.file.words[template].of(language) is not None
    words = render(template, language, context, found.file.words)
    name = found.file.name.in_language(language)
    html = html_of(words, language, name, (context.link, context.unsubscribe))
    return Preview(template, language, words._replace(html=html), own, invented)


def _with(invented: NoticeContext, real: NoticeContext) -> NoticeContext:
    """The real values, and the invented ones where the entry has none."""
    return replace(
        invented,
        **{name: value for name, value in vars(real).items() if name != "data" and value is not None and value != ""},
    )
