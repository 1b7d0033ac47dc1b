from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from small import COUNTY, FAR, GOODS, HANGANG, NEAR, QUANPU, TODAY, WORLD, need, offer

from graph.score import PART_CODES, distance_m, parts, score_e8, weight_vector
from graph.values import Need, Offer, World


def part(code: str, wanted: Need, offered: Offer, world: World = WORLD) -> int:
    return parts(wanted, offered, world)[PART_CODES.index(code)]


def test_the_very_type_fits_better_than_a_general_one() -> None:
    assert part("TYPE_FIT", need(), offer()) == 10_000
    assert part("TYPE_FIT", need(), offer(type_id=GOODS)) == 7_500


def test_without_coordinates_nearer_areas_score_higher() -> None:
    values = [part("NEARNESS", need(), offer(area_id=a)) for a in (NEAR, QUANPU, COUNTY, HANGANG)]
    assert values == [10_000, 8_000, 6_000, 6_000]


def test_with_coordinates_kilometres_decide() -> None:
    world = replace(WORLD, locations={NEAR: (116.10, 35.80), QUANPU: (116.12, 35.80), FAR: (116.40, 35.60)})
    near, far = (part("NEARNESS", need(), offer(area_id=a), world) for a in (QUANPU, FAR))
    assert near > far
    # 0.02 degrees of longitude at 35.8 degrees north are 1.804 km.
    assert distance_m((116.10, 35.80), (116.12, 35.80)) == pytest.approx(1_804, abs=2)
    assert near == 10_000 * 20_000 // (20_000 + distance_m((116.10, 35.80), (116.12, 35.80)))


def test_sooner_fresher_and_better_kept_score_higher() -> None:
    day = timedelta(days=1)
    late = offer(available_from=TODAY + 5 * day)
    assert part("TIMELINESS", need(), offer()) == 10_000
    assert part("TIMELINESS", need(), late) == 10_000 * 30 // 35
    assert part("TIMELINESS", need(needed_by=TODAY + 9 * day), late) == 5_000
    assert part("TIMELINESS", need(needed_from=TODAY + 5 * day), late) == 10_000
    assert part("FRESHNESS", need(), offer(confirmed_on=TODAY - 90 * day)) == 5_000
    assert part("FRESHNESS", need(), offer(confirmed_on=TODAY + day)) == 10_000
    assert part("TRACK_RECORD", need(), offer(track_record=0.25)) == 2_500


def test_room_counts_cover_first_and_what_stays_free_second() -> None:
    assert part("ROOM", need(), offer(available=3)) == 8_000
    assert part("ROOM", need(), offer(available=6)) == 9_000
    assert part("ROOM", need(remaining=4), offer(available=2)) == 4_000
    assert part("ROOM", need(remaining=2_000_000_000), offer(available=2_000_000_000)) == 8_000


def test_the_score_is_the_weighted_sum_in_whole_numbers() -> None:
    weights, values = weight_vector(WORLD.weights), parts(need(), offer(), WORLD)
    assert score_e8(need(), offer(), WORLD) == sum(w * v for w, v in zip(weights, values, strict=True))
    assert weights == (4_000, 3_000, 0, 0, 3_000, 0)


@pytest.mark.parametrize(
    "weights", [{}, {"ROOM": 9_999}, {"ROOM": 10_000, "LUCK": 0}, {"ROOM": 10_001, "NEARNESS": -1}, {"ROOM": True}]
)
def test_bad_weights_are_refused(weights: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"weights|parts of a score"):
        score_e8(need(), offer(), replace(WORLD, weights=weights))


def test_impossible_values_are_refused() -> None:
    with pytest.raises(ValueError, match="track record"):
        parts(need(), offer(track_record=1.5), WORLD)
    with pytest.raises(ValueError, match="no place on Earth"):
        distance_m((181, 0), (0, 0))
    assert parts(need(), offer(confirmed_on=date(1, 1, 1)), WORLD)[PART_CODES.index("FRESHNESS")] == 1
