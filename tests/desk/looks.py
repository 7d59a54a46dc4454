"""What a page does to people: too wide for a phone, or shut to those who cannot see it or use a mouse."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Page

WIDTHS = (360, 1280)
_AXE = (Path(__file__).resolve().parents[1] / "vendor" / "axe" / "axe.min.js").read_text(encoding="utf-8")
_OPEN = "for (const more of document.querySelectorAll('main details')) more.open = true"


async def shut_out(page: Page) -> list[str]:
    """What axe finds in the page as it stands, at both widths with all that folds unfolded, and what does not fit."""
    told: list[str] = []
    await page.evaluate(f"{_OPEN}; {_AXE}")
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 900})
        over = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if over > 0:
            told.append(f"{page.url} is {over} px too wide at {width}")
        found = await page.evaluate("axe.run({resultTypes: ['violations'], preload: false})")
        told += [f"{page.url}: {v['id']}: {v['nodes'][0]['html'][:200]}" for v in found["violations"]]
    return told
