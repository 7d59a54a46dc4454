"""What a mail server's refusal means."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notices.answers import Kind, kind_of, pause_before

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("code", "answer", "kind"),
    [
        (0, "Connection lost", "lost"),
        (421, "4.3.2 Shutting down", "closing"),
        (450, "4.7.1 Try again later", "greylisted"),
        (450, "4.2.0 Greylisted, try later", "greylisted"),
        (451, "Temporarily deferred by grey-listing", "greylisted"),
        (450, "4.2.1 Mailbox busy", "busy"),
        (451, "4.3.0 Local error in processing", "busy"),
        (452, "4.3.1 Insufficient system storage", "busy"),
        (452, "4.2.2 The user is over quota", "mailbox_full"),
        (452, "Mailbox full", "mailbox_full"),
        (552, "5.2.2 Mailbox full", "mailbox_full"),
        (552, "User has exceeded their storage quota", "mailbox_full"),
        (552, "5.3.4 Message too big", "refused"),
        (550, "5.1.1 <lin@example.org> unknown", "no_such_address"),
        (550, "5.1.1 The account\n5.1.1 does not exist", "no_such_address"),
        (550, "No such user here", "no_such_address"),
        (551, "User not local; please try <lin@example.com>", "no_such_address"),
        (553, "5.1.3 Bad destination mailbox syntax", "no_such_address"),
        (550, "5.1.8 Sender's domain does not exist", "not_from_us"),
        (550, "5.7.1 User unknown to our policy", "not_from_us"),
        (554, "Your message looks like spam", "not_from_us"),
        (550, "4.1.1 No such user", "no_such_address"),
        (554, "5.1.1 No such mailbox", "refused"),
        (550, "5.2.1 Mailbox disabled", "refused"),
        (554, "Transaction failed", "refused"),
    ],
)
def test_an_answer_is_told_by_its_code_its_status_and_its_words(code: int, answer: str, kind: Kind) -> None:
    assert kind_of(code, answer) == kind


WORDS = st.one_of(
    st.text(max_size=60),
    st.from_regex(r"[245]\.\d{1,3}\.\d{1,3} (no such user|mailbox full|greylisted|spam|ok)", fullmatch=True),
    st.sampled_from(["no such user", "over quota", "greylisted", "blocked"]),
)


@given(st.integers(400, 599), WORDS)
def test_only_a_final_answer_of_the_three_codes_takes_an_address_out_of_use(code: int, answer: str) -> None:
    kind = kind_of(code, answer)
    assert kind in get_args(Kind)
    assert kind != "no_such_address" or code in (550, 551, 553)
    assert kind not in ("not_from_us", "refused") or code >= 500
    assert kind not in ("greylisted", "busy", "closing") or code < 500


@pytest.mark.parametrize(
    ("kind", "minutes"),
    [("busy", [1, 2, 4, 8, 16, 32, 60, 60]), ("greylisted", [5, 10, 20, 40, 60]), ("mailbox_full", [60, 60])],
)
def test_pauses_double_up_to_an_hour(kind: Kind, minutes: list[int]) -> None:
    assert [pause_before(kind, n + 1) / MINUTE for n in range(len(minutes))] == minutes
    assert pause_before(kind, 10_000) == timedelta(hours=1)
