"""The steps of a referral (FHIR Task states): ONE table, from which acts, documentation and tests are drawn.

A row says from which states a step leads to which, who may take it, what it requires, what is held of offer and need
afterwards, and what is awaited next. Nothing else in the project knows which step follows which.

    python -m resolvers.referral_steps        prints the tables and the diagram of docs/referrals.md
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Side = Literal["PROVIDER", "COMMUNITY", "COORDINATOR", "SYSTEM"]
Held = Literal["ALL", "DELIVERED", "NOTHING"]
#: What is awaited, and so has a due time (`data/due_times.csv`).
Awaited = Literal["ACCEPT", "START", "COMPLETE", "FOLLOW_UP"]

#: Schemes of the terms that a step may require.
REASON, OUTCOME = "referral_reason", "outcome"


@dataclass(frozen=True, slots=True)
class Step:
    """`sources` is empty for a step that makes a referral; a `target` of None leaves the state as it is."""

    name: str
    zh: str
    en: str
    sources: tuple[str, ...]
    target: str | None
    sides: tuple[Side, ...]
    #: Input fields that must be given, and those that may: reason, outcome, delivered, satisfaction, furtherNeed.
    requires: tuple[str, ...] = ()
    allows: tuple[str, ...] = ()
    held: Held = "ALL"
    awaits: Awaited | None = None
    #: Whether the service is over with this step, for good or ill.
    closes: bool = False

    @property
    def event(self) -> str:
        return f"referral.{_PAST[self.name]}"


_PAST = {
    "request": "requested",
    "take": "taken",
    "accept": "accepted",
    "reject": "rejected",
    "start": "started",
    "hold": "held",
    "complete": "completed",
    "fail": "failed",
    "cancel": "cancelled",
    "release": "released",
    "followUp": "followed_up",
}
_BOTH: tuple[Side, ...] = ("PROVIDER", "COORDINATOR")
_EITHER: tuple[Side, ...] = ("PROVIDER", "COMMUNITY", "COORDINATOR")
_ASKING: tuple[Side, ...] = ("COMMUNITY", "COORDINATOR")

STEPS: dict[str, Step] = {
    step.name: step
    for step in (
        Step("request", "点单", "request", (), "REQUESTED", ("COORDINATOR",), awaits="ACCEPT"),
        Step("take", "抢单", "take", (), "ACCEPTED", _BOTH, awaits="START"),
        Step("accept", "接单", "accept", ("REQUESTED",), "ACCEPTED", _BOTH, awaits="START"),
        Step("reject", "拒单", "reject", ("REQUESTED",), "REJECTED", _BOTH, ("reason",), (), "NOTHING", None, True),
        Step("start", "开始服务", "start", ("ACCEPTED", "ON_HOLD"), "IN_PROGRESS", _BOTH, awaits="COMPLETE"),
        Step(
            "hold",
            "暂停服务",
            "put on hold",
            ("ACCEPTED", "IN_PROGRESS"),
            "ON_HOLD",
            _BOTH,
            (),
            ("reason",),
            awaits="COMPLETE",
        ),
        Step(
            "complete",
            "完成服务",
            "complete",
            ("IN_PROGRESS",),
            "COMPLETED",
            _EITHER,
            ("delivered", "outcome"),
            (),
            "DELIVERED",
            "FOLLOW_UP",
            True,
        ),
        Step(
            "fail",
            "报告未成功",
            "report failure",
            ("ACCEPTED", "IN_PROGRESS", "ON_HOLD"),
            "FAILED",
            _EITHER,
            ("outcome",),
            ("reason",),
            "NOTHING",
            "FOLLOW_UP",
            True,
        ),
        Step(
            "cancel",
            "取消",
            "cancel",
            ("REQUESTED", "ACCEPTED", "IN_PROGRESS", "ON_HOLD"),
            "CANCELLED",
            _ASKING,
            (),
            ("reason",),
            "NOTHING",
            None,
            True,
        ),
        Step(
            "release",
            "逾期释放",
            "release",
            ("REQUESTED", "ACCEPTED"),
            "CANCELLED",
            ("SYSTEM",),
            (),
            ("reason",),
            "NOTHING",
            None,
            True,
        ),
        Step(
            "followUp",
            "回访",
            "follow up",
            ("COMPLETED", "FAILED"),
            None,
            _ASKING,
            (),
            ("satisfaction", "furtherNeed"),
        ),
    )
}

#: Statuses as coordinators say them (docs use them too).
STATUS_TEXT = {
    "REQUESTED": ("已点单", "requested"),
    "ACCEPTED": ("已接单", "accepted"),
    "REJECTED": ("已拒绝", "rejected"),
    "IN_PROGRESS": ("服务中", "in progress"),
    "ON_HOLD": ("暂停", "on hold"),
    "COMPLETED": ("已完成", "completed"),
    "FAILED": ("未成功", "failed"),
    "CANCELLED": ("已取消", "cancelled"),
}
SIDE_TEXT = {
    "PROVIDER": ("资源提供方", "the provider"),
    "COMMUNITY": ("提出需求的社区", "the community that asked"),
    "COORDINATOR": ("本区域的统筹员", "a coordinator of the area"),
    "SYSTEM": ("系统", "the system"),
}


@dataclass(frozen=True, slots=True)
class StandingRule:
    """What becomes of the standing referrals of an offer or a need when `act` is done to it, by status.

    A status is cancelled with `reason`, kept as it is, or stands in the way: then the act is refused.
    """

    act: str
    zh: str
    en: str
    cancels: tuple[str, ...]
    keeps: tuple[str, ...]
    refuses: tuple[str, ...]
    reason: str


STANDING_RULES: dict[str, StandingRule] = {
    rule.act: rule
    for rule in (
        # An order that nobody answered is free to go elsewhere; what was promised is kept.
        StandingRule(
            "offer.pause",
            "暂停资源",
            "pausing an offer",
            ("REQUESTED",),
            ("ACCEPTED", "IN_PROGRESS", "ON_HOLD"),
            (),
            "OFFER_PAUSED",
        ),
        # What has begun is brought to its end; what has not is given back.
        StandingRule(
            "offer.withdraw",
            "撤回资源",
            "withdrawing an offer",
            ("REQUESTED", "ACCEPTED"),
            ("IN_PROGRESS", "ON_HOLD"),
            (),
            "OFFER_WITHDRAWN",
        ),
        # A service under way is ended by who renders it, not by a withdrawal behind its back.
        StandingRule(
            "need.withdraw",
            "撤回需求",
            "withdrawing a need",
            ("REQUESTED", "ACCEPTED"),
            (),
            ("IN_PROGRESS", "ON_HOLD"),
            "NEED_WITHDRAWN",
        ),
    )
}


def possible(status: str, sides: frozenset[str] | None = None) -> list[Step]:
    """Steps that lead on from a status (for one of these sides; None: for anybody but the system), in table order."""
    return [
        step
        for step in STEPS.values()
        if status in step.sources and (sides is None or not sides.isdisjoint(step.sides)) and step.sides != ("SYSTEM",)
    ]


def markdown() -> str:
    """The table as docs/referrals.md shows it."""
    lines = [
        "| step | from | to | who may | requires | may give | held | next due |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for step in STEPS.values():
        cells = (
            f"{step.zh} `{step.name}`",
            ", ".join(step.sources) or "—",
            step.target or "(same)",
            ", ".join(step.sides),
            ", ".join(step.requires) or "—",
            ", ".join(step.allows) or "—",
            step.held,
            step.awaits or "—",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def standing_markdown() -> str:
    """What becomes of standing referrals, as docs/referrals.md shows it."""
    lines = ["| act | cancelled | kept | in the way | reason |", "|---|---|---|---|---|"]
    for rule in STANDING_RULES.values():
        cells = (
            f"{rule.zh} `{rule.act}`",
            ", ".join(rule.cancels) or "—",
            ", ".join(rule.keeps) or "—",
            ", ".join(rule.refuses) or "—",
            rule.reason,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def diagram() -> str:
    """The states and what leads from one to another, as a Mermaid state diagram."""
    lines = ["stateDiagram-v2"]
    for step in STEPS.values():
        for source in step.sources or ("[*]",):
            if step.target is not None:
                lines.append(f"    {source} --> {step.target}: {step.zh} {step.name}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(markdown(), standing_markdown(), diagram(), sep="\n\n")
