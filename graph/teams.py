"""The team for some needs: the fewest parties that give what can be given and fill every role, then the best of them.

    minimise    (|S|, -sum of value_p, sum of place_p)             lexicographically, over sets S of parties
    subject to  met_t(S) = met_t(everybody)                        for every urgency tier t
                roles are filled by different members of S         as many as everybody could fill
    where       met_t(S) = units of tier t in the plan (`graph.allocation`) of the needs and the offers of S

So a team respects whatever a plan does: eligibility, what is left of an offer, its minimum and maximum, needs that are
whole or nothing. `value_p` in ten-thousandths is the score of the party's best eligible pair; for who gives nothing,
the part of a score that speaks of nearness. `place_p` is the party's place by id: of equals those registered earlier.

As cover (`graph.cover`): a row for each need (type of resource, tier) that bounds what a party can give, a row
for each set of roles that compete for the same parties (Hall's condition, doi:10.1112/jlms/s1-10.37.26), and where
the rows do not say all (an offer several needs compete for, a minimum), the plan itself as the last test.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
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
    cover = smallest_cover(rows, giving.values, lacks=giving.lacks, untold=giving.untold)
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
        self.apart = self._are_apart()
        self.capped = any(one.cap_id is not None for one in self.offers)
        #: Whom the rows do not tell all about.
        self.untold = frozenset() if self.apart else frozenset(self.provider.values())
        #: What everybody together can do, by need.
        self.goal = self._sums() if self.apart else _met(self.plan(range(len(people))))
        self.parts = [self.needs] if self.capped else self._parts()

    def _near(self, one: Party, homes: Collection[int]) -> int:
        close = max((nearness(home, one.area_id, self.world) for home in homes), default=0)
        return self.world.weights.get("NEARNESS", 0) * close // WHOLE

    def plan(self, members: Iterable[int]) -> Plan:
        """The best that the offers of these can do for the needs."""
        chosen = frozenset(members)
        key = tuple(sorted(chosen & set(self.provider.values())))
        if key not in self._plans:
            offers = [one for one in self.offers if self.provider[one.id] in chosen]
            made = compute_plan(self.needs, offers, self.world, work_limit=WORK_LIMIT, bottlenecks=0)
            self.proven = self.proven and made.certificate.optimal
            self._plans[key] = made
        return self._plans[key]

    def lacks(self, members: tuple[int, ...]) -> Row | None:
        """None where these give what everybody could; else a row that says what is missing.

        Where all of a part is met, a set of needs gets no more than each offer can give to them together (Gale, 1957):
        the needs that short ones compete with, over offers that are given away, make a row that these do not reach.
        Where that tells nothing (minimums, parts that fall short): somebody else of the part has to give.
        """
        if self.apart:
            return None
        plan = self.plan(members)
        met = _met(plan)
        for part in self.parts:
            if self._tiers(part, met) >= self._tiers(part, self.goal):
                continue
            if self._is_met(part):
                row = self._row(self._competing(part, members, plan, met))
                if row is not None and sum(gain for j, gain in row.gains.items() if j in members) < row.demand:
                    return row
            ids = {need.id for need in part}
            able = {self.provider[offer_id] for need_id, offer_id in self.limits if need_id in ids}
            if not able <= set(members):  # else a search that was cut short said so, and nobody could help
                return Row(1, dict.fromkeys(sorted(able - set(members)), 1))
        return None

    def _competing(
        self, part: Sequence[Need], members: Collection[int], plan: Plan, met: Mapping[int, int]
    ) -> list[Need]:
        """Needs that are short, and those that get what they could have had: along alternating paths."""
        given = {(one.need_id, one.offer_id): one.quantity for one in plan.allocations}
        sharing: dict[int, list[int]] = defaultdict(list)
        for need_id, offer_id in given:
            sharing[offer_id].append(need_id)
        offers_of: dict[int, list[int]] = defaultdict(list)
        for need_id, offer_id in self.limits:
            if self.provider[offer_id] in members:
                offers_of[need_id].append(offer_id)
        reached = {need.id for need in part if met[need.id] < need.remaining}
        waiting = sorted(reached)
        while waiting:
            need_id = waiting.pop()
            for offer_id in offers_of[need_id]:
                if given.get((need_id, offer_id), 0) < self.limits[need_id, offer_id]:
                    fresh = set(sharing[offer_id]) - reached
                    reached |= fresh
                    waiting += sorted(fresh)
        return [need for need in part if need.id in reached]

    def _is_met(self, part: Sequence[Need]) -> bool:
        return all(self.goal[need.id] == need.remaining for need in part)

    def _tiers(self, part: Sequence[Need], met: Mapping[int, int]) -> tuple[int, ...]:
        """Units met of each tier, most urgent first."""
        return tuple(sum(met[n.id] for n in part if n.priority == tier) for tier in (3, 2, 1, 0))

    def _are_apart(self) -> bool:
        """Every offer serves one need, with any quantity: then what parties can give simply adds up."""
        serving = [offer_id for _, offer_id in self.limits]
        return (
            len(serving) == len(set(serving))
            and not any(one.minimum > 1 or one.cap_id is not None for one in self.offers)
            and not any(one.whole for one in self.needs)
        )

    def _sums(self) -> Mapping[int, int]:
        """What plans of offers that serve one need each come to."""
        given: dict[int, int] = defaultdict(int)
        for (need_id, _), most in self.limits.items():
            given[need_id] += most
        return defaultdict(int, {need.id: min(need.remaining, given[need.id]) for need in self.needs})

    def rows(self) -> list[Row]:
        """One row for each group of needs whose units are known; gains are the most a party can give to the group."""
        groups: list[list[Need]] = []
        for part in self.parts:
            if self.apart or self._is_met(part):
                groups += [[need] for need in part]
                groups += [] if self.apart else [one for one in self._by(part, lambda n: n.type_id) if len(one) > 1]
            else:
                # Of what falls short only the sum of a tier is certain.
                groups += self._by(part, lambda need: need.priority)
        return [row for group in groups if (row := self._row(group)) is not None]

    def _parts(self) -> list[list[Need]]:
        """Needs that hang together by offers both could get: each part is served as well as it can be by itself.

        Where caps reach beyond offers there is one part.
        """
        part_of: dict[int, list[Need]] = {need.id: [need] for need in self.needs}
        first: dict[int, int] = {}
        for need_id, offer_id in self.limits:
            ours, other = part_of[need_id], part_of[first.setdefault(offer_id, need_id)]
            if ours is not other:
                ours += other
                part_of.update((need.id, ours) for need in other)
        found: dict[int, list[Need]] = {}
        for need in self.needs:
            found.setdefault(id(part_of[need.id]), part_of[need.id])
        return [sorted(part, key=lambda need: need.id) for part in found.values()]

    def _by(self, part: Sequence[Need], key: Callable[[Need], int]) -> list[list[Need]]:
        groups: dict[int, list[Need]] = defaultdict(list)
        for need in part:
            groups[key(need)].append(need)
        return list(groups.values())

    def _row(self, group: Sequence[Need]) -> Row | None:
        demand = sum(self.goal[need.id] for need in group)
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
        # Whoever is free comes before those who would have to change their role.
        for j in sorted(order, key=role_of.__contains__):
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
