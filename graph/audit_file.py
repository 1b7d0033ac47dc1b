"""Reading an audit file: every column there, of the right length, of numbers that can be what they say.

See docs/audit.md for the format, `graph.audit` for what is made of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

AIMS = {
    "URGENT_FIRST": ("TIER", "FAIR", "SCORE", "TIE"),
    "FAIR_FIRST": ("FAIR", "TIER", "SCORE", "TIE"),
}
SEGMENTS = 20
TOP_SCORE = 100_000_000
TOP_TIE = 2**32

_UNITS = 2**31 - 1
_WIDE = 2**63 - 1

Arc = tuple[tuple[object, ...], int, int, int, int | None, list[Sequence[int]], int]


class NotAnAudit(ValueError):
    """The file is not an audit document; `zh` and `en` say where it stops being one."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


@dataclass(frozen=True, slots=True)
class Stage:
    """An aim: cost of each pair, of each need's unmet unit, of each segment; price of each node, the root's last."""

    name: str
    cost: int
    pair: list[int]
    unmet: list[int]
    segment: list[int]
    prices: list[int]


class File:
    """The document's columns, and what its allocation sends over every arc."""

    def __init__(self, body: Any, *, figures: bool) -> None:
        top = _Part(body, "")
        if top.get("format") != "fivelink-audit" or top.get("version") != 1:
            raise NotAnAudit("不是第 1 版审计文件", "this is not an audit file of version 1")
        self.order: str = top.one_of("order", tuple(AIMS))
        self._asked(top)
        self._allocated(top.part("allocation"))
        self._stages(top.rows("stages"))
        self._certificate(top.part("certificate"), figures)

    def _asked(self, top: _Part) -> None:
        needs, groups, offers = top.part("needs"), top.part("groups"), top.part("offers")
        caps, pairs = top.part("caps"), top.part("pairs")
        self.need_ids = needs.ids()
        n = len(self.need_ids)
        districts = groups.column("district", None, 0, _WIDE)
        groups.column("type", len(districts), 0, _WIDE)
        self.quantity = needs.column("quantity", n, 0, _UNITS)
        self.tier = needs.column("tier", n, 0, 3)
        self.group = needs.column("group", n, 0, len(districts) - 1)
        self.whole = needs.rows("whole", n)
        if any(type(flag) is not bool for flag in self.whole):
            raise NotAnAudit("needs.whole 应为 true 或 false", "needs.whole holds true or false")
        rows = groups.rows("segments", len(districts))
        self.segments = [_whole(row, f"groups.segments[{g}]", SEGMENTS, 0, _WIDE) for g, row in enumerate(rows)]
        self.offer_ids = offers.ids()
        m = len(self.offer_ids)
        self.capacity = offers.column("capacity", m, 0, _UNITS)
        self.minimum = offers.column("minimum", m, 1, _UNITS)
        self.cap_ids = caps.ids()
        c = len(self.cap_ids)
        self.cap_limit = caps.column("limit", c, 0, _WIDE)
        self.cap_at = {name: place for place, name in enumerate(self.cap_ids)}
        self.cap = offers.references("cap", m, self.cap_at)
        self.parent = caps.references("parent", c, self.cap_at)
        if any(above is not None and self.cap_at[above] <= place for place, above in enumerate(self.parent)):
            raise NotAnAudit("额度的上级必须排在其后", "in caps, a parent comes after what lies within it")
        self.need_at = {name: place for place, name in enumerate(self.need_ids)}
        self.offer_at = {name: place for place, name in enumerate(self.offer_ids)}
        self.pair_need = pairs.column("need", None, 1, _WIDE)
        self.pair_offer = pairs.column("offer", len(self.pair_need), 1, _WIDE)
        self.limit = pairs.column("limit", len(self.pair_need), 1, _UNITS)
        self.pair_at = self._ends(self.pair_need, self.pair_offer, "pairs")
        keys = [("need", i) for i in self.need_ids] + [("offer", i) for i in self.offer_ids]
        keys += [("cap", i) for i in self.cap_ids] + [("group", g) for g in range(len(districts))]
        self.node = {key: place for place, key in enumerate(keys)}
        self.root = len(keys)

    def _ends(self, needs: list[int], offers: list[int], where: str) -> dict[tuple[int, int], int]:
        found = {ends: place for place, ends in enumerate(zip(needs, offers, strict=True))}
        if len(found) != len(needs):
            raise NotAnAudit(f"{where} 中有重复的配对", f"a pair occurs twice in {where}")
        if any(need not in self.need_at or offer not in self.offer_at for need, offer in found):
            raise NotAnAudit(f"{where} 中有未列出的需求或供给", f"{where} names a need or offer that is not listed")
        return found

    def _allocated(self, part: _Part) -> None:
        needs = part.column("need", None, 1, _WIDE)
        offers = part.column("offer", len(needs), 1, _WIDE)
        units = part.column("quantity", len(needs), 1, _UNITS)
        self.allocated = {ends: units[at] for ends, at in self._ends(needs, offers, "allocation").items()}
        self.unmet, self.given = list(self.quantity), [0] * len(self.offer_ids)
        for (need, offer), quantity in self.allocated.items():
            self.unmet[self.need_at[need]] -= quantity
            self.given[self.offer_at[offer]] += quantity
        self.through = [0] * len(self.cap_ids)
        for cap, quantity in zip(self.cap, self.given, strict=True):
            if cap is not None:
                self.through[self.cap_at[cap]] += quantity
        for place, above in enumerate(self.parent):
            if above is not None:
                self.through[self.cap_at[above]] += self.through[place]

    def _stages(self, rows: list[Any]) -> None:
        parts = [_Part(row, f"stages[{place}]") for place, row in enumerate(rows)]
        if tuple(part.get("name") for part in parts) != AIMS[self.order]:
            raise NotAnAudit("阶段与目标顺序不符", "the stages are not those of the order")
        sizes = len(self.need_ids), len(self.offer_ids), len(self.cap_ids), len(self.segments)
        self.stages = []
        for name, part in zip(AIMS[self.order], parts, strict=True):
            costs, prices = part.part("costs"), part.part("prices")
            columns = zip(("needs", "offers", "caps", "groups"), sizes, strict=True)
            self.stages.append(
                Stage(
                    name,
                    part.number("cost"),
                    costs.column_or_one("pair", len(self.pair_need)),
                    costs.column_or_one("unmet", sizes[0]),
                    costs.column_or_one("segment", SEGMENTS),
                    [v for key, size in columns for v in prices.column(key, size, -_WIDE, _WIDE)] + [0],
                )
            )

    def _certificate(self, part: _Part, figures: bool) -> None:
        searched = part.column("searched", None, 1, _WIDE)
        self.searched = frozenset(searched)
        if not self.searched <= self.need_at.keys() or len(self.searched) != len(searched):
            raise NotAnAudit("certificate.searched 有误", "certificate.searched names needs that are not listed")
        part.one_of("proof", ("PRICES", "PRICES_AND_SEARCH"))
        self.certificate = {**part.body, "primal": part.digits("primal"), "dual": part.digits("dual")}
        if type(part.get("optimal")) is not bool:
            raise NotAnAudit("certificate.optimal 应为 true 或 false", "certificate.optimal is true or false")
        part.number("violations")
        if figures:
            part.part("aims")

    def arcs(self) -> Iterator[Arc]:
        """(name, tail, head, flow, capacity or None, a column of costs a stage, place in those columns)."""
        free: list[Sequence[int]] = [(0,)] * len(self.stages)
        pair: list[Sequence[int]] = [stage.pair for stage in self.stages]
        unmet: list[Sequence[int]] = [stage.unmet for stage in self.stages]
        segment: list[Sequence[int]] = [stage.segment for stage in self.stages]
        offers, caps = len(self.need_ids), len(self.need_ids) + len(self.offer_ids)
        groups = caps + len(self.cap_ids)
        missing = [0] * len(self.segments)
        need_at, offer_at, limit = self.need_at, self.offer_at, self.limit
        for ends, at in self.pair_at.items():
            flow = self.allocated.get(ends, 0)
            yield ("need, offer", *ends), need_at[ends[0]], offers + offer_at[ends[1]], flow, limit[at], pair, at
        for at, (group, units) in enumerate(zip(self.group, self.unmet, strict=True)):
            missing[group] += units
            yield ("unmet of need", self.need_ids[at]), at, groups + group, units, None, unmet, at
        for group, sizes in enumerate(self.segments):
            for k, size in enumerate(sizes):
                flow = min(size, missing[group])
                missing[group] -= flow
                yield ("group, segment", group, k), groups + group, self.root, flow, size, segment, k
        for first, kind, ids, above, flows, most in (
            (offers, "offer", self.offer_ids, self.cap, self.given, self.capacity),
            (caps, "cap", self.cap_ids, self.parent, self.through, self.cap_limit),
        ):
            for at, (cap, flow, capacity) in enumerate(zip(above, flows, most, strict=True)):
                head = self.root if cap is None else caps + self.cap_at[cap]
                yield (kind, ids[at]), first + at, head, flow, capacity, free, 0


def read(body: Any, *, figures: bool = True) -> File:
    """The document's columns. Raises NotAnAudit; `figures` False does without what is counted from them."""
    return File(body, figures=figures)


class _Part:
    """An object of the document, with its path in it."""

    def __init__(self, body: Any, path: str) -> None:
        if not isinstance(body, dict):
            raise NotAnAudit(f"{path or '文件'} 应为对象", f"{path or 'the file'} is not an object")
        self.body, self.path = body, f"{path}." if path else ""

    def get(self, key: str) -> Any:
        if key not in self.body:
            raise NotAnAudit(f"缺少 {self.path}{key}", f"{self.path}{key} is missing")
        return self.body[key]

    def part(self, key: str) -> _Part:
        return _Part(self.get(key), f"{self.path}{key}")

    def rows(self, key: str, size: int | None = None) -> list[Any]:
        return _list(self.get(key), f"{self.path}{key}", size)

    def column(self, key: str, size: int | None, low: int, high: int) -> list[int]:
        return _whole(self.get(key), f"{self.path}{key}", size, low, high)

    def column_or_one(self, key: str, size: int) -> list[int]:
        """Costs: a column, or one number for all."""
        value = self.get(key)
        return self.column(key, size, 0, _WIDE) if isinstance(value, list) else [self.number(key)] * size

    def ids(self) -> list[int]:
        found = self.column("id", None, 1, _WIDE)
        if len(set(found)) != len(found):
            raise NotAnAudit(f"{self.path}id 有重复", f"{self.path}id holds an id twice")
        return found

    def references(self, key: str, size: int, known: dict[int, int]) -> list[int | None]:
        found = self.rows(key, size)
        if any(i is not None and (type(i) is not int or i not in known) for i in found):
            raise NotAnAudit(f"{self.path}{key} 有未列出的额度", f"{self.path}{key} names a cap that is not listed")
        return found

    def number(self, key: str) -> int:
        return _whole([self.get(key)], f"{self.path}{key}", 1, 0, 2**127)[0]

    def digits(self, key: str) -> int:
        value = self.get(key)
        if not isinstance(value, str) or not value.isascii() or not value.isdigit() or len(value) > 1_000:
            raise NotAnAudit(f"{self.path}{key} 应为十进制数字串", f"{self.path}{key} is a string of decimal digits")
        return int(value)

    def one_of(self, key: str, values: tuple[str, ...]) -> str:
        value = self.get(key)
        if value not in values:
            raise NotAnAudit(f"{self.path}{key} 应为 {'、'.join(values)}", f"{self.path}{key} is {' or '.join(values)}")
        return str(value)


def _list(value: Any, path: str, size: int | None) -> list[Any]:
    if not isinstance(value, list):
        raise NotAnAudit(f"{path} 应为列表", f"{path} is not a list")
    if size is not None and len(value) != size:
        raise NotAnAudit(f"{path} 应有 {size} 项,实有 {len(value)} 项", f"{path} has {len(value)} entries, not {size}")
    return value


def _whole(value: Any, path: str, size: int | None, low: int, high: int) -> list[int]:
    found = _list(value, path, size)
    for place, one in enumerate(found):
        if type(one) is not int or not low <= one <= high:
            raise NotAnAudit(
                f"{path} 第 {place + 1} 项应为 {low} 至 {high} 的整数",
                f"{path}: entry {place + 1} is not a whole number from {low} to {high}",
            )
    return found
