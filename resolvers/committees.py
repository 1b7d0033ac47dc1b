"""Committees: who sits in them."""

from __future__ import annotations

from resolvers.records import Check, check


@check("committee_member")
async def _seat(given: Check) -> None:
    row = given.row
    if row["party_id"] is None and row["whom"] is None:
        given.problems.add(
            "partyId",
            "SOMEBODY",
            "请选登记在册的成员,或写明成员类别",
            "name a registered person, or what group of residents they are",
        )
    if row["party_id"] is not None and row["persons"] != 1:
        given.problems.add("persons", "ONE_PERSON", "登记在册的成员只算一人", "a registered person counts as one")
