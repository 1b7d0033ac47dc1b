"""Matches: the best offers of a need, with reasons that add up to the score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from graph.score import reasons
from schema.mapping import column, label, one, part, value_list
from schema.nodes import Node

if TYPE_CHECKING:
    from schema.needs import Need
    from schema.offers import Offer


def expand_reasons(codes: list[str], weights: list[int], parts: list[int]) -> list[dict[str, Any]]:
    return [
        {"code": r.code, "weight": r.weight, "value": r.value, "text_zh": r.text_zh, "text_en": r.text_en}
        for r in reasons(codes, weights, parts)
    ]


@strawberry.type(description="One named part of a score. 评分理由。")
class Reason:
    code: str = part("Which part: TYPE_FIT, NEARNESS, ... 代码。", "code")
    weight: float = part("What it counts for; the weights sum to 1. 权重。", "weight")
    value: float = part("How good this pair is in it, 0 to 1. 得分。", "value")
    text: str = label("In words. 说明。", "text")


@strawberry.type(description="A rule that a pair fails, and what would mend it. 不匹配的原因。")
class Obstacle:
    code: str = part("The rule: COVERAGE, DATES, ... 规则代码。", "code")
    text: str = label("The facts. 说明。", "text")
    remedy: str | None = label("The smallest change that mends it; null where none would. 补救办法。", "remedy")


@strawberry.type(description="An offer that can serve a need. 匹配。")
class Match(Node):
    need: Annotated[Need, strawberry.lazy("schema.needs")] = one("The need. 需求。")
    offer: Annotated[Offer, strawberry.lazy("schema.offers")] = one("The offer. 资源。")
    score: float = column("0 to 1, the sum of weight x value of its reasons. 匹配度。")
    quantity: int = column("The most this pair can do now, in the need's unit. 当前最多可供数量。")
    reasons: list[Reason] = value_list(
        "Why it scores as it does, heaviest part first. 评分理由。", ("codes", "weights", "parts"), expand_reasons
    )
