"""Places: GB/T 2260 areas and zones."""

from __future__ import annotations

from typing import Annotated, Optional

import strawberry

from schema.enums import AreaLevel
from schema.mapping import column, one, page, part, value
from schema.nodes import Connection, Node


@strawberry.type(description="A surveyed position, WGS 84. 经纬度。")
class GeoPoint:
    longitude: float = part("Degrees east. 经度。", "longitude")
    latitude: float = part("Degrees north. 纬度。", "latitude")


@strawberry.type(description="A place of the administrative tree. 行政区划。")
class Area(Node):
    code: str = column("GB/T 2260: 2, 4, 6, 9 or 12 digits; a ZONE has a local code. 区划代码。")
    name: str = column("Its own name. 名称。")
    full_name: str = column("With all areas above: 山东省济宁市梁山县拳铺镇. 全称。")
    level: AreaLevel = column("Its level. 层级。")
    parent: Optional[Area] = one("The area above; null for a province. 上级。")  # noqa: UP045
    children: Connection[Annotated[Area, strawberry.lazy("schema.areas")]] = page("The areas below, by code. 下级。")
    location: GeoPoint | None = value("Position; null where nobody has surveyed it. 位置。", null_if="longitude")
