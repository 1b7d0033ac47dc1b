"""Projects of social work: who plays which part in one, and the agreements by which services are bought."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, and_, func, literal, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, aliased

from db.areas import AreaRow
from db.parties import PartyRow
from db.records import Kind, Record, codes, day, flag, money, one_of, text, to
from db.viewer import Viewer
from db.visibility import shape, values, visible

PROJECT_ROLE_KIND = codes(
    "project_role_kind",
    "ProjectRoleKind",
    "Which part somebody plays in a project. 在项目中的角色。",
    LEAD=("Leads the work as a whole (组织部门牵头).", "牵头"),
    RESPONSIBLE=("Answers for it (民政部门具体负责).", "具体负责"),
    COOPERATOR=("Cooperates.", "配合"),
    PURCHASER=("Buys the service.", "购买方"),
    HOST=("Gives the place and looks after it where it stands.", "属地管理(提供场地)"),
    OPERATOR=("Runs it.", "承接运营"),
    SUPERVISOR=("Supervises those who do the work.", "督导"),
    EVALUATOR=("Evaluates it.", "评估"),
)

#: Whoever is an organization in law, whatever its place among the societies.
_ORGANIZED = ("COMMUNITY", "ORGANIZATION", "DONOR_FIRM", "FUND")


class ProjectRow(Record):
    """One project: building and running stations, or a piece of service that is bought."""

    __tablename__ = "project"
    record = Kind(
        "Project",
        "projects",
        "项目",
        "project",
        seen="PUBLIC",
        search="name",
        on="from_on",
        until="until_on",
        key=("name",),
    )

    name: Mapped[str] = text("Its name. 项目名称。")
    from_on: Mapped[date | None] = day("Its first day. 开始日期。", optional=True)
    until_on: Mapped[date | None] = day("Its last day. 结束日期。", optional=True)
    about: Mapped[str | None] = text("What it is for. 项目内容。", prose=True, optional=True)


class ProjectRoleRow(Record):
    """A part that a party plays in a project for some time; a party may play several, and several may play one."""

    __tablename__ = "project_role"
    record = Kind(
        "ProjectRole",
        "projectRoles",
        "项目角色",
        "part in a project",
        seen="PUBLIC",
        under="project_id",
        on="from_on",
        until="until_on",
        args=(CheckConstraint("NOT is_primary OR role = 'OPERATOR'", name="primary_operates"),),
    )

    project_id: Mapped[int] = to("project", "In which project. 项目。", back="roles")
    party_id: Mapped[int] = to("party", "Who. 主体。", of=_ORGANIZED)
    role: Mapped[str] = one_of(PROJECT_ROLE_KIND, "Which part it plays. 角色。")
    is_primary: Mapped[bool] = flag(
        "The operator who answers for the whole; one at a time. 是否为主承接机构。",
    )
    in_party_building: Mapped[bool] = flag(
        "It lies within the party-building work of the township or of the union of social organizations."
        " 是否纳入党建工作范围。"
    )
    from_on: Mapped[date | None] = day("Since when; null: since the project began. 开始日期。", optional=True)
    until_on: Mapped[date | None] = day("Last day. 结束日期。", optional=True)


class AgreementRow(Record):
    """What a purchaser and an operator agreed for a time."""

    __tablename__ = "agreement"
    record = Kind(
        "Agreement",
        "agreements",
        "服务协议",
        "agreement",
        seen="PARTY",
        under="project_id",
        search="title",
        on="from_on",
        until="until_on",
    )

    project_id: Mapped[int] = to("project", "For which project. 项目。", back="agreements")
    title: Mapped[str] = text("Its title. 协议名称。")
    number: Mapped[str | None] = text("Its number. 协议编号。", optional=True)
    purchaser_id: Mapped[int] = to("party", "Who buys. 购买方。", of=_ORGANIZED)
    operator_id: Mapped[int] = to(
        "party", "Who serves. 承接方。", of=("ORGANIZATION", "COMMUNITY", "DONOR_FIRM", "FUND")
    )
    amount: Mapped[Decimal] = money("For how much, in yuan. 金额(元)。")
    signed_on: Mapped[date | None] = day("When it was signed. 签订日期。", optional=True)
    from_on: Mapped[date] = day("Its first day. 开始日期。")
    until_on: Mapped[date] = day("Its last day. 到期日期。")


def _meets(row: Any, since: date | None, until: date | None) -> Any:
    """The days of a row and these days have one in common; null is open."""
    return and_(
        true() if until is None else or_(row.from_on.is_(None), row.from_on <= until),
        true() if since is None else or_(row.until_on.is_(None), row.until_on >= since),
    )


async def primary_operator(
    conn: AsyncConnection, project_id: int, since: date | None, until: date | None, but: int | None
) -> Any:
    """(name, from_on, until_on) of another primary operator of a project on some of these days, or None."""
    found = await conn.execute(
        select(PartyRow.name, ProjectRoleRow.from_on, ProjectRoleRow.until_on)
        .join(PartyRow, PartyRow.id == ProjectRoleRow.party_id)
        .where(
            ProjectRoleRow.project_id == project_id,
            ProjectRoleRow.is_primary,
            ProjectRoleRow.withdrawn_at.is_(None),
            ProjectRoleRow.id != (but or 0),
            _meets(ProjectRoleRow, since, until),
        )
        .limit(1)
    )
    return found.first()


async def operators(conn: AsyncConnection, area_id: int, on: date) -> Sequence[Any]:
    """(id, name, included) of those who operate a project in or below an area on a day, by name.

    Included are those whose every part as an operator on that day says so.
    """
    found = await conn.execute(
        select(PartyRow.id, PartyRow.name, func.bool_and(ProjectRoleRow.in_party_building).label("included"))
        .join(PartyRow, PartyRow.id == ProjectRoleRow.party_id)
        .join(AreaRow, AreaRow.id == ProjectRoleRow.area_id)
        .where(
            AreaRow.ancestor_ids.contains([area_id]),
            ProjectRoleRow.role == "OPERATOR",
            ProjectRoleRow.withdrawn_at.is_(None),
            _meets(ProjectRoleRow, on, on),
        )
        .group_by(PartyRow.id, PartyRow.name)
        .order_by(PartyRow.name, PartyRow.id)
    )
    return found.all()


async def operating(conn: AsyncConnection, project_ids: Collection[int], on: date) -> Sequence[Any]:
    """(project_id, party_id, name, is_primary) of the operators of these projects on a day."""
    found = await conn.execute(
        select(ProjectRoleRow.project_id, PartyRow.id.label("party_id"), PartyRow.name, ProjectRoleRow.is_primary)
        .join(PartyRow, PartyRow.id == ProjectRoleRow.party_id)
        .where(
            ProjectRoleRow.project_id.in_(list(project_ids)),
            ProjectRoleRow.role == "OPERATOR",
            ProjectRoleRow.withdrawn_at.is_(None),
            _meets(ProjectRoleRow, on, on),
        )
    )
    return found.all()


async def expiring(conn: AsyncConnection, viewer: Viewer, area_id: int, since: date, until: date) -> Sequence[Any]:
    """(id, until_on) of agreements in or below an area that end on these days and that nothing follows, by their end.

    What follows is an agreement of the same project and operator that begins at latest the day after. Only those that
    the viewer may see.
    """
    later = aliased(AgreementRow)
    followed = (
        select(later.id)
        .where(
            later.project_id == AgreementRow.project_id,
            later.operator_id == AgreementRow.operator_id,
            later.withdrawn_at.is_(None),
            later.until_on > AgreementRow.until_on,
            later.from_on <= AgreementRow.until_on + literal(timedelta(days=1)),
        )
        .exists()
    )
    found = await conn.execute(
        select(AgreementRow.id, AgreementRow.until_on)
        .join(AreaRow, AreaRow.id == AgreementRow.area_id)
        .where(
            AreaRow.ancestor_ids.contains([area_id]),
            AgreementRow.withdrawn_at.is_(None),
            AgreementRow.until_on.between(since, until),
            ~followed,
            visible("agreement", AgreementRow.__table__, shape(viewer)),
        )
        .order_by(AgreementRow.until_on, AgreementRow.id),
        values(viewer),
    )
    return found.all()
