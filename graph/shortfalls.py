"""Why a need is not fully met, and the smallest change that would help."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graph.candidates import Pairs
from graph.solver import Ints
from graph.values import Need, Obstacle, Offer, Shortfall, World


def explain(
    needs: Sequence[Need], offers: Sequence[Offer], world: World, eligible: Pairs, flow: Ints
) -> list[Shortfall]:
    got = np.zeros(len(needs), dtype=np.int64)
    np.add.at(got, eligible.need_index, flow)
    return [
        Shortfall(n.id, n.remaining - int(g), [Obstacle("CAPACITY_USED", "余量不足", "Not enough is left.", None, None)])
        for n, g in zip(needs, got, strict=True)
        if g < n.remaining
    ]
