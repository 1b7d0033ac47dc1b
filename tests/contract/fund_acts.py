"""The acts on money, as `acts.DONE` holds all others."""

from __future__ import annotations

from typing import Any

from small_county import COUNTY

DAY = "2026-11-22"
FUNDS: dict[str, Any] = {
    "poolOpen": (
        lambda stage: {
            "area": COUNTY,
            "name": "新资金池",
            "fromOn": "2026-01-01",
            "untilOn": "2028-12-31",
            "earmark": "CHILD_PROTECTION",
            "shares": [
                {"contributorId": stage.provider, "fundSource": "CHARITY", "amount": "4500000.10", "givenOn": DAY}
            ],
        },
        "PoolOpened",
        "fundPool { name fromOn untilOn earmark { code } shares { edges { node { amount contributor { id } } } } }",
        {
            "fundPool": {
                "name": "新资金池",
                "fromOn": "2026-01-01",
                "untilOn": "2028-12-31",
                "earmark": {"code": "CHILD_PROTECTION"},
                # Text to the fen: no number on the way.
                "shares": {
                    "edges": [{"node": {"amount": "4500000.10", "contributor": {"id": "RG9ub3JGaXJtOjI="}}}],
                },
            }
        },
    ),
    "poolShareAdd": (
        lambda stage: {
            "poolId": stage.funds["pool"],
            "contributorId": stage.provider,
            "fundSource": "CHARITY",
            "amount": "99999999999.99",
            "fromOn": "2026-01-01",
            "untilOn": "2026-12-31",
        },
        "PoolShareAdded",
        "poolShare { amount givenOn fromOn untilOn reversedOn fundSource { code } pool { name } area { code } }",
        {
            "poolShare": {
                "amount": "99999999999.99",
                "givenOn": DAY,
                "fromOn": "2026-01-01",
                "untilOn": "2026-12-31",
                "reversedOn": None,
                "fundSource": {"code": "CHARITY"},
                "pool": {"name": "整合资金池"},
                "area": {"code": COUNTY},
            }
        },
    ),
    "poolShareReverse": (
        lambda stage: {"id": stage.funds["share"]},
        "PoolShareReversed",
        "poolShare { amount reversedOn }",
        {"poolShare": {"amount": "5.05", "reversedOn": DAY}},
    ),
    "budgetLineSet": (
        lambda stage: {"id": stage.funds["line"], "amount": "300.00"},
        "BudgetLineSet",
        "budgetLine { name year amount pool { name } commitments { totalCount } }",
        {
            "budgetLine": {
                "name": "社工站运行",
                "year": 2026,
                "amount": "300.00",
                "pool": None,
                "commitments": {"totalCount": 2},
            }
        },
    ),
    "donationRecord": (
        lambda stage: {
            "area": COUNTY,
            "donorId": stage.provider,
            "amount": "0.01",
            "donatedOn": "2026-11-01",
            "earmark": "ORPHAN",
        },
        "DonationRecorded",
        "donation { amount donatedOn origin donor { name } earmark { code } }",
        {
            "donation": {
                "amount": "0.01",
                "donatedOn": "2026-11-01",
                "origin": "GIVEN",
                "donor": {"name": "拳铺爱心公司"},
                "earmark": {"code": "ORPHAN"},
            }
        },
    ),
    "donationRedirect": (
        lambda stage: {
            "id": stage.funds["gift"],
            "amount": "100.00",
            "earmark": "ELDER",
            "consentById": stage.provider,
            "consentedOn": DAY,
            "consentReference": "〔2026〕17号",
        },
        "DonationRedirected",
        "donation { amount origin consentedOn consentReference earmark { code } consentBy { name }"
        " originDonation { amount } }",
        {
            "donation": {
                "amount": "100.00",
                "origin": "REDIRECTED",
                "consentedOn": DAY,
                "consentReference": "〔2026〕17号",
                "earmark": {"code": "ELDER"},
                "consentBy": {"name": "拳铺爱心公司"},
                "originDonation": {"amount": "300.00"},
            }
        },
    ),
    "donationReverse": (
        lambda stage: {"id": stage.funds["mistaken"]},
        "DonationReversed",
        "donation { reversedOn }",
        {"donation": {"reversedOn": DAY}},
    ),
    "surplusClose": (
        lambda stage: {"id": stage.funds["gift"], "earmark": "ORPHAN"},
        "SurplusClosed",
        "donation { amount origin earmark { code } originDonation { closedOn } }",
        {
            "donation": {
                "amount": "300.00",
                "origin": "SURPLUS",
                "earmark": {"code": "ORPHAN"},
                "originDonation": {"closedOn": DAY},
            }
        },
    ),
    "fundCommit": (
        lambda stage: {
            "fromId": stage.funds["gift"],
            "forId": stage.funds["project"],
            "amount": "33.33",
            "benefit": "ORPHAN",
        },
        "FundCommitted",
        "commitment { amount paid released purpose committedOn benefit { code } fundSource { code }"
        " donation { amount } project { name } pool { id } marks { code } }",
        {
            "commitment": {
                "amount": "33.33",
                "paid": "0.00",
                "released": "0.00",
                "purpose": "PROJECT",
                "committedOn": DAY,
                "benefit": {"code": "ORPHAN"},
                "fundSource": {"code": "CHARITY"},
                "donation": {"amount": "300.00"},
                "project": {"name": "社工站项目"},
                "pool": None,
                "marks": [],
            }
        },
    ),
    "commitmentRelease": (
        lambda stage: {"id": stage.funds["running"], "amount": "0.90"},
        "CommitmentReleased",
        "commitment { amount paid released }",
        {"commitment": {"amount": "100.00", "paid": "10.10", "released": "0.90"}},
    ),
    "fundPay": (
        lambda stage: {
            "commitmentId": stage.funds["running"],
            "amount": "89.90",
            "paysFor": "STAFF",
            "payeeId": stage.provider,
            "voucher": "2026-11-0007",
        },
        "FundPaid",
        "payment { amount paidOn paysFor voucher payee { name } commitment { paid } }",
        {
            "payment": {
                "amount": "89.90",
                "paidOn": DAY,
                "paysFor": "STAFF",
                "voucher": "2026-11-0007",
                "payee": {"name": "拳铺爱心公司"},
                "commitment": {"paid": "100.00"},
            }
        },
    ),
    "stipendPay": (
        lambda stage: {"commitmentId": stage.funds["stipends"], "monthOn": "2026-10-01"},
        "StipendsPaid",
        "commitment { paid payments { edges { node { amount monthOn paysFor payee { name } } } } }",
        {
            "commitment": {
                "paid": "100.00",
                "payments": {
                    "edges": [
                        {
                            "node": {
                                "amount": "100.00",
                                "monthOn": "2026-10-01",
                                "paysFor": "STIPEND",
                                "payee": {"name": "助理员"},
                            }
                        }
                    ]
                },
            }
        },
    ),
    "paymentReverse": (
        lambda stage: {"id": stage.funds["payment"]},
        "PaymentReversed",
        "payment { amount reversedOn commitment { paid amount } }",
        {"payment": {"amount": "10.10", "reversedOn": DAY, "commitment": {"paid": "0.00", "amount": "100.00"}}},
    ),
}
