"""The score of an eligible pair: a weighted sum of named parts, in whole numbers.

    score_e8 = sum over parts of weight x value        (weight and value in ten-thousandths)
    score    = score_e8 / 1e8                          (0..1)

Whole numbers make equal pairs equal on every machine; `graph.candidates` computes the same numbers on arrays.

    TYPE_FIT      1 for the very type, a quarter less for each step the offer is more general, at least a quarter
    NEARNESS      20 km / (20 km + distance) when both areas are located; else a fifth less for each step from the
                  need's area up to the lowest area that holds both, 0 when no area does
    TIMELINESS    how much of the time the need leaves is still there when the offer can start; 30 d / (30 d + delay)
                  for a need without end
    FRESHNESS     90 d / (90 d + days since the provider said "still true")
    ROOM          0.8 x share of the need that the offer can cover + 0.2 x share of the offer that stays free
    TRACK_RECORD  what the caller counted, 0..1
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from math import cos, isqrt, radians, sin

from graph.values import WHOLE, Need, Offer, Reason, World

PART_CODES = ("TYPE_FIT", "NEARNESS", "TIMELINESS", "FRESHNESS", "ROOM", "TRACK_RECORD")

#: Length units are metres, so that squares of distances on Earth stay exact in 64-bit integers and in doubles.
EARTH_RADIUS_M = 6_371_009
HALF_NEAR_M = 20_000
HALF_FRESH_DAYS = 90
HALF_PATIENCE_DAYS = 30
STEP_TYPE = 2_500
STEP_AREA = 2_000
COVER_SHARE = 8_000

_TEXTS = {
    "TYPE_FIT": ("资源类型的契合程度", "how closely the resource type fits"),
    "NEARNESS": ("服务方与需求地的远近", "how near the provider is"),
    "TIMELINESS": ("能否及时提供", "how soon it can be given"),
    "FRESHNESS": ("供给信息的新近程度", "how recently the offer was confirmed"),
    "ROOM": ("余量能满足需求的程度", "how much of the need it covers, and the room left"),
    "TRACK_RECORD": ("服务方以往的履约情况", "how the provider did so far"),
}


def weight_vector(weights: Mapping[str, int]) -> tuple[int, ...]:
    """Weights in the order of `PART_CODES`; a code that is missing weighs 0.

    Raises ValueError for an unknown code, a weight that is not a whole number of 0 or more, or a sum other than 10000.
    """
    unknown = sorted(set(weights) - set(PART_CODES))
    if unknown:
        raise ValueError(f"unknown parts of a score: {', '.join(unknown)}")
    if any(isinstance(w, bool) or not isinstance(w, int) or w < 0 for w in weights.values()):
        raise ValueError("weights are whole numbers of 0 or more")
    if sum(weights.values()) != WHOLE:
        raise ValueError(f"weights sum to {sum(weights.values())}, not to {WHOLE}")
    return tuple(weights.get(code, 0) for code in PART_CODES)


@lru_cache(maxsize=1 << 16)
def position_m(longitude: float, latitude: float) -> tuple[int, int, int]:
    """Place on the globe in whole metres from its centre. Raises ValueError outside -180..180, -90..90."""
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise ValueError(f"no place on Earth: longitude {longitude}, latitude {latitude}")
    ring = EARTH_RADIUS_M * cos(radians(latitude))
    return (
        round(ring * cos(radians(longitude))),
        round(ring * sin(radians(longitude))),
        round(EARTH_RADIUS_M * sin(radians(latitude))),
    )


def distance_m(a: tuple[float, float], b: tuple[float, float]) -> int:
    """Straight distance in metres between two (longitude, latitude); below 500 km within 150 m of the great circle."""
    return isqrt(sum((x - y) ** 2 for x, y in zip(position_m(*a), position_m(*b), strict=True)))


def track_value(track_record: float) -> int:
    """0..10000. Raises ValueError outside 0..1."""
    if not 0 <= track_record <= 1:
        raise ValueError(f"a track record lies in 0..1, not {track_record}")
    return round(track_record * WHOLE)


def pair_quantity(need: Need, offer: Offer) -> int:
    """The most this pair could do now: min(remaining, available, maximum)."""
    most = min(need.remaining, offer.available)
    return most if offer.maximum is None else min(most, offer.maximum)


def parts(need: Need, offer: Offer, world: World) -> tuple[int, ...]:
    """Values of an eligible pair in the order of `PART_CODES`, each 0..10000. O(depth of the trees)."""
    return (
        _type_fit(need, offer, world),
        _nearness(need.area_id, offer.area_id, world),
        _timeliness(need, offer, world.today),
        WHOLE * HALF_FRESH_DAYS // (HALF_FRESH_DAYS + max(0, (world.today - offer.confirmed_on).days)),
        _room(pair_quantity(need, offer), need.remaining, offer.available),
        track_value(offer.track_record),
    )


def score_e8(need: Need, offer: Offer, world: World) -> int:
    """Sum of weight x value, 0..100_000_000, exact. Raises ValueError for bad weights."""
    weights = weight_vector(world.weights)
    return sum(w * v for w, v in zip(weights, parts(need, offer, world), strict=True))


def reasons(codes: Sequence[str], weights: Sequence[int], values: Sequence[int]) -> list[Reason]:
    """Explain a stored score: parts with weight 0 are left out; heaviest contribution first, then in order of codes.

    >>> [(r.code, r.weight, r.value) for r in reasons(("ROOM", "TYPE_FIT"), (4000, 6000), (5000, 10000))]
    [('TYPE_FIT', 0.6, 1.0), ('ROOM', 0.4, 0.5)]
    """
    rows = [row for row in zip(codes, weights, values, strict=True) if row[1]]
    rows.sort(key=lambda row: -row[1] * row[2])
    return [_reason(code, weight, value) for code, weight, value in rows]


def _reason(code: str, weight: int, value: int) -> Reason:
    zh, en = _TEXTS.get(code, (code, code))
    share = f"{value / 100:.0f}%"
    return Reason(code, weight / WHOLE, value / WHOLE, f"{zh}:{share}", f"{en[0].upper()}{en[1:]}: {share}")


def _type_fit(need: Need, offer: Offer, world: World) -> int:
    path = world.type_ancestors[need.type_id]
    if offer.type_id not in path:
        return 0
    return max(STEP_TYPE, WHOLE - STEP_TYPE * (len(path) - 1 - path.index(offer.type_id)))


def _nearness(need_area: int, offer_area: int, world: World) -> int:
    here, there = world.locations.get(need_area), world.locations.get(offer_area)
    if here is not None and there is not None:
        return WHOLE * HALF_NEAR_M // (HALF_NEAR_M + distance_m(here, there))
    path = world.area_ancestors[need_area]
    common = sum(a == b for a, b in zip(path, world.area_ancestors[offer_area], strict=False))
    return max(0, WHOLE - STEP_AREA * (len(path) - common)) if common else 0


def _timeliness(need: Need, offer: Offer, today: date) -> int:
    wanted = max(today, need.needed_from or today)
    delay = (max(wanted, offer.available_from or wanted) - wanted).days
    if need.needed_by is None:
        return WHOLE * HALF_PATIENCE_DAYS // (HALF_PATIENCE_DAYS + delay)
    days = (need.needed_by - wanted).days + 1
    return WHOLE * (days - delay) // days if 0 <= delay < days else 0


def _room(quantity: int, remaining: int, available: int) -> int:
    if quantity <= 0:
        return 0
    return COVER_SHARE * quantity // remaining + (WHOLE - COVER_SHARE) * (available - quantity) // available
