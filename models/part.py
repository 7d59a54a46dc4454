"""What every part of the season file has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """Base of every part of the season file: frozen, and a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
