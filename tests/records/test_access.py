"""Signing in, by the records' own functions against the real database: links, sessions, tokens, the season office."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from models.errors import BadInput, NotFound, Refused
from models.forms import PersonForm
from records import access, people, staff
from records.database import Database, at_instant, clock_of

LIN = "lin@example.org"
FORM = PersonForm(email=LIN, name="Lin 琳", language="zh")


async def known(database: Database) -> int:
    async with database.transaction() as connection:
        return (await people.keep(connection, [FORM], await clock_of(connection)))[0]


async def link(database: Database, goes_to: str = "/") -> str:
    found = await access.ask_link(database, LIN, goes_to)
    assert found is not None
    return found.token


async def member(database: Database, role: str = "operations", area: str | None = None) -> tuple[staff.Secrets, str]:
    made = await staff.add(database, FORM, role, area)
    return made, parse_qs(urlsplit(made.otpauth).query)["secret"][0]


async def everything(database: Database) -> str:
    tables = ("sign_in_links", "web_sessions", "api_tokens", "staff", "known_requests")
    return json.dumps([await database.at_once(f"SELECT * FROM {table}") for table in tables], default=str)


# Links


async def test_a_link_signs_in_once_though_twenty_use_it_at_the_same_moment(database: Database) -> None:
    person = await known(database)
    token = await link(database, "/entries/1")
    answers = [a for a in await asyncio.gather(*(access.use_link(database, token) for _ in range(20))) if a]
    assert len(answers) == 1
    cookie, goes_to = answers[0]
    assert goes_to == "/entries/1"
    who = await access.who_is(database, cookie)
    assert who is not None
    assert (who.person_id, who.email, who.language, who.role, who.scopes) == (person, LIN, "zh", None, frozenset())
    verified = await database.at_once("SELECT verified_at FROM people")
    assert verified[0]["verified_at"] is not None


async def test_looking_at_a_link_does_not_use_it_up(database: Database) -> None:
    await known(database)
    token = await link(database)
    assert await access.link_works(database, token)
    assert await access.link_works(database, token)
    assert await access.use_link(database, token)
    assert not await access.link_works(database, token)


async def test_a_link_is_over_after_twenty_minutes(database: Database) -> None:
    await known(database)
    now = await database.now()
    with at_instant(now):
        token = await link(database)
    with at_instant(now + timedelta(minutes=20)):
        assert await access.use_link(database, token) is None
    with at_instant(now + timedelta(minutes=19, seconds=59)):
        assert await access.use_link(database, token) is not None


async def test_asking_again_makes_the_older_link_void(database: Database) -> None:
    await known(database)
    older, newer = await link(database), await link(database)
    assert await access.use_link(database, older) is None
    assert await access.use_link(database, newer) is not None


async def test_of_links_asked_for_at_the_same_moment_one_lives_and_five_are_made(database: Database) -> None:
    await known(database)
    made = [a for a in await asyncio.gather(*(access.ask_link(database, LIN) for _ in range(12))) if a]
    assert len(made) == 5
    assert sum([await access.link_works(database, one.token) for one in made]) == 1


async def test_five_links_an_hour_are_made_and_the_next_one_an_hour_later(database: Database) -> None:
    await known(database)
    now = await database.now()
    with at_instant(now):
        assert all([await access.ask_link(database, LIN) for _ in range(5)])
        assert await access.ask_link(database, LIN) is None
    with at_instant(now + timedelta(hours=1, seconds=1)):
        assert await access.ask_link(database, LIN.upper()) is not None


async def test_nobody_unknown_or_erased_gets_a_link_or_stays_signed_in(database: Database) -> None:
    assert await access.ask_link(database, "nobody@example.org") is None
    await known(database)
    waiting = await link(database)
    cookie, _ = await access.use_link(database, waiting) or ("", "")
    waiting = await link(database)
    await database.at_once("UPDATE people SET erased_at = now()")
    assert await access.ask_link(database, LIN) is None
    assert await access.use_link(database, waiting) is None
    assert await access.who_is(database, cookie) is None


# Sessions


async def test_a_session_lasts_fourteen_days_and_one_of_staff_twelve_hours(database: Database) -> None:
    made, _ = await member(database)
    now = await database.now()
    with at_instant(now):
        cookie, _ = await access.use_link(database, await link(database)) or ("", "")
        office = await access.open_staff_session(database, made.person_id)
    for session, length in ((cookie, timedelta(days=14)), (office, timedelta(hours=12))):
        with at_instant(now + length - timedelta(seconds=1)):
            assert await access.who_is(database, session) is not None
        with at_instant(now + length):
            assert await access.who_is(database, session) is None


async def test_a_link_never_gives_the_role_of_staff(database: Database) -> None:
    await member(database)
    cookie, _ = await access.use_link(database, await link(database)) or ("", "")
    who = await access.who_is(database, cookie)
    assert who is not None
    assert who.role is None


async def test_signing_out_ends_the_session_itself(database: Database) -> None:
    await known(database)
    cookie, _ = await access.use_link(database, await link(database)) or ("", "")
    await access.end_session(database, cookie)
    assert await access.who_is(database, cookie) is None


# The season office


async def test_a_member_signs_in_with_password_and_code_and_the_code_counts_once(database: Database) -> None:
    made, secret = await member(database, "organiser", "EU")
    code = staff.code_at(secret, await database.now())
    cookie = await staff.sign_in(database, f" {LIN.upper()} ", made.password, code)
    who = await access.who_is(database, cookie)
    assert who is not None
    assert (who.role, who.area, who.actor) == ("organiser", "EU", f"staff/{made.person_id}")
    with pytest.raises(Refused, match="not right"):
        await staff.sign_in(database, LIN, made.password, code)


async def test_a_code_counts_once_though_many_use_it_at_the_same_moment(database: Database) -> None:
    made, secret = await member(database)
    code = staff.code_at(secret, await database.now())
    tries = await asyncio.gather(
        *(staff.sign_in(database, LIN, made.password, code) for _ in range(6)), return_exceptions=True
    )
    assert sum(isinstance(answer, str) for answer in tries) == 1


async def test_codes_are_those_of_the_rfc(database: Database) -> None:
    from base64 import b32encode
    from datetime import UTC, datetime

    secret = b32encode(b"12345678901234567890").decode()
    for second, code in ((59, "287082"), (1111111109, "081804"), (2000000000, "279037")):
        assert staff.code_at(secret, datetime.fromtimestamp(second, UTC)) == code


@pytest.mark.parametrize(("steps", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
async def test_a_code_may_be_one_step_early_or_late(database: Database, steps: int, good: bool) -> None:
    made, secret = await member(database)
    now = await database.now()
    with at_instant(now):
        try:
            await staff.sign_in(database, LIN, made.password, staff.code_at(secret, now, steps))
        except Refused:
            assert not good
        else:
            assert good


async def test_after_ten_failures_the_right_password_is_refused_for_fifteen_minutes(database: Database) -> None:
    made, secret = await member(database)
    now = await database.now()
    with at_instant(now):
        tries = await asyncio.gather(
            *(staff.sign_in(database, LIN, "wrong", "000000") for _ in range(14)), return_exceptions=True
        )
        codes = [answer.code for answer in tries if isinstance(answer, Refused)]
        assert (codes.count("sign_in.wrong"), codes.count("sign_in.locked")) == (10, 4)
        with pytest.raises(Refused) as caught:
            await staff.sign_in(database, LIN, made.password, staff.code_at(secret, now))
        assert caught.value.code == "sign_in.locked"
    later = now + timedelta(minutes=15, seconds=1)
    with at_instant(later):
        assert await staff.sign_in(database, LIN, made.password, staff.code_at(secret, later))


async def test_an_unknown_address_is_locked_like_a_known_one(database: Database) -> None:
    for _ in range(10):
        with pytest.raises(Refused) as caught:
            await staff.sign_in(database, "nobody@example.org", "wrong", "000000")
        assert caught.value.code == "sign_in.wrong"
    with pytest.raises(Refused) as caught:
        await staff.sign_in(database, "nobody@example.org", "wrong", "000000")
    assert caught.value.code == "sign_in.locked"


async def test_who_is_disabled_is_signed_out_and_kept_out(database: Database) -> None:
    made, secret = await member(database)
    cookie = await staff.sign_in(database, LIN, made.password, staff.code_at(secret, await database.now()))
    await staff.disable(database, LIN)
    assert await access.who_is(database, cookie) is None
    with pytest.raises(Refused, match="not right"):
        await staff.sign_in(database, LIN, made.password, staff.code_at(secret, await database.now(), 1))
    with pytest.raises(NotFound):
        await staff.disable(database, "nobody@example.org")


async def test_a_member_is_not_made_twice_but_renewed(database: Database) -> None:
    first, _ = await member(database)
    with pytest.raises(Refused, match="already"):
        await member(database)
    again = await staff.add(database, FORM, "support", renew=True)
    assert again.password != first.password
    assert [m.role for m in await staff.members(database)] == ["support"]


@pytest.mark.parametrize(("role", "area"), [("king", None), ("organiser", None), ("support", "EU")])
async def test_a_role_that_does_not_fit_is_refused(database: Database, role: str, area: str | None) -> None:
    with pytest.raises(BadInput):
        await staff.add(database, FORM, role, area)


# Tokens


async def test_a_token_is_good_until_it_is_over_or_revoked(database: Database) -> None:
    now = await database.now()
    number, secret = await access.make_token(database, "page", ["read"], expires_at=now + timedelta(days=1))
    who = await access.who_holds(database, secret)
    assert who is not None
    assert (who.actor, who.scopes, who.role) == (f"token/{number}", frozenset({"read"}), None)
    with at_instant(now + timedelta(days=1)):
        assert await access.who_holds(database, secret) is None
    await access.revoke_token(database, number)
    assert await access.who_holds(database, secret) is None
    assert (await access.tokens(database))[0].revoked_at is not None


async def test_a_token_needs_scopes_that_exist_and_a_season_that_exists(database: Database) -> None:
    for scopes in ([], ["read", "rule"]):
        with pytest.raises(BadInput):
            await access.make_token(database, "page", scopes)
    with pytest.raises(NotFound):
        await access.make_token(database, "page", ["read"], season="nowhere")


async def test_no_secret_is_kept_readable(database: Database) -> None:
    made, secret = await member(database)
    token = await link(database)
    cookie, _ = await access.use_link(database, token) or ("", "")
    office = await staff.sign_in(database, LIN, made.password, staff.code_at(secret, await database.now()))
    _, key = await access.make_token(database, "page", ["read"])
    kept = await everything(database)
    for word in (token, cookie, office, key, made.password, LIN):
        assert word not in kept
