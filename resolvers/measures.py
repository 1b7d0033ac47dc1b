"""The table of measures: what a report tells, each computed from rows and drilling down to them.

A measure is a row of `MEASURES` and nothing else: its code, names and unit, the fragments of SQL it is summed from
(`db.measures`), by what it is broken down, and how its small counts are guarded.

    python -m resolvers.measures        prints the table of docs/reports.md
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from db.measures import Fragment, available, moment
from resolvers.measure_kinds import (
    CLOSED,
    HOURS,
    HOUSEHOLDS,
    OPEN_AT_END,
    ORDERS,
    PERSON_TIMES,
    PERSONS,
    PIECES,
    SECTIONS,
    SERVICES_BY_KIND,
    SESSIONS,
    SOURCES,
    STATE_AT_END,
    STATES,
    TERMS,
    TIMES,
    YUAN,
    Measure,
    everyone,
    labels_of,
    latencies,
    record,
    referral,
    service,
    standing,
)
from resolvers.measures_of_stations import of_stations


def _every() -> list[Measure]:
    return [
        Measure(
            "STATIONS",
            "COVERAGE",
            "社工站点",
            "stations standing",
            PIECES,
            (standing("station", "opened_on", "closed_on", "t.units", by="t.tier::text"),),
            labels=labels_of("station", "tier"),
            plan=(
                Fragment(
                    "build_target",
                    on="make_date(t.year, 12, 31)",
                    when="t.year <= :year",
                    value="t.stations",
                    place="coalesce(t.place_id, t.area_id)",
                ),
            ),
        ),
        Measure(
            "STATIONS_OPENED",
            "COVERAGE",
            "新启用站点",
            "stations opened",
            PIECES,
            (record("station", "opened_on", "t.units", by="t.tier::text"),),
            labels=labels_of("station", "tier"),
        ),
        Measure(
            "CLIENTS",
            "CLIENTS",
            "在册服务对象",
            "client files standing",
            PERSONS,
            (standing("client", "opened_on", each="t.group_ids"),),
            guard="PERSONS",
            labels=TERMS,
        ),
        Measure(
            "CLIENTS_OPENED",
            "CLIENTS",
            "新建档案",
            "client files opened",
            PERSONS,
            (record("client", "opened_on", each="t.group_ids"),),
            guard="PERSONS",
            labels=TERMS,
        ),
        Measure(
            "CLIENTS_BY_GRADE",
            "CLIENTS",
            "服务对象关注等级",
            "clients by grade",
            PERSONS,
            (standing("client", "opened_on", by="t.grade::text"),),
            guard="INSIDE",
            labels=labels_of("client", "grade"),
        ),
        Measure(
            "MINORS",
            "CLIENTS",
            "未满十四周岁",
            "clients under 14",
            PERSONS,
            (standing("client", "opened_on", where="t.is_minor"),),
            guard="INSIDE",
        ),
        Measure(
            "HOUSEHOLDS",
            "CLIENTS",
            "在册家庭",
            "households standing",
            HOUSEHOLDS,
            (standing("household", "opened_on"),),
            guard="PERSONS",
        ),
        Measure(
            "LEDGER_PERSONS",
            "CLIENTS",
            "台账人数",
            "persons of client groups by the ledger",
            PERSONS,
            (
                standing(
                    "group_ledger", "counted_on", None, "t.persons", by="t.group_id", latest=("area_id", "group_id")
                ),
            ),
            guard="PERSONS",
            labels=TERMS,
        ),
        Measure(
            "CASES_OPENED",
            "CLIENTS",
            "新立个案(小组)",
            "cases opened",
            PIECES,
            (record("case_file", "opened_on", by="t.method::text"),),
            labels=labels_of("case_file", "method"),
        ),
        Measure(
            "CASES_CLOSED",
            "CLIENTS",
            "结案",
            "cases closed",
            PIECES,
            (record("case_file", "closed_on", by="t.outcome_id"),),
            labels=TERMS,
        ),
        Measure(
            "CASES_OPEN",
            "CLIENTS",
            "在办个案(小组)",
            "cases open at the end",
            PIECES,
            (standing("case_file", "opened_on", "closed_on", by="t.method::text"),),
            labels=labels_of("case_file", "method"),
        ),
        Measure(
            "ASSESSMENTS",
            "CLIENTS",
            "评估",
            "assessments",
            TIMES,
            (record("assessment", "assessed_on", by="t.grade::text"),),
            guard="INSIDE",
            labels=labels_of("assessment", "grade"),
        ),
        Measure(
            "VISITS",
            "SERVICES",
            "走访探访",
            "visits",
            TIMES,
            (record("visit", "visited_on", by="t.kind::text"),),
            labels=labels_of("visit", "kind"),
        ),
        Measure("SERVICES", "SERVICES", "服务记录", "service records", TIMES, (service(),), labels=SERVICES_BY_KIND),
        Measure(
            "SESSIONS",
            "SERVICES",
            "服务场次",
            "sessions",
            SESSIONS,
            (
                service("t.sessions", by="'SERVICE'"),
                record("activity", "held_on", "t.sessions", by="'ACTIVITY'"),
            ),
            labels=SOURCES,
        ),
        Measure(
            "PERSONS",
            "SERVICES",
            "服务人数",
            "persons served, added up over records",
            PERSONS,
            everyone("t.persons", "t.persons", "t.persons"),
            guard="PERSONS",
            labels=SOURCES,
        ),
        Measure(
            "PERSON_TIMES",
            "SERVICES",
            "服务人次",
            "person-times",
            PERSON_TIMES,
            everyone("t.person_times", "t.person_times", "t.person_times"),
            guard="PERSONS",
            labels=SOURCES,
        ),
        Measure(
            "REACH",
            "SERVICES",
            "覆盖人数",
            "reach, added up over records",
            PERSONS,
            everyone("coalesce(t.reach, t.persons)", "t.persons", "coalesce(t.reach, t.persons)"),
            guard="PERSONS",
            labels=SOURCES,
        ),
        Measure(
            "VOLUNTEER_HOURS",
            "SERVICES",
            "志愿服务时长",
            "volunteer hours",
            HOURS,
            (service("t.hours", "t.kind = 'HOURS'", by=None),),
        ),
        Measure(
            "NEEDS",
            "ORDERS",
            "登记需求",
            "needs recorded",
            PIECES,
            (Fragment("need", **moment("created_at")),),
        ),
        Measure("REQUESTED", "ORDERS", "点单", "referrals requested", ORDERS, (referral("requested_at"),)),
        Measure("ACCEPTED", "ORDERS", "接单", "referrals accepted", ORDERS, (referral("accepted_at"),)),
        Measure("STARTED", "ORDERS", "开始服务", "referrals started", ORDERS, (referral("started_at"),)),
        Measure(
            "CLOSED",
            "ORDERS",
            "办结",
            "referrals closed",
            ORDERS,
            (referral("closed_at", by="t.status::text"),),
            labels=CLOSED,
        ),
        Measure(
            "OUTCOMES",
            "ORDERS",
            "办结成效",
            "referrals closed with an outcome",
            ORDERS,
            (referral("closed_at", "t.outcome_id IS NOT NULL", by="t.outcome_id"),),
            labels=TERMS,
        ),
        Measure(
            "OPEN",
            "ORDERS",
            "期末在办",
            "referrals open at the end",
            ORDERS,
            (Fragment("referral", on="t.requested_at", moment=True, when=OPEN_AT_END, by=STATE_AT_END),),
            labels=STATES,
        ),
        Measure(
            "FOLLOW_UPS",
            "ORDERS",
            "回访",
            "calls back",
            TIMES,
            (
                Fragment(
                    "follow_up",
                    **moment("at", where="t.reached", joins=(("referral", "r", "r.id = t.referral_id"),)),
                    place="r.area_id",
                ),
            ),
        ),
        *latencies(),
        Measure(
            "MONEY_PAID",
            "FUNDS",
            "发放资金",
            "money paid to people",
            YUAN,
            (
                service(
                    "t.amount",
                    "t.kind = 'MONEY_PAID'",
                    by="p.source_id",
                    joins=(("party", "p", "p.id = t.provider_id"),),
                ),
            ),
            labels=TERMS,
        ),
        *of_stations(),
    ]


def _declared() -> dict[str, Measure]:
    """Those whose tables are declared; a ratio needs both of its parts."""
    found: dict[str, Measure] = {}
    for one in _every():
        kept = tuple(fragment for fragment in one.fragments if available(fragment))
        if one.ratio is not None and set(one.ratio) <= set(found):
            found[one.code] = one
        elif kept:
            found[one.code] = replace(one, fragments=kept, plan=tuple(p for p in one.plan if available(p)))
    return found


MEASURES: Final[dict[str, Measure]] = _declared()


def markdown() -> str:
    """The table as docs/reports.md shows it."""
    lines = ["| section | code | 指标 | measure | unit | from |", "|---|---|---|---|---|---|"]
    for one in MEASURES.values():
        tables = ", ".join(dict.fromkeys(f"`{fragment.table}`" for fragment in one.fragments))
        origin = tables or " / ".join(f"`{code}`" for code in one.ratio or ())
        guard = {"OPEN": "", "PERSONS": " (small counts hidden)", "INSIDE": " (readers of the area)"}[one.guard]
        section = " ".join(SECTIONS[one.section])
        lines.append(f"| {section} | `{one.code}` | {one.zh} | {one.en}{guard} | {' '.join(one.unit)} | {origin} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(markdown())
