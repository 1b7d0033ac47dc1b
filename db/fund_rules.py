"""Rules as data: how much of which money, how many workers, how long an agreement. And the amounts they are shares of.

A rule says: for this subject, in this area and on these days, this measure is at most (at least, exactly) a number, or
that share of a base. A base is what a fact of the act says (the total of a project), or an amount that was entered for
an area and a year (the social-assistance spending of last year). What the numbers are stands in rows, with the
sentence they come from; `resolvers.rules` judges by them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Integer, any_, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped

from db.base import Ids
from db.records import Kind, Record, codes, day, decimal, money, one_of, term, terms, text, whole

RULE_SUBJECT = codes(
    "rule_subject",
    "RuleSubject",
    "What a rule is about. 规则对象。",
    FUND_SPENDING=("Money of some sources, committed and paid in a year.", "资金使用"),
    PROJECT_COST=("What the money of a project is paid for.", "项目支出"),
    SUBSIDY=("Money of a higher area for a station or project.", "上级补助"),
    STIPEND=("The monthly stipend of an assistant.", "助理员津贴"),
    STATION=("The workers of a station.", "社工站人员配备"),
    POST=("Who holds a post at a station.", "驻站社工条件"),
    AGREEMENT=("An agreement with an operator.", "服务协议"),
)
RULE_MEASURE = codes(
    "rule_measure",
    "RuleMeasure",
    "What a rule measures. 规则度量。",
    AMOUNT=("Yuan committed, and yuan paid, in the year.", "年度金额(元)"),
    STAFF_COST=("Yuan paid for staff of a project.", "人员经费(元)"),
    EVALUATION_PASSED=("1 where the last evaluation was passed, else 0.", "评估是否合格"),
    AMOUNT_A_MONTH=("Yuan a person a month.", "每人每月金额(元)"),
    WORKERS=("Workers of a station.", "驻站人数"),
    AGE=("Age in full years.", "年龄(周岁)"),
    COLLEGE_DEGREE=("1 with a college degree or a higher one, else 0.", "是否大专以上学历"),
    CERTIFIED_LOCAL=("1 for a certified social worker from the place, else 0.", "是否持证本地社工"),
    MONTHS=("Length of an agreement in months, begun ones counted whole.", "协议期限(月)"),
)
RULE_BOUND = codes(
    "rule_bound",
    "RuleBound",
    "On which side of its number a rule lets pass. 限制方式。",
    AT_MOST=("At most that.", "不超过"),
    AT_LEAST=("At least that.", "不低于"),
    EXACTLY=("Just that.", "等于"),
)
RULE_SCOPE = codes(
    "rule_scope",
    "RuleScope",
    "Over what a measure is taken together. 计算范围。",
    AREA=("The area of the rule as a whole.", "规则所在地区合计"),
    COUNTY=("Each county of that area by itself.", "各县分别"),
    EACH=("Each case by itself: a project, a station, a person.", "逐项"),
)
RULE_SEVERITY = codes(
    "rule_severity",
    "RuleSeverity",
    "What happens where a rule is broken. 约束力。",
    HARD=("It is refused.", "强制"),
    SOFT=("It is done and marked.", "提示"),
)


class FundRuleRow(Record):
    """A rule with its number, its days and the sentence it comes from. It holds in its area and everything below."""

    __tablename__ = "fund_rule"
    record = Kind(
        "FundRule",
        "fundRules",
        "规则",
        "rule",
        seen="PUBLIC",
        on="from_on",
        until="until_on",
        key=("code", "from_on"),
        args=(
            CheckConstraint("years_back IS NULL OR base_id IS NOT NULL", name="year_of_a_base"),
            CheckConstraint("measure <> 'AMOUNT' OR scope <> 'EACH'", name="amount_of_an_area"),
        ),
    )

    code: Mapped[str] = text("Its code, unique in its area and from its day on. 代码。")
    subject: Mapped[str] = one_of(RULE_SUBJECT, "What it is about. 规则对象。")
    measure: Mapped[str] = one_of(RULE_MEASURE, "What it measures. 度量。")
    bound: Mapped[str] = one_of(RULE_BOUND, "On which side it lets pass. 限制方式。")
    threshold: Mapped[Decimal] = decimal("The number; with a base the share of it, 0.02 for 2%. 数值或比例。")
    base_id: Mapped[int | None] = term(
        "rule_base", "Of what the threshold is a share; null: it is a number. 基数。", optional=True
    )
    years_back: Mapped[int | None] = whole(
        "Of which year the base is: 0 this year, 1 last year; null where the act itself tells it. 基数年度(0 当年)。",
        optional=True,
    )
    scope: Mapped[str] = one_of(RULE_SCOPE, "Over what it is taken together. 计算范围。", default="EACH")
    fund_source_ids: Ids = terms("fund_source", "Of which sources the money is; none: of any. 资金来源。")
    severity: Mapped[str] = one_of(RULE_SEVERITY, "Whether it refuses or marks. 约束力。")
    from_on: Mapped[date] = day("Its first day. 生效日期。")
    until_on: Mapped[date | None] = day("Its last day. 失效日期。", optional=True)
    citation_zh: Mapped[str] = text("Document and clause. 依据(中文)。", prose=True)
    citation_en: Mapped[str] = text("Document and clause in English. 依据(英文)。", prose=True)


class BaseAmountRow(Record):
    """What a rule's share is of: an amount of an area in a year, as somebody entered it from its document."""

    __tablename__ = "base_amount"
    record = Kind("BaseAmount", "baseAmounts", "基数金额", "base amount", key=("base_id", "year"))

    base_id: Mapped[int] = term("rule_base", "What it is. 基数。")
    year: Mapped[int] = whole("Of which year. 年度。", least=2000)
    amount: Mapped[Decimal] = money("Yuan. 金额(元)。")


@dataclass(frozen=True, slots=True)
class FundRule:
    """A rule as it is judged by; `sources` empty: money of any source."""

    id: int
    code: str
    subject: str
    measure: str
    bound: str
    threshold: Decimal
    base_id: int | None
    years_back: int | None
    scope: str
    sources: frozenset[int]
    severity: str
    citation_zh: str
    citation_en: str
    area_id: int


_R: Any = FundRuleRow.__table__
_B: Any = BaseAmountRow.__table__


async def in_force(
    conn: AsyncConnection,
    area_ids: Sequence[int],
    on: date,
    *,
    subject: str | None = None,
    code: str | None = None,
    lock: bool = False,
) -> list[FundRule]:
    """Rules of these areas (an area and all above it) on a day, the highest area first, then by code.

    With `lock` no save changes one before this transaction ends.
    """
    query = (
        select(_R)
        .where(
            _R.c.area_id == any_(bindparam("areas", list(area_ids), ARRAY(Integer))),
            _R.c.withdrawn_at.is_(None),
            _R.c.from_on <= on,
            or_(_R.c.until_on.is_(None), _R.c.until_on >= on),
        )
        .order_by(_R.c.id)
    )
    if subject is not None:
        query = query.where(_R.c.subject == subject)
    if code is not None:
        query = query.where(_R.c.code == code)
    if lock:
        query = query.with_for_update(read=True)
    depth = {id: place for place, id in enumerate(area_ids)}
    found = [
        FundRule(
            row.id,
            row.code,
            row.subject,
            row.measure,
            row.bound,
            row.threshold,
            row.base_id,
            row.years_back,
            row.scope,
            frozenset(row.fund_source_ids),
            row.severity,
            row.citation_zh,
            row.citation_en,
            row.area_id,
        )
        for row in await conn.execute(query)
    ]
    return sorted(found, key=lambda one: (depth[one.area_id], one.code, one.id))


async def spending_rules(conn: AsyncConnection, area_ids: Collection[int], on: date) -> list[FundRule]:
    """Hard rules on money spent in any of these areas on a day, by id."""
    rules = await in_force(conn, sorted(area_ids), on, subject="FUND_SPENDING")
    return [one for one in rules if one.measure == "AMOUNT" and one.bound == "AT_MOST" and one.severity == "HARD"]


async def limits_money(conn: AsyncConnection, on: date) -> bool:
    """Whether any rule anywhere limits money on a day."""
    found = await conn.execute(
        select(_R.c.id)
        .where(
            _R.c.subject == "FUND_SPENDING",
            _R.c.withdrawn_at.is_(None),
            _R.c.from_on <= on,
            or_(_R.c.until_on.is_(None), _R.c.until_on >= on),
        )
        .limit(1)
    )
    return found.first() is not None


async def base_amount(
    conn: AsyncConnection, area_id: int, base_id: int, year: int, *, lock: bool = False
) -> Decimal | None:
    """What was entered; None where nothing was. With `lock` no save changes it before this transaction ends."""
    query = select(_B.c.amount).where(
        _B.c.area_id == area_id, _B.c.base_id == base_id, _B.c.year == year, _B.c.withdrawn_at.is_(None)
    )
    if lock:
        query = query.with_for_update(read=True)
    amount: Decimal | None = (await conn.execute(query)).scalar_one_or_none()
    return amount


async def take_turn(conn: AsyncConnection, rule_id: int, area_id: int) -> None:
    """Whoever else counts what is used under this rule in this area waits for this transaction."""
    key = func.hashtextextended(f"fund_rule {rule_id} {area_id}", 0)
    await conn.execute(select(func.pg_advisory_xact_lock(key)))


async def every(conn: AsyncConnection) -> Sequence[Any]:
    """All rows, the withdrawn ones too."""
    return (await conn.execute(select(_R))).all()


#: What may stand in the columns of a file of rules.
COLUMN_CODES = {
    "subject": tuple(RULE_SUBJECT.values),
    "measure": tuple(RULE_MEASURE.values),
    "bound": tuple(RULE_BOUND.values),
    "scope": tuple(RULE_SCOPE.values),
    "severity": tuple(RULE_SEVERITY.values),
}
