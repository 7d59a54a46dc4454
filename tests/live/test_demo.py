"""The first thing that a newcomer does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx

from tests.live.stack import WholeStack
from tests.workers.live import eventually
from workers.embedded.addresses import read_stack
from workers.embedded.leftovers import read_children


def test_the_demo_serves_a_season_that_fills_and_stops_in_order(whole: WholeStack, tmp_path: Path) -> None:
    output = tmp_path / "demo.txt"
    with output.open("w") as file:
        demo = subprocess.Popen(
            [sys.executable, "-m", "desk.cli", "demo", "--entries", "30", "--data", str(whole.folder.root)],
            stdout=file,
            stderr=subprocess.STDOUT,
            env=whole.environment,
            start_new_session=True,
        )
    try:

        def said() -> bool:
            assert demo.poll() is None, output.read_text(encoding="utf-8")
            return "Season demo-1 is open" in output.read_text(encoding="utf-8")

        eventually(said, "the demo says that a season is open")
        stack = read_stack(whole.folder)
        assert stack is not None
        whole.supervisors.append(stack.supervisor)
        desk = whole.settings().desk_url()
        assert httpx.get(f"{desk}/seasons/demo-1").status_code == 200

        def filled() -> bool:
            return bool(httpx.get(f"{desk}/api/seasons/demo-1/entries").json()["entries"])

        eventually(filled, "entries arrive")
        os.kill(demo.pid, signal.SIGINT)
        assert demo.wait(60) == 0, output.read_text(encoding="utf-8")
        assert read_children(whole.folder) == ()
    finally:
        if demo.poll() is None:
            demo.kill()
