"""Hours certified once, and a number that anybody can verify and nobody can guess."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded import FIRST, LAST_WEEK, Served, serving, volunteer_of
from small_county import COUNTY, FAR_VILLAGE, OTHER_COUNTY, OTHER_TOWN, TODAY, TOWN

from db.viewer import LOCAL, PUBLIC, Viewer
from resolvers import certificates
from resolvers.certificates import ALPHABET, checked_number, masked, new_number, printed
from resolvers.errors import Conflict, InvalidInput, NotAllowed, NotFound


@pytest.fixture
async def served(database_url: str) -> AsyncIterator[Served]:
    async with serving(database_url) as one:
        yield one


async def issued(served: Served, viewer: Viewer | None = None, **changed: Any) -> int:
    given_: dict[str, Any] = {"volunteer_id": served.volunteer_id, "from_on": FIRST, "until_on": TODAY}
    return (await certificates.issue(served.context(viewer), **given_ | changed)).id


async def refused(served: Served, viewer: Viewer | None = None, **changed: Any) -> Any:
    before = await served.everything()
    with pytest.raises((InvalidInput, NotFound, NotAllowed, Conflict)) as refusal:
        await issued(served, viewer, **changed)
    assert await served.everything() == before
    return refusal.value


async def row(served: Served, id: int) -> Any:
    return await served.county.one("SELECT * FROM certificate WHERE id = :id", id=id)


# ---------------------------------------------------------------------------------------- the number

NUMBERS = st.text(ALPHABET, min_size=15, max_size=15).map(
    lambda drawn: next(n for c in ALPHABET if (n := checked_number(drawn + c)))
)


def compact(number: str) -> str:
    return number.replace("-", "")


@given(NUMBERS)
def test_every_single_wrong_character_is_noticed(number: str) -> None:
    right = compact(number)
    for place in range(len(right)):
        for other in set(ALPHABET) - {right[place]}:
            assert checked_number(right[:place] + other + right[place + 1 :]) is None


@given(NUMBERS)
def test_any_two_characters_that_changed_places_are_noticed(number: str) -> None:
    right = compact(number)
    for one in range(len(right)):
        for other in range(one + 1, len(right)):
            if right[one] != right[other]:
                swapped = list(right)
                swapped[one], swapped[other] = right[other], right[one]
                assert checked_number("".join(swapped)) is None


@given(NUMBERS, st.integers(0, 15))
def test_a_lost_or_doubled_character_is_noticed(number: str, place: int) -> None:
    right = compact(number)
    assert checked_number(right[:place] + right[place + 1 :]) is None
    assert checked_number(right[:place] + right[place] + right[place:]) is None


@given(NUMBERS)
def test_however_it_is_written_it_is_the_same_number(number: str) -> None:
    full_width = "".join(chr(ord(c) + 0xFEE0) for c in number)
    mistaken = number.translate(str.maketrans("8105U2", "BIOSVZ"))
    for typed in (number.lower(), compact(number), f" {number} ", full_width, mistaken, number.replace("-", "–")):
        assert checked_number(typed) == number


@given(st.text(max_size=300))
def test_no_text_makes_the_reading_of_a_number_fail(typed: str) -> None:
    found = checked_number(typed)
    assert found is None or checked_number(found) == found


def test_new_numbers_are_long_random_and_readable() -> None:
    drawn = {new_number() for _ in range(2_000)}
    assert len(drawn) == 2_000
    assert all(re.fullmatch(r"(\w{4}-){3}\w{4}", one) and checked_number(one) == one for one in drawn)
    # No place is the same in all: no counter, no date, no prefix.
    assert all(len({compact(one)[place] for one in drawn}) == len(ALPHABET) for place in range(16))
    assert len(ALPHABET) ** 15 > 2**72
    assert printed("0123456789ACDEFG") == "0123-4567-89AC-DEFG"


@pytest.mark.parametrize(("name", "shown"), [("王小明", "王*"), ("欧阳娜娜", "欧*"), ("李", "李*"), ("Anna Li", "A*")])
def test_a_masked_name_keeps_its_first_character_and_not_its_length(name: str, shown: str) -> None:
    assert masked(name) == shown


# ---------------------------------------------------------------------------------------- issuing


async def test_a_certificate_says_who_organized_how_long_and_when(served: Served) -> None:
    for minutes, day in ((90, FIRST), (100, LAST_WEEK), (60, TODAY)):
        await served.serve(minutes, day)
    id = await issued(served, until_on=LAST_WEEK)
    found = await row(served, id)
    assert (found.volunteer_name, found.minutes, str(found.hours), found.services) == ("王小明", 190, "3.17", 2)
    assert (found.from_on, found.until_on, found.issued_on, found.status) == (FIRST, LAST_WEEK, TODAY, "VALID")
    assert found.organizer == "山东省济宁市梁山县拳铺镇甲村 甲村社区"
    assert (found.issuer, found.issuer_area_id) == ("山东省济宁市梁山县", await served.county.area_id(COUNTY))
    assert (await served.county.one("SELECT count(*) FROM certified WHERE standing"))[0] == 2
    event = await served.county.one("SELECT * FROM event ORDER BY id DESC LIMIT 1")
    assert (event.kind, event.entity, event.entity_id) == ("certificate.issued", "certificate", id)
    assert event.detail == {"volunteer_id": served.volunteer_id, "minutes": 190, "services": 2}


async def test_what_it_says_is_frozen(served: Served) -> None:
    await served.serve(90)
    found = await row(served, await issued(served))
    async with served.county.engine.begin() as conn:
        await conn.exec_driver_sql("UPDATE party SET name = '改了名' WHERE id = $1", (served.volunteer_id,))
    await served.serve(90, TODAY)
    assert await row(served, found.id) == found


async def test_services_of_two_communities_were_organized_by_the_area_that_holds_both(served: Served) -> None:
    await served.serve(60)
    loop = served.loop
    far = await served.county.community(FAR_VILLAGE, "丙村社区")
    need = await served.county.need(far, title="远处的", quantity=1)
    offer = await served.county.offer(served.volunteer_id, title="也去远处", capacity=1)
    referral = await loop.order(1, need_id=need, offer_id=offer)
    for step in ("accept", "start"):
        await loop.step(step, referral)
    await served.record(referral, kind="HOURS", minutes=30, served_on=TODAY)
    # A coordinator elsewhere certifies what was organized there, and that alone.
    there = await served.county.coordinator(OTHER_TOWN, key_id=8)
    found = await row(served, await issued(served, there))
    assert (found.minutes, found.organizer, found.issuer) == (
        30,
        "山东省济宁市梁山县杨营镇丙村 丙村社区",
        "山东省济宁市梁山县杨营镇",
    )
    await certificates.revoke(served.context(), found.id, reason="并入一份")
    both = await row(served, await issued(served, LOCAL))
    assert (both.minutes, both.organizer, both.issuer) == (90, "山东省济宁市梁山县", "山东省济宁市梁山县")


async def test_the_same_hours_are_certified_once_however_many_ask_at_once(served: Served) -> None:
    await served.serve(90)
    await served.crowd()
    done = await asyncio.gather(*(issued(served) for _ in range(8)), return_exceptions=True)
    (id,) = [one for one in done if isinstance(one, int)]
    number = (await row(served, id)).number
    refusals = [one for one in done if isinstance(one, Conflict)]
    assert [one.code for one in refusals] == ["ALREADY_CERTIFIED"] * 7
    assert all(number in one.message_zh and number in one.message_en for one in refusals)
    # Another period that holds the same record is the same hours; one that does not is not.
    assert (await refused(served, from_on=LAST_WEEK, until_on=LAST_WEEK)).code == "ALREADY_CERTIFIED"
    await served.serve(30, TODAY)
    assert (await refused(served)).code == "ALREADY_CERTIFIED"
    assert (await row(served, await issued(served, from_on=LAST_WEEK + timedelta(days=1)))).minutes == 30


async def test_who_may_not_certify_is_told_who_may(served: Served) -> None:
    await served.serve(90)
    for viewer, what in (
        (PUBLIC, NotAllowed),
        (Viewer("READER", 5), NotAllowed),
        (served.volunteer, NotAllowed),
        (served.loop.community, NotAllowed),
        (await served.county.coordinator(OTHER_TOWN), NotAllowed),
        (await served.county.coordinator(OTHER_COUNTY), NotAllowed),
    ):
        refusal = await refused(served, viewer)
        assert type(refusal) is what
        assert "administrator" in refusal.message_en
    await issued(served, await served.county.coordinator(TOWN))


async def test_faulty_periods_and_people_are_told(served: Served) -> None:
    await served.serve(90)
    later = TODAY + timedelta(days=1)
    for changed, told in (
        ({"until_on": later}, {"until": "IN_THE_FUTURE"}),
        ({"from_on": LAST_WEEK, "until_on": FIRST}, {"until": "DATES_REVERSED"}),
        ({"from_on": None, "until_on": None}, {"from": "REQUIRED", "until": "REQUIRED"}),
        ({"volunteer_id": None, "until_on": later}, {"volunteerId": "NOT_FOUND", "until": "IN_THE_FUTURE"}),
    ):
        refusal = await refused(served, **changed)
        assert {one.path[0]: one.code for one in refusal.fields} == told
    for nobody in (None, 0, 10**30, served.loop.provider_id):
        assert type(await refused(served, volunteer_id=nobody)) is NotFound
    assert (await refused(served, until_on=FIRST)).code == "NO_HOURS"
    other, _ = await volunteer_of(served.loop, "李小红")
    assert (await refused(served, volunteer_id=other)).code == "NO_HOURS"


# ---------------------------------------------------------------------------------------- afterwards


async def test_a_correction_outdates_the_certificate_and_frees_its_hours(served: Served) -> None:
    kept, wrong = await served.serve(60, FIRST), await served.serve(90)
    old = await issued(served)
    await served.correct(wrong, kind="HOURS", served_on=LAST_WEEK, minutes=30)
    assert (await row(served, old)).status == "OUTDATED"
    assert (await row(served, old)).minutes == 150
    kinds = [one.kind for one in await served.county.rows("SELECT kind FROM event ORDER BY id DESC LIMIT 2")]
    assert kinds == ["certificate.outdated", "service.corrected"]
    new = await issued(served)
    assert (await row(served, new)).minutes == 90
    await served.correct(kept, withdraw=True, note="没有这次服务")
    assert [(await row(served, id)).status for id in (old, new)] == ["OUTDATED", "OUTDATED"]


async def test_while_hours_are_corrected_nobody_certifies_the_old_ones(served: Served) -> None:
    await served.crowd()
    for _ in range(5):
        wrong = await served.serve(90)
        done = await asyncio.gather(
            issued(served),
            served.correct(wrong, kind="HOURS", served_on=LAST_WEEK, minutes=30),
            return_exceptions=True,
        )
        assert all(isinstance(one, int) for one in done)
        found = await row(served, done[0])  # type: ignore[arg-type]
        assert (found.minutes, found.status) in ((90, "OUTDATED"), (30, "VALID"))
        await certificates.revoke(served.context(), found.id, reason="再来一次")
        await served.correct(done[1], withdraw=True, note="再来一次")  # type: ignore[arg-type]


async def test_a_revoked_certificate_frees_its_hours_and_says_so_for_good(served: Served) -> None:
    await served.serve(90)
    id = await issued(served)
    await certificates.revoke(served.context(), id, reason="姓名有误")
    found = await row(served, id)
    assert (found.status, found.reason, found.ended_at is not None) == ("REVOKED", "姓名有误", True)
    before = await served.everything()
    with pytest.raises(Conflict) as conflict:
        await certificates.revoke(served.context(), id, reason="再撤一次")
    assert conflict.value.code == "CERTIFICATE_REVOKED"
    with pytest.raises(InvalidInput):
        await certificates.revoke(served.context(), id, reason=" ")
    for viewer, what in (
        (await served.county.coordinator(OTHER_COUNTY), NotFound),
        (served.volunteer, NotAllowed),
        (PUBLIC, NotAllowed),
    ):
        with pytest.raises(what):
            await certificates.revoke(served.context(viewer), id, reason="不该可以")
    assert await served.everything() == before
    assert await issued(served) != id


# ---------------------------------------------------------------------------------------- verifying


async def test_anybody_verifies_a_number_and_reads_no_name(served: Served) -> None:
    await served.serve(100)
    id = await issued(served)
    number = (await row(served, id)).number
    public = served.context(PUBLIC)
    found = await certificates.verify(public, number.lower())
    assert (found.finding, found.certificate.number if found.certificate else None) == ("FOUND", number)
    told = found.certificate
    assert told is not None
    assert (told.name, told.status, str(told.hours), told.minutes, told.services) == ("王*", "VALID", "1.67", 100, 1)
    assert (told.from_on, told.until_on, told.issued_on) == (FIRST, TODAY, TODAY)
    assert "王小明" not in repr(found)
    await certificates.revoke(served.context(), id, reason="姓名有误")
    again = await certificates.verify(public, number)
    assert again.certificate is not None
    assert (again.certificate.status, again.certificate.status_zh) == ("REVOKED", "已撤销")
    assert "姓名有误" not in repr(again)


async def test_a_team_is_named_in_full(served: Served) -> None:
    team, referral = await volunteer_of(served.loop, "银龄志愿服务队", 10)
    await served.record(referral, kind="HOURS", minutes=600)
    number = (await row(served, await issued(served, volunteer_id=team))).number
    found = await certificates.verify(served.context(PUBLIC), number)
    assert found.certificate is not None
    assert found.certificate.name == "银龄志愿服务队"


async def test_a_mistyped_number_is_told_from_one_that_was_never_issued(served: Served) -> None:
    never = new_number()
    assert (await certificates.verify(served.context(PUBLIC), never)).finding == "UNKNOWN"
    other = "0" if never[0] != "0" else "1"
    assert (await certificates.verify(served.context(PUBLIC), other + never[1:])).finding == "MISTYPED"
    for typed in ("", "王小明", "\x00" * 16, "0" * 100_000):
        found = await certificates.verify(served.context(PUBLIC), typed)
        assert (found.finding, found.certificate) == ("MISTYPED", None)
