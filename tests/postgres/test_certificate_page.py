"""GET /certificates/NUMBER: what anybody reads of a certificate, as a page and as JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from recorded import FIRST, Served, serving, volunteer_of
from small_county import TODAY

from fivelink.app import build
from fivelink.settings import Settings
from resolvers import certificates
from resolvers.certificates import new_number

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@dataclass
class Shown:
    served: Served
    client: httpx.AsyncClient
    id: int
    number: str


async def issued(served: Served, volunteer_id: int) -> tuple[int, str]:
    done = await certificates.issue(
        served.context(), volunteer_id=volunteer_id, from_on=FIRST, until_on=TODAY, idempotency_key=None
    )
    row = await served.county.one("SELECT number FROM certificate WHERE id = :id", id=done.id)
    return done.id, str(row.number)


@pytest.fixture
async def shown(database_url: str) -> AsyncIterator[Shown]:
    async with serving(database_url) as served:
        await served.serve(100)
        app = build(Settings(database_url=database_url))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://fivelink.test") as client:
            yield Shown(served, client, *await issued(served, served.volunteer_id))
        await app.close()


async def test_a_browser_is_shown_a_page_without_script_or_name(shown: Shown) -> None:
    answer = await shown.client.get(f"/certificates/{shown.number.lower()}", headers=BROWSER)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert (answer.headers["cache-control"], answer.headers["x-robots-tag"]) == ("no-store", "noindex")
    for seen in (shown.number, "王*", "1.67", "有效", "valid", "甲村社区", "2026-11-01", "2026-11-22"):
        assert seen in answer.text, seen
    for hidden in ("小明", "<script", "style=", "http://", "https://"):
        assert hidden not in answer.text, hidden
    style = await shown.client.get("/static/certificate.css")
    assert (style.status_code, style.headers["content-type"].split(";")[0]) == (200, "text/css")


async def test_a_program_is_told_the_same_as_json(shown: Shown) -> None:
    for accept in ("application/json", "*/*"):
        answer = await shown.client.get(f"/certificates/{shown.number}", headers={"accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json; charset=utf-8")
        told = answer.json()
        assert (told["finding"], told["certificate"]["name"], told["certificate"]["hours"]) == ("FOUND", "王*", "1.67")
        assert (told["certificate"]["fromOn"], told["certificate"]["status"]) == ("2026-11-01", "VALID")
    assert (await shown.client.get(f"/certificates/{shown.number}", headers={"accept": "image/png"})).status_code == 406


async def test_the_page_says_what_became_of_a_certificate(shown: Shown) -> None:
    await certificates.revoke(shown.served.context(), shown.id, reason="姓名有误")
    answer = await shown.client.get(f"/certificates/{shown.number}", headers=BROWSER)
    assert answer.status_code == 200
    assert "已撤销" in answer.text
    assert "revoked" in answer.text
    assert "姓名有误" not in answer.text


async def test_mistyped_and_unknown_numbers_are_told_apart(shown: Shown) -> None:
    unknown = new_number()
    for number, finding, zh in (
        (unknown, "UNKNOWN", "从未出具"),
        (("0" if unknown[0] != "0" else "1") + unknown[1:], "MISTYPED", "编号有误"),
        ("%3Cscript%3E", "MISTYPED", "编号有误"),
        ("%00%FF", "MISTYPED", "编号有误"),
    ):
        answer = await shown.client.get(f"/certificates/{number}", headers=BROWSER)
        assert answer.status_code == 404
        assert zh in answer.text
        assert "<script" not in answer.text
        said = await shown.client.get(f"/certificates/{number}", headers={"accept": "application/json"})
        assert (said.status_code, said.json()["finding"], said.json()["certificate"]) == (404, finding, None)


async def test_a_team_s_name_is_text_and_not_markup(shown: Shown) -> None:
    team, referral = await volunteer_of(shown.served.loop, "<b>银龄</b>&队", 5)
    await shown.served.record(referral, kind="HOURS", minutes=60)
    _, number = await issued(shown.served, team)
    answer = await shown.client.get(f"/certificates/{number}", headers=BROWSER)
    assert "&lt;b&gt;银龄&lt;/b&gt;&amp;队" in answer.text
    assert "<b>" not in answer.text
