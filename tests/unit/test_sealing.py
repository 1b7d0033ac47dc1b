"""Sealed values: only their key opens them, only at their place; and a ring of keys as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers import sealing
from resolvers.sealing import KeyMissing, KeyRing, RingFaulty, SealBroken

PLACES = st.tuples(st.sampled_from(["identity", "webhook"]), st.integers(1, 9), st.sampled_from(["name", "phone"]))


@given(st.binary(max_size=500), PLACES)
def test_what_is_sealed_opens_again_and_shows_nothing(value: bytes, place: tuple[str, int, str]) -> None:
    ring = sealing.made()
    sealed = ring.seal(value, *place)
    assert ring.open(sealed, ring.newest, *place) == value
    assert len(value) < 8 or value not in sealed
    assert ring.seal(value, *place) != sealed


@given(st.binary(max_size=60), PLACES, PLACES)
def test_it_opens_at_its_place_only(value: bytes, place: tuple[str, int, str], other: tuple[str, int, str]) -> None:
    ring = sealing.made()
    sealed = ring.seal(value, *place)
    if other != place:
        with pytest.raises(SealBroken):
            ring.open(sealed, ring.newest, *other)


@given(st.binary(max_size=60), st.data())
def test_a_changed_byte_does_not_open(value: bytes, data: st.DataObject) -> None:
    ring = sealing.made()
    sealed = bytearray(ring.seal(value, "t", 1, "f"))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SealBroken):
        ring.open(bytes(sealed), ring.newest, "t", 1, "f")
    with pytest.raises(SealBroken):
        ring.open(b"", ring.newest, "t", 1, "f")


def test_names_of_two_and_of_four_characters_are_sealed_alike_long() -> None:
    ring = sealing.made()
    assert len({len(ring.seal(name.encode(), "t", 1, "f")) for name in ("王五", "欧阳建国", "a", "")}) == 1


def test_the_newest_key_seals_and_all_open() -> None:
    first = sealing.made()
    sealed = first.seal(b"x", "t")
    both = first.with_key(*sealing.new_key())
    assert both.open(sealed, first.newest, "t") == b"x"
    assert both.newest != first.newest
    with pytest.raises(KeyMissing) as missing:
        first.open(both.seal(b"x", "t"), both.newest, "t")
    assert missing.value.code == "IDENTITY_KEY_MISSING"
    assert both.newest in missing.value.message_zh


def test_fingerprints_are_equal_for_equal_values_under_one_key_and_purpose() -> None:
    ring = sealing.made()
    assert ring.mark("number", "1") == ring.mark("number", "1")
    assert len({ring.mark("number", "1"), ring.mark("number", "2"), ring.mark("digest", "1")}) == 3
    assert sealing.made().mark("number", "1") != ring.mark("number", "1")
    later = ring.with_key(*sealing.new_key())
    assert ring.mark("number", "1") in later.marks("number", "1")
    # A key that was added does not make another answer of an act that is asked again.
    assert later.digest("1") == ring.digest("1")


def test_a_ring_is_written_and_read_again() -> None:
    ring = sealing.made().with_key("second-key_2", bytes(range(32)))
    assert sealing.parsed("# 备份\n\n" + sealing.written(ring)) == ring
    assert sealing.parsed(sealing.written(ring).replace("\n", ",").replace(" ", ":")).ids == ring.ids
    assert "AAEC" not in repr(ring)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("# nothing\n", 1),
        ("k1", 1),
        ("k1 c2hvcnQ=", 1),
        ("\nk1 not base64!!", 2),
        ("键 " + "A" * 43 + "=", 1),
        ("k1 " + "A" * 43 + "=\nk1 " + "A" * 43 + "=", 2),
    ],
)
def test_a_faulty_ring_is_told_by_its_line_without_its_text(text: str, line: int) -> None:
    with pytest.raises(RingFaulty) as fault:
        sealing.parsed(text)
    assert fault.value.line == line
    assert "AAAA" not in str(fault.value)
    assert "c2hvcnQ" not in str(fault.value)


def test_a_ring_of_no_or_short_keys_is_none() -> None:
    for keys in ({}, {"k": b"short"}):
        with pytest.raises(ValueError, match="32 bytes"):
            KeyRing(keys)
