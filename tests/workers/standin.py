"""A small stand-in for the `season` command: the real stack commands, with workers and a desk that do next to nothing.

So the supervisor's tests do not wait for the whole product. Run it as `python standin.py up --data DIR`.
"""

from __future__ import annotations

import asyncio
import http.server
import signal
import sys
from datetime import timedelta
from pathlib import Path

import typer
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from desk.cli import stack
from workers.embedded import parts
from workers.settings import Settings

parts.SEASON = (sys.executable, __file__)
app = typer.Typer()
stack.register(app)


@activity.defn
async def nothing() -> None:
    """Does nothing."""


@workflow.defn(sandboxed=False)
class Sleeper:
    """Sleeps on the server's timer, and so outlives every process."""

    @workflow.run
    async def run(self, seconds: float) -> str:
        await workflow.sleep(timedelta(seconds=seconds))
        return "slept"


class Page(http.server.BaseHTTPRequestHandler):
    """Answers every GET with nothing."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(204)
        self.end_headers()


@app.command()
def worker(kind: str) -> None:
    """Serve one task queue."""

    async def run() -> None:
        stopped = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
        client = await Client.connect(**Settings.load().temporal())
        async with Worker(client, task_queue=kind, workflows=[Sleeper], activities=[nothing]):
            await stopped.wait()

    asyncio.run(run())


@app.command()
def desk() -> None:
    """Serve an empty page."""
    settings = Settings.load()
    http.server.HTTPServer((settings.desk_host, settings.desk_port), Page).serve_forever()


@app.command()
def migrate() -> None:
    """Make one table."""

    async def run() -> None:
        engine = create_async_engine(Settings.load().database())
        async with engine.begin() as connection:
            await connection.execute(text("create table if not exists fact (name text primary key)"))
        await engine.dispose()

    asyncio.run(run())


if __name__ == "__main__":
    app()
