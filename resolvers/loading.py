"""Words from files into the database: areas, terms, resource types, weights. Idempotent, done at every start."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from db import areas, due_rules, events, linkage, matches, teams, terms
from db.areas import Area
from db.due_rules import DueRule, WorkingDay
from db.teams import Template
from db.terms import ResourceType, Term
from exchange.duties import DutyRecord
from exchange.procedures import ProcedureStepRecord
from exchange.teams import TeamRoleRecord
from exchange.times import DueTimeRecord, WorkingDayRecord
from exchange.vocabulary import AreaRecord, ResourceTypeRecord, TermRecord, WeightRecord
from graph.partners import part_weights
from graph.score import weight_vector
from resolvers import duties as duty_list
from resolvers import procedures as procedure_list
from resolvers.acts import record
from resolvers.context import Context

#: Says that the stored matches rest on words or weights that are no more: before every day.
NEVER_MATCHED = date(1, 1, 1)
LOADING_LOCK = 5000

Row = TypeVar("Row", Area, Term, ResourceType)
Given = TypeVar("Given", AreaRecord, TermRecord, ResourceTypeRecord)


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many rows were written (new or changed); all zero where nothing was new."""

    areas: int
    terms: int
    resource_types: int
    weights: bool
    team_templates: int = 0
    partner_weights: bool = False
    times: bool = False
    duties: int = 0
    procedures: int = 0

    @property
    def moves_matches(self) -> bool:
        """Whether stored matches rest on something that is no more."""
        return bool(self.areas or self.terms or self.resource_types or self.weights)

    def __bool__(self) -> bool:
        others = (self.team_templates, self.partner_weights, self.times, self.duties, self.procedures)
        return self.moves_matches or any(others)


async def load(
    context: Context,
    *,
    areas: Sequence[AreaRecord] = (),
    terms: Sequence[TermRecord] = (),
    resource_types: Sequence[ResourceTypeRecord] = (),
    weights: Sequence[WeightRecord] = (),
    team_roles: Sequence[TeamRoleRecord] = (),
    partner_weights: Sequence[WeightRecord] = (),
    due_times: Sequence[DueTimeRecord] = (),
    working_days: Sequence[WorkingDayRecord] | None = None,
    duties: Sequence[DutyRecord] = (),
    procedures: Sequence[ProcedureStepRecord] = (),
) -> Loaded:
    """Inserts what is new and updates what differs, in one transaction; removes nothing. O(rows known).

    Records stand parents before children (as `exchange.vocabulary` reads them); a parent may also be known already.
    Raises KeyError for a parent that is neither, ValueError for weights that do not sum to 10000 or name an unknown
    part. Where anything changed, the stored matches are marked to be renewed (`matches.renew_daily`).
    """
    async with context.engine.begin() as conn:
        await events.lock(conn, LOADING_LOCK)
        before = await matches.state(conn)
        loaded = Loaded(
            await _areas(conn, areas),
            await _terms(conn, terms),
            await _types(conn, resource_types),
            await _weights(conn, context.today, weights),
            await _templates(conn, team_roles),
            await _partner_weights(conn, partner_weights),
            await _times(conn, due_times, working_days),
            await duty_list.load(conn, duties),
            await procedure_list.load(conn, procedures),
        )
        if loaded:
            state = await matches.state(conn)
            if before is not None and state is not None and loaded.moves_matches:
                await matches.set_state(conn, NEVER_MATCHED, state.weight_set.id)
            await record(
                conn,
                context.viewer,
                "vocabulary.loaded",
                "vocabulary",
                0,
                None,
                {"areas": loaded.areas, "terms": loaded.terms, "resource_types": loaded.resource_types},
            )
    return loaded


async def _numbered(
    conn: AsyncConnection,
    table: str,
    known: Mapping[str, Row],
    given: Sequence[Given],
    code: Callable[[Given], str],
) -> dict[str, int]:
    """The id of every code, known and new."""
    ids = {name: row.id for name, row in known.items()}
    fresh = [code(one) for one in given if code(one) not in ids]
    if fresh:
        ids |= dict(zip(fresh, await areas.new_ids(conn, table, len(fresh)), strict=True))
    return ids


async def _areas(conn: AsyncConnection, given: Sequence[AreaRecord]) -> int:
    known = await areas.existing(conn) if given else {}
    ids = await _numbered(conn, "area", known, given, lambda one: one.code)
    now = dict(known)
    changed: list[Area] = []
    moved = False
    for one in given:
        parent = now[one.parent] if one.parent else None
        above = parent.ancestor_ids if parent else ()
        id, old = ids[one.code], known.get(one.code)
        # A zone beside counties is the county of what lies in it.
        county = parent.county_id if parent else None
        if county is None and one.level in ("COUNTY", "ZONE"):
            county = id
        row = Area(
            id,
            one.code,
            one.name,
            one.full_name,
            one.level,
            parent.id if parent else None,
            (*above, id),
            county,
            old.longitude if old else None,
            old.latitude if old else None,
        )
        now[one.code] = row
        if row != old:
            changed.append(row)
            moved = moved or (old is not None and old.ancestor_ids != row.ancestor_ids)
    if moved:
        changed = _with_all_below(now, changed)
    await areas.write(conn, changed)
    if moved:
        await areas.recopy_counties(conn)
    return len(changed)


def _with_all_below(now: Mapping[str, Area], changed: Sequence[Area]) -> list[Area]:
    """The changed areas and those below them, whose paths changed too; parents first."""
    by_id = {area.id: area for area in now.values()}
    touched = {area.id for area in changed}
    done: dict[int, Area] = {}

    def settled(area: Area) -> Area:
        if area.id in done:
            return done[area.id]
        parent = settled(by_id[area.parent_id]) if area.parent_id is not None else None
        county = parent.county_id if parent else None
        if county is None and area.level in ("COUNTY", "ZONE"):
            county = area.id
        path = (*(parent.ancestor_ids if parent else ()), area.id)
        done[area.id] = replace(area, ancestor_ids=path, county_id=county)
        return done[area.id]

    rows = [settled(area) for area in by_id.values()]
    below = [row for row in rows if touched.intersection(row.ancestor_ids)]
    return sorted(below, key=lambda row: len(row.ancestor_ids))


async def _terms(conn: AsyncConnection, given: Sequence[TermRecord]) -> int:
    def key(scheme: str, code: str) -> str:
        return f"{scheme}/{code}"

    known = {key(term.scheme, term.code): term for term in await terms.terms(conn)}
    ids = await _numbered(conn, "term", known, given, lambda one: key(one.scheme, one.code))
    now = dict(known)
    domains_of = {ids[key(one.scheme, one.code)]: set(one.domains) for one in given}
    for position, one in enumerate(given):
        name = key(one.scheme, one.code)
        parent = now[key(one.scheme, one.parent)] if one.parent else None
        path = (*(parent.ancestor_ids if parent else ()), ids[name])
        now[name] = Term(
            ids[name],
            one.scheme,
            one.code,
            one.label_zh,
            one.label_en,
            parent.id if parent else None,
            position,
            path,
            (),
            one.synonyms,
        )
    changed = []
    for name, term in now.items():
        full = replace(term, group_ids=_groups(term, now.values(), domains_of, known.get(name)))
        if full != known.get(name):
            changed.append(full)
    await terms.write(conn, sorted(changed, key=lambda term: len(term.ancestor_ids)))
    return len(changed)


def _groups(term: Term, every: Iterable[Term], domains_of: Mapping[int, set[str]], old: Term | None) -> tuple[int, ...]:
    """The client groups a group or a domain stands for, by id; nothing for terms of other schemes."""
    if term.scheme == "client_group":
        return tuple(sorted(other.id for other in every if term.id in other.ancestor_ids))
    if term.scheme != "domain":
        return ()
    # A group that this load says nothing about stays in the domains it was in.
    kept = set(old.group_ids if old else ()) - set(domains_of)
    named = {id for id, domains in domains_of.items() if term.code in domains}
    return tuple(sorted(other.id for other in every if (kept | named).intersection(other.ancestor_ids)))


async def _types(conn: AsyncConnection, given: Sequence[ResourceTypeRecord]) -> int:
    known = {one.code: one for one in await terms.resource_types(conn)}
    ids = await _numbered(conn, "resource_type", known, given, lambda one: one.code)
    now = dict(known)
    changed = []
    for position, one in enumerate(given):
        parent = now[one.parent] if one.parent else None
        path = (*(parent.ancestor_ids if parent else ()), ids[one.code])
        row = ResourceType(
            ids[one.code],
            one.code,
            one.label_zh,
            one.label_en,
            one.kind,
            one.unit,
            parent.id if parent else None,
            position,
            path,
            path[0],
            one.synonyms,
            one.other_units,
        )
        now[one.code] = row
        if row != known.get(one.code):
            changed.append(row)
    await terms.write(conn, changed)
    return len(changed)


async def _weights(conn: AsyncConnection, today: date, given: Sequence[WeightRecord]) -> bool:
    """A new weight set where it differs from the one in use; the first makes an empty state true for today."""
    if not given:
        return False
    weight_vector({one.code: one.weight for one in given})
    codes, weights = tuple(one.code for one in given), tuple(one.weight for one in given)
    state = await matches.state(conn)
    if state is not None and (state.weight_set.codes, state.weight_set.weights) == (codes, weights):
        return False
    id = await matches.add_weights(conn, codes, weights)
    await matches.set_state(conn, today, id)
    return True


async def _partner_weights(conn: AsyncConnection, given: Sequence[WeightRecord]) -> bool:
    """A new set where it differs from the one in use."""
    if not given:
        return False
    chosen = part_weights({one.code: one.weight for one in given})
    if chosen == await linkage.partner_weights(conn):
        return False
    await matches.add_weights(conn, tuple(chosen), tuple(chosen.values()), "PARTNER")
    return True


async def _times(
    conn: AsyncConnection, due_times: Sequence[DueTimeRecord], days: Sequence[WorkingDayRecord] | None
) -> bool:
    """Due times and working days as given, in place of those in use where they differ; None or nothing: as they are."""
    changed = False
    if due_times:
        known = {area.code: area.id for area in await areas.by_codes(conn, {one.area for one in due_times if one.area})}
        rules = [
            DueRule(one.step, one.priority, known[one.area] if one.area else None, one.days, one.again_days, one.source)
            for one in due_times
        ]
        if rules != await due_rules.rules(conn):
            await due_rules.replace_rules(conn, rules)
            changed = True
    if days is not None:
        given = [WorkingDay(one.day, one.works, one.source) for one in sorted(days, key=lambda one: one.day)]
        if given != await due_rules.days(conn):
            await due_rules.replace_days(conn, given)
            changed = True
    return changed


async def _templates(conn: AsyncConnection, given: Sequence[TeamRoleRecord]) -> int:
    """Linkage models and team templates, with their roles in the order given."""
    roles: dict[str, list[TeamRoleRecord]] = {}
    for one in given:
        roles.setdefault(one.code, []).append(one)
    known = {one.code: one for one in await teams.templates(conn)} if given else {}
    fresh = [code for code in roles if code not in known]
    ids = {code: one.id for code, one in known.items()}
    ids |= dict(zip(fresh, await areas.new_ids(conn, "team_template", len(fresh)), strict=True))
    changed = []
    for position, (code, rows) in enumerate(roles.items()):
        described = tuple(
            {
                "society": one.society,
                "resource_type": one.resource_type,
                "label_zh": one.role_zh,
                "label_en": one.role_en,
                "source": one.source,
            }
            for one in rows
        )
        row = Template(ids[code], code, rows[0].label_zh, rows[0].label_en, rows[0].is_model, position, described)
        if row != known.get(code):
            changed.append(row)
    await teams.write(conn, changed)
    return len(changed)
