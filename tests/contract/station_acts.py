"""The acts on build-out plans, as `acts.DONE` holds all others."""

from __future__ import annotations

from typing import Any

STATIONS: dict[str, Any] = {
    "buildTargetsImport": (
        lambda _: {
            "area": "370832",
            "title": "社工站建设计划",
            "table": "乡镇,2025年,2026年,合计\n拳铺镇,1,0,1\n杨营镇,0,1,2\n总计,1,1,2",
            "goals": [{"year": 2025, "leastPercent": "50"}],
        },
        "BuildTargetsImported",
        "plan { title area { code } targets { edges { node { placeName place { code } year stations } } }"
        " goals { edges { node { year leastPercent } } } } printedTotals { axis heading printed computed agrees }",
        {
            "plan": {
                "title": "社工站建设计划",
                "area": {"code": "370832"},
                "targets": {
                    "edges": [
                        {"node": {"placeName": name, "place": {"code": code}, "year": year, "stations": stations}}
                        for name, code, cells in (("拳铺镇", "370832101", (1, 0)), ("杨营镇", "370832102", (0, 1)))
                        for year, stations in zip((2025, 2026), cells, strict=True)
                    ]
                },
                "goals": {"edges": [{"node": {"year": 2025, "leastPercent": "50.0000"}}]},
            },
            "printedTotals": [
                {
                    "axis": axis,
                    "heading": label,
                    "printed": printed,
                    "computed": computed,
                    "agrees": printed == computed,
                }
                for axis, label, printed, computed in (
                    ("ROW", "拳铺镇", 1, 1),
                    ("ROW", "杨营镇", 2, 1),
                    ("COLUMN", "2025年", 1, 1),
                    ("COLUMN", "2026年", 1, 1),
                    ("GRAND", "总计", 2, 2),
                )
            ],
        },
    ),
}
