"""The networkx backend `fivelink`: networkx's own functions, run by compiled solvers.

Registered by entry point, so `nx.network_simplex(G, backend="fivelink")` works on any networkx graph, and a
`graph.network.FlowGraph` comes here by itself, without conversion. networkx loads this file while it is being imported:
everything else is imported when it is called.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import networkx as nx

    from graph.network import FlowGraph

#: Below this many edges converting costs more than it saves.
WORTHWHILE_EDGES = 1_000


class interface:
    """What networkx's dispatcher calls; functions have the signatures of networkx."""

    @staticmethod
    def convert_from_nx(
        graph: nx.DiGraph,
        *,
        edge_attrs: Mapping[str, Any] | None = None,
        node_attrs: Mapping[str, Any] | None = None,
        preserve_edge_attrs: bool = False,
        preserve_node_attrs: bool = False,
        preserve_graph_attrs: bool = False,
        name: str | None = None,
        graph_name: str | None = None,
    ) -> FlowGraph:
        from graph.network import FlowGraph

        return FlowGraph.from_networkx(graph, node_attrs or {}, edge_attrs or {})

    @staticmethod
    def convert_to_nx(result: Any, *, name: str | None = None) -> Any:
        from graph.network import FlowGraph

        return result.to_networkx() if isinstance(result, FlowGraph) else result

    @staticmethod
    def should_run(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool | str:
        graph = args[0] if args else kwargs.get("G")
        edges = getattr(graph, "number_of_edges", lambda: WORTHWHILE_EDGES)()
        return edges >= WORTHWHILE_EDGES or f"fewer than {WORTHWHILE_EDGES} edges"

    @staticmethod
    def network_simplex(
        G: FlowGraph,
        demand: str = "demand",
        capacity: str = "capacity",
        weight: str = "weight",
    ) -> tuple[int, dict[Hashable, dict[Hashable, Any]]]:
        from graph.simplex import network_simplex

        return network_simplex(G, demand, capacity, weight)


def info() -> dict[str, Any]:
    """What networkx shows about this backend in its documentation."""
    return {
        "backend_name": "fivelink",
        "project": "fivelink",
        "package": "fivelink",
        "short_summary": "Exact minimum cost flows by the compiled network simplex of LEMON.",
        "functions": {
            "network_simplex": {
                "additional_docs": "Whole numbers only: fractional attributes and overflow are refused.",
            },
        },
    }
