"""The audit file: what stands in it, what is checked from it alone, and what its page promises."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from lexicographic import ORDERS, plan_of, solve, tie_hash
from planted import instance
from test_checker import APART_OFFERS, searched_plan

from fivelink.commands.audit import run
from graph import audit

PAGE = (Path(__file__).parents[3] / "docs" / "audit.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
INSTANCE = instance()
BODIES = {order: audit.document(INSTANCE, plan_of(INSTANCE, *solve(INSTANCE, order), order)) for order in ORDERS}
BODY = BODIES["URGENT_FIRST"]

Change = Callable[[dict[str, Any]], Any]


def changed(change: Change) -> dict[str, Any]:
    body = deepcopy(BODY)
    change(body)
    return body


def written(tmp_path: Path, body: Any) -> Path:
    path = tmp_path / "plan.json"
    path.write_text(audit.dumps(body), encoding="utf-8")
    return path


# ---- the page --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ORDERS)
def test_the_examples_of_the_page_confirm_the_plan(
    order: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path, BODIES[order])
    monkeypatch.chdir(tmp_path)
    assert len(EXAMPLES) == 4
    names: dict[str, Any] = {}
    for example in EXAMPLES:
        exec(example, names)
    lines = capsys.readouterr().out.splitlines()
    # Each aim twice, by networkx and by HiGHS, always what the file states.
    stated = [f"{s['name']} {s['cost']} stated: {s['cost']}" for s in BODIES[order]["stages"]]
    assert lines == stated + stated


def test_the_examples_of_the_page_notice_a_worse_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def a_unit_less(body: dict[str, Any]) -> None:
        body["allocation"]["quantity"][0] += -1 if body["allocation"]["quantity"][0] > 1 else 1
        for stage, cost in zip(body["stages"], (11, 130, 10**9, 10**10), strict=True):
            stage["cost"] = cost

    monkeypatch.chdir(tmp_path)
    for place in (1, 2, 3):
        written(tmp_path, changed(a_unit_less))
        names: dict[str, Any] = {}
        exec(EXAMPLES[0], names)
        with pytest.raises(AssertionError):
            exec(EXAMPLES[place], names)


def test_every_field_of_the_file_is_on_the_page() -> None:
    for section, content in BODY.items():
        assert f"`{section}" in PAGE, section
        if isinstance(content, dict):
            assert all(f"`{name}`" in PAGE or f".{name}`" in PAGE for name in content), section
    assert all(f"`{name}`" in PAGE for name in BODY["stages"][0] if name not in ("costs", "prices"))


def test_the_hash_that_settles_ties_is_the_documented_one() -> None:
    for need_id, offer_id in ((1, 1), (7, 12), (2**62, 2**61), (2**31, 5)):
        assert audit.tie(need_id, offer_id) == tie_hash(need_id, offer_id)


# ---- what is checked -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ORDERS)
def test_the_file_of_the_right_plan_passes_after_writing_and_reading(order: str) -> None:
    text = audit.dumps(BODIES[order])
    assert audit.loads(text) == BODIES[order]
    assert audit.recheck(audit.loads(text.encode())) == []


def bump(*path: str | int, by: int = 1) -> Change:
    def change(body: Any) -> None:
        for key in path[:-1]:
            body = body[key]
        value = body[path[-1]]
        body[path[-1]] = str(int(value) + by) if isinstance(value, str) else value + by

    return change


def put(value: Any, *path: str | int) -> Change:
    def change(body: Any) -> None:
        for key in path[:-1]:
            body = body[key]
        body[path[-1]] = value

    return change


FORGED: dict[str, Change] = {
    "a cost of TIE": bump("stages", 3, "costs", "pair", 0),
    "a cost of SCORE": bump("stages", 2, "costs", "pair", 1, by=-1),
    "a cost of an unmet unit": bump("stages", 0, "costs", "unmet", 0),
    "a cost of unfairness": bump("stages", 1, "costs", "segment", 9),
    "segments of another size": put([0] * 19 + [13], "groups", "segments", 2),
    "a wrong segment filled first": put(list(range(39, 0, -2)), "stages", 1, "costs", "segment"),
    "a stated cost": bump("stages", 1, "cost", by=-1),
    "primal and dual": lambda body: (
        bump("certificate", "primal")(body),
        bump("certificate", "dual")(body),
    ),
    "dual": bump("certificate", "dual"),
    "an aim reached": bump("certificate", "aims", "STAT"),
    "the kind of proof": put("PRICES_AND_SEARCH", "certificate", "proof"),
    "a need called searched": put([1], "certificate", "searched"),
    "every need called searched": put([1, 2, 3, 4, 5, 6, 7], "certificate", "searched"),
    "a capacity one lower": bump("offers", "capacity", 1, by=-1),
    "a cap one lower": bump("caps", "limit", 2, by=-1),
    "a fund one lower": bump("caps", "limit", 0, by=-1),
    "a cap one higher": bump("caps", "limit", 2),
    "a limit one lower": bump("pairs", "limit", 22, by=-1),
    "a minimum higher": bump("offers", "minimum", 6, by=5),
    "a tier": bump("needs", "tier", 3),
    "a price": bump("stages", 3, "prices", "needs", 0),
    "a quantity": bump("allocation", "quantity", 0),
}


@pytest.mark.parametrize("fault", FORGED)
def test_a_forged_file_is_seen(fault: str) -> None:
    assert audit.recheck(BODY) == []
    faults = audit.recheck(changed(FORGED[fault]))
    assert faults
    assert all(" / " in found and not found.isascii() for found in faults)


def test_the_file_of_a_searched_plan_says_so_and_is_checked_for_standing_apart() -> None:
    asked, plan = searched_plan(APART_OFFERS)
    body = audit.document(asked, plan)
    assert body["certificate"]["proof"] == "PRICES_AND_SEARCH"
    assert body["certificate"]["searched"] == [1, 2]
    assert audit.recheck(body) == []
    body["certificate"]["searched"] = [1]
    assert any("connected" in fault for fault in audit.recheck(body))
    body["certificate"] |= {"searched": [], "proof": "PRICES"}
    assert any("not proven" in fault for fault in audit.recheck(body))


# ---- what is no audit file -------------------------------------------------------------------------------------------

NO_FILE: dict[str, Change] = {
    "another format": put("hsds", "format"),
    "a later version": put(2, "version"),
    "an unknown order": put("NEAREST_FIRST", "order"),
    "an order that is a list": put(["URGENT_FIRST"], "order"),
    "stages of the other order": put("FAIR_FIRST", "order"),
    "a stage missing": lambda body: body["stages"].pop(),
    "a column too short": lambda body: body["needs"]["tier"].pop(),
    "a price too few": lambda body: body["stages"][2]["prices"]["groups"].pop(),
    "costs too short": lambda body: body["stages"][3]["costs"]["pair"].pop(),
    "a section missing": lambda body: body.pop("offers"),
    "a field missing": lambda body: body["certificate"].pop("dual"),
    "a section that is a list": put([], "caps"),
    "a column that is a number": put(3, "needs", "quantity"),
    "a negative quantity": put(-1, "needs", "quantity", 0),
    "a negative capacity": put(-1, "offers", "capacity", 0),
    "a negative cost": put(-1, "stages", 0, "costs", "unmet", 0),
    "nothing given": put(0, "allocation", "quantity", 0),
    "a huge quantity": put(2**31, "needs", "quantity", 0),
    "a huge price": put(10**400, "stages", 0, "prices", "needs", 0),
    "a huge number in words": put("9" * 100_000, "certificate", "primal"),
    "digits of another script": put("١٢", "certificate", "primal"),
    "a fraction": put(1.5, "allocation", "quantity", 0),
    "a truth for a number": put(True, "needs", "tier", 0),
    "a number for a truth": put(1, "needs", "whole", 0),
    "a null": put(None, "pairs", "limit", 0),
    "an id twice": put(2, "needs", "id", 0),
    "a pair twice": lambda body: [column.append(column[0]) for column in body["pairs"].values()],
    "an allocation twice": lambda body: [column.append(column[0]) for column in body["allocation"].values()],
    "a pair of nobody": put(99, "pairs", "offer", 0),
    "a group of nobody": put(9, "needs", "group", 0),
    "a cap of nobody": put(5, "offers", "cap", 0),
    "a cap in words": put("700", "offers", "cap", 0),
    "caps in a circle": put(700, "caps", "parent", 2),
    "a cap within itself": put(700, "caps", "parent", 0),
    "a searched need of nobody": put([99], "certificate", "searched"),
    "a proof of another kind": put("FAITH", "certificate", "proof"),
}


@pytest.mark.parametrize("fault", NO_FILE)
def test_a_document_that_is_none_is_refused_in_both_languages(fault: str) -> None:
    with pytest.raises(audit.NotAnAudit) as refused:
        audit.recheck(changed(NO_FILE[fault]))
    assert not refused.value.zh.isascii()
    assert refused.value.en.isascii()
    assert len(refused.value.en) < 200


GARBAGE: dict[str, bytes] = {
    "nothing": b"",
    "words": "方案".encode(),
    "half a file": audit.dumps(BODY).encode()[:500],
    "a spreadsheet": b"PK\x03\x04\x14\x00\x06\x00",
    "bytes": bytes(range(256)),
    "a list": b"[]",
    "null": b"null",
    "a number": b"1",
    "deep nesting": b"[" * 100_000,
    "not a number": audit.dumps(BODY).replace('"cost":10,', '"cost":NaN,').encode(),
    "infinity": audit.dumps(BODY).replace('"cost":10,', '"cost":Infinity,').encode(),
    "a number of thousands of digits": audit.dumps(BODY).replace('"cost":10,', f'"cost":{"9" * 5_000},').encode(),
}


@pytest.mark.parametrize("garbage", GARBAGE)
def test_the_command_refuses_garbage_in_two_lines(
    garbage: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "garbage.json"
    path.write_bytes(GARBAGE[garbage])
    assert run(Namespace(file=path)) == 1
    told = capsys.readouterr()
    assert told.out == ""
    zh, en = told.err.splitlines()
    assert "garbage.json 不是可核对的审计文件" in zh
    assert en.endswith("[NOT_AN_AUDIT]")


def test_the_command_says_what_it_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Namespace(file=written(tmp_path, BODY))) == 0
    told = capsys.readouterr().out
    assert "核对通过" in told
    assert "Verified" in told
    assert "TIER 10" in told
    assert run(Namespace(file=written(tmp_path, changed(FORGED["a price"])))) == 1
    told = capsys.readouterr().out
    assert "未证明最优" in told
    assert "Rejected" in told


def test_the_command_does_not_call_a_searched_plan_proven_by_prices(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = audit.document(*searched_plan(APART_OFFERS))
    assert run(Namespace(file=written(tmp_path, body))) == 0
    told = capsys.readouterr().out
    assert "2 项需求所在部分" in told
    assert "the part of 2 needs was searched" in told
    body["certificate"] |= {"optimal": False, "dual": str(int(body["certificate"]["dual"]) + 7)}
    assert run(Namespace(file=written(tmp_path, body))) == 0
    assert "a better plan may exist" in capsys.readouterr().out


def test_the_command_line_takes_a_file_without_a_database(tmp_path: Path) -> None:
    path = written(tmp_path, BODY)
    asked = [sys.executable, "-m", "fivelink.cli", "audit"]
    right = subprocess.run([*asked, str(path)], capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert (right.returncode, right.stderr) == (0, "")
    path.write_text(json.dumps({"format": "something else"}))
    wrong = subprocess.run([*asked, str(path)], capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert wrong.returncode == 1
    assert "NOT_AN_AUDIT" in wrong.stderr
    missing = subprocess.run([*asked, "none.json"], capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert missing.returncode == 1
    assert "NO_SUCH_FILE" in missing.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["plan.json"]
