"""How the things that pass over are called: the number of a file, a title, a station; nobody's name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import BigInteger, Text, any_, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from db.cases import CaseFileRow, ClientRow, ConsentRow
from db.coordination import Scope
from db.documents import MilestoneRow
from db.evaluations import EvaluationRow
from db.funds import CommitmentRow
from db.parties import PartyRow
from db.posts import PostRow
from db.projects import AgreementRow, ProjectRow
from db.referrals import ReferralRow
from db.stations import StationRow
from db.terms import ResourceTypeRow

_KIND: Any = ResourceTypeRow.__table__


_NAMED: Mapping[str, Any] = {
    "REFERRAL": select(
        ReferralRow.id, func.concat(_KIND.c.label_zh, " ", cast(ReferralRow.quantity, Text), " ", _KIND.c.unit)
    ).join(_KIND, _KIND.c.id == ReferralRow.resource_type_id),
    "CASE_FILE": select(CaseFileRow.id, func.concat(CaseFileRow.code, " ", CaseFileRow.title)),
    "CONSENT": select(ConsentRow.id, ClientRow.code).join(ClientRow, ClientRow.id == ConsentRow.client_id),
    "AGREEMENT": select(AgreementRow.id, AgreementRow.title),
    "POST": select(PostRow.id, StationRow.name).join(StationRow, StationRow.id == PostRow.station_id),
    "COMMITMENT": select(CommitmentRow.id, func.coalesce(ProjectRow.name, StationRow.name))
    .outerjoin(ProjectRow, ProjectRow.id == CommitmentRow.project_id)
    .outerjoin(StationRow, StationRow.id == CommitmentRow.station_id),
    "EVALUATION": select(EvaluationRow.id, func.concat(StationRow.name, " ", cast(EvaluationRow.year, Text))).join(
        StationRow, StationRow.id == EvaluationRow.station_id
    ),
    "FOLLOW_UP": select(ClientRow.id, ClientRow.code),
    "MILESTONE": select(MilestoneRow.id, MilestoneRow.title),
}


async def names(conn: AsyncConnection, ids: Mapping[str, Collection[int]]) -> dict[tuple[str, int], str]:
    """By (kind of `db.handovers.HANDED_OVER`, id) what each is called; "" where it has no name. A statement a kind."""
    found: dict[tuple[str, int], str] = {}
    for what, wanted in ids.items():
        query = _NAMED.get(what)
        if query is None or not wanted:
            continue
        (column, *_) = query.selected_columns
        rows = await conn.execute(query.where(column == any_(bindparam("ids", list(wanted), ARRAY(BigInteger)))))
        found |= {(what, row[0]): row[1] or "" for row in rows}
    return found


async def headings(conn: AsyncConnection, scope: Scope) -> tuple[str, str]:
    """(name of the project, name of its operator); "" for none."""
    project = select(ProjectRow.name).where(ProjectRow.id == (scope.project_id or 0)).scalar_subquery()
    party = select(PartyRow.name).where(PartyRow.id == (scope.operator_id or 0)).scalar_subquery()
    row = (await conn.execute(select(project, party))).one()
    return row[0] or "", row[1] or ""
