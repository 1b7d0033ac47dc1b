"""A small world for tests that read: two counties, parties of every kind, needs, offers, matches and a plan.

Rows are written as they are stored, so that reading is tested apart from the acts. Every nullable column is null
somewhere and filled elsewhere.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from db.areas import AreaRow
from db.duties import DutyRow
from db.matches import MatchingStateRow, MatchRow, WeightSetRow
from db.needs import NeedRow
from db.offers import OfferRow
from db.parties import PartyRow
from db.plans import AllocationRow, PlanRow, ShortfallRow
from db.procedures import ProcedureRow
from db.teams import LinkageModelRow, TeamTemplateRow
from db.terms import ResourceTypeRow, TermRow

NOON = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)

#: (id, code, name, level, parent, ancestors, county, position)
AREAS: list[tuple[int, str, str, str, int | None, list[int], int | None, tuple[float, float] | None]] = [
    (1, "37", "山东省", "PROVINCE", None, [1], None, None),
    (2, "3708", "济宁市", "PREFECTURE", 1, [1, 2], None, None),
    (3, "370832", "梁山县", "COUNTY", 2, [1, 2, 3], 3, (116.096, 35.802)),
    (4, "370832101", "拳铺镇", "TOWNSHIP", 3, [1, 2, 3, 4], 3, None),
    (5, "370832102", "杨营镇", "TOWNSHIP", 3, [1, 2, 3, 5], 3, None),
    (6, "370832101201", "甲村", "VILLAGE", 4, [1, 2, 3, 4, 6], 3, (116.1, 35.7)),
    (7, "370832102201", "乙村", "VILLAGE", 5, [1, 2, 3, 5, 7], 3, None),
    (8, "370811", "任城区", "COUNTY", 2, [1, 2, 8], 8, None),
    (9, "370811101", "丙街道", "TOWNSHIP", 8, [1, 2, 8, 9], 8, None),
    (10, "3708-Z1", "高新区", "ZONE", 2, [1, 2, 10], 10, None),
]
PARTY_KINDS = ["COMMUNITY", "ORGANIZATION", "SOCIAL_WORKER", "VOLUNTEER", "DONOR_FIRM", "FUND", "ASSISTANT"]
COMMUNITIES = [6, 7, 9]


async def write(connection: AsyncConnection) -> None:
    """Everything, in one go: 7 x 3 parties, 24 needs, 24 offers, about 70 matches, 3 plans."""
    for row, values in rows().items():
        for one in values:
            await connection.execute(insert(row).values(**one))


def rows() -> dict[Any, list[dict[str, Any]]]:
    """The rows as they are written; the database numbers them from 1 in this order."""
    active = _active()
    return {
        AreaRow: [
            {
                "id": id,
                "code": code,
                "name": name,
                "full_name": "".join(AREAS[a - 1][2] for a in ancestors),
                "level": level,
                "parent_id": parent,
                "ancestor_ids": ancestors,
                "county_id": county,
                "longitude": place[0] if place else None,
                "latitude": place[1] if place else None,
            }
            for id, code, name, level, parent, ancestors, county, place in AREAS
        ],
        TermRow: _terms(),
        ResourceTypeRow: _types(),
        WeightSetRow: [
            {
                "id": 1,
                "codes": ["TYPE_FIT", "NEARNESS", "TIMELINESS", "FRESHNESS", "ROOM", "TRACK_RECORD"],
                "weights": [2500, 2000, 1500, 1500, 1500, 1000],
            }
        ],
        MatchingStateRow: [{"id": 1, "matched_on": NOON.date(), "weight_set_id": 1}],
        PartyRow: _parties(),
        NeedRow: _needs(),
        OfferRow: _offers(),
        MatchRow: _matches(),
        PlanRow: [
            {
                "area_id": area,
                "status": status,
                "created_at": NOON + timedelta(hours=n),
                "demand": 8,
                "met": 5,
                "optimal": True,
                "primal": "-123456789012345678901",
                "dual": "-123456789012345678901",
                "violations": 0,
                "solver": "network simplex",
                "seconds": 0.25,
            }
            for n, (area, status) in enumerate([(3, "SUPERSEDED"), (3, "COMPUTED"), (8, "APPROVED")])
        ],
        AllocationRow: [
            {
                "plan_id": plan,
                "need_id": need,
                "offer_id": active[need * 5 % len(active)],
                "quantity": need,
                "score": need / 32,
                # The first plan is from before choices were explained.
                **(_choice(need, 7 if plan == 2 else 6, active) if plan > 1 else {}),
            }
            for plan, needs in ((1, (1, 2, 4)), (2, (1, 2, 4, 5)), (3, (3, 6)))
            for need in needs
        ],
        ShortfallRow: [
            {
                "plan_id": plan,
                "need_id": 7,
                "quantity": 2,
                "reasons": [
                    {
                        "code": "COVERAGE",
                        "text_zh": "不在服务区域内",
                        "text_en": "outside the coverage",
                        "remedy_zh": None,
                        "remedy_en": None,
                    }
                ],
            }
            for plan in (1, 2)
        ],
        TeamTemplateRow: [
            {
                "id": n,
                "code": code,
                "label_zh": name,
                "label_en": code.title(),
                "is_linkage_model": is_model,
                "position": n,
                "roles": [
                    {
                        "society": "VOLUNTEER",
                        "resource_type": None if is_model else "COUNSELLING",
                        "label_zh": "志愿者",
                        "label_en": "Volunteer",
                        "source": "出处",
                    }
                ],
            }
            for n, (code, name, is_model) in enumerate([("FIVE", "五社联动", True), ("NURSE", "护工组", False)], 1)
        ],
        DutyRow: [
            {
                "id": n,
                "code": f"D{n}",
                "level": level,
                "area_id": area,
                "title_zh": "走访",
                "title_en": "Visit",
                "text_zh": "走访居民",
                "text_en": "Visit residents",
                "since_on": since,
                "until_on": until,
                "source": "出处",
                "position": 10 - n,
            }
            for n, (level, area, since, until) in enumerate(
                [
                    ("COUNTY", None, None, None),
                    ("TOWNSHIP", 3, date(2026, 3, 1), None),
                    ("VILLAGE", 8, None, date(2026, 4, 1)),
                ],
                1,
            )
        ],
        ProcedureRow: [
            {
                "id": n,
                "code": f"P{n}",
                "area_id": area,
                "title_zh": "个案",
                "title_en": "Casework",
                "since_on": None,
                "until_on": date(2026, 4, 1) if area else None,
                "position": 0,
                "steps": [
                    {
                        "code": "INTAKE",
                        "title_zh": "接案",
                        "title_en": "Intake",
                        "text_zh": "了解情况",
                        "text_en": "Learn what is asked",
                        "society": "SOCIAL_WORKER" if area else None,
                        "level": None if area else "TOWNSHIP",
                        "referral_steps": ["request"],
                        "source": "出处",
                    }
                ],
            }
            for n, area in enumerate((3, None), 1)
        ],
        LinkageModelRow: [
            {"area_id": area, "template_id": 1, "since_on": NOON.date(), "citation": None, "created_at": NOON}
            for area in (3, 8)
        ],
    }


def _choice(need: int, behind: int, active: list[int]) -> dict[str, Any]:
    """What stood behind an allocation; nobody for the sixth need's."""
    if need == 6:
        return {"parts": [9_000, 5_000, 7_000, 1_000, 10_000, 0], "weight_set_id": 1}
    return {
        "parts": [9_000, 5_000, 7_000, 1_000, 10_000, 0],
        "weight_set_id": 1,
        "next_offer_id": active[need * 3 % len(active)],
        "next_score": need / 64,
        "next_left": need % 2,
        "next_need_id": behind,
        "passed_code": "LOWER_SCORE",
        "passed_own": 0.5,
        "passed_other": 0.25,
    }


def _terms() -> list[dict[str, Any]]:
    terms = [
        (1, "client_group", "LEFT_BEHIND", "农村三留守", "Left behind", None, [1], [1, 2]),
        (2, "client_group", "LEFT_BEHIND_CHILD", "留守儿童", "Left-behind children", 1, [1, 2], [2]),
        (3, "client_group", "DISABLED", "残疾人", "Disabled persons", None, [3], [3]),
        (4, "domain", "CHILD_PROTECTION", "儿童关爱保护", "Child protection", None, [4], [2]),
        (5, "industry", "EDUCATION", "教育服务", "Education", None, [5], []),
        (6, "fund_source", "CHARITY", "慈善资金", "Charity", None, [6], []),
        (7, "channel", "HOTLINE_12345", "12345热线", "Hotline 12345", None, [7], []),
    ]
    names = ("id", "scheme", "code", "label_zh", "label_en", "parent_id", "ancestor_ids", "group_ids")
    return [{**dict(zip(names, one, strict=True)), "position": one[0]} for one in terms]


def _types() -> list[dict[str, Any]]:
    types = [
        (1, "AIDS", "辅具", "Assistive devices", "GOODS", "件", None, [1], 1),
        (2, "WHEELCHAIR", "轮椅", "Wheelchair", "GOODS", "辆", 1, [1, 2], 1),
        (3, "MONEY", "资金", "Money", "FUNDS", "元", None, [3], 3),
        (4, "COUNSELLING", "心理疏导", "Counselling", "SERVICE", "人次", None, [4], 4),
    ]
    names = ("id", "code", "label_zh", "label_en", "kind", "unit", "parent_id", "ancestor_ids", "root_id")
    return [{**dict(zip(names, one, strict=True)), "position": one[0]} for one in types]


def _parties() -> list[dict[str, Any]]:
    parties = []
    for home in COMMUNITIES:
        for kind in PARTY_KINDS:
            filled = home == 6
            parties.append(
                {
                    "kind": kind,
                    "name": f"{AREAS[home - 1][2]}{kind.title()}",
                    "area_id": home,
                    "county_id": AREAS[home - 1][6],
                    "credit_code": f"C{home}{kind}" if filled and kind in ("ORGANIZATION", "DONOR_FIRM") else None,
                    "founded_on": date(2020, 5, 4) if filled and kind == "ORGANIZATION" else None,
                    "headcount": (30 if filled else 1) if kind == "VOLUNTEER" else None,
                    "industry_id": 5 if filled and kind == "DONOR_FIRM" else None,
                    "source_id": 6 if filled and kind == "FUND" else None,
                }
            )
    return parties


def community(n: int) -> int:
    """Party id of the n-th community (0, 1, 2)."""
    return 1 + n * len(PARTY_KINDS)


def _needs() -> list[dict[str, Any]]:
    needs = []
    for n in range(24):
        home = COMMUNITIES[n % 3]
        needs.append(
            {
                "title": ["轮椅一辆", "心理疏导 Counselling", "助学金", "生活补助"][n % 4] + str(n // 4),
                "community_id": community(n % 3),
                "area_id": home,
                "county_id": AREAS[home - 1][6],
                "resource_type_id": [2, 4, 3, 1][n % 4],
                "client_group_ids": [[], [2], [3, 2], [1]][n % 4],
                "quantity": n + 1,
                "committed": n % 2,
                "priority": ["ROUTINE", "URGENT", "ASAP", "STAT"][n // 2 % 4],
                "needed_from": date(2026, 3, 1) if n % 5 == 0 else None,
                "needed_by": date(2026, 4, 1) + timedelta(days=n) if n % 3 else None,
                "channel_id": 7 if n % 4 == 0 else None,
                "status": "OPEN" if n < 20 else ["MET", "CLOSED", "WITHDRAWN", "OPEN"][n - 20],
                # Several needs share a moment, so that the order needs its last column.
                "created_at": NOON + timedelta(minutes=n // 3),
            }
        )
    return needs


def _offers() -> list[dict[str, Any]]:
    offers = []
    for n in range(24):
        home = COMMUNITIES[n % 3]
        offers.append(
            {
                "title": ["爱心轮椅", "心灵驿站", "助学基金", "辅具租借"][n % 4] + str(n // 4),
                "provider_id": 1 + n % 21,
                "area_id": home,
                "county_id": AREAS[home - 1][6],
                "resource_type_id": [2, 4, 3, 1][n % 4],
                "capacity": 10 * (n + 1),
                "committed": n,
                "coverage_ids": [[3], [4, 5], [6], [1]][n % 4],
                "client_group_ids": [[], [1]][n % 2],
                "minimum_per_need": 1,
                "maximum_per_need": 5 if n % 3 else None,
                "available_from": date(2026, 1, 1) if n % 2 else None,
                "available_until": date(2027, 1, 1) if n % 4 else None,
                "earmark_id": 2 if n % 6 == 0 else None,
                "status": ["ACTIVE", "ACTIVE", "ACTIVE", "PAUSED", "DRAFT", "ACTIVE", "WITHDRAWN", "ACTIVE"][n % 8],
                "confirmed_at": NOON - timedelta(days=n // 2, microseconds=n),
            }
        )
    return offers


def _active() -> list[int]:
    """Ids of offers that can be matched and planned."""
    return [n + 1 for n, one in enumerate(_offers()) if one["status"] == "ACTIVE"]


def _matches() -> list[dict[str, Any]]:
    active = _active()
    matches = []
    for need in range(1, 21):
        for rank in range(need % 8):
            offer = active[(need * 3 + rank) % len(active)]
            parts = [9000 - 500 * rank, 5000, 7000, 1000 * (need % 10), 10000, 0]
            weights = [2500, 2000, 1500, 1500, 1500, 1000]
            matches.append(
                {
                    "need_id": need,
                    "offer_id": offer,
                    "score": sum(p * w for p, w in zip(parts, weights, strict=True)) / 1e8,
                    "quantity": rank + 1,
                    "parts": parts,
                    "weight_set_id": 1,
                }
            )
    return matches
