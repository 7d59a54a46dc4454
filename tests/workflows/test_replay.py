"""Histories that the real server recorded are replayed: what runs today must be able to go on tomorrow."""

from __future__ import annotations

import base64
import gzip
import json
import re
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from models.results import Closing, StageRef, WindowRef
from workers.plugin import WORKFLOWS, SeasonkeeperPlugin
from workflows.calls import call
from workflows.window import WindowWorkflow

with workflow.unsafe.imports_passed_through():
    from activities.windows import WindowDeeds

FOLDER = Path(__file__).parents[1] / "histories"
NAMES = sorted(kind.__name__.removesuffix("Workflow").lower() for kind in WORKFLOWS)


def recorded(name: str) -> str:
    """A recorded history, as JSON."""
    return gzip.decompress((FOLDER / f"{name}.json.gz").read_bytes()).decode()


def history_of(name: str) -> WorkflowHistory:
    """A recorded history, as the replayer takes it."""
    return WorkflowHistory.from_json(f"recorded-{name}", recorded(name))


def replayer(*kinds: type) -> Replayer:
    """Replays with the converter and the sandbox of production; the workflows come from the plugin, once."""
    return Replayer(workflows=[], plugins=[SeasonkeeperPlugin(workflows=kinds)])


def test_every_workflow_type_has_a_recorded_history() -> None:
    assert sorted(path.name.removesuffix(".json.gz") for path in FOLDER.glob("*.json.gz")) == NAMES


@pytest.mark.parametrize("name", NAMES)
async def test_a_recorded_history_replays(name: str) -> None:
    found = await replayer(*WORKFLOWS).replay_workflow(history_of(name))
    assert found.replay_failure is None


@workflow.defn(name="WindowWorkflow")
class ChangedWindow(WindowWorkflow):
    """As somebody might change it by mistake: it concludes before it holds."""

    @workflow.run
    async def run(self, ref: StageRef) -> Closing:
        """Out of order."""
        window = WindowRef(window=f"{ref.season}/{ref.area}/{ref.stage}")
        await self.conclude(ref)
        await call(WindowDeeds.load, window)
        return await self.hold(window.window)


async def test_a_changed_workflow_would_not_replay() -> None:
    with pytest.raises(NondeterminismError):
        await replayer(ChangedWindow).replay_workflow(history_of("window"))


@pytest.mark.parametrize("name", NAMES)
def test_a_history_holds_no_names_and_no_addresses(name: str) -> None:
    payloads = []
    text = recorded(name)

    def collect(found: object) -> None:
        if isinstance(found, dict):
            if isinstance(found.get("data"), str):
                payloads.append(base64.b64decode(found["data"]).decode("utf-8", "replace"))
            for value in found.values():
                collect(value)
        elif isinstance(found, list):
            for value in found:
                collect(value)

    collect(json.loads(text))
    assert payloads
    # A worker names itself by process and machine; that is no person of a season.
    said = re.sub(r'"identity": ?"[^"]*"', "", text) + "\n".join(payloads)
    for person in ("Applicant ", "Judge ", "Contact ", "Channel ", "Office ", "Place ", "Project ", "example.org"):
        assert person not in said, person
    assert re.findall(r"[\w.+-]+@[\w-]+\.[\w.]+", said) == []
