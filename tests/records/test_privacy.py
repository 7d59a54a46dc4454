"""Data protection: the registry is complete, a copy is complete, and nothing is left of who was erased."""

from __future__ import annotations

import base64
import gzip
import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
from sqlalchemy import String
from sqlalchemy.dialects.postgresql import JSONB

from activities.house import House
from activities.mail import MailDeeds
from desk.copies import as_zip
from models.errors import BadInput, NotFound, Refused, Unavailable
from models.forms import JudgeForm, PersonForm
from models.results import CampaignRef
from models.season import Retention
from models.tables import Base
from records import access, campaigns, entries, judging, log, staff, subscriptions
from records.campaigns import Recipient
from records.database import Database, at_instant, rows, run
from records.privacy import kept
from records.privacy.blotting import Pen
from records.privacy.erasure import Outside, erase
from records.privacy.export import EXPORT, HIDDEN, export
from records.privacy.retention import retain
from records.store import new_key, open_store
from tests.course import AFTER, REVIEW, SEASON, Course
from tests.seasons import begin, entry_form, small_file
from workers.embedded.folder import StackFolder
from workers.outside import outside_in
from workers.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
NAME, EMAIL = "Ottilie von Querfurt", "ottilie.querfurt@example.org"
REASON = f"{NAME} <{EMAIL}> asked by letter"
TABLES = Base.metadata.tables


def columns_to_declare() -> set[str]:
    """Every column that could say something of a person: text, JSON, a pointer to a person, a year of birth."""
    found = set()
    for table in TABLES.values():
        for column in table.columns:
            points = any(key.column.table.name == "people" for key in column.foreign_keys)
            if isinstance(column.type, (String, JSONB)) or points or column.name in ("person_id", "birth_year"):
                found.add(f"{table.name}.{column.name}")
    return found


def test_every_column_is_declared_personal_or_impersonal_and_none_both() -> None:
    impersonal = {f"{table}.{column}" for table, columns in kept.IMPERSONAL.items() for column in columns}
    assert set(kept.PERSONAL) & impersonal == set()
    assert columns_to_declare() - set(kept.PERSONAL) - impersonal == set(), "declare them in records/privacy/kept.py"
    assert (set(kept.PERSONAL) | impersonal) - columns_to_declare() == set(), "there are no such columns"
    assert {one.topic for one in kept.PERSONAL.values()} == set(kept.TOPICS)


def test_a_copy_covers_every_table_that_holds_something_personal_or_points_to_a_person() -> None:
    personal = {name.split(".")[0] for name in kept.PERSONAL}
    pointing = {
        table.name for table in TABLES.values() for key in table.foreign_keys if key.column.table.name == "people"
    }
    assert (personal | pointing) - set(EXPORT) == set()
    assert set(EXPORT) <= set(TABLES)


def test_the_page_shows_the_registry() -> None:
    page = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
    assert kept.table() in page, "Put the output of `python -m records.privacy.kept` into docs/privacy.md"


def test_names_are_blotted_out_where_they_stand_alone() -> None:
    pen = Pen(["a@b.org"], ["Ann Lee", "欧阳明月"])
    assert pen.blot("ann lee (A@b.org) wrote") == "[erased] ([erased]) wrote"
    assert pen.blot("申请人欧阳明月已撤回") == "申请人[erased]已撤回"
    many = Pen(
        [f"p{n}@b.org" for n in range(50)] + ["o'neil+x@b.org"], [f"Name Number{n}" for n in range(50)] + ['"Q" Lee']
    )
    assert many.blot("Name  Number7, name number7; P7@b.org") == "Name  Number7, [erased]; [erased]"
    assert many.blot('{"by": "\\"Q\\" Lee, o\'neil+x@b.org"}') == '{"by": "[erased], [erased]"}'
    assert pen.blot("Joann Lee, Ann Leeds, aa@b.org, a@b.org.uk") == "Joann Lee, Ann Leeds, aa@b.org, a@b.org.uk"


# Erasure, in a season with everything in it


@pytest.fixture
async def course(database: Database) -> Course:
    """A season in the midst of its review; one person has left traces everywhere."""
    course = await Course(database).begin()
    await course.register(4)
    await course.invite_judges(4)
    return course


async def leave_traces(course: Course) -> int:
    """Make the applicant of the first entry the person, and name the person wherever free text may be; the id."""
    (row,) = await course.rows("SELECT id, applicant_id FROM entries ORDER BY id LIMIT 1")
    person, entry = row["applicant_id"], row["id"]
    await course.rows(
        "UPDATE people SET name = :name, email = :email, birth_year = 1979, country = 'DE', zone = 'Europe/Berlin'"
        " WHERE id = :id RETURNING id",
        name=NAME, email=EMAIL, id=person,
    )  # fmt: skip
    await course.rows("UPDATE members SET name = :name WHERE person_id = :id RETURNING 1", name=NAME, id=person)
    told = f'{{"said": "{NAME} \\"{EMAIL}\\""}}'
    for table, columns in kept.free_texts().items():
        if table in ("log", "places", "needs", "channels"):
            continue
        for column in columns:
            said = told if isinstance(TABLES[table].columns[column].type, JSONB) else f"by {NAME} <{EMAIL.upper()}>"
            unique = column == "reference"
            await course.rows(
                f"UPDATE {table} SET {column} = CAST(:said AS {TABLES[table].columns[column].type.compile()})"
                f" {'WHERE id = :id' if unique else ''} RETURNING 1",
                said=said, **({"id": entry} if unique else {}),
            )  # fmt: skip
    async with course.database.transaction() as connection:
        lines = [
            log.Line("entry.changed", actor=f"person/{person}", person_id=person, reason=REASON, entry_id=entry),
            log.Line("window.extended", actor="ops", reason=f"since {NAME} asked", data={"answer": f"to {EMAIL}"}),
        ]
        await log.write(connection, SEASON, lines)
    link = await access.ask_link(course.database, EMAIL)
    assert link is not None
    await access.use_link(course.database, link.token)
    await access.ask_link(course.database, EMAIL)
    return int(person)


async def dump(database: Database) -> str:
    """Every row of every table, as text."""
    found: list[str] = []
    for table in TABLES:
        found += [row["said"] for row in await database.at_once(f"SELECT t::text AS said FROM {table} t")]
    return "\n".join(found)


async def finish(course: Course) -> None:
    await course.rows("UPDATE seasons SET state = 'finished', ended_at = now() RETURNING id")


async def test_after_an_erasure_no_table_knows_the_name_or_the_address(course: Course) -> None:
    person = await leave_traces(course)
    before = await dump(course.database)
    assert before.count(NAME) > 8
    lines = await course.rows("SELECT id, event, actor, at, person_id FROM log ORDER BY id")
    removed: list[str] = []

    async def remove(addresses: Any) -> int:
        removed.extend(addresses)
        return len(addresses)

    done = await erase(course.database, EMAIL, reason=REASON, actor="ops", withdraw=True, outside=Outside(mails=remove))
    after = (await dump(course.database)).lower()
    for trace in (NAME, EMAIL, "ottilie", "querfurt", "1979", "Europe/Berlin"):
        assert trace.lower() not in after, trace
    assert (done.person, len(done.withdrawn), done.emptied, done.mails) == (person, 1, done.withdrawn, 1)
    assert removed == [EMAIL]
    kept_lines = await course.rows("SELECT id, event, actor, at, person_id FROM log ORDER BY id")
    assert kept_lines[: len(lines)] == lines
    (last,) = await course.rows("SELECT actor, reason, person_id FROM log WHERE event = 'person.erased'")
    assert last == {"actor": "ops", "reason": "[erased] <[erased]> asked by letter", "person_id": person}
    assert await course.column("SELECT count(*) FROM web_sessions WHERE person_id = :p", p=person) == [0]
    assert await course.column("SELECT count(*) FROM sign_in_links WHERE person_id = :p", p=person) == [0]
    states = await course.column("SELECT DISTINCT state FROM deliveries WHERE person_id = :p", p=person)
    assert not {"queued", "sending"} & set(states)
    # Others are as they were, but for the name in their texts.
    assert await course.column("SELECT count(*) FROM people WHERE erased_at IS NULL AND name <> ''") > [3]


async def test_an_erasure_is_done_once_and_the_address_may_come_again(course: Course) -> None:
    person = await leave_traces(course)
    await finish(course)
    await erase(course.database, str(person), reason="asked", actor="ops")
    again = await erase(course.database, str(person), reason="asked", actor="ops")
    assert again.already
    assert await course.column("SELECT count(*) FROM log WHERE event = 'person.erased'") == [1]
    with pytest.raises(NotFound, match="has the address or id"):
        await erase(course.database, EMAIL, reason="asked", actor="ops")


async def test_an_entry_of_a_running_season_stands_in_the_way_and_a_dry_run_changes_nothing(course: Course) -> None:
    await leave_traces(course)
    before = await dump(course.database)
    with pytest.raises(Refused, match="takes part in a running season"):
        await erase(course.database, EMAIL, reason="asked", actor="ops")
    with pytest.raises(BadInput, match="reason"):
        await erase(course.database, EMAIL, reason=" ", actor="ops", withdraw=True)
    would = await erase(course.database, EMAIL, reason="asked", actor="ops", withdraw=True, dry_run=True)
    assert (would.dry_run, len(would.withdrawn)) == (True, 1)
    assert await dump(course.database) == before


async def test_an_entry_in_which_others_remain_keeps_its_title(database: Database) -> None:
    course = await Course(database).begin()
    form = entry_form(
        1, title=f"Lamps after {NAME}", applicant=PersonForm(email=EMAIL, name=NAME),
        team=(PersonForm(email="friend@example.org", name="Friend"),),
    )  # fmt: skip
    with at_instant(REVIEW - timedelta(days=50)):
        await entries.draft(database, SEASON, form)
    await finish(course)
    done = await erase(database, EMAIL, reason="asked", actor="ops")
    assert (done.emptied, len(done.shared)) == ((), 1)
    assert await course.column("SELECT title FROM entries") == ["Lamps after [erased]"]
    last = await erase(database, "friend@example.org", reason="asked", actor="ops")
    assert len(last.emptied) == 1
    assert await course.column("SELECT title FROM entries") == [""]
    assert await course.column("SELECT count(*) FROM members WHERE name IS NOT NULL") == [0]


async def test_the_files_of_a_person_are_in_the_copy_and_go_with_the_person(course: Course, tmp_path: Path) -> None:
    store = open_store(tmp_path)
    keys = {}
    for number, entry in enumerate(course.entries[:2], start=1):
        keys[number] = new_key()
        await store.put(keys[number], b"%PDF-1.4 plan")
        await course.rows(
            "INSERT INTO documents (entry_id, kind, name, media_type, size, sha256, stored_as, uploaded_at)"
            " VALUES (:e, 'plan', 'my plan.pdf', 'application/pdf', 13, 'ff', :key, now()) RETURNING id",
            e=entry, key=keys[number],
        )  # fmt: skip
    copy = await export(course.database, "applicant-1@example.org")
    archive = zipfile.ZipFile(io.BytesIO(await as_zip(copy, store)))
    (name,) = [name for name in archive.namelist() if name != "data.json"]
    assert (archive.read(name), name.endswith("-my plan.pdf")) == (b"%PDF-1.4 plan", True)
    await finish(course)
    done = await erase(course.database, str(copy.person), reason="asked", actor="ops", outside=outside_in(None, store))
    assert done.files == 1
    left = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    assert left == [keys[2]]
    assert await course.column("SELECT name FROM documents ORDER BY id") == ["", "my plan.pdf"]


async def test_a_judge_of_a_round_that_is_not_over_and_staff_are_not_erased(course: Course) -> None:
    await course.to_review()
    (judge,) = await course.rows(
        "SELECT j.person_id FROM assignments a JOIN judges j ON j.id = a.judge_id ORDER BY a.id LIMIT 1"
    )
    who = str(judge["person_id"])
    with pytest.raises(Refused, match="which is not over"):
        await erase(course.database, who, reason="asked", actor="ops")
    await course.rows("UPDATE windows SET state = 'closed' WHERE kind = 'review' RETURNING id")
    assert not (await erase(course.database, who, reason="asked", actor="ops")).already
    member = await staff.add(course.database, PersonForm(email=EMAIL, name=NAME), "support")
    with pytest.raises(Refused, match="belongs to the season office"):
        await erase(course.database, EMAIL, reason="asked", actor="ops")
    await staff.disable(course.database, EMAIL)
    await erase(course.database, EMAIL, reason="asked", actor="ops")
    assert await course.column("SELECT count(*) FROM staff WHERE person_id = :p", p=member.person_id) == [0]
    assert NAME not in await dump(course.database)


async def test_the_log_stays_append_only_even_while_names_are_blotted_out(course: Course) -> None:
    allow = "SELECT set_config('season.blotting', 'on', true)"

    async def blotting(sql: str) -> None:
        async with course.database.transaction() as connection:
            await rows(connection, allow)
            await run(connection, sql)

    for forbidden in ("UPDATE log SET actor = 'ops'", "UPDATE log SET event = 'x'", "DELETE FROM log"):
        with pytest.raises(asyncpg.RaiseError, match="append-only"):
            await blotting(forbidden)
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await course.database.at_once("UPDATE log SET reason = NULL RETURNING id")


# A person's copy


async def test_a_copy_holds_the_persons_rows_and_no_secret_and_nobody_else(course: Course) -> None:
    await course.to_review()
    person = await leave_traces(course)
    await judging.add_judge(
        course.database, SEASON, JudgeForm(person=PersonForm(email=EMAIL, name=NAME), area="EU", organisation="Own Ltd")
    )
    copy = await export(course.database, EMAIL.upper())
    assert copy.person == person
    (me,) = copy.tables["people"]
    assert (me["name"], me["email"], me["birth_year"]) == (NAME, EMAIL, 1979)
    for table in ("members", "entries", "deliveries", "log", "judges", "sign_in_links", "web_sessions", "tallies"):
        assert table in copy.tables
    for table in ("members", "entries", "deliveries", "log", "judges", "sign_in_links", "web_sessions"):
        assert copy.tables[table], table
    shown = {name for found in copy.tables.values() for row in found for name in row}
    assert not shown & HIDDEN
    others = await course.column("SELECT email FROM people WHERE id <> :p", p=person)
    assert others
    assert not [email for email in others if email in str(copy.tables)]
    assert (await export(course.database, str(person))).tables["people"] == copy.tables["people"]


# Retention


async def test_what_was_kept_long_enough_goes_by_the_seasons_own_terms_and_once(database: Database) -> None:
    terms = Retention.model_validate({"entries": "1y", "mails": "30d"})
    course = await Course(database).begin(file=small_file().model_copy(update={"retention": terms}))
    await course.register(4)
    await leave_traces(course)
    ended = AFTER["finals"]
    await course.rows("UPDATE seasons SET state = 'finished', ended_at = :ended RETURNING id", ended=ended)
    await course.rows("UPDATE deliveries SET state = 'sent' RETURNING 1")
    people = await course.column("SELECT count(*) FROM people")

    async def after(days: int, *, dry_run: bool = False) -> list[tuple[int, int, int]]:
        with at_instant(ended + timedelta(days=days)):
            done = await retain(course.database, dry_run=dry_run)
        return [(one.entries, one.mails, one.people) for one in done.seasons]

    person = (await course.column("SELECT min(id) FROM people"))[0]
    await subscriptions.opt_out(course.database, SEASON, person, by="page")
    assert await after(29) == []
    assert await course.column("SELECT count(*) FROM opt_outs") == [1]
    notices = await course.column("SELECT count(*) FROM deliveries")
    assert await after(30) == [(0, notices[0], 0)]
    assert await course.column("SELECT count(*) FROM opt_outs") == [0]
    assert await after(30) == []
    before = await dump(course.database)
    assert await after(366, dry_run=True) == [(4, 0, 0)]
    assert await dump(course.database) == before
    assert await after(366) == [(4, 0, 0)]
    assert await course.column("SELECT DISTINCT title FROM entries") == [""]
    assert await after(3 * 365 + 1) == [(0, 0, people[0])]
    assert await after(3 * 365 + 1) == []
    assert "@example" not in (text := await dump(course.database))
    assert NAME not in text
    lines = await course.rows("SELECT rule, data FROM log WHERE event = 'privacy.retention' ORDER BY id")
    assert [line["data"]["people"] for line in lines] == [0, 0, people[0]]
    assert await course.column("SELECT count(*) FROM web_sessions") == [0]


async def test_who_still_takes_part_elsewhere_or_is_of_the_office_is_kept(course: Course) -> None:
    await finish(course)
    await begin(course.database, AFTER["finals"], season="next-2024")
    (kept_one,) = await course.rows("SELECT id, email, name FROM people WHERE email LIKE 'applicant-1@%'")
    with at_instant(AFTER["finals"]):
        form = JudgeForm(person=PersonForm(email=kept_one["email"], name=kept_one["name"]), area="EU")
        await judging.add_judge(course.database, "next-2024", form)
    await staff.add(course.database, PersonForm(email="applicant-2@example.org", name="x"), "support")
    await course.rows("UPDATE seasons SET ended_at = started_at WHERE id <> 'next-2024' RETURNING id")
    with at_instant(AFTER["finals"] + timedelta(days=4 * 365)):
        await retain(course.database)
    left = await course.column("SELECT email FROM people WHERE erased_at IS NULL ORDER BY email")
    assert left == ["applicant-1@example.org", "applicant-2@example.org"]


def test_no_recorded_workflow_history_holds_a_name_or_an_address() -> None:
    for path in sorted((ROOT / "tests" / "histories").glob("*.json.gz")):
        history = json.loads(gzip.decompress(path.read_bytes()))
        said = " ".join(payloads(history)).lower()
        assert said
        assert "@" not in said, path.name
        for name in ("example.org", "applicant 1", "applicant-1", "contact@", "innovation office", "birth"):
            assert name not in said, (path.name, name)


def payloads(part: Any) -> list[str]:
    """Every payload of a history, read."""
    if isinstance(part, list):
        return [said for one in part for said in payloads(one)]
    if not isinstance(part, dict):
        return []
    found = [said for one in part.values() for said in payloads(one)]
    if isinstance(part.get("data"), str) and "metadata" in part:
        found.append(base64.b64decode(part["data"]).decode("utf-8", "replace"))
    return found


# Secrets that lie in the database


async def test_the_secret_of_the_codes_lies_sealed_and_an_old_plain_one_is_sealed_at_its_next_use(
    database: Database, database_url: str
) -> None:
    async def kept_secret() -> str:
        return str((await database.at_once("SELECT totp_secret FROM staff"))[0]["totp_secret"])

    async def come_in(to: Database, steps: int) -> str:
        return await staff.sign_in(to, EMAIL, made.password, staff.code_at(secret, await to.now(), steps))

    made = await staff.add(database, PersonForm(email=EMAIL, name=NAME), "support")
    secret = parse_qs(urlsplit(made.otpauth).query)["secret"][0]
    assert await kept_secret() == secret  # no key was given
    with_key, with_another = (Database(database_url, secret_key=key * 32) for key in "ab")
    try:
        assert await come_in(with_key, -1)
        sealed = await kept_secret()
        assert sealed.startswith("sealed:")
        assert secret not in await dump(database)
        assert await come_in(with_key, 0)
        assert await kept_secret() == sealed
        with pytest.raises(Unavailable, match="another key"):
            await come_in(with_another, 1)
        with pytest.raises(Unavailable, match="another key"):
            await come_in(database, 1)
        await staff.add(with_key, PersonForm(email=EMAIL, name=NAME), "support", renew=True)
        assert (await kept_secret()).startswith("sealed:")
    finally:
        await with_key.close()
        await with_another.close()
    with pytest.raises(BadInput, match="fewer than 32"):
        Database(database_url, secret_key="short")


def test_the_embedded_stack_keeps_one_key_that_its_owner_alone_may_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SEASON_SECRET_KEY", raising=False)
    folder = StackFolder.at(tmp_path)
    assert Settings.load(tmp_path).secret_key.get_secret_value() == ""
    folder.ensure_secret()
    key = folder.read_secret()
    folder.ensure_secret()
    assert (folder.read_secret(), len(key) >= 32, folder.secret.stat().st_mode & 0o777) == (key, True, 0o600)
    assert Settings.load(tmp_path).secret_key.get_secret_value() == key
    monkeypatch.setenv("SEASON_SECRET_KEY", "given by the environment, and longer")
    assert Settings.load(tmp_path).secret_key.get_secret_value().startswith("given")


async def test_what_is_queued_for_an_erased_person_later_is_not_sent(course: Course) -> None:
    (person,) = await course.column("SELECT id FROM people WHERE email = 'applicant-1@example.org'")
    await finish(course)
    await erase(course.database, str(person), reason="asked", actor="ops")
    campaign = f"{SEASON}/season_cancelled"
    async with course.database.transaction() as connection:
        await campaigns.plan(connection, campaign, SEASON, "season_cancelled", [Recipient(person, "en")])
    # There is no transport: nothing may be handed over.
    house = House(course.database, None, sender="", public_url="")  # type: ignore[arg-type]
    done = await MailDeeds(house).send_batch(CampaignRef(campaign=campaign, season=SEASON))
    assert (done.sent, done.skipped, done.left) == (0, 1, 0)
