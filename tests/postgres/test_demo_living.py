"""The demo county at work: a loop in every state, in order by the ledger, begun once."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from ledger import contradictions
from small_county import County

from db.database import Database
from db.viewer import LOCAL
from fivelink.commands import demo
from fivelink.runtime import load_words
from resolvers.context import Context


@pytest.fixture
async def county(database_url: str) -> AsyncIterator[County]:
    database = Database(database_url)
    context = Context(database, LOCAL)
    await load_words(context)
    yield County(context, database.engine)
    await database.close()


async def test_the_demo_shows_a_loop_in_every_state(
    county: County, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await demo.load(county.context, tmp_path)
    statuses = dict(tuple(row) for row in await county.rows("SELECT status::text, count(*) FROM referral GROUP BY 1"))
    assert set(statuses) == {
        "REQUESTED",
        "ACCEPTED",
        "REJECTED",
        "IN_PROGRESS",
        "ON_HOLD",
        "COMPLETED",
        "FAILED",
        "CANCELLED",
    }
    assert await contradictions(database_url) == []
    story = await county.rows(
        "SELECT n.title, n.status::text, t.code FROM referral r JOIN need n ON n.id = r.need_id"
        " LEFT JOIN term t ON t.id = r.outcome_id WHERE n.title LIKE '小娜%' ORDER BY n.id"
    )
    assert tuple(story[0]) == ("小娜（化名）劝导返校", "CLOSED", "GOT_HELP")
    assert len({row.title for row in story}) == 8
    assert (await county.one("SELECT count(*) FROM referral WHERE awaited AND due_at < now()"))[0] > 0
    assert (await county.one("SELECT count(*) FROM certificate WHERE minutes > 0"))[0] == 2
    kinds = {row[0] for row in await county.rows("SELECT DISTINCT kind::text FROM service_record")}
    assert {"HOURS", "CASEWORK", "MONEY_PAID", "GOODS_DELIVERED"} <= kinds
    printed = capsys.readouterr().out
    total = sum(statuses.values())
    assert re.search(rf"点单 referrals {total} .*逾期 overdue [1-9]", printed)

    # Loaded again nothing is imported, ordered or certified again.
    before = await county.counts()
    await demo.load(county.context, tmp_path)
    after = await county.counts()
    same = ("party", "need", "offer", "referral", "follow_up", "idempotency", "api_key")
    assert [after[name] for name in same] == [before[name] for name in same]
