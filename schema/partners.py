"""Partners: whom a party should team up with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from schema.mapping import entry, part
from schema.matches import Reason

if TYPE_CHECKING:
    from schema.parties import Party


class SuggestedParty:
    """What `resolvers.partners` answers, with the id of the party its row is read by."""

    def __init__(self, suggestion: Any) -> None:
        self.id = suggestion.party_id
        self.score = suggestion.score
        self.reasons = suggestion.reasons


@strawberry.type(description="A party to team up with, and why. 合作建议。")
class PartnerSuggestion:
    party: Annotated[Party, strawberry.lazy("schema.parties")] = entry("party", "With whom. 建议的合作方。")
    score: float = part("0 to 1, the sum of weight x value of its reasons. 合作契合度。", "score")
    reasons: list[Reason] = part(
        "COMPLEMENT, COVERAGE, SHARED_CLIENTS, RESOURCE_ALLOCATION, PAGERANK, POPULARITY: heaviest first. 评分理由。",
        "reasons",
    )
