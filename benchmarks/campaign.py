"""A campaign of personal mails in two languages: how fast it is sent, and what it costs.

`python -m benchmarks.campaign [--quick] [--json]`. The production path: people and deliveries in a PostgreSQL that
flushes every commit, a Temporal server, a season worker and a mail worker with their usual connections (no limit per
second), to Debian's `smtp-sink`. In the same run, the same words to as many people by a plain loop (aiosmtplib, one
connection, EmailMessage, templates compiled once), and by Celery with Redis (one task a mail, two processes, late
acknowledgement). Neither keeps what became of a mail.

Counted as billable actions: the start of the workflow, each signal, each activity task with its retries, each timer,
and the signs of life that activities give while they run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from statistics import fmean
from typing import Any, cast

import psutil
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHandle

from activities.campaigns import poke_campaign
from activities.composing import compose
from benchmarks.campaign_rivals import Words
from benchmarks.mail_stack import CAMPAIGN, SEASON, SENDER, Person, Sink, Stack, plan, prepare, sink, stack, stop
from models.errors import Unavailable
from records import sending
from records.database import Database, run
from records.seasons import live
from workers.embedded.parts import ROOT
from workers.embedded.ports import LOOPBACK, any_free
from workers.embedded.temporary import temporary_postgres

URL = "https://season.example.org"
MARKS = {"name": "Nnnamennn", "title": "Ttttitlettt", "number": "Nnnnumbernnn"}
_SILENCE = 20.0


async def words_of(database: Database, people: list[Person], path: Path) -> None:
    """Write the campaign's words as templates that anybody can use; checked against what the campaign says."""
    await plan(database, people[:20])
    async with database.transaction() as connection:
        season = await live(connection, SEASON)
    due = {one.person_id: one for one in await sending.due(database, CAMPAIGN, len(people))}
    async with database.transaction() as connection:
        await run(connection, "DELETE FROM deliveries")
        await run(connection, "DELETE FROM campaigns")
    given: dict[str, dict[str, str]] = {}
    for language in ("en", "zh"):
        person = next(p for p in people if p.language == language)
        marked = due[person.id]._replace(name=MARKS["name"], entry_title=MARKS["title"], entry_number=MARKS["number"])
        parts = _parts(compose(season, marked, sender=SENDER, public_url=URL))
        for name, mark in MARKS.items():
            parts = {part: text.replace(mark, f"{{{{ {name} }}}}") for part, text in parts.items()}
        given[language] = parts
    path.write_text(json.dumps([SENDER, given]), encoding="utf-8")
    words = Words(path)
    for person in people[:20]:
        ours = _parts(compose(season, due[person.id], sender=SENDER, public_url=URL))
        theirs = _parts(words.mail(vars(person) | {"message_id": person.message_id}).as_bytes())
        assert ours == theirs, (ours, theirs)


def _parts(mail: bytes) -> dict[str, str]:
    """Subject, text and HTML of a mail."""
    parsed = cast(EmailMessage, message_from_bytes(mail, policy=policy.default))
    found = {"subject": str(parsed["Subject"])}
    for name, kind in (("text", "plain"), ("html", "html")):
        part = parsed.get_body((kind,))
        if part is not None:
            found[name] = part.get_content().replace("\r\n", "\n")
    return found


def _loop(given: Stack, templates: Path, count: int) -> dict[str, Any]:
    with sink() as taken:
        command = (sys.executable, "-m", "benchmarks.campaign_rivals", *_arguments(given, taken, templates, count))
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=600)
        found: dict[str, float] = json.loads(done.stdout)
        return _figures(count, found["seconds"], found["cpu_seconds"]) | {"lost": count - taken.count()}


def _arguments(given: Stack, taken: Sink, templates: Path, count: int) -> tuple[str, ...]:
    # The driver's own form of the address: nothing of ours is in the way.
    return given.url.replace("+asyncpg", ""), str(taken.port), str(templates), str(count)


def _figures(count: int, seconds: float, cpu: float) -> dict[str, Any]:
    return {
        "per_second": round(count / seconds, 1),
        "seconds": round(seconds, 2),
        "cpu_ms_per_mail": round(cpu * 1000 / count, 3),
    }


def _celery(people: list[Person], templates: Path, broker: str) -> dict[str, Any]:
    """From the first task that is queued to the last mail that came; the workers wait ready."""
    with sink() as taken, tempfile.TemporaryFile() as log:
        environment = os.environ | {
            "RIVAL_BROKER": broker, "RIVAL_TEMPLATES": str(templates), "RIVAL_PORT": str(taken.port),
        }  # fmt: skip
        command = (
            sys.executable, "-m", "celery", "-A", "benchmarks.campaign_rivals:celery", "worker", "--concurrency", "2",
            "--pool", "prefork", "--loglevel", "error", "--without-gossip", "--without-mingle",
        )  # fmt: skip
        worker = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            from benchmarks import campaign_rivals

            campaign_rivals.celery.conf.broker_url = broker
            _until_it_answers(campaign_rivals.celery, worker)
            begun, before, own = time.perf_counter(), _cpu(worker.pid), time.process_time()
            for person in people:
                campaign_rivals.send.delay(vars(person) | {"message_id": person.message_id})
            own = time.process_time() - own
            ended = _until_still(taken, len(people))
            cpu = _cpu(worker.pid) - before
            return _figures(len(people), ended - begun, cpu + own) | {"lost": len(people) - len(taken.got())}
        finally:
            stop(worker)


def _until_it_answers(app: Any, worker: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while not app.control.ping(timeout=0.5):
        if worker.poll() is not None or time.monotonic() > until:
            raise Unavailable("celery.failed", "Celery's worker did not start.")


def _until_still(taken: Sink, count: int) -> float:
    """When the last mail came: looked at twice a second by the size of what is there, so as to take no time from it."""
    file, size, changed = taken.folder / "mails", -1, time.perf_counter()
    while time.perf_counter() - changed < _SILENCE:
        now = file.stat().st_size if file.exists() else 0
        if now != size:
            size, changed = now, time.perf_counter()
        elif taken.count() >= count:
            break
        time.sleep(0.1)
    return changed


@contextmanager
def _redis() -> Iterator[str]:
    program = shutil.which("redis-server")
    if program is None:
        raise Unavailable(
            "redis.missing", "There is no redis-server here.", "Install it: `apt-get install redis-server`."
        )
    port = any_free()
    command = (program, "--bind", LOOPBACK, "--port", str(port), "--save", "", "--appendonly", "no")
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield f"redis://{LOOPBACK}:{port}/0"
    finally:
        stop(server)


def _cpu(pid: int) -> float:
    """Seconds of CPU that a process and its children have had."""
    process = psutil.Process(pid)
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return sum(one.user + one.system for one in times)


async def _campaign(given: Stack, database: Database, people: list[Person], taken: Sink) -> dict[str, Any]:
    """From the deliveries' planning to the end of the workflow, with the workers waiting."""
    client, since = await given.client(), time.time()
    workers = {role: given.worker(role, taken.port, mail_per_second=0, public_url=URL) for role in ("season", "mail")}
    try:
        for role in workers:
            await given.until_ready(client, role, since)
        server = given.postgres.running()
        assert server is not None
        pids = {"mail": workers["mail"].pid, "season": workers["season"].pid, "database": server.pid}
        before = {name: _cpu(pid) for name, pid in pids.items()}
        begun = time.perf_counter()
        await plan(database, people)
        planned = time.perf_counter()
        await poke_campaign(client, SEASON, CAMPAIGN)
        handle = client.get_workflow_handle(f"season/{SEASON}/campaign/{CAMPAIGN}")
        await handle.result()
        seconds = time.perf_counter() - begun
        cpu = {name: _cpu(pid) - before[name] for name, pid in pids.items()}
        got = taken.got()
        wanted = {person.message_id for person in people}
        return (
            _figures(len(people), seconds, cpu["mail"])
            | {"planning_seconds": round(planned - begun, 2)}
            | {f"cpu_ms_per_mail_{k}": round(v * 1000 / len(people), 3) for k, v in cpu.items() if k != "mail"}
            | await counted(handle)
            | {"lost": len(wanted - got.keys()), "duplicates": got.total() - len(got)}
        )
    finally:
        for worker in workers.values():
            stop(worker)


async def counted(handle: WorkflowHandle[Any, Any]) -> dict[str, int]:
    """Events of a workflow's history, and the actions in it that are billed."""
    events = [event async for event in handle.fetch_history_events()]
    return {"events": len(events), "actions": sum(_actions(event) for event in events) + _signs_of_life(events)}


def _actions(event: HistoryEvent) -> int:
    match event.event_type:
        case EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED:
            return event.activity_task_started_event_attributes.attempt
        case (
            EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED
            | EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
            | EventType.EVENT_TYPE_TIMER_STARTED
            | EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES
        ):
            return 1
    return 0


def _signs_of_life(events: list[HistoryEvent]) -> int:
    """At most: the SDK passes one on when four fifths of the time have gone after which one would be missed."""
    scheduled = {event.event_id: event for event in events}
    signs = 0
    for event in events:
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
            done = event.activity_task_completed_event_attributes
            first = scheduled[done.scheduled_event_id].activity_task_scheduled_event_attributes
            seconds = event.event_time.ToDatetime() - scheduled[done.started_event_id].event_time.ToDatetime()
            signs += int(seconds.total_seconds() / (0.8 * first.heartbeat_timeout.ToTimedelta().total_seconds()))
    return signs


def measure(count: int, rivals: bool = True) -> dict[str, Any]:
    """The campaign, and what it is compared with: twice, the second time in the opposite order.

    So what the machine does meanwhile meets all of them alike. The campaign sends `count` mails each time, the others
    half of them.
    """
    logging.disable(logging.WARNING)
    # Celery's client keeps its broker: one for both rounds.
    with _redis() if rivals else nullcontext("") as broker:
        rounds = [_round(count, broker, backwards) for backwards in (False, True)]
    ours, plain, celery = (_both([one[name] for one in rounds if name in one]) for name in ("ours", "plain", "celery"))
    return {
        "benchmark": "campaign", "cores": os.cpu_count(), "mails": count, **ours,
        "ratio_to_plain_loop": _ratio(ours, plain), "ratio_to_celery": _ratio(ours, celery),
        "plain_loop": plain or None, "celery": celery or None,
    }  # fmt: skip


def _round(count: int, broker: str, backwards: bool) -> dict[str, dict[str, Any]]:
    """One after the other, on a database and a Temporal server of their own."""
    with temporary_postgres(durable=True) as postgres, stack(postgres) as given:
        templates = given.folder / "words.json"

        async def ready() -> list[Person]:
            database = Database(given.url)
            try:
                found = await prepare(database, count)
                await words_of(database, found, templates)
                return found
            finally:
                await database.close()

        async def campaign(taken: Sink) -> dict[str, Any]:
            database = Database(given.url)
            try:
                return await _campaign(given, database, people, taken)
            finally:
                await database.close()

        def ours() -> dict[str, Any]:
            with sink() as taken:
                return asyncio.run(campaign(taken))

        people = asyncio.run(ready())
        contenders: dict[str, Callable[[], dict[str, Any]]] = {"ours": ours}
        if broker:
            contenders["plain"] = lambda: _loop(given, templates, count // 2)
            contenders["celery"] = lambda: _celery(people[: count // 2], templates, broker)
        order = list(contenders) if not backwards else list(reversed(contenders))
        return {name: contenders[name]() for name in order}


def _both(found: list[dict[str, Any]]) -> dict[str, Any]:
    """The rate over both rounds, the means of costs, the sums of faults, and the more of what there may be so much of."""
    if not found:
        return {}
    several: dict[str, Callable[[list[float]], float]] = {"events": max, "actions": max, "lost": sum, "duplicates": sum}
    both = {name: round(several.get(name, fmean)([one[name] for one in found]), 3) for name in found[0]}
    mails, seconds = sum(one["per_second"] * one["seconds"] for one in found), sum(one["seconds"] for one in found)
    return both | {"per_second": round(mails / seconds, 1), "rounds": [one["per_second"] for one in found]}


def _ratio(ours: dict[str, Any], theirs: dict[str, Any]) -> float | None:
    return round(ours["per_second"] / theirs["per_second"], 2) if theirs else None


def main() -> None:
    """Print one JSON object with --json, else lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="1,000 mails")
    parser.add_argument("--mails", type=int, default=10_000)
    parser.add_argument("--alone", action="store_true", help="without what it is compared with")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    given = parser.parse_args()
    try:
        found = measure(1_000 if given.quick else given.mails, not given.alone)
    except Unavailable as error:
        sys.exit(str(error))
    if given.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:<26} {value}")


if __name__ == "__main__":
    main()
