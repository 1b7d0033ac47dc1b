"""The linkage network, ready to draw."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any

import strawberry

from db.cursors import global_id
from db.entities import PARTY_TYPES
from resolvers import linkage
from schema.mapping import entry, id_of, part
from schema.parties import Party


@strawberry.enum(description="What an edge of the linkage network says. 联动关系的种类。")
class LinkKind(Enum):
    SERVES = strawberry.enum_value(
        "SERVES", description="Offers of one match needs of the other, or are allocated to them. 供给与需求相连"
    )
    TOGETHER = strawberry.enum_value("TOGETHER", description="Both serve the same communities. 服务同一社区")


@strawberry.type(description="A party in the linkage network, with its place in the drawing. 联动网络中的主体。")
class NetworkNode:
    party: Party = entry("party", "The party. 主体。")
    x: float = part("From 0 (left) to 1. 横坐标。", "x")
    y: float = part("From 0 to 1; the scale is that of x. 纵坐标。", "y")
    degree: int = part("How many of these edges it has. 关联数。", "degree")


@strawberry.type(description="Two parties that are linked. 联动关系。")
class NetworkEdge:
    source: strawberry.ID = part("Id of one party; of SERVES, the community's. 一方编号。", "source")
    target: strawberry.ID = part("Id of the other. 另一方编号。", "target")
    weight: float = part(
        "SERVES: a quarter of the sum of match scores, and 1 for each need allocated in a plan that stands. "
        "TOGETHER: sum over the communities both serve of 1 / how many serve it. 强度。",
        "weight",
    )
    kind: LinkKind = part("What links them. 种类。", "kind")


@strawberry.type(
    description="Who is linked with whom, with coordinates computed by the server: the same data gives the same "
    "picture. At most 1,000 parties, those with most links first. 联动网络。"
)
class LinkageNetwork:
    nodes: list[NetworkNode] = part("Parties with a link, by age of registration. 主体。", "nodes")
    edges: list[NetworkEdge] = part(
        "Links among them, at most 3,500, the strongest of each party first. 关系。", "edges"
    )
    omitted_nodes: int = part("Linked parties left out of the drawing. 未画出的主体数。", "omitted_nodes")
    omitted_edges: int = part("Links among the nodes left out of the drawing. 未画出的关系数。", "omitted_edges")


PARTY_ID_TYPES = tuple(PARTY_TYPES.values())


class _Edge:
    """An edge with global ids."""

    __slots__ = ("kind", "source", "target", "weight")

    def __init__(self, edge: linkage.Edge, ids: dict[int, str]) -> None:
        self.source, self.target = ids[edge.source.id], ids[edge.target.id]
        self.weight, self.kind = edge.weight, LinkKind[edge.kind]


class _Network:
    def __init__(self, drawn: linkage.Drawn) -> None:
        ids = {node.id: global_id(f"{PARTY_TYPES[node.kind]}:{node.id}".encode()) for node in drawn.nodes}
        self.nodes = drawn.nodes
        self.edges = [_Edge(edge, ids) for edge in drawn.edges]
        self.omitted_nodes, self.omitted_edges = drawn.omitted_nodes, drawn.omitted_edges


async def network(
    info: strawberry.Info[Any, Any],
    area: Annotated[
        str, strawberry.argument(description="Area code: the links of its needs, everything below included. 区划代码。")
    ],
    around: Annotated[
        strawberry.ID | None,
        strawberry.argument(description="A party: only what lies around it. 以此主体为中心。"),
    ] = strawberry.UNSET,
    depth: Annotated[
        int | None,
        strawberry.argument(
            description="With around: how many links away, 1 to 4; its communities are 1, who serves them too 2. 层数。"
        ),
    ] = 1,
) -> LinkageNetwork:
    named = around is not None and around is not strawberry.UNSET
    drawn = await linkage.drawn(
        info.context.acts,
        area,
        id_of(str(around), *PARTY_ID_TYPES) if named else None,
        1 if depth is None else depth,
        named=named,
    )
    return _Network(drawn)  # type: ignore[return-value]
