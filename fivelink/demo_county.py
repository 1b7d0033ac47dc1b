"""The demo county: 梁山县 with its real places and figures of its programmes, and parties nobody will ever meet.

Nothing is random: the same day gives the same county, on every machine and every Python, and another day gives
the same county with its dates moved. docs/demo.md says what is of the source and what is invented.
"""

from __future__ import annotations

from datetime import date

from exchange.records import NeedRecord, OfferRecord, PartyRecord
from fivelink.demo.catalogue import catalogue
from fivelink.demo.county import COUNTY, towns
from fivelink.demo.needs import needs
from fivelink.demo.offers import offers
from fivelink.demo.parties import parties

__all__ = ["COUNTY", "records"]


def records(today: date) -> tuple[list[PartyRecord], list[NeedRecord], list[OfferRecord]]:
    """Parties, needs (the story of 小娜 first) and offers, ready to be loaded in this order; about 0.1 s.

    Areas, types, groups, industries, sources and channels are codes of the shipped vocabulary; `NeedRecord.community`
    is a village's code, `OfferRecord.provider_reference` a party's `reference`. No date of a need or an offer lies
    before `today`.
    """
    county, types = towns(), catalogue()
    providers = parties(county, today)
    return (
        [provider.record for provider in providers],
        needs(county, types, today),
        offers(county, providers, types, today),
    )
