"""Reading a season file."""

from __future__ import annotations

from pathlib import Path

from ruamel.yaml import YAML

from models.season import SeasonFile


def load(path: Path) -> SeasonFile:
    """Read a season file."""
    return SeasonFile.model_validate(YAML(typ="safe").load(path.read_text(encoding="utf-8")))
