"""The whole contract: what `fivelink schema` writes to schema.graphql."""

from __future__ import annotations

from decimal import Decimal

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

from schema.mutation import ACTS
from schema.parties import Assistant, Community, DonorFirm, Fund, Organization, SocialWorker, Volunteer
from schema.query import QUESTIONS
from schema.scalars import SCALARS
from schema.subscription import Subscription

CONTRACT = strawberry.Schema(
    query=merge_types("Query", QUESTIONS),
    mutation=merge_types("Mutation", ACTS),
    subscription=Subscription,
    types=[Community, Organization, SocialWorker, Volunteer, DonorFirm, Fund, Assistant, Decimal],
    config=StrawberryConfig(disable_field_suggestions=True, scalar_map=SCALARS),
)


def sdl() -> str:
    """The contract as text, one trailing newline."""
    return CONTRACT.as_str().rstrip() + "\n"
