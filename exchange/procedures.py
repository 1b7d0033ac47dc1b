"""The file of procedures: by which steps an order, a case, a group is worked on, as plain records."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import get_args

from exchange.duties import Tier, tier_of, where_and_when
from exchange.records import Place
from exchange.teams import Society
from exchange.vocabulary import File, Reading, _Table, shipped


@dataclass(frozen=True, slots=True)
class ProcedureStepRecord:
    """One step of a procedure. `society` and `level` say who is responsible, where that is said.

    `referral_steps` are names of the steps of a referral that this one stands for. `area` is a code; None: everywhere.
    """

    place: Place
    code: str
    title_zh: str
    title_en: str
    area: str | None
    since_on: date | None
    until_on: date | None
    step: str
    step_title_zh: str
    step_title_en: str
    text_zh: str
    text_en: str
    society: Society | None
    level: Tier | None
    referral_steps: tuple[str, ...]
    source: str


def read_procedures(
    files: Sequence[File] | None, area_codes: Collection[str], referral_steps: Collection[str]
) -> Reading[ProcedureStepRecord]:
    """The steps of each procedure, in order. `area_codes` and `referral_steps` are those there are.

    The rows of a code in a later file take the place of those in an earlier one. Faults: BAD_CODE, TITLE_DIFFERS (rows
    of one code disagree about title, area or days), DUPLICATE_STEP, UNKNOWN_SOCIETY, UNKNOWN_REFERRAL_STEP,
    UNKNOWN_LEVEL, UNKNOWN_AREA, BAD_DATE, DATES_REVERSED.
    """
    told = ("code", "title_zh", "title_en")
    steps = ("step", "step_title_zh", "step_title_en", "text_zh", "text_en")
    rest = ("area", "valid_from", "valid_until", "society", "level", "referral_steps")
    table = _Table(files or (shipped("procedures.csv"),), (*told, *steps, *rest, "source"))
    found: dict[str, list[ProcedureStepRecord]] = {}
    for row in table.rows(required=(*told, *steps, "source")):
        row.check_code()
        society, named = row["society"] or None, row.several("referral_steps")
        if society is not None and society not in get_args(Society):
            row.fault("UNKNOWN_SOCIETY", "society", f"没有“{society}”这一社", f"there is no society “{society}”")
        for name in named:
            if name not in referral_steps:
                row.fault(
                    "UNKNOWN_REFERRAL_STEP",
                    "referral_steps",
                    f"点单没有“{name}”这一步",
                    f"a referral has no step “{name}”",
                )
        level = tier_of(row)
        area, since_on, until_on = where_and_when(row, area_codes)
        record = ProcedureStepRecord(
            row.place(),
            row["code"],
            row["title_zh"],
            row["title_en"],
            area,
            since_on,
            until_on,
            row["step"],
            row["step_title_zh"],
            row["step_title_en"],
            row["text_zh"],
            row["text_en"],
            society,  # type: ignore[arg-type]
            level,
            named,
            row["source"],
        )
        before = found.setdefault(record.code, [])
        if before and before[0].place.file != record.place.file:
            before.clear()
        if before and _heading(before[0]) != _heading(record):
            row.fault(
                "TITLE_DIFFERS",
                "title_zh",
                f"{record.code} 的名称、地区或日期前后不一",
                f"rows of {record.code} differ in title, area or days",
            )
        if any(one.step == record.step for one in before):
            row.fault(
                "DUPLICATE_STEP",
                "step",
                f"{record.code} 已有步骤 {record.step}",
                f"{record.code} has the step {record.step} already",
            )
        before.append(record)
    return table.reading([step for rows in found.values() for step in rows])


def _heading(record: ProcedureStepRecord) -> tuple[str | date | None, ...]:
    return record.title_zh, record.title_en, record.area, record.since_on, record.until_on
