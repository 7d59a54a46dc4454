"""A worker's health page."""

from __future__ import annotations

import httpx

from workers.embedded.ports import any_free
from workers.health import health_page
from workers.settings import Settings


async def test_it_says_well_and_unwell() -> None:
    port, trouble = any_free(), list[Exception]()

    async def check() -> None:
        if trouble:
            raise trouble[0]

    url = f"http://127.0.0.1:{port}"
    async with health_page(Settings(health_port=port), check), httpx.AsyncClient() as http:
        assert (await http.get(f"{url}/health")).json() == {"ok": True}
        trouble.append(ConnectionError("postgresql://season:tiger@db"))
        answer = await http.get(f"{url}/health")
        assert (answer.status_code, answer.json()) == (503, {"ok": False, "trouble": "ConnectionError"})
        assert (await http.get(f"{url}/other")).status_code == 404


async def test_no_port_no_page() -> None:
    async def check() -> None:
        raise AssertionError("nobody asks")

    async with health_page(Settings(health_port=0), check):
        pass
