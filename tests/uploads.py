"""Files to upload, made here: sound ones of every type, and hostile ones."""

from __future__ import annotations

import io
import stat
import struct
import zlib
from collections.abc import Callable
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from rules.office_files import MAIN_PARTS, OLD, PACKED


def pdf(change: Callable[[PdfWriter], object] | None = None) -> bytes:
    """A PDF with one page."""
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    if change is not None:
        change(writer)
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def locked_pdf() -> bytes:
    """A PDF that opens with a password."""
    return pdf(lambda writer: writer.encrypt("secret", algorithm="AES-256"))


def acting_pdf(kind: str, **more: str) -> bytes:
    """A PDF that does something when it is opened."""

    def add(writer: PdfWriter) -> None:
        act = {
            NameObject("/S"): NameObject(kind),
            **{NameObject(f"/{k}"): TextStringObject(v) for k, v in more.items()},
        }
        writer.root_object[NameObject("/OpenAction")] = DictionaryObject(act)

    return pdf(add)


def page_script_pdf() -> bytes:
    """A PDF with a script that runs when its page is shown."""

    def add(writer: PdfWriter) -> None:
        act = DictionaryObject({NameObject("/JS"): TextStringObject("app.alert(1)")})
        writer.pages[0][NameObject("/AA")] = DictionaryObject({NameObject("/O"): act})

    return pdf(add)


def hidden_script_pdf() -> bytes:
    """A script in a packed object stream, its name written with an escape: nothing of it can be seen in the bytes."""
    inner = b"<< /S /J#61vaScript /J#53 (app.alert\\(1\\)) >>"
    packed = zlib.compress(b"4 0 " + inner)
    head = b"%PDF-1.5\n"
    parts = [
        b"1 0 obj\n<< /Type /Catalog /Pages 2 0 R /OpenAction 4 0 R >>\nendobj\n",
        b"2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n",
        b"3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>\nendobj\n",
        b"5 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n" % len(packed)
        + packed
        + b"\nendstream\nendobj\n",
    ]
    at, places = len(head), []
    for part in parts:
        places.append(at)
        at += len(part)
    one, two, three, five = places
    table = b"".join(
        struct.pack(">BIH", *row)
        for row in ((0, 0, 65535), (1, one, 0), (1, two, 0), (1, three, 0), (2, 5, 0), (1, five, 0), (1, at, 0))
    )
    xref = b"6 0 obj\n<< /Type /XRef /Size 7 /W [1 4 2] /Root 1 0 R /Length %d >>\nstream\n" % len(table)
    return head + b"".join(parts) + xref + table + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % at


def slow_pdf() -> bytes:
    """A PDF of a quarter of a million objects: each is quickly read, all together are not."""
    written, places = bytearray(b"%PDF-1.4\n"), []
    count = 250_000
    for number in range(1, count + 1):
        places.append(len(written))
        body = {1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>"}.get(number)
        written += b"%d 0 obj%sendobj\n" % (number, body or b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>")
    at = len(written)
    written += b"xref\n0 %d\n0000000000 65535 f \n" % (count + 1)
    written += b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(written + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (count + 1, at))


def office(kind: str = "docx", members: dict[str, bytes] | None = None, *, types: bytes = b"") -> bytes:
    """An office file with these members besides what makes it one."""
    told = types or b'<Types><Override ContentType="' + MAIN_PARTS[kind] + b'"/></Types>'
    return archive({"[Content_Types].xml": told, "word/document.xml": b"<w/>" * 50, **(members or {})})


def archive(members: dict[str | ZipInfo, bytes] | Any) -> bytes:
    """A zip file."""
    written = io.BytesIO()
    with ZipFile(written, "w", ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content, ZIP_DEFLATED)
    return written.getvalue()


def with_link() -> bytes:
    """An office file with a symbolic link."""
    link = ZipInfo("word/media/image1.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    return office(members={link: b"/etc/passwd"})  # type: ignore[dict-item]


def lying_sizes() -> bytes:
    """An office file whose member says that it is small, and unpacks to far more."""
    sound = bytearray(office(members={"word/media/a.bin": b"\x00" * 5_000_000}))
    size, low = struct.pack("<I", 5_000_000), struct.pack("<I", 1000)
    crc, other = struct.pack("<I", zlib.crc32(b"\x00" * 5_000_000)), struct.pack("<I", zlib.crc32(b"\x00" * 1000))
    return bytes(sound.replace(size, low).replace(crc, other))


def overlapping() -> bytes:
    """An office file in which two members are the same bytes."""
    sound = office(members={"word/a.xml": b"<a/>" * 1000, "word/b.xml": b"<a/>" * 1000})
    place = sound.index(b"word/a.xml") - 30
    second = sound.rindex(b"word/b.xml") - 46
    return sound[: second + 42] + struct.pack("<I", place) + sound[second + 46 :]


def locked_office() -> bytes:
    """As Word saves a document under a password."""
    return OLD + b"\x00" * 500 + "EncryptedPackage".encode("utf-16-le") + b"\x00" * 500


def dropped_program() -> bytes:
    """An office file with an OLE object that holds a program."""
    return office(members={"word/embeddings/oleObject1.bin": OLD + b"\x00" * 64 + PACKED + b"\x00" * 64})


def picture(kind: str) -> bytes:
    """A picture of a few dots."""
    written = io.BytesIO()
    Image.new("RGB", (9, 9), "green").save(written, kind)
    return written.getvalue()


PROGRAM = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff" + b"\x00" * 500
HTML = b"<!DOCTYPE html><html><script>alert(document.cookie)</script></html>"
