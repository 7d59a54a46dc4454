"""The embedded stack with real servers: up, twice, killed in part, killed whole, up again, down."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import asyncpg
import psutil
import pytest
from temporalio.client import Client

from tests.workers.live import LiveStack, eventually
from workers.embedded import temporal
from workers.embedded.folder import StackFolder
from workers.embedded.leftovers import read_children
from workers.embedded.mailsink import list_mails
from workers.embedded.postgres import Postgres
from workers.embedded.processes import is_running

PARTS = {"postgres", "temporal", "mail-sink", "worker-season", "worker-mail", "desk"}


async def rows(live: LiveStack, *add: str) -> set[str]:
    """Add facts, then read them all."""
    connection: asyncpg.Connection = await Postgres.of(live.folder).connect("season")
    try:
        for name in add:
            await connection.execute("insert into fact values ($1)", name)
        return {row["name"] for row in await connection.fetch("select name from fact")}
    finally:
        await connection.close()


async def client_of(live: LiveStack) -> Client:
    """A client of the stack's Temporal."""
    return await Client.connect(**live.settings().temporal())


def listeners(live: LiveStack) -> set[str]:
    """Addresses that the stack's processes listen on."""
    found: set[str] = set()
    for record in read_children(live.folder):
        process = psutil.Process(record.handle.pid)
        for one in (process, *process.children(recursive=True)):
            found |= {c.laddr[0] for c in one.net_connections("inet") if c.status == psutil.CONN_LISTEN}
    return found


def test_up_serves_refuses_a_second_and_goes_down_in_order(live: LiveStack) -> None:
    stack = live.up()
    assert {record.name for record in read_children(live.folder)} == PARTS
    assert listeners(live) == {"127.0.0.1"}
    checks = live.doctor()
    # The stand-in makes no real tables, so that one check is right to complain.
    assert {name for name, ok in checks.items() if not ok} == {"migrations"}

    second = live.season("up")
    assert second.returncode == 1
    assert f"already up in {live.folder.root} (process {stack.supervisor.pid})" in second.stderr
    assert is_running(stack.supervisor)

    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.org", "b@example.org", "报名"
    message.set_content("text")
    host, port = live.settings().smtp()
    asyncio.run(aiosmtplib.send(message, hostname=host, port=port))
    assert [mail.subject for mail in list_mails(live.folder.mail)] == ["报名"]

    handles = [record.handle for record in read_children(live.folder)]
    assert live.season("down").returncode == 0
    assert not any(is_running(handle) for handle in (*handles, stack.supervisor))
    assert not live.folder.stack.exists()
    said = live.folder.log_of("up").read_text(encoding="utf-8")
    order = ["the desk", "the mail worker", "the season worker", "the mail sink", "Temporal", "PostgreSQL"]
    places = [said.index(f"Stopping {title}") for title in order]
    assert places == sorted(places)
    assert "killed" not in said
    assert live.season("down").returncode == 0


def test_a_killed_child_is_started_again(live: LiveStack) -> None:
    live.up()
    asyncio.run(rows(live, "before"))
    for name in ("worker-season", "temporal", "postgres", "mail-sink"):
        before = live.child(name)
        os.kill(before.handle.pid, signal.SIGKILL)

        def again(name: str = name, pid: int = before.handle.pid) -> bool:
            return any(
                r.name == name and r.handle.pid != pid and is_running(r.handle) for r in read_children(live.folder)
            )

        eventually(again, f"{name} is started again")
        assert live.child(name).restarts >= 1

    def all_well() -> bool:
        return {name for name, ok in live.doctor().items() if not ok} == {"migrations"}

    eventually(all_well, "all answer again")
    assert asyncio.run(rows(live)) == {"before"}


@pytest.mark.parametrize("who", ["all", "supervisor"])
def test_after_a_kill_it_comes_up_again_as_it_was(live: LiveStack, who: str) -> None:
    live.up()
    asyncio.run(rows(live, "before"))

    async def start() -> None:
        client = await client_of(live)
        await client.start_workflow("Sleeper", 3.0, id="sleeper", task_queue="season")

    async def outcome() -> str:
        client = await client_of(live)
        assert await temporal.missing_search_attributes(client) == []
        assert await temporal.retention(client) >= temporal.RETENTION
        return str(await asyncio.wait_for(client.get_workflow_handle("sleeper").result(), 60))

    asyncio.run(start())
    old = [record.handle for record in read_children(live.folder)]
    if who == "all":
        live.kill_all()
    else:
        os.kill(live.supervisors[-1].pid, signal.SIGKILL)
    live.up()
    assert not any(is_running(handle) for handle in old), "nothing of the killed stack is left"
    assert asyncio.run(rows(live, "after")) == {"before", "after"}
    assert asyncio.run(outcome()) == "slept"


def test_a_taken_port_is_moved_and_named_and_an_asked_for_one_is_refused(live: LiveStack) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):  # somebody else has it, which is as good
            taken.bind(("127.0.0.1", 8600))
            taken.listen()
        live.environment["SEASON_DESK_PORT"] = "8600"
        refused = live.season("up")
        assert refused.returncode == 1
        assert "Port 8600, asked for as the desk's, is taken by" in refused.stderr
        del live.environment["SEASON_DESK_PORT"]
        stack = live.up()
    assert stack.addresses.desk_port != 8600
    assert any(sentence.startswith("Port 8600 is taken by") for sentence in stack.moved)


def test_two_stacks_that_start_at_the_same_moment_have_nothing_of_each_other(live: LiveStack, tmp_path: Path) -> None:
    other = LiveStack(StackFolder.at(tmp_path / "other"), live.environment)
    try:
        with ThreadPoolExecutor() as pool:
            stacks = list(pool.map(LiveStack.up, (live, other)))
        ports = [
            {one.addresses.desk_port, one.addresses.smtp_port, str(one.addresses.temporal_address).rpartition(":")[2]}
            for one in stacks
        ]
        assert not ports[0] & ports[1]
        for one in (live, other):
            name = one.folder.root.name
            message = EmailMessage()
            message["From"], message["To"], message["Subject"] = "a@example.org", "b@example.org", name
            host, port = one.settings().smtp()
            asyncio.run(aiosmtplib.send(message, hostname=host, port=port))
            assert [mail.subject for mail in list_mails(one.folder.mail)] == [name]
            assert {check for check, ok in one.doctor().items() if not ok} == {"migrations"}
    finally:
        other.end()


def test_a_part_that_cannot_start_is_named_and_the_rest_is_stopped(live: LiveStack) -> None:
    live.folder.create()
    live.folder.temporal.mkdir()  # a folder where the database's file should be
    begun = time.monotonic()
    done = live.season("up")
    assert done.returncode == 1
    assert "Temporal ended 4 times at its start" in done.stderr
    assert time.monotonic() - begun < 60
    assert Postgres.of(live.folder).running() is None
    assert read_children(live.folder) == ()
