"""The whole contract: what `fivelink schema` writes to schema.graphql."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

from schema.mutation import ACTS
from schema.parties import Assistant, Community, DonorFirm, Fund, Organization, SocialWorker, Volunteer
from schema.query import QUESTIONS
from schema.scalars import SCALARS
from schema.subscription import Subscription


def _merged(name: str, parts: tuple[Any, ...], description: str) -> Any:
    """One type of all fields of these."""
    made: Any = merge_types(name, parts)
    made.__strawberry_definition__.description = description
    return made


CONTRACT = strawberry.Schema(
    query=_merged("Query", QUESTIONS, "Questions. 查询。"),
    mutation=_merged("Mutation", ACTS, "Acts. 办理。"),
    subscription=Subscription,
    types=[Community, Organization, SocialWorker, Volunteer, DonorFirm, Fund, Assistant, Decimal],
    config=StrawberryConfig(disable_field_suggestions=True, scalar_map=SCALARS),
)


def sdl() -> str:
    """The contract as text, one trailing newline."""
    return CONTRACT.as_str().rstrip() + "\n"
