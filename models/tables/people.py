"""People. The only table with addresses of natural persons, and with their names but for those of a team."""

from __future__ import annotations

from sqlalchemy import Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import At, Base, Key, Maybe, MaybeAt, Name


class Person(Base):
    """A person with a verified mail address. `zone` and `country` decide civil hours and days off.

    `bounced_at`: when a mail server said that there is no such address, in `bounce_answer`; nothing is sent there
    until the address is corrected. `links_since`: links in mails that were made before are good for nothing.
    """

    __tablename__ = "people"
    id: Mapped[Key]
    email: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[Name]
    language: Mapped[Name]
    zone: Mapped[Maybe]
    country: Mapped[Maybe]
    birth_year: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[At]
    verified_at: Mapped[MaybeAt]
    erased_at: Mapped[MaybeAt]
    bounced_at: Mapped[MaybeAt]
    bounce_answer: Mapped[Maybe]
    links_since: Mapped[MaybeAt]
