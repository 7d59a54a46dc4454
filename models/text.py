"""Bilingual texts."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")


class Text(BaseModel):
    """What people see, in English and Chinese."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    en: str
    zh: str

    def in_language(self, language: str) -> str:
        """The text in `zh` for any Chinese language tag, else in English."""
        return self.zh if language.startswith("zh") else self.en


def both(en: str, zh: str) -> Text:
    """The same in English and in Chinese."""
    return Text(en=en, zh=zh)
