"""The networkx backend `fivelink`: networkx's own functions, run by compiled solvers and arrays.

Registered by entry point, so `nx.network_simplex(G, backend="fivelink")` works on any networkx graph, and a
`graph.network.FlowGraph` or `graph.links.LinkGraph` comes here by itself, without conversion. networkx loads this file
while it is being imported: everything else is imported when it is called.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import networkx as nx

    from graph.links import LinkGraph
    from graph.network import FlowGraph
    from graph.pagerank import Vector

    FlowDict = dict[Hashable, dict[Hashable, Any]]
    Pairs = Iterable[tuple[Hashable, Hashable]] | None

#: Below so many edges a call is left to networkx: reaching a backend takes 0.02 ms, converting about 0.5 us an edge.
#: networkx's own sum and search wait for memory more than for Python, and merging whole rows gains late: 1.3 times at
#: 10,000 edges for the cost of a flow, 1.4 times at 100,000 for components (bench/networks.py).
WORTHWHILE = {
    "adamic_adar_index": 1_000,
    "connected_components": 30_000,
    "cost_of_flow": 10_000,
    "max_flow_min_cost": 1_000,
    "min_cost_flow": 1_000,
    "min_cost_flow_cost": 1_000,
    "network_simplex": 1_000,
    "pagerank": 1_000,
    "resource_allocation_index": 1_000,
}

#: Fewer pairs than these are answered before a backend is reached.
WORTHWHILE_PAIRS = 20

#: Read where they stand: a search through networkx's own rows is faster than making arrays of them.
IN_PLACE = {"adamic_adar_index", "connected_components", "cost_of_flow", "resource_allocation_index"}

DIRECTED = {"min_cost_flow", "min_cost_flow_cost", "network_simplex"}


class InPlace:
    """A networkx graph as it is, in the place of a converted one."""

    __slots__ = ("graph",)

    def __init__(self, graph: nx.Graph) -> None:
        self.graph = graph


class interface:
    """What networkx's dispatcher calls; functions have the signatures of networkx."""

    @staticmethod
    def convert_from_nx(
        graph: nx.Graph,
        *,
        edge_attrs: Mapping[str, Any] | None = None,
        node_attrs: Mapping[str, Any] | None = None,
        preserve_edge_attrs: bool = False,
        preserve_node_attrs: bool = False,
        preserve_graph_attrs: bool = False,
        name: str | None = None,
        graph_name: str | None = None,
    ) -> FlowGraph | InPlace:
        _decline_cache(graph)
        if name in IN_PLACE:
            return InPlace(graph)
        if name in DIRECTED and not graph.is_directed():
            import networkx as nx

            raise nx.NetworkXNotImplemented("not implemented for undirected type")
        if name in {*DIRECTED, "max_flow_min_cost"} and len(edge_attrs or ()) == 1:
            raise NotImplementedError("one edge attribute is capacity and weight, with two values where it is missing")
        if name == "max_flow_min_cost":  # networkx's own reads it off the graph, though it does not say so
            node_attrs = {"demand": None}
        from graph.network import FlowGraph

        return FlowGraph.from_networkx(graph, node_attrs or {}, edge_attrs or {})

    @staticmethod
    def convert_to_nx(result: Any, *, name: str | None = None) -> Any:
        from graph.links import LinkGraph
        from graph.network import FlowGraph

        if isinstance(result, InPlace):
            return result.graph
        return result.to_networkx() if isinstance(result, FlowGraph | LinkGraph) else result

    @staticmethod
    def should_run(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool | str:
        graph = args[0] if args else kwargs["G"]
        least = WORTHWHILE.get(name, 0)
        if not _has_edges(graph, least):
            return f"fewer than {least} edges"
        if name.endswith("_index"):
            pairs: Any = args[1] if len(args) > 1 else kwargs.get("ebunch")
            if hasattr(pairs, "__len__") and len(pairs) < WORTHWHILE_PAIRS:
                return f"fewer than {WORTHWHILE_PAIRS} pairs"
        return True

    @staticmethod
    def network_simplex(
        G: FlowGraph, demand: str = "demand", capacity: str = "capacity", weight: str = "weight"
    ) -> tuple[int, FlowDict]:
        from graph.simplex import network_simplex

        return network_simplex(G, demand, capacity, weight)

    @staticmethod
    def min_cost_flow(
        G: FlowGraph, demand: str = "demand", capacity: str = "capacity", weight: str = "weight"
    ) -> FlowDict:
        return interface.network_simplex(G, demand, capacity, weight)[1]

    @staticmethod
    def min_cost_flow_cost(
        G: FlowGraph, demand: str = "demand", capacity: str = "capacity", weight: str = "weight"
    ) -> int:
        return interface.network_simplex(G, demand, capacity, weight)[0]

    @staticmethod
    def max_flow_min_cost(
        G: FlowGraph, s: Hashable, t: Hashable, capacity: str = "capacity", weight: str = "weight"
    ) -> FlowDict:
        from graph.simplex import max_flow_min_cost

        return max_flow_min_cost(G, s, t, capacity, weight)

    @staticmethod
    def cost_of_flow(G: FlowGraph | InPlace, flowDict: Mapping[Any, Any], weight: str = "weight") -> Any:
        from graph.simplex import cost_of_flow

        return cost_of_flow(_given(G), flowDict, weight)

    @staticmethod
    def adamic_adar_index(G: LinkGraph | InPlace, ebunch: Pairs = None) -> Iterator[tuple[Hashable, Hashable, float]]:
        from graph.prediction import adamic_adar, predict

        return predict(_given(G), adamic_adar, ebunch)

    @staticmethod
    def resource_allocation_index(
        G: LinkGraph | InPlace, ebunch: Pairs = None
    ) -> Iterator[tuple[Hashable, Hashable, float]]:
        from graph.prediction import predict, resource_allocation

        return predict(_given(G), resource_allocation, ebunch)

    @staticmethod
    def connected_components(G: LinkGraph | InPlace) -> Iterator[set[Hashable]]:
        from graph.prediction import components

        return components(_given(G))

    @staticmethod
    def pagerank(
        G: FlowGraph | LinkGraph,
        alpha: float = 0.85,
        personalization: Vector = None,
        max_iter: int = 100,
        tol: float = 1.0e-6,
        nstart: Vector = None,
        weight: str | None = "weight",
        dangling: Vector = None,
    ) -> dict[Hashable, float]:
        from graph.pagerank import pagerank

        return pagerank(G, alpha, personalization, max_iter, tol, nstart, weight, dangling)


def info() -> dict[str, Any]:
    """What networkx shows about this backend in its documentation."""
    flows = "Integers are solved exactly by LEMON; fractions and what passes 64 bits by networkx itself."
    rows = "A networkx graph is read in place, nothing is converted."
    return {
        "backend_name": "fivelink",
        "project": "fivelink",
        "package": "fivelink",
        "short_summary": "Exact minimum cost flows by the compiled network simplex of LEMON; PageRank on arrays.",
        "functions": {
            "network_simplex": {"additional_docs": flows},
            "min_cost_flow": {"additional_docs": flows},
            "min_cost_flow_cost": {"additional_docs": flows},
            "max_flow_min_cost": {"additional_docs": flows},
            "cost_of_flow": {"additional_docs": rows},
            "adamic_adar_index": {"additional_docs": rows},
            "resource_allocation_index": {"additional_docs": rows},
            "connected_components": {"additional_docs": rows},
            "pagerank": {"additional_docs": "Power iteration on arrays; needs numpy, not scipy."},
        },
    }


def _has_edges(graph: nx.Graph, least: int) -> bool:
    # `number_of_edges` makes a view of every node: 6 ms at 20,000 nodes, more than some answers take.
    sought = least if graph.is_directed() else 2 * least - 1
    for row in graph._adj.values():
        sought -= len(row)
        if sought <= 0:
            return True
    return sought <= 0


def _given(graph: Any) -> Any:
    return graph.graph if isinstance(graph, InPlace) else graph


def _decline_cache(graph: nx.Graph) -> None:
    # networkx keeps a converted graph until a method changes the original; `G[u][v]["weight"] = 5` is no method, and
    # a view does not hear of changes to what it shows. It stores into the entry it holds: taken away, nothing stays.
    if cache := getattr(graph, "__networkx_cache__", None):
        cache.get("backends", {}).pop("fivelink", None)
