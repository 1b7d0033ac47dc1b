"""Which linkage model holds in an area, and what each kind of party is in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from db import teams
from db.entities import PARTY_TYPES
from resolvers.checks import Problems
from resolvers.context import Context
from resolvers.errors import Conflict
from resolvers.teams import DEFAULT_MODEL
from resolvers.vocabulary import vocabulary

#: The society that parties of a kind belong to.
SOCIETY_OF = {
    "COMMUNITY": "COMMUNITY",
    "ORGANIZATION": "SOCIAL_ORGANIZATION",
    "SOCIAL_WORKER": "SOCIAL_WORKER",
    "ASSISTANT": "ASSISTANT",
    "VOLUNTEER": "VOLUNTEER",
    "DONOR_FIRM": "CHARITABLE_RESOURCE",
    "FUND": "CHARITABLE_RESOURCE",
}


@dataclass(frozen=True, slots=True)
class KindRole:
    """A kind of party and its role, None where the model has none for it; `parties` are those there that are seen."""

    typename: str
    society: str
    role_zh: str | None
    role_en: str | None
    parties: int


@dataclass(frozen=True, slots=True)
class InForce:
    """`said_id` is the statement by which the model holds, None where nothing was said and the default does."""

    template_id: int
    said_id: int | None
    roles: tuple[KindRole, ...]


async def in_force(context: Context, area: str, on: date | None = None) -> InForce:
    """The model that holds in an area on a day (None: today), with the role of every kind of party.

    Raises InvalidInput for an unknown area, Conflict while no models are loaded. Five statements.
    """
    async with context.engine.connect() as conn:
        words = await vocabulary(context.engine, conn)
        problems = Problems()
        place = await words.check_area(conn, problems, "area", area)
        problems.stop()
        assert place is not None
        said = await teams.said_for(conn, place.ancestor_ids, on or context.today)
        known = await teams.templates(conn)
        counts = await teams.parties_by_kind(conn, context.viewer, place.id)
    wanted = said.template_id if said is not None else None
    model = next((one for one in known if (one.id == wanted if said is not None else one.code == DEFAULT_MODEL)), None)
    if model is None:
        raise Conflict("NOTHING_LOADED", "还没有装入联动模式", "no linkage models are loaded yet")
    by_society = {one["society"]: one for one in model.roles}
    roles = []
    for kind, typename in PARTY_TYPES.items():
        role = by_society.get(SOCIETY_OF[kind])
        zh, en = (role["label_zh"], role["label_en"]) if role is not None else (None, None)
        roles.append(KindRole(typename, SOCIETY_OF[kind], zh, en, counts.get(kind, 0)))
    return InForce(model.id, said.id if said is not None else None, tuple(roles))
