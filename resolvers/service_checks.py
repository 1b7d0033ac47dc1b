"""Rules on what a service record says: its day, its figures by kind, and what was recorded before it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import certificates, services
from db.services import AT_LEAST, FIGURES, KINDS
from resolvers.checks import Problems
from resolvers.context import COUNTY_TIME, Context

#: A note is a few sentences, not a file.
MAX_NOTE = 1_000
MINUTES_A_DAY = 24 * 60
LARGEST_AMOUNT = Decimal("999999999999.99")
FEN = Decimal("0.01")


def _copied(referral: Any) -> dict[str, Any]:
    return {
        "referral_id": referral.id,
        "area_id": referral.area_id,
        "county_id": referral.county_id,
        "provider_id": referral.provider_id,
        "community_id": referral.community_id,
    }


def withdrawn(problems: Problems, referral: Any, old: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    for name in ("kind", "served_on", *FIGURES):
        if given[name] is not None:
            path = "servedOn" if name == "served_on" else FIGURES[name][0] if name in FIGURES else name
            problems.add(path, "NOT_WITH_WITHDRAW", "撤销记录时请留空", "must be left out where a record is withdrawn")
    faulty = len(problems.fields)
    note = _check_note(problems, given["note"])
    if note is None and len(problems.fields) == faulty:
        problems.required("note", None)
    return _copied(referral) | {
        "resource_type_id": old.resource_type_id,
        "kind": old.kind,
        "served_on": old.served_on,
        "withdrawn": True,
        "note": note,
    }


def _check_note(problems: Problems, note: str | None) -> str | None:
    return None if note is None else problems.prose("note", note, MAX_NOTE)


async def checked(
    context: Context,
    conn: AsyncConnection,
    problems: Problems,
    referral: Any,
    given: Mapping[str, Any],
    without: int | None = None,
) -> dict[str, Any]:
    """The columns of a record, every faulty field added to `problems`; `without` is the record it replaces."""
    row = {**_copied(referral), **{name: given[name] for name in FIGURES}}
    row["kind"] = problems.one_of("kind", given["kind"], tuple(KINDS))
    row["served_on"] = _check_day(context, problems, referral, given["served_on"])
    row["note"] = _check_note(problems, given["note"])
    kind = KINDS.get(row["kind"] or "")
    type_id, resource_kind, unit = await services.resource_kind(conn, referral.need_id)
    row["resource_type_id"] = type_id
    if kind is None:
        return row
    if kind.resource_kind not in (None, resource_kind):
        problems.add(
            "kind",
            "KIND_DOES_NOT_FIT",
            f"这个点单的需求不是物资,不能登记“{kind.zh}”",
            f'the need of this referral is not for goods, so "{kind.en}" cannot be recorded',
        )
    faulty = check_figures(problems, kind.code, row)
    if row["amount"] is not None and "amount" not in faulty:
        row["amount"] = row["amount"].quantize(FEN)
    if kind.code == "GOODS_DELIVERED" and "quantity" not in faulty:
        left = referral.quantity - await services.delivered(conn, referral.id, without=without)
        if row["quantity"] > left:
            problems.add(
                "quantity",
                "MORE_THAN_PROMISED",
                f"点单共 {referral.quantity} {unit},尚可登记 {left} {unit}",
                f"the referral is for {referral.quantity}, of which {left} are left to be recorded",
            )
    if kind.code == "MONEY_PAID" and resource_kind == "FUNDS" and "amount" not in faulty:
        open_amount = referral.quantity - await services.paid(conn, referral.id, without=without)
        if row["amount"] > open_amount:
            problems.add(
                "amount",
                "MORE_THAN_PROMISED",
                f"点单共 {referral.quantity} {unit},尚可登记 {open_amount:.2f} {unit}",
                f"the referral is for {referral.quantity} yuan, of which {open_amount:.2f} are left to be recorded",
            )
    if kind.code == "HOURS" and "minutes" not in faulty and row["served_on"] is not None:
        await _check_day_of_hours(conn, problems, referral.provider_id, row, without)
    return row


def check_figures(problems: Problems, kind: str, row: Mapping[str, Any]) -> set[str]:
    """Adds a problem for every figure that the kind's line of `db.services.KINDS`, its range or another figure
    forbids; the columns that are faulty.
    """
    faulty: set[str] = set()
    for name, (path, zh, en) in FIGURES.items():
        value, rule, before = row[name], KINDS[kind].rule(name), len(problems.fields)
        if rule == "forbidden" and value is not None:
            problems.add(
                path,
                "NOT_OF_THIS_KIND",
                f"“{KINDS[kind].zh}”的记录不填{zh}",
                f"a record of {KINDS[kind].en} has no {en}",
            )
        elif rule == "required" and value is None:
            problems.add(
                path, "REQUIRED", f"“{KINDS[kind].zh}”的记录须填{zh}", f"a record of {KINDS[kind].en} needs {en}"
            )
        elif value is not None and name == "amount":
            _check_amount(problems, path, value)
        elif value is not None:
            problems.count(path, value)
        if len(problems.fields) > before or value is None:
            faulty.add(name)
    for greater, smaller in AT_LEAST:
        if not {greater, smaller} & faulty and row[greater] < row[smaller]:
            zh, en = FIGURES[smaller][1:]
            problems.add(
                FIGURES[greater][0],
                "LESS_THAN_PERSONS",
                f"{FIGURES[greater][1]}不能少于{zh} {row[smaller]}",
                f"{FIGURES[greater][2]} must not be less than the {row[smaller]} {en}",
            )
    return faulty


def _check_amount(problems: Problems, path: str, value: Decimal) -> None:
    if not value.is_finite() or not FEN <= value <= LARGEST_AMOUNT or value != value.quantize(FEN):
        problems.add(
            path,
            "INVALID_AMOUNT",
            f"应为 0.01 到 {LARGEST_AMOUNT} 元,最多两位小数",
            f"must be from 0.01 to {LARGEST_AMOUNT} yuan, with at most two decimal places",
        )


def _check_day(context: Context, problems: Problems, referral: Any, day: date | None) -> date | None:
    if not problems.required("servedOn", day) or day is None:
        return None
    requested = referral.requested_at.astimezone(COUNTY_TIME).date()
    if day > context.today:
        problems.add(
            "servedOn",
            "IN_THE_FUTURE",
            f"还没有到这一天;今天是 {context.today.isoformat()}",
            f"lies in the future; today is {context.today.isoformat()}",
        )
    elif day < requested:
        problems.add(
            "servedOn",
            "BEFORE_REQUEST",
            f"早于点单的日期 {requested.isoformat()}",
            f"lies before the referral was requested on {requested.isoformat()}",
        )
    return day


async def _check_day_of_hours(
    conn: AsyncConnection, problems: Problems, provider_id: int, row: Mapping[str, Any], without: int | None
) -> None:
    """A volunteer's day has 24 hours, a team's as many times that as it has members, over all its referrals."""
    headcount = await services.headcount(conn, provider_id)
    if headcount is None:
        return
    await certificates.lock(conn, provider_id)
    told = await services.minutes_on(conn, provider_id, row["served_on"], without=without)
    left = headcount * MINUTES_A_DAY - told
    if row["minutes"] > left:
        problems.add(
            "minutes",
            "MORE_THAN_A_DAY",
            f"{headcount} 人一天至多 {headcount * MINUTES_A_DAY} 分钟,当天已登记 {told} 分钟",
            f"{headcount} people have {headcount * MINUTES_A_DAY} minutes a day; {told} are recorded for it already",
        )
