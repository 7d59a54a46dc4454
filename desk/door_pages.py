"""What a personal link leads to: the one thing that a notice asks for, done without signing in.

Looking changes nothing, since programs that scan mails open every link; only the page's own buttons act.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from desk.problems import status_of
from desk.words import Words
from models.errors import BadInput, NotFound, Refused, SeasonkeeperError
from models.season import Criterion, DefenceStage, EventStage, ReviewStage, Rubric, SeasonFile
from records import doors, judging, matching, selection, tracking
from records.doors import Task
from records.seasons import known_file

if TYPE_CHECKING:
    from desk.client import Desk
    from desk.console import Console

_REPORTS: tuple[matching.Report, ...] = ("continuing", "landed", "failed")
_LONGEST = 2000


class DoorPages:
    """Answers `/ask/{token}`."""

    def __init__(self, console: Console) -> None:
        self._console, self._desk = console, console.desk

    def router(self) -> APIRouter:
        """Its addresses, open to whoever has a token."""
        router = APIRouter()
        router.get("/ask/{token}")(self.ask)
        router.post("/ask/{token}")(self.act)
        return router

    async def ask(self, request: Request, token: str) -> Response:
        """What is asked, or what was answered."""
        return await self._page(request, token)

    async def act(self, request: Request, token: str) -> Response:
        """Does what a button of the page says."""
        form = await request.form()
        task = await doors.open_task(self._desk.database, token)
        if task is not None:
            try:
                await _do(self._desk, task, await known_file(self._desk.database, task.season), form)
            except (Refused, BadInput, NotFound) as error:
                return await self._page(request, token, error, form)
            return RedirectResponse(f"/ask/{token}?done=1", 303)
        return await self._page(request, token)

    async def _page(
        self, request: Request, token: str, trouble: SeasonkeeperError | None = None, typed: FormData | None = None
    ) -> Response:
        task = await doors.open_task(self._desk.database, token)
        if task is None:
            words = await self._console.words(request)
            return self._console.page(request, "my/link_dead.html", words, 410)
        words = await self._console.words(request, task.season)
        assert words.file is not None
        stage = words.file.stage(task.stage)
        typed, rubric, settled = typed or FormData(), _rubric(words.file, task), _settled(task)
        criteria = rubric.criteria if rubric else ()
        if trouble is not None:
            trouble = _told(trouble, words, criteria, typed)
        said = "ask_until" if task.open else "ask_over" if task.over else "ask_not_now"
        answer = self._console.page(
            request, "my/ask.html", words, 200 if trouble is None else status_of(trouble), season=task.season,
            task=task, until=words.when(task.closes_at, deadline=True), said="" if settled else said,
            trouble=trouble if task.open or settled else None, typed=typed, done="done" in request.query_params,
            asks=stage.asks if isinstance(stage, EventStage) else (), stage=stage, reports=_REPORTS,
            criteria=criteria,
        )  # fmt: skip
        answer.headers["Referrer-Policy"] = "no-referrer"
        answer.headers["X-Robots-Tag"] = "noindex"
        return answer


_TOLD = {
    "act": "ask_no_choice", "said": "ask_no_words", "reason": "ask_no_reason", "ballot.missing": "ask_no_range",
    "ballot.range": "ask_no_range", "assignment.gone": "ask_no_assignment",
    "assignment.not_active": "ask_no_assignment", "match.answered": "ask_no_answered",
    "match.not_negotiating": "ask_no_report", "follow_up.none": "ask_no_report",
    "act.not_possible": "gate_act_not_possible",
}  # fmt: skip
"""The label that says why an answer was not taken, by the code; what else the gate says stands on the page anyway."""


def _told(error: SeasonkeeperError, words: Words, criteria: Sequence[Criterion], typed: FormData) -> SeasonkeeperError:
    """The error in the reader's language: its own sentence is English."""
    if words.language == "en":
        return error
    if error.code.endswith(".long"):
        sentence = words.label("ask_no_length", most=_LONGEST)
    elif error.code in _TOLD:
        sentence = words.label(_TOLD[error.code])
    elif named := [words.of(c.name) for c in criteria if f"score_{c.code}" == error.code]:
        sentence = words.label("ask_no_points", what=named[0], given=str(typed.get(error.code, "")))
    else:
        return error
    return type(error)(error.code, sentence)


def _settled(task: Task) -> bool:
    """Whether the one answer was given that ends it, which ends its window too."""
    one = task.things[0]
    return (task.kind == "match_answer" and one["state"] != "proposed") or (
        task.kind == "follow_up" and one["about"] == "negotiation" and one["asked"] != "due"
    )


def _rubric(file: SeasonFile, task: Task) -> Rubric | None:
    stage = file.stage(task.stage)
    return file.rubric(stage.rubric) if isinstance(stage, (ReviewStage, DefenceStage)) else None


async def _do(desk: Desk, task: Task, file: SeasonFile, form: FormData) -> None:
    if task.kind in doors.INVITATIONS:
        await _confirm(desk, task, file, form)
    elif task.kind == "match_answer":
        await _answer(desk, task, form)
    elif task.kind == "follow_up":
        await _report(desk, task, form)
    else:
        await _judge(desk, task, file, form)


async def _confirm(desk: Desk, task: Task, file: SeasonFile, form: FormData) -> None:
    accept, stage = _choice(form, "act", ("accept", "decline")) == "accept", file.stage(task.stage)
    asks = stage.asks if isinstance(stage, EventStage) and accept else ()
    stated: dict[str, bool] = {ask: ask in form.getlist("asks") for ask in asks}
    await selection.answer_invitation(
        desk.database, task.window, task.things[0]["entry"], accept=accept, answers=stated
    )  # fmt: skip


async def _answer(desk: Desk, task: Task, form: FormData) -> None:
    match = task.things[0]
    accept = _choice(form, "act", ("accept", "decline")) == "accept"
    await matching.answer_match(desk.database, match["match"], accept=accept, actor=match["side"])
    await desk.poke(task.owner)


async def _report(desk: Desk, task: Task, form: FormData) -> None:
    match, said = task.things[0], _text(form, "said")
    if match["about"] == "negotiation":
        report = next(r for r in _REPORTS if r == _choice(form, "act", _REPORTS))
        await matching.report_match(desk.database, match["match"], report, note=said)
        if report != "continuing":
            await desk.poke(task.owner)
        return
    if not said:
        raise BadInput("said", "said: nothing is written.", "Say in a few words how it goes.")
    await tracking.answer_follow_up(desk.database, match["follow_up"], said)


async def _judge(desk: Desk, task: Task, file: SeasonFile, form: FormData) -> None:
    number = str(form.get("assignment", ""))
    mine = next((one for one in task.things if str(one["assignment"]) == number), None)
    if mine is None:
        raise Refused("assignment.gone", "This entry is not yours to score, or no longer.")
    act = _choice(form, "act", ("score", "decline", "conflict"))
    known = judging.Task(task.season, task.stage, task.window)
    if act == "score":
        rubric = _rubric(file, task)
        assert rubric is not None
        scores = {c.code: _points(form, c.code) for c in rubric.criteria}
        await judging.cast_ballot(
            desk.database, mine["assignment"], scores, _text(form, "comment") or None, task=known
        )  # fmt: skip
        return
    reason = _text(form, "reason")
    if not reason:
        raise BadInput("reason", "reason: it is empty.", "Say why in a few words; the office reads it.")
    if act == "decline":
        await judging.decline_assignment(desk.database, mine["assignment"], reason, task=known)
    else:
        await judging.declare_conflict(desk.database, mine["judge"], mine["entry"], reason)


def _choice(form: FormData, name: str, known: tuple[str, ...]) -> str:
    given = str(form.get(name, ""))
    if given not in known:
        raise BadInput(name, f"{name}: '{given}' is no answer here.", f"Choose {' or '.join(known)}.")
    return given


def _text(form: FormData, name: str) -> str:
    given = str(form.get(name, "")).strip()
    if len(given) > _LONGEST:
        raise BadInput(f"{name}.long", f"{name}: it has {len(given)} characters.", f"Say it in {_LONGEST} at most.")
    return given


def _points(form: FormData, criterion: str) -> float:
    given = str(form.get(f"score_{criterion}", "")).strip().replace(",", ".")
    try:
        points = float(given)
    except ValueError:
        points = float("nan")
    if points * 2 % 1 != 0:
        raise BadInput(
            f"score_{criterion}", f"{criterion}: '{given}' is no number of points.", "Give whole or half points."
        )
    return points
