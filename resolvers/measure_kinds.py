"""What a measure is, and how its fragments are written: the words that the table of measures is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from db.measures import Aggregate, Fragment, day, hours, moment, stock, working_days
from db.records import Codes
from db.services import KINDS as SERVICE_KINDS
from resolvers.referral_steps import STEPS

#: OPEN: told as it is. PERSONS: a count of persons, whose small numbers are hidden from readers outside the area.
#: INSIDE: another view of persons who are counted already; told to readers of the area only.
Guard = Literal["OPEN", "PERSONS", "INSIDE"]
Labels = Mapping[str, tuple[str, str]]
TERMS: Final = "TERMS"

SECTIONS: Final[dict[str, tuple[str, str]]] = {
    "COVERAGE": ("阵地覆盖", "coverage"),
    "CLIENTS": ("服务对象", "clients"),
    "SERVICES": ("服务成效", "services"),
    "ORDERS": ("需求与点单", "needs and referrals"),
    "LATENCY": ("办理时效", "time to act"),
    "FUNDS": ("资金", "money"),
    "STAFF": ("人员", "staff"),
    "QUALITY": ("督导、培训与评估", "supervision, training, evaluation"),
    "COMMUNITY": ("活动、项目与孵化", "activities, programmes, incubation"),
}


@dataclass(frozen=True, slots=True)
class Measure:
    """`labels` of its parts: (中文, English) by code; TERMS: codes are ids of terms. `ratio`: codes of two others.

    `plan`: what was planned for the same, where somebody plans it.
    """

    code: str
    section: str
    zh: str
    en: str
    unit: tuple[str, str]
    fragments: tuple[Fragment, ...] = ()
    aggregate: Aggregate = "SUM"
    guard: Guard = "OPEN"
    labels: Labels | Literal["TERMS"] | None = None
    ratio: tuple[str, str] | None = None
    plan: tuple[Fragment, ...] = ()

    @property
    def broken_down(self) -> bool:
        return self.labels is not None


def named(codes: Codes) -> Labels:
    return {code: (zh, en.rstrip(".")) for code, (en, zh) in codes.values.items()}


def labels_of(table: str, column: str) -> Labels:
    """The labels of a code column of a kind of record; nothing where the kind is not declared."""
    from db.kinds import KINDS

    fields = KINDS[table].fields if table in KINDS else ()
    found = next((one.codes for one in fields if one.column == column), None)
    return {} if found is None else named(found)


TIMES, PERSONS, PERSON_TIMES = ("次", "times"), ("人", "persons"), ("人次", "person-times")
PIECES, HOURS, YUAN, DAYS = ("个", "in number"), ("小时", "hours"), ("元", "yuan"), ("工作日", "working days")
ORDERS, HOUSEHOLDS, SESSIONS = ("单", "referrals"), ("户", "households"), ("场次", "sessions")

OPEN_AT_END = (
    "t.requested_at < :until_at AND t.requested_at <= :at"
    " AND (t.closed_at IS NULL OR t.closed_at >= :until_at OR t.closed_at > :at)"
)
#: The state a referral was in at the end of the period: its last entry until then.
STATE_AT_END = (
    "(SELECT entry.value ->> 'status' FROM jsonb_array_elements(t.history) WITH ORDINALITY entry (value, n)"
    " WHERE (entry.value ->> 'at')::timestamptz < :until_at AND (entry.value ->> 'at')::timestamptz <= :at"
    " ORDER BY n DESC LIMIT 1)"
)
STATES: Labels = {step.target: (step.zh, step.en) for step in STEPS.values() if step.target} | {
    "REQUESTED": ("待接单", "requested"),
    "ACCEPTED": ("已接单", "accepted"),
    "IN_PROGRESS": ("服务中", "in progress"),
    "ON_HOLD": ("暂停", "on hold"),
}
CLOSED: Labels = {
    "COMPLETED": ("已完成", "completed"),
    "FAILED": ("未成功", "failed"),
    "REJECTED": ("已拒单", "rejected"),
    "CANCELLED": ("已取消", "cancelled"),
}
SERVICES_BY_KIND: Labels = {code: (kind.zh, kind.en) for code, kind in SERVICE_KINDS.items()}
SOURCES: Labels = {
    "SERVICE": ("服务记录", "service records"),
    "VISIT": ("走访", "visits"),
    "ACTIVITY": ("活动", "activities"),
}


def service(value: str = "1", where: str | None = None, by: str | None = "t.kind::text", **rest: Any) -> Fragment:
    return Fragment("service_record", **day("served_on", value=value, where=where, by=by, **rest))


def record(table: str, on: str, value: str = "1", **rest: Any) -> Fragment:
    return Fragment(table, **day(on, value=value, **rest))


def standing(table: str, since: str, until: str | None = None, value: str = "1", **rest: Any) -> Fragment:
    return Fragment(table, **stock(since, until, value=value, **rest))


def everyone(service: str, visit: str, activity: str) -> tuple[Fragment, ...]:
    """A figure that stands in service records, visits and activities: each row is counted once, under its source."""
    return (
        Fragment("service_record", **day("served_on", value=service, by="'SERVICE'")),
        Fragment("visit", **day("visited_on", value=visit, by="'VISIT'")),
        Fragment("activity", **day("held_on", value=activity, by="'ACTIVITY'")),
    )


def referral(on: str, where: str | None = None, by: str | None = None, value: str = "1", **rest: Any) -> Fragment:
    return Fragment("referral", **moment(on, where=where, by=by, value=value, **rest))


_NEED = (("need", "n", "n.id = t.need_id"),)
#: code: (中文, English, from, to, counted when this is reached, only these, joined)
_LATENCIES: dict[str, tuple[str, str, str, str, str, str | None, tuple[tuple[str, str, str], ...]]] = {
    "ACCEPT": ("点单到接单", "requested to accepted", "t.requested_at", "t.accepted_at", "accepted_at", None, ()),
    "START": ("接单到开始服务", "accepted to started", "t.accepted_at", "t.started_at", "started_at", None, ()),
    "COMPLETE": (
        "开始服务到完成",
        "started to completed",
        "t.started_at",
        "t.closed_at",
        "closed_at",
        "t.status = 'COMPLETED'",
        (),
    ),
    "FIND_TO_REPORT": (
        "先发现到先报告",
        "found to reported",
        "n.created_at",
        "t.requested_at",
        "requested_at",
        None,
        _NEED,
    ),
    "REPORT_TO_DELIVER": (
        "先报告到先救助",
        "reported to delivered",
        "t.requested_at",
        "t.closed_at",
        "closed_at",
        "t.status = 'COMPLETED'",
        (),
    ),
    "FIND_TO_DELIVER": (
        "先发现到先救助",
        "found to delivered",
        "n.created_at",
        "t.closed_at",
        "closed_at",
        "t.status = 'COMPLETED'",
        _NEED,
    ),
}


def latencies() -> list[Measure]:
    made = []
    for code, (zh, en, since, until, reached, where, joins) in _LATENCIES.items():
        in_hours = referral(reached, where, value=hours(since, until), joins=joins)
        in_days = replace(in_hours, value=working_days(since, until))
        for kind, aggregate, fragment, unit in (
            ("MEAN_HOURS", "MEAN", in_hours, HOURS),
            ("MEDIAN_HOURS", "MEDIAN", in_hours, HOURS),
            ("MEDIAN_DAYS", "MEDIAN", in_days, DAYS),
        ):
            how = ("平均", "mean") if aggregate == "MEAN" else ("中位", "median")
            name = (f"{zh}{how[0]}{unit[0]}", f"{en}, {how[1]} {unit[1]}")
            made.append(
                Measure(f"{code}_{kind}", "LATENCY", *name, unit, (fragment,), aggregate=aggregate)  # type: ignore[arg-type]
            )
    return made
