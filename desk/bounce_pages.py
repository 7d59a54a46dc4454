"""The page of reports of notices that did not arrive: what mail servers sent back, and what became of each report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from desk.access import needs_role
from desk.labels.hooks import OUTCOMES
from models.errors import BadInput
from records import bounces

if TYPE_CHECKING:
    from desk.console import Console

_PAGE = 50


class BouncePages:
    """Answers `/seasons/{season}/notices/bounces`."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def router(self) -> APIRouter:
        """Its address: for operations and support, as a report may be of any season until it is matched."""
        router = APIRouter()
        may = [Depends(needs_role("operations", "support", scope="read"))]
        router.get("/seasons/{season}/notices/bounces", dependencies=may)(self.show)
        return router

    async def show(self, request: Request, season: str, outcome: str = "", page: int = 1) -> Response:
        """Reports about notices of the season, and those about none of ours; the newest first."""
        words = await self._console.words(request, season)
        if outcome not in ("", *OUTCOMES):
            raise BadInput(
                "outcome.unknown", f"outcome: '{outcome[:40]}' is none.", f"There are {', '.join(OUTCOMES)}."
            )
        page = min(max(page, 1), 1_000_000)
        found = await bounces.listed(
            self._console.desk.database, season=season, outcome=outcome or None,
            limit=_PAGE + 1, offset=(page - 1) * _PAGE,
        )  # fmt: skip
        return self._console.page(
            request, "notices/bounces.html", words, season_id=season, found=found[:_PAGE], outcomes=OUTCOMES,
            outcome=outcome, page=page, more=len(found) > _PAGE,
        )  # fmt: skip
