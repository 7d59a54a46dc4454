"""Calendar files, read by two parsers: `icalendar`, and the strict `ical`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import icalendar
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ical.calendar_stream import IcsCalendarStream

from notices.calendar import Calendar, Entry, Method, deadline, feed, uid_of, written

AT = datetime(2024, 5, 31, 16, tzinfo=UTC)
SENDER = "Season office 组委会 <no-reply@season.example.org>"

words = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u2028\u2029\ufeff"), max_size=90)
names = words.map(lambda name: " ".join(name.replace('"', "'").split()))


def file(*entries: Entry, method: Method = "REQUEST", name: str = "Lin 琳", language: str = "zh") -> Calendar:
    return written(method, entries, language=language, stamp=AT, organizer=SENDER, attendee=(name, "lin@example.org"))


def read(text: str) -> list[Any]:
    """The events by `icalendar`; `ical` must read the same."""
    calendar = icalendar.Calendar.from_ical(text)
    events = list(calendar.walk("VEVENT"))
    strict = IcsCalendarStream.calendar_from_ics(text).events
    assert [(e["uid"], int(e["sequence"])) for e in events] == [(e.uid, e.sequence) for e in strict]
    assert [str(e["summary"]) for e in events] == [e.summary for e in strict]
    assert [str(e.get("description", "")) for e in events] == [e.description or "" for e in strict]
    assert [(e.start, e.end) for e in events] == [(e.dtstart, e.dtend) for e in strict]
    return events


@settings(max_examples=200, deadline=None)
@given(summary=words, description=st.lists(words, max_size=4).map("\n".join), place=words, name=names)
@example(summary="a;b,c\\d\\n", description="\\\n;\n,", place=":", name="O'Neill; Jo: <x>, y")
@example(summary="琳" * 90, description="x" * 74 + "琳", place="😀" * 40, name="琳" * 60)
def test_every_text_comes_back_as_it_was(summary: str, description: str, place: str, name: str) -> None:
    entry = Entry("1@example.org", 3, AT, AT + timedelta(hours=1), summary, description, place=place)
    made = file(entry, name=name)
    (event,) = read(made.text)
    assert str(event["summary"]) == summary
    assert str(event.get("description", "")) == description
    assert str(event.get("location", "")) == place
    assert event["attendee"].params.get("CN", "") == name
    lines = made.text.encode().split(b"\r\n")
    assert max(len(one) for one in lines) <= 75
    assert not {*b"\r\n"} & {*b"".join(lines)}


def test_a_deadline_ends_at_the_instant_that_counts_and_reminds_a_day_before() -> None:
    (event,) = read(file(deadline("1@x.org", 0, AT, "Deadline", "Do it", "https://x.org/do"), method="PUBLISH").text)
    assert (event.end, event["status"], event["transp"]) == (AT, "CONFIRMED", "TRANSPARENT")
    assert event.start == AT - timedelta(minutes=30)
    assert event["url"] == "https://x.org/do"
    assert event["organizer"] == "mailto:no-reply@season.example.org"
    assert "attendee" not in event
    (alarm,) = event.walk("VALARM")
    assert (alarm["trigger"].dt, alarm["trigger"].params["RELATED"]) == (timedelta(days=-1), "END")


def test_an_appointment_is_for_one_person_and_asks_for_no_answer() -> None:
    made = file(Entry("1@x.org", 2, AT, AT + timedelta(minutes=15), "Your defence", alarm=timedelta(hours=1)))
    (event,) = read(made.text)
    assert icalendar.Calendar.from_ical(made.text)["method"] == made.method == "REQUEST"
    assert event["attendee"] == "mailto:lin@example.org"
    assert (event["attendee"].params["RSVP"], event["transp"]) == ("FALSE", "OPAQUE")


def test_what_is_cancelled_has_the_same_uid_and_no_alarm() -> None:
    entry = deadline("1@x.org", 4, AT, "Deadline")
    (event,) = read(file(entry.cancelled(), method="CANCEL").text)
    assert (event["uid"], event["status"], int(event["sequence"])) == ("1@x.org", "CANCELLED", 4)
    assert not event.walk("VALARM")


def test_a_uid_is_the_same_for_a_thing_and_a_person_and_names_nobody() -> None:
    first = uid_of("s", "window/s/EU/registration", 7, "example.org")
    assert first == uid_of("s", "window/s/EU/registration", 7, "example.org")
    others = [
        ("s", "window/s/EU/registration", 8),
        ("s", "window/s/EU/review", 7),
        ("t", "window/s/EU/registration", 7),
    ]
    assert len({first, *(uid_of(*other, "example.org") for other in others)}) == 4
    assert first.endswith("@example.org")


@pytest.mark.parametrize("wrong", ["a\r\nEND:VCALENDAR", "a\0b", "a\x1bb", "a\x85b", "a\u2028b"])
def test_no_text_can_begin_another_line(wrong: str) -> None:
    entry = Entry("1@x.org", 0, AT, AT, wrong, wrong, f"https://x.org/{wrong}", wrong)
    lines = file(entry, name=wrong).text.split("\r\n")
    assert lines.count("END:VCALENDAR") == 1
    assert lines[-2:] == ["END:VCALENDAR", ""]
    assert all(one.isprintable() for one in lines)


def test_a_calendar_to_subscribe_to_has_a_name_and_all_entries() -> None:
    entries = [deadline(f"{n}@x.org", n, AT, f"Deadline {n}") for n in range(3)]
    text = feed(entries, name="Season 赛季", language="en", stamp=AT, organizer=SENDER)
    assert len(read(text)) == 3
    calendar = icalendar.Calendar.from_ical(text)
    assert (calendar["name"], calendar["x-wr-calname"]) == ("Season 赛季", "Season 赛季")
    assert calendar["refresh-interval"].dt == timedelta(hours=6)
