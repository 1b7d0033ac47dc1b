"""Procedures: by which steps work is done, as posted on walls."""

from __future__ import annotations

from datetime import date
from typing import Any

import strawberry

from schema.areas import Area
from schema.enums import AreaLevel, Society
from schema.mapping import column, label, one, part, value_list
from schema.nodes import Node


def _as_stored(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return steps


@strawberry.type(description="A step of a procedure. 程序的一步。")
class ProcedureStep:
    code: str = part("Unique in its procedure. 代码。", "code")
    title: str = label("In a few words. 名称。", "title")
    text: str = label("What is done. 内容。", "text")
    society: Society | None = part("Whose step it is; null: it does not say. 由哪一社负责。", "society")
    level: AreaLevel | None = part(
        "Whose step it is: the centre's, a station's, a room's; null: it does not say. 由哪一级负责。", "level"
    )
    referral_steps: list[str] = part(
        "Names of the steps of a referral (Referral.steps) that it stands for. 对应的点单步骤。", "referral_steps"
    )
    source: str = part("Where it is written. 出处。", "source")


@strawberry.type(description="By which steps work is done. 工作程序清单的一项。")
class Procedure(Node):
    code: str = column("Unique: ORDER_LOOP, CASEWORK, ... 代码。")
    title: str = label("Its name. 名称。", "title")
    area: Area | None = one("Where it holds, with all below; null: everywhere. 适用地区。")
    valid_from: date | None = column("Not before this day. 生效日期。", "since_on")
    valid_until: date | None = column("Not after this day. 失效日期。", "until_on")
    steps: list[ProcedureStep] = value_list("Its steps, in order. 步骤。", ("steps",), _as_stored)
