"""What is asked of evaluations, standards and samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Integer,
    Row,
    Text,
    and_,
    bindparam,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from db.evaluations import (
    EvaluationGradeRow,
    EvaluationRow,
    EvaluationSampleRow,
    EvaluationStandardRow,
    IndicatorRow,
    IndicatorScoreRow,
    SampleMemberRow,
)
from db.posts import PostRow
from db.projects import ProjectRoleRow
from db.records import VersionRow
from db.stations import StationRow
from db.visibility import areas_within

_STANDARD: Any = EvaluationStandardRow.__table__
_GRADE: Any = EvaluationGradeRow.__table__
_INDICATOR: Any = IndicatorRow.__table__
_EVALUATION: Any = EvaluationRow.__table__
_SCORE: Any = IndicatorScoreRow.__table__
_SAMPLE: Any = EvaluationSampleRow.__table__
_MEMBER: Any = SampleMemberRow.__table__
_STATION: Any = StationRow.__table__


def _standing(table: Any) -> ColumnElement[bool]:
    found: ColumnElement[bool] = table.c.withdrawn_at.is_(None)
    return found


def within(table: Any, area_id: int) -> ColumnElement[bool]:
    """The row lies in an area or below."""
    found: ColumnElement[bool] = table.c.area_id.in_(areas_within(bindparam("within_area", area_id, Integer)))
    return found


def in_operation(table: Any, first: date, last: date) -> ColumnElement[bool]:
    """A station (a mention of its table) that works on some day from `first` to `last`; one being built does not."""
    return and_(
        _standing(table), table.c.opened_on <= last, or_(table.c.closed_on.is_(None), table.c.closed_on >= first)
    )


# ---------------------------------------------------------------------------------------------- standards


async def newest_standard(conn: AsyncConnection, area_id: int, code: str) -> Row[Any] | None:
    """The latest standing version of a code in an area, locked so that nobody begins an evaluation by it meanwhile."""
    query = (
        select(_STANDARD)
        .where(_STANDARD.c.area_id == area_id, _STANDARD.c.code == code, _standing(_STANDARD))
        .order_by(_STANDARD.c.version.desc())
        .limit(1)
        .with_for_update()
    )
    return (await conn.execute(query)).first()


async def is_used(conn: AsyncConnection, standard_id: int) -> bool:
    """Whether any evaluation, a withdrawn one too, was begun by it."""
    query = select(_EVALUATION.c.id).where(_EVALUATION.c.standard_id == standard_id).limit(1)
    return (await conn.execute(query)).first() is not None


async def withdraw_standard(conn: AsyncConnection, standard_id: int, *, at: datetime, actor_id: int | None) -> None:
    """Withdraws a standard with its indicators and grades; what they were is kept. Two statements a table."""
    for table, own in ((_INDICATOR, _INDICATOR.c.standard_id), (_GRADE, _GRADE.c.standard_id), (_STANDARD, None)):
        which = and_((table.c.id if own is None else own) == standard_id, _standing(table))
        whole: Any = literal_column(f'"{table.name}"')
        was: Any = select(
            literal_column(f"'{table.name}'"),
            table.c.id,
            func.to_jsonb(whole),
            table.c.changed_at,
            func.greatest(bindparam("until_at", at, DateTime(timezone=True)), table.c.changed_at),
            bindparam("actor", actor_id, BigInteger),
            bindparam("act", "load", Text),
        ).where(which)
        names = ["entity", "entity_id", "row", "since_at", "until_at", "actor_id", "act"]
        await conn.execute(insert(VersionRow).from_select(names, was))
        then = func.greatest(bindparam("changed", at, DateTime(timezone=True)), table.c.changed_at)
        await conn.execute(update(table).where(which).values(withdrawn_at=then, changed_at=then))


async def add_all(conn: AsyncConnection, row: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts rows of one kind, in the order given."""
    if rows:
        await conn.execute(insert(row), [dict(one) for one in rows])


async def tree(conn: AsyncConnection, standard_id: int) -> Sequence[Row[Any]]:
    """(id, parent_id, code, title, weight, leaf, evidence, level) of a standard, parents before children."""
    columns = [_INDICATOR.c[name] for name in ("id", "parent_id", "code", "title", "weight", "leaf", "evidence")]
    query: Any = (
        select(*columns, _INDICATOR.c.level)
        .where(_INDICATOR.c.standard_id == standard_id, _standing(_INDICATOR))
        .order_by(_INDICATOR.c.position, _INDICATOR.c.id)
    )
    return (await conn.execute(query)).all()


async def grades(conn: AsyncConnection, standard_id: int) -> Sequence[Row[Any]]:
    """(id, name, least, passes) of a standard, the highest first."""
    query = (
        select(_GRADE.c.id, _GRADE.c.name, _GRADE.c.least, _GRADE.c.passes)
        .where(_GRADE.c.standard_id == standard_id, _standing(_GRADE))
        .order_by(_GRADE.c.least.desc())
    )
    return (await conn.execute(query)).all()


# -------------------------------------------------------------------------------------------- evaluations


async def scores(conn: AsyncConnection, evaluation_id: int) -> Sequence[Row[Any]]:
    """(id, indicator_id, points, evidence) of an evaluation."""
    query = select(_SCORE.c.id, _SCORE.c.indicator_id, _SCORE.c.points, _SCORE.c.evidence).where(
        _SCORE.c.evaluation_id == evaluation_id, _standing(_SCORE)
    )
    return (await conn.execute(query)).all()


async def follow_evaluator(conn: AsyncConnection, evaluation_id: int, evaluator_id: int | None) -> None:
    """Points are seen by who evaluates now."""
    await conn.execute(update(_SCORE).where(_SCORE.c.evaluation_id == evaluation_id).values(evaluator_id=evaluator_id))


async def submitted(conn: AsyncConnection, station_id: int, year: int) -> set[str]:
    """The kinds of evaluation that were submitted of a station for a year."""
    query = select(_EVALUATION.c.kind).where(
        _EVALUATION.c.station_id == station_id,
        _EVALUATION.c.year == year,
        _EVALUATION.c.status == "SUBMITTED",
        _standing(_EVALUATION),
    )
    return set((await conn.execute(query)).scalars())


async def runs(conn: AsyncConnection, station_id: int, party_id: int) -> bool:
    """Whether a party operates the station's project, employs anybody there or holds a post there."""
    role: Any = ProjectRoleRow.__table__
    post: Any = PostRow.__table__
    operates = (
        select(role.c.id)
        .join(_STATION, _STATION.c.project_id == role.c.project_id)
        .where(_STATION.c.id == station_id, role.c.party_id == party_id, role.c.role == "OPERATOR", _standing(role))
    )
    employs = select(post.c.id).where(
        post.c.station_id == station_id,
        or_(post.c.employer_id == party_id, post.c.worker_id == party_id),
        _standing(post),
    )
    return (await conn.execute(operates.union_all(employs).limit(1))).first() is not None


async def was_drawn(conn: AsyncConnection, station_id: int, year: int) -> bool | None:
    """Whether a sample of the year drew the station; None where it is in the frame of none."""
    query = (
        select(func.bool_or(_MEMBER.c.drawn))
        .join(_SAMPLE, _SAMPLE.c.id == _MEMBER.c.sample_id)
        .where(_MEMBER.c.station_id == station_id, _SAMPLE.c.year == year, _standing(_SAMPLE), _standing(_MEMBER))
    )
    drawn: bool | None = (await conn.execute(query)).scalar_one()
    return drawn


@dataclass(frozen=True, slots=True)
class Verdict:
    """What stands of a station for a year: the last of the chain after the self-evaluation; None where there is none
    yet. `passes` is False also where the standard has no grades."""

    station_id: int
    evaluation_id: int | None
    passes: bool


async def verdicts(
    conn: AsyncConnection, year: int, *, area_id: int | None = None, station_id: int | None = None
) -> list[Verdict]:
    """Of one station, or of every station (tier STATION) of an area and below that works at the end of the year."""
    end = date(year, 12, 31)
    if station_id is not None:
        which = and_(_STATION.c.id == station_id, _standing(_STATION))
    else:
        which = and_(within(_STATION, area_id or 0), _STATION.c.tier == "STATION", in_operation(_STATION, end, end))
    done = (
        select(_EVALUATION.c.id, _EVALUATION.c.station_id, _GRADE.c.passes)
        .ext(distinct_on(_EVALUATION.c.station_id))
        .outerjoin(_GRADE, _GRADE.c.id == _EVALUATION.c.grade_id)
        .where(
            _EVALUATION.c.year == year,
            _EVALUATION.c.status == "SUBMITTED",
            _EVALUATION.c.kind != "SELF",
            _standing(_EVALUATION),
        )
        .order_by(_EVALUATION.c.station_id, _EVALUATION.c.kind.desc())
        .subquery()
    )
    query = (
        select(_STATION.c.id, done.c.id, done.c.passes)
        .outerjoin(done, done.c.station_id == _STATION.c.id)
        .where(which)
        .order_by(_STATION.c.id)
    )
    return [Verdict(one[0], one[1], bool(one[2])) for one in (await conn.execute(query)).all()]


async def pairs(conn: AsyncConnection, area_id: int, year: int, first: str, second: str) -> Sequence[Row[Any]]:
    """(station_id, first id, second id, first score, second score) of stations with both kinds submitted by one
    standard, the greatest difference first."""
    one, two = _EVALUATION.alias("one"), _EVALUATION.alias("two")
    apart = func.abs(two.c.score - one.c.score)
    query: Any = (
        select(one.c.station_id, one.c.id, two.c.id, one.c.score, two.c.score)
        .join(two, and_(two.c.station_id == one.c.station_id, two.c.standard_id == one.c.standard_id))
        .where(
            within(one, area_id),
            *(
                condition
                for table, kind in ((one, first), (two, second))
                for condition in (
                    table.c.kind == kind,
                    table.c.year == year,
                    table.c.status == "SUBMITTED",
                    _standing(table),
                )
            ),
        )
        .order_by(apart.desc(), one.c.station_id)
    )
    return (await conn.execute(query)).all()


async def points_apart(
    conn: AsyncConnection, first_ids: Sequence[int], second_ids: Sequence[int]
) -> Sequence[Row[Any]]:
    """(first id, second id, indicator_id, points, points) of leaves that two evaluations scored differently."""
    one, two = _SCORE.alias("one"), _SCORE.alias("two")
    given = [bindparam(name, list(ids), ARRAY(BigInteger)) for name, ids in (("a", first_ids), ("b", second_ids))]
    asked = func.unnest(*given).table_valued("first_id", "second_id", name="asked").render_derived(name="asked")
    query: Any = (
        select(one.c.evaluation_id, two.c.evaluation_id, one.c.indicator_id, one.c.points, two.c.points)
        .select_from(asked)
        .join(one, one.c.evaluation_id == asked.c.first_id)
        .join(
            two,
            and_(
                two.c.evaluation_id == asked.c.second_id,
                two.c.indicator_id == one.c.indicator_id,
            ),
        )
        .where(one.c.points != two.c.points, _standing(one), _standing(two))
        .order_by(one.c.evaluation_id, one.c.indicator_id)
    )
    return (await conn.execute(query)).all()


# ------------------------------------------------------------------------------------------------ samples


async def frame(conn: AsyncConnection, area_id: int, on: date, tiers: Sequence[str]) -> list[int]:
    """Ids of the stations of these tiers in an area and below that work on a day; none that stands for several."""
    query = select(_STATION.c.id).where(
        within(_STATION, area_id),
        _STATION.c.tier.in_(tiers),
        _STATION.c.units == 1,
        in_operation(_STATION, on, on),
    )
    return sorted((await conn.execute(query)).scalars())


async def drawings(conn: AsyncConnection, area_id: int, year: int) -> int:
    """How many samples were drawn of an area for a year."""
    query = select(func.coalesce(func.max(_SAMPLE.c.number), 0)).where(
        _SAMPLE.c.area_id == area_id, _SAMPLE.c.year == year
    )
    return int((await conn.execute(query)).scalar_one())
