"""A large part is not solved again for every group: its plan stands, and says the same."""

from __future__ import annotations

from unittest.mock import patch

from small import WHEELCHAIR, WORLD, need, offer

from graph import solving
from graph.allocation import compute_plan


def test_a_plan_that_stands_says_what_solving_again_says() -> None:
    wanted = [need(n, remaining=n % 7 + 1, priority=n % 4, type_id=WHEELCHAIR) for n in range(1, 60)]
    offered = [offer(o, available=o % 5 + 1, maximum=4 if o % 3 else None) for o in range(1, 30)]
    for order in ("URGENT_FIRST", "FAIR_FIRST"):
        again = compute_plan(wanted, offered, WORLD, order=order)
        with patch.object(solving, "STAND_FROM", 0):
            standing = compute_plan(wanted, offered, WORLD, order=order)
        assert again.bottlenecks
        assert standing.bottlenecks == again.bottlenecks
