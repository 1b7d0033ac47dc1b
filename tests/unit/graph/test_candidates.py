from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from small import COUNTY, FAR, NEAR, QUANPU, TODAY, WORLD, need, offer

from graph import candidates
from graph.candidates import best, pairs
from graph.rules import obstacles


def test_no_lists_no_pairs() -> None:
    for wanted, offered in (([], []), ([need()], []), ([], [offer()])):
        found = pairs(wanted, offered, WORLD)
        assert (len(found), found.parts.shape) == (0, (0, 6))
        assert len(best(wanted, offered, WORLD, 3)) == 0


def test_nested_and_repeated_coverage_gives_a_pair_once() -> None:
    found = pairs([need()], [offer(coverage_ids=(NEAR, COUNTY, QUANPU, NEAR))], WORLD)
    assert len(found) == 1


def test_more_client_groups_than_bits_in_a_word() -> None:
    wanted = [need(n, group_ids=(100 + n,)) for n in range(1, 140)]
    offered = [offer(o, group_ids=(100 + o, 101 + o)) for o in range(1, 140)]
    offered += [offer(500, earmark_ids=tuple(range(101, 239, 2)))]
    found = pairs(wanted, offered, WORLD)
    expected = [(n, o) for n, a in enumerate(wanted) for o, b in enumerate(offered) if not obstacles(a, b, WORLD)]
    assert list(zip(found.need_index.tolist(), found.offer_index.tolist(), strict=True)) == expected


def test_working_in_small_blocks_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = [need(n, area_id=NEAR if n % 2 else FAR, remaining=n) for n in range(1, 30)]
    offered = [offer(o, coverage_ids=(COUNTY,), available=o) for o in range(1, 20)]
    whole, few = pairs(wanted, offered, WORLD), best(wanted, offered, WORLD, 3)
    monkeypatch.setattr(candidates, "CHUNK", 25)
    for a, b in ((whole, pairs(wanted, offered, WORLD)), (few, best(wanted, offered, WORLD, 3))):
        assert a.need_index.tolist() == b.need_index.tolist()
        assert a.offer_index.tolist() == b.offer_index.tolist()
        assert a.score_e8.tolist() == b.score_e8.tolist()


def test_needs_far_apart_in_the_list_are_ranked_apart() -> None:
    wanted = [need(n, is_open=n in (1, 9_999)) for n in range(1, 10_000)]
    found = best(wanted, [offer(2, available=9), offer(1)], WORLD, 1)
    assert found.need_index.tolist() == [0, 9_998]
    assert found.offer_index.tolist() == [0, 0]


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="limit"):
        best([need()], [offer()], WORLD, 0)
    with pytest.raises(ValueError, match="weights"):
        pairs([need()], [offer()], replace(WORLD, weights={}))
    with pytest.raises(KeyError):
        pairs([need(area_id=77)], [offer()], WORLD)
    with pytest.raises(ValueError, match="track record"):
        pairs([need()], [offer(track_record=2.0)], WORLD)


def test_days_that_touch_are_pairs() -> None:
    days = [None, *(TODAY + timedelta(days=n) for n in (-1, 0, 1))]
    windows = [(a, b) for a in days for b in days if a is None or b is None or a <= b]
    wanted = [need(i, needed_from=a, needed_by=b) for i, (a, b) in enumerate(windows, 1)]
    offered = [offer(i, available_from=a, available_until=b) for i, (a, b) in enumerate(windows, 1)]
    found = pairs(wanted, offered, WORLD)
    expected = [(n, o) for n, a in enumerate(wanted) for o, b in enumerate(offered) if not obstacles(a, b, WORLD)]
    assert list(zip(found.need_index.tolist(), found.offer_index.tolist(), strict=True)) == expected
