"""Where the embedded stack answers: `stack.json` in the data folder, written by its supervisor."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from workers.embedded.folder import StackFolder, write_json
from workers.embedded.processes import Handle


class StackAddresses(BaseModel):
    """Settings that the stack provides; the names are those of `Settings`. None: given by the environment."""

    model_config = ConfigDict(frozen=True)

    database_url: str | None = None
    temporal_address: str | None = None
    temporal_ui_url: str | None = None
    smtp_host: str | None = None
    smtp_port: int | None = None
    desk_host: str | None = None
    desk_port: int | None = None


class Stack(BaseModel):
    """A stack that is coming up, or up."""

    model_config = ConfigDict(frozen=True)

    state: Literal["starting", "up"]
    supervisor: Handle
    addresses: StackAddresses
    moved: tuple[str, ...] = ()
    """A sentence for each port that was taken and moved."""


def read_stack(folder: StackFolder) -> Stack | None:
    """What `stack.json` says; None when there is none, or when it cannot be read."""
    try:
        return Stack.model_validate_json(folder.stack.read_text(encoding="utf-8"))
    except (OSError, ValidationError):
        return None


def write_stack(folder: StackFolder, stack: Stack) -> None:
    """Replace `stack.json` in one step."""
    write_json(folder.stack, stack.model_dump())
