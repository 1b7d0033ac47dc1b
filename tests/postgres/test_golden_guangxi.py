"""Guangxi's stations as published: the build-out, the parts of four departments, the money, the 2% to the fen."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from golden import Golden, golden, number, table
from lists import desk_url, words_url  # noqa: F401

REGION, DISTRICT = "45", "450203"


@pytest.fixture
async def world(desk_url: str) -> AsyncIterator[Golden]:  # noqa: F811
    async with golden(desk_url) as one:
        await one.take("guangxi_parties.csv", REGION)
        await one.take("guangxi.csv", REGION)
        yield one


async def with_money(world: Golden) -> dict[str, Any]:
    """Sets the budget line and opens the pool of the file; what was answered, by what it is."""
    rows = {one["what"]: one for one in table("guangxi_money.csv")}
    line, pool, share = rows["BUDGET_LINE"], rows["POOL"], rows["SHARE"]
    (giver,) = await world.rows("parties", "id", f'area: "{DISTRICT}", search: "{share["contributor"]}"')
    given = {"area": line["area"], "name": line["name"], "year": int(line["year"]), "amount": line["amount"]}
    set_ = await world.do(
        "budgetLineSet",
        given | {"fundSource": line["fund_source"], "on": "2021-06-30"},
        "... on BudgetLineSet { budgetLine { id } }",
    )
    part = {"contributorId": giver["id"], "fundSource": share["fund_source"], "amount": share["amount"]}
    opened = await world.do(
        "poolOpen",
        {
            "area": pool["area"],
            "name": pool["name"],
            "fromOn": pool["from"],
            "untilOn": pool["until"],
            "shares": [part | {"givenOn": "2021-06-30"}],
        },
        "... on PoolOpened { fundPool { id } }",
    )
    return {"line": set_["budgetLine"]["id"], "pool": opened["fundPool"]["id"]}


async def test_375_stations_and_the_pilot_of_21_counties_and_110_townships(world: Golden) -> None:
    stations = (await world.report(REGION, "2021", "STATIONS"))["STATIONS"]
    assert stations[1] == {"STATION": 375}
    assert await world.public("projects", f'area: "{REGION}", search: "试点县"') == 21
    said = await world.ask(f'{{ buildout(area: "{REGION}", asOf: "2021-12-31") {{ total {{ planned }} }} }}')
    assert said["buildout"]["total"]["planned"] == 110


async def test_all_14_cities_have_a_team_of_supervisors(world: Golden) -> None:
    asked = f'supervisionTeamCoverage(area: "{REGION}", level: PREFECTURE, on: "2021-12-31")'
    said = (await world.ask(f"{{ {asked} {{ areas withTeam without {{ code }} }} }}"))["supervisionTeamCoverage"]
    assert said == {"areas": 14, "withTeam": 14, "without": []}
    (team, *_) = await world.rows("supervisionTeams", "id", 'area: "4507"')
    await world.do("supervisionTeamSave", {"id": team["id"], "established": False})
    said = (await world.ask(f"{{ {asked} {{ withTeam without {{ code }} }} }}"))["supervisionTeamCoverage"]
    assert said == {"withTeam": 13, "without": [{"code": "4507"}]}


async def test_one_leads_one_answers_two_cooperate_and_four_buy_together(world: Golden) -> None:
    rows = await world.rows("projectRoles", "role project { area { code } }", f'area: "{REGION}"')
    roles = Counter((one["project"]["area"]["code"], one["role"]) for one in rows)
    assert roles == {
        (REGION, "LEAD"): 1,
        (REGION, "RESPONSIBLE"): 1,
        (REGION, "COOPERATOR"): 2,
        (REGION, "OPERATOR"): 1,
        (DISTRICT, "PURCHASER"): 4,
    }


async def test_the_inclusion_rate_is_100_percent_until_an_operator_lies_outside(world: Golden) -> None:
    asked = f'{{ partyBuilding(area: "{REGION}", on: "2021-12-31") {{ of included percent }} }}'
    said = (await world.ask(asked))["partyBuilding"]
    assert (said["of"], said["included"], number(said["percent"])) == (1, 1, 100)
    (project,) = await world.rows("projects", "id", f'area: "{DISTRICT}"')
    other = await world.do(
        "organizationRegister", {"name": "另一家机构", "area": DISTRICT},
        "... on OrganizationRegistered { organization { id } }",
    )  # fmt: skip
    role = {"projectId": project["id"], "partyId": other["organization"]["id"], "role": "OPERATOR"}
    assert (await world.do("projectRoleSave", role))["__typename"] == "ProjectRoleSaved"
    said = (await world.ask(asked))["partyBuilding"]
    assert (said["of"], said["included"], number(said["percent"])) == (2, 1, 50)


async def test_59_million_of_the_lottery_and_a_pool_of_4_5_million_over_three_years(world: Golden) -> None:
    made = await with_money(world)
    said = await world.ask(
        f'{{ fundBalances(area: "{REGION}", asOf: "2022-12-31") {{ difference funds {{ received left'
        " pool { id fromOn untilOn shares { edges { node { amount } } } }"
        " budgetLine { id year fundSource { code } } } } }"
    )
    found = said["fundBalances"]
    assert number(found["difference"]) == 0
    (line,) = (one for one in found["funds"] if one["budgetLine"] and one["budgetLine"]["id"] == made["line"])
    assert (number(line["received"]), line["budgetLine"]["year"]) == (59_000_000, 2021)
    assert line["budgetLine"]["fundSource"] == {"code": "WELFARE_LOTTERY"}
    (pool,) = (one for one in found["funds"] if one["pool"] and one["pool"]["id"] == made["pool"])
    assert number(pool["received"]) == 4_500_000
    assert sum(number(edge["node"]["amount"]) or 0 for edge in pool["pool"]["shares"]["edges"]) == 4_500_000
    assert (pool["pool"]["fromOn"], pool["pool"]["untilOn"]) == ("2021-01-01", "2023-12-31")


async def test_two_percent_are_left_to_the_fen_and_one_fen_over_is_refused(world: Golden) -> None:
    """The base is an example: the source names the share, not what it is a share of."""
    base = {"area": DISTRICT, "base": "SOCIAL_ASSISTANCE_SPECIAL_FUNDS", "year": 2021, "amount": "87654321.50"}
    assert (await world.do("baseAmountSave", base))["__typename"] == "BaseAmountSaved"
    line = await world.do(
        "budgetLineSet",
        {
            "area": DISTRICT,
            "name": "困难群众救助补助资金",
            "year": 2021,
            "fundSource": "HARDSHIP_SUBSIDY",
            "amount": "9000000.00",
            "on": "2021-01-04",
        },
        "... on BudgetLineSet { budgetLine { id } }",
    )
    (project,) = await world.rows("projects", "id", f'area: "{DISTRICT}"')
    given = {"fromId": line["budgetLine"]["id"], "forId": project["id"], "on": "2021-11-01"}
    asked = f'{{ headroom(area: "{DISTRICT}", on: "2021-11-01") {{ rule {{ code }} limit left committed }} }}'
    (room,) = (await world.ask(asked))["headroom"]
    # 2% of 87,654,321.50 is 1,753,086.43 exactly.
    assert (room["rule"]["code"], room["limit"], room["left"]) == ("SPECIAL_FUNDS_SHARE", "1753086.43", "1753086.43")
    over = await world.do("fundCommit", given | {"amount": "1753086.44"})
    assert over["__typename"] == "Conflict"
    assert (await world.ask(asked))["headroom"] == [room]
    assert await world.total("commitments", f'area: "{DISTRICT}"') == 0
    within = await world.do("fundCommit", given | {"amount": "1753086.43"})
    assert within["__typename"] == "FundCommitted"
    (room,) = (await world.ask(asked))["headroom"]
    assert (room["left"], room["committed"]) == ("0.00", "1753086.43")
    assert (await world.do("fundCommit", given | {"amount": "0.01"}))["__typename"] == "Conflict"
