"""The HTML part of a mail, made from its text: the same words, so that the two can never differ.

Plain markup with inline styles, as mail readers take it: dark on white, one column, readable at 360 px. Values were
put on one line and are escaped here, so that none can become markup.
"""

from __future__ import annotations

from collections.abc import Iterable
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
_LINK = '<a href="{url}" style="color:#0b57b5;word-break:break-all">{url}</a>'
_LONGEST_LABEL = 100
_H2 = '<h2 style="margin:28px 0 12px;font-size:18px;line-height:1.4">'
_BUTTON = (
    '<p style="margin:0 0 16px"><a href="{url}" style="display:inline-block;padding:11px 20px;border-radius:6px;'
    'background:#0b57b5;color:#ffffff;text-decoration:none">{label}</a></p>'
)


def html_of(words: Words, language: str, season_name: str, links: Iterable[str | None] = ()) -> str:
    """A notice as an HTML document. `links` alone become links; a line that is `label: link`, a button.

    `language` is the recipient's (for `lang`); `season_name` stands at the top. Addresses that come with a value, such
    as a title, stay text: whoever enters a project must not put a button into the organisers' mails.
    """
    ours = tuple(sorted({link for link in links if link}, key=len, reverse=True))
    parts = [
        _HEAD.format(
            language="zh-CN" if language.startswith("zh") else "en",
            title=escape(words.subject),
            season=escape(season_name),
        )
    ]
    for block in words.body.strip("\n").split("\n\n"):
        _block(block.strip("\n").split("\n"), parts, ours)
    parts.append(_FOOT)
    return "\n".join(parts)


def _block(lines: list[str], parts: list[str], ours: tuple[str, ...]) -> None:
    plain: list[str] = []
    items: list[str] = []
    for line in [*lines, ""]:
        asked = _asked(line, ours)
        if plain and (asked or not line or line.startswith(("- ", "## "))):
            parts.append(f"{_P}{'<br>'.join(plain)}</p>")
            plain = []
        if items and not line.startswith("- "):
            parts.append(f"{_UL}{''.join(items)}</ul>")
            items = []
        if asked:
            parts.append(_BUTTON.format(label=escape(asked[0]), url=escape(asked[1])))
        elif line.startswith("- "):
            items.append(f"{_LI}{_inline(line[2:], ours)}</li>")
        elif line.startswith("## "):
            parts.append(f"{_H2}{escape(line[3:])}</h2>")
        elif line:
            plain.append(_inline(line, ours))


def _asked(line: str, ours: tuple[str, ...]) -> tuple[str, str] | None:
    """Label and link of a line that asks for one thing."""
    if "://" in line:
        for link in ours:
            label = line.removesuffix(link).rstrip()
            if label != line and label.endswith((":", "：")) and len(label) <= _LONGEST_LABEL:
                return label.rstrip(":："), link
    return None


def _inline(line: str, ours: tuple[str, ...]) -> str:
    shown = escape(line)
    if "://" in line:
        for link in ours:
            if link in line:
                # Longer ones first, and one is enough: a link may begin like another.
                url = escape(link)
                return shown.replace(url, _LINK.format(url=url))
    return shown
