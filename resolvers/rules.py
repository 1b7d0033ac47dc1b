"""Rules as data: what an act may do by the rows of `fund_rule`, how much room there is, and from which sentence.

    bound(rule) = threshold, or threshold x base          base: a fact of the act, or an amount of an area and a year
    broken(rule) = measure > bound (AT_MOST), measure < bound (AT_LEAST), measure <> bound (EXACTLY)

All numbers are exact decimals; nothing is rounded before it is compared. Who judges money waits for whoever else judges
by the same rule for the same area, so two who spend at once cannot pass a cap together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import fund_rules, spending
from db.areas import Area
from db.fund_rules import RULE_MEASURE, FundRule
from resolvers.errors import Conflict
from resolvers.vocabulary import Vocabulary

FEN = Decimal("0.01")
ZERO = Decimal("0.00")
#: Measures that are yuan: said with two places.
_YUAN = ("AMOUNT", "STAFF_COST", "AMOUNT_A_MONTH")
#: What is said of a measure that only holds or does not.
_HOLDS = ("EVALUATION_PASSED", "COLLEGE_DEGREE", "CERTIFIED_LOCAL")
_BOUNDS = {"AT_MOST": ("不超过", "at most"), "AT_LEAST": ("不低于", "at least"), "EXACTLY": ("为", "exactly")}

Facts = Mapping[str, Decimal | int | bool]


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that an act breaks, or that cannot be judged because an amount is missing (code BASE_MISSING).

    `limit` is what the rule lets pass, `used` what the act comes to with everything it is counted with, `room` what was
    left before it (never below 0). With BASE_MISSING all three are 0.
    """

    rule: FundRule
    code: str
    severity: str
    limit: Decimal
    used: Decimal
    room: Decimal
    text_zh: str
    text_en: str

    @property
    def citation_zh(self) -> str:
        return self.rule.citation_zh

    @property
    def citation_en(self) -> str:
        return self.rule.citation_en


@dataclass(frozen=True, slots=True)
class Room:
    """How much of some money can still be spent in a year under one rule, and from which numbers.

    committed  commitments of the year, what was given back of them taken off
    carried    paid in the year out of commitments of earlier years
    promised   orders of money of these sources of the year that no commitment covers
    left       limit - committed - carried - promised, whole fen, never below 0; None where the base is missing
    """

    rule: FundRule
    area_id: int
    year: int
    base: Decimal | None
    base_year: int | None
    limit: Decimal | None
    committed: Decimal
    carried: Decimal
    promised: Decimal
    paid: Decimal

    @property
    def used(self) -> Decimal:
        return self.committed + self.carried + self.promised

    @property
    def left(self) -> Decimal | None:
        return None if self.limit is None else max(ZERO, floor(self.limit - self.used))


def floor(amount: Decimal) -> Decimal:
    """Whole fen, downwards."""
    return amount.quantize(FEN, ROUND_FLOOR)


def broken(rule: FundRule, measured: Decimal, bound: Decimal) -> bool:
    """Whether a measure is on the wrong side of its bound.

    >>> from types import SimpleNamespace as Rule
    >>> broken(Rule(bound="AT_MOST"), Decimal("200000.01"), Decimal("0.02") * Decimal("10000000.00"))
    True
    """
    if rule.bound == "AT_MOST":
        return measured > bound
    return measured < bound if rule.bound == "AT_LEAST" else measured != bound


def scope_of(rule: FundRule, area: Area) -> int:
    """The area over which a rule on money is counted for an act in `area`."""
    return (area.county_id or area.id) if rule.scope == "COUNTY" else rule.area_id


# ------------------------------------------------------------------------------------------------ judging


async def check(
    conn: AsyncConnection,
    words: Vocabulary,
    subject: str,
    facts: Facts,
    area: Area,
    on: date,
    *,
    lock: bool = True,
) -> list[Breach]:
    """The rules of a subject in force in an area on a day that facts break, the highest area's first.

    `facts` holds numbers by measure (`db.fund_rules.RULE_MEASURE`; True is 1), and by code of the base what a share is
    of (PROJECT_TOTAL). A rule whose measure is not told is not judged. With `lock` rules stay as they are until the
    transaction ends; rows that facts were counted from are for the caller to lock. Money of a source: `check_spending`.
    """
    found = []
    for rule in await fund_rules.in_force(conn, area.ancestor_ids, on, subject=subject, lock=lock):
        if rule.measure not in facts or rule.measure == "AMOUNT":
            continue
        measured = Decimal(facts[rule.measure])
        base = await _base(conn, words, rule, area, on, facts, lock)
        if rule.base_id is not None and base is None:
            found.append(await _missing(conn, words, rule, area, on))
            continue
        bound = _bound(rule, base)
        if broken(rule, measured, bound):
            found.append(_breach(words, rule, measured, bound, base, on, ZERO, None))
    return found


async def check_spending(
    conn: AsyncConnection,
    words: Vocabulary,
    *,
    amount: Decimal,
    source_id: int | None,
    area: Area,
    on: date,
    committed_on: date | None = None,
    referral_id: int | None = None,
    lock: bool = True,
) -> list[Breach]:
    """The rules on money of a source that spending `amount` more in an area on a day would break.

    Without `committed_on` it is committed; with it, it is paid on `on` out of a commitment of that day. An order the
    money is for is not counted beside it. With `lock` whoever else judges by the same rules for the same area waits.
    """
    found = []
    for rule in await _spending_rules(conn, area, on, source_id, lock):
        scope = scope_of(rule, area)
        if lock:
            await fund_rules.take_turn(conn, rule.id, scope)
        room = await room_of(conn, rule, area, on, lock=lock, without_referral=referral_id)
        if room.limit is None:
            found.append(await _missing(conn, words, rule, area, on))
            continue
        before = [room.paid, *([room.used] if committed_on.year < on.year else [])] if committed_on else [room.used]
        for used in before:
            if broken(rule, used + amount, room.limit):
                found.append(_breach(words, rule, used + amount, room.limit, room.base, on, used, scope))
                break
    return found


async def check_orders(
    conn: AsyncConnection, words: Vocabulary, orders: Sequence[tuple[int, Area, int]], on: date
) -> list[Breach]:
    """The rules on money that orders of (source, where it goes, yuan) break together, beside all that is used.

    Whoever else judges by the same rules for the same areas waits.
    """
    asked: dict[tuple[int, int], Decimal] = {}
    known: dict[tuple[int, int], tuple[FundRule, Area]] = {}
    for source_id, area, yuan in orders:
        for rule in await _spending_rules(conn, area, on, source_id, lock=True):
            key = rule.id, scope_of(rule, area)
            known[key] = rule, area
            asked[key] = asked.get(key, ZERO) + yuan
    found = []
    for (rule_id, scope), amount in sorted(asked.items()):
        rule, area = known[rule_id, scope]
        await fund_rules.take_turn(conn, rule_id, scope)
        room = await room_of(conn, rule, area, on, lock=True)
        if room.limit is None:
            found.append(await _missing(conn, words, rule, area, on))
        elif broken(rule, room.used + amount, room.limit):
            found.append(_breach(words, rule, room.used + amount, room.limit, room.base, on, room.used, scope))
    return found


async def _spending_rules(
    conn: AsyncConnection, area: Area, on: date, source_id: int | None, lock: bool
) -> list[FundRule]:
    rules = await fund_rules.in_force(conn, area.ancestor_ids, on, subject="FUND_SPENDING", lock=lock)
    return sorted(
        (one for one in rules if one.measure == "AMOUNT" and (not one.sources or source_id in one.sources)),
        key=lambda one: one.id,
    )


def refuse(breaches: Sequence[Breach]) -> list[Breach]:
    """The soft ones; raises Conflict (RULE_BROKEN, BASE_MISSING) with all that is said where one is hard."""
    hard = [one for one in breaches if one.severity == "HARD"]
    if hard:
        raise Conflict(hard[0].code, ";".join(one.text_zh for one in hard), "; ".join(one.text_en for one in hard))
    return list(breaches)


def judge(given: Any, breaches: Sequence[Breach]) -> None:
    """In a hook of a record (`resolvers.records.Check`): refuses by hard rules, marks the row by soft ones."""
    for one in refuse(breaches):
        given.mark(one.rule.code, one.text_zh, one.text_en)


# ------------------------------------------------------------------------------------------------ room


async def headroom(conn: AsyncConnection, area: Area, on: date, code: str | None = None) -> list[Room]:
    """How much is left under each rule on money that holds in an area on a day; of one code where that is given."""
    rules = await fund_rules.in_force(conn, area.ancestor_ids, on, subject="FUND_SPENDING", code=code)
    return [await room_of(conn, one, area, on) for one in rules if one.measure == "AMOUNT"]


async def room_of(
    conn: AsyncConnection,
    rule: FundRule,
    area: Area,
    on: date,
    *,
    lock: bool = False,
    without_referral: int | None = None,
) -> Room:
    """What a rule on money leaves where an act in `area` is counted."""
    scope = scope_of(rule, area)
    base = base_year = limit = None
    if rule.base_id is None:
        limit = floor(rule.threshold)
    else:
        base_year = on.year - (rule.years_back or 0)
        base = await fund_rules.base_amount(conn, scope, rule.base_id, base_year, lock=lock)
        limit = None if base is None else floor(rule.threshold * base)
    used = await spending.used(conn, scope, rule.sources, on.year, without_referral=without_referral)
    return Room(
        rule, scope, on.year, base, base_year, limit, used.committed, used.carried, used.promised, used.paid
    )  # fmt: skip


async def _base(
    conn: AsyncConnection, words: Vocabulary, rule: FundRule, area: Area, on: date, facts: Facts, lock: bool
) -> Decimal | None:
    if rule.base_id is None:
        return None
    if rule.years_back is None:
        told = facts.get(words.terms_by_id[rule.base_id].code)
        return None if told is None else Decimal(told)
    year = on.year - rule.years_back
    return await fund_rules.base_amount(conn, scope_of(rule, area), rule.base_id, year, lock=lock)


def _bound(rule: FundRule, base: Decimal | None) -> Decimal:
    return rule.threshold if base is None else rule.threshold * base


# ------------------------------------------------------------------------------------------------ in words


async def _missing(conn: AsyncConnection, words: Vocabulary, rule: FundRule, area: Area, on: date) -> Breach:
    """Which amount of which year somebody has to enter."""
    assert rule.base_id is not None
    zh, en = words.term_labels[rule.base_id]
    if rule.years_back is None:
        text = (f"没有给出“{zh}”,无法判断", f"{en} is not told, so it cannot be judged")
    else:
        scope = scope_of(rule, area)
        place = (await words.areas_by_id(conn, [scope]))[scope].full_name
        year = on.year - rule.years_back
        text = (
            f"尚未登记{place} {year} 年的“{zh}”金额,无法计算额度;请先登记",
            f"the amount of {en} of {place} in {year} is not entered, so no limit can be computed; enter it first",
        )
    said = (f"{text[0]}(依据:{rule.citation_zh})", f"{text[1]} (by: {rule.citation_en})")
    # A share of an unknown amount binds nobody softly: it must be entered.
    return Breach(rule, "BASE_MISSING", "HARD", ZERO, ZERO, ZERO, *said)


def _breach(
    words: Vocabulary,
    rule: FundRule,
    measured: Decimal,
    bound: Decimal,
    base: Decimal | None,
    on: date,
    used: Decimal,
    scope: int | None,
) -> Breach:
    room = max(ZERO, floor(bound - used)) if rule.measure in _YUAN else max(Decimal(0), bound - used)
    label_en, label_zh = RULE_MEASURE.values[rule.measure]
    zh, en = _BOUNDS[rule.bound]
    if rule.measure in _HOLDS:
        text = (f"不满足“{label_zh.removeprefix('是否')}”", f"not so: {label_en}")
    else:
        limit_zh, limit_en = told(bound, rule), told(bound, rule)
        if base is not None and rule.base_id is not None:
            of_zh, of_en = words.term_labels[rule.base_id]
            year = None if rule.years_back is None else on.year - rule.years_back
            share = f"{(rule.threshold * 100).normalize():f}%"
            limit_zh += f"(“{of_zh}”{'' if year is None else f' {year} 年'} {base} 的 {share})"
            limit_en += f" ({share} of {of_en}{'' if year is None else f' in {year}'}, {base})"
        text = (
            f"{label_zh}应{zh} {limit_zh},本次合计 {told(measured, rule)}",
            f"{label_en.rstrip('.')}: {en} {limit_en}, with this {told(measured, rule)}",
        )
        if rule.bound == "AT_MOST" and scope is not None:
            text = (f"{text[0]},此前尚余 {told(room, rule)}", f"{text[1]}; {told(room, rule)} was left")
    said = (f"{text[0]}(依据:{rule.citation_zh})", f"{text[1]} (by: {rule.citation_en})")
    limit, reached, left = (Decimal(told(value, rule)) for value in (bound, measured, room))
    return Breach(rule, "RULE_BROKEN", rule.severity, limit, reached, left, *said)


def told(value: Decimal, rule: FundRule) -> str:
    """A number as it is said: yuan to the fen, others without zeros that say nothing."""
    return f"{floor(value):f}" if rule.measure in _YUAN else f"{value.normalize():f}"
