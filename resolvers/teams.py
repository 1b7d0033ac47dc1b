"""Teams: who together can meet a need, a set of needs or what a township asks; and which linkage model holds where."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db import acting, matches, teams
from db.areas import Area
from db.teams import Template
from graph.team_reasons import TeamSuggestion, told
from graph.teams import Party, Role, suggest
from graph.values import Need, Offer, World
from resolvers.acts import act, record, require_role, require_within
from resolvers.checks import Problems, clipped
from resolvers.context import Context, Done
from resolvers.errors import Conflict, FieldProblem, InvalidInput, NotFound
from resolvers.together import Asked, Together
from resolvers.vocabulary import Vocabulary, vocabulary
from resolvers.world import need_value, offer_values, world

__all__ = ["MOST_NEEDS", "Suggestion", "of_need", "of_needs", "set_model"]

#: Needs that one team is made for. Of an area that asks for more, the most urgent.
MOST_NEEDS = 100
#: Parties looked at for each society around each place, the nearest first.
NEAREST = 12
#: What holds where nobody said which model does: the name of the platform.
DEFAULT_MODEL = "FIVE"
_NOBODY = acting.MAX_ID


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A team, by which template it was made, and how many needs wait where it was asked about (those asked, or all
    open ones of an area: more than `team.asked` where only the most urgent were considered)."""

    team: TeamSuggestion
    template_id: int
    waiting: int


@dataclass(frozen=True, slots=True)
class _Question:
    """Ids of needs in the order asked, or an area; with the template that is wanted, None for the area's model."""

    need_ids: tuple[int, ...]
    area: str | None
    template: str | None


async def of_need(context: Context, need_id: int, template: str | None = None) -> Suggestion:
    """The team for one need, by the linkage model of its area or by a template.

    All that a request asks at once are answered together, with the same few statements. Raises NotFound where the
    viewer may not see the need, Conflict where it waits for nothing, InvalidInput for an unknown template.
    """
    return await _questions.ask(context, _Question((need_id,), None, template))


async def of_needs(
    context: Context,
    need_ids: Sequence[int | None] | None,
    area: str | None,
    template: str | None = None,
) -> Suggestion:
    """The team for several needs (a household's), or for the `MOST_NEEDS` most urgent open needs in or below an area.

    None among the ids stands for what is no id of a need. Raises as `of_need` does; InvalidInput also where neither
    needs nor area are given, or both, for no need, for more than `MOST_NEEDS`, and for an unknown area.
    """
    if (need_ids is None) == (area is None):
        raise _faulty("needs", "NEEDS_OR_AREA", "请给出 needs 或 area 其中之一", "give either needs or area")
    if need_ids is not None and not need_ids:
        raise _faulty("needs", "REQUIRED", "请至少给出一个需求", "name at least one need")
    ids = tuple(dict.fromkeys(_NOBODY if one is None or not 0 < one <= _NOBODY else one for one in need_ids or ()))
    if len(ids) > MOST_NEEDS:
        raise _faulty("needs", "TOO_MANY", f"一次最多 {MOST_NEEDS} 个需求", f"at most {MOST_NEEDS} needs at once")
    return await _questions.ask(context, _Question(ids, area, template))


def _faulty(path: str, code: str, zh: str, en: str) -> InvalidInput:
    return InvalidInput([FieldProblem((path,), code, zh, en)])


# ------------------------------------------------------------------------------------------------ answering


async def _answer(context: Context, asked: Asked[_Question, Suggestion]) -> Sequence[Suggestion | Exception]:
    async with context.engine.connect() as plain:
        conn = await plain.execution_options(isolation_level="AUTOCOMMIT")
        cases = await _cases(context, conn, asked.closed())
    return await asyncio.to_thread(lambda: [_solved(case) for case in cases])


_questions = Together(_answer)


@dataclass(slots=True)
class _Case:
    """One question with what it is answered from. `waiting`: how many needs wait where it was asked about."""

    needs: list[Need]
    waiting: int
    template: Template
    roles: list[Role]
    type_ids: set[int]
    offers: list[Offer] = field(default_factory=list)
    parties: list[Party] = field(default_factory=list)
    around: World | None = None


def _solved(case: _Case | Exception) -> Suggestion | Exception:
    if isinstance(case, Exception):
        return case
    assert case.around is not None
    team = suggest(case.needs, case.offers, case.parties, case.roles, case.around)
    return Suggestion(told(team, case.needs, case.offers, case.around), case.template.id, case.waiting)


async def _cases(context: Context, conn: AsyncConnection, questions: Sequence[_Question]) -> list[_Case | Exception]:
    """What every question is answered from, or why it cannot be. Six statements, and one for each area asked about."""
    ids = {id for question in questions for id in question.need_ids} or {_NOBODY}
    version, rows = await teams.needs_seen(conn, context.viewer, ids)
    words = await vocabulary(context.engine, conn, version)
    templates = await _templates(context.engine, conn, words)
    state = await matches.state(conn)
    found: list[tuple[list[Need], int, Area] | Exception] = []
    for question in questions:
        try:
            found.append(await _needs(context, conn, words, question, rows))
        except (NotFound, InvalidInput, Conflict) as refusal:
            found.append(refusal)
    above = {id for one in found if not isinstance(one, Exception) for id in one[2].ancestor_ids}
    said = await teams.models(conn, above, context.today) if above else {}
    cases: list[_Case | Exception] = []
    open_cases: list[tuple[_Case, Area]] = []
    for question, one in zip(questions, found, strict=True):
        if isinstance(one, Exception):
            cases.append(one)
            continue
        needs, waiting, place = one
        try:
            template = _template(templates, said, question, place)
        except (InvalidInput, Conflict) as refusal:
            cases.append(refusal)
            continue
        roles = [_role(one, words) for one in template.roles]
        case = _Case(needs, waiting, template, roles, _types(needs, roles, words))
        cases.append(case)
        open_cases.append((case, place))
    if open_cases:
        if state is None:
            raise _nothing_loaded()
        await _fill(context, conn, words, state.weight_set, open_cases)
    return cases


async def _needs(
    context: Context, conn: AsyncConnection, words: Vocabulary, question: _Question, rows: dict[int, Any]
) -> tuple[list[Need], int, Area]:
    """The needs of a question, how many wait in all, and the area whose linkage model holds for them."""
    if question.area is not None:
        problems = Problems()
        place = await words.check_area(conn, problems, "area", question.area)
        problems.stop()
        assert place is not None
        waiting, found = await teams.open_needs(conn, context.viewer, place.id, MOST_NEEDS)
        return [need_value(row) for row in found], waiting, place
    for id in question.need_ids:
        if id not in rows:
            raise NotFound("这个需求", "need")
        row = rows[id]
        if row.status != "OPEN" or row.remaining <= 0:
            raise Conflict(
                "NEED_NOT_OPEN",
                "这个需求不再等待帮助(已落实、已关闭或已撤回),不必再组队",
                "the need does not wait for help any more (met, closed or withdrawn): there is no team to make",
            )
    needs = [need_value(rows[id]) for id in question.need_ids]
    areas = await words.areas_by_id(conn, {one.area_id for one in needs})
    paths = [areas[one.area_id].ancestor_ids for one in needs]
    # What holds all of them: the last area that their paths begin with together.
    common = [steps[0] for steps in zip(*paths, strict=False) if len(set(steps)) == 1]
    held = await words.areas_by_id(conn, common[-1:])
    return needs, len(needs), held[common[-1]] if common else areas[needs[0].area_id]


def _template(templates: dict[str, Template], said: dict[int, int], question: _Question, place: Area) -> Template:
    """The one named; else the model set for the nearest area at or above the place; else the default."""
    if question.template is not None:
        found = templates.get(question.template)
        if found is None:
            raise _unknown("template", question.template, templates)
        return found
    by_id = {one.id: one for one in templates.values()}
    for area_id in reversed(place.ancestor_ids):
        if area_id in said:
            return by_id[said[area_id]]
    if DEFAULT_MODEL not in templates:
        raise _nothing_loaded()
    return templates[DEFAULT_MODEL]


def _nothing_loaded() -> Conflict:
    return Conflict(
        "NOTHING_LOADED",
        "系统还没有载入评分权重和联动模式;请先启动服务",
        "no weights and linkage models are loaded yet: start the server once first",
    )


def _unknown(path: str, code: str, templates: dict[str, Template], *, models: bool = False) -> InvalidInput:
    known = "、".join(one.code for one in templates.values() if one.is_linkage_model or not models)
    return _faulty(
        path,
        "UNKNOWN_TEMPLATE",
        f"没有“{clipped(code)}”;可用 {known}",
        f'there is no "{clipped(code)}"; there are {known.replace("、", ", ")}',
    )


def _role(one: Any, words: Vocabulary) -> Role:
    kind = words.types.get(one["resource_type"]) if one["resource_type"] else None
    return Role(one["society"], one["label_zh"], one["label_en"], kind.id if kind else None)


def _types(needs: Sequence[Need], roles: Sequence[Role], words: Vocabulary) -> set[int]:
    """Types of offers that could serve the needs, or tell that a party can fill a role."""
    types = {id for need in needs for id in words.type_ancestors[need.type_id]}
    for role in roles:
        if role.type_id is not None:
            types.update(words.type_ancestors[role.type_id], words.types_below(role.type_id))
    return types


async def _fill(
    context: Context,
    conn: AsyncConnection,
    words: Vocabulary,
    weights: matches.WeightSet,
    cases: Sequence[tuple[_Case, Area]],
) -> None:
    """Reads the offers and parties of all cases at once and gives each what is near it."""
    needs = [need for case, _ in cases for need in case.needs]
    homes = await words.areas_by_id(conn, {need.area_id for need in needs} | {place.id for _, place in cases})
    types = {id for case, _ in cases for id in case.type_ids}
    touched = {id for area in homes.values() for id in area.ancestor_ids}
    rows = await teams.offers_seen(conn, context.viewer, types, touched, context.today)
    offers = offer_values(rows, words)
    spots = {case_id: _spots(case, place, homes) for case_id, (case, place) in enumerate(cases)}
    parties = await teams.parties_seen(
        conn,
        context.viewer,
        {one.provider_id for one in offers},
        {spot for found in spots.values() for spot in found},
        {role.society for case, _ in cases for role in case.roles if role.society is not None},
        NEAREST,
    )
    around = await world(conn, words, weights, context.today, needs, offers)
    more = await words.areas_by_id(conn, {one.area_id for one in parties} | {place.id for _, place in cases})
    around = replace(
        around,
        area_ancestors={**around.area_ancestors, **{id: area.ancestor_ids for id, area in more.items()}},
        locations={
            **around.locations,
            **{
                id: (area.longitude, area.latitude)
                for id, area in more.items()
                if area.longitude is not None and area.latitude is not None
            },
        },
    )
    for case_id, (case, _) in enumerate(cases):
        paths = {id for here, *_ in spots[case_id] for id in homes[here].ancestor_ids}
        case.offers = [one for one in offers if one.type_id in case.type_ids and not paths.isdisjoint(one.coverage_ids)]
        able: dict[int, set[int]] = {}
        for one in case.offers:
            able.setdefault(one.provider_id, set()).add(one.type_id)
        near = {here for here, *_ in spots[case_id]}
        societies = {role.society for role in case.roles}
        # Whatever else is asked in the same request, a team is made of who is near its own needs.
        case.parties = [
            Party(one.id, one.society, one.area_id, tuple(sorted(able.get(one.id, ()))))
            for one in parties
            if (one.id in able if one.near is None else one.near in near and one.society in societies)
        ]
        case.around = around


def _spots(case: _Case, place: Area, homes: dict[int, Area]) -> set[tuple[int, int, int]]:
    """(area, the area around it, its county) of each need; of the place itself where nothing is asked."""
    here = {need.area_id for need in case.needs} or {place.id}
    return {(id, _around(homes[id]), homes[id].county_id or id) for id in here}


def _around(area: Area) -> int:
    return area.parent_id if area.level == "VILLAGE" and area.parent_id is not None else area.id


_held: WeakKeyDictionary[AsyncEngine, tuple[int, dict[str, Template]]] = WeakKeyDictionary()


async def _templates(engine: AsyncEngine, conn: AsyncConnection, words: Vocabulary) -> dict[str, Template]:
    """Templates by code as they stand; read again only where words were loaded since."""
    held = _held.get(engine)
    if held is None or held[0] != words.version:
        held = _held[engine] = (words.version, {one.code: one for one in await teams.templates(conn)})
    return held[1]


# ------------------------------------------------------------------------------------------------ which model holds


async def set_model(
    context: Context,
    *,
    area: str,
    model: str,
    since: date | None = None,
    citation: str | None = None,
    idempotency_key: str | None = None,
) -> Done:
    """Says which linkage model holds in an area (and below, where nothing else is said) from a day on, today if None.

    What was said for the same area and day is replaced; saying the same again leaves no event. Raises InvalidInput,
    NotAllowed, Conflict.
    """
    require_role(context.viewer, "COORDINATOR")
    inputs = {"area": area, "model": model, "since": since, "citation": citation}

    async def work(conn: AsyncConnection) -> Done:
        words = await vocabulary(context.engine, conn)
        templates = await _templates(context.engine, conn, words)
        problems = Problems()
        place = await words.check_area(conn, problems, "area", area)
        found = templates.get(model)
        if found is None or not found.is_linkage_model:
            problems.fields += _unknown("model", model, templates, models=True).fields
        source = problems.text("citation", citation) if citation is not None else None
        problems.key(idempotency_key)
        problems.stop()
        assert place is not None
        assert found is not None
        require_within(context.viewer, place)
        row = {
            "area_id": place.id,
            "template_id": found.id,
            "since_on": since or context.today,
            "citation": source,
            "created_at": context.clock(),
        }
        id, changed = await teams.set_model(conn, row)
        if changed:
            await record(conn, context.viewer, "linkageModel.set", "linkage_model", id, place.id, {"model": found.code})
        return Done("linkage_model", id)

    return await act(context, "linkageModelSet", idempotency_key, inputs, work)
