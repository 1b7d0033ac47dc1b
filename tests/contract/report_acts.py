"""The acts on reports, as `acts.DONE` holds all others."""

from __future__ import annotations

from typing import Any

from small_county import COUNTY

REPORTS: dict[str, Any] = {
    "reportSubmit": (
        lambda _: {"area": COUNTY, "cadence": "MONTH", "period": "2026-10", "note": "十月无异常"},
        "ReportSubmitted",
        "report { cadence period fromOn untilOn note area { code } }",
        {
            "report": {
                "cadence": "MONTH",
                "period": "2026-10",
                "fromOn": "2026-10-01",
                "untilOn": "2026-10-31",
                "note": "十月无异常",
                "area": {"code": COUNTY},
            }
        },
    ),
}
