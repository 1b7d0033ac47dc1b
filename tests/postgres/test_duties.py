"""The duty list and the procedure list as they are loaded and asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from small_county import COUNTY, HERE, NOON, OTHER_COUNTY, TOWN, County, found

from db.viewer import PUBLIC
from exchange.duties import DutyRecord
from exchange.procedures import ProcedureStepRecord
from fivelink.runtime import VocabularyFaulty, load_words
from resolvers.vocabulary import load
from schema.execution.executor import Executor

VISIT = DutyRecord(HERE, "VISIT", "TOWNSHIP", None, "走访", "Visit", "走访居民", "Visit residents", None, None, "文一")
LOCAL = replace(VISIT, code="LOCAL", area=COUNTY, level="VILLAGE", since_on=date(2026, 1, 1))
OVER = replace(VISIT, code="OVER", area=OTHER_COUNTY, level="COUNTY", until_on=date(2026, 6, 30))
STEP = ProcedureStepRecord(
    HERE, "LOOP", "闭环", "Loop", None, None, None,
    "ORDER", "点单", "Order", "选定资源", "Pick the resource", None, "TOWNSHIP", ("request",), "文一",
)  # fmt: skip
NEXT = replace(STEP, step="TAKE", step_title_zh="接单", society="VOLUNTEER", level=None, referral_steps=("accept",))


@pytest.fixture
async def county(database_url: str) -> AsyncIterator[County]:
    database, county = await found(database_url)
    await load(county.context, duties=[VISIT, LOCAL, OVER], procedures=[STEP, NEXT])
    yield county
    await database.close()


async def asked(county: County, query: str) -> dict[str, Any]:
    """What somebody without a key is told."""
    executor = Executor(county.context.database, clock=lambda: NOON)  # type: ignore[arg-type]
    answer: dict[str, Any] = orjson.loads((await executor.run(query, None, {}, viewer=PUBLIC)).body)
    assert "errors" not in answer, answer["errors"]
    data: dict[str, Any] = answer["data"]
    return data


async def codes(county: County, arguments: str) -> list[str]:
    found = await asked(county, f"{{ duties{arguments} {{ edges {{ node {{ code }} }} }} }}")
    return [edge["node"]["code"] for edge in found["duties"]["edges"]]


async def test_a_duty_holds_everywhere_or_in_its_area_and_below(county: County) -> None:
    assert await codes(county, "") == ["VISIT", "LOCAL", "OVER"]
    assert await codes(county, f'(area: "{COUNTY}")') == await codes(county, f'(area: "{TOWN}")') == ["VISIT", "LOCAL"]
    assert await codes(county, f'(area: "{OTHER_COUNTY}")') == ["VISIT", "OVER"]
    assert await codes(county, '(area: "37")') == ["VISIT"]


async def test_duties_are_picked_by_level_and_by_day(county: County) -> None:
    assert await codes(county, "(level: VILLAGE)") == ["LOCAL"]
    assert await codes(county, '(on: "2026-06-30")') == ["VISIT", "LOCAL", "OVER"]
    assert await codes(county, '(on: "2026-07-01")') == ["VISIT", "LOCAL"]
    assert await codes(county, '(on: "2025-12-31")') == ["VISIT", "OVER"]


async def test_procedures_show_their_steps_in_order_in_both_languages(county: County) -> None:
    found = await asked(
        county,
        f"""{{ procedures(area: "{TOWN}") {{ totalCount edges {{ node {{ code title title_en: title(lang: EN)
        area {{ code }} validFrom
        steps {{ code title text(lang: EN) society level referralSteps source }} }} }} }} }}""",
    )
    assert found["procedures"]["totalCount"] == 1
    assert found["procedures"]["edges"][0]["node"] == {
        "code": "LOOP",
        "title": "闭环",
        "title_en": "Loop",
        "area": None,
        "validFrom": None,
        "steps": [
            {
                "code": "ORDER",
                "title": "点单",
                "text": "Pick the resource",
                "society": None,
                "level": "TOWNSHIP",
                "referralSteps": ["request"],
                "source": "文一",
            },
            {
                "code": "TAKE",
                "title": "接单",
                "text": "Pick the resource",
                "society": "VOLUNTEER",
                "level": None,
                "referralSteps": ["accept"],
                "source": "文一",
            },
        ],
    }


async def test_loading_the_same_again_changes_nothing_and_another_text_changes_one_row(county: County) -> None:
    before = await county.rows("SELECT to_jsonb(t) FROM duty t UNION ALL SELECT to_jsonb(t) FROM procedure t")
    events = await county.one("SELECT count(*) FROM event")
    assert not await load(county.context, duties=[VISIT, LOCAL, OVER], procedures=[STEP, NEXT])
    after = await county.rows("SELECT to_jsonb(t) FROM duty t UNION ALL SELECT to_jsonb(t) FROM procedure t")
    assert (after, await county.one("SELECT count(*) FROM event")) == (before, events)
    loaded = await load(county.context, duties=[VISIT, replace(LOCAL, text_zh="本县走访"), OVER])
    assert (loaded.duties, loaded.procedures) == (1, 0)
    ids = await county.rows("SELECT id FROM duty ORDER BY position")
    assert ids == [(row["id"],) for (row,) in before if "level" in row]


async def test_new_lists_do_not_put_the_matches_in_doubt(county: County) -> None:
    before = await county.one("SELECT * FROM matching_state")
    loaded = await load(county.context, duties=[replace(VISIT, text_zh="另文")])
    assert loaded.duties == 1
    assert not loaded.moves_matches
    assert await county.one("SELECT * FROM matching_state") == before


async def test_the_lists_come_with_the_program_and_the_countys_own_is_added(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "duties.csv").write_text(
        "code,level,area,title_zh,title_en,text_zh,text_en,valid_from,valid_until,source\n"
        "MONITOR,COUNTY,370832,监测,Monitor,每周监测,Every week,,,县文件\n",
        encoding="utf-8",
    )
    database, county = await found(database_url)
    try:
        await load_words(county.context, tmp_path)
        row = await county.one("SELECT text_zh, source FROM duty WHERE code = 'MONITOR'")
        assert tuple(row) == ("每周监测", "县文件")
        everywhere = await codes(county, '(area: "110101", first: 100)')
        assert "CASE_MANAGEMENT" in everywhere
        # What only one county's report says holds in that county.
        assert not {"MONITOR", "INCUBATE", "YEARLY_AGREEMENT"} & set(everywhere)
        assert {"MONITOR", "INCUBATE"} <= set(await codes(county, '(area: "370832", first: 100)'))
    finally:
        await database.close()


async def test_a_faulty_list_loads_nothing(county: County, tmp_path: Path) -> None:
    (tmp_path / "duties.csv").write_text(
        "code,level,area,title_zh,title_en,text_zh,text_en,valid_from,valid_until,source\nX,CITY,,甲,A,甲,A,,,县文件\n",
        encoding="utf-8",
    )
    before = await county.rows("SELECT code FROM duty")
    with pytest.raises(VocabularyFaulty, match="UNKNOWN_LEVEL"):
        await load_words(county.context, tmp_path)
    assert await county.rows("SELECT code FROM duty") == before
