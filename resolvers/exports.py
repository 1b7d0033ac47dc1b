"""Lists out, in the form they come in: what is exported and imported again changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import exports
from db.areas import Area
from db.cursors import global_id
from db.entities import PARTY_TYPES
from exchange import hsds, writing
from exchange.records import NeedRecord, OfferRecord, PartyRecord, Place, Record, Sheet
from resolvers.acts import require_role
from resolvers.checks import Problems
from resolvers.context import Context
from resolvers.import_names import Names
from resolvers.vocabulary import CLIENT_GROUP, DOMAIN, Vocabulary, vocabulary

#: A cell of a workbook holds 32,767 characters.
NAMED_AREAS = 200


async def run(context: Context, path: Path, *, area: str | None = None) -> tuple[list[Path], dict[str, int]]:
    """Writes needs, offers and parties (of an area and below) to .xlsx, .csv or HSDS .json.

    Returns the files written and how many rows of each kind. Raises InvalidInput for an unknown area, NotAllowed,
    ValueError for another extension.
    """
    require_role(context.viewer)
    async with context.engine.connect() as conn:
        await conn.execution_options(isolation_level="REPEATABLE READ")
        words = await vocabulary(context.engine, conn)
        place: Area | None = None
        if area is not None:
            problems = Problems()
            place = await words.check_area(conn, problems, "area", area)
            problems.stop()
        is_directory = path.suffix.lower() == ".json"
        records = await _Writer(conn, words, Place(path.name)).records(place, active_only=is_directory)
    counts = {kind: len(found) for kind, found in records.items()}
    if is_directory:
        parties = [one for one in records["parties"] if isinstance(one, PartyRecord)]
        offers = [one for one in records["offers"] if isinstance(one, OfferRecord)]
        counts = {
            "needs": 0,
            "offers": len(offers),
            "parties": len({one.provider_reference or one.provider for one in offers}),
        }
        return [hsds.write(path, offers, parties)], counts
    sheet = Sheet(path.name, None, records=[one for found in records.values() for one in found])
    return writing.write(path, [sheet]), counts


class _Writer:
    def __init__(self, conn: AsyncConnection, words: Vocabulary, place: Place) -> None:
        self.conn, self.words, self.place = conn, words, place
        self.names = Names(words)

    async def records(self, area: Area | None, *, active_only: bool = False) -> dict[str, list[Record]]:
        """Needs, offers and parties. `active_only`: what a directory shows, no offer that is paused or a draft."""
        area_id = area.id if area else None
        needs = await exports.needs(self.conn, area_id)
        offers = await exports.offers(self.conn, area_id)
        if active_only:
            offers = [one for one in offers if one.status == "ACTIVE"]
        owners = {one.community_id for one in needs} | {one.provider_id for one in offers}
        parties = await exports.parties(self.conn, area_id, owners)
        self.parties = {one.id: one for one in parties}
        ids = {one.area_id for one in parties} | {id for one in offers for id in one.coverage_ids}
        self.areas = await self.words.areas_by_id(self.conn, ids)
        self.townships = await exports.townships(self.conn)
        await self.names.gather_areas(self.conn, [one.full_name for one in self.areas.values()])
        self.names.index_words()
        return {
            "needs": [self._need(one) for one in needs],
            "offers": [self._offer(one) for one in offers],
            "parties": [self._party(one) for one in parties],
        }

    def _area(self, id: int) -> str:
        """The full name where it means this area alone, else the code."""
        area = self.areas[id]
        return area.full_name if self.names.means(area.full_name, area) else area.code

    def _coverage(self, ids: list[int]) -> tuple[str, ...]:
        """Names, or codes where so many names would not fit into a cell."""
        if len(ids) > NAMED_AREAS:
            return tuple(self.areas[id].code for id in ids)
        return tuple(self._area(id) for id in ids)

    def _term(self, id: int | None, *schemes: str) -> str | None:
        if id is None:
            return None
        term = self.words.terms_by_id[id]
        return term.label_zh if self.names.term(schemes or (term.scheme,), term.label_zh) is term else term.code

    def _type(self, id: int, title: str) -> str:
        kind = self.words.types_by_id[id]
        return kind.label_zh if self.names.type(kind.label_zh, title, kind.unit) is kind else kind.code

    def _groups(self, ids: list[int]) -> tuple[str, ...]:
        return tuple(label for id in ids if (label := self._term(id, CLIENT_GROUP)) is not None)

    def _need(self, row: Any) -> NeedRecord:
        community = self.parties[row.community_id]
        return NeedRecord(
            place=self.place,
            title=row.title,
            community=community.name,
            township=self.townships.get(community.area_id),
            quantity=row.quantity,
            resource_type=self._type(row.resource_type_id, row.title),
            unit=self.words.types_by_id[row.resource_type_id].unit,
            client_groups=self._groups(row.client_group_ids),
            priority=row.priority,
            whole_or_nothing=row.whole_or_nothing or None,
            needed_from=row.needed_from,
            needed_by=row.needed_by,
            channel=self._term(row.channel_id),
            platform_id=global_id(b"Need:%d" % row.id),
            reference=_number(row.reference),
        )

    def _offer(self, row: Any) -> OfferRecord:
        provider = self.parties[row.provider_id]
        return OfferRecord(
            place=self.place,
            title=row.title,
            provider=provider.name,
            provider_kind=provider.kind,
            provider_reference=_party_number(provider.reference),
            provider_area=self._area(provider.area_id),
            credit_code=provider.credit_code,
            capacity=row.capacity,
            resource_type=self._type(row.resource_type_id, row.title),
            unit=self.words.types_by_id[row.resource_type_id].unit,
            coverage=self._coverage(row.coverage_ids),
            client_groups=self._groups(row.client_group_ids),
            minimum_per_need=row.minimum_per_need,
            maximum_per_need=row.maximum_per_need,
            available_from=row.available_from,
            available_until=row.available_until,
            earmark=self._term(row.earmark_id, CLIENT_GROUP, DOMAIN),
            platform_id=global_id(b"Offer:%d" % row.id),
            reference=_number(row.reference),
        )

    def _party(self, row: Any) -> PartyRecord:
        return PartyRecord(
            place=self.place,
            kind=row.kind,
            name=row.name,
            area=self._area(row.area_id),
            credit_code=row.credit_code,
            founded_on=row.founded_on,
            headcount=row.headcount,
            industry=self._term(row.industry_id),
            source=self._term(row.source_id),
            platform_id=global_id(f"{PARTY_TYPES[row.kind]}:{row.id}".encode()),
            reference=_party_number(row.reference),
        )


def _party_number(reference: str | None) -> str | None:
    return reference.removeprefix("party:") if reference else None


def _number(reference: str | None) -> str | None:
    """The list's own number, where the row has one."""
    return reference.split("#", 1)[1] if reference and "#" in reference.split(":", 2)[1] else None
