"""The embedded Temporal: the real server with its web UI, its database in one file.

And what any Temporal server must have for us, embedded or not: search attributes and a long retention.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType, TaskQueueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeTaskQueueRequest,
    UpdateNamespaceRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from models.errors import Unavailable

if TYPE_CHECKING:
    from workers.embedded.folder import StackFolder

RETENTION = timedelta(days=90)
"""How long a finished workflow stays to be asked, at least."""

SEARCH_ATTRIBUTES: Mapping[str, IndexedValueType.ValueType] = {
    "SeasonId": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "Area": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "Track": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "Stage": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "ClosesAt": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
    "NeedsAttention": IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
}

ENVIRONMENT = {"TEMPORAL_VERSION_CHECK_DISABLED": "1"}
"""The embedded server calls nobody."""


async def find_binary() -> Path:
    """The `temporal` program: the wheel's beside our Python, else one on the path, else the SDK's own download.

    Raises Unavailable when there is none.
    """
    beside = Path(sys.executable).parent / "temporal"
    if beside.is_file():
        return beside
    on_path = shutil.which("temporal")
    return Path(on_path) if on_path else await _download()


async def _download() -> Path:
    from temporalio.testing import WorkflowEnvironment

    home = Path.home() / ".cache" / "seasonkeeper"
    try:
        home.mkdir(parents=True, exist_ok=True)
        # Starting it once makes the SDK fetch the program; it stays in the folder.
        async with await WorkflowEnvironment.start_local(download_dest_dir=str(home)):
            pass
    except (RuntimeError, OSError) as error:
        raise Unavailable(
            "temporal.missing",
            f"There is no Temporal server here, and it could not be downloaded: {error}",
            "Put the `temporal` program on the path, or name a server in SEASON_TEMPORAL_ADDRESS.",
        ) from None
    return max(home.glob("temporal-*"), key=lambda path: path.stat().st_mtime)


def command(binary: Path, folder: StackFolder, port: int, ui_port: int, namespace: str) -> tuple[str, ...]:
    """Command line of the embedded server, in the foreground, on loopback only."""
    return (
        str(binary),
        "server",
        "start-dev",
        *("--db-filename", str(folder.temporal)),
        *("--ip", "127.0.0.1"),
        *("--port", str(port)),
        *("--ui-port", str(ui_port)),
        *("--namespace", namespace),
        *("--log-level", "warn"),
        "--ui-disable-news-fetch",
    )


async def answers(address: str, namespace: str) -> bool:
    """Whether the server serves the namespace."""
    try:
        client = await Client.connect(address, namespace=namespace)
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=namespace))
    except (RPCError, RuntimeError):
        return False
    return True


async def missing_search_attributes(client: Client) -> list[str]:
    """Names of our search attributes that the namespace lacks."""
    known = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    return [name for name in SEARCH_ATTRIBUTES if name not in known.custom_attributes]


async def retention(client: Client) -> timedelta:
    """How long the namespace keeps finished workflows."""
    found = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    return found.config.workflow_execution_retention_ttl.ToTimedelta()


async def ensure_namespace(client: Client) -> None:
    """Register our search attributes and raise the retention to `RETENTION` where it is shorter. Idempotent."""
    for name in await missing_search_attributes(client):
        request = AddSearchAttributesRequest(
            namespace=client.namespace, search_attributes={name: SEARCH_ATTRIBUTES[name]}
        )
        try:
            await client.operator_service.add_search_attributes(request)
        except RPCError as error:
            if error.status is not RPCStatusCode.ALREADY_EXISTS:
                raise
    if await retention(client) < RETENTION:
        ttl = Duration()
        ttl.FromTimedelta(RETENTION)
        config = NamespaceConfig(workflow_execution_retention_ttl=ttl)
        await client.workflow_service.update_namespace(
            UpdateNamespaceRequest(namespace=client.namespace, config=config)
        )


async def last_poll(client: Client, queue: str) -> float | None:
    """When a worker last asked for the queue's work (seconds since 1970); None when none asks."""
    polls: list[float] = []
    for kind in (TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY):
        request = DescribeTaskQueueRequest(
            namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
        )
        found = await client.workflow_service.describe_task_queue(request)
        polls += [poller.last_access_time.ToNanoseconds() / 1e9 for poller in found.pollers]
    return max(polls, default=None)
