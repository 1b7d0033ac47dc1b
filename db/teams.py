"""Teams: the roles they have (linkage models and templates), which model holds where, and who could take part."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    ForeignKey,
    Integer,
    Text,
    UniqueConstraint,
    and_,
    bindparam,
    func,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, array, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from db.base import SOCIETY, Base, now_column, primary_key
from db.events import last_of_query
from db.matches import NEED_COLUMNS, OFFER_COLUMNS, _active, _ints, _open
from db.viewer import Viewer
from db.visibility import shape, values, visible


class TeamTemplateRow(Base):
    """A linkage model, or a template of a team; loaded from files, never deleted."""

    __tablename__ = "team_template"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    label_zh: Mapped[str] = mapped_column(Text)
    label_en: Mapped[str] = mapped_column(Text)
    #: Whether it is the linkage of so many societies, which holds for an area.
    is_linkage_model: Mapped[bool] = mapped_column(Boolean)
    position: Mapped[int] = mapped_column(Integer)
    #: [{society, resource_type, label_zh, label_en, source}], society and resource_type by code or null.
    roles: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)


class LinkageModelRow(Base):
    """From a day on, a model holds in an area and all below it that has none of its own."""

    __tablename__ = "linkage_model"

    id: Mapped[int] = primary_key()
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    template_id: Mapped[int] = mapped_column(ForeignKey("team_template.id"))
    since_on: Mapped[date] = mapped_column(Date)
    #: The document that says so.
    citation: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = now_column()

    __table_args__ = (UniqueConstraint("area_id", "since_on"),)


@dataclass(frozen=True, slots=True)
class NearParty:
    """A party that could take part: by its id (`near` None), or because it is near an area."""

    id: int
    society: str
    area_id: int
    near: int | None


@dataclass(frozen=True, slots=True)
class Template:
    """A row of `team_template`."""

    id: int
    code: str
    label_zh: str
    label_en: str
    is_linkage_model: bool
    position: int
    roles: tuple[Mapping[str, Any], ...]


_NAMES = ("id", "code", "label_zh", "label_en", "is_linkage_model", "position", "roles")


async def templates(conn: AsyncConnection) -> list[Template]:
    """Every template, in order."""
    table = TeamTemplateRow.__table__
    found = await conn.execute(select(*(table.c[name] for name in _NAMES)).order_by(table.c.position, table.c.id))
    return [Template(**{**row._mapping, "roles": tuple(row.roles)}) for row in found]


async def write(conn: AsyncConnection, rows: Sequence[Template]) -> None:
    """Inserts templates, or brings those of the same id up to date."""
    if not rows:
        return
    made = insert(TeamTemplateRow)
    await conn.execute(
        made.on_conflict_do_update(
            index_elements=["id"], set_={name: made.excluded[name] for name in _NAMES if name != "id"}
        ),
        [{name: getattr(row, name) for name in _NAMES[:-1]} | {"roles": [*map(dict, row.roles)]} for row in rows],
    )


async def set_model(conn: AsyncConnection, row: Mapping[str, Any]) -> tuple[int, bool]:
    """Says which model holds in an area from a day on, in place of what was said for that day; (id, whether new)."""
    made = insert(LinkageModelRow).values(**row)
    kept = {name: made.excluded[name] for name in ("template_id", "citation", "created_at")}
    changed = or_(
        LinkageModelRow.template_id != made.excluded.template_id,
        LinkageModelRow.citation.is_distinct_from(made.excluded.citation),
    )
    written = await conn.execute(
        made.on_conflict_do_update(index_elements=["area_id", "since_on"], set_=kept, where=changed).returning(
            LinkageModelRow.id
        )
    )
    id = written.scalar()
    if id is not None:
        return int(id), True
    same = select(LinkageModelRow.id).where(
        LinkageModelRow.area_id == row["area_id"], LinkageModelRow.since_on == row["since_on"]
    )
    return int((await conn.execute(same)).scalar_one()), False


async def models(conn: AsyncConnection, area_ids: Collection[int], today: date) -> dict[int, int]:
    """{area_id: template_id} of those of these areas for which something was said, the newest that holds today."""
    found = await conn.execute(
        select(LinkageModelRow.area_id, LinkageModelRow.template_id)
        .where(LinkageModelRow.area_id == _ints("model_areas", area_ids), LinkageModelRow.since_on <= today)
        .order_by(LinkageModelRow.area_id, LinkageModelRow.since_on)
    )
    return {row.area_id: row.template_id for row in found}


_NEED, _OFFER = Base.metadata.tables["need"], Base.metadata.tables["offer"]
_PARTY, _AREA = Base.metadata.tables["party"], Base.metadata.tables["area"]


async def needs_seen(conn: AsyncConnection, viewer: Viewer, ids: Collection[int]) -> tuple[int, dict[int, Any]]:
    """The vocabulary's version; rows of `NEED_COLUMNS` by id, those that the viewer may see. One statement."""
    asked = select(func.unnest(bindparam("asked", list(ids), ARRAY(BigInteger))).label("id")).subquery("asked")
    rows = await conn.execute(
        select(last_of_query("vocabulary").scalar_subquery().label("version"), *NEED_COLUMNS).select_from(
            asked.outerjoin(_NEED, (_NEED.c.id == asked.c.id) & visible("need", _NEED, shape(viewer)))
        ),
        values(viewer),
    )
    version, found = 0, {}
    for row in rows:
        version = row.version or 0
        if row.id is not None:
            found[row.id] = row
    return version, found


async def open_needs(conn: AsyncConnection, viewer: Viewer, area_id: int, limit: int) -> tuple[int, list[Any]]:
    """How many needs wait in or below an area; the first `limit` of them, most urgent first, then oldest.

    As far as the viewer may see them.
    """
    waiting = (
        select(*NEED_COLUMNS, func.count().over().label("waiting"))
        .join(_AREA, _AREA.c.id == _NEED.c.area_id)
        .where(
            _open(),
            _AREA.c.ancestor_ids.contains(bindparam("team_area", [area_id], ARRAY(Integer))),
            visible("need", _NEED, shape(viewer)),
        )
        .order_by(_NEED.c.priority.desc(), _NEED.c.created_at, _NEED.c.id)
        .limit(limit)
    )
    rows = (await conn.execute(waiting, values(viewer))).all()
    return (rows[0].waiting if rows else 0), list(rows)


async def offers_seen(
    conn: AsyncConnection, viewer: Viewer, type_ids: Collection[int], area_ids: Collection[int], today: date
) -> Sequence[Any]:
    """As `db.matches.offers_for`, as far as the viewer may see them; by id."""
    found = await conn.execute(
        select(*OFFER_COLUMNS)
        .where(
            _active(today),
            _OFFER.c.resource_type_id == _ints("team_types", type_ids),
            _OFFER.c.coverage_ids.overlap(bindparam("team_areas", list(area_ids), ARRAY(Integer))),
            visible("offer", _OFFER, shape(viewer)),
        )
        .order_by(_OFFER.c.id),
        values(viewer),
    )
    return found.all()


async def parties_seen(
    conn: AsyncConnection,
    viewer: Viewer,
    ids: Collection[int],
    places: Collection[tuple[int, int, int]],
    societies: Collection[str],
    most: int,
) -> list[NearParty]:
    """These parties, and the `most` nearest of each society around each place; once for each of the two.

    A place is (area, the area around it, its county): first who is at home in the area, then around it, then anywhere
    in the county; equals by id. The county is only looked through where there are too few nearer.
    As far as the viewer may see them. One statement.
    """
    who = shape(viewer)
    columns = ("id", "society", "area_id")
    named = select(*(_PARTY.c[name] for name in columns), null().cast(Integer).label("near")).where(
        _PARTY.c.id == _ints("team_parties", ids), visible("party", _PARTY, who)
    )
    spots = sorted(places)
    place = select(
        *(
            func.unnest(bindparam(name, [spot[i] for spot in spots], ARRAY(Integer))).label(name)
            for i, name in enumerate(("here", "around", "county"))
        )
    ).subquery("place")
    society = select(func.unnest(bindparam("societies", sorted(societies), ARRAY(SOCIETY))).label("name")).subquery("s")

    def step(number: int) -> Any:
        party, home = _PARTY.alias(), _AREA.alias()
        around = home.c.ancestor_ids.contains(array([place.c.around], type_=Integer))
        where = (
            party.c.area_id == place.c.here,
            and_(around, party.c.area_id != place.c.here),
            and_(party.c.county_id == place.c.county, ~around, party.c.area_id != place.c.here),
        )[number]
        found = (
            select(*(party.c[name] for name in columns))
            .join(home, home.c.id == party.c.area_id)
            .where(where, party.c.society == society.c.name, visible("party", party, who))
            .correlate(place, society)
            .order_by(party.c.id)
            .limit(most)
        )
        return select(found.subquery().lateral())

    near = union_all(*(step(number) for number in range(3))).limit(most).lateral("near")
    around = select(*(near.c[name] for name in columns), place.c.here).select_from(
        place.join(society, true()).join(near, true())
    )
    found = await conn.execute(union_all(named, around), values(viewer))
    return [NearParty(*row) for row in found]


async def said_for(conn: AsyncConnection, area_ids: Sequence[int], on: date) -> Any:
    """(id, template_id) of what holds on a day in the last of these areas: said for it, else for the nearest before it.

    `area_ids` go from the province down. None where nothing was said.
    """
    depth = func.array_position(bindparam("said_areas", list(area_ids), ARRAY(Integer)), LinkageModelRow.area_id)
    found = await conn.execute(
        select(LinkageModelRow.id, LinkageModelRow.template_id)
        .where(LinkageModelRow.area_id.in_(area_ids), LinkageModelRow.since_on <= on)
        .order_by(depth.desc(), LinkageModelRow.since_on.desc())
        .limit(1)
    )
    return found.first()


async def parties_by_kind(conn: AsyncConnection, viewer: Viewer, area_id: int) -> dict[str, int]:
    """How many parties of each kind are at home in an area or below it, as far as the viewer may see them."""
    inside = _AREA.c.ancestor_ids.contains(bindparam("kind_area", [area_id], ARRAY(Integer)))
    found = await conn.execute(
        select(_PARTY.c.kind, func.count())
        .join(_AREA, _AREA.c.id == _PARTY.c.area_id)
        .where(inside, visible("party", _PARTY, shape(viewer)))
        .group_by(_PARTY.c.kind),
        values(viewer),
    )
    return {row[0]: row[1] for row in found}
