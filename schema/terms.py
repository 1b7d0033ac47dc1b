"""Codes that a county can extend: terms and resource types."""

from __future__ import annotations

from typing import Optional

import strawberry

from schema.enums import ResourceKind
from schema.mapping import column, label, one
from schema.nodes import Node


@strawberry.type(description="A code of a scheme: a client group, an industry, a channel, ... 分类项。")
class Term(Node):
    scheme: str = column("The scheme: client_group, domain, industry, channel, fund_source, ... 所属分类。")
    code: str = column("Unique within the scheme. 代码。")
    label: str = label("Its name. 名称。")


@strawberry.type(description="What can be asked for and offered; a tree. 资源类型。")
class ResourceType(Node):
    code: str = column("Unique. 代码。")
    label: str = label("Its name. 名称。")
    kind: ResourceKind = column("Its kind. 种类。")
    unit: str = column("What quantities of it are counted in: 元, 件, 人次, 小时, 场, ... 计量单位。")
    parent: Optional[ResourceType] = one("The wider type; an offer of it serves this one too. 上级类型。")  # noqa: UP045
