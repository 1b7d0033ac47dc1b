"""Rows of the database as the values that graph/ works on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db.areas import Area
from db.matches import WeightSet
from graph.values import PRIORITIES, WHOLE, Need, Offer, World
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
        whole=row.whole_or_nothing,
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
        track_record,
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
                track_record / WHOLE,
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
    place: Area | None = None,
) -> World:
    """Everything these needs and offers are judged by; at most one statement, for areas not met before.

    `place` is the area a plan is for: then needs have districts (`_districts`), for one statement more.
    """
    ids = {need.area_id for need in needs}
    ids.update(offer.area_id for offer in offers)
    for offer in offers:
        ids.update(offer.coverage_ids)
    areas = await words.areas_by_id(conn, ids)
    districts: dict[int, int] = {}
    if place is not None:
        homes = [areas[id] for id in {need.area_id for need in needs}]
        above = await words.areas_by_id(conn, {id for home in homes for id in home.ancestor_ids})
        areas = areas | above
        districts = _districts(homes, above, place)
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
        districts=districts,
    )


def _districts(homes: Sequence[Area], above: Mapping[int, Area], place: Area) -> dict[int, int]:
    """The area whose share of shortage each of `homes` counts for, in a plan of `place`.

    Its township, or the zone that stands for one; in a township's plan the area just below the township. An area that
    has none counts for itself. `above` holds all ancestors.
    """
    if _is_district(place) or place.level == "VILLAGE":
        depth = len(place.ancestor_ids)
        return {home.id: home.ancestor_ids[min(depth, len(home.ancestor_ids) - 1)] for home in homes}
    return {home.id: next((id for id in home.ancestor_ids if _is_district(above[id])), home.id) for home in homes}


def _is_district(area: Area) -> bool:
    """A township, or a zone in a county; a zone that stands beside counties is none."""
    return area.level == "TOWNSHIP" or (area.level == "ZONE" and area.county_id != area.id)
