"""The acts on evaluations, as `acts.DONE` holds all others."""

from __future__ import annotations

from typing import Any

from small_county import COUNTY, OTHER_TOWN

EVALUATIONS: dict[str, Any] = {
    "indicatorsLoad": (
        lambda _: {
            "area": COUNTY,
            "code": "SL-NEW",
            "title": "新示例标准(虚构)",
            "citation": "虚构示例",
            "from": "2026-01-01",
            "fullScore": "10",
            "grades": [
                {"name": "合格", "least": "6", "passes": True},
                {"name": "不合格", "least": "0", "passes": False},
            ],
            "rows": [
                {"code": "1", "title": "阵地", "weight": "4", "level": 1},
                {"code": "1.1", "parent": "1", "title": "用房", "weight": "4", "evidence": "照片"},
                {"code": "2", "title": "服务", "weight": "6"},
            ],
        },
        "IndicatorsLoaded",
        "evaluationStandard { code version title fullScore levels leaves fromOn untilOn citation"
        " grades { edges { node { name least passes } } }"
        " indicators { edges { node { code level leaf weight evidence parent { code } } } } }",
        {
            "evaluationStandard": {
                "code": "SL-NEW",
                "version": 1,
                "title": "新示例标准(虚构)",
                "fullScore": "10.0000",
                "levels": 2,
                "leaves": 2,
                "fromOn": "2026-01-01",
                "untilOn": None,
                "citation": "虚构示例",
                "grades": {
                    "edges": [
                        {"node": {"name": "合格", "least": "6.0000", "passes": True}},
                        {"node": {"name": "不合格", "least": "0.0000", "passes": False}},
                    ]
                },
                "indicators": {
                    "edges": [
                        {"node": node}
                        for node in (
                            {
                                "code": "1",
                                "level": 1,
                                "leaf": False,
                                "weight": "4.0000",
                                "evidence": None,
                                "parent": None,
                            },
                            {
                                "code": "1.1",
                                "level": 2,
                                "leaf": True,
                                "weight": "4.0000",
                                "evidence": "照片",
                                "parent": {"code": "1"},
                            },
                            {
                                "code": "2",
                                "level": 1,
                                "leaf": True,
                                "weight": "6.0000",
                                "evidence": None,
                                "parent": None,
                            },
                        )
                    ]
                },
            }
        },
    ),
    "evaluationScore": (
        lambda stage: {
            "id": stage.evaluations["EMPTY"],
            "scores": [{"code": "1", "points": "39.5", "evidence": "现场照片"}, {"code": "2", "points": "0"}],
        },
        "EvaluationScored",
        "evaluation { status score scores { edges { node { indicator { code } points evidence } } } }",
        {
            "evaluation": {
                "status": "DRAFT",
                "score": None,
                "scores": {
                    "edges": [
                        {"node": {"indicator": {"code": "1"}, "points": "39.5000", "evidence": "现场照片"}},
                        {"node": {"indicator": {"code": "2"}, "points": "0.0000", "evidence": None}},
                    ]
                },
            }
        },
    ),
    "evaluationSubmit": (
        lambda stage: {"id": stage.evaluations["SCORED"]},
        "EvaluationSubmitted",
        "evaluation { status score grade { name passes } submittedOn kind year }",
        {
            "evaluation": {
                "status": "SUBMITTED",
                "score": "70.5000",
                "grade": {"name": "合格", "passes": True},
                "submittedOn": "2026-11-22",
                "kind": "SELF",
                "year": 2026,
            }
        },
    ),
    "evaluationReopen": (
        lambda stage: {"id": stage.evaluations["SUBMITTED"], "reason": "一项打错"},
        "EvaluationReopened",
        "evaluation { status score grade { name } submittedOn scores { totalCount } }",
        {
            "evaluation": {
                "status": "DRAFT",
                "score": None,
                "grade": None,
                "submittedOn": None,
                "scores": {"totalCount": 2},
            }
        },
    ),
    "sampleDraw": (
        lambda _: {"area": OTHER_TOWN, "year": 2026, "share": "0.3", "seed": "抽签日"},
        "SampleDrawn",
        "evaluationSample { year number seed seedGiven algorithm share frameSize drawnCount drawnOn reason"
        " members { edges { node { place drawn station { name } } } } }",
        {
            "evaluationSample": {
                "year": 2026,
                "number": 1,
                "seed": "抽签日",
                "seedGiven": True,
                "algorithm": "SHA256-RANK-1",
                "share": "0.3000",
                "frameSize": 1,
                "drawnCount": 1,
                "drawnOn": "2026-11-22",
                "reason": None,
                "members": {
                    "edges": [{"node": {"place": 1, "drawn": True, "station": {"name": "梁山县杨营镇社会工作站"}}}]
                },
            }
        },
    ),
}
