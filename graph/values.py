"""The values graph/ works on: plain integers and dates, nothing that knows a database.

Quantities are whole units of the resource type, at most 2_147_483_647. Ids are positive integers. Every tree is given
by its ancestor paths (root first, the node itself last), so "is below" is "is in the path of".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

#: Words for `Need.priority`, by position: FHIR request priority, least urgent first.
PRIORITIES = ("ROUTINE", "URGENT", "ASAP", "STAT")

#: Weights are ten-thousandths: a weight set sums to this, and every part of a score lies between 0 and this.
WHOLE = 10_000


@dataclass(frozen=True, slots=True)
class Need:
    """What a community still asks for. `remaining` is in the type's unit; `priority` 0 ROUTINE .. 3 STAT."""

    id: int
    type_id: int
    area_id: int
    group_ids: tuple[int, ...]
    remaining: int
    priority: int
    needed_from: date | None
    needed_by: date | None
    is_open: bool = True
    #: Nothing or everything: half of it would help nobody.
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """What a provider can still give.

    `group_ids` and `earmark_ids` are closed downward by the caller (a group stands for all below it). Empty
    `group_ids` serves everyone; `earmark_ids` None means no earmark. `minimum` and `maximum` bound what one need gets.
    `cap_id` names the innermost `Cap` the offer draws on.
    """

    id: int
    provider_id: int
    type_id: int
    area_id: int
    coverage_ids: tuple[int, ...]
    group_ids: tuple[int, ...]
    earmark_ids: tuple[int, ...] | None
    available: int
    minimum: int
    maximum: int | None
    available_from: date | None
    available_until: date | None
    confirmed_on: date
    track_record: float = 0.5
    is_active: bool = True
    cap_id: int | None = None


@dataclass(frozen=True, slots=True)
class Cap:
    """What several offers may give together: a fund, a pool of funds. Caps are nested, never crossing."""

    id: int
    limit: int
    parent_id: int | None = None


@dataclass(frozen=True, slots=True)
class World:
    """What needs and offers are judged by. `weights` has ten-thousandths by part code; labels are (中文, English)."""

    today: date
    type_ancestors: Mapping[int, tuple[int, ...]]
    area_ancestors: Mapping[int, tuple[int, ...]]
    weights: Mapping[str, int]
    locations: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    type_labels: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    area_labels: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    group_labels: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    type_units: Mapping[int, str] = field(default_factory=dict)
    #: The area whose share of shortage a need's area counts for (its township); an area not named counts for itself.
    districts: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """The rule that failed, with the facts, and the smallest change that mends it (None where no small change does).

    `offer_id` names the offer spoken of, where the caller cannot know it (the near misses of a shortfall).
    """

    code: str
    text_zh: str
    text_en: str
    remedy_zh: str | None
    remedy_en: str | None
    offer_id: int | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """One part of a score: `weight` and `value` in 0..1; the score is the sum of weight x value."""

    code: str
    weight: float
    value: float
    text_zh: str
    text_en: str


@dataclass(frozen=True, slots=True)
class Allocation:
    """`quantity` units of the offer go to the need; `score` is the pair's, 0..1.

    next_offer_id, next_score   the best offer that the need does not use: who would step in
    next_need_id                the need next in line that stays short, where the offer is used up: whom it went past
    """

    need_id: int
    offer_id: int
    quantity: int
    score: float
    next_offer_id: int | None = None
    next_score: float | None = None
    next_need_id: int | None = None


@dataclass(frozen=True, slots=True)
class Shortfall:
    """`quantity` units of the need stay unmet, and why (never empty)."""

    need_id: int
    quantity: int
    obstacles: list[Obstacle]


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was proven about a plan.

    `primal` and `dual` write the aims as one number, most important digit first (`aims_as_number`): what the plan
    reaches, and what no plan passes. `primal <= dual`, equal when `optimal`. `violations` counts what `graph.checker`
    found.
    """

    optimal: bool
    primal: int
    dual: int
    violations: int
    solver: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices of the nodes of one stage (`graph.market`), by id; groups by (district id, type id)."""

    stage: str
    needs: Mapping[int, int]
    offers: Mapping[int, int]
    caps: Mapping[int, int]
    groups: Mapping[tuple[int, int], int]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of one resource type in one district: units asked for by the needs considered, units given."""

    district_id: int
    type_id: int
    requested: int
    allocated: int


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """What is worth recruiting, verified by solving again.

    shortfall    units of the type that stay unmet in the district
    worth        what one more unit is worth to the aim TIER: 1 a ROUTINE unit .. 4 a STAT unit, others that move up too
    met_by_one   how many more needs are fully met by one more unit, met_by_all by as many units as are missing
    """

    type_id: int
    district_id: int
    shortfall: int
    worth: int
    met_by_one: int
    met_by_all: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The best linkage of a county.

    demand       number of open needs considered (those that still ask for something)
    met          how many of them are fully met
    allocations  ordered by need id, then offer id
    shortfalls   of every need not fully met, ordered by need id
    searched     ids of the needs whose part had to be searched for the sake of minimum quantities or whole needs: it
                 is proven by the search, the other parts by their prices
    order        URGENT_FIRST or FAIR_FIRST
    prices       one for each stage of the order, of the flow without minimums
    coverage     by district, then type
    bottlenecks  where one more unit is worth most, best first
    """

    demand: int
    met: int
    allocations: list[Allocation]
    shortfalls: list[Shortfall]
    certificate: Certificate
    searched: frozenset[int] = frozenset()
    order: str = "URGENT_FIRST"
    prices: tuple[Prices, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    bottlenecks: tuple[Bottleneck, ...] = ()


def aims_as_number(aims: tuple[int, ...], total_demand: int, order: str = "URGENT_FIRST") -> int:
    """Aims as digits of one whole number, so that plans of one instance compare as their numbers do.

    `aims` are units met of STAT, ASAP, URGENT, ROUTINE, what FAIR spares against giving nothing (0 or more), and the
    sum of score_e8 x units; FAIR stands first where the order says so.

    >>> aims_as_number((0, 0, 1, 0, 0, 0), 9) > aims_as_number((0, 0, 0, 9, 351, 900_000_000), 9)
    True
    """
    bases = [total_demand + 1] * 4
    # The dearest unit of a shortage costs 39.
    bases.insert(0 if order == "FAIR_FIRST" else 4, 40 * total_demand + 1)
    number = 0
    for aim, base in zip(aims, [*bases, WHOLE * WHOLE * total_demand + 1], strict=True):
        number = number * base + aim
    return number


def label(labels: Mapping[int, tuple[str, str]], key: int) -> tuple[str, str]:
    """(中文, English) of a code, or its number where nobody named it."""
    return labels.get(key) or (f"#{key}", f"#{key}")
