"""Evaluations of stations: begun, scored leaf by leaf, submitted in the order of the chain, and what came of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import acting, evaluation_rows
from db.areas import Area
from db.evaluation_rows import Verdict
from db.evaluations import EvaluationRow, IndicatorScoreRow
from db.records import insert, update
from exchange.indicator_tree import said
from resolvers import day
from resolvers.acts import act, record, require_role, require_within
from resolvers.checks import Problems, clipped
from resolvers.context import Context, Done
from resolvers.errors import Conflict, FieldProblem, InvalidInput, NotAllowed, NotFound
from resolvers.records import Check, Saved, after, check
from resolvers.scoring import Boundary, Weighed, graded, total, unscored
from resolvers.vocabulary import vocabulary

#: What must have been submitted before each, of the same station and year.
BEFORE = {"THIRD_PARTY": "SELF", "INSPECTION": "THIRD_PARTY"}
NAMES = {
    "SELF": ("自评", "the self-evaluation"),
    "THIRD_PARTY": ("第三方评估", "the third-party evaluation"),
    "INSPECTION": ("抽查", "the inspection"),
}
#: Leaves named in one message.
NAMED = 10
MOST_PROSE = 4_000


# -------------------------------------------------------------------------------------------------- gates


async def passed(
    conn: AsyncConnection, *, area_id: int | None = None, station_id: int | None = None, year: int
) -> bool:
    """Whether a station, or every station (tier STATION) of an area and below that works at the year's end, passed.

    What decides is the last submitted evaluation of the chain after the self-evaluation: the inspection, else the third
    party's; it passed where its grade does. An area without stations has passed nothing. One statement.
    """
    found = await evaluation_rows.verdicts(conn, year, area_id=area_id, station_id=station_id)
    return bool(found) and all(one.passes for one in found)


@dataclass(frozen=True, slots=True)
class Passing:
    """What `passed` rests on. Ids of stations, in the order of their registration."""

    area_id: int
    year: int
    passed: bool
    stations: int
    passing: int
    failed_ids: list[int]
    missing_ids: list[int]


async def passing(context: Context, area: str, year: int) -> Passing:
    """The verdict on an area's stations for a year. Raises InvalidInput, NotAllowed as `resolvers.day.of` does."""
    place = (await day.of(context, area)).area
    async with context.engine.connect() as conn:
        found = await evaluation_rows.verdicts(conn, checked_year(year), area_id=place.id)
    return _passing(place, year, found)


def _passing(place: Area, year: int, found: Sequence[Verdict]) -> Passing:
    missing = [one.station_id for one in found if one.evaluation_id is None]
    failed = [one.station_id for one in found if one.evaluation_id is not None and not one.passes]
    fine = len(found) - len(missing) - len(failed)
    return Passing(place.id, year, bool(found) and fine == len(found), len(found), fine, failed, missing)


def checked_year(year: int) -> int:
    """The year, where it is one that can be asked about. Raises InvalidInput."""
    if not 1949 <= year <= 9998:
        raise InvalidInput([FieldProblem(("year",), "OUT_OF_RANGE", "年度不在范围内", "no such year")])
    return year


# -------------------------------------------------------------------------------------------------- hooks


@check("evaluation")
async def _evaluation(given: Check) -> None:
    row, old, problems, today = given.row, given.old, given.problems, given.context.today
    if old is not None and old.status == "SUBMITTED":
        raise _submitted()
    if row["evaluator_id"] is None and row["evaluator_name"] is None:
        zh, en = "请填写评估方,或其名称", "name who evaluates, by id or in words"
        problems.add("evaluatorName", "REQUIRED", zh, en)
    if row["done_on"] > today:
        problems.add("doneOn", "IN_THE_FUTURE", f"还没有到这一天;今天是 {today}", f"lies in the future; it is {today}")
    if row["year"] > row["done_on"].year:
        problems.add("year", "OUT_OF_RANGE", "年度晚于评估日期", "the year lies after the day of the evaluation")
    # Locked: a standard by which no evaluation was begun yet may be about to be replaced.
    viewer = given.context.viewer
    standard = await acting.seen(given.conn, viewer, "evaluation_standard", row["standard_id"], lock=True)
    if standard is None:
        problems.missing("standardId", "这项评估标准", "evaluation standard")
    else:
        _standard_fits(given, standard)
    scored = [] if old is None else await evaluation_rows.scores(given.conn, old.id)
    if scored and ({"standard_id", "station_id"} & given.changed):
        raise Conflict(
            "SCORED",
            "已按这项标准评分,不能再换标准或站点;请撤回这次评估另行登记",
            "points were given by this standard already; withdraw this evaluation and record another",
        )
    station, year, evaluator = row["station_id"], row["year"], row["evaluator_id"]
    outside = row["kind"] == "THIRD_PARTY" and evaluator is not None
    if outside and await evaluation_rows.runs(given.conn, station, evaluator):
        zh, en = "第三方不能是该站的承接或用人单位", "a third party neither runs the station nor employs its workers"
        problems.add("evaluatorId", "NOT_INDEPENDENT", zh, en)
    if row["kind"] == "INSPECTION" and await evaluation_rows.was_drawn(given.conn, station, year) is False:
        zh, en = "该站未被抽中,为样本之外的检查", "the station was not drawn: an inspection beside the sample"
        given.mark("NOT_DRAWN", zh, en)


def _standard_fits(given: Check, standard: Any) -> None:
    if standard.area_id not in given.area.ancestor_ids:
        zh, en = "这项标准不适用于该站所在地区", "this standard does not hold where the station is"
        given.problems.add("standardId", "STANDARD_ELSEWHERE", zh, en)
    on = given.row["done_on"]
    since, until = standard.from_on, standard.until_on
    if (since is not None and on < since) or (until is not None and on > until):
        zh, en = "这项标准在评估当日无效", "this standard does not hold on the day of the evaluation"
        given.problems.add("standardId", "STANDARD_NOT_IN_FORCE", zh, en)


@after("evaluation")
async def _scores_follow(saved: Saved) -> None:
    if saved.old is not None and saved.old.evaluator_id != saved.row["evaluator_id"]:
        await evaluation_rows.follow_evaluator(saved.conn, saved.id, saved.row["evaluator_id"])


# --------------------------------------------------------------------------------------------------- acts


@dataclass(frozen=True, slots=True)
class Points:
    """What one leaf gets; `code` is the indicator's. None takes back the points it has."""

    code: str
    points: Decimal | None
    evidence: str | None = None


async def score(
    context: Context, id: int | None, *, scores: Sequence[Points], idempotency_key: str | None = None
) -> Done:
    """Gives leaves of an evaluation their points, or other points; leaves not named keep theirs.

    By a coordinator of the station's area or by the partner who evaluates. Points lie from 0 to the indicator's weight;
    evidence is said where the indicator asks for it. Raises InvalidInput with every faulty score, NotFound, NotAllowed,
    Conflict SUBMITTED.
    """
    require_role(context.viewer, "COORDINATOR", "PARTNER")
    inputs = {"id": id, "scores": [[one.code, str(one.points), one.evidence] for one in scores]}

    async def work(conn: AsyncConnection) -> Done:
        one, area = await _open(context, conn, id)
        problems = Problems()
        tree = {each.code: each for each in await tree_of(conn, one.standard_id)}
        given = _sound(problems, scores, tree)
        problems.key(idempotency_key)
        problems.stop()
        before = {each.indicator_id: each for each in await evaluation_rows.scores(conn, one.id)}
        for leaf, each in given:
            by, at = context.viewer.key_id, context.clock()
            values = {"points": each.points, "evidence": each.evidence, "actor_id": by}
            was = before.get(leaf.id)
            if each.points is None:
                if was is not None:
                    gone = {"withdrawn_at": at, "actor_id": by}
                    await update(conn, IndicatorScoreRow, was.id, gone, at=at, actor_id=by, act="withdraw")
            elif was is None:
                now = {"recorded_at": at, "changed_at": at}
                place = {"area_id": one.area_id, "county_id": one.county_id, "evaluator_id": one.evaluator_id}
                about = {"evaluation_id": one.id, "indicator_id": leaf.id}
                await insert(conn, IndicatorScoreRow, values | now | place | about)
            elif (was.points, was.evidence) != (each.points, each.evidence):
                await update(conn, IndicatorScoreRow, was.id, values, at=at, actor_id=by, act="score")
        detail = {"indicators": len(given)}
        await record(conn, context.viewer, "evaluation.scored", "evaluation", one.id, area.id, detail)
        return Done("evaluation", one.id)

    return await act(context, "evaluationScore", idempotency_key, inputs, work)


def _sound(problems: Problems, scores: Sequence[Points], tree: Mapping[str, Weighed]) -> list[tuple[Weighed, Points]]:
    if not scores:
        problems.add("scores", "REQUIRED", "请至少给出一项得分", "give at least one score")
    found, seen = [], set[str]()
    for at, one in enumerate(scores):
        path = ("scores", str(at))
        leaf = tree.get(one.code)
        if leaf is None:
            zh, en = f"标准中没有指标“{clipped(one.code)}”", f"the standard has no indicator “{clipped(one.code)}”"
            problems.add((*path, "code"), "UNKNOWN_INDICATOR", zh, en)
            continue
        if not leaf.leaf:
            zh, en = f"“{leaf.code}”还有下级指标,不直接评分", f"“{leaf.code}” has indicators below it, which are scored"
            problems.add((*path, "code"), "NOT_A_LEAF", zh, en)
            continue
        if one.code in seen:
            problems.add((*path, "code"), "TWICE", f"“{one.code}”重复", f"“{one.code}” stands twice")
        seen.add(one.code)
        points = one.points
        if points is None:
            found.append((leaf, one))
            continue
        if not (points.is_finite() and 0 <= points <= leaf.weight and points == round(points, 4)):
            zh = f"“{leaf.code}”的得分应在 0 到 {said(leaf.weight)} 之间,最多 4 位小数"
            en = f"points of “{leaf.code}” lie from 0 to {said(leaf.weight)}, with at most 4 decimals"
            problems.add((*path, "points"), "OUT_OF_RANGE", zh, en)
        apart = Problems()
        evidence = apart.prose("evidence", one.evidence, MOST_PROSE) if one.evidence is not None else None
        for fault in apart.fields:
            problems.add((*path, "evidence"), fault.code, fault.message_zh, fault.message_en)
        if leaf.evidence is not None and evidence is None and not apart.fields:
            zh = f"“{leaf.code}”须写明佐证材料:{clipped(leaf.evidence)}"
            en = f"“{leaf.code}” asks for evidence: {clipped(leaf.evidence)}"
            problems.add((*path, "evidence"), "EVIDENCE_REQUIRED", zh, en)
        found.append((leaf, Points(one.code, points, evidence)))
    return found


async def submit(context: Context, id: int | None, *, idempotency_key: str | None = None) -> Done:
    """Sums the points, finds the grade, and fixes both; nothing of the evaluation changes afterwards.

    Every leaf must be scored, and what comes before it in the chain be submitted. Raises NotFound, NotAllowed, Conflict
    (SUBMITTED, LEAVES_UNSCORED, SELF_FIRST, THIRD_PARTY_FIRST).
    """
    require_role(context.viewer, "COORDINATOR", "PARTNER")

    async def work(conn: AsyncConnection) -> Done:
        one, area = await _open(context, conn, id)
        problems = Problems()
        problems.key(idempotency_key)
        problems.stop()
        tree = await tree_of(conn, one.standard_id)
        points = {each.indicator_id: each.points for each in await evaluation_rows.scores(conn, one.id)}
        lacking = unscored(tree, points)
        if lacking:
            raise _unscored(lacking)
        first = BEFORE.get(one.kind)
        if first is not None and first not in await evaluation_rows.submitted(conn, one.station_id, one.year):
            zh, en = NAMES[first]
            raise Conflict(
                f"{first}_FIRST",
                f"该站 {one.year} 年度的{zh}尚未提交;请先提交{zh}",
                f"{en} of the station for {one.year} was not submitted yet; submit that first",
            )
        score = total(tree, points)
        grade = graded(score, await _grades(conn, one.standard_id))
        by = context.viewer.key_id
        values = {
            "status": "SUBMITTED",
            "score": score,
            "grade_id": grade.id if grade else None,
            "submitted_on": context.today,
            "actor_id": by,
        }
        await update(conn, EvaluationRow, one.id, values, at=context.clock(), actor_id=by, act="submit")
        detail = {"kind": one.kind, "year": one.year, "score": str(score)}
        await record(conn, context.viewer, "evaluation.submitted", "evaluation", one.id, area.id, detail)
        return Done("evaluation", one.id)

    return await act(context, "evaluationSubmit", idempotency_key, {"id": id}, work)


async def reopen(context: Context, id: int | None, *, reason: str, idempotency_key: str | None = None) -> Done:
    """Takes a submission back, so that mistaken points can be mended; score and grade are kept in its history.

    By a coordinator of the station's area, never by who evaluates; refused while a later link of the chain stands.
    Raises InvalidInput (no reason), NotFound, NotAllowed, Conflict NOT_SUBMITTED, LATER_STANDS.
    """
    require_role(context.viewer, "COORDINATOR")

    async def work(conn: AsyncConnection) -> Done:
        one, area = await _seen(context, conn, id)
        problems = Problems()
        why = problems.text("reason", reason)
        problems.key(idempotency_key)
        problems.stop()
        if one.status != "SUBMITTED":
            raise Conflict("NOT_SUBMITTED", "这次评估尚未提交", "the evaluation was not submitted")
        done = await evaluation_rows.submitted(conn, one.station_id, one.year)
        for later, first in BEFORE.items():
            if first == one.kind and later in done:
                zh, en = NAMES[later]
                raise Conflict(
                    "LATER_STANDS", f"之后的{zh}已提交;请先退回{zh}", f"{en} after it was submitted; reopen that first"
                )
        by = context.viewer.key_id
        values = {"status": "DRAFT", "score": None, "grade_id": None, "submitted_on": None, "actor_id": by}
        await update(conn, EvaluationRow, one.id, values, at=context.clock(), actor_id=by, act="reopen", reason=why)
        await record(conn, context.viewer, "evaluation.reopened", "evaluation", one.id, area.id, {"kind": one.kind})
        return Done("evaluation", one.id)

    return await act(context, "evaluationReopen", idempotency_key, {"id": id, "reason": reason}, work)


def _unscored(lacking: Sequence[Weighed]) -> Conflict:
    named = "、".join(one.code for one in lacking[:NAMED]) + ("…" if len(lacking) > NAMED else "")
    return Conflict(
        "LEAVES_UNSCORED",
        f"还有 {len(lacking)} 项末级指标没有评分:{named}",
        f"{len(lacking)} indicator(s) have no points yet: {named}",
    )


async def _seen(context: Context, conn: AsyncConnection, id: int | None) -> tuple[Any, Area]:
    """An evaluation, locked, and its area. Raises NotFound, NotAllowed for who neither evaluates nor coordinates."""
    one = await acting.seen(conn, context.viewer, "evaluation", id, lock=True)
    if one is None:
        raise NotFound("这次评估", "evaluation")
    words = await vocabulary(context.engine, conn)
    area = (await words.areas_by_id(conn, [one.area_id]))[one.area_id]
    if context.viewer.role == "PARTNER":
        if one.evaluator_id != context.viewer.party_id:
            raise NotAllowed(
                "只有评估方自己或本区域的统筹员可以评分和提交",
                "only who evaluates, or a coordinator of the area, may score and submit",
            )
    else:
        require_within(context.viewer, area)
    return one, area


async def _open(context: Context, conn: AsyncConnection, id: int | None) -> tuple[Any, Area]:
    """As `_seen`, of one that can still be scored. Raises Conflict SUBMITTED."""
    one, area = await _seen(context, conn, id)
    if one.status == "SUBMITTED":
        raise _submitted()
    return one, area


def _submitted() -> Conflict:
    return Conflict(
        "SUBMITTED",
        "评估已提交,得分与等级不再变动;如有误请先退回(evaluationReopen)",
        "the evaluation was submitted and stands; a coordinator may reopen a mistaken one (evaluationReopen)",
    )


async def tree_of(conn: AsyncConnection, standard_id: int) -> list[Weighed]:
    """The indicators of a standard, parents before children."""
    rows: Sequence[Any] = await evaluation_rows.tree(conn, standard_id)
    return [Weighed(one.id, one.parent_id, one.code, one.title, one.weight, one.leaf, one.evidence) for one in rows]


async def _grades(conn: AsyncConnection, standard_id: int) -> list[Boundary]:
    rows: Sequence[Any] = await evaluation_rows.grades(conn, standard_id)
    return [Boundary(one.id, one.name, one.least, one.passes) for one in rows]
