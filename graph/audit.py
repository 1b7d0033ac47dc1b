"""The plan as a document that a stranger can check: what was asked, what was given, and the prices that prove it.

docs/audit.md has it field by field; `recheck` (graph/audit_check.py) judges it from the file alone.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from graph.audit_check import aims_of, costs_of, recheck, tie, twentieths
from graph.audit_file import SEGMENTS, TOP_SCORE, TOP_TIE, NotAnAudit, read
from graph.checker import Instance, Placed, placed
from graph.proof import reach
from graph.values import Plan, Prices

__all__ = ["NotAnAudit", "document", "dumps", "loads", "recheck"]

VERSION = 1

_OBJECTIVES = {
    "TIER": "未满足的单位,按紧急程度加权,最少。 Unmet units, an unmet unit of tier t costing 1 + t.",
    "FAIR": "各地各类资源的缺口尽量均匀。 Shortage spread: of each group, the (k+1)-th twentieth of its demand "
    "that stays unmet costs 2k + 1 a unit.",
    "SCORE": "匹配得分最高。 Best scores: a unit given costs 100000000 - score_e8, an unmet one 100000000.",
    "TIE": "其余相同时按编号定夺。 What is left is settled by ids: a unit given costs 2^32 - hash, an unmet one 2^32.",
}


def document(instance: Instance, plan: Plan) -> dict[str, Any]:
    """Instance, plan and proof as plain dicts, lists, whole numbers and strings (docs/audit.md). O(pairs).

    Raises ValueError where caps are not nested.
    """
    where = placed(instance)
    market, eligible = where.market, instance.eligible
    need_ids, offer_ids = market.need_ids.tolist(), market.offer_ids.tolist()
    group_at = {key: place for place, key in enumerate(where.group_keys)}
    pair_need = [need_ids[p] for p in eligible.need_index.tolist()]
    pair_offer = [offer_ids[p] for p in eligible.offer_index.tolist()]
    asked = [0] * len(group_at)
    for group, units in zip(market.group.tolist(), market.demand.tolist(), strict=True):
        asked[group] += units
    pair_costs: dict[str, Any] = {
        "SCORE": (TOP_SCORE - eligible.score_e8).tolist(),
        "TIE": [TOP_TIE - tie(n, o) for n, o in zip(pair_need, pair_offer, strict=True)],
    }
    unmet_costs: dict[str, Any] = {"TIER": (market.tier + 1).tolist(), "SCORE": TOP_SCORE, "TIE": TOP_TIE}
    cap_of = {cap.id: cap for cap in instance.caps}
    reached = reach(market, np.ones(len(need_ids), dtype=np.bool_))
    idle = [
        {i for i, used in zip(ids, side.tolist(), strict=True) if not used}
        for ids, side in ((offer_ids, reached.offers), (where.cap_ids, reached.caps))
    ]
    body: dict[str, Any] = {
        "format": "fivelink-audit",
        "version": VERSION,
        "order": plan.order,
        "needs": {
            "id": need_ids,
            "quantity": market.demand.tolist(),
            "tier": market.tier.tolist(),
            "group": market.group.tolist(),
            "whole": [need.whole for need in instance.needs],
        },
        "groups": {
            "district": [district for district, _ in where.group_keys],
            "type": [type_ for _, type_ in where.group_keys],
            "segments": [twentieths(units) for units in asked],
        },
        "offers": {
            "id": offer_ids,
            "capacity": market.supply.tolist(),
            "minimum": [max(1, offer.minimum) for offer in instance.offers],
            "cap": [offer.cap_id for offer in instance.offers],
        },
        "caps": {
            "id": where.cap_ids,
            "limit": market.cap_limit.tolist(),
            "parent": [cap_of[i].parent_id for i in where.cap_ids],
        },
        "pairs": {"need": pair_need, "offer": pair_offer, "limit": eligible.quantity.tolist()},
        "allocation": {
            "need": [a.need_id for a in plan.allocations],
            "offer": [a.offer_id for a in plan.allocations],
            "quantity": [a.quantity for a in plan.allocations],
        },
        "stages": [
            {
                "name": prices.stage,
                "objective": _OBJECTIVES[prices.stage],
                "cost": 0,
                "costs": {
                    "pair": pair_costs.get(prices.stage, 0),
                    "unmet": unmet_costs.get(prices.stage, 0),
                    "segment": [2 * k + 1 for k in range(SEGMENTS)] if prices.stage == "FAIR" else 0,
                },
                "prices": _node_prices(prices, instance, where, idle),
            }
            for prices in plan.prices
        ],
        "certificate": {
            "optimal": plan.certificate.optimal,
            "proof": "PRICES_AND_SEARCH" if plan.searched else "PRICES",
            "searched": sorted(plan.searched),
            "primal": str(plan.certificate.primal),
            "dual": str(plan.certificate.dual),
            "aims": {},
            "violations": plan.certificate.violations,
            "solver": plan.certificate.solver,
        },
    }
    file = read(body, figures=False)
    costs = costs_of(file)
    for stage, cost in zip(body["stages"], costs, strict=True):
        stage["cost"] = cost
    body["certificate"]["aims"] = dict(aims_of(file, costs))
    return body


def _node_prices(prices: Prices, instance: Instance, where: Placed, idle: list[set[int]]) -> dict[str, list[int]]:
    """Columns of prices. Where no pair leads, nothing can flow and any price will do: that of the node above."""
    parent: dict[int | None, int | None] = {cap.id: cap.parent_id for cap in instance.caps}
    above: dict[int | None, int] = {None: 0}
    for cap in reversed(where.cap_ids):
        above[cap] = above[parent[cap]] if cap in idle[1] else prices.caps[cap]
    return {
        "needs": [prices.needs[n.id] for n in instance.needs],
        "offers": [above[o.cap_id] if o.id in idle[0] else prices.offers[o.id] for o in instance.offers],
        "caps": [above[cap] for cap in where.cap_ids],
        "groups": [prices.groups[key] for key in where.group_keys],
    }


def dumps(body: dict[str, Any]) -> str:
    """The document as JSON, a section a line."""

    def compact(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    sections = (f"{compact(key)}:{compact(value)}" for key, value in body.items())
    return "{\n" + ",\n".join(sections) + "\n}\n"


def loads(content: bytes | str) -> Any:
    """The JSON of a file. Raises NotAnAudit for what is not JSON, or not numbers that can be compared."""

    def refuse(constant: str) -> None:
        raise NotAnAudit(f"文件中有 {constant}", f"the file holds {constant}")

    try:
        return json.loads(content, parse_constant=refuse)
    except NotAnAudit:
        raise
    except (ValueError, RecursionError) as error:  # also text that is not UTF-8, and numbers of thousands of digits
        line = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise NotAnAudit(f"文件不是 JSON{line}", f"the file is not JSON{line}") from None
