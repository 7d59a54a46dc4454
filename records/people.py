"""People: one row for each mail address."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from models.forms import PersonForm
from models.tables import Person


async def keep(connection: AsyncConnection, people: Sequence[PersonForm], at: datetime) -> list[int]:
    """The ids of these people, in order; whoever is new is written, whoever is known keeps name and language."""
    if not people:
        return []
    wanted = {p.email: {**p.model_dump(), "created_at": at} for p in people}
    # Sorted, so that two transactions that keep the same people never wait for each other in a circle.
    statement = insert(Person).values([wanted[email] for email in sorted(wanted)])
    # An update that changes nothing makes RETURNING answer for rows that were there already.
    statement = statement.on_conflict_do_update(index_elements=["email"], set_={"email": statement.excluded.email})
    ids = {row.email: row.id for row in await connection.execute(statement.returning(Person.id, Person.email))}
    return [ids[p.email] for p in people]
