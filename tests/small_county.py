"""A county small enough to know by heart, and a way to ask what the database holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import text

from db import plans
from db.database import Database
from db.viewer import LOCAL, Viewer
from exchange.records import Place
from exchange.teams import read_linkage_models
from exchange.times import read_due_times
from exchange.vocabulary import AreaRecord, ResourceTypeRecord, TermRecord, read_weights
from resolvers import needs, offers, parties
from resolvers.context import Context
from resolvers.vocabulary import load

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
TODAY = date(2026, 11, 22)

COUNTY, TOWN, OTHER_TOWN, OTHER_COUNTY = "370832", "370832101", "370832102", "370811"
VILLAGE, SECOND_VILLAGE, FAR_VILLAGE = "370832101201", "370832101202", "370832102201"
HERE = Place("small_county")

_AREAS: tuple[tuple[str, str, Any, str | None], ...] = (
    ("37", "山东省", "PROVINCE", None),
    ("3708", "济宁市", "PREFECTURE", "37"),
    (COUNTY, "梁山县", "COUNTY", "3708"),
    (TOWN, "拳铺镇", "TOWNSHIP", COUNTY),
    (OTHER_TOWN, "杨营镇", "TOWNSHIP", COUNTY),
    (VILLAGE, "甲村", "VILLAGE", TOWN),
    (SECOND_VILLAGE, "乙村", "VILLAGE", TOWN),
    (FAR_VILLAGE, "丙村", "VILLAGE", OTHER_TOWN),
    (OTHER_COUNTY, "任城区", "COUNTY", "3708"),
)
_NAMES = {code: name for code, name, _, _ in _AREAS}
AREAS = tuple(
    AreaRecord(
        HERE,
        code,
        name,
        level,
        parent,
        "".join(_NAMES[code[:n]] for n in (2, 4, 6, 9, 12) if n <= len(code)),
    )
    for code, name, level, parent in _AREAS
)
TERMS = (
    TermRecord(HERE, "domain", "CHILD_PROTECTION", None, "儿童关爱保护", "Child protection"),
    TermRecord(HERE, "client_group", "CHILD", None, "困境儿童", "Child in difficulty", (), ("CHILD_PROTECTION",)),
    TermRecord(HERE, "client_group", "ORPHAN", "CHILD", "孤儿", "Orphan"),
    TermRecord(HERE, "client_group", "ELDER", None, "困难老年人", "Elder in difficulty"),
    TermRecord(HERE, "channel", "HOTLINE", None, "12345 热线", "Hotline 12345"),
    TermRecord(HERE, "industry", "TEXTILE", None, "纺织", "Textile"),
    TermRecord(HERE, "fund_source", "CHARITY", None, "慈善资金", "Charity"),
    TermRecord(HERE, "outcome", "GOT_HELP", None, "已获帮助", "Got help"),
    TermRecord(HERE, "outcome", "NO_LONGER_INTERESTED", None, "不再需要", "No longer interested"),
    TermRecord(HERE, "referral_reason", "NO_CAPACITY", None, "余量不足", "No capacity"),
    TermRecord(HERE, "referral_reason", "OFFER_PAUSED", None, "资源已暂停", "The offer was paused"),
    TermRecord(HERE, "referral_reason", "NO_ANSWER", None, "逾期无人应答", "Nobody answered in time"),
)
TYPES = (
    ResourceTypeRecord(HERE, "GOODS", "物资", "Goods", "GOODS", "件", None),
    ResourceTypeRecord(HERE, "AIDS", "辅具", "Aids", "GOODS", "件", "GOODS"),
    ResourceTypeRecord(HERE, "WHEELCHAIR", "轮椅", "Wheelchair", "GOODS", "件", "AIDS"),
    ResourceTypeRecord(HERE, "FUNDS", "资金", "Funds", "FUNDS", "元", None),
)


@dataclass(frozen=True)
class County:
    """One database with the small vocabulary; acts as the local administrator unless told otherwise."""

    context: Context
    engine: Any

    def by(self, viewer: Viewer) -> Context:
        return replace(self.context, viewer=viewer)

    def on(self, day: date) -> Context:
        moment = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
        return replace(self.context, clock=lambda: moment)

    async def rows(self, sql: str, **values: Any) -> list[Any]:
        async with self.engine.connect() as conn:
            return list((await conn.execute(text(sql), values)).all())

    async def one(self, sql: str, **values: Any) -> Any:
        (row,) = await self.rows(sql, **values)
        return row

    async def counts(self) -> dict[str, int]:
        """Rows of every table that an act may write: compared before and after a refusal."""
        tables = (
            "party",
            "need",
            "offer",
            "match",
            "plan",
            "allocation",
            "shortfall",
            "linkage_model",
            "referral",
            "follow_up",
            "service_record",
            "certificate",
            "notice",
            "webhook",
            "client",
            "consent",
            "identity",
            "identity_reading",
            "record_version",
            "event",
            "idempotency",
            "api_key",
        )
        return {name: (await self.one(f"SELECT count(*) FROM {name}"))[0] for name in tables}  # noqa: S608

    async def state(self) -> list[Any]:
        """Everything about needs, offers, parties and plans that an act may change."""
        found: list[Any] = []
        for name in (
            "party",
            "need",
            "offer",
            "match",
            "plan",
            "referral",
            "service_record",
            "certificate",
            "webhook",
            "client",
            "consent",
        ):
            found += await self.rows(f"SELECT to_jsonb(t) FROM {name} t ORDER BY id")  # noqa: S608
        return found

    async def area_id(self, code: str) -> int:
        return int((await self.one("SELECT id FROM area WHERE code = :code", code=code))[0])

    async def coordinator(self, code: str = COUNTY, key_id: int = 1) -> Viewer:
        return Viewer("COORDINATOR", key_id, await self.area_id(code), len(code) == 6)

    async def community(self, area: str = VILLAGE, name: str = "甲村社区") -> int:
        return (await parties.register_community(self.context, name=name, area=area)).id

    async def provider(self, area: str = TOWN, name: str = "拳铺爱心公司") -> int:
        return (await parties.register_donor_firm(self.context, name=name, area=area)).id

    async def need(self, community_id: int, **changed: Any) -> int:
        values: dict[str, Any] = {"title": "轮椅一台", "resource_type": "WHEELCHAIR", "quantity": 2}
        return (await needs.submit(self.context, community_id=community_id, **values | changed)).id

    async def offer(self, provider_id: int, **changed: Any) -> int:
        values: dict[str, Any] = {
            "title": "捐赠轮椅",
            "resource_type": "WHEELCHAIR",
            "capacity": 10,
            "coverage": [COUNTY],
        }
        return (await offers.publish(self.context, provider_id=provider_id, **values | changed)).id

    async def waiting_plan(self, area: str = COUNTY) -> int:
        """A plan in the queue, as far as anybody sees, whose job nobody will take."""
        async with self.engine.begin() as conn:
            area_id = await self.area_id(area)
            return await plans.queue(conn, area_id=area_id, order="URGENT_FIRST", at=NOON, actor_id=None)

    async def matched(self, need_id: int) -> list[int]:
        """Ids of the offers stored for a need, best first."""
        return [
            row[0]
            for row in await self.rows(
                "SELECT offer_id FROM match WHERE need_id = :id ORDER BY score DESC, offer_id", id=need_id
            )
        ]


async def found(url: str) -> tuple[Database, County]:
    """A database with the vocabulary loaded. Close it afterwards."""
    database = Database(url)
    context = Context(database, LOCAL, lambda: NOON)
    await load(
        context,
        areas=AREAS,
        terms=TERMS,
        resource_types=TYPES,
        weights=read_weights().records,
        team_roles=read_linkage_models().records,
        due_times=read_due_times(None, ()).records,
    )
    return database, County(context, database.engine)
