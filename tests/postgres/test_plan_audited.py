"""A plan computed with the file that proves it, and what becomes of both when something is in the way."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from small_county import COUNTY, FAR_VILLAGE, OTHER_COUNTY, TOWN, County, found

from db.viewer import Viewer
from fivelink.commands import audit as audit_command
from fivelink.commands import plan as plan_command
from fivelink.failures import NotWritable
from graph import audit
from resolvers import plan_audit, plans
from resolvers.errors import Conflict, InvalidInput, NotAllowed


@pytest.fixture
async def county(database_url: str) -> AsyncIterator[County]:
    database, county = await found(database_url)
    yield county
    await database.close()


async def filled(county: County) -> None:
    here, there = await county.community(), await county.community(FAR_VILLAGE, "丙村社区")
    provider = await county.provider()
    await county.offer(provider, capacity=5)
    await county.offer(provider, title="杨营专用", capacity=3, minimum_per_need=2, coverage=["370832102"])
    await county.need(here, priority="STAT")
    await county.need(here, quantity=4, whole_or_nothing=True)
    await county.need(there, quantity=4)


async def test_the_file_proves_the_plan_that_is_stored(county: County, tmp_path: Path) -> None:
    await filled(county)
    first = await plans.compute(county.context, area=COUNTY)
    path = tmp_path / "plan.json"
    id = await plan_command.audited(county.context, COUNTY, "FAIR_FIRST", path)
    assert os.listdir(tmp_path) == ["plan.json"]
    body = audit.loads(path.read_bytes())
    assert audit.recheck(body) == []
    assert body["order"] == "FAIR_FIRST"
    given = body["allocation"]
    stored = await county.rows("SELECT need_id, offer_id, quantity FROM allocation WHERE plan_id = :id", id=id)
    assert sorted(zip(given["need"], given["offer"], given["quantity"], strict=True)) == sorted(map(tuple, stored))
    assert len(body["pairs"]["need"]) == 4
    assert body["groups"]["district"] == [await county.area_id(TOWN), await county.area_id("370832102")]
    assert await county.rows("SELECT id, status, plan_order FROM plan ORDER BY id") == [
        (first.id, "SUPERSEDED", "URGENT_FIRST"),
        (id, "COMPUTED", "FAIR_FIRST"),
    ]
    row = await county.one("SELECT attempts, progress, primal, job_id FROM plan WHERE id = :id", id=id)
    assert (row.attempts, row.progress, row.primal, row.job_id) == (1, 1.0, body["certificate"]["primal"], None)
    kinds = await county.rows("SELECT kind FROM event WHERE entity = 'plan' AND entity_id = :id ORDER BY id", id=id)
    assert [kind for (kind,) in kinds] == ["plan.queued", "plan.computed"]
    # What a queue computes of the same lists is the same plan.
    again = await plans.compute(county.context, area=COUNTY, order="FAIR_FIRST")
    assert await county.rows("SELECT need_id, offer_id, quantity FROM allocation WHERE plan_id = :id", id=again.id) == (
        stored
    )
    assert audit_command.run(Namespace(file=path)) == 0
    body["allocation"]["quantity"][0] += 1
    path.write_text(json.dumps(body))
    assert audit_command.run(Namespace(file=path)) == 1


async def test_an_area_without_needs_has_a_file_too(county: County, tmp_path: Path) -> None:
    await plan_command.audited(county.context, OTHER_COUNTY, None, tmp_path / "empty.json")
    assert audit.recheck(audit.loads((tmp_path / "empty.json").read_bytes())) == []


async def test_a_refusal_leaves_no_plan_and_no_file(
    county: County, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(county)
    before = await county.counts()
    path = tmp_path / "plan.json"
    with pytest.raises(InvalidInput):
        await plan_command.audited(county.context, "370899", None, path)
    for viewer in (Viewer("READER", 1), await county.coordinator(TOWN)):
        with pytest.raises(NotAllowed):
            await plan_command.audited(county.by(viewer), COUNTY, None, path)
    monkeypatch.setattr(plan_audit, "MOST_PAIRS", 3)
    with pytest.raises(Conflict, match="AUDIT_TOO_LARGE"):
        await plan_command.audited(county.context, COUNTY, None, path)
    assert await county.counts() == before
    assert os.listdir(tmp_path) == []


def test_a_path_that_cannot_be_written_is_refused_before_anything_is_started(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "no" / "plan.json"):
        with pytest.raises(NotWritable):
            plan_command.run(Namespace(area=COUNTY, order=None, audit=path))
    assert os.listdir(tmp_path) == []
