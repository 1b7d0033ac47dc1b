"""The guide tells the truth: every code, every heading written, every promise of how a cell is read."""

from __future__ import annotations

import re
from pathlib import Path

from exchange.headings import REQUIRED, plain, vocabulary
from exchange.messages import FAULTS, NOTICES, REFUSALS
from exchange.reading import LIMIT_ROWS
from exchange.writing import COLUMNS

GUIDE = (Path(__file__).resolve().parents[3] / "docs" / "import.md").read_text(encoding="utf-8")


def test_every_code_is_in_the_guide_and_every_code_of_the_guide_exists() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", GUIDE, re.MULTILINE)
    assert listed == [code.upper() for code in (*REFUSALS, *FAULTS, *NOTICES)]


def test_every_heading_that_is_written_is_in_the_guide() -> None:
    for kind in REQUIRED:
        assert set(COLUMNS[kind]) == set(vocabulary().canonical[kind])
        for heading in vocabulary().canonical[kind].values():
            assert heading in GUIDE


def test_every_heading_named_in_the_tables_is_known() -> None:
    checked = 0
    for kind, title in (
        ("needs", "需求清单 · needs"),
        ("offers", "资源清单 · offers"),
        ("parties", "组织名录 · parties"),
    ):
        section = GUIDE.split(f"**{title}**")[1].split("\n\n**")[0].split("\n序号")[0]
        for line in re.findall(r"^\| (.+) \|$", section, re.MULTILINE):
            first, also, _english = line.split(" | ") if line.count(" | ") == 2 else (line.split(" |")[0], "", "")
            if first in ("column", "---", "组织类别") or set(line) <= set("-|"):
                continue
            for heading in [*first.split(" · "), *re.split("[,·] ?", re.sub(r"\(written.*\)|as above", "", also))]:
                if heading.strip():
                    assert plain(heading.strip()) in vocabulary().fields[kind], heading  # type: ignore[index]
                    checked += 1
    assert checked > 60


def test_the_limits_of_the_guide_hold() -> None:
    assert f"{LIMIT_ROWS:,} rows" in GUIDE
    assert "at most 200 characters" in GUIDE


def test_every_message_is_in_both_languages_without_paths() -> None:
    for zh, en in (*REFUSALS.values(), *FAULTS.values(), *NOTICES.values()):
        assert re.search("[一-鿿]", zh)
        assert not re.search("[一-鿿]", en)
        assert set(re.findall(r"{(\w+)}", en)) <= {
            *re.findall(r"{(\w+)}", zh), *(name + "_en" for name in re.findall(r"{(\w+)}", zh)), "found",
        }  # fmt: skip
