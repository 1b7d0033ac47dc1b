"""What makes a pair of a need and an offer possible: named rules, each with its reason and its remedy.

A pair is eligible when no rule finds an obstacle. To add a rule, write a function and name it in `RULES`;
`graph.candidates` must judge alike on arrays (a property test compares the two on every pair).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date

from graph.score import pair_quantity
from graph.values import Need, Obstacle, Offer, World, label

Rule = Callable[[Need, Offer, World], "Obstacle | None"]


def obstacles(need: Need, offer: Offer, world: World) -> list[Obstacle]:
    """Every rule the pair fails, in the order of `RULES`; empty exactly when the pair is eligible.

    Raises KeyError when the world does not know the need's type or area.
    """
    return [found for rule in RULES.values() if (found := rule(need, offer, world)) is not None]


def _status(need: Need, offer: Offer, world: World) -> Obstacle | None:
    closed, idle = not need.is_open, not offer.is_active
    if not (closed or idle):
        return None
    zh = [*(["需求已不再开放"] if closed else []), *(["供给未处于启用状态"] if idle else [])]
    en = [*(["the need is not open"] if closed else []), *(["the offer is not active"] if idle else [])]
    remedy = [*([("重新提交该需求", "submit the need again")] if closed else [])]
    remedy += [*([("启用该供给", "activate the offer")] if idle else [])]
    return _obstacle("STATUS", ";".join(zh), _sentence(" and ".join(en)), remedy)


def _resource_type(need: Need, offer: Offer, world: World) -> Obstacle | None:
    if offer.type_id in world.type_ancestors[need.type_id]:
        return None
    asked, given = label(world.type_labels, need.type_id), label(world.type_labels, offer.type_id)
    narrower = need.type_id in world.type_ancestors.get(offer.type_id, ())
    remedy = [(f"将需求细化为“{given[0]}”", f"narrow the need to {given[1]}")] if narrower else []
    return _obstacle(
        "RESOURCE_TYPE",
        f"需要的是“{asked[0]}”,提供的是“{given[0]}”",
        f"{asked[1]} is needed, {given[1]} is offered.",
        remedy,
    )


def _coverage(need: Need, offer: Offer, world: World) -> Obstacle | None:
    if not set(offer.coverage_ids).isdisjoint(world.area_ancestors[need.area_id]):
        return None
    place = label(world.area_labels, need.area_id)
    served = _names(offer.coverage_ids, world.area_labels)
    return _obstacle(
        "COVERAGE",
        f"服务区域({served[0]})不包括{place[0]}",
        f"The coverage ({served[1]}) does not hold {place[1]}.",
        [(f"将{place[0]}加入服务区域", f"add {place[1]} to the coverage")],
    )


def _dates(need: Need, offer: Offer, world: World) -> Obstacle | None:
    today = world.today
    asked_from, ready_from = max(today, need.needed_from or today), max(today, offer.available_from or today)
    ends_early = offer.available_until is not None and offer.available_until < asked_from
    too_late = need.needed_by is not None and need.needed_by < ready_from
    ends_before_it_starts = _empty(offer.available_from, offer.available_until)
    wanted_before_wanted = _empty(need.needed_from, need.needed_by)
    if not (ends_early or too_late or ends_before_it_starts or wanted_before_wanted):
        return None
    remedy: list[tuple[str, str]] = []
    if ends_early or ends_before_it_starts:
        until = max(asked_from, ready_from) if ends_before_it_starts else asked_from
        remedy.append((f"将供给的有效期延至{until}", f"extend availability to {until}"))
    if wanted_before_wanted or (too_late and need.needed_by is not None and need.needed_by < today):
        by = max(asked_from, ready_from)
        remedy.append((f"将需求的截止日期延至{by}", f"move the need's deadline to {by}"))
    elif too_late:
        remedy.append((f"将供给的开始日期提前至{need.needed_by}", f"start availability on {need.needed_by}"))
    asked, given = (need.needed_from, need.needed_by), (offer.available_from, offer.available_until)
    return _obstacle(
        "DATES",
        f"需求时间为{_window(asked, '起', '止', '不限')},供给时间为{_window(given, '起', '止', '不限')},今天是{today}",
        f"Needed {_window_en(asked)}, available {_window_en(given)}, today is {today}.",
        remedy,
    )


def _client_groups(need: Need, offer: Offer, world: World) -> Obstacle | None:
    if not offer.group_ids or not set(offer.group_ids).isdisjoint(need.group_ids):
        return None
    served, has = _names(offer.group_ids, world.group_labels), _names(need.group_ids, world.group_labels)
    if need.group_ids:
        first = label(world.group_labels, need.group_ids[0])
        remedy = [(f"将“{first[0]}”加入服务对象", f"add {first[1]} to the client groups served")]
        facts = (f"需求对象为{has[0]}", f"the need is for {has[1]}")
    else:
        remedy = [("在需求中注明服务对象类别", "record the client group on the need")]
        facts = ("需求未注明服务对象类别", "the need names no client group")
    return _obstacle(
        "CLIENT_GROUPS", f"只服务于{served[0]},{facts[0]}", f"Serves only {served[1]}; {facts[1]}.", remedy
    )


def _earmark(need: Need, offer: Offer, world: World) -> Obstacle | None:
    if offer.earmark_ids is None or not set(offer.earmark_ids).isdisjoint(need.group_ids):
        return None
    meant, has = _names(offer.earmark_ids, world.group_labels), _names(need.group_ids, world.group_labels)
    facts = (f"需求对象为{has[0]}", f"the need is for {has[1]}")
    if not need.group_ids:
        facts = ("需求未注明服务对象类别", "the need names no client group")
        remedy = [("在需求中注明服务对象类别", "record the client group on the need")]
    else:
        first = label(world.group_labels, need.group_ids[0])
        remedy = [(f"征得捐赠人同意用于“{first[0]}”", f"ask the donor's consent to use it for {first[1]}")]
    return _obstacle(
        "EARMARK", f"捐赠人指定用于{meant[0]},{facts[0]}", f"The donor means it for {meant[1]}; {facts[1]}.", remedy
    )


def _availability(need: Need, offer: Offer, world: World) -> Obstacle | None:
    if offer.available > 0 and need.remaining > 0:
        return None
    least, unit = max(1, offer.minimum), world.type_units.get(need.type_id, "")
    if offer.available > 0:
        return _obstacle("AVAILABILITY", "需求已全部落实", "Nothing of the need remains to be met.", [])
    return _obstacle(
        "AVAILABILITY",
        "供给已无余量",
        "Nothing of the offer is left.",
        [(f"增加供给量至少{least}{unit}", f"raise the capacity by {amount(least, unit)}")],
    )


def _minimum(need: Need, offer: Offer, world: World) -> Obstacle | None:
    most = pair_quantity(need, offer)
    unit, least = world.type_units.get(need.type_id, ""), max(1, offer.minimum)
    if most >= least or offer.available <= 0 or need.remaining <= 0:
        return None
    limits = {
        "maximum": offer.maximum is not None and offer.maximum < least,
        "available": offer.available < least,
        "remaining": need.remaining < least,
    }
    if limits["maximum"] and (sum(limits.values()) == 1 or most <= 0):
        remedy = [(f"将单次上限提高到{least}{unit}", f"raise the maximum to {amount(least, unit)}")]
    elif limits["available"] and sum(limits.values()) == 1:
        more = least - offer.available
        remedy = [(f"增加供给量{more}{unit}", f"raise the capacity by {amount(more, unit)}")]
    else:
        remedy = [(f"将起供数量降到{most}{unit}", f"lower the minimum to {amount(most, unit)}")]
    return _obstacle(
        "MINIMUM",
        f"目前最多可提供{most}{unit},低于起供数量{least}{unit}",
        f"At most {amount(most, unit)} can be given now, less than the minimum of {amount(least, unit)}.",
        remedy,
    )


#: In the order in which a coordinator would ask.
RULES: Mapping[str, Rule] = {
    "STATUS": _status,
    "RESOURCE_TYPE": _resource_type,
    "COVERAGE": _coverage,
    "DATES": _dates,
    "CLIENT_GROUPS": _client_groups,
    "EARMARK": _earmark,
    "AVAILABILITY": _availability,
    "MINIMUM": _minimum,
}


def _obstacle(code: str, zh: str, en: str, remedy: list[tuple[str, str]]) -> Obstacle:
    return Obstacle(
        code,
        zh,
        en,
        ";".join(r[0] for r in remedy) or None,
        _sentence(" and ".join(r[1] for r in remedy)) if remedy else None,
    )


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def amount(quantity: int, unit: str) -> str:
    """A quantity in an English sentence; types without a unit have the number alone."""
    return f"{quantity} {unit}".strip()


def _empty(start: date | None, end: date | None) -> bool:
    return start is not None and end is not None and end < start


def _window(window: tuple[date | None, date | None], start: str, end: str, ever: str) -> str:
    marks = [f"{day}{mark}" for day, mark in zip(window, (start, end), strict=True) if day is not None]
    return "".join(marks) or ever


def _window_en(window: tuple[date | None, date | None]) -> str:
    marks = [f"{word} {day}" for word, day in zip(("from", "until"), window, strict=True) if day is not None]
    return " ".join(marks) or "at any time"


def _names(keys: Iterable[int], labels: Mapping[int, tuple[str, str]], most: int = 3) -> tuple[str, str]:
    found = [label(labels, key) for key in keys]
    zh, en = "、".join(f[0] for f in found[:most]) or "无", ", ".join(f[1] for f in found[:most]) or "none"
    more = len(found) - most
    return (f"{zh}等{len(found)}项", f"{en} and {more} more") if more > 0 else (zh, en)
