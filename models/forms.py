"""What people send in: the forms of an entry, a judge, a channel, a place, a need. Checked at the edge."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from models.season import Degree

Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, to_lower=True, max_length=254, pattern=r"^[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+$"
    ),
]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Form(BaseModel):
    """Base: frozen, unknown fields are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PersonForm(Form):
    """A person. `language` is `en` or `zh`; `zone` an IANA zone; `country` ISO 3166-1 alpha-2."""

    email: Email
    name: Line
    language: Literal["en", "zh"] = "en"
    zone: str | None = None
    country: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    birth_year: int | None = Field(default=None, ge=1900, le=2100)


class EntryForm(Form):
    """An entry as its applicant fills it in, be it complete or not: what is missing counts when it is submitted.

    `team` are the members beside the leader, who is the applicant. `documents` None leaves those that are there.
    """

    area: str
    track: str
    group: str | None = None
    fields: tuple[str, ...] = ()
    title: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    summary: str = Field(default="", max_length=20_000)
    applicant: PersonForm
    team: tuple[PersonForm, ...] = Field(default=(), max_length=50)
    organisation: str | None = Field(default=None, max_length=200)
    leader_degree: Degree | None = None
    documents: tuple[str, ...] | None = ()
    readiness: int | None = Field(default=5, ge=1, le=9, description="Technology readiness level, 1 to 9.")


class ChannelForm(Form):
    """A recommending organisation."""

    code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,40}$")]
    name: Line
    area: str | None = None
    contact: PersonForm
    quota: int | None = Field(default=None, ge=1)


class JudgeForm(Form):
    """A judge; empty `tracks` means all, `area` None means season-wide."""

    person: PersonForm
    area: str | None = None
    tracks: tuple[str, ...] = ()
    organisation: str | None = None
    background: Literal["technology", "business", "investment"] | None = None
    max_load: int = Field(default=40, ge=1)


class PlaceForm(Form):
    """A city, park or company that looks for projects."""

    name: Line
    kind: Literal["city", "park", "company"] = "city"
    contact: PersonForm


class NeedForm(Form):
    """What a place looks for. Empty `fields` means any field of the tracks; `readiness` is the least accepted."""

    title: Line
    summary: str = Field(default="", max_length=20_000)
    tracks: tuple[str, ...] = Field(min_length=1)
    fields: tuple[str, ...] = ()
    readiness: int = Field(default=1, ge=1, le=9)
    capacity: int = Field(default=1, ge=1, le=100)
