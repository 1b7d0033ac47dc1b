"""Chance that falls alike on every machine and every Python."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """Everything is drawn from `Random.random()`, the one method Python promises to keep reproducible."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random

    def below(self, n: int) -> int:
        """0 to n - 1."""
        return int(self._random() * n)

    def between(self, low: int, high: int) -> int:
        """low to high, both included."""
        return low + self.below(high - low + 1)

    def chance(self, percent: int) -> bool:
        return self.below(100) < percent

    def one(self, items: Sequence[T]) -> T:
        return items[self.below(len(items))]

    def some(self, items: Sequence[T], n: int) -> list[T]:
        """n different items (all, if there are fewer), in the order drawn."""
        rest = list(items)
        return [rest.pop(self.below(len(rest))) for _ in range(min(n, len(rest)))]

    def shares(self, total: int, parts: int, spread: int = 9) -> list[int]:
        """`parts` whole numbers of at least 1 that sum to `total`; the largest about `spread` times the least."""
        weights = [self.between(1, spread) for _ in range(parts)]
        rest, weight = total - parts, sum(weights)
        shares = [1 + rest * one // weight for one in weights]
        for at in range(total - sum(shares)):
            shares[at] += 1
        return shares
