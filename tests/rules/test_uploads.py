"""What is taken as a document, and what is not."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.file_names import LONGEST, ascii_of, clean
from rules.office_files import OLD
from rules.uploads import MEGABYTE, REFUSALS, TYPES, Accepted, BadUpload, check
from tests import uploads as files

LIMIT = 20 * MEGABYTE
DOCX = TYPES["docx"]


@pytest.mark.parametrize(
    ("name", "declared", "content", "kind"),
    [
        ("plan.pdf", "application/pdf", files.pdf(), "pdf"),
        ("plan.PDF", "", files.pdf(), "pdf"),
        ("plan.pdf", "application/octet-stream", b"\xef\xbb\xbf\r\n" + files.pdf(), "pdf"),
        ("计划书.docx", DOCX, files.office("docx"), "docx"),
        ("plan.docx", "application/zip", files.office("docx"), "docx"),
        ("plan.docx", "application/wps-office.docx", files.office("docx"), "docx"),
        ("figures.xlsx", TYPES["xlsx"], files.office("xlsx"), "xlsx"),
        ("pitch.pptx", "", files.office("pptx", {"ppt/embeddings/s1.xlsx": files.office("xlsx")}), "pptx"),
        ("photo.jpeg", "image/jpeg", files.picture("JPEG"), "jpg"),
        ("photo.png", "image/png", files.picture("PNG"), "png"),
    ],
)
def test_sound_files_are_taken_for_what_they_are(name: str, declared: str, content: bytes, kind: str) -> None:
    found = check(name, declared, content, LIMIT)
    assert found.media_type == TYPES[kind]
    assert found.name.lower() == name.lower()


HOSTILE: tuple[tuple[str, str, bytes, str, str], ...] = (
    ("plan.pdf", "", b"", "upload.empty", "'plan.pdf' is empty."),
    ("plan.pdf", "", files.pdf() + b"\x00" * LIMIT, "upload.too_large", "'plan.pdf' is larger than 20 MB."),
    ("plan.pdf", "application/pdf", files.PROGRAM, "upload.lies", "is called PDF, but its content is EXE."),
    ("photo.png", "image/png", files.HTML, "upload.lies", "is called PNG, but its content is HTML."),
    ("photo.png", "image/png", b"<svg onload='x()'/>", "upload.lies", "is called PNG, but its content is SVG."),
    ("plan.docx", DOCX, files.pdf(), "upload.lies", "is called DOCX, but its content is PDF."),
    ("plan.pdf", "image/png", files.pdf(), "upload.lies", "is called PNG, but its content is PDF."),
    ("plan.pdf", "text/html", files.pdf(), "upload.lies", "is called HTML, but its content is PDF."),
    ("plan.docx", DOCX, files.archive({"a.txt": b"a"}), "upload.lies", "is called DOCX, but its content is ZIP."),
    ("a.zip", "", files.archive({"a.txt": b"a"}), "upload.type", "is of the type ZIP; PDF, DOCX"),
    ("notes.txt", "text/plain", b"just words", "upload.type", "is of the type text;"),
    ("tool.exe", "", files.PROGRAM, "upload.type", "is of the type EXE;"),
    ("noise", "", b"\x00\x01\x02\x03", "upload.type", "is of the type unknown;"),
    ("plan.doc", "application/msword", OLD + b"\x00" * 600, "upload.type", "is of the type DOC/XLS/PPT;"),
    ("plan.docx", "", files.locked_office(), "upload.locked", "is protected by a password. Save it without"),
    ("plan.pdf", "", files.locked_pdf(), "upload.locked", "is protected by a password. Save it without"),
    ("plan.pdf", "", b"%PDF-1.7\nnothing more", "upload.broken", "cannot be read. Print or export it"),
    ("plan.pdf", "", files.pdf()[:200], "upload.broken", "cannot be read."),
    ("plan.docx", "", files.office()[:-30], "upload.broken", "cannot be read."),
    ("plan.pdf", "", files.acting_pdf("/JavaScript", JS="app.alert(1)"), "upload.script", "runs a script or starts"),
    ("plan.pdf", "", files.page_script_pdf(), "upload.script", "runs a script or starts"),
    ("plan.pdf", "", files.hidden_script_pdf(), "upload.script", "runs a script or starts"),
    ("plan.pdf", "", files.acting_pdf("/Launch", F="cmd.exe"), "upload.script", "runs a script or starts"),
    ("plan.pdf", "", files.acting_pdf("/URI", URI="http://bad"), "upload.script", "runs a script or starts"),
    ("plan.pdf", "", files.pdf(lambda w: w.add_attachment("x.exe", b"MZ")), "upload.attached", "with other files inside"),
    ("plan.pdf", "", files.pdf() + files.archive({"a": b"a"}), "upload.packed", "has archives, programs or links"),
    ("plan.docx", "", files.office(members={"word/vbaProject.bin": b"x"}), "upload.macros", "has macros inside. Save"),
    ("plan.docm", "", files.office(types=b"application/vnd.ms-word.document.macroEnabled.main+xml"), "upload.macros",
     "has macros inside."),
    ("plan.xlsx", "", files.office("xlsx", {"xl/macrosheets/s1.xml": b"<x/>"}), "upload.macros", "has macros inside."),
    ("plan.docx", "", files.office(members={"word/a.bin": b"\x00" * 30_000_000}), "upload.bomb", "unpacks to far more"),
    ("plan.docx", "", files.office(members={f"word/{n}.xml": b"" for n in range(5001)}), "upload.bomb", "far more"),
    ("plan.docx", "", files.lying_sizes(), "upload.bomb", "unpacks to far more than its size. Save it anew"),
    ("plan.docx", "", files.overlapping(), "upload.bomb", "unpacks to far more"),
    ("plan.docx", "", files.office(members={"word/x.xml": b"<!DOCTYPE a [<!ENTITY b 'c'>]>"}), "upload.bomb", "far more"),
    ("plan.docx", "", files.office(members={"word/a.zip": files.archive({"a": b"a"})}), "upload.packed", "has archives,"),
    ("plan.docx", "", files.office(members={"word/embeddings/a.xlsx": files.office("xlsx", {"x/embeddings/b.docx": files.office()})}),
     "upload.packed", "has archives,"),
    ("plan.docx", "", files.with_link(), "upload.packed", "has archives, programs or links inside."),
    ("plan.docx", "", files.office(members={"../../etc/cron.d/x": b"x"}), "upload.packed", "has archives,"),
    ("plan.docx", "", files.dropped_program(), "upload.packed", "has archives, programs or links inside."),
    ("plan.docx", "", files.office(members={"word/media/image1.png": files.PROGRAM}), "upload.packed", "has archives,"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "declared", "content", "code", "told"), HOSTILE, ids=lambda v: v if isinstance(v, str) else ""
)
def test_what_is_not_taken_is_refused_with_its_reason(
    name: str, declared: str, content: bytes, code: str, told: str
) -> None:
    with pytest.raises(BadUpload) as refused:
        check(name, declared, content, LIMIT)
    assert refused.value.code == code, str(refused.value)
    assert told in str(refused.value)
    chinese = str(refused.value.in_language("zh"))
    assert f"“{name}”" in chinese
    assert chinese.endswith("。")
    assert not set("{}") & set(chinese + str(refused.value))


def test_every_refusal_but_those_of_a_form_and_of_time_is_among_the_hostile_uploads() -> None:
    assert {case[3] for case in HOSTILE} == set(REFUSALS) - {"upload.none", "upload.slow"}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\li\\计划书.pdf", "计划书.pdf"),
        ("plan\x00.exe", "plan.exe.pdf"),
        ("pl\r\nan\x1b[31m.pdf", "plan[31m.pdf"),
        ("plan\u202efdp.exe", "planfdp.exe.pdf"),
        ("\u200b\ufeffplan.pdf", "plan.pdf"),
        ("...hidden.pdf", "hidden.pdf"),
        (" plan . .pdf ", "plan.pdf"),
        ("CON.pdf", "_CON.pdf"),
        ("lpt1.tar.pdf", "_lpt1.tar.pdf"),
        ("plan.pdf:evil.exe", "plan.pdf_evil.exe.pdf"),
        ('a<b>"c"|d?*.pdf', "a_b__c__d__.pdf"),
        ("a" * 300 + ".pdf", "a" * (LONGEST - 4) + ".pdf"),
        ("书" * 200, "书" * (LONGEST - 4) + ".pdf"),
        ("🚀 我们的计划 💡.pdf", "🚀 我们的计划 💡.pdf"),
        ("cafe\u0301.pdf", "café.pdf"),
        ("", "document.pdf"),
        ("..", "document.pdf"),
        ("v1.2", "v1.2.pdf"),
    ],
)
def test_a_name_keeps_its_letters_and_loses_its_tricks(name: str, shown: str) -> None:
    assert check(name, "", files.pdf(), LIMIT) == Accepted(shown, "application/pdf")


@given(st.text(max_size=400) | st.text(alphabet="./\\: \u202e\x00CON書🚀a", max_size=40))
def test_no_name_gets_past_the_cleaning(name: str) -> None:
    shown = clean(name, ".pdf")
    assert 5 <= len(shown) <= LONGEST
    assert shown.endswith(".pdf")
    assert not set('/\\<>:"|?*') & set(shown)
    assert not [c for c in shown if unicodedata.category(c)[0] == "C"]
    assert shown[0] not in ". "
    assert shown.partition(".")[0].upper() not in ("CON", "PRN", "AUX", "NUL", "COM1", "LPT9")
    assert clean(shown, ".pdf") == shown
    assert ascii_of(shown).isascii()
