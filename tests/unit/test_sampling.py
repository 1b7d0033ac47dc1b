"""A sample is drawn so that a stranger can draw it again, and nobody's wish decides it."""

from __future__ import annotations

import hashlib
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.sampling import draw, new_seed, share_of

FRAMES = st.sets(st.text(min_size=1, max_size=12), max_size=40)


def redrawn(seed: str, frame: list[str], count: int) -> list[str]:
    """What docs/evaluation.md tells a stranger to do."""
    ranked = []
    for member in frame:
        written = seed.encode("utf-8") + b"\n" + member.encode("utf-8")
        ranked.append((hashlib.sha256(written).hexdigest(), member))
    ranked.sort()
    return [member for _, member in ranked[:count]]


def test_what_the_page_tells_a_stranger_draws_the_same() -> None:
    page = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
    told = page.split("```python\n")[1].split("```")[0].split("frame =")[0]
    there: dict[str, Any] = {}
    exec(told, there)
    frame = [f"U3RhdGlvbjo{number}" for number in range(30)]
    assert there["draw"]("抽签日", frame, 7) == draw("抽签日", frame, 7)


@given(st.text(max_size=20), FRAMES, st.data())
def test_a_stranger_draws_the_same_in_any_order_of_the_frame(seed: str, frame: set[str], data: st.DataObject) -> None:
    count = data.draw(st.integers(0, len(frame)))
    drawn = draw(seed, frame, count)
    assert drawn == redrawn(seed, sorted(frame, reverse=True), count)
    assert len(set(drawn)) == count


@given(st.text(max_size=20), FRAMES, st.data())
def test_a_smaller_sample_is_the_beginning_of_a_larger_one(seed: str, frame: set[str], data: st.DataObject) -> None:
    small, large = sorted(data.draw(st.tuples(*[st.integers(0, len(frame))] * 2)))
    assert draw(seed, frame, large)[:small] == draw(seed, frame, small)


def test_every_station_is_drawn_about_as_often() -> None:
    frame = [f"Station:{number}" for number in range(20)]
    times = Counter(member for at in range(2_000) for member in draw(f"seed {at}", frame, 5))
    assert set(times) == set(frame)
    assert all(400 < count < 600 for count in times.values()), "each is expected 500 times; 400 lies 5 sigma below"


def test_the_drawing_of_a_seed_never_changes() -> None:
    assert draw("2026-荆门", ["U3RhdGlvbjox", "U3RhdGlvbjoy", "U3RhdGlvbjoz", "U3RhdGlvbjo0"], 2) == [
        "U3RhdGlvbjoz",
        "U3RhdGlvbjo0",
    ]


def test_a_share_is_rounded_up_and_never_exceeds_the_frame() -> None:
    assert [share_of(Decimal(share), 60) for share in ("0.3", "0.001", "1", "0.5001")] == [18, 1, 60, 31]


def test_a_frame_with_a_member_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        draw("x", ["a", "a"], 1)
    with pytest.raises(ValueError, match="negative"):
        draw("x", ["a"], -1)


def test_a_seed_is_made_anew_each_time() -> None:
    seeds = {new_seed() for _ in range(50)}
    assert len(seeds) == 50
    assert all(len(seed) == 32 for seed in seeds)
