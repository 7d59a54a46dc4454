"""Webhooks: a real endpoint on loopback that verifies, fails, stalls, redirects and comes back."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from activities.outside import Outside
from models.commands import SeasonCommand
from models.errors import BadInput, NotFound, Refused
from notices import webhooks
from notices.webhooks import HttpWebhooks, is_public, next_try, sign
from records import campaigns, hook_deliveries, hooks, log, steering
from records.campaigns import Recipient
from records.database import Database, at_instant, run
from records.reading import status
from tests.endpoint import Endpoint, listening
from tests.seasons import begin

SEASON = "small-2024"
START = datetime(2024, 5, 8, 2, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
EU, SG = f"{SEASON}/EU/registration", f"{SEASON}/SG/registration"


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with listening() as found:
        yield found


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, secret_key="a key of thirty-two characters..")
    await begin(database, START)
    yield database
    await database.close()


@pytest.fixture
def outside(database: Database) -> Outside:
    channel = HttpWebhooks(private=True, timeout=10)
    return Outside(database, channel, "https://season.example.org", "season.example.org")


async def happen(database: Database, event: str, window: str | None = None, **data: object) -> None:
    """A line of the log."""
    async with database.transaction() as connection:
        await log.write(connection, SEASON, [log.Line(event, window_id=window, reason="Lin asked", data=data)])


async def look(outside: Outside, after: timedelta = timedelta(0)) -> int:
    """What the mail worker does every few seconds, this long after the start."""
    with at_instant(START + HOUR + after):
        return await outside.tell_hooks()


async def states(database: Database) -> list[tuple[str, int | None]]:
    """State and HTTP status of each event, the oldest first."""
    return [(one.state, one.status) for one in reversed(await hook_deliveries.told(database, SEASON))]


async def test_what_is_asked_for_comes_signed_once_and_says_nothing_of_people(
    database: Database, outside: Outside, endpoint: Endpoint
) -> None:
    made = await hooks.add(database, SEASON, endpoint.url, ["notices", "closings", "changes"], area="EU", actor="ops")
    assert made.secret.startswith("whsec_")
    kept = await database.at_once("SELECT secret FROM hooks")
    assert made.secret not in str(kept)
    for window in (EU, SG):
        await happen(
            database, "window.extended", window, stage="registration", new="2024-06-02T16:00:00+00:00", who="Lin"
        )
        await happen(database, "window.opened", window)
    await happen(database, "entry.drafted", EU)
    async with database.transaction() as connection:
        await run(
            connection, "INSERT INTO people (email, name, language, created_at) VALUES ('l@x.cn', 'Lin', 'zh', now())"
        )
    async with database.transaction() as connection:
        found = await database.at_once("SELECT id FROM people")
        await campaigns.plan(
            connection, f"{SEASON}/words", SEASON, "season_cancelled", [Recipient(found[0]["id"], "zh")], window=EU
        )
    for _ in range(3):
        await look(outside)
    await database.at_once("UPDATE deliveries SET state = 'sent', sent_at = now()")
    for _ in range(3):
        await look(outside, MINUTE)
    said = endpoint.bodies()
    assert [one["type"] for one in said] == ["window.extended", "campaign.planned", "campaign.finished"]
    first = said[0]["data"]
    assert {k: first[k] for k in ("season", "area", "window", "new", "link")} == {
        "season": SEASON, "area": "EU", "window": EU, "new": "2024-06-02T16:00:00+00:00",
        "link": f"https://season.example.org/windows/{EU}",
    }  # fmt: skip
    assert said[1]["data"]["count"] == 1
    assert {k: said[2]["data"][k] for k in ("sent", "failed", "skipped")} == {"sent": 1, "failed": 0, "skipped": 0}
    assert "Lin" not in str(endpoint.came)
    assert len(set(endpoint.verified(made.secret))) == 3
    at = [int(head["webhook-timestamp"]) for _, head, _ in endpoint.came]
    assert at[0] == int((START + HOUR).timestamp())
    assert await look(outside, MINUTE) == 0


async def test_a_line_that_commits_behind_a_later_one_is_told_too_and_none_twice(
    database: Database, outside: Outside, endpoint: Endpoint
) -> None:
    await hooks.add(database, SEASON, endpoint.url, ["all"], actor="ops")
    async with database.transaction() as connection:
        await log.write(connection, SEASON, [log.Line("window.closed", window_id=EU)])
        await happen(database, "window.closed", SG)
        for _ in range(4):
            await look(outside)
        assert [one["data"]["area"] for one in endpoint.bodies()] == ["SG"]
    for _ in range(4):
        await look(outside)
        await happen(database, "entry.drafted")
    assert [one["data"]["area"] for one in endpoint.bodies()] == ["SG", "EU"]
    cursors = await database.at_once("SELECT cursor, (SELECT max(id) FROM log) AS last FROM hooks")
    assert cursors[0]["cursor"] >= cursors[0]["last"] - 2
    # Several workers at once tell each line once.
    for window in (EU, SG) * 10:
        await happen(database, "window.closed", window)
    await asyncio.gather(*(look(outside) for _ in range(4)))
    while await look(outside):
        pass
    assert len(endpoint.came) == len({head["webhook-id"] for _, head, _ in endpoint.came}) == 22


async def test_a_failing_endpoint_is_tried_for_three_days_with_growing_pauses_and_then_by_hand(
    database: Database, outside: Outside, endpoint: Endpoint
) -> None:
    made = await hooks.add(database, SEASON, endpoint.url, ["closings"], actor="ops")
    await happen(database, "window.closed", EU)
    endpoint.answers = [500, 302, 0.0, (503, {"Retry-After": "7200"}, b"x" * 5000), *[429] * 50]
    after, tries = timedelta(0), []
    for _ in range(80):
        before = len(endpoint.came)
        await look(outside, after)
        if len(endpoint.came) > before:
            tries.append(after)
        after += HOUR
    pauses = [later - earlier for earlier, later in itertools.pairwise(tries)]
    assert pauses[:-1] == sorted(pauses[:-1])
    assert (len(tries), tries[-1]) == (10, 72 * HOUR)
    assert tries[4] - tries[3] >= 2 * HOUR
    assert await states(database) == [("failed", 429)]
    concerns = {one.code for one in (await status(database, SEASON)).concerns}
    assert "hooks.failed" in concerns
    # The same id each time, and a signature of its own.
    assert len({head["webhook-id"] for _, head, _ in endpoint.came}) == 1
    assert len({head["webhook-signature"] for _, head, _ in endpoint.came}) == 10
    assert len(endpoint.verified(made.secret)) == 10
    endpoint.answers.clear()
    [failed] = await hook_deliveries.told(database, SEASON, state="failed")
    with at_instant(START + HOUR + after):
        await hook_deliveries.retry(database, failed.id)
    assert await look(outside, after) == 1
    assert await states(database) == [("sent", 204)]
    with pytest.raises(Refused):
        await hook_deliveries.retry(database, failed.id)
    with pytest.raises(NotFound):
        await hook_deliveries.retry(database, failed.id, season="other")


async def test_what_an_endpoint_answers_is_kept_short_and_redirects_lead_nowhere(
    database: Database, outside: Outside, endpoint: Endpoint
) -> None:
    with listening() as elsewhere:
        await hooks.add(database, SEASON, endpoint.url, ["closings"], actor="ops")
        endpoint.answers = [(307, {"Location": elsewhere.url}, b"a\x00\xff\nb" + b"c" * 100_000)]
        await happen(database, "window.closed", EU)
        await look(outside)
        assert elsewhere.came == []
    [one] = await hook_deliveries.told(database, SEASON)
    assert (one.state, one.status, one.attempts) == ("queued", 307, 1)
    assert one.answer is not None
    assert len(one.answer) <= 200
    assert one.answer.isprintable()


async def test_an_endpoint_that_does_not_answer_is_left_after_a_while(database: Database, endpoint: Endpoint) -> None:
    await hooks.add(database, SEASON, endpoint.url, ["closings"], actor="ops")
    await happen(database, "window.closed", EU)
    endpoint.answers = [20.0]
    hasty = HttpWebhooks(private=True, timeout=0.3)
    assert await look(Outside(database, hasty, "https://season.example.org", "season.example.org")) == 0
    [one] = await hook_deliveries.told(database, SEASON)
    assert (one.state, one.status, one.answer) == ("queued", None, "no answer within 0.3 s")


async def test_a_dead_endpoint_holds_up_no_other_and_is_not_hammered(
    database: Database, outside: Outside, endpoint: Endpoint
) -> None:
    await hooks.add(database, SEASON, "http://127.0.0.1:1/", ["closings"], actor="ops")
    await hooks.add(database, SEASON, endpoint.url, ["closings"], actor="ops")
    for window in (EU, SG):
        await happen(database, "window.closed", window)
    assert await look(outside) == 2
    tried = await database.at_once("SELECT sum(attempts) AS n FROM hook_deliveries WHERE state = 'queued'")
    assert tried == [{"n": 1}]


async def test_410_disables_a_webhook_and_a_test_that_is_taken_enables_it(
    database: Database, outside: Outside, endpoint: Endpoint
) -> None:
    made = await hooks.add(database, SEASON, endpoint.url, ["closings"], actor="ops")
    endpoint.answers = [410]
    await happen(database, "window.closed", EU)
    await look(outside)
    await happen(database, "window.closed", SG)
    assert await look(outside, HOUR) == 0
    assert len(endpoint.came) == 1
    [shown] = await hooks.of_season(database, SEASON)
    assert shown.disabled_at is not None
    assert "hooks.disabled" in {one.code for one in (await status(database, SEASON)).concerns}
    with at_instant(START + 3 * HOUR):
        endpoint.answers = [500]
        for state in ("queued", "sent"):
            delivery = await hooks.ask_test(database, made.id, actor="ops")
            told = await outside.test_hook(await hook_deliveries.one_told(database, delivery))
            assert (told.event, told.state) == ("hook.tested", state)
    assert (await hooks.of_season(database, SEASON))[0].disabled_at is None
    await look(outside, 4 * HOUR)
    assert [one["type"] for one in endpoint.bodies()][-2:] == ["window.closed", "hook.tested"]


async def test_while_a_secret_is_renewed_both_sign_and_after_a_day_the_new_one_alone(
    database: Database, outside: Outside, endpoint: Endpoint
) -> None:
    with at_instant(START + HOUR):
        old = await hooks.add(database, SEASON, endpoint.url, ["closings"], actor="ops")
        new = await hooks.rotate(database, old.id, actor="ops")
    await happen(database, "window.closed", EU)
    await look(outside)
    assert len(endpoint.verified(old.secret)) == len(endpoint.verified(new.secret)) == 1
    await happen(database, "window.closed", SG)
    await look(outside, 25 * HOUR)
    assert (len(endpoint.verified(old.secret)), len(endpoint.verified(new.secret))) == (1, 2)


async def test_a_crash_between_sending_and_marking_sends_again_with_the_same_id(
    database: Database, outside: Outside, endpoint: Endpoint
) -> None:
    made = await hooks.add(database, SEASON, endpoint.url, ["closings"], actor="ops")
    await happen(database, "window.closed", EU)
    with at_instant(START + HOUR):
        await hook_deliveries.gather(database)
        [claimed] = await hook_deliveries.claim(database, made.id, "dead", 5)
        await outside.channel.post(
            webhooks.Letter(endpoint.url, f"evt_{claimed.what.log_id}_{made.id}", START, b"{}", (made.secret,))
        )
    assert await look(outside, MINUTE) == 0
    assert await look(outside, 3 * MINUTE) == 1
    assert len({head["webhook-id"] for _, head, _ in endpoint.came}) == 1
    # Whose lease is over has no say any more.
    assert await hook_deliveries.mark(database, claimed, webhooks.Answer(500, "")) == ""
    assert await states(database) == [("sent", 204)]


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x", "https://localhost/x", "https://[::1]/x", "https://10.0.0.1/", "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data", "https://[fe80::1]/", "https://[fd00::1]/", "https://0.0.0.0/",
        "https://[::ffff:127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://100.64.0.1/",
        "https://2130706433/", "https://0x7f.1/", "https://224.0.0.1/",
        "http://example.org/", "ftp://example.org/", "https://user:pw@1.1.1.1/", "https://1.1.1.1/#x", "nonsense",
        "https://1.1.1.1:99999/", "https://1.1.1.1/ x", "https:///x", "",
    ],
)  # fmt: skip
async def test_no_event_goes_to_this_machine_or_a_private_network(url: str) -> None:
    public = HttpWebhooks()
    with pytest.raises(BadInput):
        await public.check(url)
    answer = await public.post(webhooks.Letter(url, "evt_1", START, b"{}", (webhooks.new_secret(),)))
    assert answer.status is None


async def test_an_address_is_looked_at_again_for_each_try(
    database: Database, outside: Outside, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that was public when it was registered may point elsewhere when an event is sent."""
    loop = asyncio.get_running_loop()
    asked: list[str] = []
    points_to = ["93.184.216.34", "127.0.0.1"]

    async def lookup(host: str, port: int, **_: object) -> list[object]:
        asked.append(host)
        return [(2, 1, 6, "", (points_to.pop(0), port))]

    monkeypatch.setattr(loop, "getaddrinfo", lookup)
    channel = HttpWebhooks()
    await channel.check("https://hooks.example.org/x")
    answer = await channel.post(
        webhooks.Letter("https://hooks.example.org/x", "evt_1", START, b"{}", (webhooks.new_secret(),))
    )
    assert asked == ["hooks.example.org"] * 2
    assert (answer.status, "private network" in answer.text) == (None, True)
    assert endpoint.came == []


def test_the_signature_is_that_of_the_specification() -> None:
    # The example of the reference libraries of Standard Webhooks.
    at = datetime.fromtimestamp(1614265330, UTC)
    signed = sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    for bad in ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_AAAA", "whsec_!!"):
        with pytest.raises(BadInput):
            sign(bad, "x", at, b"")


def test_the_pauses_grow_and_end_with_the_three_days() -> None:
    at, tries = START, 0
    while (again := next_try(tries + 1, START, at)) is not None:
        assert again > at
        at, tries = again, tries + 1
    assert (at - START, tries) == (timedelta(days=3), 9)
    assert is_public("93.184.216.34")
    assert not is_public("nonsense")


async def test_a_webhook_that_makes_no_sense_is_refused_with_a_sentence(database: Database) -> None:
    for code, url, events, area in (
        ("hook.events", "https://x.example.org", ["nonsense"], None), ("hook.events", "https://x.example.org", [], None),
        ("hook.area", "https://x.example.org", ["all"], "XX"),
    ):  # fmt: skip
        with pytest.raises(BadInput) as refused:
            await hooks.add(database, SEASON, url, events, area=area, actor="ops")
        assert refused.value.code == code
    await hooks.add(database, SEASON, "https://x.example.org", ["all"], actor="ops")
    with pytest.raises(Refused):
        await hooks.add(database, SEASON, "https://x.example.org", ["all"], actor="ops")
    with pytest.raises(NotFound):
        await hooks.remove(database, 4711, actor="ops")


async def test_pausing_a_season_is_an_event(database: Database, outside: Outside, endpoint: Endpoint) -> None:
    await hooks.add(database, SEASON, endpoint.url, ["changes"], area="SG", actor="ops")
    async with database.transaction() as connection:
        await steering.pause_season(connection, SeasonCommand(season=SEASON, actor="ops", reason="a storm", id="c1"))
    await look(outside)
    assert "season.paused" in [one["type"] for one in endpoint.bodies()]
    assert "storm" not in json.dumps(endpoint.bodies())
