"""What came of orders in the small world of `world.py`: referrals in every state, calls back, services, notices.

Rows are written as they are stored. Parties 1 to 7 are at home in one village, 1, 8 and 15 are the communities.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import world
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.certificates import CertificateRow
from db.cursors import global_id
from db.needs import NeedRow
from db.notices import NoticeRow
from db.offers import OfferRow
from db.referrals import FollowUpRow, ReferralRow
from db.services import ServiceRecordRow
from db.webhooks import WebhookRow

#: When tests ask: some of what is awaited is late by then, and the county's month is March.
NOW = world.NOON + timedelta(days=10)

#: (need, offer, status, followed up): offers of persons, one paused and one withdrawn since are among them.
ORDERS = [
    (1, 2, "REQUESTED", False),
    (2, 2, "ACCEPTED", False),
    (3, 3, "IN_PROGRESS", False),
    (4, 1, "ON_HOLD", False),
    (5, 3, "COMPLETED", False),
    (6, 11, "COMPLETED", True),
    (7, 4, "FAILED", False),
    (8, 23, "FAILED", True),
    (9, 6, "REJECTED", False),
    (21, 7, "CANCELLED", False),
    (22, 2, "COMPLETED", True),
    (10, 18, "REQUESTED", False),
    (12, 9, "REQUESTED", False),
    (1, 24, "COMPLETED", False),
]
STANDING = ("REQUESTED", "ACCEPTED", "IN_PROGRESS", "ON_HOLD")


async def write(connection: AsyncConnection) -> None:
    """14 referrals, 4 calls back, 7 service records, 3 certificates, 5 notices, 4 webhooks; after the small world."""
    for row, values in rows().items():
        for one in values:
            await connection.execute(insert(row).values(**one))
    for id, record in enumerate(rows()[ServiceRecordRow], 1):
        replaced = update(ServiceRecordRow).where(ServiceRecordRow.id == record["replaces_id"])
        await connection.execute(replaced.values(replaced_by_id=id))


def rows() -> dict[Any, list[dict[str, Any]]]:
    """The rows as they are written; the database numbers them from 1 in this order."""
    referrals = [_referral(n, *one) for n, one in enumerate(ORDERS)]
    return {
        ReferralRow: referrals,
        FollowUpRow: [
            {
                "referral_id": referral,
                "at": NOW - timedelta(hours=n),
                "reached": reached,
                "satisfaction": 4 if reached else None,
                "further_need": "还需要陪护" if n == 1 else None,
                "note": None if n else "电话回访",
                "side": "COMMUNITY" if n else "COORDINATOR",
            }
            for n, (referral, reached) in enumerate([(6, False), (6, True), (8, True), (11, True)])
        ],
        ServiceRecordRow: [
            _service(referrals, *one)
            for one in [
                (5, "VISIT", 1, {"persons": 2, "person_times": 3}, None),
                (5, "VISIT", 1, {"persons": 2, "person_times": 4, "reach": 9}, 1),
                (6, "HOURS", 2, {"minutes": 100}, None),
                (6, "HOURS", 2, {"withdrawn": True}, 3),
                (11, "MONEY_PAID", 4, {"amount": Decimal("1200.50"), "persons": 1}, None),
                (11, "GOODS_DELIVERED", 4, {"quantity": 1, "persons": 1}, None),
                (3, "GROUP_WORK", 6, {"sessions": 1, "persons": 5, "person_times": 5}, None),
            ]
        ],
        CertificateRow: [
            {
                "number": f"0000-0000-0000-000{n}",
                "volunteer_id": volunteer,
                "area_id": area,
                "county_id": world.AREAS[area - 1][6],
                "issuer_area_id": issuer,
                "volunteer_name": "志愿服务队",
                "is_person": volunteer == 11,
                "organizer": "甲村",
                "issuer": "梁山县",
                "minutes": 100 * n,
                "services": n,
                "from_on": date(2026, 2, 1),
                "until_on": date(2026, 2, 20 + n),
                "issued_on": date(2026, 3, n),
                "status": status,
                "ended_at": None if status == "VALID" else NOW,
                "reason": "时长有误" if status == "REVOKED" else None,
            }
            for n, (volunteer, area, issuer, status) in enumerate(
                [(4, 6, 3, "VALID"), (11, 9, 8, "REVOKED"), (11, 7, 5, "OUTDATED")], 1
            )
        ],
        NoticeRow: [
            {
                "kind": kind,
                "party_id": party,
                "area_id": area,
                "entity": "referral",
                "entity_id": referral,
                "about": [global_id(f"Referral:{referral}".encode())],
                "title_zh": "新点单",
                "title_en": "A new order",
                "body_zh": "请接单",
                "body_en": "Please answer it",
                # Several share a moment, so that the order needs its last column.
                "created_at": world.NOON + timedelta(hours=referral // 2),
                "read_at": NOW if referral % 2 else None,
                "delivered_at": NOW if referral == 2 else None,
            }
            for kind, party, area, referral in [
                ("NEW_ORDER", 2, None, 1),
                ("NEW_ORDER", 2, None, 2),
                ("OVERDUE", None, 4, 3),
                ("ESCALATED", None, 3, 3),
                ("TO_FOLLOW_UP", None, 9, 5),
            ]
        ],
        WebhookRow: [
            {
                "role": role,
                "area_id": area,
                "party_id": party,
                "url": f"https://receiver.example/{status.lower()}",
                "secret": None if status == "REMOVED" else b"secret",
                "kinds": ["referral.*", "need.submitted"],
                "scope_id": scope,
                "position": 0,
                "status": status,
                "failures": 2 if status == "FAILING" else 0,
                "failing_since": NOW if status == "FAILING" else None,
                "next_try_at": NOW + timedelta(minutes=5) if status == "FAILING" else None,
                "last_error": "STATUS" if status == "FAILING" else None,
                "last_status": 503 if status == "FAILING" else None,
                "last_delivered_at": world.NOON if status == "ACTIVE" else None,
                "created_at": world.NOON,
            }
            for role, area, party, scope, status in [
                ("ADMIN", None, None, 8, "ACTIVE"),
                ("COORDINATOR", 4, None, 6, "FAILING"),
                ("PARTNER", None, 2, None, "ACTIVE"),
                ("PARTNER", None, 2, None, "REMOVED"),
            ]
        ],
    }


def _referral(n: int, need: int, offer: int, status: str, followed: bool) -> dict[str, Any]:
    rows = world.rows()
    asked, given = rows[NeedRow][need - 1], rows[OfferRow][offer - 1]
    quantity = 1 + n % 3
    done, standing = status == "COMPLETED", status in STANDING
    started = status in ("IN_PROGRESS", "COMPLETED", "FAILED")
    closed_at = None if standing else NOW - timedelta(days=2 * n - 7)
    return {
        "need_id": need,
        "offer_id": offer,
        "community_id": asked["community_id"],
        "provider_id": given["provider_id"],
        "area_id": asked["area_id"],
        "county_id": asked["county_id"],
        "resource_type_id": asked["resource_type_id"],
        "priority": asked["priority"],
        "plan_id": 3 if n % 4 == 0 else None,
        "taken": n % 5 == 1,
        "quantity": quantity,
        "held": quantity if standing else 1 if done else 0,
        "delivered": 1 if done else None,
        "status": status,
        "reason_id": 7 if status in ("REJECTED", "ON_HOLD", "CANCELLED") else None,
        "outcome_id": 6 if done or status == "FAILED" else None,
        "note": None if n % 2 else "请上门",
        # Several are due at once, so that the order needs its last column.
        "due_at": NOW + timedelta(days=n // 2 - 3),
        "awaited": standing or (status in ("COMPLETED", "FAILED") and not followed),
        "owner_area_id": [asked["area_id"], 4, 3][n % 3],
        "escalations": n % 3,
        "requested_at": world.NOON - timedelta(days=n),
        "accepted_at": world.NOON if started or status == "ACCEPTED" else None,
        "started_at": world.NOON + timedelta(hours=1) if started else None,
        "closed_at": closed_at,
        "closed_by": None if standing else ["PROVIDER", "COMMUNITY", "SYSTEM"][n % 3],
        "followed_up_at": NOW if followed else None,
        "updated_at": NOW,
        "history": [
            {
                "status": one,
                "at": "2026-03-01T12:00:00+08:00",
                "note": None if n % 2 else "备注",
                "side": "COMMUNITY",
                "reason_zh": "时间不合适" if one == status and n % 2 else None,
                "reason_en": "Not at that time" if one == status and n % 2 else None,
            }
            for one in dict.fromkeys(("REQUESTED", status))
        ],
    }


def _service(
    referrals: list[dict[str, Any]], referral: int, kind: str, day: int, figures: dict[str, Any], replaces: int | None
) -> dict[str, Any]:
    copied = ("area_id", "county_id", "provider_id", "community_id", "resource_type_id")
    return {
        "referral_id": referral,
        **{name: referrals[referral - 1][name] for name in copied},
        "kind": kind,
        "served_on": date(2026, 3, day),
        **figures,
        "note": "更正" if replaces else None,
        "side": "PROVIDER",
        "recorded_at": NOW,
        "replaces_id": replaces,
    }
