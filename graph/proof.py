"""Is a flow of a market allowed, and do its prices prove that nothing is better? On arrays, with no part of the solver.

The problem is the one `graph.market` states; every formula of it stands here a second time, so that a slip in one of
the two shows. With rc = cost - price[tail] + price[head], one number a stage, a flow is optimal for all aims in order
exactly when on every arc the first rc that is not 0 is

    > 0 only where the flow is 0,     < 0 only where the flow fills the capacity        (unmet arcs have none)

because the cost of any other flow x' differs by sum of rc (x' - x), which then is nowhere below 0.
O(pairs + nodes) time; beside the arguments about 60 bytes a node and a chunk of pairs. Exact: quantities are below
2**31, prices below 2**61, so no sum passes 63 bits, and what is added up over all pairs is added in two halves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from graph.market import Market, Whole

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Signs = npt.NDArray[np.int8]

AIMS = {
    "URGENT_FIRST": ("TIER", "FAIR", "SCORE", "TIE"),
    "FAIR_FIRST": ("FAIR", "TIER", "SCORE", "TIE"),
}
#: Equal parts of a group's demand; those that stay unmet cost 1, 3, 5, ... a unit.
PARTS = 20
BEST_SCORE = 100_000_000
BEST_TIE = 4_294_967_296

_UNITS = 1 << 31
_PRICES = 1 << 61
_CHUNK = 1 << 19
_SHOWN = 3


@dataclass(slots=True)
class Verdict:
    """What was found.

    violations  arcs and nodes at fault; 0 proves the flow
    faults      what they are, by kind with the first few named, 中文 / English
    costs       the flow's cost in each stage, in the order of the aims; empty when the flow is not allowed
    fair_cost_of_nothing   what FAIR would cost if nothing were given
    """

    violations: int = 0
    faults: list[str] = field(default_factory=list)
    costs: tuple[int, ...] = ()
    fair_cost_of_nothing: int = 0

    def add(self, zh: str, en: str, where: Sequence[str] = ("",), count: int | None = None) -> None:
        """One kind of fault, at `count` places of which `where` are some."""
        count = len(where) if count is None else count
        if count:
            names = "; ".join(where[:_SHOWN])
            more = f" (+{count - _SHOWN})" if count > _SHOWN else ""
            tail = f": {names}{more}" if names else ""
            self.violations += count
            self.faults.append(f"{zh} / {en}{tail}")


def check_market(
    market: Market, order: str, flow: npt.NDArray[np.integer], prices: Sequence[Ints], searched: Flags | None = None
) -> Verdict:
    """Judge `flow` (units by pair) and its `prices`: for each stage of `order` one price a node, the root's last.

    `searched` marks needs whose part was searched for the sake of minimum quantities: they must stand apart (share no
    offer, cap or group with a need that is not marked), and the prices of their part are not looked at.

    Minimum quantities and whole needs are no part of a market: see `graph.checker`.
    """
    verdict = Verdict()
    _well_formed(verdict, market, order, flow, prices)
    if verdict.violations:
        return verdict
    sent = _Sent(market, flow.astype(np.int64, copy=False))
    _allowed(verdict, market, sent)
    if verdict.violations:
        return verdict
    verdict.costs = tuple(_cost(market, sent, stage) for stage in AIMS[order])
    verdict.fair_cost_of_nothing = _fair(sent.room)
    searched = np.zeros(len(market.demand), dtype=np.bool_) if searched is None else searched
    provable = _apart(verdict, market, searched)
    _proven(verdict, market, AIMS[order], sent, prices, provable)
    return verdict


class _Sent:
    """What the flow sends over every arc."""

    def __init__(self, market: Market, flow: Ints) -> None:
        self.flow = flow
        self.given = _totals(market.offer, flow, len(market.supply))
        self.unmet = market.demand - _totals(market.need, flow, len(market.demand))
        drawing = market.parent >= 0
        self.through = _totals(market.parent[drawing], self.given[drawing], len(market.cap_limit))
        for cap, above in enumerate(market.cap_parent.tolist()):
            if above >= 0:
                self.through[above] += self.through[cap]
        asked = _totals(market.group, market.demand, market.groups)
        missing = _totals(market.group, self.unmet, market.groups)
        marks = asked[:, None] * np.arange(PARTS + 1, dtype=np.int64) // PARTS
        #: (groups, PARTS) units that fit a segment, and that stand in it: the cheapest fill first.
        self.room = marks[:, 1:] - marks[:, :-1]
        self.filled = np.minimum(np.maximum(missing[:, None] - marks[:, :-1], 0), self.room)


@dataclass(frozen=True, slots=True)
class Reach:
    """What some needs can send anything through: themselves, and what their pairs lead to."""

    needs: Flags
    offers: Flags
    caps: Flags
    groups: Flags


def market_faults(market: Market) -> list[str]:
    """What keeps arrays from being a market at all; empty for every market."""
    n, m, c = len(market.demand), len(market.supply), len(market.cap_limit)
    columns = (
        (n, (market.tier, market.group, market.need_ids)),
        (m, (market.parent, market.offer_ids)),
        (c, (market.cap_parent,)),
        (len(market.need), (market.offer, market.limit, market.score)),
    )
    if any(len(column) != size for size, all_ in columns for column in all_):
        return ["各列长度不一 / columns differ in length"]
    bounds = (
        ("demand", market.demand, 0, _UNITS),
        ("tier", market.tier, 0, 4),
        ("group", market.group, 0, market.groups),
        ("supply", market.supply, 0, _UNITS),
        ("parent", market.parent, -1, c),
        ("cap_limit", market.cap_limit, 0, _PRICES),
        ("cap_parent", market.cap_parent, -1, c),
        ("need", market.need, 0, n),
        ("offer", market.offer, 0, m),
        ("limit", market.limit, 0, _UNITS),
        ("score", market.score, 0, BEST_SCORE + 1),
    )
    found = [
        f"{name} 超出范围 / {name} is out of range"
        for name, column, low, end in bounds
        if len(column) and not (int(column.min()) >= low and int(column.max()) < end)
    ]
    above = market.cap_parent
    if ((above >= 0) & (above <= np.arange(c))).any():
        found.append("额度的上级必须排在其后 / a cap comes before the one above it")
    if not found and len(market.need) > 1:
        key = market.need.astype(np.int64) * m + market.offer
        if not (key[1:] > key[:-1]).all():
            found.append("配对未按需求、供给排序,或有重复 / pairs are not in order, or one occurs twice")
    return found


def _well_formed(
    verdict: Verdict, market: Market, order: str, flow: npt.NDArray[np.integer], prices: Sequence[Ints]
) -> None:
    for fault in market_faults(market):
        verdict.violations += 1
        verdict.faults.append(fault)
    if order not in AIMS:
        verdict.add(f"没有这个目标顺序:{order}", f"no such order of aims: {order}")
        return
    if len(flow) != len(market.need) or flow.dtype.kind not in "iu":
        verdict.add("流量与配对不符", "the flow is not one whole number a pair")
    if len(prices) != len(AIMS[order]):
        verdict.add("缺少某一阶段的价格", "prices of a stage are missing")
    for stage, price in zip(AIMS[order], prices, strict=False):
        if len(price) != market.root + 1 or price.dtype.kind != "i":
            verdict.add(f"{stage}:价格与节点不符", f"{stage}: not one whole price a node")
        elif int(price.max()) >= _PRICES or int(price.min()) <= -_PRICES:
            verdict.add(f"{stage}:价格过大,无法精确核对", f"{stage}: a price is too large to be checked exactly")
        elif price[-1]:
            verdict.add(f"{stage}:根节点价格不为 0", f"{stage}: the price of the root is not 0")


def _allowed(verdict: Verdict, market: Market, sent: _Sent) -> None:
    outside = (sent.flow < 0) | (sent.flow > market.limit)
    verdict.add("配对的数量超出上限", "more than a pair's limit", *_pairs(market, np.flatnonzero(outside)))
    for zh, en, kind, over in (
        ("需求得到的超过所需", "a need gets more than it asks for", "need", sent.unmet < 0),
        ("供给给出的超过余量", "an offer gives more than it has", "offer", sent.given > market.supply),
        ("超出额度", "a cap is exceeded", "cap", sent.through > market.cap_limit),
    ):
        verdict.add(zh, en, *_nodes(market, kind, np.flatnonzero(over)))


def _cost(market: Market, sent: _Sent, stage: str) -> int:
    if stage == "TIER":
        return exact_dot(sent.unmet, market.tier + 1)
    if stage == "FAIR":
        return _fair(sent.filled)
    used = np.flatnonzero(sent.flow)
    top, gain = (BEST_SCORE, market.score[used]) if stage == "SCORE" else (BEST_TIE, _ties(market, used))
    return top * int(market.demand.sum()) - exact_dot(sent.flow[used], gain)


def _fair(units: Ints) -> int:
    return exact_dot(units, np.broadcast_to(2 * np.arange(PARTS, dtype=np.int64) + 1, units.shape))


def _apart(verdict: Verdict, market: Market, searched: Flags) -> Reach:
    """What the prices must prove: all that is not searched. A fault for everything both sides reach.

    Prices of what no pair leads to mean nothing, because nothing can flow there.
    """
    rest = reach(market, ~searched)
    if searched.any():
        part = reach(market, searched)
        for kind, here, there in (
            ("offer", part.offers, rest.offers),
            ("cap", part.caps, rest.caps),
            ("group", part.groups, rest.groups),
        ):
            shared = _nodes(market, kind, np.flatnonzero(here & there))
            verdict.add("经过搜索的部分与其余部分相连", "a searched part is connected with the rest", *shared)
    return rest


def reach(market: Market, needs: Flags) -> Reach:
    """Where units of these needs can go. O(pairs + nodes)."""
    offers, caps, groups = (
        np.zeros(size, dtype=np.bool_) for size in (len(market.supply), len(market.cap_limit), market.groups)
    )
    offers[market.offer if needs.all() else market.offer[needs[market.need]]] = True
    drawn = market.parent[offers]
    caps[drawn[drawn >= 0]] = True
    for cap, above in enumerate(market.cap_parent.tolist()):
        if above >= 0 and caps[cap]:
            caps[above] = True
    groups[market.group[needs]] = True
    return Reach(needs, offers, caps, groups)


def _proven(
    verdict: Verdict, market: Market, stages: Sequence[str], sent: _Sent, prices: Sequence[Ints], parts: Reach
) -> None:
    n, m, c = len(market.demand), len(market.supply), len(market.cap_limit)
    root, groups = n + m + c + market.groups, n + m + c
    wrong, zh, en = [], "未证明最优", "not proven optimal"
    for begin in range(0, len(market.need), _CHUNK):
        block = slice(begin, begin + _CHUNK)
        sign = _signs(stages, prices, _pair_costs(market, begin), market.need[block], n + market.offer[block])
        flow = sent.flow[block]
        bad = ((sign > 0) & (flow > 0)) | ((sign < 0) & (flow < market.limit[block]))
        wrong.append(begin + np.flatnonzero(bad & parts.needs[market.need[block]]))
    verdict.add(zh, en, *_pairs(market, np.concatenate(wrong) if wrong else np.zeros(0, np.int64)))

    at = np.flatnonzero(parts.needs)
    fixed = {"TIER": market.tier[at] + 1, "SCORE": np.full(len(at), BEST_SCORE), "TIE": np.full(len(at), BEST_TIE)}
    sign = _signs(stages, prices, _looked_up(fixed), at, groups + market.group[at])
    verdict.add(zh, en, *_nodes(market, "need", at[(sign < 0) | ((sign > 0) & (sent.unmet[at] > 0))]))

    at, step = np.nonzero((sent.room > 0) & parts.groups[:, None])
    sign = _signs(stages, prices, _looked_up({"FAIR": 2 * step + 1}), groups + at, np.full(len(at), root))
    flow, room = sent.filled[at, step], sent.room[at, step]
    verdict.add(zh, en, *_nodes(market, "group", at[((sign > 0) & (flow > 0)) | ((sign < 0) & (flow < room))]))

    for kind, first, kept, above, all_flow, all_room in (
        ("offer", n, parts.offers, market.parent, sent.given, market.supply),
        ("cap", n + m, parts.caps, market.cap_parent, sent.through, market.cap_limit),
    ):
        at = np.flatnonzero(kept)
        heads = np.where(above[at] < 0, root, n + m + above[at])
        sign = _signs(stages, prices, _looked_up({}), first + at, heads)
        flow, room = all_flow[at], all_room[at]
        verdict.add(zh, en, *_nodes(market, kind, at[((sign > 0) & (flow > 0)) | ((sign < 0) & (flow < room))]))


Costs = Callable[[str, Ints], Ints]


def _signs(stages: Sequence[str], prices: Sequence[Ints], costs: Costs, tails: Whole, heads: Whole) -> Signs:
    """Sign of the first reduced cost that is not 0, by arc; `costs(stage, rows)` gives the costs of some arcs."""
    every = np.arange(len(tails))
    reduced = costs(stages[0], every) - prices[0][tails] + prices[0][heads]
    sign: Signs = np.sign(reduced).astype(np.int8)
    rows = every[reduced == 0]
    for stage, price in zip(stages[1:], prices[1:], strict=True):
        if len(rows):
            reduced = costs(stage, rows) - price[tails[rows]] + price[heads[rows]]
            sign[rows] = np.sign(reduced)
            rows = rows[reduced == 0]
    return sign


def _looked_up(fixed: dict[str, Ints]) -> Costs:
    return lambda stage, rows: fixed[stage][rows] if stage in fixed else np.zeros(len(rows), dtype=np.int64)


def _pair_costs(market: Market, begin: int) -> Costs:
    def costs(stage: str, rows: Ints) -> Ints:
        if stage == "SCORE":
            return BEST_SCORE - market.score[begin + rows].astype(np.int64)
        if stage == "TIE":
            return BEST_TIE - _ties(market, begin + rows)
        return np.zeros(len(rows), dtype=np.int64)

    return costs


def _ties(market: Market, places: Ints) -> Ints:
    """Upper half of the splitmix64 finalizer of need id x the golden ratio + offer id, modulo 2**64."""
    x = market.need_ids[market.need[places]].astype(np.uint64) * np.uint64(11400714819323198485)
    x = x + market.offer_ids[market.offer[places]].astype(np.uint64)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(13787848793156543929)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(10723151780598845931)
    return ((x ^ (x >> np.uint64(31))) >> np.uint64(32)).astype(np.int64)


def _totals(index: npt.NDArray[np.integer], amount: Ints, size: int) -> Ints:
    total = np.zeros(size, dtype=np.int64)
    np.add.at(total, index, amount)
    return total


def exact_dot(a: npt.NDArray[np.integer], b: npt.NDArray[np.integer]) -> int:
    """Inner product of whole numbers that are not negative and whose products fit 63 bits, exact."""
    products = a.astype(np.int64) * b.astype(np.int64)
    return (int((products >> 32).sum()) << 32) + int((products & 0xFFFFFFFF).sum())


def _pairs(market: Market, at: Ints) -> tuple[list[str], int]:
    ends = zip(market.need[at[:_SHOWN]].tolist(), market.offer[at[:_SHOWN]].tolist(), strict=True)
    return [f"need {market.need_ids[n]}, offer {market.offer_ids[o]}" for n, o in ends], len(at)


def _nodes(market: Market, kind: str, at: Ints) -> tuple[list[str], int]:
    names = {"need": market.need_ids, "offer": market.offer_ids}.get(kind)
    # Caps and groups have no ids here: they are named by their place.
    return [f"{kind} {p if names is None else names[p]}" for p in at[:_SHOWN].tolist()], len(at)
