"""Service catalogues (服务清单): which services are offered in an area, in versions that follow one another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped

from db.records import Kind, Record, day, flag, term, text, to, whole


class CatalogueRow(Record):
    """One version of an area's catalogue; the next one ends it and leaves it to be asked for."""

    __tablename__ = "catalogue"
    record = Kind(
        "Catalogue",
        "catalogues",
        "服务清单",
        "service catalogue",
        seen="PUBLIC",
        search="title",
        on="from_on",
        until="until_on",
        key=("title", "version"),
    )

    title: Mapped[str] = text("Its title. 清单名称。")
    version: Mapped[str] = text("Which version it is. 版本。")
    from_on: Mapped[date] = day("Its first day. 生效日期。")
    until_on: Mapped[date | None] = day("Its last day. 失效日期。", optional=True)
    example: Mapped[bool] = flag("Whether it only shows the form and is nobody's catalogue. 示例。")


class CatalogueServiceRow(Record):
    """One service of a catalogue."""

    __tablename__ = "catalogue_service"
    record = Kind(
        "CatalogueService",
        "catalogueServices",
        "清单服务",
        "service of a catalogue",
        seen="PUBLIC",
        under="catalogue_id",
        search="name_zh",
        key=("code",),
        order=(("position", False), ("id", False)),
    )

    catalogue_id: Mapped[int] = to("catalogue", "Which catalogue. 服务清单。", back="services")
    position: Mapped[int] = whole("Its place in the catalogue. 序号。", least=0, default=0)
    domain_id: Mapped[int | None] = term(
        "domain", "Of which domain of service it is; none: beside the domains. 服务领域。", optional=True
    )
    code: Mapped[str] = text("Its code within the catalogue. 服务编码。")
    name_zh: Mapped[str] = text("Its name. 服务名称。")
    name_en: Mapped[str | None] = text("Its English name. 英文名称。", optional=True)
    resource_type_id: Mapped[int | None] = to("resource_type", "What kind of resource it is. 资源类型。", optional=True)
    method_id: Mapped[int | None] = term("method", "By which method of social work. 工作方法。", optional=True)
    what: Mapped[str | None] = text("What it consists of. 服务内容。", prose=True, optional=True)


_TABLE: Any = CatalogueRow.__table__
_STANDS = _TABLE.c.withdrawn_at.is_(None)


async def versions(conn: AsyncConnection, area_id: int, title: str) -> Sequence[Any]:
    """Standing versions of a catalogue of an area, locked until the transaction ends; by their first day."""
    query = select(_TABLE).where(_TABLE.c.area_id == area_id, _TABLE.c.title == title, _STANDS)
    return (await conn.execute(query.order_by(_TABLE.c.from_on, _TABLE.c.id).with_for_update(key_share=True))).all()


async def holding(conn: AsyncConnection, area_ids: Sequence[int], on: date) -> Sequence[Any]:
    """Standing catalogues of these areas that hold on a day, examples left out; by title, newest first."""
    query = select(_TABLE.c.id, _TABLE.c.area_id).where(
        _TABLE.c.area_id.in_(area_ids),
        _TABLE.c.from_on <= on,
        or_(_TABLE.c.until_on.is_(None), _TABLE.c.until_on >= on),
        ~_TABLE.c.example,
        _STANDS,
    )
    return (await conn.execute(query.order_by(_TABLE.c.title, _TABLE.c.from_on.desc(), _TABLE.c.id))).all()
