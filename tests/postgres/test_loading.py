"""Loading areas, terms, resource types and weights."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from small_county import (
    AREAS,
    COUNTY,
    FAR_VILLAGE,
    HERE,
    OTHER_COUNTY,
    OTHER_TOWN,
    TERMS,
    TODAY,
    TYPES,
    VILLAGE,
    County,
    found,
)

from exchange.vocabulary import (
    AreaRecord,
    TermRecord,
    WeightRecord,
    read_areas,
    read_resource_types,
    read_terms,
    read_weights,
)
from resolvers import matches, parties
from resolvers.errors import InvalidInput
from resolvers.vocabulary import Loaded, load


@pytest.fixture
async def county(database_url: str) -> AsyncIterator[County]:
    database, county = await found(database_url)
    yield county
    await database.close()


async def test_places_know_their_path_their_county_and_their_full_name(county: County) -> None:
    row = await county.one("SELECT * FROM area WHERE code = :code", code=VILLAGE)
    path = await county.rows("SELECT code FROM area WHERE id = ANY(:ids) ORDER BY length(code)", ids=row.ancestor_ids)
    assert [code for (code,) in path] == ["37", "3708", COUNTY, VILLAGE[:9], VILLAGE]
    assert row.ancestor_ids[-1] == row.id
    assert row.county_id == await county.area_id(COUNTY)
    assert row.full_name == "山东省济宁市梁山县拳铺镇甲村"
    above = await county.rows("SELECT county_id FROM area WHERE level IN ('PROVINCE', 'PREFECTURE')")
    assert above == [(None,), (None,)]


async def test_loading_the_same_again_changes_nothing(county: County) -> None:
    tables = ("area", "term", "resource_type", "weight_set", "matching_state", "event")
    before = [await county.rows(f"SELECT to_jsonb(t) FROM {name} t") for name in tables]  # noqa: S608
    again = await load(county.context, areas=AREAS, terms=TERMS, resource_types=TYPES, weights=read_weights().records)
    assert again == Loaded(0, 0, 0, False)
    assert not again
    assert [await county.rows(f"SELECT to_jsonb(t) FROM {name} t") for name in tables] == before  # noqa: S608


async def test_groups_stand_for_those_below_and_domains_for_their_groups(county: County) -> None:
    rows = await county.rows("SELECT id, code, group_ids FROM term")
    id_of = {row.code: row.id for row in rows}
    groups = {row.code: set(row.group_ids) for row in rows}
    assert groups["CHILD"] == groups["CHILD_PROTECTION"] == {id_of["CHILD"], id_of["ORPHAN"]}
    assert groups["ORPHAN"] == {id_of["ORPHAN"]}
    assert groups["HOTLINE"] == set()
    # A group that is added below another joins its domain without saying so.
    await load(county.context, terms=[TermRecord(HERE, "client_group", "FOSTERED", "ORPHAN", "寄养", "Fostered")])
    row = await county.one("SELECT group_ids FROM term WHERE code = 'CHILD_PROTECTION'")
    assert len(row.group_ids) == 3


async def test_a_tree_of_types_knows_its_root(county: County) -> None:
    rows = await county.rows("SELECT code, root_id, ancestor_ids FROM resource_type ORDER BY position")
    root = rows[0].root_id
    assert [row.root_id for row in rows[:3]] == [root] * 3
    assert [len(row.ancestor_ids) for row in rows] == [1, 2, 3, 1]
    assert rows[3].root_id != root


async def test_new_words_are_known_to_a_process_that_runs_already(county: County) -> None:
    with pytest.raises(InvalidInput):
        await parties.register_fund(county.context, name="会", area="370883")
    await load(county.context, areas=[AreaRecord(HERE, "370883", "邹城市", "COUNTY", "3708", "山东省济宁市邹城市")])
    await parties.register_fund(county.context, name="会", area="370883")


async def test_an_area_that_moves_takes_everything_below_it_along(county: County) -> None:
    community = await county.community(FAR_VILLAGE, "丙村社区")
    await county.need(community)
    moved = [replace(area, parent=OTHER_COUNTY) if area.code == OTHER_TOWN else area for area in AREAS]
    moved.sort(key=lambda area: (len(area.code), area.code != OTHER_COUNTY))
    assert (await load(county.context, areas=moved)).areas == 2
    other = await county.area_id(OTHER_COUNTY)
    village = await county.one("SELECT county_id, ancestor_ids FROM area WHERE code = :code", code=FAR_VILLAGE)
    assert village.county_id == other
    assert other in village.ancestor_ids
    assert (await county.one("SELECT county_id FROM party")).county_id == other
    assert (await county.one("SELECT county_id FROM need")).county_id == other


async def test_a_zone_beside_counties_is_its_own_county(county: County) -> None:
    await load(
        county.context,
        areas=[
            AreaRecord(HERE, "Z-1", "高新区", "ZONE", "3708", "山东省济宁市高新区"),
            AreaRecord(HERE, "Z-2", "园区", "ZONE", COUNTY, "山东省济宁市梁山县园区"),
        ],
    )
    assert (await county.one("SELECT county_id FROM area WHERE code = 'Z-1'"))[0] == await county.area_id("Z-1")
    assert (await county.one("SELECT county_id FROM area WHERE code = 'Z-2'"))[0] == await county.area_id(COUNTY)


async def test_other_weights_mark_the_matches_as_old_and_renewing_applies_them(county: County) -> None:
    await county.offer(await county.provider())
    await county.need(await county.community())
    before = await county.one("SELECT * FROM match")
    only = [WeightRecord(HERE, "TYPE_FIT", 10_000, "", "", "", "")]
    assert (await load(county.context, weights=only)).weights
    assert (await county.one("SELECT matched_on FROM matching_state")).matched_on < TODAY
    assert await matches.renew_daily(county.context)
    after = await county.one("SELECT * FROM match")
    assert (after.id, after.score, after.parts) == (before.id, 1.0, [10_000])
    assert after.weight_set_id != before.weight_set_id


@pytest.mark.parametrize("weight", [9_999, 10_001])
async def test_weights_that_do_not_sum_to_a_whole_are_refused(county: County, weight: int) -> None:
    with pytest.raises(ValueError, match="10000"):
        await load(county.context, weights=[WeightRecord(HERE, "TYPE_FIT", weight, "", "", "", "")])
    assert len(await county.rows("SELECT 1 FROM weight_set")) == 1


async def test_what_is_shipped_loads_whole(county: County) -> None:
    await load(
        county.context,
        areas=read_areas().records,
        terms=read_terms().records,
        resource_types=read_resource_types().records,
        weights=read_weights().records,
    )
    assert (await county.one("SELECT count(*) FROM area WHERE code LIKE '370832%'"))[0] > 400
    assert (await county.one("SELECT full_name FROM area WHERE code = '110101'"))[0] == "北京市东城区"
