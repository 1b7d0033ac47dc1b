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
MADE: dict[str, tuple[str, Callable[[Things], dict[str, Any]], str]] = {
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
