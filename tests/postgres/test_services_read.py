"""Service records as clients read them: exact amounts, narrowed lists, and only what may be seen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import orjson
import pytest
from recorded import FIRST, LAST_WEEK, Served, serving
from small_county import NOON, OTHER_COUNTY

from db.cursors import global_id
from db.viewer import PUBLIC, Viewer
from schema.execution.executor import Executor


@pytest.fixture
async def served(database_url: str) -> AsyncIterator[Served]:
    async with serving(database_url) as one:
        yield one


async def asked(served: Served, query: str, viewer: Viewer, **variables: Any) -> Any:
    executor = Executor(served.county.context.database, clock=lambda: NOON)  # type: ignore[arg-type]
    outcome = await executor.run(query, None, variables, viewer=viewer)
    return orjson.loads(outcome.body)


async def test_lists_show_amounts_exactly_whichever_way_they_are_read(served: Served) -> None:
    await served.record(kind="MONEY_PAID", amount=Decimal("300.5"), persons=1, served_on=FIRST)
    old = await served.serve(100)
    await served.correct(old, kind="HOURS", served_on=LAST_WEEK, minutes=50)
    plain = "services { totalCount edges { node { kind amount hours replacedBy { hours } } } }"
    # `serviceTotals` is computed: beside it the list is read by the other way of execution.
    beside = f"{plain} serviceTotals {{ amount hours quantities {{ quantity }} }}"
    for query in (plain, beside):
        said = (await asked(served, f"{{ {query} }}", served.loop.coordinator))["data"]
        assert [edge["node"] for edge in said["services"]["edges"]] == [
            {"kind": "HOURS", "amount": None, "hours": "0.83", "replacedBy": None},
            {"kind": "HOURS", "amount": None, "hours": "1.67", "replacedBy": {"hours": "0.83"}},
            {"kind": "MONEY_PAID", "amount": "300.50", "hours": None, "replacedBy": None},
        ]
    assert said["serviceTotals"] == {"amount": "300.50", "hours": "0.83", "quantities": []}


async def test_lists_are_narrowed_and_hold_what_may_be_seen(served: Served) -> None:
    await served.record(served_on=FIRST)
    await served.correct(await served.serve(100), withdraw=True, note="没有这次服务")
    query = "query($where: ServiceFilter) { services(where: $where) { totalCount } }"
    for where, count in (
        (None, 3),
        ({"stands": True}, 1),
        ({"stands": False}, 2),
        ({"kind": ["VISIT"]}, 1),
        ({"kind": ["VISIT", "HOURS"]}, 3),
        ({"from": "2026-11-02"}, 2),
        ({"until": "2026-11-01"}, 1),
        ({"area": OTHER_COUNTY}, 0),
        ({"party": global_id(b"Volunteer:%d" % served.volunteer_id)}, 2),
        ({"party": "nobody"}, 0),
    ):
        said = await asked(served, query, served.loop.coordinator, where=where)
        assert said["data"]["services"]["totalCount"] == count, where
    for viewer, count in ((served.volunteer, 2), (served.loop.provider, 1), (served.loop.community, 3), (PUBLIC, 0)):
        assert (await asked(served, query, viewer))["data"]["services"]["totalCount"] == count
    below = "{ referrals { edges { node { services { totalCount } provider { ... on Volunteer { hours } } } } } }"
    said = await asked(served, below, served.loop.coordinator)
    nodes = [edge["node"] for edge in said["data"]["referrals"]["edges"]]
    assert sorted((one["services"]["totalCount"], one["provider"].get("hours")) for one in nodes) == [
        (1, None),
        (2, "0.00"),
    ]


@pytest.mark.parametrize("amount", [300.5, "3e2", "NaN", "Infinity", "", " 1", "1.", ".5", "٣", "9" * 32, True, [1]])
async def test_an_amount_that_is_not_exact_never_gets_in(served: Served, amount: object) -> None:
    before = await served.everything()
    said = await asked(
        served,
        "mutation($given: ServiceRecordInput!) { serviceRecord(input: $given) { __typename } }",
        served.loop.coordinator,
        given={
            "referralId": global_id(b"Referral:%d" % served.goods),
            "kind": "MONEY_PAID",
            "servedOn": "2026-11-15",
            "persons": 1,
            "amount": amount,
        },
    )
    assert [error["extensions"]["code"] for error in said["errors"]] == ["BAD_VARIABLES"]
    assert await served.everything() == before


async def test_a_float_written_into_the_document_is_refused_like_one_in_a_variable(served: Served) -> None:
    id = global_id(b"Referral:%d" % served.goods)
    act = (
        'mutation {{ serviceRecord(input: {{referralId: "{id}", kind: MONEY_PAID, servedOn: "2026-11-15", persons: 1, '
        "amount: {amount}}}) {{ __typename ... on ServiceRecorded {{ service {{ amount }} }} }} }}"
    )
    said = await asked(served, act.format(id=id, amount="300.5"), served.loop.coordinator)
    assert said["errors"][0]["extensions"]["code"] == "VALIDATION_FAILED"
    for amount, shown in (('"300.5"', "300.50"), ("300", "300.00")):
        said = await asked(served, act.format(id=id, amount=amount), served.loop.coordinator)
        assert said["data"]["serviceRecord"] == {"__typename": "ServiceRecorded", "service": {"amount": shown}}
