"""The acts of tests/referral_model.py, carried out by the product; and everything that is visible of what they did."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import small_county as place
from referral_model import DONE, STEPS, Who
from sqlalchemy import make_url, text

import data
from db.database import Database
from db.viewer import PUBLIC, Viewer
from resolvers import matches, needs, offers, plan_approval, plan_jobs, plans, referrals
from resolvers.context import Context
from resolvers.errors import Refusal

#: From here to the end of the year no day but the weekend is free in China.
BEGIN = datetime(2026, 10, 12, 4, tzinfo=UTC)
#: What an act may write: none of it differs after a refusal.
WRITTEN = ("need", "offer", "match", "referral", "follow_up", "plan", "allocation", "notice", "event", "idempotency")
PRINT = " UNION ALL ".join(
    f"SELECT '{name}', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {name} t"  # noqa: S608
    for name in WRITTEN
)
SHOWN = ("need", "offer", "quantity", "status", "held", "delivered", "due", "owner", "escalations", "awaited",
         "followed_up", "closed_by")  # fmt: skip
VISIBLE = (
    "SELECT id, quantity, committed, delivered, status::text FROM need ORDER BY id",
    "SELECT id, capacity, committed, status::text FROM offer ORDER BY id",
    """SELECT id, need_id AS need, offer_id AS offer, quantity, status::text, held, coalesce(delivered, 0) AS delivered,
        due_at AS due, (SELECT code FROM area a WHERE a.id = r.owner_area_id) AS owner, escalations, awaited,
        followed_up_at IS NOT NULL AS followed_up, closed_by::text FROM referral r""",
    "SELECT need_id, offer_id, quantity FROM match",
    PRINT,
)
ADMIN = Who("admin", "COORDINATOR")
WHO = (
    Who("county", "COORDINATOR", place.COUNTY),
    Who("town", "COORDINATOR", place.TOWN),
    Who("elsewhere", "COORDINATOR", place.OTHER_COUNTY),
    Who("near community", "PARTNER", place.VILLAGE, 1),
    Who("far community", "PARTNER", place.FAR_VILLAGE, 2),
    Who("firm", "PARTNER", place.TOWN, 3),
    Who("far firm", "PARTNER", place.OTHER_TOWN, 4),
    Who("stranger", "PARTNER", place.TOWN, 5),
    Who("reader", "READER"),
    Who("public", "PUBLIC"),
    ADMIN,
)
COMMUNITIES = {1: place.VILLAGE, 2: place.FAR_VILLAGE}
PROVIDERS = {3: place.TOWN, 4: place.OTHER_TOWN, 5: place.TOWN}


def rules() -> dict[tuple[str, str], tuple[int, int]]:
    with (Path(data.__file__).parent / "due_times.csv").open(encoding="utf-8") as file:
        return {
            (row["step"], row["priority"]): (int(row["days"]), int(row["again_days"])) for row in csv.DictReader(file)
        }


class Product:
    """The acts of the model, carried out by the product."""

    def __init__(self, url: str, viewers: dict[str, Viewer]) -> None:
        self.database = Database(url)
        self.viewers = viewers
        self.now = BEGIN

    def context(self, who: Who = ADMIN) -> Context:
        at = self.now
        return Context(self.database, self.viewers[who.name], lambda: at)

    async def do(self, act: str, who: Who, key: str | None, given: dict[str, Any]) -> tuple[str, int]:
        """The kind of answer, and the id of what was done. Whoever is told to try again does."""
        for _ in range(5):
            try:
                return DONE, (await self._call(act, self.context(who), key, given)).id
            except Refusal as refused:
                if refused.code != "BUSY":
                    return type(refused).__name__, 0
        raise AssertionError("busy for ever")

    async def _call(self, act: str, context: Context, key: str | None, given: dict[str, Any]) -> Any:
        values: dict[str, Any] = {**given, "idempotency_key": key}
        if act in ("order", "take"):
            values |= {"need_id": values.pop("need"), "offer_id": values.pop("offer")}
            return await (referrals.request if act == "order" else referrals.take)(context, **values)
        if act in STEPS:
            return await referrals.advance(context, act, **values)
        if act == "need_submit":
            values["community_id"], values["resource_type"] = values.pop("community"), values.pop("type")
            values.pop("area")
            return await needs.submit(context, title="需求", **values)
        if act == "offer_publish":
            values["provider_id"], values["resource_type"] = values.pop("provider"), values.pop("type")
            values.pop("area")
            values["coverage"] = [values.pop("coverage")]
            values["minimum_per_need"], values["maximum_per_need"] = values.pop("minimum"), values.pop("maximum")
            return await offers.publish(context, title="供给", **values)
        calls: dict[str, Any] = {
            "follow_up": referrals.follow_up,
            "need_change": needs.change,
            "need_withdraw": needs.withdraw,
            "pause": offers.pause,
            "resume": offers.resume,
            "withdraw": offers.withdraw,
            "capacity": offers.change,
            "plan": plans.compute,
            "approve": plan_approval.approve,
        }
        return await calls[act](context, **values)

    async def rows(self, sql: str, **values: int) -> list[Any]:
        async with self.database.engine.connect() as conn:
            return list((await conn.execute(text(sql), values)).all())

    async def everything(self) -> list[list[Any]]:
        async with self.database.engine.connect() as conn:
            return [list((await conn.execute(text(sql))).all()) for sql in VISIBLE]

    async def prints(self) -> list[Any]:
        return await self.rows(PRINT)

    async def fresh(self) -> tuple[list[Any], list[Any]]:
        """The matches as they stand, and as they are when computed from nothing."""
        sql = text("SELECT need_id, offer_id, score, quantity, parts FROM match ORDER BY 1, 2")
        async with self.database.engine.connect() as conn, conn.begin() as undone:
            now = list((await conn.execute(sql)).all())
            await conn.exec_driver_sql("DELETE FROM match")
            roots = [row[0] for row in await conn.exec_driver_sql("SELECT DISTINCT root_id FROM resource_type")]
            await matches.renew_trees(self.context(), conn, roots)
            again = list((await conn.execute(sql)).all())
            await undone.rollback()
        return now, again

    async def close(self) -> None:
        await plan_jobs.dismiss(self.database.engine)
        await self.database.close()


async def execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def named(url: str, name: str) -> str:
    return str(make_url(url).set(database=name).render_as_string(hide_password=False))


async def prepared(url: str) -> dict[str, Viewer]:
    """Everybody who acts, in a county without needs and offers; how each signs in."""
    database, county = await place.found(url)
    try:
        ids = [await county.community(), await county.community(place.FAR_VILLAGE, "丙村社区")]
        ids += [await county.provider(name=name, area=area) for name, area in
                (("甲公司", place.TOWN), ("乙公司", place.OTHER_TOWN), ("路过的公司", place.TOWN))]  # fmt: skip
        assert ids == [1, 2, 3, 4, 5]
        viewers = {"admin": county.context.viewer, "public": PUBLIC, "reader": Viewer("READER", 90)}
        for number, one in enumerate(WHO, 10):
            if one.role == "PARTNER":
                viewers[one.name] = Viewer("PARTNER", number, party_id=one.party)
            elif one.name not in viewers:
                viewers[one.name] = await county.coordinator(one.area, number)
        return viewers
    finally:
        await database.close()
