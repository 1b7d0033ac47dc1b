"""The vocabulary files: areas, terms, resource types and the weights of a score, as plain records.

The application ships them in the package `data`; a county may add its own files of the same form. Reading never
stops at the first mistake: what is right comes back as records, parents before children and otherwise in file
order, and everything wrong comes back as faults, so that a person mends a file once.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Generic, Literal, Protocol, TypeVar, cast, get_args

from exchange.records import Fault, Place

AreaLevel = Literal["PROVINCE", "PREFECTURE", "COUNTY", "TOWNSHIP", "VILLAGE", "ZONE"]
ResourceKind = Literal["FUNDS", "GOODS", "SERVICE", "VENUE", "VOLUNTEER_TIME"]

#: Digits of a code of each level (GB/T 2260, GB/T 10114 and the statistics codes); a ZONE has no such code.
DIGITS: dict[str, int] = {"PROVINCE": 2, "PREFECTURE": 4, "COUNTY": 6, "TOWNSHIP": 9, "VILLAGE": 12}

#: Names the code list uses for levels that hold no place of their own: nobody lives in 北京市市辖区东城区.
PLACEHOLDERS = frozenset({"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"})

WEIGHT_TOTAL = 10_000
CODE = re.compile(r"[A-Z][A-Z0-9_]*")
AREA_CODE = re.compile(r"[0-9A-Z-]+")


class File(Protocol):
    """What a vocabulary is read from: a `pathlib.Path` or a file inside an installed package."""

    @property
    def name(self) -> str: ...

    def read_bytes(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class AreaRecord:
    """One place. `full_name` runs from the province down, without placeholders: 北京市东城区."""

    place: Place
    code: str
    name: str
    level: AreaLevel
    parent: str | None
    full_name: str


@dataclass(frozen=True, slots=True)
class TermRecord:
    """One code of a scheme. `domains` (of client groups) are codes of the scheme "domain"."""

    place: Place
    scheme: str
    code: str
    parent: str | None
    label_zh: str
    label_en: str
    synonyms: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResourceTypeRecord:
    """What can be asked for and offered. `synonyms` are words of titles; `other_units` are units people also write."""

    place: Place
    code: str
    label_zh: str
    label_en: str
    kind: ResourceKind
    unit: str
    parent: str | None
    synonyms: tuple[str, ...] = ()
    other_units: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WeightRecord:
    """What one part of a score counts, in ten-thousandths, and why."""

    place: Place
    code: str
    weight: int
    label_zh: str
    label_en: str
    reason_zh: str
    reason_en: str


Record = TypeVar("Record")
Child = TypeVar("Child", AreaRecord, TermRecord, ResourceTypeRecord)


@dataclass(frozen=True, slots=True)
class Reading(Generic[Record]):
    """Records without fault (and below no faulty one), and all faults in file order.

    A caller loads the records only when there is no fault: half a vocabulary would match half the needs.
    """

    records: tuple[Record, ...]
    faults: tuple[Fault, ...]


def shipped(name: str) -> File:
    """The file of that name in the installed package `data`, e.g. "areas.csv"."""
    return cast(File, resources.files("data") / name)


def read_areas(files: Sequence[File] | None = None) -> Reading[AreaRecord]:
    """Areas of `files`, taken as one list (default: the shipped one); a county's own file follows the shipped one.

    Faults: DUPLICATE_CODE, UNKNOWN_LEVEL, LEVEL_MISMATCH (the code's length is not the level's), PARENT_MISMATCH (the
    code does not begin with its parent's, or the levels do not follow one another), and those of every tree.
    """
    table = _Table(files or (shipped("areas.csv"),), ("code", "name", "level", "parent"))
    found: list[AreaRecord] = []
    for row in table.rows(required=("code", "name", "level")):
        code, level, parent = row["code"], row["level"], row["parent"] or None
        if level not in get_args(AreaLevel):
            row.fault("UNKNOWN_LEVEL", "level", f"没有“{level}”这一级", f"there is no level “{level}”")
        elif not AREA_CODE.fullmatch(code) or (
            code.isdigit() if level == "ZONE" else not (code.isdigit() and len(code) == DIGITS[level])
        ):
            row.fault(
                "LEVEL_MISMATCH", "code", f"代码 {code} 与级别 {level} 不符", f"code {code} does not fit level {level}"
            )
        elif level != "ZONE" and not _stands_under(level, code, parent):
            row.fault(
                "PARENT_MISMATCH",
                "parent",
                f"{code} 的上级应是它的前几位，而不是“{parent or ''}”",
                f"the parent of {code} must be its leading digits, not “{parent or ''}”",
            )
        found.append(AreaRecord(row.place(), code, row["name"], cast(AreaLevel, level), parent, row["name"]))
    ordered = _tree(table, found, key=lambda area: area.code, parent=lambda area: area.parent)
    return table.reading(_with_full_names(ordered))


def read_terms(files: Sequence[File] | None = None) -> Reading[TermRecord]:
    """Terms of all schemes. A parent stands in the same scheme; a domain must be a term of scheme "domain".

    Faults: BAD_CODE, DUPLICATE_CODE, DUPLICATE_SYNONYM (two terms of a scheme answer to one word), UNKNOWN_DOMAIN, and
    those of every tree.
    """
    table = _Table(
        files or (shipped("terms.csv"),),
        ("scheme", "code", "parent", "label_zh", "label_en", "synonyms", "domains"),
    )
    found: list[TermRecord] = []
    for row in table.rows(required=("scheme", "code", "label_zh", "label_en")):
        row.check_code()
        found.append(
            TermRecord(
                row.place(),
                row["scheme"],
                row["code"],
                row["parent"] or None,
                row["label_zh"],
                row["label_en"],
                row.several("synonyms"),
                row.several("domains"),
            )
        )
    domains = {term.code for term in found if term.scheme == "domain"}
    for term in found:
        for domain in term.domains:
            if domain not in domains:
                table.fault(term.place, "UNKNOWN_DOMAIN", f"没有领域“{domain}”", f"there is no domain “{domain}”")
    _check_words(
        table,
        ((term.place, term.scheme, term.code, (term.label_zh, term.label_en, *term.synonyms)) for term in found),
    )
    return table.reading(
        _tree(
            table,
            found,
            key=lambda term: f"{term.scheme}/{term.code}",
            parent=lambda term: f"{term.scheme}/{term.parent}" if term.parent else None,
        )
    )


def read_resource_types(files: Sequence[File] | None = None) -> Reading[ResourceTypeRecord]:
    """The trees of resource types; all types of one tree are of one kind, because an offer serves what is below it.

    Faults: BAD_CODE, DUPLICATE_CODE, UNKNOWN_KIND, KIND_MISMATCH, DUPLICATE_SYNONYM, and those of every tree.
    """
    table = _Table(
        files or (shipped("resource_types.csv"),),
        ("code", "label_zh", "label_en", "kind", "unit", "parent", "synonyms"),
    )
    found: list[ResourceTypeRecord] = []
    for row in table.rows(required=("code", "label_zh", "label_en", "kind", "unit")):
        row.check_code()
        if row["kind"] not in get_args(ResourceKind):
            row.fault("UNKNOWN_KIND", "kind", f"没有“{row['kind']}”这一类", f"there is no kind “{row['kind']}”")
        found.append(
            ResourceTypeRecord(
                row.place(),
                row["code"],
                row["label_zh"],
                row["label_en"],
                cast(ResourceKind, row["kind"]),
                row["unit"],
                row["parent"] or None,
                row.several("synonyms"),
                row.several("other_units"),
            )
        )
    kinds = {kind.code: kind.kind for kind in found}
    for one in found:
        if one.parent in kinds and kinds[one.parent] != one.kind:
            table.fault(
                one.place,
                "KIND_MISMATCH",
                f"{one.code} 与上级 {one.parent} 的大类不同",
                f"{one.code} is not of the kind of its parent {one.parent}",
            )
    _check_words(table, ((one.place, "", one.code, (one.label_zh, one.label_en, *one.synonyms)) for one in found))
    return table.reading(_tree(table, found, key=lambda one: one.code, parent=lambda one: one.parent))


def read_weights(files: Sequence[File] | None = None) -> Reading[WeightRecord]:
    """The parts of a score; their weights are whole ten-thousandths from 0 and sum to 10,000.

    Faults: BAD_CODE, DUPLICATE_CODE, WEIGHT_NOT_A_NUMBER, WEIGHTS_SUM.
    """
    columns = ("code", "weight", "label_zh", "label_en", "reason_zh", "reason_en")
    table = _Table(files or (shipped("weights.csv"),), columns)
    found: list[WeightRecord] = []
    for row in table.rows(required=columns):
        row.check_code()
        written = row["weight"]
        number = written.isascii() and written.isdigit() and len(written) <= 5
        if not number:
            row.fault(
                "WEIGHT_NOT_A_NUMBER", "weight", f"权重“{written}”不是整数", f"weight “{written}” is not a whole number"
            )
        texts = (row[name] for name in columns[2:])
        found.append(WeightRecord(row.place(), row["code"], int(written) if number else 0, *texts))
    _unique(table, found, key=lambda weight: weight.code)
    total = sum(weight.weight for weight in found)
    if total != WEIGHT_TOTAL and not table.faults:
        table.fault(
            Place(file=table.name),
            "WEIGHTS_SUM",
            f"权重合计应为 {WEIGHT_TOTAL}，现为 {total}",
            f"the weights must sum to {WEIGHT_TOTAL}, not {total}",
        )
    return table.reading(found)


def _stands_under(level: str, code: str, parent: str | None) -> bool:
    """Whether the parent begins the code, one level up, or two where a level is missing (东莞 has no counties)."""
    lengths = list(DIGITS.values())
    at = lengths.index(DIGITS[level])
    if parent is None:
        return at == 0
    return code.startswith(parent) and parent.isdigit() and len(parent) in lengths[max(at - 2, 0) : at]


def _with_full_names(areas: Iterable[AreaRecord]) -> list[AreaRecord]:
    """Areas with full names; a city listed again as its own only county (东莞市) is named once."""
    paths: dict[str, tuple[str, ...]] = {}
    named = []
    for area in areas:
        above = paths[area.parent] if area.parent else ()
        silent = area.name in PLACEHOLDERS or (area.level == "COUNTY" and above[-1:] == (area.name,))
        path = paths[area.code] = above if silent else (*above, area.name)
        named.append(AreaRecord(area.place, area.code, area.name, area.level, area.parent, "".join(path)))
    return named


class _Row:
    """One line of a table: values by column, stripped."""

    def __init__(self, table: _Table, file: str, number: int, values: dict[str, str], columns: Sequence[str]) -> None:
        self._table, self._file, self._number, self._values, self._columns = table, file, number, values, columns

    def __getitem__(self, column: str) -> str:
        return self._values.get(column, "")

    def several(self, column: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in self[column].split(";") if part.strip())

    def place(self, column: str | None = None) -> Place:
        cell = f"{chr(ord('A') + self._columns.index(column))}{self._number}" if column in self._columns else None
        return Place(file=self._file, row=self._number, cell=cell)

    def fault(self, code: str, column: str, text_zh: str, text_en: str) -> None:
        self._table.fault(self.place(column), code, text_zh, text_en, tuple(self._values.values()))

    def check_code(self) -> None:
        if not CODE.fullmatch(self["code"]):
            self.fault(
                "BAD_CODE",
                "code",
                f"代码“{self['code']}”只能用大写字母、数字和下划线",
                f"code “{self['code']}” may only hold capital letters, digits and underscores",
            )


class _Table:
    """Several CSV files of one form, and what is wrong with them."""

    def __init__(self, files: Sequence[File], columns: Sequence[str]) -> None:
        self.columns = columns
        # A county's file is often called like the shipped one, and a fault must say which it is in.
        names = [file.name for file in files]
        self.files = {str(file) if names.count(file.name) > 1 else file.name: file for file in files}
        self.name = ", ".join(self.files)
        self.faults: list[Fault] = []

    def fault(self, place: Place, code: str, text_zh: str, text_en: str, original: tuple[str, ...] = ()) -> None:
        self.faults.append(Fault(place, code, text_zh, text_en, original))

    def rows(self, required: Sequence[str]) -> Iterator[_Row]:
        """Rows with a value in every required column; a file without the columns, or not in UTF-8, is one fault."""
        for name, file in self.files.items():
            try:
                lines = csv.reader(io.StringIO(file.read_bytes().decode("utf-8-sig"), newline=""), strict=True)
                heading = [cell.strip() for cell in next(lines, [])]
                cells = [(lines.line_num, line) for line in lines if any(value.strip() for value in line)]
            except (OSError, UnicodeDecodeError, csv.Error):
                self.fault(Place(name), "UNREADABLE", "文件不是 UTF-8 的 CSV", "the file is no CSV in UTF-8")
                continue
            missing = [column for column in self.columns if column not in heading]
            if missing:
                columns = ", ".join(missing)
                self.fault(Place(name, row=1), "MISSING_COLUMN", f"缺少列：{columns}", f"missing columns: {columns}")
                continue
            for number, line in cells:
                if len(line) != len(heading):
                    self.fault(
                        Place(name, row=number),
                        "WRONG_WIDTH",
                        f"应有 {len(heading)} 格，这一行有 {len(line)} 格",
                        f"a row has {len(heading)} cells, this one {len(line)}",
                        tuple(line),
                    )
                    continue
                row = _Row(self, name, number, dict(zip(heading, map(str.strip, line), strict=True)), heading)
                empty = [column for column in required if not row[column]]
                for column in empty:
                    row.fault("MISSING_VALUE", column, f"“{column}”不能为空", f"“{column}” must not be empty")
                if not empty:
                    yield row

    def reading(self, records: Iterable[Record]) -> Reading[Record]:
        order = {name: at for at, name in enumerate(self.files)}
        faults = sorted(self.faults, key=lambda fault: (order.get(fault.place.file, 0), fault.place.row or 0))
        return Reading(tuple(records), tuple(faults))


def _unique(table: _Table, records: Iterable[Record], key: Callable[[Record], str]) -> dict[str, Record]:
    """Records by key; a second one of the same key is a fault that names the first."""
    known: dict[str, Record] = {}
    for record in records:
        place: Place = record.place  # type: ignore[attr-defined]
        first = known.setdefault(key(record), record)
        if first is not record:
            code, row = key(record).rpartition("/")[2], first.place.row  # type: ignore[attr-defined]
            table.fault(place, "DUPLICATE_CODE", f"{code} 在第 {row} 行已有", f"{code} stands in row {row} already")
    return known


def _tree(
    table: _Table, records: Sequence[Child], key: Callable[[Child], str], parent: Callable[[Child], str | None]
) -> list[Child]:
    """Parents before children, else file order. Faults: DUPLICATE_CODE, UNKNOWN_PARENT, PARENT_CYCLE. O(n)."""
    known = _unique(table, records, key)
    bad = {(fault.place.file, fault.place.row) for fault in table.faults}
    done: dict[str, Child] = {}
    refused: set[str] = set()
    for record in records:
        chain: list[Child] = []
        at: Child | None = record
        seen: set[str] = set()
        while at is not None and key(at) not in done and key(at) not in refused and key(at) not in seen:
            seen.add(key(at))
            chain.append(at)
            above = parent(at)
            if above is not None and above not in known:
                code = above.rpartition("/")[2]
                table.fault(at.place, "UNKNOWN_PARENT", f"没有上级“{code}”", f"there is no parent “{code}”")
                refused.add(key(at))
            at = known.get(above) if above is not None else None
        if at is not None and key(at) in seen:
            table.fault(at.place, "PARENT_CYCLE", f"{at.code} 是自己的上级", f"{at.code} stands above itself")
            refused |= seen
        for one in reversed(chain):
            above = parent(one)
            if key(one) in refused or above in refused or (one.place.file, one.place.row) in bad:
                refused.add(key(one))
            else:
                done[key(one)] = one
    return list(done.values())


def _check_words(table: _Table, entries: Iterable[tuple[Place, str, str, tuple[str, ...]]]) -> None:
    """One word of one scheme belongs to one code; case does not matter."""
    owners: dict[tuple[str, str], str] = {}
    for place, scheme, code, words in entries:
        for word in words:
            owner = owners.setdefault((scheme, word.casefold()), code)
            if owner != code:
                table.fault(
                    place,
                    "DUPLICATE_SYNONYM",
                    f"“{word}”已是 {owner} 的说法",
                    f"“{word}” is a word of {owner} already",
                )
