"""The table of steps is of one piece, and docs/referrals.md shows it as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from resolvers.referral_steps import STANDING_RULES, STATUS_TEXT, STEPS, diagram, markdown, possible, standing_markdown

DOCUMENT = (Path(__file__).parents[2] / "docs" / "referrals.md").read_text(encoding="utf-8")
OVER = {"REJECTED", "COMPLETED", "FAILED", "CANCELLED"}


@pytest.mark.parametrize("drawn", [markdown, standing_markdown, diagram])
def test_the_document_shows_what_the_code_obeys(drawn: object) -> None:
    assert callable(drawn)
    assert drawn() in DOCUMENT, "run `python -m resolvers.referral_steps` and put it into docs/referrals.md"


def test_every_state_is_reached_and_left_or_the_end() -> None:
    reached = {step.target for step in STEPS.values()} - {None}
    assert reached == set(STATUS_TEXT)
    for status in STATUS_TEXT:
        leads_on = {step.target for step in possible(status)} - {None}
        assert bool(leads_on) == (status not in OVER)


def test_what_is_over_holds_nothing_but_what_was_delivered() -> None:
    for step in STEPS.values():
        if step.target is not None:
            assert (step.held == "ALL") == (step.target not in OVER), step.name
            assert step.closes == (step.target in OVER), step.name
        assert (step.held == "DELIVERED") == (step.target == "COMPLETED"), step.name


def test_a_rule_says_of_every_standing_state_what_becomes_of_it() -> None:
    for rule in STANDING_RULES.values():
        assert sorted((*rule.cancels, *rule.keeps, *rule.refuses)) == sorted(set(STATUS_TEXT) - OVER), rule.act
