"""What an order takes changes the stored matches as computing all of them anew would."""

from __future__ import annotations

import random
from typing import Any

import pytest
from small_county import found

from db import matches as stored_matches
from resolvers import matches, referrals
from resolvers.errors import Refusal

ROUNDS = 12


async def stored(county: Any) -> list[Any]:
    return await county.rows("SELECT need_id, offer_id, score, quantity, parts FROM match ORDER BY 1, 2")


@pytest.mark.parametrize("offers", [4, 60], ids=["every fitting offer is stored", "only the best are stored"])
@pytest.mark.parametrize("seed", range(3))
async def test_after_every_order_the_matches_are_those_of_a_fresh_computation(
    database_url: str, offers: int, seed: int
) -> None:
    chance = random.Random(seed)
    database, county = await found(database_url)
    try:
        if seed == 2:
            # Weights of a county that does not count room at all.
            async with county.engine.begin() as conn:
                id = await stored_matches.add_weights(conn, ["TYPE_FIT", "NEARNESS"], [6_000, 4_000])
                await stored_matches.set_state(conn, county.context.today, id)
        community, provider = await county.community(), await county.provider()
        for _ in range(4):
            await county.need(community, quantity=chance.randint(1, 12))
        for _ in range(offers):
            least = chance.randint(1, 3)
            most = chance.choice([None, least, least + chance.randint(0, 5)])
            await county.offer(
                provider,
                capacity=chance.randint(least, 12),
                minimum_per_need=least,
                maximum_per_need=most,
                client_groups=chance.choice([[], [], [], ["CHILD"]]),
            )
        done = 0
        for _ in range(ROUNDS):
            pairs = await county.rows("SELECT need_id, offer_id, quantity FROM match ORDER BY 1, 2")
            if not pairs:
                break
            pair = chance.choice(pairs)
            try:
                await referrals.request(
                    county.context,
                    need_id=pair.need_id,
                    offer_id=pair.offer_id,
                    quantity=chance.randint(1, pair.quantity),
                )
                done += 1
            except Refusal:
                continue  # less than the minimum, or more than one need may have of it
            after = await stored(county)
            await matches.renew_all(county.context)
            assert after == await stored(county)
        assert done >= 2
    finally:
        await database.close()
