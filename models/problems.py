"""What is wrong with a season file: where, in what words, and what to do about it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from models.text import Text

Severity = Literal["error", "warning"]


class Problem(BaseModel):
    """One thing wrong with a season file. With an error a season cannot start; a warning is for people to judge.

    Attributes:
        line: line of the file, from 1.
        path: the field, with stages and areas by their ids: `stages.review.closes`.
        code: stable machine word, such as `window.backwards`.
        value: what the file says there, where it is a single value.
        sentence: what is wrong, naming the values.
        remedy: what to do about it.
    """

    model_config = ConfigDict(frozen=True)
    severity: Severity
    line: int
    path: str
    code: str
    value: str | None = None
    sentence: Text
    remedy: Text

    def told(self, name: str, language: str = "en") -> str:
        """One line for people: file, line, field, sentence, remedy."""
        field = f" {self.path}:" if self.path else ""
        return f"{name}:{self.line}:{field} {self.sentence.in_language(language)} {self.remedy.in_language(language)}"
