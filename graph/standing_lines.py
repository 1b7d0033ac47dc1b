"""What a standing plan knows of the pairs of one need or one offer: read off its arrays, nothing is looked up anew."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graph import standing_state as state
from graph.market import FAIR, SCORE, SEGMENTS, TIER
from graph.solver import Ints
from graph.standing import Standing


@dataclass(frozen=True, slots=True)
class Lines:
    """Pairs of one node: ids of the other ends, score_e8."""

    ids: Ints
    score: Ints


def offers_of(standing: Standing, need_id: int) -> Lines:
    """The eligible offers of a need, the dearer to step in the later: by reduced cost, aim by aim, then by id.

    O(pairs of the need x log). Raises KeyError for a need that is not here.
    """
    s = standing._s
    row = s.need[standing.need_position(need_id)]
    entries = slice(int(row[state.ROW]), int(row[state.ROW] + row[state.ROW_LEN]))
    at = s.row_offer[entries].astype(np.int64)
    at = np.where(at < 0, -1 - at, at)
    score = s.row_score[entries].astype(np.int64)
    price = s.node[int(s.n[state.NEEDS]) + at, :2]
    ids = s.up[at, state.OFFER_ID]
    order = np.lexsort((ids, price[:, 1] - score, price[:, 0]))
    return Lines(ids[order], score[order])


def short_needs_of(standing: Standing, offer_id: int) -> Lines:
    """The eligible needs of an offer that miss something, who is next in line first: aim by aim, then by id.

    O(pairs of the offer + short ones x log). Raises KeyError for an offer that is not here.
    """
    s = standing._s
    row = s.up[standing.offer_position(offer_id)]
    entries = slice(int(row[state.COL]), int(row[state.COL] + row[state.COL_LEN]))
    at = s.col_need[entries].astype(np.int64)
    at = np.where(at < 0, -1 - at, at)
    wanted = s.need[at, state.UNMET] > 0
    at, score = at[wanted], s.col_score[entries][wanted].astype(np.int64)
    group = s.group[s.need[at, state.GROUP]]
    share = (group[:, state.MISSING] * SEGMENTS - 1) // np.maximum(group[:, state.ASKED], 1)
    aims = {TIER: s.need[at, state.UNMET_COST], FAIR: share, SCORE: score}
    ids = s.need[at, state.NEED_ID]
    order = np.lexsort((ids, *(-aims[aim] for aim in reversed(standing.order) if aim in aims)))
    return Lines(ids[order], score[order])
