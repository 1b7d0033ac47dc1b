"""Clients that act as fast as they are answered, ask again with the same key where they were not, and write it down."""

from __future__ import annotations

import asyncio
import base64
import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx

COUNTY, TOWN = "370832", "370832104"
TYPES = ("WHEELCHAIR",)
#: What an act takes, what it answers with, and the field of it.
ACTS: dict[str, tuple[str, str, str]] = {
    "communityRegister": ("CommunityRegisterInput", "CommunityRegistered", "community"),
    "donorFirmRegister": ("DonorFirmRegisterInput", "DonorFirmRegistered", "donorFirm"),
    "needSubmit": ("NeedSubmitInput", "NeedSubmitted", "need"),
    "offerPublish": ("OfferPublishInput", "OfferPublished", "offer"),
    "offerChange": ("OfferChangeInput", "OfferChanged", "offer"),
    "referralRequest": ("ReferralRequestInput", "ReferralRequested", "referral"),
    "referralAccept": ("ReferralStepInput", "ReferralAccepted", "referral"),
    "referralReject": ("ReferralStepInput", "ReferralRejected", "referral"),
    "referralStart": ("ReferralStepInput", "ReferralStarted", "referral"),
    "referralComplete": ("ReferralStepInput", "ReferralCompleted", "referral"),
    "referralCancel": ("ReferralStepInput", "ReferralCancelled", "referral"),
}
READ = f'{{ needs(where: {{area: "{COUNTY}"}}, first: 5) {{ edges {{ node {{ id title }} }} }} }}'
#: Not answers: the same is asked again. A connection that was refused or broken has the codes of `Attempt`.
AGAIN = ("DATABASE_UNAVAILABLE", "OUTCOME_UNKNOWN", "UNAVAILABLE", "BUSY", "TIMEOUT", "STORAGE_FULL")


def document(act: str) -> str:
    given, done, what = ACTS[act]
    problem = "... on Problem { code en: message(lang: EN) }"
    return (
        f"mutation($input: {given}!) {{ act: {act}(input: $input)"
        f" {{ __typename {problem} ... on {done} {{ {what} {{ id }} }} }} }}"
    )


def number(gid: str) -> int:
    """The number in a global id."""
    return int(base64.b64decode(gid).decode().partition(":")[2])


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request. Times of `time.monotonic`; `code`: "" where it was done, a problem's or an error's code, REFUSED
    where nobody took the connection, BROKEN where it ended without an answer."""

    what: str
    began: float
    ended: float
    code: str
    id: str | None = None
    said: Any = None

    @property
    def seconds(self) -> float:
        return self.ended - self.began


@dataclass
class Crowd:
    """Clients of servers that share a database. `attempts` is all that was asked, in order of the answers."""

    addresses: Sequence[str]
    key: str
    #: Told apart from every other crowd that used the same database.
    seed: int = field(default_factory=itertools.count(1).__next__)
    attempts: list[Attempt] = field(default_factory=list)
    #: (act, idempotencyKey, id) of everything that was acknowledged.
    acknowledged: list[tuple[str, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self._dice = random.Random(self.seed)
        # A client of its own for each caller would open connections that nobody counts.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=200)
        self._http = httpx.AsyncClient(
            headers={"authorization": f"Bearer {self.key}"}, timeout=20, limits=limits, trust_env=False
        )

    async def close(self) -> None:
        await self._http.aclose()

    def new_key(self) -> str:
        return f"{self.seed}-{next(self._numbers)}"

    async def once(self, what: str, query: str, variables: dict[str, Any] | None = None, at: int = 0) -> Attempt:
        """One request to one of the servers, written down."""
        began = time.monotonic()
        id, said = None, None
        try:
            answer = await self._http.post(
                f"{self.addresses[at % len(self.addresses)]}/graphql", json={"query": query, "variables": variables}
            )
            said = answer.json()
            if "errors" in said:
                code = said["errors"][0]["extensions"]["code"]
            else:
                act = said["data"].get("act") or {}
                code = act.get("code", "")
                id = next((one["id"] for one in act.values() if isinstance(one, dict)), None)
        except httpx.ConnectError:
            code = "REFUSED"
        except httpx.TimeoutException:
            code = "NO_ANSWER"
        except (httpx.HTTPError, ValueError):
            code = "BROKEN"
        attempt = Attempt(what, began, time.monotonic(), code, id, said)
        self.attempts.append(attempt)
        return attempt

    async def act(self, operation: str, key: str | None = None, at: int = 0, **given: Any) -> Attempt:
        """An act, asked again with the same key (of another server) until it is answered; its last attempt."""
        key = key or self.new_key()
        for turn in itertools.count(at):
            attempt = await self.once(operation, document(operation), {"input": given | {"idempotencyKey": key}}, turn)
            if attempt.code not in (*AGAIN, "REFUSED", "BROKEN", "NO_ANSWER"):
                break
            await asyncio.sleep(0.02 + self._dice.random() * 0.05)
        if not attempt.code:
            assert attempt.id is not None
            self.acknowledged.append((operation, key, attempt.id))
        return attempt

    async def done(self, operation: str, key: str | None = None, **given: Any) -> str:
        """The id of what an act did that nothing speaks against."""
        attempt = await self.act(operation, key, **given)
        assert not attempt.code, attempt
        assert attempt.id is not None
        return attempt.id

    # ---------------------------------------------------------------------------------------- what they do

    async def parties(self) -> tuple[str, str]:
        """A community and a provider."""
        key = self.new_key()
        community = await self.done("communityRegister", name=f"某社区 {key}", area=TOWN)
        return community, await self.done("donorFirmRegister", name=f"某爱心企业 {key}", area=COUNTY)

    async def need(self, community: str, quantity: int = 1) -> str:
        key = self.new_key()
        given = {"title": f"需要 {key}", "communityId": community, "resourceType": TYPES[0], "quantity": quantity}
        return await self.done("needSubmit", key, **given)

    async def offer(self, provider: str, capacity: int) -> str:
        key = self.new_key()
        given = {"title": f"提供 {key}", "providerId": provider, "resourceType": TYPES[0], "capacity": capacity}
        return await self.done("offerPublish", key, **given, coverage=[COUNTY])

    async def order(self, need: str, offer: str, quantity: int = 1, at: int = 0) -> Attempt:
        """Noted with its key, so that one that was made twice is seen."""
        key = self.new_key()
        return await self.act("referralRequest", key, at, needId=need, offerId=offer, quantity=quantity, note=key)

    async def work(self, at: int, stop: Callable[[], bool]) -> None:
        """One client: needs, orders and their steps to the end, on an offer of its own and now and then a change of it,
        a page read between the acts."""
        community, provider = await self.parties()
        offer = await self.offer(provider, 1_000)
        while not stop():
            need = await self.need(community, 2)
            await self.once("read", READ, None, at)
            ordered = await self.order(need, offer, self._dice.choice((1, 2)), at)
            if ordered.id is None:
                continue
            luck = self._dice.random()
            if luck < 0.15:
                await self.act("referralReject", id=ordered.id, reason="NO_CAPACITY", at=at)
                continue
            await self.act("referralAccept", id=ordered.id, at=at)
            if luck < 0.3:
                await self.act("referralCancel", id=ordered.id, at=at)
                continue
            await self.act("referralStart", id=ordered.id, at=at)
            await self.act("referralComplete", id=ordered.id, delivered=1, outcome="GOT_HELP", at=at)
            if luck > 0.9:
                await self.act("offerChange", id=offer, title=f"提供 {self.new_key()}", at=at)

    async def load(self, clients: int, meanwhile: Callable[[], Any]) -> None:
        """`clients` of them work until `meanwhile()` has come to its end, and finish what they began."""
        over = False
        crowd = [asyncio.ensure_future(self.work(n, lambda: over)) for n in range(clients)]
        play = asyncio.ensure_future(meanwhile())
        try:
            # A client that fails ends the play: there is nobody left to see it.
            done, _ = await asyncio.wait({play, *crowd}, return_when=asyncio.FIRST_COMPLETED)
            over = True
            late: set[Any] = set()
            if play in done:
                _, late = await asyncio.wait(crowd, timeout=60)
            for one in (*crowd, play):
                if one.done():
                    one.result()
            assert not late, f"{len(late)} clients were never answered"
        finally:
            for one in (*crowd, play):
                one.cancel()
            await asyncio.gather(*crowd, play, return_exceptions=True)

    # ---------------------------------------------------------------------------------------- what came of it

    def codes(self) -> Counter[str]:
        return Counter(one.code for one in self.attempts if one.code)

    def rate(self) -> float:
        """Acknowledged acts a second."""
        return len(self.acknowledged) / (self.attempts[-1].ended - self.attempts[0].began)


async def lost_or_doubled(url: str, crowd: Crowd) -> list[str]:
    """What was acknowledged and is not there, or is there twice; in words."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        rows = await connection.fetch("SELECT operation, key, entity_id FROM idempotency")
        kept = {(row["operation"], row["key"]): row["entity_id"] for row in rows}
        found = [
            f"{act} {key}: acknowledged {number(id)}, kept {kept.get((act, key))}"
            for act, key, id in crowd.acknowledged
            if kept.get((act, key)) != number(id)
        ]
        ids: dict[str, set[int]] = {}
        for table in ("need", "offer", "referral", "party"):
            ids[table] = {row["id"] for row in await connection.fetch(f"SELECT id FROM {table}")}  # noqa: S608
        for act, key, id in crowd.acknowledged:
            table = {"community": "party", "donorFirm": "party"}.get(ACTS[act][2], ACTS[act][2])
            if number(id) not in ids[table]:
                found.append(f"{act} {key}: there is no {table} {number(id)}")
        for table, mark in (("need", "title"), ("offer", "title"), ("referral", "note")):
            twice = await connection.fetch(
                f"SELECT {mark} AS mark, count(*) FROM {table} GROUP BY 1 HAVING count(*) > 1"  # noqa: S608
            )
            found += [f"{table} {row['mark']} was made {row['count']} times" for row in twice]
        steps = await connection.fetch(
            """SELECT r.id, h ->> 'status' AS status, count(*) FROM referral r, jsonb_array_elements(r.history) h
               GROUP BY 1, 2 HAVING count(*) > 1"""
        )
        found += [f"referral {row['id']} became {row['status']} {row['count']} times" for row in steps]
        return found
    finally:
        await connection.close()
