"""Notices: the inbox of a party, or of the coordinators of an area."""

from __future__ import annotations

from datetime import datetime

import strawberry

from schema.areas import Area
from schema.enums import NoticeKind
from schema.mapping import column, label, one
from schema.nodes import Node
from schema.parties import Party


@strawberry.type(description="Something to know or to do, told once. 通知。")
class Notice(Node):
    kind: NoticeKind = column("What it is. 种类。")
    party: Party | None = one("The party it is for; null where it is for the coordinators of an area. 收件主体。")
    area: Area | None = one("The area whose coordinators it is for; null where it is for a party. 收件地区的统筹员。")
    title: str = label("In a few words. 标题。", "title")
    body: str = label("What happened, and what is to be done; it names no person. 正文。", "body")
    about: list[strawberry.ID] = column("What it is about: ids of referrals or offers, for `nodes`. 相关事项的编号。")
    created_at: datetime = column("When it was told. 时间。")
    read_at: datetime | None = column("When it was read; null until then. 已读时间。")
    delivered_at: datetime | None = column(
        "When it was delivered outside the platform, too; null where it was not (yet). 送达时间。"
    )
