"""The HTML part of a mail, made from its text: the same words, so that the two can never differ.

Plain markup with inline styles, as mail readers take it: dark on white, one column, readable at 360 px. Values were
put on one line and are escaped here, so that none can become markup.
"""

from __future__ import annotations

import re
from html import escape

from notices.render import Words

_FONT = "font-family:-apple-system,'Segoe UI',Roboto,'PingFang SC','Microsoft YaHei',sans-serif"
_HEAD = (
    '<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width,initial-scale=1"><title>{title}</title></head>\n'
    f'<body style="margin:0;padding:0;background:#f2f4f7"><div style="max-width:600px;margin:0 auto;padding:24px 20px;'
    f'background:#ffffff;color:#1b1f24;font-size:16px;line-height:1.6;{_FONT}">\n'
    '<p style="margin:0 0 20px;padding:0 0 12px;border-bottom:1px solid #d5dbe3;font-size:14px;color:#4a5563">{season}</p>\n'
)
_FOOT = "</div></body></html>\n"
_P, _LI = '<p style="margin:0 0 16px">', '<li style="margin:0 0 4px">'
_UL = '<ul style="margin:0 0 16px;padding:0 0 0 22px">'
_H2 = '<h2 style="margin:28px 0 12px;font-size:18px;line-height:1.4">'
_BUTTON = (
    '<p style="margin:0 0 16px"><a href="{url}" style="display:inline-block;padding:11px 20px;border-radius:6px;'
    'background:#0b57b5;color:#ffffff;text-decoration:none">{label}</a></p>'
)
_LINK = '<a href="\\g<0>" style="color:#0b57b5;word-break:break-all">\\g<0></a>'
_URL = re.compile(r"https?://[^\s<>\"'（），。；、]+")
_ASKS = re.compile(r"(?P<label>[^:：\n]{1,80})[:：] ?(?P<url>https?://\S+)")


def html_of(words: Words, language: str, season_name: str) -> str:
    """A notice as an HTML document; a line that is `label: link` and nothing else becomes a button.

    `language` is the recipient's (for `lang`); `season_name` stands at the top.
    """
    parts = [
        _HEAD.format(
            language="zh-CN" if language.startswith("zh") else "en",
            title=escape(words.subject),
            season=escape(season_name),
        )
    ]
    for block in words.body.strip("\n").split("\n\n"):
        _block(block.strip("\n").split("\n"), parts)
    parts.append(_FOOT)
    return "\n".join(parts)


def _block(lines: list[str], parts: list[str]) -> None:
    plain: list[str] = []
    items: list[str] = []
    for line in [*lines, ""]:
        asks = _ASKS.fullmatch(line)
        if plain and (asks or not line or line.startswith(("- ", "## "))):
            parts.append(f"{_P}{'<br>'.join(plain)}</p>")
            plain = []
        if items and not line.startswith("- "):
            parts.append(f"{_UL}{''.join(items)}</ul>")
            items = []
        if asks:
            parts.append(_BUTTON.format(url=escape(asks["url"]), label=escape(asks["label"])))
        elif line.startswith("- "):
            items.append(f"{_LI}{_inline(line[2:])}</li>")
        elif line.startswith("## "):
            parts.append(f"{_H2}{escape(line[3:])}</h2>")
        elif line:
            plain.append(_inline(line))


def _inline(line: str) -> str:
    return _URL.sub(_LINK, escape(line)) if "://" in line else escape(line)
