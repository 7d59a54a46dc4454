"""Texts about how notices read."""

from __future__ import annotations

from models.text import both

LABELS = {
    "prv_templates": both("How notices read", "通知样式"),
    "prv_what": both(
        "Every notice of this season in both languages, as it would be sent.",
        "本赛季所有通知的中英文样式，与实际发送一致。",
    ),
    "prv_notice": both("Notice", "通知"),
    "prv_subject_en": both("Subject in English", "英文标题"),
    "prv_subject_zh": both("Subject in Chinese", "中文标题"),
    "prv_own": both("This season's own words", "本赛季自定义内容"),
    "prv_entry": both("With the values of entry", "使用该项目的实际内容"),
    "prv_entry_hint": both("Public number; empty: invented values.", "填写项目编号；留空则使用示例内容。"),
    "prv_show": both("Show", "显示"),
    "prv_invented": both("Invented here: {names}.", "以下内容为示例：{names}。"),
    "prv_text": both("As text", "纯文本"),
    "prv_html": both("As it looks", "显示效果"),
    "prv_en": both("English", "英文"),
    "prv_zh": both("Chinese", "中文"),
    "prv_written": both("Written to {file}.", "已写入 {file}。"),
}
