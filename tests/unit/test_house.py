"""The rules of the house that a reader would otherwise have to take on trust."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from fivelink.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
ROOMS = ("schema", "resolvers", "graph", "db", "exchange", "fivelink")
FILES = sorted(
    path
    for room in (*ROOMS, "bench", "tests")
    for path in (ROOT / room).rglob("*.py")
    if "node_modules" not in path.parts
)
LONGEST = 500


def test_imports_run_one_way() -> None:
    code = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_stands_under_the_import_rules(room: str) -> None:
    assert re.search(rf"root_packages = .*\"{room}\"", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert (ROOT / room / "__init__.py").is_file()


def test_no_file_grows_past_what_one_reads_in_a_sitting() -> None:
    assert len(FILES) > 80
    lengths = {path.relative_to(ROOT): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST} == {}


def test_no_installed_distribution_claims_our_names() -> None:
    claimed = packages_distributions()
    for room in (*ROOMS, "data"):
        assert set(claimed.get(room, [])) <= {"fivelink"}, room


def test_every_room_is_imported_from_this_checkout() -> None:
    for room in ROOMS:
        module = __import__(room)
        assert module.__file__ is not None
        assert Path(module.__file__).parent == ROOT / room


def test_every_setting_is_documented() -> None:
    documented = set(re.findall(rf"`({PREFIX}\w+)`", (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")))
    declared = {PREFIX + one.name.upper() for one in fields(Settings)}
    assert documented == declared


def test_no_variable_is_read_that_is_not_a_setting() -> None:
    declared = {PREFIX + one.name.upper() for one in fields(Settings)}
    for path in FILES:
        if path.relative_to(ROOT).parts[0] in ROOMS:
            named = set(re.findall(rf"\b{PREFIX}[A-Z]\w*[A-Z]\b", path.read_text(encoding="utf-8")))
            assert named <= declared, path
