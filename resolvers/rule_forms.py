"""What a rule must be like to be judged by: one that nothing is ever measured by would only seem to hold."""

from __future__ import annotations

from resolvers.records import Check, check

#: What is measured of each subject.
MEASURES = {
    "FUND_SPENDING": ("AMOUNT",),
    "PROJECT_COST": ("STAFF_COST",),
    "SUBSIDY": ("EVALUATION_PASSED",),
    "STIPEND": ("AMOUNT_A_MONTH",),
    "STATION": ("WORKERS",),
    "POST": ("AGE", "COLLEGE_DEGREE", "CERTIFIED_LOCAL"),
    "AGREEMENT": ("MONTHS",),
}


@check("fund_rule")
async def _fund_rule(given: Check) -> None:
    row, problems = given.row, given.problems
    if row["measure"] not in MEASURES[row["subject"]]:
        those = "、".join(MEASURES[row["subject"]]), ", ".join(MEASURES[row["subject"]])
        problems.add("measure", "NOT_OF_SUBJECT", f"此对象的度量应为 {those[0]}", f"of this subject: {those[1]}")
    elif row["measure"] == "AMOUNT":
        if row["bound"] != "AT_MOST":
            # The first fen of a year would be refused: less than the least is spent then.
            problems.add("bound", "AT_MOST_ONLY", "年度金额只能规定上限", "an amount of a year has an upper bound only")
        if row["scope"] == "EACH":
            problems.add("scope", "OF_AN_AREA", "年度金额按县或规则所在地区合计", "an amount is of a county or an area")
        if row["base_id"] is not None and row["years_back"] is None:
            problems.add(
                "yearsBack",
                "REQUIRED",
                "请填写基数年度(0 当年,1 上年)",
                "say of which year the base is: 0 this, 1 last",
            )
    elif row["base_id"] is None and row["years_back"] is not None:
        problems.add("base", "REQUIRED", "填写了基数年度,须填基数", "a year is of a base: name it")
