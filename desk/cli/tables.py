"""Plain tables for a terminal, aligned for Chinese text too. No colours but for trouble, no frames."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import typer


def width(text: str) -> int:
    """Columns that a text takes on a terminal."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def put(heads: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[int] = ()) -> None:
    """Print a table on stdout. `right` are the columns that hold figures."""
    lines = [[str(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(width(line[n]) for line in lines) for n in range(len(heads))]
    for number, line in enumerate(lines):
        cells = []
        for n, cell in enumerate(line):
            pad = " " * (widths[n] - width(cell))
            cells.append(pad + cell if n in right else cell + pad)
        text = "  ".join(cells).rstrip()
        typer.echo(typer.style(text, bold=True) if number == 0 else text)
