"""Parts in projects and agreements: one primary operator at a time, what expires, and who is in party building."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from db import acting, projects
from resolvers.checks import Problems
from resolvers.context import Context
from resolvers.errors import Conflict
from resolvers.records import Check, check
from resolvers.rules import check as broken_rules
from resolvers.rules import judge
from resolvers.vocabulary import vocabulary

#: Agreements are shown this long before they end, at most.
MOST_DAYS = 3_660


def percent(part: int | Decimal, whole: int | Decimal) -> Decimal | None:
    """A share in percent, rounded half up to two places; None of nothing. The counts beside it are exact.

    >>> percent(1, 3), percent(11, 11), percent(0, 0)
    (Decimal('33.33'), Decimal('100.00'), None)
    """
    if not whole:
        return None
    return (Decimal(part) * 100 / Decimal(whole)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def months(first: date, last: date) -> int:
    """Months from a day to a day, both included; a begun one counts whole.

    >>> months(date(2022, 1, 1), date(2022, 12, 31)), months(date(2022, 1, 1), date(2023, 1, 1))
    (12, 13)
    """
    end = last + timedelta(days=1) if last < date.max else last
    whole = (end.year - first.year) * 12 + end.month - first.month
    return whole + (1 if end.day > first.day else 0)


def _days(since: date | None, until: date | None) -> tuple[str, str]:
    zh = f"{since or '起始日未定'} 至 {until or '今后'}"
    return zh, f"from {since or 'the beginning'} until {until or 'further notice'}"


@check("project_role")
async def _project_role(given: Check) -> None:
    """The project is locked by the save, so two cannot become the primary operator together."""
    row = given.row
    if not row["is_primary"]:
        return
    if row["role"] != "OPERATOR":
        given.problems.add(
            "isPrimary", "PRIMARY_OPERATES", "只有承接运营方可以是主承接机构", "only an operator can be the primary one"
        )
        return
    # A record that is restored was saved before others were: then only this holds them off.
    await acting.seen(given.conn, given.context.viewer, "project", row["project_id"], lock=True)
    other = await projects.primary_operator(
        given.conn, row["project_id"], row["from_on"], row["until_on"], given.old.id if given.old else None
    )
    if other is not None:
        zh, en = _days(other.from_on, other.until_on)
        raise Conflict(
            "SECOND_PRIMARY_OPERATOR",
            f"同一时期只能有一个主承接机构:{other.name}({zh})已是;请先填写它的结束日期,或将新机构登记为非主承接",
            f"there is one primary operator at a time, and {other.name} is it {en}; end that first, or record the new"
            " one as not primary",
        )


@check("agreement")
async def _agreement(given: Check) -> None:
    row = given.row
    if row["purchaser_id"] == row["operator_id"]:
        given.problems.add("operatorId", "SAME_PARTY", "购买方与承接方不能相同", "nobody agrees with itself")
        return
    facts = {"MONTHS": months(row["from_on"], row["until_on"])}
    judge(given, await broken_rules(given.conn, given.words, "AGREEMENT", facts, given.area, row["from_on"]))
    operating = await projects.operating(given.conn, [row["project_id"]], row["from_on"])
    if row["operator_id"] not in [one.party_id for one in operating]:
        given.mark(
            "OPERATOR_WITHOUT_ROLE",
            "承接方在协议开始时还没有登记为本项目的承接运营方",
            "the operator is not recorded as an operator of the project on the first day of the agreement",
        )


# ------------------------------------------------------------------------------------------------ questions


@dataclass(frozen=True, slots=True)
class Operator:
    party_id: int
    included: bool


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Operators at work in an area on a day, and how many lie within party building; `percent` None without any."""

    on: date
    operators: list[Operator]

    @property
    def of(self) -> int:
        return len(self.operators)

    @property
    def included(self) -> int:
        return sum(one.included for one in self.operators)

    @property
    def percent(self) -> Decimal | None:
        return percent(self.included, self.of)


async def inclusion(context: Context, area: str, on: date | None = None) -> Inclusion:
    """How many operators lie within party-building work; open to everybody. Raises InvalidInput (unknown area)."""
    day = on or context.today
    async with context.engine.connect() as conn:
        words = await vocabulary(context.engine, conn)
        problems = Problems()
        place = await words.check_area(conn, problems, "area", area)
        problems.stop()
        assert place is not None
        rows = await projects.operators(conn, place.id, day)
    return Inclusion(day, [Operator(row.id, row.included) for row in rows])


@dataclass(frozen=True, slots=True)
class Expiry:
    """An agreement that ends and that no other with the same operator follows; days from today, below 0: it ended."""

    agreement_id: int
    days: int


async def expiring(context: Context, area: str, within_days: int = 60) -> Sequence[Expiry]:
    """Agreements of an area that end within so many days, or ended within as many before, and were not renewed.

    Those that the viewer may see, the earliest end first. Raises InvalidInput (unknown area, days out of range).
    """
    async with context.engine.connect() as conn:
        words = await vocabulary(context.engine, conn)
        problems = Problems()
        place = await words.check_area(conn, problems, "area", area)
        if not 0 <= within_days <= MOST_DAYS:
            problems.add("withinDays", "OUT_OF_RANGE", f"应为 0 到 {MOST_DAYS}", f"must be from 0 to {MOST_DAYS}")
        problems.stop()
        assert place is not None
        span = timedelta(days=within_days)
        rows = await projects.expiring(conn, context.viewer, place.id, context.today - span, context.today + span)
    return [Expiry(row.id, (row.until_on - context.today).days) for row in rows]
