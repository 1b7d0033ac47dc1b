"""Coordination: what a new operator takes over, the change of an operator as one act, and what ends soon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import acting, case_questions, coordination, handover_names, handovers, records
from db.areas import Area
from db.coordination import Scope
from db.kinds import KINDS
from db.viewer import Viewer
from resolvers import due, report_submissions
from resolvers import records as kinds
from resolvers.acts import act, record, require_role, require_within, within
from resolvers.checks import Problems
from resolvers.context import COUNTY_TIME, Context, Done
from resolvers.errors import Conflict, NotFound
from resolvers.posts import require_staff
from resolvers.vocabulary import Vocabulary, vocabulary

#: How far ahead one may ask.
MOST_DAYS = 3_660
#: Clients due to be seen that one pack names for each area.
MOST_FOLLOW_UPS = 1_000
MOST_ENDING = 500


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that passes over: `id` None for a report, which is nowhere yet. `late`: its day has passed.

    `name` is the number of a file, a title, a station: nobody's name.
    """

    what: str
    id: int | None
    due_on: date | None
    late: bool
    text_zh: str
    text_en: str
    due_at: datetime | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Pack:
    """What a new operator needs on a day, by kind in the order of `db.handovers.HANDED_OVER`, the most urgent first."""

    on: date
    area: Area
    scope: Scope
    items: Sequence[Item]

    def count(self, what: str) -> int:
        return sum(one.what == what for one in self.items)


async def _project(conn: AsyncConnection, viewer: Viewer, id: int | None, *, lock: bool = False) -> Any:
    found = await acting.seen(conn, viewer, "project", id, lock=lock)
    if found is None:
        raise NotFound("这个项目", "project")
    return found


async def _scope(
    conn: AsyncConnection, viewer: Viewer, project_id: int | None, station_id: int | None, on: date
) -> tuple[Scope, int]:
    """Where it works on a day, and the area it belongs to. Raises NotFound."""
    if station_id is not None:
        station = await acting.seen(conn, viewer, "station", station_id)
        if station is None:
            raise NotFound("这个社工站", "station")
        rows = await coordination.below_station(conn, station.id)
        project_id, home, areas = station.project_id, station.area_id, {station.area_id}
    else:
        project = await _project(conn, viewer, project_id)
        rows = await coordination.stations_of(conn, project.id, on)
        project_id, home, areas = project.id, project.area_id, {one.area_id for one in rows} or {project.area_id}
    role = None if project_id is None else await coordination.operator(conn, project_id, on)
    stations = tuple(one.id for one in rows)
    return Scope(project_id, stations, tuple(sorted(areas)), None if role is None else role.party_id), home


async def pack(
    context: Context, *, project_id: int | None = None, station_id: int | None = None, on: date | None = None
) -> Pack:
    """Everything that is open where a project (or a station) works, as known now, by the dates of a day (today).

    For readers and coordinators of the area; nobody's identity is in it. Raises InvalidInput (not one of the two),
    NotFound, NotAllowed. About ten statements, O(what is open).
    """
    day = on or context.today
    problems = Problems()
    if (project_id is None) == (station_id is None):
        problems.add(
            "projectId", "ONE_OF_TWO", "请填写项目或社工站,二者填其一", "name the project or the station, one of them"
        )
    problems.stop()
    async with context.engine.connect() as conn:
        words = await vocabulary(context.engine, conn)
        scope, home = await _scope(conn, context.viewer, project_id, station_id, day)
        area = (await words.areas_by_id(conn, [home]))[home]
        require_staff(context.viewer, area)
        items = await _items(context, conn, words, scope, day)
        places = await words.areas_by_id(conn, scope.area_ids)
    for place in sorted(places.values(), key=lambda one: one.code):
        items += await _reports(context, place, day)
    return Pack(day, area, scope, items)


async def _items(context: Context, conn: AsyncConnection, words: Vocabulary, scope: Scope, day: date) -> list[Item]:
    """All but the reports, on the caller's connection."""
    viewer = context.viewer
    (first, *_) = (await words.areas_by_id(conn, scope.area_ids)).values()
    days = (await due.rules(conn, words)).of("AGREEMENT_ENDS", None, first.ancestor_ids).days
    last = day + timedelta(days=days)
    made: list[Item] = []

    def add(what: str, row: Any, zh: str, en: str) -> None:
        ends = row.due_on
        made.append(Item(what, int(row.id), ends, ends is not None and ends < day, zh, en))

    for row in await coordination.open_referrals(conn, viewer, scope):
        local = row.due_at.astimezone(COUNTY_TIME)
        late = row.due_at < context.clock()
        zh, en = f"{local:%Y-%m-%d %H:%M} 前办理", f"due at {local:%Y-%m-%d %H:%M}"
        zh, en = (f"{zh},已逾期", f"{en}, overdue") if late else (zh, en)
        made.append(Item("REFERRAL", row.id, local.date(), late, zh, en, row.due_at))
    for row in await coordination.open_cases(conn, viewer, scope, day):
        add("CASE_FILE", row, "在办,尚未结案", "open")
    for row in await coordination.consents_to_renew(conn, viewer, scope, day, last):
        if row.for_operator:
            zh, en = "只同意向原承接机构出示,须重新取得", "given for the former operator alone; ask again"
        else:
            zh, en = f"{row.due_on} 到期,须续签", f"ends on {row.due_on}; ask again"
        add("CONSENT", row, zh, en)
    for row in await coordination.agreements(conn, viewer, scope, day):
        add("AGREEMENT", row, f"{row.due_on} 到期", f"ends on {row.due_on}")
    for row in await coordination.posts(conn, viewer, scope, day):
        zh, en = (f"合同至 {row.due_on}", f"until {row.due_on}") if row.due_on else ("在岗", "held")
        add("POST", row, zh, en)
    for row in await coordination.commitments(conn, viewer, scope):
        add("COMMITMENT", row, f"尚有 {row.left} 元未付", f"{row.left} yuan of it not paid yet")
    for row in await coordination.begun_evaluations(conn, viewer, scope):
        add("EVALUATION", row, "评分中,尚未提交", "begun, not submitted")
    for area_id in scope.area_ids:
        _, rows = await case_questions.overdue(conn, viewer, area_id, day, MOST_FOLLOW_UPS)
        for row in rows:
            zh, en = f"应在 {row.due_on} 前走访", f"should have been seen by {row.due_on}"
            made.append(Item("FOLLOW_UP", row.client_id, row.due_on, True, zh, en))
    for row in await coordination.overdue_milestones(conn, viewer, scope, day):
        add("MILESTONE", row, f"应在 {row.due_on} 前完成", f"should have been done by {row.due_on}")
    ids: dict[str, list[int]] = {}
    for one in made:
        ids.setdefault(one.what, []).append(one.id or 0)
    called = await handover_names.names(conn, ids)
    return [replace(one, name=called.get((one.what, one.id or 0), "")) for one in made]


async def _reports(context: Context, place: Area, day: date) -> list[Item]:
    """Reports owed there; for a day to come those that are owed today."""
    found = await report_submissions.overdue(context, area=place.code, on=min(day, context.today))
    return [
        Item(
            "REPORT",
            None,
            one.due_on,
            True,
            f"{one.area.full_name}{one.period.zh}报告应在 {one.due_on} 前报送",
            f"the report of {one.area.full_name} for {one.period.en} was due on {one.due_on}",
        )
        for one in found
    ]


# ------------------------------------------------------------------------------------------------ another operator


async def change_operator(
    context: Context,
    *,
    project_id: int | None,
    operator_id: int | None,
    from_on: date | None,
    reason: str | None,
    idempotency_key: str | None = None,
) -> Done:
    """Another party is the primary operator from a day on, the former until the day before; what passes over is kept.

    One transaction. For coordinators of the project's area. Raises InvalidInput, NotFound, NotAllowed; Conflict:
    NO_PRIMARY_OPERATOR, SAME_OPERATOR, BEFORE_THE_FORMER (it would have had no day), SECOND_PRIMARY_OPERATOR.
    """
    require_role(context.viewer, "COORDINATOR")
    owed = await _owed(context, project_id, from_on)

    async def work(conn: AsyncConnection) -> Done:
        viewer, problems = context.viewer, Problems()
        # The project before its parts: whoever saves a part locks it first, too.
        project = await _project(conn, viewer, project_id, lock=True)
        words = await vocabulary(context.engine, conn)
        require_within(viewer, (await words.areas_by_id(conn, [project.area_id]))[project.area_id])
        why = problems.text("reason", reason)
        problems.key(idempotency_key)
        party = await acting.seen(conn, viewer, "party", operator_id)
        if party is None:
            problems.missing("operatorId", "新的承接机构", "operator")
        elif party.kind not in handovers.ORGANIZED:
            problems.add("operatorId", "NOT_OF_KIND", "承接机构应是组织,不是个人", "an operator is an organization")
        dated = problems.required("fromOn", from_on)
        if dated and (from_on == date.min or not date(2000, 1, 1) <= _day(from_on) <= date(2200, 1, 1)):
            problems.add("fromOn", "OUT_OF_RANGE", "应为 2000 年到 2200 年的日期", "from 2000 to 2200")
        problems.stop()
        return await _change(context, conn, words, project, int(operator_id or 0), _day(from_on), why, owed)

    inputs = {"project": project_id, "operator": operator_id, "from": from_on, "reason": reason}
    return await act(context, "operatorChange", idempotency_key, inputs, work)


async def _owed(context: Context, project_id: int | None, start: date | None) -> list[Item]:
    """Reports owed where the project works, before the act begins; none where the act will be refused."""
    async with context.engine.connect() as conn:
        project = await acting.seen(conn, context.viewer, "project", project_id)
        if project is None or start is None:
            return []
        words = await vocabulary(context.engine, conn)
        home = (await words.areas_by_id(conn, [project.area_id]))[project.area_id]
        if not within(context.viewer, home):
            return []
        scope, _ = await _scope(conn, context.viewer, project.id, None, start)
        places = (await words.areas_by_id(conn, scope.area_ids)).values()
    return [item for place in places for item in await _reports(context, place, start)]


def _day(given: date | None) -> date:
    return given or date.min


async def _change(
    context: Context,
    conn: AsyncConnection,
    words: Vocabulary,
    project: Any,
    operator_id: int,
    start: date,
    why: str,
    owed: Sequence[Item],
) -> Done:
    eve = start - timedelta(days=1)
    former = await coordination.operator(conn, project.id, start) or await coordination.operator(conn, project.id, eve)
    if former is None:
        raise Conflict(
            "NO_PRIMARY_OPERATOR",
            f"{start} 前后没有主承接机构,无从变更;请直接登记新机构为主承接运营方",
            f"no primary operator around {start} to be changed; record the new one as primary operator instead",
        )
    if former.party_id == operator_id:
        raise Conflict("SAME_OPERATOR", "它已是主承接机构", "it is the primary operator already")
    if former.from_on is not None and former.from_on > eve:
        raise Conflict(
            "BEFORE_THE_FORMER",
            f"原承接机构自 {former.from_on} 起承接,接手日期应晚于这一天",
            f"the former operator began on {former.from_on}; the new one has to begin after that day",
        )
    scope, _home = await _scope(conn, context.viewer, project.id, None, eve)
    items = [*await _items(context, conn, words, scope, eve), *owed]
    if former.until_on is None or former.until_on > eve:
        await kinds.write(context, conn, "project_role", id=former.id, given={"until_on": eve})
    given = {"project": project.id, "party": operator_id, "role": "OPERATOR", "is_primary": True, "from_on": start}
    await kinds.write(context, conn, "project_role", id=None, given=given)
    made = await _write_down(context, conn, project, former.party_id, operator_id, start, why, items)
    detail = {"former": former.party_id, "operator": operator_id, "handover": made}
    await record(conn, context.viewer, "project.operator_changed", "project", project.id, project.area_id, detail)
    return Done("handover", made)


async def _write_down(
    context: Context,
    conn: AsyncConnection,
    project: Any,
    former_id: int,
    operator_id: int,
    start: date,
    why: str,
    items: Sequence[Item],
) -> int:
    """The handover with what passes over; its id."""
    now = context.clock()
    own = {"area_id": project.area_id, "county_id": project.county_id, "actor_id": context.viewer.key_id}
    row = own | {
        "project_id": project.id,
        "former_id": former_id,
        "operator_id": operator_id,
        "from_on": start,
        "reason": why,
        "count": len(items),
        "recorded_at": now,
        "changed_at": now,
    }
    made = await records.insert(conn, KINDS["handover"].row, row)
    listed = [
        {"what": one.what, "id": one.id, "due_on": one.due_on, "note_zh": one.text_zh, "note_en": one.text_en}
        for one in items
    ]
    await handovers.keep_items(conn, own | {"id": made}, listed, now)
    return made


# ------------------------------------------------------------------------------------------------ what ends


@dataclass(frozen=True, slots=True)
class Ending:
    """Something that ends: AGREEMENT, CONSENT, POST or POOL; so many days from today."""

    kind: str
    id: int
    ends_on: date
    days: int


async def ending(context: Context, area: str, within_days: int = 60) -> list[Ending]:
    """What ends in an area from today on within so many days, the first to end first; what the viewer may see.

    Agreements that another follows and consents taken back are left out. At most `MOST_ENDING`. For staff of the area.
    Raises InvalidInput, NotAllowed. One statement.
    """
    async with context.engine.connect() as conn:
        words = await vocabulary(context.engine, conn)
        problems = Problems()
        place = await words.check_area(conn, problems, "area", area)
        if not 0 <= within_days <= MOST_DAYS:
            problems.add("withinDays", "OUT_OF_RANGE", f"应为 0 到 {MOST_DAYS}", f"must be from 0 to {MOST_DAYS}")
        problems.stop()
        assert place is not None
        require_staff(context.viewer, place)
        today = context.today
        last = today + timedelta(days=within_days)
        rows = await coordination.ending(conn, context.viewer, place.id, today, last, MOST_ENDING)
    return [Ending(row.kind, row.id, row.ends_on, (row.ends_on - today).days) for row in rows]
