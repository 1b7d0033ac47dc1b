"""The team for some needs: the fewest parties that give what can be given and fill every role, then the best of them.

    minimise    (|S|, -sum of value_p, sum of place_p)             lexicographically, over sets S of parties
    subject to  met_t(S) = met_t(everybody)                        for every urgency tier t
                roles are filled by different members of S         as many as everybody could fill
    where       met_t(S) = units of tier t in the plan (`graph.allocation`) of the needs and the offers of S

So a team respects whatever a plan does: eligibility, what is left of an offer, its minimum and maximum, needs that are
whole or nothing. `value_p` in ten-thousandths is the score of the party's best eligible pair; for who gives nothing,
the part of a score that speaks of nearness. `place_p` is the party's place by id: of equals those registered earlier.

As cover (`graph.cover`): a row for each need (or type of resource, or tier) that bounds what a party can give, a row
for each set of roles that compete for the same parties (Hall's condition, doi:10.1112/jlms/s1-10.37.26), and where
the rows do not say all (an offer several needs compete for, a minimum), the plan itself as the last test.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from graph.allocation import compute_plan
from graph.candidates import pairs
from graph.cover import Cover, Row, smallest_cover
from graph.score import _nearness as nearness
from graph.values import WHOLE, Allocation, Need, Offer, Plan, World

__all__ = ["MOST_ROLES", "Member", "Party", "Role", "Team", "suggest"]

#: Sets of competing roles are counted one by one.
MOST_ROLES = 8
#: With more needs than this, rows are by type of resource.
ROWS_BY_NEED = 40
#: What the search for minimum quantities may cost in each of the plans that a team asks for (some 50 ms).
WORK_LIMIT = 100_000


@dataclass(frozen=True, slots=True)
class Party:
    """`type_ids` are the types of its active offers, whoever they are for: what it is able to do."""

    id: int
    society: str
    area_id: int
    type_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Role:
    """For a party of the society (None: any) that offers the type, a wider or a narrower one (None: no matter)."""

    society: str | None
    label_zh: str
    label_en: str
    type_id: int | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """`role` is None for who only gives; `gifts` are empty for who only fills a role. `value`: ten-thousandths."""

    party: Party
    role: Role | None
    gifts: tuple[Allocation, ...]
    value: int


@dataclass(frozen=True, slots=True)
class Team:
    """The suggestion.

    members        by party id; nobody can be spared
    asked          how many needs were considered
    covered        how many of them the team meets in full
    missing_roles  those nobody can fill, in the order of the roles
    missing        (need id, quantity) nobody can give, by need id
    at_least       no smaller team reaches as much
    optimal        all three aims are proven
    """

    members: tuple[Member, ...]
    asked: int
    covered: int
    roles: tuple[Role, ...]
    missing_roles: tuple[Role, ...]
    missing: tuple[tuple[int, int], ...]
    at_least: int
    optimal: bool
    method: Literal["EXACT", "GREEDY"]


def suggest(
    needs: Sequence[Need],
    offers: Sequence[Offer],
    parties: Sequence[Party],
    roles: Sequence[Role],
    world: World,
) -> Team:
    """The team for these needs out of these parties; the same for the same input in any order.

    `parties` hold every provider of `offers` (offers of others are left out) and whoever may fill a role. Needs that
    are not open or ask for nothing more are left out. O(pairs + plans of the needs x sets tried).
    Raises ValueError for more than `MOST_ROLES` roles, KeyError for a type or area that the world does not know.
    """
    if len(roles) > MOST_ROLES:
        raise ValueError(f"at most {MOST_ROLES} roles, not {len(roles)}")
    people = sorted({one.id: one for one in parties}.values(), key=lambda one: one.id)
    needs = sorted((one for one in needs if one.is_open and one.remaining > 0), key=lambda one: one.id)
    giving = _Giving(needs, offers, people, world)
    fits = [frozenset(j for j, one in enumerate(people) if _fits(one, role, world)) for role in roles]
    filled = _matched(fits, range(len(people)), giving.values)
    rows = [*giving.rows(), *_role_rows([fits[k] for k in filled])]
    cover = smallest_cover(rows, giving.values, enough=giving.enough, bound_to_enough=giving.undecided)
    plan = giving.plan(cover.members)
    acting = {j: roles[k] for k, j in _matched(fits, cover.members, giving.values).items()}
    return _described(giving, cover, plan, acting, roles, [role for k, role in enumerate(roles) if k not in filled])


def _described(
    giving: _Giving,
    cover: Cover,
    plan: Plan,
    acting: Mapping[int, Role],
    roles: Sequence[Role],
    missing_roles: Sequence[Role],
) -> Team:
    gifts: dict[int, list[Allocation]] = defaultdict(list)
    for one in plan.allocations:
        gifts[giving.provider[one.offer_id]].append(one)
    members = tuple(
        Member(giving.people[j], acting.get(j), tuple(sorted(gifts[j], key=_weight)), giving.values[j])
        for j in cover.members
    )
    met = _met(plan)
    missing = tuple((n.id, n.remaining - met[n.id]) for n in giving.needs if met[n.id] < n.remaining)
    return Team(
        members,
        len(giving.needs),
        len(giving.needs) - len(missing),
        tuple(roles),
        tuple(missing_roles),
        missing,
        cover.at_least,
        cover.optimal and giving.proven,
        cover.method,
    )


def _weight(one: Allocation) -> tuple[float, int, int]:
    return (-one.score, one.need_id, one.offer_id)


class _Giving:
    """What the parties can give, as rows of a cover."""

    def __init__(self, needs: list[Need], offers: Sequence[Offer], people: list[Party], world: World) -> None:
        self.needs, self.people, self.world = needs, people, world
        places = {one.id: j for j, one in enumerate(people)}
        known = sorted((one for one in offers if one.provider_id in places), key=lambda one: one.id)
        found = pairs(needs, known, world)
        self.limits: dict[tuple[int, int], int] = {}
        best: dict[int, int] = {}
        self.provider: dict[int, int] = {}
        used: dict[int, Offer] = {}
        for n, o, score, quantity in zip(
            found.need_index.tolist(),
            found.offer_index.tolist(),
            found.score_e8.tolist(),
            found.quantity.tolist(),
            strict=True,
        ):
            offer = known[o]
            j = self.provider[offer.id] = places[offer.provider_id]
            used[offer.id] = offer
            self.limits[needs[n].id, offer.id] = quantity
            best[j] = max(best.get(j, 0), score // WHOLE)
        self.offers = [used[id] for id in sorted(used)]
        homes = {need.area_id for need in needs}
        self.values = [best[j] if j in best else self._near(one, homes) for j, one in enumerate(people)]
        self.proven = True
        self._plans: dict[tuple[int, ...], Plan] = {}
        everybody = tuple(range(len(people)))
        self.goal = self._tiers(self.plan(everybody))
        self.apart = self._are_apart()
        #: Whom the rows do not tell all about.
        self.undecided = frozenset() if self.apart else frozenset(self.provider.values())

    def _near(self, one: Party, homes: Collection[int]) -> int:
        close = max((nearness(home, one.area_id, self.world) for home in homes), default=0)
        return self.world.weights.get("NEARNESS", 0) * close // WHOLE

    def plan(self, members: Iterable[int]) -> Plan:
        """The best that the offers of these can do for the needs."""
        chosen = frozenset(members)
        key = tuple(sorted(chosen & set(self.provider.values())))
        if key not in self._plans:
            offers = [one for one in self.offers if self.provider[one.id] in chosen]
            made = compute_plan(self.needs, offers, self.world, work_limit=WORK_LIMIT)
            self.proven = self.proven and made.certificate.optimal
            self._plans[key] = made
        return self._plans[key]

    def enough(self, members: tuple[int, ...]) -> bool:
        return self.apart or self._tiers(self.plan(members)) >= self.goal

    def _tiers(self, plan: Plan) -> tuple[int, ...]:
        """Units met of each tier, most urgent first."""
        met = _met(plan)
        return tuple(sum(met[n.id] for n in self.needs if n.priority == tier) for tier in (3, 2, 1, 0))

    def _are_apart(self) -> bool:
        """Every offer serves one need, with any quantity: then what parties can give simply adds up."""
        serving = [offer_id for _, offer_id in self.limits]
        return (
            len(serving) == len(set(serving))
            and not any(one.minimum > 1 or one.cap_id is not None for one in self.offers)
            and not any(one.whole for one in self.needs)
        )

    def rows(self) -> list[Row]:
        """One row for each group of needs whose units are known; gains are the most a party can give to the group."""
        met = _met(self.plan(range(len(self.people))))
        whole_tree: dict[int, bool] = defaultdict(lambda: True)
        for need in self.needs:
            root = self.world.type_ancestors[need.type_id][0]
            whole_tree[root] &= met[need.id] == need.remaining
        capped = any(one.cap_id is not None for one in self.offers)
        groups: dict[tuple[str | int, ...], list[Need]] = defaultdict(list)
        for need in self.needs:
            root = self.world.type_ancestors[need.type_id][0]
            if self.apart or (whole_tree[root] and len(self.needs) <= ROWS_BY_NEED):
                groups["need", need.id].append(need)
            elif whole_tree[root]:
                groups["type", need.type_id].append(need)
            else:
                # Of what falls short only the sum is certain: of a tree of types, where no cap reaches beyond it.
                groups["tier", need.priority, 0 if capped else root].append(need)
        if capped:
            return self._capped_rows(groups, met)
        return [row for group in groups.values() if (row := self._row(group, met)) is not None]

    def _capped_rows(self, groups: Mapping[tuple[str | int, ...], list[Need]], met: Mapping[int, int]) -> list[Row]:
        """A tier that falls short somewhere may fall short elsewhere: what is met of it in all is certain."""
        rows = [self._row(group, met) for key, group in groups.items() if key[0] != "tier"]
        for tier in {key[1] for key in groups if key[0] == "tier"}:
            rows.append(self._row([one for one in self.needs if one.priority == tier], met))
        return [row for row in rows if row is not None]

    def _row(self, group: Sequence[Need], met: Mapping[int, int]) -> Row | None:
        demand = sum(met[need.id] for need in group)
        if not demand:
            return None
        gains: dict[int, int] = defaultdict(int)
        for offer in self.offers:
            most = sum(self.limits.get((need.id, offer.id), 0) for need in group)
            if most:
                gains[self.provider[offer.id]] += min(offer.available, most)
        return Row(demand, {j: min(gain, demand) for j, gain in gains.items()})


def _met(plan: Plan) -> Mapping[int, int]:
    met: dict[int, int] = defaultdict(int)
    for one in plan.allocations:
        met[one.need_id] += one.quantity
    return met


def _fits(one: Party, role: Role, world: World) -> bool:
    if role.society is not None and role.society != one.society:
        return False
    if role.type_id is None:
        return True
    above = world.type_ancestors[role.type_id]
    return any(t in above or role.type_id in world.type_ancestors.get(t, ()) for t in one.type_ids)


def _matched(fits: Sequence[Collection[int]], members: Iterable[int], values: Sequence[int]) -> dict[int, int]:
    """{role: member}, each member in one role: earlier roles are filled before later ones, by the most valuable.

    Augmenting paths in the order of the roles: what can be filled is a matroid, so the first come are never given up.
    """
    order = sorted(members, key=lambda j: (-values[j], j))
    role_of: dict[int, int] = {}

    def placed(k: int, tried: set[int]) -> bool:
        for j in order:
            if j in fits[k] and j not in tried:
                tried.add(j)
                if j not in role_of or placed(role_of[j], tried):
                    role_of[j] = k
                    return True
        return False

    for k in range(len(fits)):
        placed(k, set())
    return {k: j for j, k in role_of.items()}


def _role_rows(fits: Sequence[frozenset[int]]) -> list[Row]:
    """Hall's condition: any set of roles has at least as many members among those who could fill one of them.

    Sets that fall apart into roles with nobody in common say nothing new.
    """
    rows = []
    for size in range(1, len(fits) + 1):
        for chosen in combinations(fits, size):
            if _hang_together(chosen):
                rows.append(Row(size, dict.fromkeys(sorted(frozenset().union(*chosen)), 1)))
    return rows


def _hang_together(sets: Sequence[frozenset[int]]) -> bool:
    reached, rest = set(sets[0]), list(sets[1:])
    while joined := [one for one in rest if not reached.isdisjoint(one)]:
        reached.update(*joined)
        rest = [one for one in rest if one not in joined]
    return not rest
