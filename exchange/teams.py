"""The files of linkage models and team templates: which roles a team has, as plain records.

A linkage model (three, five, six societies) and a template (worker + nurse + volunteer) are the same thing to a team:
a code with roles. A role is told by its society, by a type of resource that whoever fills it offers, or by both.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from exchange.records import Place
from exchange.vocabulary import File, Reading, _Table, shipped

Society = Literal["COMMUNITY", "SOCIAL_ORGANIZATION", "SOCIAL_WORKER", "VOLUNTEER", "CHARITABLE_RESOURCE", "ASSISTANT"]
#: More could not be weighed against one another (`graph.teams.MOST_ROLES`).
MOST_ROLES = 8


@dataclass(frozen=True, slots=True)
class TeamRoleRecord:
    """One role of a model or template. `resource_type` is a code; None where the society alone tells the role."""

    place: Place
    code: str
    label_zh: str
    label_en: str
    society: Society | None
    resource_type: str | None
    role_zh: str
    role_en: str
    source: str
    is_model: bool


def read_linkage_models(files: Sequence[File] | None = None) -> Reading[TeamRoleRecord]:
    """The roles of each linkage model, in order; every role is a society's.

    The rows of a code in a later file take the place of those in an earlier one. Faults: BAD_CODE, UNKNOWN_SOCIETY,
    DUPLICATE_ROLE, LABEL_DIFFERS (rows of one code are labelled differently), TOO_MANY_ROLES.
    """
    columns = ("code", "label_zh", "label_en", "society", "role_zh", "role_en", "source")
    table = _Table(files or (shipped("linkage_models.csv"),), columns)
    return _roles(table, columns, None, is_model=True)


def read_team_templates(files: Sequence[File] | None, type_codes: Collection[str]) -> Reading[TeamRoleRecord]:
    """The roles of each template, in order. `type_codes` are the resource types there are.

    Faults as of `read_linkage_models`, UNKNOWN_RESOURCE_TYPE, and ROLE_UNTOLD: neither society nor type.
    """
    columns = ("code", "label_zh", "label_en", "society", "resource_type", "role_zh", "role_en", "source")
    table = _Table(files or (shipped("team_templates.csv"),), columns)
    required = tuple(name for name in columns if name not in ("society", "resource_type"))
    return _roles(table, required, type_codes, is_model=False)


def _roles(
    table: _Table, required: Sequence[str], type_codes: Collection[str] | None, *, is_model: bool
) -> Reading[TeamRoleRecord]:
    found: dict[str, list[TeamRoleRecord]] = {}
    for row in table.rows(required=required):
        row.check_code()
        society, type_code, place = row["society"] or None, row["resource_type"] or None, row.place()
        if society is not None and society not in get_args(Society):
            row.fault("UNKNOWN_SOCIETY", "society", f"没有“{society}”这一社", f"there is no society “{society}”")
        if type_code is not None and type_code not in (type_codes or ()):
            row.fault(
                "UNKNOWN_RESOURCE_TYPE",
                "resource_type",
                f"没有资源类型“{type_code}”",
                f"there is no resource type “{type_code}”",
            )
        if society is None and type_code is None:
            row.fault("ROLE_UNTOLD", "society", "请写明所属的社或资源类型", "name a society, a resource type, or both")
        role = TeamRoleRecord(
            place,
            row["code"],
            row["label_zh"],
            row["label_en"],
            society,  # type: ignore[arg-type]
            type_code,
            row["role_zh"],
            row["role_en"],
            row["source"],
            is_model,
        )
        before = found.setdefault(role.code, [])
        if before and before[0].place.file != place.file:
            before.clear()
        if before and (before[0].label_zh, before[0].label_en) != (role.label_zh, role.label_en):
            row.fault("LABEL_DIFFERS", "label_zh", f"{role.code} 的名称前后不一", f"{role.code} has two labels")
        if any(one.role_zh == role.role_zh or (is_model and one.society == society) for one in before):
            row.fault("DUPLICATE_ROLE", "role_zh", f"{role.code} 已有这个角色", f"{role.code} has this role already")
        before.append(role)
        if len(before) == MOST_ROLES + 1:
            row.fault("TOO_MANY_ROLES", "code", f"最多 {MOST_ROLES} 个角色", f"at most {MOST_ROLES} roles")
    return table.reading([role for roles in found.values() for role in roles])
