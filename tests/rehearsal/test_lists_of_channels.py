"""The window of the channels, lived through by the workflows: most sign, the others are signed for by the rule."""

from __future__ import annotations

from pathlib import Path

from records.database import Database
from rehearsal.runner import rehearse_on
from rules.season_file import load

HARBOUR = Path(__file__).resolve().parents[2] / "seasons" / "examples" / "harbour-2025.yaml"


async def test_every_list_is_signed_once_in_time_or_by_the_rule_at_the_close(database_url: str) -> None:
    report = await rehearse_on(database_url, load(HARBOUR), entries=80, seed=2, months=1.8)
    assert report.flaws() == []
    database = Database(database_url)
    try:
        lists = await database.at_once(
            """SELECT l.signed_by = 'rule' AS by_rule, l.signed_at >= w.opens_at AND l.signed_at < w.closes_at AS in_time
               FROM channel_lists l JOIN windows w ON w.id = l.window_id"""
        )
        assert {(x["by_rule"], x["in_time"]) for x in lists} == {(True, False), (False, True)}
        signed = await database.at_once(
            "SELECT window_id, data->>'by' AS by FROM log WHERE event = 'endorsement.signed'"
        )
        assert len({(x["window_id"], x["by"]) for x in signed}) == len(signed) == len(lists)
        # All are told once when it opens; a reminder goes to those alone who have not signed by then.
        told = await database.at_once(
            """SELECT c.template, d.queued_at >= l.signed_at AS after FROM deliveries d
               JOIN campaigns c ON c.id = d.campaign_id
               JOIN channel_lists l ON l.window_id = d.window_id
                 AND l.channel_id = (SELECT id FROM channels WHERE code = d.data->>'code')
               WHERE c.template LIKE 'endorsement%'"""
        )
        assert [x["template"] for x in told].count("endorsement_open") == len(lists)
        assert [x["template"] for x in told].count("endorsement_reminder") > 0
        assert not [x for x in told if x["after"]]
    finally:
        await database.close()
