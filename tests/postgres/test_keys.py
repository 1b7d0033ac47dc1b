"""Making, listing and revoking API keys."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from small_county import COUNTY, NOON, County, found

from db.viewer import PUBLIC, Viewer
from resolvers import keys
from resolvers.errors import Conflict, InvalidInput, NotAllowed, NotFound


@pytest.fixture
async def county(database_url: str) -> AsyncIterator[County]:
    database, county = await found(database_url)
    yield county
    await database.close()


async def test_a_key_is_shown_once_and_stored_as_its_hash(county: County) -> None:
    key = await keys.create(county.context, role="COORDINATOR", area=COUNTY, label="县社工中心")
    assert re.fullmatch(r"flk_[a-z0-9]{8}_[A-Za-z0-9_-]{43}", key)
    row = await county.one("SELECT * FROM api_key")
    assert row.prefix == keys.prefix_of(key)
    assert row.digest == hashlib.sha256(key.encode()).digest() == keys.digest(key)
    assert (row.role, row.area_id, row.party_id) == ("COORDINATOR", await county.area_id(COUNTY), None)
    stored = [str(one) for one in await county.rows("SELECT to_jsonb(t) FROM api_key t")]
    stored += [str(one) for one in await county.rows("SELECT to_jsonb(t) FROM event t")]
    assert not any(key[13:] in text for text in stored)
    assert (await county.one("SELECT kind FROM event WHERE entity = 'api_key'")).kind == "key.created"


async def test_keys_are_listed_newest_first_without_secrets(county: County) -> None:
    provider = await county.provider()
    await keys.create(county.context, role="READER")
    tomorrow = NOON + timedelta(days=1)
    await keys.create(county.context, role="PARTNER", party=provider, area=COUNTY, expires=tomorrow)
    await keys.create(county.context, role="COORDINATOR", area=COUNTY)
    listed = await keys.listed(county.context)
    assert [(key.role, key.area_code, key.party_id) for key in listed] == [
        ("COORDINATOR", COUNTY, None),
        ("PARTNER", COUNTY, provider),
        ("READER", None, None),
    ]
    assert [key.expires_at for key in listed] == [None, tomorrow, None]
    assert all(key.revoked_at is None and key.created_at == NOON for key in listed)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"role": "PUBLIC"}, {"role": "NOT_ONE_OF"}),
        ({"role": "COORDINATOR"}, {"area": "REQUIRED"}),
        ({"role": "COORDINATOR", "area": "370833"}, {"area": "UNKNOWN_AREA"}),
        ({"role": "PARTNER"}, {"party": "REQUIRED"}),
        ({"role": "ADMIN", "area": COUNTY, "party": 5}, {"area": "NOT_FOR_ROLE", "party": "NOT_FOR_ROLE"}),
        ({"role": "PARTNER", "party": 5, "area": "370833"}, {"area": "UNKNOWN_AREA", "party": "NOT_FOUND"}),
        (
            {"role": "READER", "party": 5, "expires": NOON, "label": "a\nb"},
            {"party": "NOT_FOR_ROLE", "expires": "IN_THE_PAST", "label": "CONTROL_CHARACTER"},
        ),
    ],
)
async def test_a_key_that_makes_no_sense_is_refused(
    county: County, values: dict[str, Any], expected: dict[str, str]
) -> None:
    before = await county.counts()
    with pytest.raises(InvalidInput) as refusal:
        await keys.create(county.context, **values)
    said: dict[str, str] = {}
    for problem in refusal.value.fields:
        said.setdefault(problem.path[0], problem.code)
    assert said == expected
    assert await county.counts() == before


async def test_the_party_of_a_key_must_exist(county: County) -> None:
    before = await county.counts()
    with pytest.raises(NotFound):
        await keys.create(county.context, role="PARTNER", party=404)
    assert await county.counts() == before


async def test_a_key_is_revoked_once_by_prefix_or_whole(county: County) -> None:
    first = await keys.create(county.context, role="READER")
    second = await keys.create(county.context, role="READER")
    await keys.revoke(county.context, str(keys.prefix_of(first)))
    await keys.revoke(county.context, second)
    assert all(key.revoked_at == NOON for key in await keys.listed(county.context))
    before = await county.counts()
    with pytest.raises(Conflict):
        await keys.revoke(county.context, first)
    for wrong in ("", "nothere1", "\x00", "x" * 100_000):
        with pytest.raises(NotFound):
            await keys.revoke(county.context, wrong)
    assert await county.counts() == before


async def test_only_administrators_handle_keys(county: County) -> None:
    key = await keys.create(county.context, role="READER")
    before = await county.counts()
    for viewer in (PUBLIC, Viewer("READER", 1), Viewer("PARTNER", 2, party_id=1), await county.coordinator()):
        context = county.by(viewer)
        with pytest.raises(NotAllowed):
            await keys.create(context, role="ADMIN")
        with pytest.raises(NotAllowed):
            await keys.listed(context)
        with pytest.raises(NotAllowed):
            await keys.revoke(context, key)
    assert await county.counts() == before


@pytest.mark.parametrize("text", ["", "flk", "flk_short_x", "Bearer flk_abcdefgh_x", "flk_abcdefgh_é"])
def test_what_is_no_key_has_no_prefix(text: str) -> None:
    assert keys.prefix_of(text) is None
