"""Word, Excel and PowerPoint files: archives of XML, looked into without being unpacked anywhere."""

from __future__ import annotations

import stat
import struct
import zlib
from io import BytesIO
from itertools import pairwise
from zipfile import BadZipFile, ZipFile, ZipInfo

MAIN_PARTS = {
    "docx": b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
    "xlsx": b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
    "pptx": b"application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml",
}
OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How files of the old formats begin, and new ones under a password."""

LOCKED = "EncryptedPackage".encode("utf-16-le")
PACKED = "Ole10Native".encode("utf-16-le")
"""Marks a file, such as a program, that was dropped into a document."""

MEMBERS = 5000
UNPACKED = 200 * 1024 * 1024
"""Most bytes of all members together."""

RATIO = 100
"""Most unpacked bytes for each packed one; counted from FROM bytes on, since little XML may shrink to nothing."""

FROM = 10 * 1024 * 1024

_TYPES = "[Content_Types].xml"
_ARCHIVES = (b"PK\x03\x04", b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c")
_STEP = 64 * 1024


class Unfit(Exception):
    """The content is not taken; `code` is one of `rules.uploads.REFUSALS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def kind(content: bytes) -> str:
    """`docx`, `xlsx` or `pptx`; `zip` for another archive. Raises Unfit for macros, and for a broken one."""
    members = _members(content)
    types = members.get(_TYPES)
    if types is None:
        return "zip"
    if types.file_size > FROM:
        raise Unfit("upload.bomb")
    told = _unpacked(content, types)
    if b"macroenabled" in told.lower():
        raise Unfit("upload.macros")
    return next((name for name, part in MAIN_PARTS.items() if part in told), "zip")


def look(content: bytes) -> None:
    """Look at every member. Raises Unfit for bombs, macros, archives, programs and links inside, passwords, damage."""
    _look(content, UNPACKED, inner=False)


def _look(content: bytes, room: int, *, inner: bool) -> int:
    """Look at an archive that may unpack to so many bytes; how many it was."""
    members = _members(content)
    total = sum(info.file_size for info in members.values())
    if total > room or (total > FROM and total > RATIO * len(content)):
        raise Unfit("upload.bomb")
    for name, info in members.items():
        low = name.lower()
        if low.endswith(("vbaproject.bin", "vbadata.xml")) or "/macrosheets/" in low:
            raise Unfit("upload.macros")
        if _leads_out(name) or stat.S_ISLNK(info.external_attr >> 16):
            raise Unfit("upload.packed")
        member = _unpacked(content, info)
        if low.endswith((".xml", ".rels")) and _has_doctype(member):
            raise Unfit("upload.bomb")
        if member.startswith(_ARCHIVES):
            # The table behind a chart is an office file of its own; one within that is no chart any more.
            if inner or "/embeddings/" not in low or kind(member) not in MAIN_PARTS:
                raise Unfit("upload.packed")
            total += _look(member, room - total, inner=True)
        if member.startswith(b"MZ") or (member.startswith(OLD) and PACKED in member):
            raise Unfit("upload.packed")
    return total


def _members(content: bytes) -> dict[str, ZipInfo]:
    """The members by name. Raises Unfit: locked, too many, one upon another, two of one name, unreadable."""
    try:
        with ZipFile(BytesIO(content)) as archive:
            found = archive.infolist()
    except (BadZipFile, ValueError, NotImplementedError, struct.error, OverflowError):
        raise Unfit("upload.broken") from None
    if len(found) > MEMBERS:
        raise Unfit("upload.bomb")
    if any(info.flag_bits & 1 for info in found):
        raise Unfit("upload.locked")
    inside = sorted(found, key=lambda info: info.header_offset)
    if any(one.header_offset + 30 + one.compress_size > two.header_offset for one, two in pairwise(inside)):
        raise Unfit("upload.bomb")
    members = {info.filename: info for info in found}
    if len(members) < len(found) or not found:
        raise Unfit("upload.broken")
    return members


def _unpacked(content: bytes, info: ZipInfo) -> bytes:
    """A member's bytes, never more than its entry says. Raises Unfit where it would be more, or is damaged."""
    head = content[info.header_offset : info.header_offset + 30]
    if len(head) < 30 or not head.startswith(b"PK\x03\x04"):
        raise Unfit("upload.broken")
    name, extra = struct.unpack("<HH", head[26:30])
    start = info.header_offset + 30 + name + extra
    told = content[info.header_offset + 30 : info.header_offset + 30 + name]
    encoding = "utf-8" if info.flag_bits & 0x800 else "cp437"
    packed = content[start : start + info.compress_size]
    # What the list of members calls it must be what stands before it: programs go by the one or by the other.
    if len(packed) < info.compress_size or told != info.orig_filename.encode(encoding, "replace"):
        raise Unfit("upload.broken")
    if info.compress_type == 0:
        member = packed
    elif info.compress_type == 8:
        member = _inflated(packed, info.file_size)
    else:
        raise Unfit("upload.broken")
    if len(member) != info.file_size or zlib.crc32(member) != info.CRC:
        raise Unfit("upload.broken")
    return member


def _inflated(packed: bytes, most: int) -> bytes:
    unpacking, parts, size = zlib.decompressobj(-15), list[bytes](), 0
    try:
        while not unpacking.eof:
            part = unpacking.decompress(packed, _STEP)
            packed = unpacking.unconsumed_tail
            if not part and not packed:
                break
            parts.append(part)
            size += len(part)
            if size > most:
                raise Unfit("upload.bomb")
    except zlib.error:
        raise Unfit("upload.broken") from None
    return b"".join(parts)


def _leads_out(name: str) -> bool:
    return name.startswith(("/", "\\")) or "\\" in name or ".." in name.split("/") or name[1:2] == ":"


def _has_doctype(xml: bytes) -> bool:
    # Office files have none; with one, a few bytes may be read as gigabytes.
    head = xml[:4000].replace(b"\x00", b"").upper()
    return b"<!DOCTYPE" in head or b"<!ENTITY" in head
