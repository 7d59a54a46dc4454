"""The gate against a model of a few lines, through generated sequences of all that can happen to a window."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from models.commands import CloseNow, Extend, Grace, PauseWindow, Reopen, ResumeWindow, Return, WindowCommand
from models.errors import Refused
from records import corrections, entries, graces, windows
from records.database import Database, at_instant, rows
from tests.seasons import begin, entry_form

OPENS = datetime(2024, 4, 8, 16, tzinfo=UTC)
CLOSES = datetime(2024, 5, 31, 16, tzinfo=UTC)
ROOM = datetime(2024, 6, 5, 16, tzinfo=UTC)
"""The close of screening, which no extension may reach."""
STEPS = st.sampled_from([timedelta(microseconds=1), timedelta(hours=1), timedelta(days=1), timedelta(days=20)])
SEQUENCES = int(os.environ.get("SEASON_GATE_SEQUENCES", "60"))


class GateMachine(RuleBasedStateMachine):
    """What the gate, the closer and the commands answer is what the model says, after every act."""

    loop: ClassVar[asyncio.AbstractEventLoop]
    database: ClassVar[Database]
    numbers: ClassVar[Iterator[int]] = count()

    def do(self, deed: Coroutine[Any, Any, Any]) -> Any:
        with at_instant(self.now):
            return self.loop.run_until_complete(deed)

    @initialize(before=st.sampled_from([timedelta(0), timedelta(hours=2), timedelta(days=2)]))
    def begin(self, before: timedelta) -> None:
        self.now = OPENS
        self.season = f"model-{next(self.numbers)}"
        self.window = f"{self.season}/EU/registration"
        self.do(begin(self.database, datetime(2024, 4, 1, tzinfo=UTC), season=self.season))
        self.entry = self.do(entries.draft(self.database, self.season, entry_form()))
        # Time begins near the close, where it is decided.
        self.now = CLOSES - before
        self.state, self.closes_at, self.paused_at = "running", CLOSES, OPENS
        self.grace = self.correction = OPENS
        self.undecided = self.eligible = False
        self.accepted: datetime | None = None

    def is_open(self) -> bool:
        return self.state == "running" and self.now < self.closes_at

    def corrects(self) -> bool:
        return self.state != "paused" and self.now < self.correction

    def accepts(self) -> bool:
        return not self.undecided and (
            self.is_open() or (self.state != "paused" and self.now < self.grace) or self.corrects()
        )

    @rule(step=STEPS)
    def time_passes(self, step: timedelta) -> None:
        self.now += step

    @rule()
    def the_closing_instant_comes(self) -> None:
        self.now = max(self.now, self.closes_at)

    @rule()
    def the_applicant_submits(self) -> None:
        try:
            _, at = self.do(entries.submit(self.database, self.entry))
        except Refused as refused:
            assert not self.accepts()
            if self.undecided:
                assert refused.code == "entry.state"
                return
            closed = "grace.over" if self.grace > self.closes_at else "window.closed"
            assert refused.code == ("window.paused" if self.state == "paused" else closed)
        else:
            assert self.accepts()
            assert at == self.now
            self.accepted = at

    @rule()
    def the_timer_closes(self) -> None:
        closing = self.do(self._closed())
        if self.state == "running" and self.now >= self.closes_at:
            self.state = "closed"
        assert closing.closed == (self.state == "closed")

    @rule(by=STEPS)
    def operations_extend(self, by: timedelta) -> None:
        if self.steered(Extend(by=by, **self.why()), self.is_open() and self.closes_at + by < ROOM):
            self.closes_at += by

    @rule()
    def operations_close_early(self) -> None:
        if self.steered(CloseNow(**self.why()), self.is_open()):
            self.state, self.closes_at = "closed", self.now

    @rule(by=STEPS)
    def operations_reopen(self, by: timedelta) -> None:
        if self.steered(Reopen(by=by, **self.why()), self.state == "closed" and self.now + by < ROOM):
            self.state, self.closes_at = "running", self.now + by

    @rule()
    def operations_pause(self) -> None:
        if self.steered(PauseWindow(**self.why()), self.is_open()):
            self.state, self.paused_at = "paused", self.now

    @rule()
    def operations_resume(self) -> None:
        if self.steered(ResumeWindow(**self.why()), self.state == "paused"):
            self.state, self.closes_at = "running", self.closes_at + (self.now - self.paused_at)

    @rule(by=STEPS)
    def operations_give_grace(self, by: timedelta) -> None:
        until = max(self.now, self.closes_at) + by
        command = Grace(entry=self.entry, by=by, actor="ops", reason="a power cut")
        try:
            assert self.do(self._given(command)).closes_at == until
        except Refused:
            assert until > ROOM or self.undecided
        else:
            assert until <= ROOM
            assert not self.undecided
            assert self.do(self._given(command)).repeated
            self.grace = max(self.grace, until)

    @rule()
    def the_applicant_saves(self) -> None:
        try:
            self.do(entries.save(self.database, self.entry, entry_form()))
        except Refused:
            assert not self.accepts()
            assert not (self.undecided and self.corrects())
        else:
            assert self.accepts() or (self.undecided and self.corrects())

    @rule()
    def a_person_must_look(self) -> None:
        if self.accepted is not None:
            self.undecided, self.eligible = True, False
            sql = "UPDATE entries SET state = 'undecided' WHERE id = :entry RETURNING id"
            self.do(self.database.at_once(sql, entry=self.entry))

    @rule(by=STEPS)
    def a_person_returns_it(self, by: timedelta) -> None:
        command = Return(entry=self.entry, by=by, actor="ops", reason="a page is missing")
        returnable = self.accepted is not None and not self.eligible
        allowed = returnable and self.now >= self.correction and self.now + by <= ROOM
        try:
            assert self.do(self._returned(command)).closes_at == self.now + by
        except Refused:
            assert not allowed
        else:
            assert allowed
            assert self.do(self._returned(command)).repeated
            self.correction = self.now + by

    @rule()
    def the_applicant_answers(self) -> None:
        try:
            at = self.do(corrections.answer(self.database, self.entry, "Corrected."))
        except Refused:
            assert not self.corrects()
        else:
            assert self.corrects()
            assert at == self.now
            # The rules find nothing in this entry; what was not asked about is screened when its time comes.
            self.eligible, self.correction = self.undecided, self.now

    @invariant()
    def what_is_in_is_what_was_accepted(self) -> None:
        if not hasattr(self, "accepted"):
            return
        found = self.do(self._found())
        inside = {"submitted", "undecided", "eligible"}
        assert (found["state"] in inside, found["submitted_at"]) == (self.accepted is not None, self.accepted)
        assert found["closes_at"] == self.closes_at

    def steered(self, command: WindowCommand, allowed: bool) -> bool:
        """Whether the command was carried out, which is as the model says."""
        try:
            outcome = self.do(self._steered(command))
        except Refused:
            assert not allowed
            return False
        assert allowed
        repeated = self.do(self._steered(command))
        assert repeated.repeated
        assert repeated.closes_at == outcome.closes_at
        return True

    def why(self) -> dict[str, str]:
        return {"actor": "ops", "reason": "so it came", "window": self.window}

    async def _steered(self, command: WindowCommand) -> Any:
        async with self.database.transaction() as connection:
            return await windows.steer(connection, command)

    async def _given(self, command: Grace) -> Any:
        async with self.database.transaction() as connection:
            return await graces.give_grace(connection, command)

    async def _returned(self, command: Return) -> Any:
        async with self.database.transaction() as connection:
            return await corrections.return_for_correction(connection, command)

    async def _closed(self) -> Any:
        async with self.database.transaction() as connection:
            return await windows.close_window(connection, self.window)

    async def _found(self) -> dict[str, Any]:
        async with self.database.statement() as connection:
            sql = """SELECT e.state, e.submitted_at, w.closes_at FROM entries e, windows w
                     WHERE e.id = :entry AND w.id = :window"""
            return (await rows(connection, sql, entry=self.entry, window=self.window))[0]


@pytest.mark.timeout(900)
def test_whatever_happens_to_a_window_the_gate_answers_as_a_model_of_a_few_lines(database_for_model: Database) -> None:
    run_state_machine_as_test(
        GateMachine,
        settings=settings(
            max_examples=SEQUENCES,
            stateful_step_count=15,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture
def database_for_model(postgres: str) -> Iterator[Database]:
    """A fresh database on a loop of the machine's own, as a state machine's acts are no coroutines."""
    import uuid

    import asyncpg

    loop = asyncio.new_event_loop()
    name = f"test_{uuid.uuid4().hex}"

    async def administer(sql: str) -> None:
        admin = await asyncpg.connect(postgres.format("postgres").replace("+asyncpg", ""))
        await admin.execute(sql)
        await admin.close()

    loop.run_until_complete(administer(f"CREATE DATABASE {name} TEMPLATE template_season"))
    GateMachine.loop, GateMachine.database = loop, Database(postgres.format(name))
    yield GateMachine.database
    loop.run_until_complete(GateMachine.database.close())
    loop.run_until_complete(administer(f"DROP DATABASE {name} WITH (FORCE)"))
    loop.close()
