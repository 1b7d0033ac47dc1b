"""The example of docs/referrals.md, run as it is printed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest_asyncio
from loop import Loop, looped
from small_county import NOON

from db.cursors import global_id
from schema.execution.executor import Executor

DOCUMENT = (Path(__file__).parents[2] / "docs" / "referrals.md").read_text(encoding="utf-8")


@pytest_asyncio.fixture
async def loop(database_url: str) -> AsyncIterator[Loop]:
    async with looped(database_url, need=2) as found:
        yield found


async def test_the_printed_example_leads_from_the_order_to_a_closed_need(loop: Loop) -> None:
    order, rest = re.findall(r"```graphql\n(.*?)```", DOCUMENT, re.DOTALL)
    executor = Executor(loop.county.context.database, clock=lambda: NOON)  # type: ignore[arg-type]

    async def run(document: str, **variables: str) -> Any:
        answer = orjson.loads((await executor.run(document, None, variables, viewer=loop.coordinator)).body)
        assert "errors" not in answer, answer
        return answer["data"]

    asked = {"need": f"Need:{loop.need_id}", "offer": f"Offer:{loop.offer_id}"}
    found = await run(order, **{name: global_id(id.encode()) for name, id in asked.items()})
    made = found["referralRequest"]["referral"]
    assert (made["status"], made["need"], made["offer"]) == ("REQUESTED", {"committed": 2}, {"available": 8})
    assert [step["name"] for step in made["steps"]] == ["accept", "reject", "cancel"]
    done = await run(rest, order=made["id"])
    assert done["referralAccept"]["referral"]["status"] == "ACCEPTED"
    assert done["referralComplete"]["referral"] == {
        "status": "COMPLETED",
        "delivered": 2,
        "outcome": {"code": "GOT_HELP"},
        "need": {"status": "MET"},
    }
    assert done["followUpRecord"]["referral"]["need"] == {"status": "CLOSED"}
    # The same keys again: the same answers, and nothing happens.
    before = await loop.everything()
    again = await run(rest, order=made["id"])
    assert again["followUpRecord"] == done["followUpRecord"]
    assert await loop.everything() == before
