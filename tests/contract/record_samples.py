"""What the tests of records cannot guess from a declaration: a name of a certain form, numbers that must fit together.

SAMPLES: fields of the first record of a kind, by the contract's names; None leaves one out. MADE: how a record comes to
be whose kind has no save act: (act, what is given, path to the id in the answer).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from small_county import VILLAGE

#: Given the ids of what is there already: kinds of records by table, and "community", "provider", "worker", "need", ...
Things = dict[str, str]

SAMPLES: dict[str, dict[str, Any]] = {
    "award": {"stationId": None},
    "case_file": {"closedOn": None, "outcome": None, "closeReason": None},
    "case_step": {"step": "INTAKE"},
    "visit_plan": {"grade": None},
    "programme": {"team": None},
    "sponsorship": {"stationId": None, "team": None},
    "rule_document": {"address": "https://example.org/rules"},
    "station": {"tier": "STATION", "setting": "LARGE_COMMUNITY"},
    "station_standard": {"form": "{village}社会工作站", "item": None, "ruleKind": None},
    "profile_item": {"domain": None},
    "project_role": {"role": "OPERATOR"},
    "post": {"stipend": None},
    "fund_rule": {
        "subject": "POST",
        "measure": "AGE",
        "threshold": "150.0000",
        "base": None,
        "yearsBack": None,
        "scope": "EACH",
        "severity": "SOFT",
    },
    "supervision": {"kind": "PROFESSIONAL", "level": None, "workerId": None, "nextOn": None},
    "evaluation": {"year": 2026, "kind": "SELF"},
    "enrolment": {"workerId": None, "persons": 2, "personTimes": 3},
    "talent_plan": {"measure": "CERTIFICATES", "traineeKind": None},
    "talent_target": {"year": 2026},
}
#: Changes to a record of a kind that are allowed, where changing its first text or number is not.
CHANGES: dict[str, dict[str, Any]] = {
    "programme": {"purpose": "改过的内容"},
    "sponsorship": {"what": "改过的内容"},
}
_SHARE = {"fundSource": "CHARITY", "amount": "5000.00", "givenOn": "2026-11-22"}
_CYCLE = {"fromOn": "2026-01-01", "untilOn": "2028-12-31"}
MADE: dict[str, tuple[str, Callable[[Things], dict[str, Any]], str]] = {
    "fund_pool": (
        "poolOpen",
        lambda things: (
            {
                "area": VILLAGE,
                "name": "示例资金池",
                "shares": [{"contributorId": things["organization"]} | _SHARE],
            }
            | _CYCLE
        ),
        "PoolOpened.fundPool",
    ),
    "pool_share": (
        "poolShareAdd",
        lambda things: {"poolId": things["fund_pool"], "contributorId": things["organization"]} | _SHARE | _CYCLE,
        "PoolShareAdded.poolShare",
    ),
    "budget_line": (
        "budgetLineSet",
        lambda things: {
            "name": "示例预算项",
            "year": 2026,
            "fundSource": "CHARITY",
            "poolId": things["fund_pool"],
            "amount": "1000.00",
        },
        "BudgetLineSet.budgetLine",
    ),
    "donation": (
        "donationRecord",
        lambda things: {"area": VILLAGE, "donorId": things["organization"], "amount": "100.50"},
        "DonationRecorded.donation",
    ),
    "commitment": (
        "fundCommit",
        lambda things: {"fromId": things["budget_line"], "forId": things["project"], "amount": "100.50"},
        "FundCommitted.commitment",
    ),
    "payment": (
        "fundPay",
        lambda things: {"commitmentId": things["commitment"], "amount": "1.00", "paysFor": "SERVICE"},
        "FundPaid.payment",
    ),
    "report": (
        "reportSubmit",
        lambda _: {"area": VILLAGE, "cadence": "MONTH", "period": "2026-10"},
        "ReportSubmitted.report",
    ),
    "client": ("clientOpen", lambda things: {"area": VILLAGE, "code": "示例档案"}, "ClientOpened.client"),
    "consent": (
        "consentGive",
        lambda things: {
            "clientId": things["client"],
            "purpose": "STORE",
            "givenBy": "CLIENT",
            "givenOn": "2026-11-22",
            "evidence": "示例同意书",
        },
        "ConsentGiven.consent",
    ),
    "evaluation_standard": (
        "indicatorsLoad",
        lambda _: {
            "area": VILLAGE,
            "code": "示例",
            "title": "示例标准(虚构)",
            "citation": "虚构示例",
            "rows": [{"code": "1", "title": "总分", "weight": "100"}],
        },
        "IndicatorsLoaded.evaluationStandard",
    ),
}
