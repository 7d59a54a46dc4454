"""How one row of channels, judges or needs goes in: `new`, `changed`, or `known`; or why it does not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal

from desk.sheets.columns import SheetKind
from desk.sheets.filling import Filled, channel_form, judge_form, need_form
from models.errors import SeasonkeeperError
from models.forms import PersonForm, PlaceForm
from records import channels, judging, matching, sheet_rows
from records.database import Database

Counted = Literal["new", "changed", "known"]
Taker = Callable[[Database, str, Filled, frozenset[str], str | None, str, bool], Awaitable[Counted]]
"""Database, season, row, columns that the sheet has, the only area allowed, who acts, and whether it is a dry run."""


class Refusing(Exception):
    """Why a row does not go in: the field that it is about, a code, and the values of its sentence."""

    def __init__(self, field: str, code: str, **values: Any) -> None:
        super().__init__(code)
        self.field, self.code, self.values = field, code, values


async def _channel(
    database: Database, season: str, filled: Filled, given: frozenset[str], only: str | None, actor: str, dry: bool
) -> Counted:
    form = channel_form(filled.values)
    old = await sheet_rows.channel_of(database, season, form.code)
    if old is None:
        if not dry:
            await channels.add_channel(database, season, form)
        return "new"
    if only is not None and old["area"] != only:
        raise Refusing("area", "own_area", area=only)
    if "area" in given and form.area != old["area"]:
        raise Refusing("area", "channel.fixed", present=old["area"] or "")
    if form.contact.email != old["contact"]:
        raise Refusing("contact_email", "channel.fixed", present=old["contact"])
    wanted = form.model_copy(update={"quota": form.quota if "quota" in given else old["quota"]})
    if (wanted.name, wanted.quota) == (old["name"], old["quota"]):
        return "known"
    if not dry:
        await channels.add_channel(database, season, wanted)
    return "changed"


async def _judge(
    database: Database, season: str, filled: Filled, given: frozenset[str], only: str | None, actor: str, dry: bool
) -> Counted:
    form = judge_form(filled.values)
    old = await sheet_rows.judge_of(database, season, form.person.email)
    if old is None:
        if not dry:
            await judging.add_judge(database, season, form)
        return "new"
    if only is not None and old["area"] != only:
        raise Refusing("area", "own_area", area=only)
    old["tracks"] = tuple(old["tracks"])
    wanted = form.model_copy(update={name: value for name, value in old.items() if name not in given})
    if all(getattr(wanted, name) == value for name, value in old.items()):
        return "known"
    if not dry:
        await judging.add_judge(database, season, wanted)
    return "changed"


async def _need(
    database: Database, season: str, filled: Filled, given: frozenset[str], only: str | None, actor: str, dry: bool
) -> Counted:
    form, values = need_form(filled.values), filled.values
    place = await sheet_rows.place_of(database, season, values["place"])
    old = await sheet_rows.need_of(database, place["id"], form.title) if place else None
    if place is None:
        for name in ("contact_name", "contact_email"):
            if name not in values:
                raise Refusing(name, "place.contact_missing")
    elif values.get("contact_email", place["contact"]) != place["contact"]:
        raise Refusing("contact_email", "place.contact", present=place["contact"])
    try:
        if old is None:
            await sheet_rows.needs_open(database, season)
            if not dry:
                number = place["id"] if place else await matching.add_place(database, season, _place(values))
                await matching.file_need(database, season, number, form)
            return "new"
        asked = form.model_dump(mode="json", exclude={"title"})
        wanted = {name: asked[name] if name in given else old[name] for name in asked}
        if all(wanted[name] == old[name] for name in wanted):
            return "known"
        if dry:
            await sheet_rows.needs_open(database, season)
        else:
            await sheet_rows.change_need(database, season, old["id"], wanted, actor=actor)
    except SeasonkeeperError as error:
        raise Refusing("title", error.code, said=error.sentence) from error
    return "changed"


def _place(values: dict[str, Any]) -> PlaceForm:
    more = {"language": values["language"]} if "language" in values else {}
    contact = PersonForm(name=values["contact_name"], email=values["contact_email"], **more)
    kind = {"kind": values["place_kind"]} if "place_kind" in values else {}
    return PlaceForm(name=values["place"], contact=contact, **kind)


TAKERS: dict[SheetKind, Taker] = {"channels": _channel, "judges": _judge, "needs": _need}
