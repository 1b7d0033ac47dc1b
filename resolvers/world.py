"""Rows of the database as the values that graph/ works on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db.matches import WeightSet
from graph.values import PRIORITIES, Need, Offer, World
from resolvers.context import COUNTY_TIME
from resolvers.vocabulary import Vocabulary

_URGENCY = {name: place for place, name in enumerate(PRIORITIES)}


def need_value(row: Any) -> Need:
    """A row of `db.matches.NEED_COLUMNS`."""
    return Need(
        id=row.id,
        type_id=row.resource_type_id,
        area_id=row.area_id,
        group_ids=tuple(row.client_group_ids),
        remaining=row.remaining,
        priority=_URGENCY[row.priority],
        needed_from=row.needed_from,
        needed_by=row.needed_by,
        is_open=row.status == "OPEN",
    )


def offer_values(rows: Sequence[Any], words: Vocabulary) -> list[Offer]:
    """Rows of `db.matches.OFFER_COLUMNS`; groups and earmarks closed downward."""
    closed = words.groups_closed
    # Lists are confirmed in bulk: far fewer moments than offers.
    days: dict[Any, date] = {}
    found = []
    for (
        id,
        provider_id,
        type_id,
        area_id,
        coverage_ids,
        group_ids,
        earmark_id,
        available,
        minimum,
        maximum,
        available_from,
        available_until,
        confirmed_at,
        status,
    ) in rows:
        confirmed_on = days.get(confirmed_at)
        if confirmed_on is None:
            confirmed_on = days[confirmed_at] = confirmed_at.astimezone(COUNTY_TIME).date()
        found.append(
            Offer(
                id,
                provider_id,
                type_id,
                area_id,
                tuple(coverage_ids),
                closed(group_ids) if group_ids else (),
                None if earmark_id is None else closed((earmark_id,)),
                available,
                minimum,
                maximum,
                available_from,
                available_until,
                confirmed_on,
                is_active=status == "ACTIVE",
            )
        )
    return found


async def world(
    conn: AsyncConnection,
    words: Vocabulary,
    weights: WeightSet,
    today: date,
    needs: Sequence[Need],
    offers: Sequence[Offer],
) -> World:
    """Everything these needs and offers are judged by; at most one statement, for areas not met before."""
    ids = {need.area_id for need in needs}
    ids.update(offer.area_id for offer in offers)
    for offer in offers:
        ids.update(offer.coverage_ids)
    areas = await words.areas_by_id(conn, ids)
    return World(
        today=today,
        type_ancestors=words.type_ancestors,
        area_ancestors={id: area.ancestor_ids for id, area in areas.items()},
        weights=dict(zip(weights.codes, weights.weights, strict=True)),
        locations={
            id: (area.longitude, area.latitude)
            for id, area in areas.items()
            if area.longitude is not None and area.latitude is not None
        },
        type_labels=words.type_labels,
        area_labels={id: (area.full_name, area.full_name) for id, area in areas.items()},
        group_labels=words.term_labels,
        type_units=words.type_units,
    )
