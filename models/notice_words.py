"""Words of a season's own for a notice, in place of the ones that come with the product."""

from __future__ import annotations

from pydantic import Field

from models.part import Part


class OwnWords(Part):
    """Subject and body of a notice in one language, as a template: the values are those of the notice that it replaces."""

    subject: str = Field(min_length=1, max_length=300)
    body: str = Field(min_length=1, max_length=20_000)


class NoticeWords(Part):
    """The words of one notice; a language that is left out keeps the usual ones."""

    en: OwnWords | None = None
    zh: OwnWords | None = None

    def of(self, language: str) -> OwnWords | None:
        """The words for any tag of a language: Chinese ones, else English ones."""
        return self.zh if language.startswith("zh") else self.en
