"""What a plan says, as the rows it is stored as (`db.plans`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from db.matches import WeightSet
from graph.choices import Choice
from graph.score import PART_CODES
from graph.values import Allocation, Certificate, Coverage, Obstacle, Shortfall


def allocation(one: Allocation, choice: Choice, weights: WeightSet) -> dict[str, Any]:
    return {
        "need_id": one.need_id,
        "offer_id": one.offer_id,
        "quantity": one.quantity,
        "score": one.score,
        "parts": parts(choice.parts, weights),
        "weight_set_id": weights.id,
        "next_offer_id": one.next_offer_id,
        "next_score": one.next_score,
        "next_left": choice.next_left,
        "next_need_id": one.next_need_id,
        "passed_code": choice.passed_code,
        "passed_own": choice.passed_own,
        "passed_other": choice.passed_other,
    }


def parts(values: Sequence[int], weights: WeightSet) -> list[int]:
    """Parts of a score as in `PART_CODES`, in the order of the weight set's codes."""
    return [values[PART_CODES.index(code)] for code in weights.codes]


def shortfall(one: Shortfall) -> dict[str, Any]:
    return {"need_id": one.need_id, "quantity": one.quantity, "reasons": [_reason(found) for found in one.obstacles]}


def _reason(one: Obstacle) -> dict[str, Any]:
    return {
        "code": one.code,
        "text_zh": one.text_zh,
        "text_en": one.text_en,
        "remedy_zh": one.remedy_zh,
        "remedy_en": one.remedy_en,
    }


def coverage(one: Coverage) -> dict[str, Any]:
    return {
        "area_id": one.district_id,
        "resource_type_id": one.type_id,
        "requested": one.requested,
        "allocated": one.allocated,
    }


def certificate(one: Certificate) -> dict[str, Any]:
    return {
        "optimal": one.optimal,
        "primal": str(one.primal),
        "dual": str(one.dual),
        "violations": one.violations,
        "solver": one.solver,
        "seconds": one.seconds,
    }
