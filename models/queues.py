"""The task queues and the priorities of what runs on them."""

from __future__ import annotations

SEASON_QUEUE = "season"
"""Workflows, and deeds on the database."""
MAIL_QUEUE = "mail"
"""Sending, rate limited."""

FIRST, NORMAL, BULK = 1, 3, 5
"""Priorities: closings and commands, everything else, bulk mail."""
