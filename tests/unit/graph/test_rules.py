from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from small import CHILD, COUNSELLING, COUNTY, ELDER, FAR, GOODS, HANGANG, QUANPU, WHEELCHAIR, WORLD, need, offer

from graph.rules import RULES, obstacles


def test_a_fitting_offer_has_no_obstacle() -> None:
    assert obstacles(need(), offer(), WORLD) == []


#: rule, what the need has, what the offer has, words of the facts, the remedy, the change the remedy speaks of
FAILURES: list[tuple[str, dict[str, Any], dict[str, Any], str, str | None, dict[str, Any], dict[str, Any]]] = [
    ("STATUS", {"is_open": False}, {}, "需求已不再开放", "Submit the need again.", {"is_open": True}, {}),
    ("STATUS", {}, {"is_active": False}, "供给未处于启用状态", "Activate the offer.", {}, {"is_active": True}),
    ("RESOURCE_TYPE", {}, {"type_id": COUNSELLING}, "心理疏导", None, {}, {}),
    ("RESOURCE_TYPE", {"type_id": GOODS}, {}, "轮椅", "Narrow the need to wheelchairs.", {"type_id": WHEELCHAIR}, {}),
    ("COVERAGE", {}, {"coverage_ids": (HANGANG,)}, "韩岗镇", "Add Jia to the coverage.", {}, {"coverage_ids": (3, 4)}),
    (
        "DATES",
        {"needed_from": date(2026, 12, 1)},
        {"available_until": date(2026, 11, 20)},
        "2026-11-20",
        "Extend availability to 2026-12-01.",
        {},
        {"available_until": date(2026, 12, 1)},
    ),
    (
        "DATES",
        {"needed_by": date(2026, 11, 10)},
        {"available_from": date(2026, 11, 20)},
        "2026-11-10",
        "Start availability on 2026-11-10.",
        {},
        {"available_from": date(2026, 11, 10)},
    ),
    (
        "DATES",
        {"needed_by": date(2026, 10, 1)},
        {},
        "2026-10-01",
        "Move the need's deadline to 2026-11-01.",
        {"needed_by": date(2026, 11, 1)},
        {},
    ),
    (
        "DATES",
        {},
        {"available_until": date(2026, 10, 31)},
        "2026-10-31",
        "Extend availability to 2026-11-01.",
        {},
        {"available_until": date(2026, 11, 1)},
    ),
    (
        "CLIENT_GROUPS",
        {},
        {"group_ids": (CHILD,)},
        "困境儿童",
        "Add elders in difficulty to the client groups served.",
        {},
        {"group_ids": (CHILD, ELDER)},
    ),
    (
        "CLIENT_GROUPS",
        {"group_ids": ()},
        {"group_ids": (CHILD,)},
        "未注明",
        "Record the client group on the need.",
        {"group_ids": (CHILD,)},
        {},
    ),
    (
        "EARMARK",
        {},
        {"earmark_ids": (CHILD,)},
        "困境儿童",
        "Ask the donor's consent to use it for elders in difficulty.",
        {},
        {"earmark_ids": (CHILD, ELDER)},
    ),
    ("AVAILABILITY", {}, {"available": 0}, "无余量", "Raise the capacity by 1 台.", {}, {"available": 1}),
    ("AVAILABILITY", {"remaining": 0}, {}, "已全部落实", None, {}, {}),
    ("MINIMUM", {}, {"minimum": 4}, "3台", "Lower the minimum to 3 台.", {}, {"minimum": 3}),
    ("MINIMUM", {}, {"minimum": 3, "available": 2}, "2台", "Raise the capacity by 1 台.", {}, {"available": 3}),
    ("MINIMUM", {}, {"minimum": 3, "maximum": 2}, "2台", "Raise the maximum to 3 台.", {}, {"maximum": 3}),
]


@pytest.mark.parametrize(("code", "asked", "given", "fact", "remedy", "mend_need", "mend_offer"), FAILURES)
def test_each_rule_fails_alone_names_the_facts_and_its_remedy_mends_it(
    code: str,
    asked: dict[str, Any],
    given: dict[str, Any],
    fact: str,
    remedy: str | None,
    mend_need: dict[str, Any],
    mend_offer: dict[str, Any],
) -> None:
    wanted, offered = need(**asked), offer(**given)
    (found,) = obstacles(wanted, offered, WORLD)
    assert found.code == code
    assert fact in found.text_zh
    assert found.remedy_en == remedy
    if remedy is not None:
        assert obstacles(replace(wanted, **mend_need), replace(offered, **mend_offer), WORLD) == []


def test_every_rule_is_shown_to_fail() -> None:
    assert {row[0] for row in FAILURES} == set(RULES)


def test_all_failed_rules_are_told_at_once_in_order() -> None:
    found = obstacles(need(area_id=FAR), offer(earmark_ids=(), available=0, is_active=False), WORLD)
    assert [o.code for o in found] == ["STATUS", "COVERAGE", "EARMARK", "AVAILABILITY"]


def test_an_offer_covers_what_lies_below_but_not_above() -> None:
    assert obstacles(need(), offer(coverage_ids=(COUNTY,)), WORLD) == []
    (found,) = obstacles(need(area_id=QUANPU), offer(coverage_ids=(4,)), WORLD)
    assert found.remedy_zh == "将拳铺镇加入服务区域"


def test_an_offer_of_a_type_serves_needs_below_it() -> None:
    assert obstacles(need(), offer(type_id=GOODS), WORLD) == []


def test_days_at_the_edge_overlap() -> None:
    day = date(2026, 11, 9)
    assert obstacles(need(needed_from=day), offer(available_until=day), WORLD) == []
    assert obstacles(need(needed_by=day), offer(available_from=day), WORLD) == []
