"""What was done for a referral: recorded, corrected, summed; figures that do not fit are refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded import FIRST, LAST_WEEK, Served, serving, volunteer_of
from small_county import COUNTY, NOON, OTHER_COUNTY, TODAY, TOWN
from sqlalchemy.exc import IntegrityError

from db.services import FIGURES, KINDS, markdown
from db.viewer import PUBLIC, Viewer
from resolvers import services
from resolvers.checks import Problems
from resolvers.errors import Conflict, InvalidInput, NotAllowed, NotFound
from resolvers.service_checks import check_figures
from schema.enums import ServiceKind

#: What a record of each kind says at the least.
LEAST: dict[str, dict[str, Any]] = {
    "VISIT": {"persons": 1, "person_times": 1},
    "CASEWORK": {"persons": 1, "person_times": 2},
    "GROUP_WORK": {"sessions": 1, "persons": 8, "person_times": 8},
    "COMMUNITY_ACTIVITY": {"sessions": 1, "person_times": 40, "reach": 200},
    "GOODS_DELIVERED": {"quantity": 1, "persons": 1},
    "MONEY_PAID": {"amount": Decimal("300.50"), "persons": 1},
    "HOURS": {"minutes": 90},
}
EMPTY: dict[str, Any] = dict.fromkeys(FIGURES)


@pytest.fixture
async def served(database_url: str) -> AsyncIterator[Served]:
    async with serving(database_url) as one:
        yield one


def codes(refusal: InvalidInput) -> dict[str, str]:
    return {problem.path[0]: problem.code for problem in refusal.fields}


async def refused(served: Served, viewer: Viewer | None = None, referral: int | None = None, **given: Any) -> Any:
    """The refusal of a record; nothing was changed."""
    before = await served.everything()
    with pytest.raises((InvalidInput, NotFound, NotAllowed, Conflict)) as refusal:
        await served.record(referral, viewer, **given)
    assert await served.everything() == before
    return refusal.value


# ---------------------------------------------------------------------------------------- figures


def told(kind: str, figures: dict[str, Any]) -> dict[str, str]:
    problems = Problems()
    check_figures(problems, kind, EMPTY | figures)
    return {problem.path[0]: problem.code for problem in problems.fields}


@pytest.mark.parametrize("kind", KINDS)
def test_the_least_of_a_kind_is_enough_and_less_is_not(kind: str) -> None:
    assert told(kind, LEAST[kind]) == {}
    for name in LEAST[kind]:
        fewer = {other: value for other, value in LEAST[kind].items() if other != name}
        assert told(kind, fewer) == {FIGURES[name][0]: "REQUIRED"}


FIGURE = st.none() | st.integers(-2, 6) | st.just(2**31)
AMOUNT = st.none() | st.decimals("-1", "1000", places=2) | st.sampled_from([Decimal("0.001"), Decimal("1e14")])


@given(
    st.sampled_from(sorted(KINDS)),
    st.fixed_dictionaries({name: AMOUNT if name == "amount" else FIGURE for name in FIGURES}),
)
def test_figures_are_right_exactly_where_their_rules_hold(kind: str, figures: dict[str, Any]) -> None:
    given_ = {name: value for name, value in figures.items() if value is not None}
    allowed = {*KINDS[kind].required, *KINDS[kind].optional}
    in_range = all(
        Decimal("0.01") <= value <= Decimal("999999999999.99") and value == round(value, 2)
        if name == "amount"
        else 1 <= value < 2**31
        for name, value in given_.items()
    )
    persons = figures["persons"]
    in_order = persons is None or all(
        figures[name] is None or figures[name] >= persons for name in ("person_times", "reach")
    )
    right = set(KINDS[kind].required) <= set(given_) <= allowed and in_range and in_order
    assert (told(kind, figures) == {}) == right


def test_every_kind_of_the_table_is_one_of_the_contract() -> None:
    assert [kind.name for kind in ServiceKind] == list(KINDS)


def test_the_guide_shows_the_table_as_it_is() -> None:
    guide = Path(__file__).parents[2] / "docs" / "services.md"
    assert markdown() in guide.read_text(encoding="utf-8"), "run `python -m db.services` and copy its table"


@pytest.mark.parametrize("kind", KINDS)
async def test_the_database_keeps_the_same_table(served: Served, kind: str) -> None:
    """Whatever wrote it: a figure too many or too few is no row."""
    made = "INSERT INTO service_record (referral_id, area_id, provider_id, community_id, resource_type_id, kind,"
    copied = "SELECT r.id, r.area_id, r.provider_id, r.community_id, n.resource_type_id"
    source = "FROM referral r JOIN need n ON n.id = r.need_id LIMIT 1"

    async def write(figures: dict[str, Any]) -> None:
        names = "".join(f", {name}" for name in figures)
        values = "".join(f", {value}" for value in figures.values())
        async with served.county.engine.begin() as conn:
            await conn.exec_driver_sql(
                f"{made} served_on, side{names}) {copied}, '{kind}', '2026-11-15', 'PROVIDER'{values} {source}"
            )

    await write(LEAST[kind])
    for name in FIGURES:
        if KINDS[kind].rule(name) == "forbidden":
            with pytest.raises(IntegrityError, match="figures_fit_kind"):
                await write(LEAST[kind] | {name: 300})
        elif KINDS[kind].rule(name) == "required":
            with pytest.raises(IntegrityError, match="figures_fit_kind"):
                await write({other: value for other, value in LEAST[kind].items() if other != name})


# ---------------------------------------------------------------------------------------- recording


async def test_a_record_stands_with_its_referral_and_its_event_names_figures_only(served: Served) -> None:
    id = await served.record(kind="GROUP_WORK", sessions=2, persons=8, person_times=15, reach=30, note="第一次小组\n")
    row = await served.county.one("SELECT * FROM service_record")
    assert (row.id, row.referral_id, row.provider_id) == (id, served.goods, served.loop.provider_id)
    assert (row.sessions, row.persons, row.person_times, row.reach, row.quantity) == (2, 8, 15, 30, None)
    assert (row.note, row.side, row.recorded_at) == ("第一次小组", "COORDINATOR", NOON)
    event = await served.county.one("SELECT * FROM event WHERE kind LIKE 'service.%'")
    assert (event.kind, event.entity, event.entity_id, event.area_id) == (
        "service.recorded",
        "service_record",
        id,
        row.area_id,
    )
    assert event.detail == {
        "referral_id": served.goods,
        "kind": "GROUP_WORK",
        "served_on": "2026-11-15",
        "sessions": 2,
        "persons": 8,
        "person_times": 15,
        "reach": 30,
    }


async def test_money_is_exact_to_the_fen(served: Served) -> None:
    await served.record(kind="MONEY_PAID", amount=Decimal("0.1"), persons=1)
    await served.record(kind="MONEY_PAID", amount=Decimal("0.20"), persons=1)
    await served.record(kind="MONEY_PAID", amount=Decimal("999999999999.99"), persons=1)
    found = await services.totals(served.context(), kinds=["MONEY_PAID"])
    assert str(found.amount) == "1000000000000.29"


async def test_the_provider_itself_and_the_coordinator_record_and_nobody_else(served: Served) -> None:
    await served.record(viewer=served.loop.provider)
    await served.record()
    assert [row.side for row in await served.county.rows("SELECT side FROM service_record ORDER BY id")] == [
        "PROVIDER",
        "COORDINATOR",
    ]
    for viewer, what in (
        (served.loop.community, NotAllowed),
        (Viewer("READER", 5), NotAllowed),
        (PUBLIC, NotAllowed),
        (served.volunteer, NotFound),
        (await served.county.coordinator(OTHER_COUNTY), NotFound),
    ):
        assert type(await refused(served, viewer)) is what, viewer


@pytest.mark.parametrize("status", ["REQUESTED", "ACCEPTED", "ON_HOLD", "FAILED", "CANCELLED", "REJECTED"])
async def test_only_what_is_under_way_or_was_done_has_services(served: Served, status: str) -> None:
    loop = served.loop
    loop.need_id = await served.county.need(loop.community_id, title="另一项")
    refusal = await refused(served, referral=await loop.led_to(status, 1))
    assert (type(refusal), refusal.code) == (Conflict, f"REFERRAL_{status}")


async def test_what_was_done_may_be_recorded_for_thirty_days_after_and_corrected_always(served: Served) -> None:
    id = await served.record()
    await served.loop.step("complete", served.goods, delivered=5, outcome="GOT_HELP")
    given: dict[str, Any] = {"kind": "VISIT", "served_on": LAST_WEEK, "persons": 1, "person_times": 1}
    in_time = served.context(at=NOON + timedelta(days=30))
    await services.record_service(in_time, referral_id=served.goods, **given)
    before, late = await served.everything(), served.context(at=NOON + timedelta(days=30, seconds=1))
    with pytest.raises(Conflict) as refusal:
        await services.record_service(late, referral_id=served.goods, **given)
    assert refusal.value.code == "SERVICE_CLOSED"
    assert await served.everything() == before
    await services.correct(late, id, **given)


async def test_every_faulty_field_is_told_at_once(served: Served) -> None:
    refusal = await refused(
        served,
        kind="GROUP_WORK",
        served_on=TODAY + timedelta(days=1),
        persons=9,
        person_times=8,
        quantity=3,
        amount=Decimal("1"),
        note="长" * 1_001,
        idempotency_key="",
    )
    assert codes(refusal) == {
        "servedOn": "IN_THE_FUTURE",
        "note": "TOO_LONG",
        "sessions": "REQUIRED",
        "personTimes": "LESS_THAN_PERSONS",
        "quantity": "NOT_OF_THIS_KIND",
        "amount": "NOT_OF_THIS_KIND",
        "idempotencyKey": "INVALID_KEY",
    }
    for problem in refusal.fields:
        assert any("\u4e00" <= letter <= "\u9fff" for letter in problem.message_zh)
        assert problem.message_en.isascii()


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"kind": "PARTY"}, "kind", "NOT_ONE_OF"),
        ({"kind": None}, "kind", "REQUIRED"),
        ({"kind": "VISIT", "persons": 1, "person_times": 1, "served_on": None}, "servedOn", "REQUIRED"),
        (LEAST["VISIT"] | {"kind": "VISIT", "served_on": date(2026, 10, 31)}, "servedOn", "BEFORE_REQUEST"),
        (LEAST["HOURS"] | {"kind": "HOURS", "minutes": 0}, "minutes", "OUT_OF_RANGE"),
        (LEAST["MONEY_PAID"] | {"kind": "MONEY_PAID", "amount": Decimal("1.005")}, "amount", "INVALID_AMOUNT"),
        (LEAST["MONEY_PAID"] | {"kind": "MONEY_PAID", "amount": Decimal("NaN")}, "amount", "INVALID_AMOUNT"),
        (LEAST["GROUP_WORK"] | {"kind": "GROUP_WORK", "reach": 7}, "reach", "LESS_THAN_PERSONS"),
        (LEAST["GOODS_DELIVERED"] | {"kind": "GOODS_DELIVERED", "quantity": 6}, "quantity", "MORE_THAN_PROMISED"),
    ],
)
async def test_one_faulty_field_changes_nothing(served: Served, given: dict[str, Any], field: str, code: str) -> None:
    assert codes(await refused(served, **given)) == {field: code}


async def test_goods_beyond_the_referral_are_refused_however_they_are_split(served: Served) -> None:
    for quantity in (2, 2):
        await served.record(kind="GOODS_DELIVERED", quantity=quantity, persons=1)
    refusal = await refused(served, kind="GOODS_DELIVERED", quantity=2, persons=1)
    assert codes(refusal) == {"quantity": "MORE_THAN_PROMISED"}
    assert "1" in refusal.fields[0].message_en
    await served.crowd()
    done = await asyncio.gather(
        *(served.record(kind="GOODS_DELIVERED", quantity=1, persons=1) for _ in range(4)), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in done) == ["InvalidInput"] * 3 + ["int"]
    assert (await served.county.one("SELECT sum(quantity) FROM service_record"))[0] == 5


async def test_money_needs_are_not_served_with_goods(served: Served) -> None:
    county, loop = served.county, served.loop
    loop.need_id = await county.need(loop.community_id, resource_type="FUNDS", quantity=500)
    loop.offer_id = await county.offer(loop.provider_id, resource_type="FUNDS", capacity=500)
    funds = await loop.led_to("IN_PROGRESS", 500)
    refusal = await refused(served, referral=funds, kind="GOODS_DELIVERED", served_on=TODAY, quantity=1, persons=1)
    assert codes(refusal) == {"kind": "KIND_DOES_NOT_FIT"}


async def test_a_day_of_one_volunteer_has_24_hours(served: Served) -> None:
    await served.serve(1_000)
    await served.serve(440)
    await served.serve(1_440, date(2026, 11, 16))
    refusal = await refused(served, referral=served.hours, kind="HOURS", minutes=1)
    assert codes(refusal) == {"minutes": "MORE_THAN_A_DAY"}
    _, team = await volunteer_of(served.loop, "银龄志愿队", 10)
    await served.record(team, kind="HOURS", minutes=14_400)


async def test_the_same_key_records_once(served: Served) -> None:
    await served.crowd()
    done = await asyncio.gather(*(served.record(idempotency_key="k") for _ in range(8)))
    assert len(set(done)) == 1
    assert (await served.county.one("SELECT count(*) FROM service_record"))[0] == 1
    refusal = await refused(served, persons=1, idempotency_key="k")
    assert refusal.code == "IDEMPOTENCY_KEY_REUSED"


# ---------------------------------------------------------------------------------------- correcting


async def test_a_correction_replaces_and_keeps_what_it_replaces(served: Served) -> None:
    old = await served.record(kind="GOODS_DELIVERED", quantity=5, persons=3)
    kept = await served.county.one("SELECT to_jsonb(s) - 'replaced_by_id' FROM service_record s")
    new = await served.correct(old, kind="GOODS_DELIVERED", served_on=FIRST, quantity=4, persons=3)
    rows = await served.county.rows("SELECT id, replaces_id, replaced_by_id FROM service_record ORDER BY id")
    assert [tuple(row) for row in rows] == [(old, None, new), (new, old, None)]
    assert kept == await served.county.one(
        "SELECT to_jsonb(s) - 'replaced_by_id' FROM service_record s WHERE id=:id", id=old
    )
    found = await services.totals(served.context())
    assert (found.records, [one.quantity for one in found.quantities]) == (1, [4])
    event = await served.county.one("SELECT * FROM event ORDER BY id DESC LIMIT 1")
    assert (event.kind, event.detail["replaces_id"], event.detail["quantity"]) == ("service.corrected", old, 4)


async def test_what_was_corrected_or_withdrawn_is_not_corrected_again(served: Served) -> None:
    right: dict[str, Any] = {"kind": "VISIT", "served_on": LAST_WEEK, "persons": 1, "person_times": 1}
    old = await served.record()
    new = await served.correct(old, **right)
    gone = await served.correct(new, withdraw=True, note="记错了点单")
    before = await served.everything()
    for id, code in ((old, "SERVICE_REPLACED"), (new, "SERVICE_REPLACED"), (gone, "SERVICE_WITHDRAWN")):
        with pytest.raises(Conflict) as refusal:
            await served.correct(id, **right)
        assert refusal.value.code == code
    with pytest.raises(NotFound):
        await served.correct(10**9, **right)
    assert await served.everything() == before
    assert (await services.totals(served.context())).records == 0


async def test_of_many_corrections_at_once_one_is_done(served: Served) -> None:
    old = await served.record()
    await served.crowd()
    done = await asyncio.gather(
        *(served.correct(old, kind="VISIT", served_on=LAST_WEEK, persons=n, person_times=n) for n in range(1, 7)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, int) for one in done) == 1
    assert sum(isinstance(one, Conflict) for one in done) == 5
    assert (await services.totals(served.context())).records == 1


async def test_a_withdrawal_says_why_and_nothing_else(served: Served) -> None:
    id = await served.record()
    before = await served.everything()
    with pytest.raises(InvalidInput) as refusal:
        await served.correct(id, withdraw=True, persons=3, kind="VISIT")
    assert codes(refusal.value) == {"kind": "NOT_WITH_WITHDRAW", "persons": "NOT_WITH_WITHDRAW", "note": "REQUIRED"}
    assert await served.everything() == before


async def test_a_provider_corrects_what_it_recorded_itself(served: Served) -> None:
    right: dict[str, Any] = {"kind": "VISIT", "served_on": LAST_WEEK, "persons": 1, "person_times": 1}
    theirs, own = await served.record(), await served.record(viewer=served.loop.provider)
    before = await served.everything()
    with pytest.raises(NotAllowed) as refusal:
        await served.correct(theirs, served.loop.provider, **right)
    assert "统筹员" in refusal.value.message_zh
    assert await served.everything() == before
    await served.correct(own, served.loop.provider, **right)


# ---------------------------------------------------------------------------------------- sums


async def test_sums_add_like_to_like_and_count_what_may_be_seen(served: Served) -> None:
    await served.record(kind="GROUP_WORK", sessions=2, persons=8, person_times=15, reach=30)
    await served.record(kind="GOODS_DELIVERED", quantity=3, persons=2)
    await served.serve(100)
    found = await services.totals(served.context())
    assert (found.records, found.sessions, found.persons, found.person_times, found.reach) == (3, 2, 10, 15, 30)
    assert (found.minutes, str(found.hours), str(found.amount)) == (100, "1.67", "0.00")
    (goods,) = found.quantities
    (wheelchair,) = await served.county.one("SELECT id FROM resource_type WHERE code = 'WHEELCHAIR'")
    assert (goods.resource_type_id, goods.quantity) == (wheelchair, 3)
    for viewer, records in (
        (served.loop.provider, 2),
        (served.volunteer, 1),
        (served.loop.community, 3),
        (await served.county.coordinator(TOWN), 3),
        (await served.county.coordinator(OTHER_COUNTY), 0),
        (PUBLIC, 0),
    ):
        assert (await services.totals(served.context(viewer))).records == records, viewer


async def test_sums_are_narrowed_by_place_party_kind_and_days(served: Served) -> None:
    await served.record(served_on=FIRST)
    await served.record(served_on=LAST_WEEK)
    await served.serve(60, TODAY)
    for conditions, records in (
        ({"area": COUNTY}, 3),
        ({"area": OTHER_COUNTY}, 0),
        ({"party_id": served.volunteer_id}, 1),
        ({"party_id": served.loop.community_id}, 3),
        ({"party_id": 0}, 0),
        ({"kinds": ["VISIT"]}, 2),
        ({"kinds": []}, 0),
        ({"since": LAST_WEEK}, 2),
        ({"until": LAST_WEEK}, 2),
        ({"since": LAST_WEEK, "until": LAST_WEEK}, 1),
    ):
        assert (await services.totals(served.context(), **conditions)).records == records, conditions
    with pytest.raises(InvalidInput):
        await services.totals(served.context(), area="外星")


async def test_hours_of_many_volunteers_are_asked_together_and_shown_to_staff_and_themselves(served: Served) -> None:
    await served.serve(100)
    await served.serve(50, FIRST)
    other, _ = await volunteer_of(served.loop, "李小红")
    context = served.context()
    told = await asyncio.gather(*(services.volunteer_hours(context, id) for id in (served.volunteer_id, other)))
    assert [str(one) for one in told] == ["2.50", "0.00"]
    assert await services.volunteer_hours(served.context(served.volunteer), served.volunteer_id) == Decimal("2.50")
    for viewer in (PUBLIC, served.loop.provider):
        assert await services.volunteer_hours(served.context(viewer), served.volunteer_id) is None
