"""A county with money: contributors, a fund under a rule, an order of money, a project; and a way to read the books."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from small_county import COUNTY, HERE, OTHER_COUNTY, TODAY, TOWN, VILLAGE, County, found

from exchange.vocabulary import AreaRecord, TermRecord
from resolvers import funds, parties, payments, records
from resolvers.vocabulary import load

TERMS = (
    TermRecord(HERE, "domain", "ELDERLY_CARE", None, "养老服务", "Elderly care"),
    TermRecord(HERE, "client_group", "EMPTY_NEST", None, "空巢老人", "Empty-nest elder", (), ("ELDERLY_CARE",)),
    TermRecord(HERE, "fund_source", "HARDSHIP_SUBSIDY", None, "困难群众救助补助资金", "Hardship subsidy funds"),
    TermRecord(HERE, "fund_source", "WELFARE_LOTTERY", None, "福彩公益金", "Welfare lottery fund"),
    TermRecord(HERE, "rule_base", "SPECIAL", None, "社会救助专项经费", "Special funds for social assistance"),
    TermRecord(HERE, "rule_base", "PROJECT_TOTAL", None, "项目总经费", "Total of the project"),
)
#: A place of another county, where people ask for money too.
STREET = AreaRecord(HERE, "370811001", "阜桥街道", "TOWNSHIP", OTHER_COUNTY, "山东省济宁市任城区阜桥街道")
BOOKS = (
    "fund_pool", "pool_share", "budget_line", "donation", "commitment", "payment", "account", "journal", "posting",
    "event", "idempotency", "record_version",
)  # fmt: skip


def yuan(text: str) -> Decimal:
    return Decimal(text)


@dataclass
class Money:
    """The county, and ids of what stands in it."""

    county: County
    office: int
    firm: int
    project: int

    @property
    def context(self) -> Any:
        return self.county.context

    async def pool(self, *shares: tuple[str, str], earmark: str | None = None, name: str = "整合资金") -> int:
        """A pool of the county from shares of (source, yuan) of the office."""
        given = [
            {"contributor_id": self.office, "fund_source": source, "amount": yuan(amount), "given_on": date(2026, 1, 5)}
            for source, amount in shares
        ]
        done = await funds.open_pool(
            self.context, area=COUNTY, name=name, from_on=date(2026, 1, 1), until_on=date(2028, 12, 31),
            earmark=earmark, shares=given,
        )  # fmt: skip
        return done.id

    async def line(self, amount: str, source: str = "HARDSHIP_SUBSIDY", **given: Any) -> int:
        values = {"area": COUNTY, "name": "购买服务", "year": 2026, "fund_source": source, "on": date(2026, 1, 6)}
        return (await funds.set_line(self.context, amount=yuan(amount), **(values | given))).id

    async def commit(self, holder: tuple[str, int], amount: str, **given: Any) -> int:
        values: dict[str, Any] = {"target": ("project", self.project)} | given
        return (await payments.commit(self.context, holder=holder, amount=yuan(amount), **values)).id

    async def pay(self, commitment: int, amount: str, **given: Any) -> int:
        values: dict[str, Any] = {"pays_for": "SERVICE"} | given
        return (await payments.pay(self.context, commitment, amount=yuan(amount), **values)).id

    async def rule(self, **given: Any) -> int:
        """A rule of the county: at most 2% of the special funds of this year, unless told otherwise."""
        values: dict[str, Any] = {
            "area": COUNTY, "code": "SHARE", "subject": "FUND_SPENDING", "measure": "AMOUNT", "bound": "AT_MOST",
            "threshold": yuan("0.02"), "base": "SPECIAL", "years_back": 0, "scope": "COUNTY",
            "fund_sources": ["HARDSHIP_SUBSIDY"], "severity": "HARD", "from_on": date(2021, 1, 1),
            "citation_zh": "某办法第三条", "citation_en": "Some measures, art. 3",
        }  # fmt: skip
        return (await records.save(self.context, "fund_rule", values | given, id=None)).id

    async def base(self, amount: str, year: int = 2026, id: int | None = None) -> int:
        values: dict[str, Any] = {"amount": yuan(amount)}
        if id is None:
            values |= {"area": COUNTY, "base": "SPECIAL", "year": year}
        return (await records.save(self.context, "base_amount", values, id=id)).id

    async def balance(self, kind: str, subject: int) -> Decimal:
        """Of an account, as its postings say; the balance it keeps itself is the same."""
        row = await self.county.one(
            "SELECT a.balance, coalesce(sum(p.amount), 0) FROM account a LEFT JOIN posting p ON p.account_id = a.id"
            " WHERE a.kind = CAST(:kind AS account_kind) AND a.subject_id = :id GROUP BY a.id",
            kind=kind,
            id=subject,
        )
        assert row[0] == row[1]
        return Decimal(row[0])

    async def books(self) -> list[Any]:
        """Every row that an act on money writes: compared before and after a refusal."""
        return [await self.county.rows(f"SELECT to_jsonb(t) FROM {name} t ORDER BY 1") for name in BOOKS]  # noqa: S608


@asynccontextmanager
async def with_money(url: str) -> AsyncIterator[Money]:
    database, county = await found(url)
    await load(county.context, areas=[STREET], terms=TERMS)
    office = (await parties.register_organization(county.context, name="县民政局", area=COUNTY)).id
    firm = await county.provider(TOWN)
    project = await records.save(county.context, "project", {"area": TOWN, "name": "社工站项目"}, id=None)
    try:
        yield Money(county, office, firm, project.id)
    finally:
        await database.close()


__all__ = ["BOOKS", "COUNTY", "STREET", "TODAY", "TOWN", "VILLAGE", "Money", "with_money", "yuan"]
