"""The books and the room under rules as a client asks for them: exact text, balances of a day, pages, who may."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import orjson
import pytest
from fund_stage import COUNTY, TOWN, Money, with_money, yuan
from small_county import NOON, OTHER_COUNTY

from db.cursors import global_id
from db.fund_rules import COLUMN_CODES
from db.viewer import LOCAL, PUBLIC, Viewer
from exchange.rules import read_rules
from exchange.vocabulary import read_areas, read_terms
from resolvers import funds, records, rules_loading
from resolvers.vocabulary import load
from schema.execution.executor import Executor


@pytest.fixture
async def money(database_url: str) -> AsyncIterator[Money]:
    async with with_money(database_url) as one:
        yield one


async def ask(money: Money, document: str, viewer: Viewer = LOCAL, **variables: Any) -> Any:
    """The whole answer, errors and all."""
    executor = Executor(money.context.database, clock=lambda: NOON)
    return orjson.loads((await executor.run(document, None, variables, viewer=viewer)).body)


BALANCES = """query($on: Date) { fundBalances(area: "370832", asOf: $on) {
    area { code } asOf difference
    funds { pool { name shares { edges { node { amount contributor { name } } } } } budgetLine { name }
        donation { id } received reserved spent left }
    accounts { kind came gone balance } } }"""


async def test_balances_of_a_day_are_those_of_its_postings_in_exact_text(money: Money) -> None:
    pool = await money.pool(("WELFARE_LOTTERY", "4500000.10"), ("HARDSHIP_SUBSIDY", "0.20"))
    commitment = await money.commit(
        ("fund_pool", pool), "100000.07", fund_source="WELFARE_LOTTERY", on=date(2026, 3, 1)
    )
    await money.pay(commitment, "33333.33", paid_on=date(2026, 6, 1))
    (held,) = (await ask(money, BALANCES))["data"]["fundBalances"]["funds"]
    assert held["pool"]["name"] == "整合资金"
    shares = [edge["node"] for edge in held["pool"]["shares"]["edges"]]
    assert sorted(one["amount"] for one in shares) == ["0.20", "4500000.10"]
    figures = {name: held[name] for name in ("received", "reserved", "spent", "left")}
    # Neither 0.1 + 0.2 nor anything else was ever a binary fraction.
    assert figures == {"received": "4500000.30", "reserved": "66666.74", "spent": "33333.33", "left": "4400000.23"}
    may = (await ask(money, BALANCES, on="2026-05-31"))["data"]["fundBalances"]
    assert {name: may["funds"][0][name] for name in figures} == figures | {"reserved": "100000.07", "spent": "0.00"}
    assert may["difference"] == "0.00"
    accounts = {one["kind"]: one["balance"] for one in may["accounts"]}
    assert accounts == {"CONTRIBUTOR": "-4500000.30", "POOL": "4400000.23", "COMMITMENT": "100000.07"}
    assert (await ask(money, BALANCES, on="2025-12-31"))["data"]["fundBalances"]["funds"] == []


STATEMENT = """query($of: ID!, $after: String, $first: Int! = 2) {
    fundStatement(of: $of, first: $first, after: $after) { hasNext entries {
        number kind day amount balance cursor lines { kind amount }
        commitment { amount } payment { amount } budgetLine { name } } } }"""


async def test_a_statement_is_paged_and_drills_down_to_the_record(money: Money) -> None:
    line = await money.line("500.00")
    commitment = await money.commit(("budget_line", line), "200.00", on=date(2026, 2, 1))
    await money.commit(("budget_line", line), "100.00", on=date(2026, 1, 20))
    await funds.set_line(money.context, id=line, amount=yuan("450.00"), on=date(2026, 3, 1))
    of = global_id(f"BudgetLine:{line}".encode())
    first = (await ask(money, STATEMENT, of=of))["data"]["fundStatement"]
    assert first["hasNext"]
    told = [(one["kind"], one["day"], one["amount"], one["balance"]) for one in first["entries"]]
    assert told == [
        ("BUDGET", "2026-01-06", "500.00", "500.00"),
        ("COMMITMENT", "2026-01-20", "-100.00", "400.00"),
    ]
    assert first["entries"][0]["lines"] == [
        {"kind": "BUDGET", "amount": "-500.00"},
        {"kind": "LINE", "amount": "500.00"},
    ]
    assert first["entries"][0]["budgetLine"] == {"name": "购买服务"}
    assert first["entries"][1]["commitment"] == {"amount": "100.00"}
    rest = (await ask(money, STATEMENT, of=of, after=first["entries"][1]["cursor"]))["data"]["fundStatement"]
    assert [(one["amount"], one["balance"]) for one in rest["entries"]] == [
        ("-200.00", "200.00"),
        ("-50.00", "150.00"),
    ]
    assert not rest["hasNext"]
    await money.pay(commitment, "5.00")
    of = global_id(f"Commitment:{commitment}".encode())
    both = (await ask(money, STATEMENT, of=of))["data"]["fundStatement"]["entries"]
    assert [one["amount"] for one in both] == ["200.00", "-5.00"]


HEADROOM = """{ headroom(area: "370832101") { rule { code citationZh } area { code } year base baseYear limit
    committed carried promised used paid left } }"""
CHECK = """query($amount: Decimal!) { ruleCheck(input: {area: "370832",
    subject: FUND_SPENDING, fundSource: "HARDSHIP_SUBSIDY", facts: [{measure: AMOUNT, value: $amount}]}) {
    allowed breaches { rule { code } code severity limit used room text en: text(lang: EN) } } }"""


async def test_the_room_is_told_with_the_numbers_it_comes_from(money: Money) -> None:
    await money.rule()
    await money.base("1234567.89")
    line = await money.line("90000.00")
    await money.commit(("budget_line", line), "0.01")
    assert (await ask(money, HEADROOM))["data"]["headroom"] == [
        {
            "rule": {"code": "SHARE", "citationZh": "某办法第三条"},
            "area": {"code": COUNTY},
            "year": 2026,
            "base": "1234567.89",
            "baseYear": 2026,
            "limit": "24691.35",
            "committed": "0.01",
            "carried": "0.00",
            "promised": "0.00",
            "used": "0.01",
            "paid": "0.00",
            "left": "24691.34",
        }
    ]
    document = CHECK
    assert (await ask(money, document, amount="24691.34"))["data"]["ruleCheck"] == {"allowed": True, "breaches": []}
    said = (await ask(money, document, amount="24691.35"))["data"]["ruleCheck"]
    assert not said["allowed"]
    assert (said["breaches"][0]["severity"], said["breaches"][0]["room"]) == ("HARD", "24691.34")
    assert "某办法第三条" in said["breaches"][0]["text"]
    assert "art. 3" in said["breaches"][0]["en"]


async def test_the_books_are_for_the_staff_of_the_area(money: Money) -> None:
    line = await money.line("500.00")
    of = global_id(f"BudgetLine:{line}".encode())
    partner = Viewer("PARTNER", 9, party_id=money.firm)
    elsewhere = await money.county.coordinator(OTHER_COUNTY)
    for viewer in (PUBLIC, partner, elsewhere):
        for document in (BALANCES, HEADROOM):
            assert (await ask(money, document, viewer)).get("errors"), viewer
        assert (await ask(money, STATEMENT, viewer, of=of)).get("errors"), viewer
    reader = Viewer("READER", 8, await money.county.area_id(COUNTY), True)
    assert (await ask(money, BALANCES, reader))["data"]["fundBalances"]["difference"] == "0.00"


async def test_money_from_above_flows_once_the_evaluation_is_passed(money: Money) -> None:
    await money.rule(
        code="SUBSIDY", subject="SUBSIDY", measure="EVALUATION_PASSED", bound="AT_LEAST", threshold=yuan("1"),
        base=None, years_back=None, scope="EACH", fund_sources=[],
    )  # fmt: skip
    name = "山东省济宁市梁山县拳铺镇社会工作站"
    station = (
        await records.save(money.context, "station", {"area": TOWN, "name": name, "tier": "STATION"}, id=None)
    ).id
    city = await money.line("100.00", area="3708", name="市级补助")
    async with money.county.engine.begin() as conn:
        await conn.exec_driver_sql(
            "WITH s AS (INSERT INTO evaluation_standard (code, version, title, full_score, levels, leaves, citation,"
            " digest, area_id, withdrawn_at) SELECT 'S', 1, '标准', 100, 1, 1, '办法', 'x', area_id, NULL FROM station"
            " RETURNING id, area_id), g AS (INSERT INTO evaluation_grade (standard_id, name, least, passes, area_id,"
            " withdrawn_at) SELECT id, '合格', 60, true, area_id, NULL FROM s RETURNING id, standard_id, area_id)"
            " INSERT INTO evaluation (station_id, standard_id, year, kind, evaluator_name, done_on, status, score,"
            " grade_id, submitted_on, area_id, withdrawn_at) SELECT $1, standard_id, 2026, 'THIRD_PARTY', '评估中心',"
            " '2026-10-01', 'SUBMITTED', 80, id, '2026-10-01', area_id, NULL FROM g",
            (station,),
        )
    await money.commit(("budget_line", city), "1.00", target=("station", station))


async def test_shipped_rules_are_loaded_once_and_leave_alone_what_somebody_changed(money: Money) -> None:
    areas, terms = read_areas().records, read_terms().records
    await load(money.context, areas=areas, terms=terms)
    given = read_rules(
        None, {one.code for one in areas}, COLUMN_CODES, {(one.scheme, one.code) for one in terms}
    ).records
    assert await rules_loading.load(money.context, given) == len(given)
    assert await rules_loading.load(money.context, given) == 0
    id = (await money.county.one("SELECT id FROM fund_rule WHERE code = 'ASSISTANT_STIPEND'"))[0]
    keyed = money.county.by(Viewer("ADMIN", 7))
    await records.save(keyed, "fund_rule", {"threshold": yuan("150")}, id=id)
    assert await rules_loading.load(money.context, given) == 0
    assert (await money.county.one("SELECT threshold FROM fund_rule WHERE id = :id", id=id))[0] == yuan("150")
