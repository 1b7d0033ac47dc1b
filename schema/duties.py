"""Duties: the list on the wall of the centre, the station and the village room."""

from __future__ import annotations

from datetime import date

import strawberry

from schema.areas import Area
from schema.enums import AreaLevel
from schema.mapping import column, label, one
from schema.nodes import Node


@strawberry.type(description="What the centre, a station or a village room answers for. 责任清单的一项。")
class Duty(Node):
    code: str = column("Unique: COORDINATE, CASE_MANAGEMENT, ... 代码。")
    level: AreaLevel = column("COUNTY: the centre; TOWNSHIP: a station; VILLAGE: a room. 哪一级的责任。")
    title: str = label("In a few words. 名称。", "title")
    text: str = label("In a sentence. 内容。", "text")
    area: Area | None = one("Where it holds, with all below; null: everywhere. 适用地区。")
    valid_from: date | None = column("Not before this day. 生效日期。", "since_on")
    valid_until: date | None = column("Not after this day. 失效日期。", "until_on")
    source: str = column("Where it is written. 出处。")
