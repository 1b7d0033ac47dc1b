"""A number for each pair by which equally good plans are told apart, the same on every machine and in every order."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


def tie_values(need_ids: Ints, offer_ids: Ints) -> Ints:
    """A 32-bit hash of each pair of ids: the finalizer of splitmix64 (doi:10.1145/2660193.2660195), its upper half.

    Among plans equal in all other aims the one with the larger sum of tie value x units is taken.
    """
    mixed = need_ids.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + offer_ids.astype(np.uint64)
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(32)).astype(np.int64)
