"""The demo county's books: its stations as published, the file of 小娜 with her needs, a pool of money, a report.

The stations, posts and programmes are those of the report on 梁山县 (`data/golden/liangshan.csv`). The file, the pool
and what was paid are invented, without anybody's name, number or address: docs/demo.md says so. Everything is done
through the contract, as a station would.
"""

from __future__ import annotations

from datetime import date, timedelta
from importlib import resources
from pathlib import Path
from typing import Any, cast

from fivelink.demo.county import COUNTY
from fivelink.printing import asked
from resolvers import imports
from resolvers.context import Context

#: Where the story is retold, as `fivelink.demo.county` has it.
_STORY = """query ($area: String!) {
  needs(where: { area: $area, search: "小娜" }, first: 20) { edges { node { id community { area { code } } } } }
  workers: parties(where: { area: $area, society: [SOCIAL_WORKER] }, first: 1) { edges { node { id } } }
  funds: parties(where: { area: $area, society: [CHARITABLE_RESOURCE] }, first: 100) {
    edges { node { id __typename } } }
  households(where: { area: $area }, first: 100) { edges { node { code } } } }"""
_HOUSEHOLD = "示例户-001"
#: Days ago and the code of each step of casework that was taken so far.
_STEPS = ((20, "INTAKE"), (17, "ASSESS"), (14, "PLAN"))
#: What the invented pool gives to the county's key project, in yuan.
_POOL, _COMMITTED, _PAID = "300000.00", "120000.00", "36500.50"


async def file(context: Context) -> None:
    """Brings the books in where they are not there yet: some 150 rows of a sheet and 25 acts."""
    path = cast(Path, resources.files("data") / "golden" / "liangshan.csv")
    await imports.run(context, path, area=COUNTY)
    known = await asked(context, _STORY, {"area": COUNTY})
    needs = [edge["node"] for edge in known["needs"]["edges"]]
    if not needs or any(edge["node"]["code"] == _HOUSEHOLD for edge in known["households"]["edges"]):
        return
    worker = next((edge["node"]["id"] for edge in known["workers"]["edges"]), None)
    await _story(context, needs, worker)
    funds = [edge["node"]["id"] for edge in known["funds"]["edges"] if edge["node"]["__typename"] == "Fund"]
    if funds:
        await _money(context, funds[0])
    last = date(context.today.year, context.today.month, 1) - timedelta(days=1)
    await _do(context, "reportSubmit", {"area": COUNTY, "cadence": "MONTH", "on": f"{last}"}, "ReportSubmitted")


async def _story(context: Context, needs: list[dict[str, Any]], worker: str | None) -> None:
    """One household, one client, one case with all its needs, met by different parties."""
    village = needs[0]["community"]["area"]["code"]

    def ago(days: int) -> str:
        return f"{context.today - timedelta(days=days)}"

    household = await _do(
        context,
        "householdSave",
        {
            "area": village,
            "code": _HOUSEHOLD,
            "persons": 4,
            "groups": ["TEMPORARY_ASSISTANCE"],
            "situation": "小娜(化名)家:母亲和弟弟患病,父亲务农,孩子休学在家照顾家人。",
            "openedOn": ago(21),
        },
        "HouseholdSaved",
        "household",
    )
    guardian = {"purpose": "STORE", "givenBy": "GUARDIAN", "givenOn": ago(21), "evidence": "入户时监护人书面同意(示例)"}
    client = await _do(
        context,
        "clientOpen",
        {
            "area": village,
            "code": "示例档案-001",
            "householdId": household,
            "groups": ["CHILD_IN_DIFFICULTY"],
            "workerId": worker,
            "openedOn": ago(21),
            "identity": {"name": "小娜(化名)", "bornOn": f"{context.today.year - 13}-09-01"},
            "consent": guardian,
        },
        "ClientOpened",
        "client",
    )
    levels = {"material": "SEVERE", "mental": "SOME", "psychological": "SOME", "grade": "RED"}
    await _do(
        context,
        "assessmentSave",
        {"clientId": client, "assessedOn": ago(17), "findings": "经济困难,学业中断,情绪低落。", **levels},
        "AssessmentSaved",
    )
    case = await _do(
        context,
        "caseFileSave",
        {
            "area": village,
            "code": "示例个案-001",
            "title": "小娜(化名)重返校园",
            "method": "CASEWORK",
            "clientId": client,
            "householdId": household,
            "workerId": worker,
            "openedOn": ago(20),
        },
        "CaseFileSaved",
        "caseFile",
    )
    for days, step in _STEPS:
        await _do(context, "caseStepSave", {"caseFileId": case, "step": step, "doneOn": ago(days)}, "CaseStepSaved")
    for need in needs:
        await _do(context, "caseNeedSave", {"caseFileId": case, "needId": need["id"]}, "CaseNeedSaved")
    goals = {
        "goals": "返校并稳定就学;弟弟得到治疗;母亲有人照料。",
        "services": "家访劝导、医疗费用链接、课业辅导、心理疏导。",
    }
    await _do(
        context,
        "carePlanSave",
        {"clientId": client, "targetGrade": "GREEN", "fromOn": ago(14), **goals},
        "CarePlanSaved",
    )
    await _do(
        context,
        "visitPlanSave",
        {"area": village, "clientId": client, "everyDays": 7, "fromOn": ago(21)},
        "VisitPlanSaved",
    )
    for days in (21, 17, 10):
        visit = {"area": village, "kind": "HOME", "visitedOn": ago(days), "clientId": client, "caseFileId": case}
        await _do(context, "visitSave", visit | {"persons": 1, "personTimes": 1, "workerId": worker}, "VisitSaved")


async def _money(context: Context, fund: str) -> None:
    """A pool of one fund for the year, of which some is promised to the village's key project and some is paid."""
    year = context.today.year
    share = {"contributorId": fund, "fundSource": "CHARITY", "amount": _POOL, "givenOn": f"{year}-01-05"}
    pool = await _do(
        context,
        "poolOpen",
        {
            "area": COUNTY,
            "name": f"{year}年困境儿童关爱资金池(示例)",
            "fromOn": f"{year}-01-01",
            "untilOn": f"{year}-12-31",
            "shares": [share],
        },
        "PoolOpened",
        "fundPool",
    )
    project = await _do(
        context,
        "projectSave",
        {"area": COUNTY, "name": "困境儿童返校项目(示例)"},
        "ProjectSaved",
        "project",
    )
    promised = await _do(
        context, "fundCommit", {"fromId": pool, "forId": project, "amount": _COMMITTED}, "FundCommitted", "commitment"
    )
    await _do(
        context,
        "fundPay",
        {"commitmentId": promised, "amount": _PAID, "paysFor": "SERVICE", "voucher": "DEMO-1"},
        "FundPaid",
    )


async def _do(context: Context, act: str, given: dict[str, Any], done: str, field: str = "") -> str:
    """Sends one act; the id of the `field` of what was done. Raises RuntimeError with the words of a refusal."""
    from schema.contract import CONTRACT

    mutation: Any = CONTRACT._schema.mutation_type
    type_ = mutation.fields[act].args["input"].type
    selection = f"... on {done} {{ {field} {{ id }} }}" if field else ""
    problem = "... on Problem { code message } ... on InvalidInput { fields { path code message } }"
    query = f"mutation($given: {type_}) {{ act: {act}(input: $given) {{ __typename {selection} {problem} }} }}"
    given = {name: value for name, value in given.items() if value is not None}
    said = (await asked(context, query, {"given": given}))["act"]
    if said["__typename"] != done:
        raise RuntimeError(f"{act}: {said}")
    return str(said[field]["id"]) if field else ""
