"""How much of a type one village asks for and one provider gives, and how people word it."""

from __future__ import annotations

from dataclasses import dataclass

from exchange.vocabulary import ResourceTypeRecord, read_resource_types
from fivelink.demo.dice import Dice

Range = tuple[int, int, int]  # lowest, highest, step

#: By unit of the type: what a need asks and what an offer holds.
BY_UNIT: dict[str, tuple[Range, Range]] = {
    "元": ((500, 4_000, 100), (2_000, 15_000, 1_000)),
    "小时": ((8, 48, 4), (16, 80, 4)),
    "人次": ((2, 12, 1), (6, 30, 2)),
    "次": ((1, 6, 1), (4, 20, 2)),
    "户": ((1, 3, 1), (1, 4, 1)),
    "场": ((1, 3, 1), (2, 10, 1)),
}
GOODS: tuple[Range, Range] = ((1, 6, 1), (5, 30, 5))

#: Where a type differs from what its unit suggests.
BY_TYPE: dict[str, tuple[Range, Range]] = {
    "MEDICAL_EXPENSES": ((2_000, 12_000, 500), (10_000, 30_000, 5_000)),
    "PROJECT_FUNDS": ((3_000, 10_000, 500), (10_000, 30_000, 5_000)),
    "HOUSING_GRANT": ((5_000, 15_000, 1_000), (30_000, 80_000, 10_000)),
    "MEAL_SERVICE": ((10, 60, 5), (20, 120, 10)),
    "MILK": ((2, 10, 1), (20, 120, 10)),
    "BOOKS": ((10, 60, 5), (50, 150, 10)),
    "MEANS_TEST": ((2, 10, 1), (4, 20, 2)),
    "SCREENING": ((10, 60, 5), (20, 80, 10)),
    "HEALTH_CHECK": ((2, 12, 1), (10, 40, 5)),
    "TUTORING": ((4, 24, 2), (16, 60, 4)),
    "VOLUNTEER_TIME": ((8, 40, 4), (40, 200, 20)),
}

#: Groups an offer of the type is meant for, where a provider restricts it at all.
ELDERS = ("DISPERSED_DESTITUTE_ELDER", "ELDER_IN_DIFFICULTY", "EMPTY_NEST_ELDER", "LEFT_BEHIND_ELDER")
CHILDREN = ("CHILD_IN_DIFFICULTY", "LEFT_BEHIND_CHILD")
POOR = ("SUBSISTENCE_ALLOWANCE", "DESTITUTE", "TEMPORARY_ASSISTANCE")
MEANT_FOR: dict[str, tuple[str, ...]] = {
    "STUDY_GRANT": CHILDREN,
    "SCHOOL_BAG": CHILDREN,
    "BOOKS": CHILDREN,
    "STUDY_DESK": CHILDREN,
    "TUTORING": CHILDREN,
    "GROWTH_CAMP": CHILDREN,
    "TALK_THERAPY": ELDERS,
    "HOME_NURSING": (*ELDERS, "DISABLED"),
    "MEAL_SERVICE": ELDERS,
    "BATHING": (*ELDERS, "DISABLED"),
    "HAIRCUT": (*ELDERS, "DISABLED", "VETERAN"),
    "LOCATOR_BRACELET": ("DEMENTIA_ELDER",),
    "RESPITE_CARE": ("DEMENTIA_ELDER", "DISABLED_ELDER", "DISABLED"),
    "CARE_BED": (*ELDERS, "DISABLED"),
    "CARE_PADS": (*ELDERS, "DISABLED"),
    "FAMILY_PHOTO": ("VETERAN",),
    "LIVING_ALLOWANCE": POOR,
    "TEMPORARY_RELIEF": POOR,
}


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The shipped resource types by code."""

    types: dict[str, ResourceTypeRecord]

    def words(self, code: str, dice: Dice) -> str:
        """A Chinese word for the type: mostly its label, at times a synonym, as lists written by many hands have it."""
        one = self.types[code]
        if dice.chance(70):
            return one.label_zh
        return dice.one((one.label_zh, *(word for word in one.synonyms if not word.isascii())))

    def needed(self, code: str, dice: Dice) -> int:
        return _drawn(self._ranges(code)[0], dice)

    def offered(self, code: str, dice: Dice) -> int:
        return _drawn(self._ranges(code)[1], dice)

    def _ranges(self, code: str) -> tuple[Range, Range]:
        one = self.types[code]
        if code in BY_TYPE:
            return BY_TYPE[code]
        return BY_TYPE["VOLUNTEER_TIME"] if one.kind == "VOLUNTEER_TIME" else BY_UNIT.get(one.unit, GOODS)


def catalogue() -> Catalogue:
    return Catalogue({one.code: one for one in read_resource_types().records})


def _drawn(span: Range, dice: Dice) -> int:
    low, high, step = span
    return low + step * dice.below((high - low) // step + 1)
