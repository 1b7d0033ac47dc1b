"""Recognising what a list is and what its columns hold, from the variants in data/headings.toml."""

from __future__ import annotations

import difflib
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from exchange.grid import ABOVE, COLUMNS, Cell, Grid, as_text
from exchange.records import Kind, PartyKind, Priority
from exchange.text import fold

#: Between the texts of a heading of two rows.
JOINT = "｜"
REQUIRED: dict[Kind, tuple[str, ...]] = {
    "needs": ("title", "community", "quantity"),
    "offers": ("title", "provider", "capacity"),
    "parties": ("name", "kind"),
}
NAMES: dict[Kind, tuple[str, str]] = {
    "needs": ("需求清单", "a needs list"),
    "offers": ("资源清单", "a resource list"),
    "parties": ("组织名录", "a party list"),
}
_HINTS: dict[Kind, tuple[str, ...]] = {
    "needs": ("需求", "心愿", "need", "wish"),
    "offers": ("资源", "供给", "捐赠", "offer", "resource"),
    "parties": ("组织", "名录", "企业", "队伍", "party", "parties", "organi"),
}
_AMOUNTS = {"quantity", "capacity"}
_MARKS = re.compile(r"[^\w()]|_")
_BRACKETS = re.compile(r"\(([^()]*)\)")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The headings file: field names by folded heading for each kind, and the words of kinds and priorities."""

    fields: dict[Kind, dict[str, str]]
    canonical: dict[Kind, dict[str, str]]
    kind_of_heading: dict[str, PartyKind]
    party_kinds: dict[str, PartyKind]
    party_labels: dict[PartyKind, str]
    priorities: dict[str, Priority]
    priority_labels: dict[Priority, str]
    ignored: frozenset[str]
    reason: str


def plain(heading: str) -> str:
    """A heading as it is compared: folded, without punctuation, brackets kept in half width."""
    return _MARKS.sub("", fold(heading[:200]))


def bare(heading: str) -> str:
    """`plain` without brackets and their content."""
    return _BRACKETS.sub("", plain(heading)).replace("(", "").replace(")", "")


@cache
def vocabulary() -> Vocabulary:
    """The headings file, read once."""
    data = tomllib.loads(files("data").joinpath("headings.toml").read_text(encoding="utf-8"))
    fields: dict[Kind, dict[str, str]] = {}
    for kind in REQUIRED:
        known = fields[kind] = {}
        for name, variants in data[kind].items():
            for variant in variants:
                known.setdefault(plain(variant), name)
                known.setdefault(_together(variant), name)
    return Vocabulary(
        fields=fields,
        canonical={kind: {name: variants[0] for name, variants in data[kind].items()} for kind in REQUIRED},
        kind_of_heading={plain(word): kind for word, kind in data["kind_of_heading"].items()},
        party_kinds={fold(word): kind for kind, words in data["party_kinds"].items() for word in (*words, kind)},
        party_labels={kind: words[0] for kind, words in data["party_kinds"].items()},
        priorities={fold(word): code for code, words in data["priorities"].items() for word in words},
        priority_labels={code: words[0] for code, words in data["priorities"].items()},
        ignored=frozenset(plain(word) for words in data["ignored"].values() for word in words),
        reason=data["ignored"]["reason"][0],
    )


def _together(heading: str) -> str:
    return plain(heading).replace("(", "").replace(")", "")


@dataclass(slots=True)
class Heading:
    """Where a heading stands and what its columns hold.

    `columns` gives the index (from 0) of each field; `texts` the heading of every column, two rows joined; `unit`
    is written in the brackets of the amount's heading; `last` is the index in grid.rows of the heading's last row.
    """

    kind: Kind
    first: int
    last: int
    row: int
    texts: tuple[str, ...]
    columns: dict[str, int]
    unit: str | None = None
    party_kind: PartyKind | None = None
    unused: list[int] = field(default_factory=list)
    twice: list[tuple[str, int]] = field(default_factory=list)
    reasons: frozenset[int] = frozenset()

    @property
    def missing(self) -> tuple[str, ...]:
        """The required fields without a column."""
        lacking = [name for name in REQUIRED[self.kind] if name not in self.columns]
        return tuple(name for name in lacking if not (name == "kind" and self.party_kind))

    def label(self, name: str) -> str:
        """The heading of a field as this sheet writes it, else as the platform does."""
        index = self.columns.get(name)
        written = " ".join(self.texts[index].split()) if index is not None else ""
        return written if 0 < len(written) <= 30 else vocabulary().canonical[self.kind][name]


def find(grid: Grid) -> Heading | None:
    """The heading of a list among the first rows of a grid, complete or not; None when nothing resembles one.

    The first complete heading counts, so that no row below it is passed over; the row after it belongs to it when
    that adds known columns. Of several kinds the one with more known columns is taken, then the one that the sheet
    name or the title rows name. Without a complete heading it is the one that lacks least. O(rows x columns).
    """
    texts = [_texts(grid, index) for index in range(min(len(grid.rows), ABOVE + 2))]
    above = fold(grid.sheet or "") + fold(grid.file)
    nearest_one: Heading | None = None
    for index in range(min(len(grid.rows), ABOVE + 1)):
        best = _better(_candidates(grid, texts, index, index, above), above)
        if index > 0:
            best = _better([best, *_candidates(grid, texts, index - 1, index, above)], above)
        if best is not None and not best.missing:
            return _better([best, *_candidates(grid, texts, index, index + 1, above)], above)
        nearest_one = _better([nearest_one, best], above)
        above += fold("".join(texts[index])[:200])
    return nearest_one


def _better(candidates: Iterable[Heading | None], above: str) -> Heading | None:
    """The candidate that lacks least, then knows most, then is named above the list; the earlier one on a tie."""
    found = [heading for heading in candidates if heading is not None]

    def rank(heading: Heading) -> tuple[int, int, bool]:
        return -len(heading.missing), len(heading.columns), any(word in above for word in _HINTS[heading.kind])

    return max(found, key=rank, default=None)


def _candidates(grid: Grid, texts: list[list[str]], first: int, last: int, above: str) -> list[Heading]:
    """What the rows `first` to `last` (one or two) would be as the heading of each kind."""
    if last >= len(texts) or grid.rows[last][0] - grid.rows[first][0] != last - first:
        return []
    headings = texts[first] if first == last else _joined(texts[first], texts[last])
    listed = []
    for kind in REQUIRED:
        found = _map(kind, first, last, grid.rows[first][0], headings)
        if kind == "parties" and found.party_kind is None:
            found.party_kind = _party_kind(above)
        written = sum(1 for text in headings if text.strip())
        if len(found.columns) > 1 or (len(found.columns) == 1 == written and not found.missing):
            listed.append(found)
    return listed


def _party_kind(above: str) -> PartyKind | None:
    """The kind that a sheet name or title row gives to a whole list: 爱心企业名录."""
    words = vocabulary().kind_of_heading
    kinds = {kind for word, kind in words.items() if word in above}
    return kinds.pop() if len(kinds) == 1 else None


def _texts(grid: Grid, index: int) -> list[str]:
    """The texts of a row with merged cells filled in both directions; numbers and dates are no headings."""
    number, cells = grid.rows[index]
    texts = [cell if isinstance(cell, str) else "" for cell in cells]
    for top, left, bottom, right in grid.merges:
        if top <= number <= bottom:
            source = next((row for row in grid.rows[: index + 1] if row[0] == top), None)
            value: Cell = source[1][left - 1] if source and len(source[1]) >= left else None
            if isinstance(value, str):
                right = min(right, COLUMNS)
                texts.extend([""] * (right - len(texts)))
                texts[left - 1 : right] = [value] * (right - left + 1)
    return texts


def _joined(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """The texts of a two-row heading: the lower text under the upper one, once where a cell spans both."""
    width = max(len(upper), len(lower))
    pairs = zip([*upper, *[""] * (width - len(upper))], [*lower, *[""] * (width - len(lower))], strict=True)
    return [top if top == under or not under else f"{top}{JOINT}{under}" if top else under for top, under in pairs]


def _map(kind: Kind, first: int, last: int, row: int, headings: Sequence[str]) -> Heading:
    words = vocabulary()
    found = Heading(kind, first, last, row, tuple(headings), {})
    reasons: list[int] = []
    for index, text in enumerate(headings):
        if not text.strip() or len(text) > 200:
            continue
        name = _field(words.fields[kind], text)
        if name is None:
            if bare(text) == plain(words.reason):
                reasons.append(index)
            elif bare(text) not in words.ignored and plain(text) not in words.ignored:
                found.unused.append(index)
        elif name in found.columns:
            found.twice.append((name, index))
        else:
            found.columns[name] = index
    found.reasons = frozenset(reasons)
    _settle(found)
    for name in _AMOUNTS & found.columns.keys():
        found.unit = _unit(headings[found.columns[name]])
    if kind == "parties" and "name" in found.columns:
        found.party_kind = words.kind_of_heading.get(bare(headings[found.columns["name"]].rpartition(JOINT)[2]))
    return found


def _settle(found: Heading) -> None:
    """A column 单位 beside an amount is the unit, but in a resource list without a provider it names the firm."""
    if found.kind == "offers" and "provider" not in found.columns and "unit" in found.columns:
        index = found.columns["unit"]
        if plain(found.texts[index]) == "单位" and index < found.columns.get("capacity", -1) - 1:
            found.columns["provider"] = found.columns.pop("unit")


def _field(known: dict[str, str], text: str) -> str | None:
    upper, _, lower = text.partition(JOINT)
    for attempt in [upper + lower, lower] if lower else [text]:
        for form in (plain(attempt), bare(attempt), _together(attempt)):
            if form and form in known:
                return known[form]
    return None


def _unit(heading: str) -> str | None:
    """The unit in the brackets of an amount's heading: 数量(件), 金额（万元）, 数量(单位:台)."""
    for inner in _BRACKETS.findall(unicodedata.normalize("NFKC", heading)):
        unit: str = inner.strip().removeprefix("单位").strip(": ")
        if unit and len(unit) <= 4 and unit not in ("必填", "选填", "整数", "数字", "可选") and not unit.isdigit():
            return unit
    return None


def fields_text(kind: Kind, names: Iterable[str]) -> tuple[str, str]:
    """Field names for a message: 中文 headings, and the English field names."""
    canonical = vocabulary().canonical[kind]
    listed = list(names)
    return "、".join(canonical[name] for name in listed), ", ".join(name.replace("_", " ") for name in listed)


def nearest(kind: Kind, heading: str) -> str | None:
    """The known heading most like `heading`, to suggest; None when nothing is similar."""
    close = difflib.get_close_matches(plain(heading), list(vocabulary().fields[kind]), n=1, cutoff=0.6)
    if not close:
        return None
    return vocabulary().canonical[kind][vocabulary().fields[kind][close[0]]]


def repeats(found: Heading, cells: Sequence[Cell]) -> bool:
    """Whether a row is the heading printed once more, as at the top of a page."""
    written = [plain(as_text(cell)) for cell in cells]
    expected = [plain(text) for text in found.texts]
    return sum(1 for text in written if text) > 1 and all(
        text == (expected[index] if index < len(expected) else "") for index, text in enumerate(written) if text
    )
