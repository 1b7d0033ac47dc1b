"""Registering parties."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest
from small_county import COUNTY, OTHER_COUNTY, OTHER_TOWN, TOWN, VILLAGE, County, found
from stdnum.cn import uscc

from db.viewer import PUBLIC, Viewer
from resolvers import parties
from resolvers.errors import Conflict, InvalidInput, NotAllowed

REGISTER = {
    "ORGANIZATION": parties.register_organization,
    "VOLUNTEER": parties.register_volunteer,
    "DONOR_FIRM": parties.register_donor_firm,
    "FUND": parties.register_fund,
    "SOCIAL_WORKER": parties.register_social_worker,
    "COMMUNITY": parties.register_community,
    "ASSISTANT": parties.register_assistant,
}
SOCIETIES = {
    "ORGANIZATION": "SOCIAL_ORGANIZATION",
    "VOLUNTEER": "VOLUNTEER",
    "DONOR_FIRM": "CHARITABLE_RESOURCE",
    "FUND": "CHARITABLE_RESOURCE",
    "SOCIAL_WORKER": "SOCIAL_WORKER",
    "COMMUNITY": "COMMUNITY",
    "ASSISTANT": "ASSISTANT",
}


def credit_code(beginning: str) -> str:
    """Completes 17 characters by their check digit."""
    return beginning + str(uscc.calc_check_digit(beginning))


@pytest.fixture
async def county(database_url: str) -> AsyncIterator[County]:
    database, county = await found(database_url)
    yield county
    await database.close()


@pytest.mark.parametrize("kind", REGISTER)
async def test_each_society_registers_with_its_event(county: County, kind: str) -> None:
    done = await REGISTER[kind](county.context, name=" 名称 ", area=VILLAGE)  # type: ignore[operator]
    row = await county.one("SELECT * FROM party")
    assert (done.entity, done.id, row.name, row.kind, row.society) == ("party", row.id, "名称", kind, SOCIETIES[kind])
    assert row.area_id == await county.area_id(VILLAGE)
    assert row.county_id == await county.area_id(COUNTY)
    assert row.headcount == (1 if kind == "VOLUNTEER" else None)
    event = await county.one("SELECT * FROM event WHERE entity = 'party'")
    assert (event.kind, event.entity_id, event.detail) == ("party.registered", row.id, {"kind": kind})


async def test_a_party_above_the_counties_has_no_county(county: County) -> None:
    await parties.register_fund(county.context, name="市慈善基金", area="3708", source="CHARITY")
    row = await county.one("SELECT county_id, source_id FROM party")
    assert row.county_id is None
    assert row.source_id is not None


@pytest.mark.parametrize("code", [credit_code("51370832MJD000001"), credit_code("N2370832MF0000012")])
async def test_a_credit_code_is_kept_in_its_compact_form(county: County, code: str) -> None:
    spaced = f" {code[:8].lower()} {code[8:]} "
    await parties.register_organization(
        county.context, name="社", area=TOWN, credit_code=spaced, founded_on=date(2020, 1, 1)
    )
    row = await county.one("SELECT credit_code, founded_on FROM party")
    assert (row.credit_code, row.founded_on) == (code, date(2020, 1, 1))


_RIGHT = credit_code("51370832MJD000001")


@pytest.mark.parametrize(
    "code",
    [
        _RIGHT[:-1] + ("0" if _RIGHT[-1] != "0" else "1"),
        _RIGHT[:-1],
        "I" + _RIGHT[1:],
        "51AB0832" + _RIGHT[8:],
        "5" * 1_000_000,
        "五1370832MJD000001X",
        "\x00" * 18,
    ],
)
async def test_a_wrong_credit_code_is_refused(county: County, code: str) -> None:
    before = await county.counts()
    with pytest.raises(InvalidInput) as refusal:
        await parties.register_organization(county.context, name="社", area=TOWN, credit_code=code)
    assert [(p.path, p.code) for p in refusal.value.fields] == [(("creditCode",), "INVALID_CREDIT_CODE")]
    assert await county.counts() == before


async def test_every_faulty_field_is_reported_at_once_and_nothing_is_written(county: County) -> None:
    before = await county.counts()
    cases: list[tuple[Any, dict[str, Any], dict[str, str]]] = [
        (
            parties.register_organization,
            {"name": "", "area": "", "credit_code": "1", "founded_on": date(2026, 11, 23)},
            {
                "name": "REQUIRED",
                "area": "UNKNOWN_AREA",
                "creditCode": "INVALID_CREDIT_CODE",
                "foundedOn": "IN_THE_FUTURE",
            },
        ),
        (
            parties.register_volunteer,
            {"name": "\t", "area": "99", "headcount": 0},
            {"name": "REQUIRED", "area": "UNKNOWN_AREA", "headcount": "OUT_OF_RANGE"},
        ),
        (
            parties.register_donor_firm,
            {"name": "甲", "area": TOWN, "industry": "TEXTIL"},
            {"industry": "UNKNOWN_TERM"},
        ),
        (parties.register_fund, {"name": "甲", "area": TOWN, "source": "TEXTILE"}, {"source": "UNKNOWN_TERM"}),
        (parties.register_community, {"name": "甲", "area": COUNTY}, {"area": "AREA_LEVEL"}),
    ]
    for register, values, expected in cases:
        with pytest.raises(InvalidInput) as refusal:
            await register(county.context, **values)
        assert {problem.path[0]: problem.code for problem in refusal.value.fields} == expected
    assert await county.counts() == before


async def test_the_same_name_in_the_same_place_is_one_party(county: County) -> None:
    await parties.register_donor_firm(county.context, name="纺织厂", area=TOWN)
    before = await county.counts()
    with pytest.raises(Conflict) as refusal:
        await parties.register_donor_firm(county.context, name="纺织厂 ", area=TOWN)
    assert refusal.value.code == "ALREADY_REGISTERED"
    assert "拳铺镇" in refusal.value.message_zh
    assert await county.counts() == before
    await parties.register_donor_firm(county.context, name="纺织厂", area=OTHER_TOWN)
    await parties.register_organization(county.context, name="纺织厂", area=TOWN)


async def test_a_credit_code_belongs_to_one_party(county: County) -> None:
    await parties.register_organization(county.context, name="甲社", area=TOWN, credit_code=_RIGHT)
    before = await county.counts()
    with pytest.raises(Conflict) as refusal:
        await parties.register_donor_firm(county.context, name="乙厂", area=OTHER_TOWN, credit_code=_RIGHT)
    assert refusal.value.code == "CREDIT_CODE_TAKEN"
    assert "甲社" in refusal.value.message_zh
    assert await county.counts() == before


async def test_of_ten_at_once_one_is_registered_and_the_others_are_told(county: County) -> None:
    answers = await asyncio.gather(
        *(parties.register_fund(county.context, name="基金", area=COUNTY) for _ in range(10)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, Conflict) for answer in answers) == 9
    assert (await county.counts())["party"] == 1


async def test_ten_at_once_with_one_key_are_one_party_and_no_conflict(county: County) -> None:
    answers = await asyncio.gather(
        *(parties.register_fund(county.context, name="基金", area=COUNTY, idempotency_key="k") for _ in range(10))
    )
    assert len(set(answers)) == 1
    assert (await county.counts())["party"] == 1


async def test_who_may_register(county: County) -> None:
    before = await county.counts()
    for viewer in (
        PUBLIC,
        Viewer("READER", 1),
        Viewer("PARTNER", 2, party_id=1),
        await county.coordinator(OTHER_COUNTY),
    ):
        for register in REGISTER.values():
            with pytest.raises(NotAllowed):
                await register(county.by(viewer), name="甲", area=VILLAGE)  # type: ignore[operator]
    assert await county.counts() == before
    for kind, register in REGISTER.items():
        await register(county.by(await county.coordinator(TOWN)), name=kind, area=VILLAGE)  # type: ignore[operator]
    assert (await county.counts())["party"] == len(REGISTER)


@pytest.mark.parametrize("kind", REGISTER)
async def test_a_name_that_reads_the_same_is_the_same(county: County, kind: str) -> None:
    register: Any = REGISTER[kind]
    await register(county.context, name="拳铺爱心社", area=VILLAGE)
    before = await county.counts()
    with pytest.raises(Conflict, match="ALREADY_REGISTERED"):
        await register(county.context, name="拳铺\u200b爱心社\ufeff", area=VILLAGE)
    with pytest.raises(InvalidInput) as refusal:
        await register(county.context, name="\u3164\u2800", area=VILLAGE)
    assert [(one.path, one.code) for one in refusal.value.fields] == [(("name",), "REQUIRED")]
    assert await county.counts() == before
