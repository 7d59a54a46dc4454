"""The same mails as one would send them at first: a plain loop, and a Celery task for each mail.

`python -m benchmarks.campaign_rivals URL PORT TEMPLATES COUNT` is the loop; Celery's workers import this module too. Both take the
words of the campaign as Jinja templates, compiled once. They keep nothing of what became of a mail.
"""

from __future__ import annotations

import asyncio
import json
import os
import smtplib
import sys
import time
from email.message import EmailMessage
from email.utils import formataddr, formatdate
from pathlib import Path
from typing import Any

import aiosmtplib
import asyncpg
from celery import Celery
from jinja2 import Environment, Template

_SELECT = """SELECT p.id, p.email, p.name, p.language, e.number, e.title, e.id AS entry
  FROM people p JOIN entries e ON e.applicant_id = p.id ORDER BY p.id LIMIT $1"""


class Words:
    """Templates by language: subject, text and, where the campaign's mails have such, HTML."""

    def __init__(self, path: Path) -> None:
        plain, markup = (
            Environment(keep_trailing_newline=True),
            Environment(keep_trailing_newline=True, autoescape=True),
        )
        self.sender, given = json.loads(path.read_text(encoding="utf-8"))
        self.by_language: dict[str, dict[str, Template]] = {
            language: {part: (markup if part == "html" else plain).from_string(text) for part, text in parts.items()}
            for language, parts in given.items()
        }

    def mail(self, person: dict[str, Any]) -> EmailMessage:
        """The mail to one person."""
        words = self.by_language[person["language"]]
        mail = EmailMessage()
        mail["From"] = self.sender
        mail["To"] = formataddr((person["name"], person["email"]))
        mail["Subject"] = words["subject"].render(person)
        mail["Date"] = formatdate()
        mail["Message-ID"] = person["message_id"]
        mail.set_content(words["text"].render(person))
        if "html" in words:
            mail.add_alternative(words["html"].render(person), subtype="html")
        return mail


async def loop(url: str, port: int, templates: Path, count: int) -> dict[str, float]:
    """Read so many people, send each a mail over one connection."""
    words = Words(templates)
    wall, cpu = time.perf_counter(), time.process_time()
    connection = await asyncpg.connect(url)
    found = await connection.fetch(_SELECT, count)
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port) as client:
        for row in found:
            person = dict(row) | {"message_id": f"<{row['id']}.plain@example.org>"}
            await client.send_message(words.mail(person))
    await connection.close()
    return {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}


celery = Celery("rivals", broker=os.environ.get("RIVAL_BROKER", "redis://127.0.0.1:1/0"))
celery.conf.update(task_acks_late=True, task_ignore_result=True, broker_connection_retry_on_startup=True)
_open: dict[str, Any] = {}


@celery.task
def send(person: dict[str, Any]) -> None:
    """One mail, over this process's connection."""
    if not _open:
        _open["words"] = Words(Path(os.environ["RIVAL_TEMPLATES"]))
        _open["client"] = smtplib.SMTP("127.0.0.1", int(os.environ["RIVAL_PORT"]))
    _open["client"].send_message(_open["words"].mail(person))


if __name__ == "__main__" and len(sys.argv) == 5:
    print(json.dumps(asyncio.run(loop(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])))))
