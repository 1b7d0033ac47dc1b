"""Reports as people get them: over HTTP as a page and a workbook, and in the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Any

import httpx
import orjson
import pytest
from openpyxl import load_workbook
from report_world import Reported, reporting
from small_county import COUNTY, FAR_VILLAGE, OTHER_TOWN, TOWN, VILLAGE

from db.viewer import LOCAL, PUBLIC, Viewer
from fivelink.app import build
from fivelink.settings import Settings
from resolvers import keys
from schema.execution.executor import Executor

#: The clock of what is served is real: a period that is over for good.
MAY = date(2025, 5, 20)
ADDRESS = f"/reports/{COUNTY}/MONTH/2025-05"


@dataclass
class Site:
    world: Reported
    client: httpx.AsyncClient
    executor: Executor
    key: str

    async def ask(self, query: str, viewer: Viewer = LOCAL) -> Any:
        return orjson.loads((await self.executor.run(query, None, None, viewer=viewer)).body)

    async def get(self, path: str = ADDRESS, *, signed: bool = False) -> httpx.Response:
        return await self.client.get(path, headers={"authorization": f"Bearer {self.key}"} if signed else {})


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[Site]:
    async with reporting(database_url) as world:
        await world.serve(VILLAGE, MAY, persons=3, person_times=30)
        await world.serve(FAR_VILLAGE, MAY, persons=40, person_times=41)
        await world.put("visit", VILLAGE, visited_on=MAY, persons=2, person_times=2, kind="HOME")
        key = await keys.create(world.context(), role="COORDINATOR", area=COUNTY)
        app = build(Settings(database_url=database_url))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://fivelink.test") as client:
            yield Site(world, client, Executor(world.county.context.database), str(getattr(key, "key", key)))
        await app.close()


async def test_a_page_is_printed_without_script_or_anything_from_elsewhere(site: Site) -> None:
    answer = await site.get()
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for seen in ("梁山县", "月报告", "Monthly report", "2025年5月", "填报单位", "拳铺镇", "杨营镇", "合计", "服务人数"):
        assert seen in answer.text, seen
    for hidden in ("<script", "style=", "http://", "https://"):
        assert hidden not in answer.text, hidden
    style = await site.client.get("/static/report.css")
    assert (style.status_code, style.headers["content-type"].split(";")[0]) == (200, "text/css")


async def test_small_counts_are_told_to_whom_signs_in_for_the_area_only(site: Site) -> None:
    public, own = (await site.get()).text, (await site.get(signed=True)).text
    assert "&lt;5" in public
    assert "≥42" in public
    assert "&lt;5" not in own
    assert "<td>45</td>" in own


async def test_a_workbook_has_the_form_that_counties_use(site: Site) -> None:
    answer = await site.get(f"{ADDRESS}.xlsx", signed=True)
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment")
    book = load_workbook(BytesIO(answer.content))
    sheet = book["服务成效"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0][0] == "山东省济宁市梁山县社会工作服务月报告(2025年5月)"
    assert "填报单位" in rows[2][0]
    assert any("统计期间" in str(cell) for cell in rows[2])
    assert any("填表人" in str(cell) for cell in rows[2])
    heads = [str(cell).split("\n")[0] for cell in rows[3]]
    column = heads.index("服务人数")
    areas = {str(row[0]): row[column] for row in rows[4:] if row[0]}
    assert (areas["拳铺镇"], areas["杨营镇"], areas["合计 Total"]) == (5, 40, 45)
    public = load_workbook(BytesIO((await site.get(f"{ADDRESS}.xlsx")).content))["服务成效"]
    told = {str(row[0].value): row[column].value for row in public.iter_rows(min_row=5) if row[0].value}
    assert (told["拳铺镇"], told["杨营镇"], told["合计 Total"]) == ("≥2", 40, "≥42")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"/reports/{COUNTY}/MONTH/2999-01", 400, "FUTURE_PERIOD"),
        (f"/reports/{COUNTY}/MONTH/2999-01.xlsx", 400, "FUTURE_PERIOD"),
        (f"/reports/{COUNTY}/MONTH/yesterday", 400, "PERIOD_FORMAT"),
        (f"/reports/{COUNTY}/HOURLY/2025", 400, "UNKNOWN_CADENCE"),
        ("/reports/999999/MONTH/2025-05", 400, "UNKNOWN_AREA"),
        (f"{ADDRESS}?measures=LUCK", 400, "UNKNOWN_MEASURE"),
    ],
)
async def test_what_cannot_be_asked_is_said_in_both_languages(site: Site, path: str, status: int, code: str) -> None:
    answer = await site.get(path)
    assert answer.status_code == status
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == code
    assert error["message"]
    assert error["extensions"]["text_zh"]


async def test_the_contract_tells_figures_and_the_records_behind_them(site: Site) -> None:
    asked = f"""{{ report(area: "{COUNTY}", cadence: MONTH, period: "2025-05", measures: ["PERSONS"]) {{
        provisional exact period {{ code name fromOn untilOn }} measures {{ code name(lang: EN) unit }}
        rows {{ area {{ code }} own figures {{ shown }} }}
        total {{ figures {{ value hidden shown former difference parts {{ code name value }} }} }}
        submitted {{ report {{ id }} }} }}
        reportRows(area: "{TOWN}", cadence: MONTH, period: "2025-05", measure: "PERSONS") {{
            count value hasNextPage rows {{ id value on area {{ code }} }} }} }}"""
    said = await site.ask(asked)
    assert "errors" not in said, said
    report, behind = said["data"]["report"], said["data"]["reportRows"]
    (figure,) = report["total"]["figures"]
    assert (figure["value"], figure["hidden"], figure["former"], figure["difference"]) == ("45", None, "0", "45")
    assert {part["code"]: part["value"] for part in figure["parts"]} == {"SERVICE": "43", "VISIT": "2"}
    assert [(row["area"]["code"], row["figures"][0]["shown"]) for row in report["rows"]] == [
        (TOWN, "5"),
        (OTHER_TOWN, "40"),
    ]
    assert (report["exact"], report["provisional"], report["submitted"]) == (True, False, None)
    assert (behind["count"], behind["value"], behind["hasNextPage"]) == (2, "5", False)
    nodes = await site.ask(
        f"{{ nodes(ids: {orjson.dumps([row['id'] for row in behind['rows']]).decode()}) {{ __typename id }} }}"
    )
    assert [node["__typename"] for node in nodes["data"]["nodes"]] == ["ServiceRecord", "Visit"]
    public = await site.ask(asked, PUBLIC)
    assert public["data"]["reportRows"]["count"] == 0
    (told,) = public["data"]["report"]["total"]["figures"]
    assert (told["value"], told["hidden"], told["shown"], told["difference"]) == ("42", "PARTLY", "≥42", None)


async def test_the_contract_submits_tells_what_differs_and_what_is_overdue(site: Site) -> None:
    said = await site.ask(
        f"""mutation {{ reportSubmit(input: {{area: "{COUNTY}", cadence: MONTH, period: "2025-05"}}) {{
            __typename ... on ReportSubmitted {{ report {{ id digest }} }} }} }}"""
    )
    assert said["data"]["reportSubmit"]["__typename"] == "ReportSubmitted", said
    id = said["data"]["reportSubmit"]["report"]["id"]
    await site.world.serve(FAR_VILLAGE, MAY, persons=2, person_times=2)
    asked = f"""{{ report(area: "{COUNTY}", cadence: MONTH, period: "2025-05", measures: ["PERSONS"]) {{
        submitted {{ report {{ id period }} differences {{ area measure partCode submitted now }} }} }}
        reports {{ totalCount edges {{ node {{ id }} }} }}
        reportsOverdue(area: "{COUNTY}", cadences: [MONTH]) {{
            area {{ code }} period {{ code name(lang: EN) }} dueOn daysLate }} }}"""
    data = (await site.ask(asked))["data"]
    submitted = data["report"]["submitted"]
    assert submitted["report"] == {"id": id, "period": "2025-05"}
    assert {(one["area"], one["partCode"]): (one["submitted"], one["now"]) for one in submitted["differences"]} == {
        (COUNTY, None): ("45", "47"),
        (COUNTY, "SERVICE"): ("43", "45"),
        (OTHER_TOWN, None): ("40", "42"),
        (OTHER_TOWN, "SERVICE"): ("40", "42"),
    }
    assert data["reports"] == {"totalCount": 1, "edges": [{"node": {"id": id}}]}
    assert len(data["reportsOverdue"]) in (5, 6)
    assert all(one["daysLate"] > 0 and one["area"]["code"] == COUNTY for one in data["reportsOverdue"])
    outside = await site.ask(asked, PUBLIC)
    assert outside["data"] is None or outside["data"]["reports"]["totalCount"] == 0
    assert {error["extensions"]["code"] for error in outside["errors"]} == {"NOT_ALLOWED"}
