"""The acts on client files, as `acts.DONE` holds all others."""

from __future__ import annotations

from datetime import date
from typing import Any

from persons import number
from small_county import VILLAGE

_READING = "reading { readerRole purpose shown client { code } referral { status } }"
CASES: dict[str, Any] = {
    "clientOpen": (
        lambda stage: {
            "area": VILLAGE,
            "code": "2026-003",
            "groups": ["ORPHAN"],
            "identity": {
                "name": "陈小草",
                "identityNumber": number(date(2015, 5, 4)),
                "guardianName": "陈大树",
                "guardianPhone": "138 0000 5678",
            },
            "consent": {
                "purpose": "STORE",
                "givenBy": "GUARDIAN",
                "givenOn": "2026-11-20",
                "untilOn": "2027-11-19",
                "evidence": "监护人同意书 2026-3 号",
            },
        },
        "ClientOpened",
        "client { code isMinor openedOn grade groups { code } area { code }"
        " identity { name phone identityNumber guardianName guardianPhone bornOn }"
        " consents { totalCount edges { node { purpose givenBy untilOn } } } }",
        {
            "client": {
                "code": "2026-003",
                "isMinor": True,
                "openedOn": "2026-11-22",
                "grade": None,
                "groups": [{"code": "ORPHAN"}],
                "area": {"code": VILLAGE},
                "identity": {
                    "name": "陈**",
                    "phone": None,
                    "identityNumber": "*" * 14 + number(date(2015, 5, 4))[-4:],
                    "guardianName": "陈**",
                    "guardianPhone": "138****5678",
                    "bornOn": None,
                },
                "consents": {
                    "totalCount": 1,
                    "edges": [{"node": {"purpose": "STORE", "givenBy": "GUARDIAN", "untilOn": "2027-11-19"}}],
                },
            }
        },
    ),
    "clientChange": (
        lambda stage: {
            "id": stage.files["client"],
            "code": "2026-001 甲",
            "identity": {"phone": "0537-7320000", "address": None},
        },
        "ClientChanged",
        "client { code isMinor identity { name phone address } }",
        {
            "client": {
                "code": "2026-001 甲",
                "isMinor": False,
                "identity": {"name": "王**", "phone": "053****0000", "address": None},
            }
        },
    ),
    "consentGive": (
        lambda stage: {
            "clientId": stage.files["client"],
            "purpose": "STORE",
            "givenBy": "CLIENT",
            "givenOn": "2026-11-22",
            "evidence": "同意书 2026-9 号",
        },
        "ConsentGiven",
        "consent { purpose givenBy givenOn untilOn evidence revokedOn client { code } party { name } }",
        {
            "consent": {
                "purpose": "STORE",
                "givenBy": "CLIENT",
                "givenOn": "2026-11-22",
                "untilOn": None,
                "evidence": "同意书 2026-9 号",
                "revokedOn": None,
                "client": {"code": "2026-001"},
                "party": None,
            }
        },
    ),
    "consentRevoke": (
        lambda stage: {"id": stage.files["consent"], "reason": "本人来站撤回"},
        "ConsentRevoked",
        "consent { purpose revokedOn client { code } }",
        {"consent": {"purpose": "SHARE", "revokedOn": "2026-11-22", "client": {"code": "2026-001"}}},
    ),
    "identityRead": (
        lambda stage: {"clientId": stage.files["client"], "purpose": "上门走访前核对住址"},
        "IdentityRead",
        # What is shown once is asked for in tests/postgres/test_identities.py.
        _READING,
        {
            "reading": {
                "readerRole": "ADMIN",
                "purpose": "上门走访前核对住址",
                "shown": ["address", "identity_number", "name", "phone"],
                "client": {"code": "2026-001"},
                "referral": None,
            },
        },
    ),
    "referralClientRead": (
        lambda stage: {"referralId": stage.referrals["ACCEPTED"], "purpose": "送轮椅上门"},
        "ReferralClientRead",
        _READING,
        {
            "reading": {
                "readerRole": "ADMIN",
                "purpose": "送轮椅上门",
                "shown": ["address", "name", "phone"],
                "client": {"code": "2026-001"},
                "referral": {"status": "ACCEPTED"},
            },
        },
    ),
}
