"""PDF files: whether they can be read by everybody, and do nothing but show their pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from zipfile import is_zipfile

from rules.office_files import Unfit

OBJECTS = 300_000
"""Most objects of a file."""

_SCRIPTS = frozenset({"/JS", "/JavaScript", "/XFA"})
_FILES = frozenset({"/EF", "/EmbeddedFiles"})
_ACTS = frozenset({"/JavaScript", "/Launch", "/ImportData", "/Rendition"})
_AT_ONCE = frozenset({"/URI", "/SubmitForm", "/GoToR", "/GoToE"})
"""Acts that are harmless behind a link, and not when the file is opened."""

_TYPES = frozenset({"/EmbeddedFile", "/FileAttachment", "/RichMedia", "/Movie", "/Sound", "/Screen"})
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_AS_IT_STANDS = (
    (re.compile(rb"/(JavaScript|Launch)\b"), "upload.script"),
    (re.compile(rb"/EmbeddedFiles?\b"), "upload.attached"),
)


def is_pdf(content: bytes) -> bool:
    """Whether the content begins as a PDF; white space and a byte order mark may come before."""
    return content[:1024].lstrip(b"\xef\xbb\xbf\x00\t\n\r\f ").startswith(b"%PDF-")


def look(content: bytes) -> None:
    """Look at every object. Raises Unfit: locked, unreadable, with scripts, programs or files inside."""
    from pypdf import PdfReader

    if is_zipfile(BytesIO(content)):
        raise Unfit("upload.packed")
    # Readers differ in what they make of a damaged file: what stands there openly counts, whoever refers to it.
    written = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), content)
    for mark, code in _AS_IT_STANDS:
        if mark.search(written):
            raise Unfit(code)
    try:
        reader = PdfReader(BytesIO(content), strict=False)
        if reader.is_encrypted:
            raise Unfit("upload.locked")
        _root(reader.trailer["/Root"])
        for found in _objects(reader):
            _inside(found)
        if not len(reader.pages):
            raise Unfit("upload.broken")
    except Unfit:
        raise
    # The library raises whatever the damage leads to; each means the same here.
    except Exception:
        raise Unfit("upload.broken") from None


def _objects(reader: Any) -> Iterator[Any]:
    from pypdf.generic import IndirectObject

    known = {number: generation for generation, numbers in reader.xref.items() for number in numbers}
    known.update(dict.fromkeys(reader.xref_objStm, 0))
    if len(known) > OBJECTS:
        raise Unfit("upload.slow")
    yield reader.trailer
    for number, generation in known.items():
        if number:
            yield reader.get_object(IndirectObject(number, generation, reader))


def _root(root: Any) -> None:
    """What is done when the file is opened."""
    act = root.get_object().get("/OpenAction")
    act = act.get_object() if act is not None else None
    if isinstance(act, dict) and str(act.get("/S")) in _AT_ONCE:
        raise Unfit("upload.script")


def _inside(found: Any) -> None:
    """One object, with all that it holds itself; what it refers to is an object of its own."""
    left = [found]
    while left:
        part = left.pop()
        if isinstance(part, dict):
            names = {str(name) for name in part}
            if names & _SCRIPTS or str(dict.get(part, "/S")) in _ACTS:
                raise Unfit("upload.script")
            if names & _FILES or {str(dict.get(part, "/Type")), str(dict.get(part, "/Subtype"))} & _TYPES:
                raise Unfit("upload.attached")
            left += list(dict.values(part))
        elif isinstance(part, list):
            left += list(part)
