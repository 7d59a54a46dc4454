"""The text of a season file: its plain values, and the line on which each of them stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from models.errors import BadInput

Path = tuple[str | int, ...]


class _Plain(SafeConstructor):
    """Leaves dates as they are written: the season file's own type knows a bare date from an instant."""


_Plain.add_constructor("tag:yaml.org,2002:timestamp", SafeConstructor.construct_yaml_str)


@dataclass(frozen=True)
class Source:
    """A season file as written. `name` is what messages call it."""

    name: str
    data: dict[str, Any]
    root: Node | None = None

    def line(self, path: Path) -> int:
        """The line of a field, from 1; of the nearest part around it where the file does not name it."""
        found = 1
        for mark in self._marks(path):
            found = mark
        return found

    def _marks(self, path: Path) -> Iterator[int]:
        node = self.root
        for step in path:
            if isinstance(node, MappingNode):
                pair = next(((k, v) for k, v in node.value if k.value == step), None)
                if pair is None:
                    return
                yield pair[0].start_mark.line + 1
                node = pair[1]
            elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                yield node.start_mark.line + 1
            else:
                return

    def get(self, path: Path) -> Any:
        """The value at a path; None where there is none."""
        value: Any = self.data
        for step in path:
            inside = step in value if isinstance(value, dict) else isinstance(value, list) and step in range(len(value))
            if not inside:
                return None
            value = value[step]
        return value

    def field(self, path: Path) -> str:
        """A path in words: stages, areas and the like by their id or code."""
        words: list[str] = []
        for n, step in enumerate(path):
            if isinstance(step, str):
                words.append(step)
                continue
            item = self.get(path[: n + 1])
            key = (item.get("id") or item.get("code")) if isinstance(item, dict) else None
            if isinstance(key, str):
                words.append(key)
            elif words:
                words[-1] += f"[{step + 1}]"
        return ".".join(words)


def parse(text: str, name: str) -> Source:
    """Read the text as YAML. Raises BadInput, with the line, where it is not YAML or not a season's set of fields."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _Plain
    try:
        root = yaml.compose(text)
        data = None if root is None else yaml.constructor.construct_document(root)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        why = " ".join(str(error.problem or error.context).split())
        raise BadInput(
            "season_file.yaml", f"{name}:{line}: this is not readable as YAML: {why}.",
            "Look at that line and the one before it: indentation, quotes, brackets, a field written twice.",
        ) from None  # fmt: skip
    except YAMLError as error:
        raise BadInput(
            "season_file.yaml", f"{name}: this is not readable as YAML: {error}.", "Save it as plain UTF-8 text."
        ) from None
    if not isinstance(data, dict):
        raise BadInput(
            "season_file.empty", f"{name}:1: this is no season file: it has no fields such as id, name and stages.",
            "Begin from one of the files in seasons/; docs/season-file.md describes them.",
        )  # fmt: skip
    return Source(name, data, root)
