"""What everything with an id is, and the parts of a Relay connection."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import strawberry

from schema.mapping import column, label, part

T = TypeVar("T")


class Mapped:
    """Rows come as dicts; `__type` says which type of an interface one is."""

    @classmethod
    def is_type_of(cls, obj: Any, info: Any) -> bool:
        return True

    @classmethod
    def resolve_type(cls, obj: Any, info: Any, abstract_type: Any) -> str:
        return str(obj["__type"])


@strawberry.interface(description="Anything with a global id. 凡有全局编号者。")
class Node(Mapped):
    id: strawberry.ID = column("Global id, opaque. 全局编号。", "id")


@strawberry.type(description="Where a page stands in its list (Relay). 分页信息。")
class PageInfo:
    has_next_page: bool = part("Whether more follows. 后面是否还有。", "has_next_page")
    has_previous_page: bool = part("Whether something comes before. 前面是否还有。", "has_previous_page")
    start_cursor: str | None = part("Cursor of the first edge; null for an empty page. 首条游标。", "start_cursor")
    end_cursor: str | None = part("Cursor of the last edge; null for an empty page. 末条游标。", "end_cursor")


@strawberry.type(description="One row of a page. 分页中的一条。")
class Edge(Generic[T]):
    cursor: str = part("Cursor of this edge. 本条游标。", "cursor")
    node: T = part("The thing itself. 内容。", "node")


@strawberry.type(description="A page of a list (Relay connection). 分页列表。")
class Connection(Generic[T]):
    edges: list[Edge[T]] = part("The rows of this page, in the order of the list. 本页各条。", "edges")
    page_info: PageInfo = part("Where this page stands. 分页信息。", "page_info")
    total_count: int = part("How many the whole list holds. 总数。", "total_count")


@strawberry.type(description="How many rows have one code; a facet ignores its own filter. 分面计数。")
class Facet:
    code: str = part("The code counted. 代码。", "code")
    label: str = label("Its name. 名称。")
    count: int = part("How many rows. 数量。", "count")
