"""A team in words: who does what and why, what nobody can give, and how far each aim is reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graph.rules import amount
from graph.score import PART_CODES, parts, reasons, weight_vector
from graph.teams import Member, Role, Team
from graph.values import WHOLE, Allocation, Need, Offer, Reason, World, label

SOCIETIES: Mapping[str, tuple[str, str]] = {
    "COMMUNITY": ("社区", "community"),
    "SOCIAL_ORGANIZATION": ("社会组织", "social organization"),
    "SOCIAL_WORKER": ("社会工作者", "social worker"),
    "VOLUNTEER": ("社区志愿者", "volunteer"),
    "CHARITABLE_RESOURCE": ("社会慈善资源", "charitable resource"),
    "ASSISTANT": ("社工助理员", "assistant"),
}
GIVER = ("提供方", "Provider")


@dataclass(frozen=True, slots=True)
class TeamMember:
    """`offer_id` and `quantity` are of the best of its gifts; None and 0 for who only fills a role."""

    party_id: int
    society: str
    offer_id: int | None
    quantity: int
    role_zh: str
    role_en: str
    text_zh: str
    text_en: str
    gifts: tuple[Allocation, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class MissingRole:
    society: str | None
    role_zh: str
    role_en: str
    text_zh: str
    text_en: str


@dataclass(frozen=True, slots=True)
class MissingResource:
    """`quantity` of the need, in its type's unit, that nobody can give."""

    need_id: int
    quantity: int
    text_zh: str
    text_en: str


@dataclass(frozen=True, slots=True)
class TeamSuggestion:
    """A team, told. `reasons` are its aims in their order: RESOURCES, ROLES, SIZE, FIT, with equal weights."""

    members: tuple[TeamMember, ...]
    missing_roles: tuple[MissingRole, ...]
    missing_resources: tuple[MissingResource, ...]
    asked: int
    covered: int
    optimal: bool
    lower_bound: int
    reasons: tuple[Reason, ...]


def told(team: Team, needs: Sequence[Need], offers: Sequence[Offer], world: World) -> TeamSuggestion:
    """The team in both languages; `needs` and `offers` are those it was made from."""
    need_of, offer_of = {one.id: one for one in needs}, {one.id: one for one in offers}
    return TeamSuggestion(
        tuple(_member(one, team.roles, need_of, offer_of, world) for one in team.members),
        tuple(_missing_role(one, world) for one in team.missing_roles),
        tuple(_missing_resource(need_of[id], quantity, world) for id, quantity in team.missing),
        team.asked,
        team.covered,
        team.optimal,
        team.at_least,
        tuple(_aims(team)),
    )


def _member(
    one: Member, roles: Sequence[Role], needs: Mapping[int, Need], offers: Mapping[int, Offer], world: World
) -> TeamMember:
    # Who only gives stands in its society's place all the same: a second firm is a supplement too.
    role = one.role or next((r for r in roles if r.society == one.party.society and r.type_id is None), None)
    role_zh, role_en = (role.label_zh, role.label_en) if role else GIVER
    zh, en = [], []
    if one.role is not None:
        society = SOCIETIES[one.party.society]
        zh.append(f"担任“{role_zh}”({society[0]})")
        en.append(f"fills the role {role_en} ({society[1]})")
    for gift in one.gifts:
        kind = needs[gift.need_id].type_id
        name, unit = label(world.type_labels, kind), world.type_units.get(kind, "")
        zh.append(f"可提供{name[0]} {gift.quantity}{unit}(匹配度 {gift.score:.0%})")
        en.append(f"can give {amount(gift.quantity, unit)} of {name[1]} (match {gift.score:.0%})")
    first = one.gifts[0] if one.gifts else None
    return TeamMember(
        one.party.id,
        one.party.society,
        first.offer_id if first else None,
        first.quantity if first else 0,
        role_zh,
        role_en,
        ";".join(zh),
        _sentence(", ".join(en)),
        one.gifts,
        tuple(_parts(one, first, needs, offers, world)),
    )


def _parts(
    one: Member, first: Allocation | None, needs: Mapping[int, Need], offers: Mapping[int, Offer], world: World
) -> list[Reason]:
    """Of the best gift's score; for who gives nothing, of the part that speaks of nearness."""
    weights = weight_vector(world.weights)
    if first is not None:
        return reasons(PART_CODES, weights, parts(needs[first.need_id], offers[first.offer_id], world))
    near = world.weights.get("NEARNESS", 0)
    return reasons(["NEARNESS"], [near], [one.value * WHOLE // near]) if near else []


def _missing_role(role: Role, world: World) -> MissingRole:
    who_zh, who_en = SOCIETIES[role.society] if role.society else ("主体", "party")
    zh, en = f"附近没有可担任“{role.label_zh}”的{who_zh}", f"No {who_en} nearby can fill the role {role.label_en}"
    if role.type_id is not None:
        skill = label(world.type_labels, role.type_id)
        zh, en = f"{zh}(须提供{skill[0]})", f"{en} (it has to offer {skill[1]})"
    return MissingRole(role.society, role.label_zh, role.label_en, zh, f"{en}.")


def _missing_resource(need: Need, quantity: int, world: World) -> MissingResource:
    name, unit = label(world.type_labels, need.type_id), world.type_units.get(need.type_id, "")
    return MissingResource(
        need.id,
        quantity,
        f"{name[0]}还缺 {quantity}{unit},现有供给都给不了",
        f"{_sentence(name[1])[:-1]}: {amount(quantity, unit)} that no offer there is can give.",
    )


def _aims(team: Team) -> list[Reason]:
    size, filled = len(team.members), len(team.roles) - len(team.missing_roles)
    if team.optimal:
        proof = ("已证明不能更少,同样人数中最合适", "no fewer would do, and none as small fits better: proven")
    elif team.at_least >= size:
        proof = ("已证明不能更少", "no fewer would do: proven")
    else:
        proof = (
            f"未证明最少,至少需要 {team.at_least} 个",
            f"perhaps not the fewest: at least {team.at_least} are needed",
        )
    rows = (
        (
            "RESOURCES",
            team.covered / team.asked if team.asked else 1.0,
            f"{team.asked} 项需求中有 {team.covered} 项可以全部满足",
            f"{team.covered} of {team.asked} needs can be met in full.",
        ),
        (
            "ROLES",
            filled / len(team.roles) if team.roles else 1.0,
            f"{len(team.roles)} 个角色中有 {filled} 个有人担任",
            f"{filled} of {len(team.roles)} roles are filled.",
        ),
        (
            "SIZE",
            min(1.0, team.at_least / size) if size else 1.0,
            f"共 {size} 个主体;{proof[0]}",
            f"{size} {'party' if size == 1 else 'parties'}; {proof[1]}.",
        ),
        (
            "FIT",
            sum(one.value for one in team.members) / (WHOLE * size) if size else 0.0,
            "成员匹配度(只担任角色的,按远近)的平均值",
            "The mean of the members' match scores (of who only fills a role: nearness).",
        ),
    )
    return [Reason(code, 1 / len(rows), value, zh, en) for code, value, zh, en in rows]


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}." if text else ""
