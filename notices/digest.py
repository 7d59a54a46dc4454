"""Several notices to one person as one mail: one greeting, each notice under its own heading, one signature."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from notices.render import Words

_MORE = {"en": "{subject} – and {n} more", "zh": "{subject}（另有{n}项）"}


def together(several: Sequence[Words], language: str) -> Words:
    """The notices in one, in their order; one alone stays as it is.

    What all of them begin and end with is said once: the greeting and the signature of their frame.
    """
    if len(several) == 1:
        return several[0]
    bodies = [words.body.rstrip("\n").split("\n") for words in several]
    begin = _shared(bodies)
    end = _shared([lines[begin:][::-1] for lines in bodies])
    first = bodies[0]
    parts = ["\n".join(first[:begin]).strip("\n")] if begin else []
    for words, lines in zip(several, bodies, strict=True):
        own = "\n".join(lines[begin : len(lines) - end]).strip("\n")
        parts.append(f"## {words.subject}\n\n{own}" if own else f"## {words.subject}")
    if end:
        parts.append("\n".join(first[len(first) - end :]).strip("\n"))
    pattern = _MORE["zh" if language.startswith("zh") else "en"]
    subject = pattern.format(subject=several[0].subject, n=len(several) - 1)
    return Words(subject, "\n\n".join(part for part in parts if part) + "\n")


def _shared(texts: Sequence[Sequence[str]]) -> int:
    """How many lines all texts begin with; a text is never used up wholly."""
    least = min(len(lines) for lines in texts) - 1
    return sum(1 for _ in takewhile(lambda n: len({lines[n] for lines in texts}) == 1, range(least)))
