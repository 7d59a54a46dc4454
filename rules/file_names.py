"""Names of uploaded files: what of them is shown, and given to whoever downloads. A name never becomes a path."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 200
"""Characters of a name, its ending included."""

_DEVICES = frozenset({"CON", "PRN", "AUX", "NUL"} | {f"{port}{n}" for port in ("COM", "LPT") for n in "123456789¹²³"})
"""What Windows takes for a device, whatever ending follows."""

_FORBIDDEN = re.compile(r'[<>:"|?*]')


def clean(name: str, ending: str) -> str:
    """A file's name without its path and tricks, with the ending of what it really is (such as `.pdf`).

    Letters of every script and signs like emoji stay. Control characters, marks that turn the direction of writing,
    leading and trailing dots and spaces, and what systems take for devices or streams do not. Cleaning a cleaned name
    changes nothing.
    """
    last = re.split(r"[/\\]", name)[-1]
    shown = "".join(" " if unicodedata.category(c).startswith("Z") else c for c in last if _is_shown(c))
    shown = _trimmed(_FORBIDDEN.sub("_", unicodedata.normalize("NFC", shown)))
    stem = shown[: len(shown) - len(ending)] if shown.lower().endswith(ending) else shown
    stem = _trimmed(_trimmed(stem)[: LONGEST - len(ending)])
    if stem.partition(".")[0].strip().upper() in _DEVICES:
        stem = f"_{stem}"[: LONGEST - len(ending)]
    return (stem or "document") + ending


def ending_of(name: str) -> str:
    """The ending of a name in small letters, with its dot; empty where there is none."""
    kept = "".join(c for c in name if _is_shown(c)).rstrip(" .")
    _, dot, ending = re.split(r"[/\\]", kept)[-1].rpartition(".")
    return f".{ending.lower()}" if dot else ""


def ascii_of(name: str) -> str:
    """A name for programs that read nothing but ASCII: whatever else stands there becomes `_`."""
    return re.sub(r"[^A-Za-z0-9._ -]", "_", name)


def _is_shown(character: str) -> bool:
    # Everything that Unicode calls "other": control, format (which turns directions), surrogates, private, unassigned.
    return not unicodedata.category(character).startswith("C")


def _trimmed(text: str) -> str:
    return " ".join(text.split()).strip(" .")
