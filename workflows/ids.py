"""Ids of workflows that are named in more than one room."""

from __future__ import annotations


def season_workflow(season: str) -> str:
    """`season/<season>`."""
    return f"season/{season}"
