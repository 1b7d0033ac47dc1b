"""Money of each kind, for the acts on it: built with the other scenery, cloned with it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from acts import gid
from small_county import COUNTY, TODAY, VILLAGE, County

from resolvers import donations, funds, parties, payments, records


async def moneyed(county: County, provider: int) -> dict[str, str]:
    """A pool with two shares (one unused), a budget line, donations, commitments, a payment; ids by name."""
    context, charity = county.context, "CHARITY"
    share: dict[str, Any] = {"contributor_id": provider, "fund_source": charity, "given_on": TODAY}
    pool = await funds.open_pool(
        context, area=COUNTY, name="整合资金池", from_on=date(2026, 1, 1), until_on=date(2028, 12, 31),
        shares=[share | {"amount": Decimal("1000.00")}],
    )  # fmt: skip
    unused = await funds.add_share(context, pool_id=pool.id, **share, amount=Decimal("5.05"))
    line = await funds.set_line(
        context, area=COUNTY, name="社工站运行", year=2026, fund_source=charity, amount=Decimal("500.00")
    )
    given: dict[str, Any] = {"area": COUNTY, "donor_id": provider, "earmark": "CHILD"}
    gift = await donations.record_donation(context, **given, amount=Decimal("300.00"))
    mistaken = await donations.record_donation(context, **given, amount=Decimal("1.00"))
    project = await records.save(context, "project", {"area": VILLAGE, "name": "社工站项目"}, id=None)
    assistant = await parties.register_assistant(context, name="助理员", area=VILLAGE)
    rule: dict[str, Any] = {
        "area": COUNTY, "code": "STIPEND", "subject": "STIPEND", "measure": "AMOUNT_A_MONTH", "bound": "EXACTLY",
        "threshold": Decimal(100), "severity": "HARD", "from_on": date(2022, 1, 1), "citation_zh": "津贴制度",
        "citation_en": "Stipends",
    }  # fmt: skip
    await records.save(context, "fund_rule", rule, id=None)
    holder = ("budget_line", line.id)
    running = await payments.commit(context, holder=holder, target=("project", project.id), amount=Decimal("100.00"))
    payment = await payments.pay(context, running.id, amount=Decimal("10.10"), pays_for="SERVICE")
    stipends = await payments.commit(context, holder=holder, target=None, amount=Decimal("200.00"))
    return {
        "pool": gid("FundPool", pool.id),
        "share": gid("PoolShare", unused.id),
        "line": gid("BudgetLine", line.id),
        "gift": gid("Donation", gift.id),
        "mistaken": gid("Donation", mistaken.id),
        "project": gid("Project", project.id),
        "assistant": gid("Assistant", assistant.id),
        "running": gid("Commitment", running.id),
        "payment": gid("Payment", payment.id),
        "stipends": gid("Commitment", stipends.id),
    }
