"""The fixed texts of documents. What is wrong with an upload says `rules.uploads` itself, in both languages."""

from __future__ import annotations

from models.text import both

LABELS = {
    "documents": both("Documents", "材料"),
    "documents_of": both("Documents of {number}", "{number} 的材料"),
    "documents_none": both("There is no document yet.", "尚未上传材料。"),
    "documents_hint": both(
        "PDF, DOCX, XLSX, PPTX, PNG or JPEG, at most {limit} MB a file, without passwords, macros and scripts.",
        "支持 PDF、DOCX、XLSX、PPTX、PNG、JPEG，单个文件不超过 {limit} MB，不含密码、宏和脚本。",
    ),
    "documents_replace_hint": both(
        "A new file of the same kind takes the place of the older one.", "同类材料重新上传后将替换原文件。"
    ),
    "documents_closed": both("Documents cannot be changed now.", "当前不能更改材料。"),
    "documents_back": both("Back to the project", "返回项目"),
    "documents_added": both("The document was uploaded.", "材料已上传。"),
    "documents_removed": both("The document was removed.", "材料已删除。"),
    "document_kind": both("Kind", "类别"),
    "document_file": both("File", "文件"),
    "document_size": both("Size", "大小"),
    "document_uploaded": both("Uploaded", "上传时间"),
    "document_needed": both("needed", "必交"),
    "document_missing": both("missing", "未提交"),
    "document_upload": both("Upload", "上传"),
    "document_remove": both("Remove", "删除"),
    "document_plan": both("project plan", "项目计划书"),
    "document_other": both("other document", "其他材料"),
    # What the records refuse, in the reader's language
    "document.many": both(
        "There are 10 other documents, and no more are taken. Remove one first.",
        "其他材料已达10份上限，请先删除一份。",
    ),
    "document.often": both(
        "60 documents of this project were uploaded within a day. Upload again tomorrow, or ask the season office.",
        "该项目一天内已上传60次，请明天再试或联系组委会。",
    ),
    "document.needed": both(
        "The project is submitted and needs this document. Upload another in its place.",
        "项目已提交，此材料为必交，可上传新文件替换。",
    ),
    "document.unknown": both("This document is not there any more.", "该材料已不存在。"),
    "document.kind": both("Choose what kind of document it is.", "请选择材料类别。"),
    # Of the command
    "documents_swept": both(
        "{kept} files are kept; deleted: {orphans} that belong to nothing, {removed} of documents removed long ago.",
        "保留 {kept} 个文件；已删除 {orphans} 个无归属文件、{removed} 个早已移除的材料文件。",
    ),
}
