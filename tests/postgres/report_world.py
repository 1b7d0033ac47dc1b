"""Records of November 2026 in the small county, and reports of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from recorded import Served, serving
from small_county import COUNTY

from db import records
from db.kinds import KINDS
from db.records import camel
from db.viewer import LOCAL, Viewer
from resolvers import reports
from resolvers.context import Context
from resolvers.reports import CountedRows, Report

#: December: November is over, October before it.
LATER = datetime(2026, 12, 3, 2, tzinfo=UTC)
LEAST: dict[str, Any] = {
    "text": "甲",
    "prose": "甲",
    "whole": 1,
    "money": Decimal(1),
    "decimal": Decimal(1),
    "day": date(2026, 11, 10),
    "flag": False,
}


@dataclass
class Reported:
    served: Served
    now: datetime = LATER

    @property
    def county(self) -> Any:
        return self.served.county

    def context(self, viewer: Viewer = LOCAL) -> Context:
        return replace(self.county.by(viewer), clock=lambda: self.now)

    async def put(self, table: str, area: str, at: datetime | None = None, **values: Any) -> int:
        """A standing row of a kind of record, as it is stored; what must be given and is not is filled in."""
        kind, moment = KINDS[table], at or self.now
        county = await self.county.one("SELECT id, county_id FROM area WHERE code = :code", code=area)
        row: dict[str, Any] = {
            "area_id": county[0],
            "county_id": county[1],
            "recorded_at": moment,
            "changed_at": moment,
        }
        for one in kind.fields:
            if one.column not in values and one.must and one.form in LEAST:
                row[one.column] = LEAST[one.form]
        async with self.county.engine.begin() as conn:
            return await records.insert(conn, kind.row, row | values)

    async def change(self, table: str, id: int, at: datetime, **values: Any) -> None:
        async with self.county.engine.begin() as conn:
            await records.update(conn, KINDS[table].row, id, values, at=at, actor_id=None)

    async def serve(self, area: str, on: date, at: datetime | None = None, **figures: Any) -> int:
        """A standing service record of a visit, or of the kind given."""
        given = {"kind": "VISIT", "persons": 1, "person_times": 1} if "kind" not in figures else {}
        columns = {**given, **figures}
        named = ", ".join(columns)
        held = ", ".join(f"CAST(:{name} AS service_kind)" if name == "kind" else f":{name}" for name in columns)
        async with self.county.engine.begin() as conn:
            from sqlalchemy import text

            found = await conn.execute(
                text(
                    "INSERT INTO service_record (referral_id, area_id, county_id, provider_id, community_id,"  # noqa: S608
                    f" resource_type_id, served_on, side, recorded_at, {named}) SELECT r.id, a.id, a.county_id,"
                    f" r.provider_id, r.community_id, r.resource_type_id, :on, 'COORDINATOR', :at, {held}"
                    " FROM referral r, area a WHERE r.id = :referral AND a.code = :area RETURNING id"
                ),
                {"on": on, "at": at or self.now, "referral": self.served.goods, "area": area, **columns},
            )
            return int(found.scalar_one())

    async def report(self, area: str = COUNTY, viewer: Viewer = LOCAL, cadence: str = "MONTH", **asked: Any) -> Report:
        if "on" not in asked and "period" not in asked:
            asked["period"] = "2026-11" if cadence == "MONTH" else None
        return await reports.report(self.context(viewer), area=area, cadence=cadence, **asked)

    async def rows(self, measure: str, area: str = COUNTY, viewer: Viewer = LOCAL, **asked: Any) -> CountedRows:
        asked = {"cadence": "MONTH", "period": "2026-11", "first": 100} | asked
        return await reports.counted_rows(self.context(viewer), area=area, measure=measure, **asked)


def told(report: Report) -> dict[tuple[str, str], Any]:
    """Every figure by (row, measure): what is shown, parts, difference and plan."""
    found = {}
    for row in (*report.rows, report.total):
        name = "TOTAL" if row is report.total else f"{row.area.code}{' own' if row.own else ''}"
        for code, one in row.figures.items():
            parts = {part.code: (part.value, part.hidden) for part in one.parts}
            found[name, code] = (one.text, parts, one.difference, one.percent, one.planned)
    return found


@asynccontextmanager
async def reporting(url: str) -> AsyncIterator[Reported]:
    async with serving(url) as served:
        yield Reported(served)


def hours_after(moment: datetime, hours: float) -> datetime:
    return moment + timedelta(hours=hours)


__all__ = ["LATER", "Reported", "camel", "hours_after", "reporting", "told"]
