"""Whatever a file holds, reading ends in sheets or in one coded refusal."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from exchange.errors import Unreadable
from exchange.reading import read
from exchange.records import Sheet
from exchange.writing import write_rejects


def whole(name: str, content: bytes) -> list[Sheet] | Unreadable:
    """Reads `content` as a file called `name`; what it refuses can be written as rejects."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        try:
            sheets = read(path)
        except Unreadable as problem:
            return problem
        for extension in (".csv", ".xlsx"):
            write_rejects(Path(folder) / f"rejects{extension}", sheets)
    assert all(len(f.text_zh) < 1000 for sheet in sheets for f in (*sheet.faults, *sheet.notices))
    return sheets


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
KEYS = st.sampled_from(
    ["id", "name", "status", "organization", "organization_id", "service_areas", "capacities", "available", "unit",
     "schedules", "valid_from", "valid_to", "attributes", "taxonomy_term", "locations", "addresses", "city", "services",
     "contents", "service_at_locations", "location", "organization_identifiers", "link_type", "value", "total_pages"]
)  # fmt: skip
JSON = st.recursive(SCALARS, lambda s: st.lists(s, max_size=3) | st.dictionaries(KEYS, s, max_size=6), max_leaves=25)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(JSON, st.booleans())
def test_any_json_is_read_or_refused(document: Any, as_service: bool) -> None:
    if as_service and isinstance(document, dict):
        document = {"id": "1", "name": "n", "status": "active", "organization": {"id": "2", "name": "o"}} | document
    whole("a.json", json.dumps(document).encode())


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["a.csv", "a.json", "a.xlsx", "a.zip", "a"]))
def test_any_bytes_are_read_or_refused(content: bytes, name: str) -> None:
    whole(name, content)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(alphabet="需求名称数量村(),;\t\"'\n\r=3台-A ", max_size=40), max_size=6))
def test_any_csv_is_read_or_refused(lines: list[str]) -> None:
    whole("a.csv", ("需求名称,村(社区),数量\n" + "\n".join(lines)).encode())


def _template() -> dict[str, bytes]:
    book = Workbook()
    for row in (["需求名称", "村(社区)", "数量"], ["冰箱", "王庄村", 3], ["棉衣", None, "=1+2"]):
        book.active.append(row)
    book.active.merge_cells("B2:B3")
    stream = io.BytesIO()
    book.save(stream)
    with zipfile.ZipFile(stream) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


TEMPLATE = _template()
PARTS = [name for name in TEMPLATE if name.endswith((".xml", ".rels"))]


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(PARTS),
    st.floats(0, 1),
    st.sampled_from([b"", b"<", b"/>", b'"', b"9", b"99999999999", b"-1", b"_xD800_", b"A", b"\xff", b"</row>", b"e"]),
    st.integers(0, 12),
)
def test_a_damaged_workbook_is_read_or_refused(part: str, where: float, inserted: bytes, removed: int) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in TEMPLATE.items():
            if name == part:
                at = int(where * len(data))
                data = data[:at] + inserted + data[at + removed :]
            archive.writestr(name, data)
    whole("a.xlsx", stream.getvalue())
