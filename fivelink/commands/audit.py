"""`fivelink audit FILE`: is the plan in this file allowed, and proven to be the best one? Needs no database."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from fivelink.failures import say
from graph import audit


def run(arguments: Namespace) -> int:
    """0 where the file proves what it says, 1 where it does not or is no audit file."""
    try:
        body = audit.loads(arguments.file.read_bytes())
        faults = audit.recheck(body)
    except IsADirectoryError:
        say(f"{arguments.file} 是文件夹", f"{arguments.file} is a folder", "NOT_AN_AUDIT")
        return 1
    except audit.NotAnAudit as refused:
        name = arguments.file.name
        say(f"{name} 不是可核对的审计文件:{refused.zh}", f"{name} cannot be audited: {refused.en}", "NOT_AN_AUDIT")
        return 1
    _summary(body)
    for fault in faults:
        print(f"有误 wrong  {fault}")
    if faults:
        print("核对未通过:文件不能证明其中的方案。 Rejected: the file does not prove its plan.")
        return 1
    _verdict(body["certificate"])
    return 0


def _summary(body: dict[str, Any]) -> None:
    sizes = {
        "需求 needs": len(body["needs"]["id"]),
        "供给 offers": len(body["offers"]["id"]),
        "额度 caps": len(body["caps"]["id"]),
        "可行配对 eligible pairs": len(body["pairs"]["need"]),
        "分配 allocations": len(body["allocation"]["need"]),
    }
    print(", ".join(f"{name} {size}" for name, size in sizes.items()))
    print(f"目标顺序 order of aims: {body['order']}")
    for stage in body["stages"]:
        print(f"  {stage['name']} {stage['cost']}  {stage['objective']}")


def _verdict(certificate: dict[str, Any]) -> None:
    searched = len(certificate["searched"])
    if not searched:
        print(
            "核对通过:方案可行,价格证明没有更好的方案。"
            " Verified: the plan is allowed, and its prices prove that none is better."
        )
        return
    print(
        f"方案可行;其中 {searched} 项需求所在部分因起供数量或整体满足而经搜索得出,其余部分由价格证明最优。"
        f" Allowed; the part of {searched} needs was searched for the sake of minimum quantities or whole needs,"
        " the prices prove the rest optimal."
    )
    if not certificate["optimal"]:
        print("搜索未到底,可能还有更好的方案。 The search was not finished: a better plan may exist.")
