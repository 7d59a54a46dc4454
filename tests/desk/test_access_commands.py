"""`season staff` and `season token`: secrets are shown once, lists hold none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from desk.cli import app
from records import access
from records.database import Database
from tests.desk.test_cli import season

__all__ = ["season"]
ADD = ("staff", "add", "Lin@Example.org", "--name", "Lin")


@pytest.mark.parametrize(
    "words", [("staff", "add"), ("staff", "list"), ("staff", "disable"), ("token", "make"), ("token", "list"), ("token", "revoke")]
)  # fmt: skip
def test_each_command_shows_examples(words: tuple[str, ...]) -> None:
    answer = CliRunner().invoke(app, [*words, "--help"])
    assert answer.exit_code == 0
    assert "Examples:" in answer.output


async def test_a_member_is_added_listed_and_disabled(season: Any) -> None:
    added = await season(*ADD, "--role", "organiser", "--area", "EU")
    assert added.exit_code == 0, added.output
    assert "lin@example.org may sign in at /staff/sign-in as organiser of EU." in added.stdout
    password = added.stdout.split("Password:")[1].split()[0]
    assert "otpauth://totp/Seasonkeeper%3Alin%40example.org?secret=" in added.stdout
    assert (await season("staff", "disable", "lin@example.org")).exit_code == 0
    listed = await season("staff", "list", "--json")
    [member] = json.loads(listed.stdout)
    assert (member["email"], member["role"], member["area"]) == ("lin@example.org", "organiser", "EU")
    assert member["disabled_at"]
    assert password not in listed.stdout
    assert "EMAIL" in (await season("staff", "list")).stdout


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ((*ADD, "--role", "king"), 2, "'king' is no role."),
        ((*ADD, "--role", "organiser"), 2, "An organiser has an area"),
        (("staff", "add", "lin", "--name", "Lin", "--role", "support"), 2, "email:"),
        (("staff", "disable", "nobody@example.org"), 1, "Nobody of the season office"),
        (("token", "make", "page", "--scope", "rule"), 2, "'rule' is no scope"),
        (("token", "make", "page", "--scope", "read", "--season", "nowhere"), 1, "There is no season"),
        (("token", "revoke", "9"), 1, "There is no token 9."),
    ],
)
async def test_what_does_not_fit_is_refused_in_a_sentence(
    season: Any, words: tuple[str, ...], code: int, sentence: str
) -> None:
    answer = await season(*words)
    assert (answer.exit_code, answer.stdout) == (code, "")
    assert sentence in answer.stderr


async def test_a_token_is_made_listed_and_revoked(season: Any, town: Database) -> None:
    made = await season("token", "make", "duty phone", "--scope", "read", "--scope", "steer", "--for", "90d", "--json")
    assert made.exit_code == 0, made.output
    secret = json.loads(made.stdout)["token"]
    assert await access.who_holds(town, secret)
    listed = await season("token", "list", "--json")
    [token] = json.loads(listed.stdout)
    assert (token["name"], token["scopes"], token["revoked_at"]) == ("duty phone", ["read", "steer"], None)
    assert token["expires_at"]
    assert secret not in listed.stdout
    assert (await season("token", "revoke", str(token["id"]))).exit_code == 0
    assert await access.who_holds(town, secret) is None
    assert "duty phone" in (await season("token", "list")).stdout


async def test_a_token_for_a_channel_names_its_season(season: Any, town: Database) -> None:
    alone = await season("token", "make", "portal", "--scope", "register", "--channel", "INNO")
    assert alone.exit_code == 2
    assert "--season" in alone.stderr
    nowhere = await season("token", "make", "p", "--scope", "register", "--season", "small-2024", "--channel", "NONE")
    assert nowhere.exit_code == 1
    assert "There is no channel 'NONE'" in nowhere.stderr
    made = await season("token", "make", "p", "--scope", "register", "--season", "small-2024", "--channel", "INNO")
    assert made.exit_code == 0, made.output
    [token] = await access.tokens(town)
    assert (token.scopes, token.season, token.channel) == (("register",), "small-2024", 1)
