"""Steering on the real Temporal server and a real PostgreSQL, through the desk, the CLI and the plain `temporal`."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from desk.client import Desk
from models.commands import CloseNow, Extend, PauseWindow, ResumeWindow, SeasonCommand
from models.errors import BadInput, NotFound, Refused
from models.forms import ChannelForm, PersonForm
from records import channels, entries
from tests.live.stack import WholeStack, ask, short_file, short_values, soon, told, window
from tests.seasons import entry_form

DAY = timedelta(seconds=1)
"""How long a day of these seasons lasts; registration is open for six."""
LATE = timedelta(seconds=3)
"""A close may be written down so much after its instant on a busy machine; what is accepted goes by the instant."""


@pytest.fixture
async def desk(running: WholeStack) -> AsyncIterator[Desk]:
    """A desk of the running stack."""
    async with running.desk() as found:
        yield found


async def open_season(desk: Desk, season: str, day: timedelta = DAY) -> datetime:
    """A season whose registration opens now; the instant at which it closes."""
    await desk.start_season(short_file(), season=season, open_now=True, day=day)
    name = f"{season}/EU/registration"

    async def is_open() -> bool:
        return bool((await window(desk.database, name))["state"] == "open")

    await soon("registration opens", is_open)
    closes_at: datetime = (await window(desk.database, name))["closes_at"]
    return closes_at


async def until(desk: Desk, instant: datetime) -> None:
    """Wait for an instant of the database's clock."""
    await asyncio.sleep(max(0.0, (instant - await desk.database.now()).total_seconds()))


async def closed(desk: Desk, name: str) -> bool:
    """Whether a window is closed."""
    return bool((await window(desk.database, name))["state"] == "closed")


async def test_a_window_extended_a_second_before_its_close_stays_open_and_closes_at_its_new_instant(
    desk: Desk,
) -> None:
    closes_at = await open_season(desk, "extend")
    eu, sg = "extend/EU/registration", "extend/SG/registration"
    draft = await entries.draft(desk.database, "extend", entry_form(1))
    other = await entries.draft(desk.database, "extend", entry_form(2, area="SG"))
    await until(desk, closes_at - timedelta(seconds=1))
    later = closes_at + 3 * DAY
    done = await desk.steer_window(Extend(actor="ops", window=eu, until=later, reason="The site was down."))
    assert (done.state, done.closes_at) == ("open", later)
    assert done.at < closes_at

    await until(desk, closes_at + timedelta(milliseconds=200))
    _, accepted = await entries.submit(desk.database, draft)
    assert closes_at < accepted < later
    with pytest.raises(Refused) as late:
        await entries.submit(desk.database, other)
    assert late.value.code == "window.closed"
    await soon("SG closes", lambda: closed(desk, sg), 5)
    await soon("EU closes", lambda: closed(desk, eu), 8)
    row = await window(desk.database, eu)
    assert timedelta(0) <= row["closed_at"] - later < LATE


async def test_those_told_the_old_date_are_told_the_new_one_once(desk: Desk) -> None:
    closes_at = await open_season(desk, "tell", day=timedelta(seconds=2))
    for area, number in (("EU", 1), ("SG", 2)):
        await entries.draft(desk.database, "tell", entry_form(number, area=area))

    async def reminded() -> bool:
        return [row["state"] for row in await told(desk.database, "tell", "draft_reminder")] == ["sent", "sent"]

    try:
        await soon("both are reminded", reminded, 15)
    except AssertionError:
        raise AssertionError(await told(desk.database, "tell", "draft_reminder")) from None
    for days in (1, 2):
        new = closes_at + days * 2 * DAY
        await desk.steer_window(
            Extend(actor="ops", window="tell/EU/registration", until=new, reason="The site was down.")
        )

    async def heard() -> bool:
        rows = await told(desk.database, "tell", "window_extended")
        return bool(rows) and rows[-1]["told_closes_at"] == new and rows[-1]["state"] == "sent"

    await soon("the new date is told", heard)
    await asyncio.sleep(1.5)
    extended = await told(desk.database, "tell", "window_extended")
    assert {row["email"] for row in extended} == {"applicant-1@example.org"}
    assert [row["told_closes_at"] for row in extended].count(new) == 1


async def test_a_window_closes_early_and_a_closed_one_refuses(desk: Desk) -> None:
    await open_season(desk, "early", day=timedelta(seconds=20))
    name = "early/EU/registration"
    done = await desk.steer_window(CloseNow(actor="ops", window=name, reason="Enough."))
    assert (done.done, done.state) == ("window.closed_early", "closed")
    with pytest.raises(Refused) as closed_already:
        await desk.steer_window(Extend(actor="ops", window=name, by=DAY, reason="After all."))
    assert closed_already.value.code == "window.closed"
    assert "season reopen" in closed_already.value.remedy


async def test_refusals_change_nothing(desk: Desk) -> None:
    closes_at = await open_season(desk, "refuse", day=timedelta(seconds=20))
    name = "refuse/EU/registration"
    before = await window(desk.database, name)
    cases = (
        (Extend(actor="ops", window=name, until=closes_at - DAY, reason="x"), Refused, "window.earlier"),
        (Extend(actor="ops", window="refuse/XX/registration", by=DAY, reason="x"), NotFound, "window.unknown"),
        (Extend(actor="ops", window=name, by=DAY), BadInput, "command.no_reason"),
    )
    for command, kind, code in cases:
        with pytest.raises(kind) as refused:
            await desk.steer_window(command)
        assert refused.value.code == code
        assert refused.value.sentence
    assert await window(desk.database, name) == before


async def test_a_pause_across_the_deadline_keeps_the_time_that_was_left(desk: Desk) -> None:
    closes_at = await open_season(desk, "pause")
    name = "pause/EU/registration"
    await until(desk, closes_at - timedelta(seconds=1.5))
    paused = await desk.steer_window(PauseWindow(actor="ops", window=name, reason="Power cut."))
    await until(desk, closes_at + timedelta(seconds=1))
    assert (await window(desk.database, name))["state"] == "paused"
    resumed = await desk.steer_window(ResumeWindow(actor="ops", window=name, reason="Light again."))
    expected = closes_at + (resumed.at - paused.at)
    assert resumed.closes_at == expected
    await soon("it closes", lambda: closed(desk, name), 10)
    row = await window(desk.database, name)
    assert timedelta(0) <= row["closed_at"] - expected < LATE


async def test_a_cancelled_season_tells_everyone_once(desk: Desk) -> None:
    await open_season(desk, "cancel", day=timedelta(seconds=20))
    contact = PersonForm(email="channel-1@example.org", name="Channel 1")
    await channels.add_channel(desk.database, "cancel", ChannelForm(code="C-1", name="Office", contact=contact))
    for number in (1, 2):
        await entries.submit(desk.database, await entries.draft(desk.database, "cancel", entry_form(number)))
    await desk.steer_season("cancel", SeasonCommand(actor="ops", season="cancel", reason="No sponsor."))
    assert desk.temporal is not None
    async with asyncio.timeout(20):
        assert await desk.temporal.get_workflow_handle("season/cancel").result() == "cancelled"
    states = await ask(desk.database, "SELECT DISTINCT state FROM windows WHERE season_id = 'cancel'")
    assert [row["state"] for row in states] == ["cancelled"]

    async def sent() -> bool:
        return [row["state"] for row in await told(desk.database, "cancel", "season_cancelled")] == ["sent"] * 3

    await soon("all three are told", sent)

    async def none_runs() -> bool:
        assert desk.temporal is not None
        query = "SeasonId = 'cancel' AND ExecutionStatus = 'Running'"
        return [found.id async for found in desk.temporal.list_workflows(query)] == []

    await soon("no workflow of the season runs", none_runs)


async def test_a_naive_timestamp_is_refused_by_the_command_line(running: WholeStack, desk: Desk) -> None:
    await open_season(desk, "naive", day=timedelta(seconds=20))
    done = await asyncio.to_thread(
        running.season,
        *("extend", "naive/EU/registration", "--until", "2024-06-01T00:00", "--reason", "A holiday."),
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert "2024-06-01T00:00" in done.stderr
    assert "zone" in done.stderr
    assert done.stdout == ""


async def test_the_plain_temporal_command_serves_support(running: WholeStack, tmp_path: Path) -> None:
    file = tmp_path / "plain.yaml"
    file.write_text(json.dumps(short_values(), default=str), encoding="utf-8")
    started = await asyncio.to_thread(
        running.season, "start", str(file), "--id", "plain", "--open-now", "--day", "20s", "--json"
    )
    assert started.returncode == 0, started.stderr
    assert json.loads(started.stdout)["new"]

    async with running.desk() as desk:

        async def is_open() -> bool:
            return bool((await window(desk.database, "plain/SG/registration"))["state"] == "open")

        await soon("registration opens", is_open)
        closes_at = (await window(desk.database, "plain/EU/registration"))["closes_at"]

    query = await asyncio.to_thread(
        running.temporal, *("workflow", "query", "--workflow-id", "season/plain", "--type", "status", "-o", "json")
    )
    assert query.returncode == 0, query.stderr
    answer = json.loads(query.stdout)["queryResult"][0]
    assert answer["season"] == "plain"
    assert answer["state"] == "running"
    assert set(answer["areas"]) == {"EU", "SG"}

    text = await asyncio.to_thread(
        running.temporal, *("workflow", "query", "--workflow-id", "season/plain", "--type", "status")
    )
    assert '"state":"running"' in text.stdout.replace(" ", "")

    async def listed() -> bool:
        found = await asyncio.to_thread(
            running.temporal,
            *("workflow", "list", "--query", "SeasonId='plain' AND Stage='registration' AND Area='EU'", "-o", "json"),
        )
        found_rows = json.loads(found.stdout or "[]")
        if len(found_rows) != 1 or "ClosesAt" not in found_rows[0]["searchAttributes"]["indexedFields"]:
            return False
        fields = {k: v["data"] for k, v in found_rows[0]["searchAttributes"]["indexedFields"].items()}
        said = {name: json.loads(base64.b64decode(data)) for name, data in fields.items()}
        assert (said["SeasonId"], said["Area"], said["Stage"]) == ("plain", "EU", "registration")
        assert abs(datetime.fromisoformat(said["ClosesAt"]) - closes_at) < timedelta(seconds=1)
        return True

    await soon("the list shows season, area, stage and close", listed, 15)
