"""The acts on services and certificates, as `acts.DONE` holds all others."""

from __future__ import annotations

from typing import Any

SERVICES: dict[str, Any] = {
    "serviceRecord": (
        lambda stage: {
            "referralId": stage.referrals["IN_PROGRESS"],
            "kind": "MONEY_PAID",
            "servedOn": "2026-11-22",
            "persons": 1,
            "amount": "300.50",
            "note": "交通补助",
        },
        "ServiceRecorded",
        "service { kind servedOn persons amount quantity hours note side referral { status } replacedBy { id } }",
        {
            "service": {
                "kind": "MONEY_PAID",
                "servedOn": "2026-11-22",
                "persons": 1,
                "amount": "300.50",
                "quantity": None,
                "hours": None,
                "note": "交通补助",
                "side": "COORDINATOR",
                "referral": {"status": "IN_PROGRESS"},
                "replacedBy": None,
            }
        },
    ),
    "serviceCorrect": (
        lambda stage: {
            "id": stage.service,
            "kind": "VISIT",
            "servedOn": "2026-11-22",
            "persons": 1,
            "personTimes": 2,
            "note": "是走访",
        },
        "ServiceCorrected",
        "service { kind persons personTimes quantity withdrawn replaces { kind quantity replacedBy { kind } } }",
        {
            "service": {
                "kind": "VISIT",
                "persons": 1,
                "personTimes": 2,
                "quantity": None,
                "withdrawn": False,
                "replaces": {"kind": "GOODS_DELIVERED", "quantity": 1, "replacedBy": {"kind": "VISIT"}},
            }
        },
    ),
    "certificateIssue": (
        lambda stage: {"volunteerId": stage.volunteer, "from": "2026-11-01", "until": "2026-11-22"},
        "CertificateIssued",
        "certificate { status volunteerName hours minutes services fromOn untilOn issuedOn organizer"
        " volunteer { name hours certificates { totalCount } } }",
        {
            "certificate": {
                "status": "VALID",
                "volunteerName": "王小明",
                "hours": "1.67",
                "minutes": 100,
                "services": 1,
                "fromOn": "2026-11-01",
                "untilOn": "2026-11-22",
                "issuedOn": "2026-11-22",
                "organizer": "山东省济宁市梁山县拳铺镇甲村 甲村社区",
                "volunteer": {"name": "王小明", "hours": "1.67", "certificates": {"totalCount": 1}},
            }
        },
    ),
    "certificateRevoke": (
        lambda stage: {"id": stage.certificate, "reason": "姓名有误"},
        "CertificateRevoked",
        "certificate { status reason endedAt }",
        {
            "certificate": {
                "status": "REVOKED",
                "reason": "姓名有误",
                "endedAt": "2026-11-22T04:00:00+00:00",
            }
        },
    ),
}
