"""The one family of errors. Each has a code, a sentence that a person understands, and a remedy.

The CLI, the API and the pages all show the same `sentence` and `remedy`.
"""

from __future__ import annotations


class SeasonkeeperError(Exception):
    """Base of every error that a person may see.

    Attributes:
        code: stable machine word, such as `window.closed`.
        sentence: what happened, naming the field and the value.
        remedy: what to do about it; may be empty.
    """

    def __init__(self, code: str, sentence: str, remedy: str = "") -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.sentence} {self.remedy}".strip()

    def __reduce__(self) -> tuple[type[SeasonkeeperError], tuple[str, str, str]]:
        return type(self), (self.code, self.sentence, self.remedy)


class Refused(SeasonkeeperError):
    """A rule says no. Nothing was changed. Exit code 1, HTTP 409."""


class NotFound(SeasonkeeperError):
    """The thing named does not exist. Exit code 1, HTTP 404."""


class BadInput(SeasonkeeperError):
    """The input cannot be read or is not well formed. Exit code 2, HTTP 422."""


class NotSignedIn(SeasonkeeperError):
    """Nobody is signed in, or not as what is needed here. HTTP 401; a page sends people to where they sign in.

    Attributes:
        staff: True where the second factor of the season office is needed.
    """

    def __init__(self, code: str, sentence: str, remedy: str = "", staff: bool = False) -> None:
        super().__init__(code, sentence, remedy)
        self.staff = staff


class Forbidden(SeasonkeeperError):
    """Whoever is signed in may not do this. Nothing was changed. HTTP 403."""


class ChangedMeanwhile(Refused):
    """What was to be changed is no longer what was looked at. Nothing was changed. HTTP 412."""


class TooOften(SeasonkeeperError):
    """Too much was asked in too short a time. Nothing was changed. HTTP 429.

    Attributes:
        wait: seconds until it may be asked again.
    """

    def __init__(self, code: str, sentence: str, remedy: str = "", wait: int = 1) -> None:
        super().__init__(code, sentence, remedy)
        self.wait = wait


class Unavailable(SeasonkeeperError):
    """A part of the system does not answer. Nothing was changed. Exit code 1, HTTP 503."""


KINDS: dict[str, type[SeasonkeeperError]] = {kind.__name__: kind for kind in (Refused, NotFound, BadInput, Unavailable)}
