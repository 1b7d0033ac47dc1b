"""What a key opens, when it stops, and what is said to those it does not open for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from speaking import code_of, parties

from db.database import Database
from db.viewer import PUBLIC, Viewer
from fivelink.app import App, build
from fivelink.http_answers import HttpFault
from fivelink.settings import Settings
from fivelink.sign_in import REMEMBERED_SECONDS, SignIn
from resolvers import keys
from resolvers.context import Context

REGISTER = {"query": 'mutation { volunteerRegister(input: {name: "拳铺志愿服务队", area: "370832"}) { __typename } }'}


class Time:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 8, tzinfo=UTC)

    def clock(self) -> datetime:
        return self.now

    def tick(self) -> float:
        return self.now.timestamp()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def sign_in(database: Database, time: Time) -> SignIn:
    return SignIn(database, clock=time.clock, tick=time.tick)


def bearer(key: str) -> bytes:
    return f"Bearer {key}".encode()


async def refused(sign_in: SignIn, header: bytes) -> str:
    with pytest.raises(HttpFault) as caught:
        await sign_in.viewer(header)
    assert caught.value.status == 401
    assert any(name == b"www-authenticate" for name, _ in caught.value.headers)
    return caught.value.code


async def test_without_a_header_one_is_the_public(sign_in: SignIn) -> None:
    assert await sign_in.viewer(None) == PUBLIC


async def test_a_key_says_who_asks_and_where(sign_in: SignIn, local: Context) -> None:
    coordinator = await sign_in.viewer(bearer(await keys.create(local, role="COORDINATOR", area="370832")))
    assert coordinator == Viewer("COORDINATOR", coordinator.key_id, area_id=1, area_is_county=True)
    admin = await sign_in.viewer(bearer(await keys.create(local, role="ADMIN")))
    assert admin == Viewer("ADMIN", admin.key_id)
    assert admin.key_id != coordinator.key_id


async def test_the_scheme_may_be_spelled_in_any_case(sign_in: SignIn, local: Context) -> None:
    key = await keys.create(local, role="READER")
    assert (await sign_in.viewer(b"bearer  " + key.encode())).role == "READER"


@pytest.mark.parametrize(
    "header",
    [b"", b"Bearer", b"Bearer ", b"Basic dTpw", b"Bearer flk_short_key", b"Bearer \xff\xfe", b"Bearer " + b"a" * 9000],
)
async def test_what_is_no_key_does_not_open(sign_in: SignIn, header: bytes) -> None:
    assert await refused(sign_in, header) == "INVALID_KEY"


async def test_the_right_prefix_with_another_secret_does_not_open(sign_in: SignIn, local: Context) -> None:
    key = await keys.create(local, role="ADMIN")
    other = key[:-1] + ("A" if key[-1] != "A" else "B")
    assert await refused(sign_in, bearer(other)) == "INVALID_KEY"
    assert await refused(sign_in, bearer("flk_zzzzzzzz" + key[12:])) == "INVALID_KEY"
    assert (await sign_in.viewer(bearer(key))).role == "ADMIN"


async def test_a_revoked_key_stops_within_seconds(sign_in: SignIn, local: Context, time: Time) -> None:
    key = await keys.create(local, role="READER")
    await sign_in.viewer(bearer(key))
    await keys.revoke(local, key[4:12])
    time.now += timedelta(seconds=REMEMBERED_SECONDS)
    assert await refused(sign_in, bearer(key)) == "INVALID_KEY"


async def test_an_expired_key_stops_at_its_second(sign_in: SignIn, local: Context, time: Time) -> None:
    expires = time.now + timedelta(seconds=2)
    key = await keys.create(replace(local, clock=time.clock), role="READER", expires=expires)
    assert (await sign_in.viewer(bearer(key))).role == "READER"
    time.now = expires
    assert await refused(sign_in, bearer(key)) == "EXPIRED_KEY"


async def test_no_key_is_kept_in_memory(sign_in: SignIn, local: Context) -> None:
    key = await keys.create(local, role="READER")
    await sign_in.viewer(bearer(key))
    assert key[13:] not in repr(vars(sign_in))


async def test_a_request_with_a_bad_key_is_401_and_does_nothing(client: httpx.AsyncClient, database: Database) -> None:
    headers = {"authorization": "Bearer flk_abcdefgh_" + "x" * 43}
    response = await client.post("/graphql", json=REGISTER, headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert code_of(response) == "INVALID_KEY"
    assert await parties(database) == 0


async def test_a_key_that_cannot_be_looked_up_is_503(settings: Settings) -> None:
    app: App = build(replace(settings, database_url="postgresql://nobody@127.0.0.1:1/none"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://fivelink.test") as client:
        headers = {"authorization": "Bearer flk_abcdefgh_" + "x" * 43}
        response = await client.post("/graphql", json=REGISTER, headers=headers)
    await app.close()
    assert response.status_code == 503
    assert code_of(response) == "UNAVAILABLE"
