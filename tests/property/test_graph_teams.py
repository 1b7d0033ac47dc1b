"""The laws of a team, against every set of parties there is."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_graph_worlds import TODAY, easy_needs, easy_offers, needs, offers, worlds

from graph.allocation import compute_plan
from graph.rules import obstacles
from graph.teams import MOST_ROLES, Party, Role, Team, suggest
from graph.values import Need, Offer, World

SOCIETIES = ("COMMUNITY", "SOCIAL_WORKER", "VOLUNTEER")
parties = st.lists(
    st.builds(
        Party,
        id=st.integers(1, 9),
        society=st.sampled_from(SOCIETIES),
        area_id=st.sampled_from([1, 2, 4, 6]),
        type_ids=st.lists(st.sampled_from([1, 3, 4, 5]), max_size=2).map(tuple),
    ),
    max_size=6,
    unique_by=lambda one: one.id,
)
roles = st.lists(
    st.builds(
        Role,
        society=st.sampled_from([*SOCIETIES, None]),
        label_zh=st.just("角色"),
        label_en=st.just("role"),
        type_id=st.sampled_from([None, None, None, 2, 5]),
    ),
    max_size=3,
)
spread = st.lists(st.integers(1, 9), min_size=5, max_size=5)


def owned(given_: list[Offer], providers: list[int]) -> list[Offer]:
    return [replace(one, provider_id=providers[i % len(providers)]) for i, one in enumerate(given_)]


def tiers(wanted: list[Need], given_: list[Offer], chosen: tuple[Party, ...], world: World) -> tuple[int, ...]:
    """Units met, most urgent first, by these parties' offers."""
    ids = {one.id for one in chosen}
    plan = compute_plan(wanted, [one for one in given_ if one.provider_id in ids], world)
    urgency = {one.id: one.priority for one in wanted}
    return tuple(sum(a.quantity for a in plan.allocations if urgency[a.need_id] == t) for t in (3, 2, 1, 0))


def filled(asked: list[Role], chosen: tuple[Party, ...], world: World) -> int:
    """The most roles that different ones of these can fill, by trying all."""

    def fits(one: Party, role: Role) -> bool:
        if role.society not in (None, one.society):
            return False
        above = world.type_ancestors.get(role.type_id or 0, ())
        return role.type_id is None or any(t in above or role.type_id in world.type_ancestors[t] for t in one.type_ids)

    slots: list[Party | None] = [*chosen, *[None] * len(asked)]
    return max(
        sum(one is not None and fits(one, role) for one, role in zip(order, asked, strict=True))
        for order in permutations(slots, len(asked))
    )


def best_of_all(
    wanted: list[Need], given_: list[Offer], people: list[Party], asked: list[Role], world: World, team: Team
) -> tuple[int, int, int]:
    everybody = tuple(sorted(people, key=lambda one: one.id))
    goal, most = tiers(wanted, given_, everybody, world), filled(asked, everybody, world)
    # Values are the engine's own: whether they are right is asked elsewhere.
    worth = {one.id: value_of(one, wanted, given_, everybody, world) for one in everybody}
    place = {one.id: j for j, one in enumerate(everybody)}
    return min(
        (len(chosen), -sum(worth[one.id] for one in chosen), sum(place[one.id] for one in chosen))
        for size in range(len(everybody) + 1)
        for chosen in combinations(everybody, size)
        if filled(asked, chosen, world) == most and tiers(wanted, given_, chosen, world) == goal
    )


def value_of(one: Party, wanted: list[Need], given_: list[Offer], everybody: tuple[Party, ...], world: World) -> int:
    alone = suggest(wanted, [o for o in given_ if o.provider_id == one.id], [one], [Role(one.society, "", "")], world)
    return alone.members[0].value


@settings(deadline=None, max_examples=40)
@given(easy_needs(3, least=1), easy_offers(5, minimum=2), spread, parties, roles, worlds())
def test_no_team_is_smaller_or_as_small_and_better(
    wanted: list[Need],
    given_: list[Offer],
    providers: list[int],
    people: list[Party],
    asked: list[Role],
    world: World,
) -> None:
    given_ = [one for one in owned(given_, providers) if one.provider_id in {p.id for p in people}]
    team = suggest(wanted, given_, people, asked, world)
    assert team.optimal
    place = {id: j for j, id in enumerate(sorted(one.id for one in people))}
    found = (
        len(team.members),
        -sum(one.value for one in team.members),
        sum(place[one.party.id] for one in team.members),
    )
    assert found == best_of_all(wanted, given_, people, asked, world, team)
    assert team.at_least == len(team.members)


@settings(deadline=None, max_examples=40)
@given(needs(4), offers(6), spread, parties, roles, worlds(), st.randoms(use_true_random=False))
def test_a_team_gives_only_what_may_be_given_and_is_the_same_in_any_order(
    wanted: list[Need],
    given_: list[Offer],
    providers: list[int],
    people: list[Party],
    asked: list[Role],
    world: World,
    chance: object,
) -> None:
    given_ = owned(given_, providers)
    team = suggest(wanted, given_, people, asked, world)
    need_of, offer_of = {one.id: one for one in wanted}, {one.id: one for one in given_}
    taken: dict[int, int] = {}
    got: dict[int, int] = {}
    for member in team.members:
        assert member.gifts or member.role is not None
        assert member.role is None or member.role in asked
        for gift in member.gifts:
            need, offer = need_of[gift.need_id], offer_of[gift.offer_id]
            assert offer.provider_id == member.party.id
            assert obstacles(need, offer, world) == []
            assert offer.minimum <= gift.quantity <= (offer.maximum or gift.quantity)
            taken[offer.id] = taken.get(offer.id, 0) + gift.quantity
            got[need.id] = got.get(need.id, 0) + gift.quantity
    assert all(quantity <= offer_of[id].available for id, quantity in taken.items())
    open_ = {one.id: one.remaining for one in wanted if one.is_open and one.remaining > 0}
    assert dict(team.missing) == {id: n - got.get(id, 0) for id, n in open_.items() if got.get(id, 0) < n}
    assert (team.asked, team.covered) == (len(open_), len(open_) - len(team.missing))
    shuffled = [list(one) for one in (wanted, given_, people)]
    for one in shuffled:
        chance.shuffle(one)  # type: ignore[attr-defined]
    assert suggest(*shuffled, asked, world) == team  # type: ignore[arg-type]


@settings(deadline=None, max_examples=40)
@given(parties, roles, worlds())
def test_as_many_roles_are_filled_as_can_be_and_the_others_are_named(
    people: list[Party], asked: list[Role], world: World
) -> None:
    team = suggest([], [], people, asked, world)
    most = filled(asked, tuple(people), world)
    assert len(team.members) == most == sum(one.role is not None for one in team.members)
    assert len(team.missing_roles) == len(asked) - most


PLAIN = World(TODAY, {1: (1,)}, {1: (1,)}, {"NEARNESS": 10_000})


def offer(id: int, available: int, maximum: int | None = None, minimum: int = 1) -> Offer:
    """Of a provider of the same number."""
    return Offer(id, id, 1, 1, (1,), (), None, available, minimum, maximum, None, None, TODAY)


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ([offer(1, 20, maximum=4), offer(2, 6)], {1: 4, 2: 6}),
        ([offer(1, 20, maximum=4), offer(2, 6), offer(3, 10)], {3: 10}),
        ([offer(1, 7, minimum=7), offer(2, 7, minimum=7), offer(3, 3)], {1: 7, 3: 3}),
        ([offer(1, 4), offer(2, 3)], {1: 4, 2: 3}),
    ],
)
def test_what_one_need_gets_from_an_offer_is_between_its_minimum_and_its_maximum(
    given_: list[Offer], expected: dict[int, int]
) -> None:
    need = Need(1, 1, 1, (), 10, 0, None, None)
    team = suggest([need], given_, [Party(one.id, "VOLUNTEER", 1) for one in given_], [], PLAIN)
    assert {one.party.id: one.gifts[0].quantity for one in team.members} == expected
    assert (team.optimal, team.covered) == (True, int(sum(expected.values()) == 10))


def test_needs_that_compete_for_one_offer_are_told_apart_by_who_else_can_give() -> None:
    """Alone each need could be met by 1, together only by 1 and 2: by 3 neither, for it serves nobody in full."""
    wanted = [Need(id, 1, 1, (), 6, 0, None, None) for id in (1, 2)]
    given_ = [offer(1, 10), offer(2, 2), offer(3, 1)]
    team = suggest(wanted, given_, [Party(one.id, "VOLUNTEER", 1) for one in given_], [], PLAIN)
    assert [one.party.id for one in team.members] == [1, 2]
    assert (team.covered, team.at_least, team.optimal) == (2, 2, True)


def test_two_roles_of_one_society_are_two_members() -> None:
    people = [Party(id, "SOCIAL_WORKER", 1) for id in (1, 2, 3)]
    team = suggest([], [], people, [Role("SOCIAL_WORKER", "专职", "full-time"), Role(None, "兼职", "part-time")], PLAIN)
    assert [(one.party.id, one.role and one.role.label_en) for one in team.members] == [
        (1, "full-time"),
        (2, "part-time"),
    ]


def test_more_roles_than_can_be_weighed_are_refused() -> None:
    world = World(TODAY, {1: (1,)}, {1: (1,)}, {})
    with pytest.raises(ValueError, match="at most"):
        suggest([], [], [], [Role(None, "", "")] * (MOST_ROLES + 1), world)
