"""A province to measure on: 35 counties, filled by COPY, the same at every run.

Rows are written as they are stored, so that reading is measured apart from importing and matching.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg

from db.database import Database
from db.migrate import upgrade
from db.viewer import LOCAL
from exchange.vocabulary import read_areas, read_resource_types, read_terms, read_weights
from resolvers.context import Context
from resolvers.loading import load

PROVINCE = "37"
COUNTIES, TOWNSHIPS, VILLAGES = 35, 10, 5
COMMUNITIES, ORGANIZATIONS, VOLUNTEERS = 2_000, 5_000, 20_000
OFFERS, NEEDS, MATCHES_OF_A_NEED = 50_000, 50_000, 5
NOON = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
PRIORITIES = ("ROUTINE", "URGENT", "ASAP", "STAT")


@dataclass(frozen=True, slots=True)
class County:
    """`key` is the API key of its COORDINATOR; `need_ids` are some of its needs."""

    id: int
    code: str
    key: str
    need_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    county: int
    township: int
    village: int


async def words(url: str) -> None:
    """Migrates the database and loads the shipped vocabulary."""
    await upgrade(url)
    database = Database(url)
    try:
        await load(
            Context(database, LOCAL),
            areas=read_areas().records,
            terms=read_terms().records,
            resource_types=read_resource_types().records,
            weights=read_weights().records,
        )
    finally:
        await database.close()


async def fill(
    url: str, offers: int = OFFERS, needs: int = NEEDS, *, counties: int = COUNTIES, matched: bool = True
) -> list[County]:
    """Fills a database that `words` prepared, and analyses it. About 15 s for the whole province."""
    raw = await asyncpg.connect(url)
    try:
        dice = random.Random(2026)
        chosen, places = await _areas(raw, counties)
        types = [row[0] for row in await raw.fetch("SELECT id FROM resource_type WHERE parent_id IS NOT NULL")]
        groups = [row[0] for row in await raw.fetch("SELECT id FROM term WHERE scheme = 'client_group' ORDER BY id")]
        communities = await _parties(raw, dice, places)
        offer_rows = _offers(dice, offers, types, groups, places)
        await _copy(raw, "offer", _OFFER, offer_rows)
        need_rows = _needs(dice, needs, types, groups, places, communities)
        await _copy(raw, "need", _NEED, need_rows)
        if matched:
            await _copy(raw, "match", _MATCH, _matches(dice, need_rows, offer_rows, await _weights(raw)))
        await _next_ids(raw)
        keys = await _keys(raw, [id for id, _ in chosen])
        await raw.execute("VACUUM ANALYZE")
        await raw.execute("CHECKPOINT")
    finally:
        await raw.close()
    own: dict[int, list[int]] = {}
    for row in need_rows:
        own.setdefault(row[4], []).append(row[0])
    return [County(id, code, keys[id], tuple(own.get(id, ())[:20])) for id, code in chosen]


async def _areas(raw: Any, counties: int) -> tuple[list[tuple[int, str]], list[_Place]]:
    found = await raw.fetch(
        "SELECT id, code, full_name, ancestor_ids FROM area WHERE level = 'COUNTY' AND code LIKE $1 ORDER BY code",
        PROVINCE + "%",
    )
    chosen = found[:counties]
    taken = {row[0] for row in await raw.fetch("SELECT code FROM area")}
    next_id = await raw.fetchval("SELECT max(id) FROM area")
    rows: list[tuple[Any, ...]] = []
    places = []

    def add(code: str, name: str, full: str, level: str, parent: int, above: Sequence[int], county: int) -> int:
        nonlocal next_id
        next_id += 1
        rows.append((next_id, code, name, full, level, parent, [*above, next_id], county))
        return int(next_id)

    for county in chosen:
        codes = (code for n in range(900) if (code := f"{county['code']}{n:03d}") not in taken)
        for t in range(TOWNSHIPS):
            code, name = next(codes), f"第{t + 1}镇"
            full = county["full_name"] + name
            township = add(code, name, full, "TOWNSHIP", county["id"], county["ancestor_ids"], county["id"])
            for v in range(VILLAGES):
                above = [*county["ancestor_ids"], township]
                name = f"第{v + 1}村"
                village = add(f"{code}{v:03d}", name, full + name, "VILLAGE", township, above, county["id"])
                places.append(_Place(county["id"], township, village))
    columns = ("id", "code", "name", "full_name", "level", "parent_id", "ancestor_ids", "county_id")
    await _copy(raw, "area", columns, rows)
    return [(row["id"], row["code"]) for row in chosen], places


_PARTY = ("id", "kind", "name", "area_id", "county_id", "headcount", "created_at")
_OFFER = (
    "id", "title", "provider_id", "area_id", "county_id", "resource_type_id", "capacity", "committed", "coverage_ids",
    "client_group_ids", "minimum_per_need", "maximum_per_need", "available_from", "available_until", "status",
    "confirmed_at",
)  # fmt: skip
_NEED = (
    "id", "title", "community_id", "area_id", "county_id", "resource_type_id", "client_group_ids", "quantity",
    "committed", "priority", "needed_from", "needed_by", "status", "created_at",
)  # fmt: skip
_MATCH = ("need_id", "offer_id", "score", "quantity", "parts", "weight_set_id")


async def _parties(raw: Any, dice: random.Random, places: Sequence[_Place]) -> list[tuple[int, _Place]]:
    rows: list[tuple[Any, ...]] = []
    communities = []
    for n in range(COMMUNITIES + ORGANIZATIONS + VOLUNTEERS):
        place = places[n % len(places)]
        if n < COMMUNITIES:
            kind, name, heads = "COMMUNITY", f"社区{n}", None
            communities.append((n + 1, place))
        elif n < COMMUNITIES + ORGANIZATIONS:
            kind, name, heads = "ORGANIZATION", f"社会工作服务中心{n}", None
        else:
            kind, name, heads = "VOLUNTEER", f"志愿者{n}", 1 if n % 5 else dice.randint(2, 60)
        rows.append((n + 1, kind, name, place.village, place.county, heads, NOON - timedelta(hours=n % 9_000)))
    await _copy(raw, "party", _PARTY, rows)
    return communities


def _offers(
    dice: random.Random, count: int, types: Sequence[int], groups: Sequence[int], places: Sequence[_Place]
) -> list[tuple[Any, ...]]:
    rows = []
    providers = ORGANIZATIONS + VOLUNTEERS
    for n in range(count):
        provider = COMMUNITIES + 1 + n % providers
        place = places[(provider - 1) % len(places)]
        capacity = dice.choice((1, 2, 5, 10, 30, 100))
        coverage = dice.choice((place.county, place.county, place.township, place.village))
        status = "PAUSED" if n % 25 == 7 else "DRAFT" if n % 50 == 11 else "ACTIVE"
        # Drafts are old: the freshest page is then the same for a peer that does not know who may see them.
        age = timedelta(seconds=dice.randrange(20_000_000), days=300 if status == "DRAFT" else 0)
        rows.append(
            (
                n + 1,
                f"资源供给{n}",
                provider,
                place.village,
                place.county,
                types[n % len(types)],
                capacity,
                dice.randrange(capacity),
                [coverage],
                [] if n % 3 else sorted(dice.sample(list(groups), 2)),
                1,
                None if n % 4 else capacity,
                None if n % 2 else date(2026, 1, 1),
                None if n % 3 else date(2027, 6, 1) + timedelta(days=n % 300),
                status,
                NOON - age,
            )
        )
    return rows


def _needs(
    dice: random.Random,
    count: int,
    types: Sequence[int],
    groups: Sequence[int],
    places: Sequence[_Place],
    communities: Sequence[tuple[int, _Place]],
) -> list[tuple[Any, ...]]:
    rows = []
    for n in range(count):
        community, place = communities[n % len(communities)]
        rows.append(
            (
                n + 1,
                f"需求{n}",
                community,
                place.village,
                place.county,
                dice.choice(types),
                [] if n % 3 else [dice.choice(groups)],
                dice.randint(1, 9),
                0,
                dice.choices(PRIORITIES, (70, 20, 8, 2))[0],
                None if n % 2 else date(2026, 11, 1),
                None if n % 4 == 0 else date(2026, 12, 1) + timedelta(days=n % 200),
                ("MET", "CLOSED", "WITHDRAWN")[n // 20 % 3] if n % 20 < 5 else "OPEN",
                NOON - timedelta(seconds=dice.randrange(10_000_000)),
            )
        )
    return rows


def _matches(
    dice: random.Random, needs: Iterable[tuple[Any, ...]], offers: Iterable[tuple[Any, ...]], weights: Sequence[int]
) -> list[tuple[Any, ...]]:
    """Offers of the need's own county, whatever their type: reading does not look at why they match."""
    near: dict[int, list[int]] = {}
    for offer in offers:
        if offer[14] == "ACTIVE":
            near.setdefault(offer[4], []).append(offer[0])
    rows = []
    for need in needs:
        for offer_id in dice.sample(near[need[4]], MATCHES_OF_A_NEED):
            parts = [dice.randrange(10_001) for _ in weights]
            score = sum(p * w for p, w in zip(parts, weights, strict=True)) / 1e8
            rows.append((need[0], offer_id, score, dice.randint(1, 9), parts, 1))
    return rows


async def _weights(raw: Any) -> list[int]:
    return list(await raw.fetchval("SELECT weights FROM weight_set WHERE id = 1"))


async def _keys(raw: Any, county_ids: Sequence[int]) -> dict[int, str]:
    keys = {id: f"flk_{id:08d}_{hashlib.sha256(b'%d' % id).hexdigest()[:43]}" for id in county_ids}
    rows = [(f"{id:08d}", hashlib.sha256(key.encode()).digest(), "COORDINATOR", id) for id, key in keys.items()]
    await _copy(raw, "api_key", ("prefix", "digest", "role", "area_id"), rows)
    return keys


async def _next_ids(raw: Any) -> None:
    for table in ("area", "party", "need", "offer"):
        largest = await raw.fetchval(f"SELECT coalesce(max(id), 1) FROM {table}")  # noqa: S608 (names of this file)
        await raw.execute("SELECT setval(pg_get_serial_sequence($1, 'id'), $2::bigint)", table, largest)


async def _copy(raw: Any, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    await raw.copy_records_to_table(table, records=rows, columns=columns)
