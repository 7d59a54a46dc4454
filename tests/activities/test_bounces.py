"""Reports of mail servers on what they had accepted: real mails, real reports in a real Maildir, and what becomes of both."""

from __future__ import annotations

import email
import os
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.composing import Stationery
from activities.house import House
from activities.mail import MailDeeds
from activities.outside import Outside
from models.errors import BadInput, Unavailable
from models.forms import ChannelForm, PersonForm
from models.results import CampaignRef
from notices.bounce_box import Imap, Maildir, open_box
from notices.bounce_reports import Report, is_message_id, read
from notices.transport import SmtpTransport
from notices.webhooks import HttpWebhooks
from records import addresses, bounces, campaigns, channels, entries
from records.campaigns import Recipient
from records.database import Database, at_instant, run
from records.reading import explain, notices, status
from tests.imap_server import imap_server
from tests.seasons import begin, entry_form
from tests.smtp_server import Server, serving

SEASON = "small-2024"
CAMPAIGN = f"{SEASON}/word-to-all"
START = datetime(2024, 5, 8, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
FILES = Path(__file__).parents[1] / "files"
DOMAIN = "season.example.org"


class Office:
    """A season that sends notices, and a Maildir to which what comes back is delivered."""

    def __init__(self, database: Database, server: Server, transport: SmtpTransport, folder: Path) -> None:
        self.database, self.server, self.folder = database, server, folder
        sender = f"Season office <office@{DOMAIN}>"
        stationery = Stationery(seal=database.seal)
        self.mail = MailDeeds(
            House(database, transport, sender=sender, public_url="https://x.example.org", stationery=stationery)
        )
        self.outside = Outside(database, HttpWebhooks(), "https://x.example.org", DOMAIN, Maildir(folder))

    async def person(self, name: str) -> int:
        """Somebody at example.org."""
        found = await self.database.at_once(
            """INSERT INTO people (email, name, language, created_at)
               VALUES (:name || '@example.org', :name, 'en', clock_timestamp())
               ON CONFLICT (email) DO UPDATE SET name = excluded.name RETURNING id""",
            name=name,
        )
        return int(found[0]["id"])

    async def queue(self, *people: int, campaign: str = CAMPAIGN, useful_until: datetime | None = None) -> None:
        """Queue a notice to each."""
        async with self.database.transaction() as connection:
            told = [Recipient(person, "en") for person in people]
            await campaigns.plan(connection, campaign, SEASON, "season_cancelled", told, useful_until=useful_until)

    async def send(self, campaign: str = CAMPAIGN) -> dict[str, str]:
        """Send a campaign; the Message-ID of each mail so far, by the name of whom it is for."""
        await self.mail.send_batch(CampaignRef(campaign=campaign, season=SEASON))
        return {
            to[0].split("@")[0]: str(email.message_from_bytes(data)["Message-ID"]) for _, to, data in self.server.mails
        }

    def deliver(self, file: str, message_id: str, recipient: str) -> bytes:
        """A report comes in."""
        text = (FILES / file).read_text("utf-8").replace("MESSAGE_ID", message_id).replace("RECIPIENT", recipient)
        self.drop(text.encode())
        return text.encode()

    def drop(self, data: bytes) -> None:
        """A letter comes in."""
        number = sum(len(files) for _, _, files in os.walk(self.folder))
        (self.folder / "new" / f"171679{number:04}.M1P{number}.mx").write_bytes(data)

    async def stands(self) -> dict[str, tuple[str, str | None, str | None]]:
        """State, kind of trouble and answer of each notice, by name and campaign."""
        found = await self.database.at_once(
            """SELECT p.name || split_part(d.campaign_id, '/', 2) AS who, d.state, d.bounce, d.answer
               FROM deliveries d JOIN people p ON p.id = d.person_id"""
        )
        return {row["who"].removesuffix("word-to-all"): (row["state"], row["bounce"], row["answer"]) for row in found}

    async def given_up(self) -> set[str]:
        """Whose address is not used any more."""
        return {r["name"] for r in await self.database.at_once("SELECT name FROM people WHERE bounced_at IS NOT NULL")}

    async def outcomes(self) -> list[str]:
        """What became of the reports, oldest first."""
        return [one.outcome for one in reversed(await bounces.listed(self.database))]


@pytest.fixture
async def office(database_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    database = Database(database_url, secret_key="a key of thirty-two characters..")
    for name in ("new", "cur", "tmp"):
        (tmp_path / "bounces" / name).mkdir(parents=True)
    await begin(database, START)
    async with serving() as server, SmtpTransport("127.0.0.1", server.port, timeout=5) as transport:
        with at_instant(START + HOUR):
            yield Office(database, server, transport, tmp_path / "bounces")
    await database.close()


async def test_reports_of_three_kinds_of_servers_say_what_became_of_each_notice(office: Office) -> None:
    names = ("postfix", "exim", "exchange", "slow", "well")
    await office.queue(*[await office.person(name) for name in names])
    ids = await office.send()
    office.deliver("postfix_no_such_user.eml", ids["postfix"], "postfix@example.org")
    office.deliver("exim_unrouteable.eml", ids["exim"], "exim@example.org")
    office.deliver("exchange_mailbox_full.eml", ids["exchange"], "Exchange@Example.org")
    office.deliver("postfix_delayed.eml", ids["slow"], "slow@example.org")
    assert await office.outside.read_bounces() == 4
    stands = await office.stands()
    assert {name: stands[name][:2] for name in names} == {
        "postfix": ("failed", "no_such_address"), "exim": ("failed", "no_such_address"),
        "exchange": ("failed", "mailbox_full"), "slow": ("sent", "delayed"), "well": ("sent", None),
    }  # fmt: skip
    assert (stands["postfix"][2] or "").startswith(
        "came back: 550 5.1.1 <…> User doesn't exist; accepted before with: 250"
    )
    assert "mailbox full" in (stands["exchange"][2] or "")
    assert "still being tried: 4.4.1 connect to imap" in (stands["slow"][2] or "")
    assert await office.given_up() == {"postfix", "exim"}
    # What was given up by the relay in the end is told by the later report.
    last = (FILES / "postfix_delayed.eml").read_text("utf-8").replace("Action: delayed", "Action: failed")
    (office.folder / "later.eml").write_text(last.replace("Status: 4.4.1", "Status: 4.4.7"))
    office.deliver(str(office.folder / "later.eml"), ids["slow"], "slow@example.org")
    await office.outside.read_bounces()
    assert (await office.stands())["slow"][:2] == ("failed", "refused")
    assert await office.given_up() == {"postfix", "exim"}
    shown = {one.to: one.bounced_at is not None for one in await notices(office.database, SEASON)}
    assert shown == {f"{name}@example.org": name != "well" for name in names}
    concerns = {one.code: one for one in (await status(office.database, SEASON)).concerns}
    assert concerns["mail.bounced"].count == 2
    lines = await office.database.at_once(
        "SELECT data FROM log WHERE event IN ('notice.bounced', 'notice.delayed', 'person.address_bounced')"
    )
    assert len(lines) == 7
    assert "example.org" not in str(lines)


async def test_a_letter_is_put_away_and_read_once_whatever_is_in_it(office: Office) -> None:
    await office.queue(await office.person("lin"))
    ids = await office.send()
    report = office.deliver("postfix_no_such_user.eml", ids["lin"], "lin@example.org")
    office.drop(report)
    for data in (
        b"From: lin@example.org\nSubject: I am away\n\nBack on Monday.\n",
        b"\xff\x00\xfe" * 500,
        b"",
        report.replace(b"Action: failed", b"Action: danced"),
        b"Content-Type: multipart/report; boundary=x\n\n--x\nContent-Type: message/delivery-status\n\n\n--x--\n",
    ):
        office.drop(data)
    assert await office.outside.read_bounces() == 7
    assert await office.outside.read_bounces() == 0
    assert await office.outcomes() == ["matched", *["unreadable"] * 5]
    flags = [name.rpartition(":")[2] for name in os.listdir(office.folder / "cur")]
    assert sorted(flags) == ["2,FS"] * 5 + ["2,S"] * 2
    bounced = await office.database.at_once("SELECT count(*) AS n FROM log WHERE event = 'notice.bounced'")
    assert bounced == [{"n": 1}]


async def test_a_report_that_names_no_message_of_ours_changes_nothing_and_is_listed(office: Office) -> None:
    await office.queue(await office.person("lin"), await office.person("eva"))
    ids = await office.send()
    forged = [
        "<made-up@example.org>",
        # The right one but for the part that takes the key; that of somebody else; that of another domain.
        re.sub("-[0-9a-f]{32}", "", ids["lin"]),
        re.sub("-[0-9a-f]{32}", f"-{'0' * 32}", ids["lin"]),
        re.sub(r"\.\d+\.", f".{await office.person('eva')}.", ids["lin"]),
        ids["lin"].replace(DOMAIN, "evil.example.org"),
    ]
    assert len({ids["lin"], *forged}) == 6
    for one in forged:
        office.deliver("postfix_no_such_user.eml", one, "lin@example.org")
    # Ours, but about an address that is not the one written to.
    office.deliver("exchange_mailbox_full.eml", ids["lin"], "eva@example.org")
    await office.outside.read_bounces()
    assert await office.outcomes() == ["unknown"] * 5 + ["matched"]
    assert {state for state, _, _ in (await office.stands()).values()} == {"sent"}
    assert await office.given_up() == set()
    listed = await bounces.listed(office.database, outcome="unknown")
    assert {one.person for one in listed} == {await office.person("lin")}
    assert "@" not in str([one.diagnostic for one in listed])


async def test_support_and_the_channel_are_told_once_and_the_mail_names_no_address(office: Office) -> None:
    contact = PersonForm(email="contact@example.org", name="Contact")
    await channels.add_channel(
        office.database, SEASON, ChannelForm(code="INNO", name="Innovation Office", contact=contact)
    )
    await run_open(office.database)
    made = await entries.draft(office.database, SEASON, entry_form(1), channel="INNO")
    [entry] = await office.database.at_once("SELECT number, applicant_id AS person FROM entries WHERE id = :e", e=made)
    for number in range(2):
        name = f"{CAMPAIGN}-{number}"
        await office.queue(entry["person"], campaign=name)
        ids = await office.send(name)
        office.deliver("postfix_no_such_user.eml", ids["applicant-1"], "applicant-1@example.org")
        await office.outside.read_bounces()
        await office.database.at_once("UPDATE people SET bounced_at = NULL")
    told = f"{SEASON}/{bounces.TEMPLATE}"
    # Sent by the sweep, at an hour when the contact is awake.
    with at_instant(START + 8 * HOUR):
        assert next(one.campaign for one in await campaigns.waiting(office.database, HOUR) if one.single) == told
        await office.send(told)
    mails = [email.message_from_bytes(data) for _, to, data in office.server.mails if to == ["contact@example.org"]]
    assert len(mails) == 1
    assert entry["number"] in str(mails[0]["Subject"])
    text = mails[0].as_string()
    assert f"https://x.example.org/channel/{SEASON}/INNO" in text.replace("=\n", "")
    assert "applicant-1" not in text
    events = [event.event for event in (await explain(office.database, entry["number"], SEASON)).events]
    assert events.count("notice.came_back") == 2
    assert "person.address_bounced" in events


async def run_open(database: Database) -> None:
    """Registration in EU is open."""
    async with database.transaction() as connection:
        await run(
            connection, "UPDATE windows SET state = 'open', opens_at = :at WHERE id = :w", w=f"{SEASON}/EU/registration",
            at=START,
        )  # fmt: skip


async def test_a_corrected_address_gets_anew_what_is_still_of_use_and_nothing_else(office: Office) -> None:
    lin, now = await office.person("lin"), START + HOUR
    await office.queue(lin)
    ids = await office.send()
    office.deliver("postfix_no_such_user.eml", ids["lin"], "lin@example.org")
    await office.outside.read_bounces()
    useful, stale = f"{SEASON}/useful", f"{SEASON}/stale"
    for campaign, until in ((useful, now + 10 * HOUR), (stale, now + HOUR)):
        await office.queue(lin, campaign=campaign, useful_until=until)
        await office.send(campaign)
    assert {name: state for name, (state, _, _) in (await office.stands()).items()} == {
        "lin": "failed", "linuseful": "skipped", "linstale": "skipped",
    }  # fmt: skip
    with at_instant(now + 2 * HOUR):
        done = await addresses.correct(office.database, lin, "lin.new@example.org", reason="told", actor="ops")
        assert (done.bounced, done.anew) == (True, 2)
        again = await addresses.correct(office.database, lin, "lin.new@example.org", reason="told", actor="ops")
        assert again.anew == 0
        office.server.mails.clear()
        for campaign in (CAMPAIGN, useful, stale):
            await office.send(campaign)
        assert [to for _, to, _ in office.server.mails] == [["lin.new@example.org"]] * 2
        assert {name: state for name, (state, _, _) in (await office.stands()).items()} == {
            "lin": "sent", "linuseful": "sent", "linstale": "skipped",
        }  # fmt: skip
        # The same report a second time, from a slower relay, speaks of the address that was given up.
        office.deliver("exim_unrouteable.eml", ids["lin"], "lin@example.org")
        await office.outside.read_bounces()
    assert (await office.stands())["lin"][0] == "sent"
    assert await office.given_up() == set()


@pytest.mark.parametrize(
    ("action", "status_", "diagnostic", "kind"),
    [
        ("failed", "5.1.1", "", "no_such_address"),
        ("failed", "5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound", "no_such_address"),
        ("failed", "5.2.1", "550 5.2.1 The mailbox is disabled", "no_such_address"),
        ("failed", "5.2.2", "552 5.2.2 Over quota", "mailbox_full"),
        ("failed", "5.1.8", "550 5.1.8 Bad sender", "refused"),
        ("failed", "5.7.1", "550 5.7.1 Blocked", "refused"),
        ("failed", "4.1.1", "gave up", "refused"),
        ("failed", "4.4.7", "451 4.4.7 Message expired", "refused"),
        ("failed", "5.0.0", "550 No such user here", "no_such_address"),
        ("failed", "", "550-Mailbox full", "mailbox_full"),
        ("failed", "five", "nonsense", "refused"),
        ("delayed", "4.2.2", "over quota", "delayed"),
        ("delivered", "2.0.0", "250 OK", "nothing"),
        ("relayed", "2.0.0", "250 OK", "nothing"),
    ],
)
def test_what_a_report_means(action: str, status_: str, diagnostic: str, kind: str) -> None:
    assert Report("", action, status_, diagnostic).kind == kind


async def test_a_mailbox_that_is_away_is_said_and_loses_nothing(office: Office) -> None:
    gone = Outside(office.database, HttpWebhooks(), "", DOMAIN, open_box(str(office.folder / "nowhere")))
    await gone.look()
    with pytest.raises(Unavailable, match="SEASON_BOUNCE_MAILBOX"):
        await gone.read_bounces()
    with pytest.raises(BadInput, match="cannot be used"):
        open_box("pop3://user@example.org/x")


async def test_an_imap_mailbox_is_read_over_tls_and_what_was_read_is_marked(office: Office, tmp_path: Path) -> None:
    await office.queue(await office.person("lin"))
    ids = await office.send()
    report = office.deliver("postfix_no_such_user.eml", ids["lin"], "lin@example.org")
    with imap_server(tmp_path, [report, b"Subject: I am away\r\n\r\nBack on Monday.\r\n"]) as server:
        box = Imap("localhost", server.port, "bounces", "a secret", "Reports", server.trust)
        outside = Outside(office.database, HttpWebhooks(), "", DOMAIN, box)
        assert await outside.read_bounces() == 2
        assert server.flags == [r"(\Seen)", r"(\Seen \Flagged)"]
        assert await outside.read_bounces() == 0
        assert await office.given_up() == {"lin"}
        assert await office.outcomes() == ["matched", "unreadable"]
        wrong = Outside(
            office.database, HttpWebhooks(), "", DOMAIN, Imap("localhost", server.port, "x", "y", "z", server.trust)
        )
        with pytest.raises(Unavailable, match="SEASON_BOUNCE_PASSWORD"):
            await wrong.read_bounces()
        untrusted = Outside(
            office.database,
            HttpWebhooks(),
            "",
            DOMAIN,
            open_box(f"imaps://bounces@localhost:{server.port}/Reports", "a"),
        )
        with pytest.raises(Unavailable, match="SSLCertVerificationError"):
            await untrusted.read_bounces()


_SHAPED = (FILES / "postfix_no_such_user.eml").read_bytes()


@given(st.binary(max_size=400), st.integers(0, len(_SHAPED)), st.integers(0, 200))
def test_whatever_comes_in_is_read_or_is_no_report(noise: bytes, at: int, cut: int) -> None:
    for one in (noise, _SHAPED[:at] + noise + _SHAPED[at + cut :]):
        for report in read(one):
            assert report.kind in ("no_such_address", "mailbox_full", "refused", "delayed", "nothing")
            assert (report.words + report.status).isprintable()
            assert report.message_id == "" or is_message_id(report.message_id)
