"""What is taken as a document: by its content and size, never by what it calls itself.

`check` is pure, but a hostile file can make it slow: `records.inspecting` runs it where time and memory are bounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import filetype

from models.errors import BadInput
from models.text import Text, both
from rules import office_files, pdf_files
from rules.file_names import clean, ending_of
from rules.office_files import Unfit

MEGABYTE = 1024 * 1024

TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "png": "image/png",
    "jpg": "image/jpeg",
}
"""What is taken, by its ending, and the media type that it is given out with."""

_ENDINGS = {**{f".{kind}": kind for kind in TYPES}, ".jpeg": "jpg"}
_DECLARED = {**{media_type: kind for kind, media_type in TYPES.items()}, "application/x-pdf": "pdf", "image/jpg": "jpg"}
_SELF = ("text", "image", "audio", "video")
"""Main types that a browser does not give by mistake; of `application/…` it gives anything to an office file."""

ACCEPT = ",".join(_ENDINGS)
"""For the file field of a form."""

_AGAIN = both("Print or export it to a new PDF and upload that.", "请另存或打印为新的 PDF 后重新上传。")
_UNPACKED = both("Save it anew, or as a PDF, and upload that.", "请重新保存或另存为 PDF 后上传。")

REFUSALS: dict[str, tuple[Text, Text]] = {
    "upload.none": (
        both("No file was chosen.", "尚未选择文件。"),
        both("Choose one, then upload.", "请选择文件后上传。"),
    ),
    "upload.empty": (
        both("'{name}' is empty.", "“{name}”是空文件。"),
        both("Choose the file with its content and upload it again.", "请选择有内容的文件重新上传。"),
    ),
    "upload.too_large": (
        both("'{name}' is larger than {limit} MB.", "“{name}”超过 {limit} MB。"),
        both("Make its pictures smaller, or save it as a small PDF.", "请压缩其中的图片，或另存为较小的 PDF。"),
    ),
    "upload.type": (
        both(
            "'{name}' is of the type {found}; PDF, DOCX, XLSX, PPTX, PNG and JPEG are taken.",
            "“{name}”的类型为{found}，仅接受 PDF、DOCX、XLSX、PPTX、PNG 和 JPEG。",
        ),
        both("Save it as a PDF and upload that.", "请另存为 PDF 后上传。"),
    ),
    "upload.lies": (
        both(
            "'{name}' is called {said}, but its content is {found}.",
            "“{name}”标称为{said}，但实际内容为{found}。",
        ),
        both("Upload the file as its program saved it.", "请上传由软件直接保存的原文件。"),
    ),
    "upload.locked": (
        both("'{name}' is protected by a password.", "“{name}”设有密码保护。"),
        both("Save it without a password and upload it again.", "请取消密码保护后重新上传。"),
    ),
    "upload.bomb": (
        both(
            "'{name}' unpacks to far more than its size.",
            "“{name}”解压后的体积异常。",
        ),
        _UNPACKED,
    ),
    "upload.packed": (
        both(
            "'{name}' has archives, programs or links inside.",
            "“{name}”内含压缩包、程序或链接文件。",
        ),
        _UNPACKED,
    ),
    "upload.macros": (
        both("'{name}' has macros inside.", "“{name}”内含宏。"),
        both("Save it without macros (such as .docx), or as a PDF.", "请另存为不含宏的格式（如 .docx）或 PDF 后上传。"),
    ),
    "upload.script": (
        both(
            "'{name}' is a PDF that runs a script or starts something when it is opened.",
            "“{name}”是含有脚本或自动操作的 PDF。",
        ),
        _AGAIN,
    ),
    "upload.attached": (
        both("'{name}' is a PDF with other files inside.", "“{name}”是嵌有其他文件的 PDF。"),
        _AGAIN,
    ),
    "upload.broken": (both("'{name}' cannot be read.", "“{name}”无法读取。"), _AGAIN),
    "upload.slow": (both("'{name}' takes too long to be read.", "“{name}”读取超时。"), _AGAIN),
}
"""By code: what is wrong, and what to do. `{limit}` is in MB; `{said}` and `{found}` are types."""


class BadUpload(BadInput):
    """A file that is not taken; can say so in both languages."""

    def __init__(self, code: str, **values: Text | str | int) -> None:
        what, remedy = REFUSALS[code]
        self.values = values
        super().__init__(code, _filled(what.en, "en", values), remedy.en)

    def __reduce__(self) -> Any:
        return _again, (self.code, self.values)

    def in_language(self, language: str) -> BadInput:
        """The same, in `en` or `zh`."""
        what, remedy = REFUSALS[self.code]
        told = _filled(what.in_language(language), language, self.values)
        return BadInput(self.code, told, remedy.in_language(language))


def _again(code: str, values: dict[str, Any]) -> BadUpload:
    return BadUpload(code, **values)


def _filled(sentence: str, language: str, values: dict[str, Text | str | int]) -> str:
    told = {name: v.in_language(language) if isinstance(v, Text) else v for name, v in values.items()}
    return sentence.format(**told)


@dataclass(frozen=True)
class Accepted:
    """A file that is taken: the name to show, and the media type found in its content."""

    name: str
    media_type: str


def needs_care(content: bytes) -> bool:
    """Whether looking into this content could take long: PDFs and archives."""
    return content.startswith(b"PK") or pdf_files.is_pdf(content)


def check(name: str, declared: str, content: bytes, limit: int) -> Accepted:
    """What an upload is, if it is taken.

    Args:
        name: as the browser gives it.
        declared: the media type that the browser gives; may be empty.
        content: all of it.
        limit: most bytes.

    Raises BadUpload: empty, too large, of another type, of another type than it says, locked, broken, or with
    something inside that runs, unpacks or hides.
    """
    shown = clean(name, "")
    if not content:
        raise BadUpload("upload.empty", name=shown)
    if len(content) > limit:
        raise too_large(name, limit)
    try:
        kind = _kind(content)
        said = _ENDINGS.get(ending_of(name))
        if kind not in TYPES:
            told: Text | str = both("text", "文本") if kind == "text" else kind.upper() or both("unknown", "未知")
            if said:
                raise BadUpload("upload.lies", name=shown, said=said.upper(), found=told)
            raise BadUpload("upload.type", name=shown, found=told)
        for other in (said, _said(declared)):
            if other not in (None, kind):
                raise BadUpload("upload.lies", name=shown, said=str(other).upper(), found=kind.upper())
        if kind == "pdf":
            pdf_files.look(content)
        elif kind in office_files.MAIN_PARTS:
            office_files.look(content)
    except Unfit as unfit:
        raise BadUpload(unfit.code, name=shown) from None
    return Accepted(clean(name, _ending(name, kind)), TYPES[kind])


def too_large(name: str, limit: int) -> BadUpload:
    """The refusal of a file with more bytes than `limit`."""
    return BadUpload("upload.too_large", name=clean(name, ""), limit=limit // MEGABYTE)


def _ending(name: str, kind: str) -> str:
    ending = ending_of(name)
    return ending if _ENDINGS.get(ending) == kind else f".{kind}"


def _said(declared: str) -> str | None:
    """The type that a browser declares, where it means something."""
    media_type = declared.partition(";")[0].strip().lower()
    if media_type in _DECLARED:
        return _DECLARED[media_type]
    main, _, rest = media_type.partition("/")
    return rest[:40] if main in _SELF else None


def _kind(content: bytes) -> str:
    """One of TYPES; else what it seems to be instead, or nothing. Raises Unfit for what is locked or broken."""
    if pdf_files.is_pdf(content):
        return "pdf"
    if content.startswith(office_files.OLD):
        if office_files.LOCKED in content:
            raise Unfit("upload.locked")
        return "DOC/XLS/PPT"
    if content.startswith(b"PK"):
        return office_files.kind(content)
    guess = filetype.guess_extension(content)
    if guess in ("png", "jpg"):
        return str(guess)
    head = content[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for mark, kind in ((b"<!doctype html", "html"), (b"<html", "html"), (b"<svg", "svg"), (b"<?xml", "xml")):
        if head.startswith(mark):
            return kind
    if guess is None and b"\x00" not in content[:1000]:
        return "text"
    return str(guess or "")
