"""Handovers: what passes over when another operator takes a project, written down in the moment it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped

from db.records import Kind, Record, codes, day, one_of, text, to, whole

HANDED_OVER = codes(
    "handed_over",
    "HandedOver",
    "What passes over to a new operator. 移交事项类别。",
    REFERRAL=("An order that is not closed and followed up.", "在办点单"),
    CASE_FILE=("A case that is open.", "在办个案(小组)"),
    CONSENT=("A consent that has to be renewed.", "需重新取得的同意"),
    AGREEMENT=("An agreement that stands.", "服务协议"),
    POST=("A post of a station.", "驻站岗位"),
    COMMITMENT=("Money promised and not paid out yet.", "未付清的承诺"),
    EVALUATION=("An evaluation that was begun.", "未提交的评估"),
    FOLLOW_UP=("A client who should have been seen.", "逾期的走访跟进"),
    MILESTONE=("Something that should be done by now.", "逾期的时间节点"),
    REPORT=("A report that should have been submitted.", "逾期未报的报告"),
)
#: The column that points at what an item is about; a report that was never submitted is nowhere.
COLUMN_OF = {
    "REFERRAL": "referral_id",
    "CASE_FILE": "case_file_id",
    "CONSENT": "consent_id",
    "AGREEMENT": "agreement_id",
    "POST": "post_id",
    "COMMITMENT": "commitment_id",
    "EVALUATION": "evaluation_id",
    "FOLLOW_UP": "client_id",
    "MILESTONE": "milestone_id",
}
#: Kinds of parties that can operate a project.
ORGANIZED = ("COMMUNITY", "ORGANIZATION", "DONOR_FIRM", "FUND")


class HandoverRow(Record):
    """One change of the primary operator of a project. Written by that act, never changed."""

    __tablename__ = "handover"
    record = Kind(
        "Handover",
        "handovers",
        "交接记录",
        "handover",
        under="project_id",
        on="from_on",
        order=(("from_on", True), ("id", True)),
        saved=False,
    )

    project_id: Mapped[int] = to("project", "Of which project. 项目。", back="handovers")
    former_id: Mapped[int] = to("party", "Who operated it until the day before. 原承接机构。", of=ORGANIZED)
    operator_id: Mapped[int] = to("party", "Who operates it from that day on. 新承接机构。", of=ORGANIZED)
    from_on: Mapped[date] = day("First day of the new operator. 接手日期。")
    reason: Mapped[str] = text("Why it changed. 变更原因。")
    count: Mapped[int] = whole("How many things pass over. 移交事项数。")


class HandoverItemRow(Record):
    """One thing that passes over, as it stood then."""

    __tablename__ = "handover_item"
    record = Kind(
        "HandoverItem",
        "handoverItems",
        "移交事项",
        "item of a handover",
        under="handover_id",
        on="due_on",
        order=(("id", False),),
        saved=False,
        args=(
            CheckConstraint(
                f"num_nonnulls({', '.join(COLUMN_OF.values())}) = (what <> 'REPORT')::int", name="about_one"
            ),
        ),
    )

    handover_id: Mapped[int] = to("handover", "Of which handover. 交接记录。", back="items")
    what: Mapped[str] = one_of(HANDED_OVER, "What it is. 类别。")
    due_on: Mapped[date | None] = day("When it is due, or ends. 期限或到期日期。", optional=True)
    note_zh: Mapped[str] = text("In words. 说明。")
    note_en: Mapped[str] = text("In English words. 英文说明。")
    referral_id: Mapped[int | None] = to("referral", "The order. 点单。", optional=True)
    case_file_id: Mapped[int | None] = to("case_file", "The case. 个案。", optional=True)
    consent_id: Mapped[int | None] = to("consent", "The consent. 同意。", optional=True)
    agreement_id: Mapped[int | None] = to("agreement", "The agreement. 协议。", optional=True)
    post_id: Mapped[int | None] = to("post", "The post. 岗位。", optional=True)
    commitment_id: Mapped[int | None] = to("commitment", "The commitment. 资金承诺。", optional=True)
    evaluation_id: Mapped[int | None] = to("evaluation", "The evaluation. 评估。", optional=True)
    client_id: Mapped[int | None] = to("client", "Whom to see. 应走访的服务对象。", optional=True)
    milestone_id: Mapped[int | None] = to("milestone", "The milestone. 时间节点。", optional=True)


async def keep_items(
    conn: AsyncConnection, handover: Mapping[str, Any], items: Sequence[Mapping[str, Any]], at: datetime
) -> None:
    """Writes the items of a handover that was just written: {what, id, due_on, note_zh, note_en} each."""
    if not items:
        return
    own = {name: handover[name] for name in ("area_id", "county_id", "actor_id")}
    own |= {"handover_id": handover["id"], "recorded_at": at, "changed_at": at}
    rows = []
    for one in items:
        row = dict.fromkeys(COLUMN_OF.values()) | own
        row |= {name: one[name] for name in ("what", "due_on", "note_zh", "note_en")}
        if one["what"] in COLUMN_OF:
            row[COLUMN_OF[one["what"]]] = one["id"]
        rows.append(row)
    await conn.execute(insert(HandoverItemRow), rows)
