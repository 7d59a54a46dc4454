"""One plugin for everything that talks to Temporal: converter, sandbox, interceptors, workflows, activities."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.plugin import SimplePlugin
from temporalio.worker import Interceptor, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.alive import SignsOfLife
from activities.campaigns import CampaignDeeds
from activities.failures import FailuresInWords
from activities.house import House
from activities.mail import MailDeeds
from activities.matching import MatchingDeeds
from activities.negotiation import NegotiationDeeds
from activities.seasons import SeasonDeeds
from activities.tracking import TrackingDeeds
from activities.windows import WindowDeeds
from workflows.area import AreaWorkflow
from workflows.campaign import CampaignWorkflow
from workflows.finals import FinalsWorkflow
from workflows.matching import MatchingWorkflow
from workflows.negotiation import NegotiationWorkflow
from workflows.season import SeasonWorkflow
from workflows.tracking import TrackingWorkflow
from workflows.window import WindowWorkflow

WORKFLOWS: tuple[type, ...] = (
    SeasonWorkflow,
    AreaWorkflow,
    WindowWorkflow,
    FinalsWorkflow,
    MatchingWorkflow,
    NegotiationWorkflow,
    TrackingWorkflow,
    CampaignWorkflow,
)

# Pure or only named in a workflow: imported once in the process, not again for each workflow run. Re-importing
# SQLAlchemy alone in each run costs over 300 ms and 16 MB.
_PASSED_THROUGH = (
    "models", "rules", "records", "notices", "activities", "pydantic", "pydantic_core", "annotated_types",
    "sqlalchemy", "asyncpg", "jinja2", "aiosmtplib", "structlog", "holidays", "ortools", "ruamel",
)  # fmt: skip


def _sandboxed(runner: WorkflowRunner | None) -> WorkflowRunner:
    if isinstance(runner, SandboxedWorkflowRunner):
        restrictions = runner.restrictions.with_passthrough_modules(*_PASSED_THROUGH)
        return dataclasses.replace(runner, restrictions=restrictions)
    return runner or SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions.default.with_passthrough_modules(*_PASSED_THROUGH)
    )


class SeasonkeeperPlugin(SimplePlugin):
    """For client, worker, rehearsal, replay and tests alike.

    Give it to the client; workers of that client take it from there. `workflows` is empty for a worker that only
    runs activities.
    """

    def __init__(
        self,
        *,
        workflows: Sequence[type] = WORKFLOWS,
        interceptors: Sequence[Interceptor] = (),
        failures: Sequence[type[BaseException]] = (),
    ) -> None:
        super().__init__(
            "seasonkeeper",
            data_converter=pydantic_data_converter,
            interceptors=[SignsOfLife(), FailuresInWords(), *interceptors],
            workflows=workflows,
            workflow_runner=_sandboxed,
            workflow_failure_exception_types=failures,
        )


def season_activities(house: House) -> list[Callable[..., Any]]:
    """The activities of the queue `season`."""
    deeds = (
        SeasonDeeds(house),
        WindowDeeds(house),
        CampaignDeeds(house),
        MatchingDeeds(house),
        NegotiationDeeds(house),
        TrackingDeeds(house),
    )
    return [method for deed in deeds for method in _methods(deed)]


def mail_activities(house: House) -> list[Callable[..., Any]]:
    """The activities of the queue `mail`."""
    return _methods(MailDeeds(house))


def _methods(deeds: object) -> list[Callable[..., Any]]:
    names = [name for name in vars(type(deeds)) if not name.startswith("_")]
    return [getattr(deeds, n) for n in names if hasattr(getattr(type(deeds), n), "__temporal_activity_definition")]
