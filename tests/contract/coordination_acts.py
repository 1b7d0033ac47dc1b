"""The acts of coordination, as `acts.DONE` holds all others, and the project they are done to."""

from __future__ import annotations

import base64
from datetime import date
from typing import Any

from small_county import VILLAGE, County

from resolvers import parties, records

COORDINATION: dict[str, Any] = {
    "operatorChange": (
        lambda stage: {
            "projectId": stage.operated["project"],
            "operatorId": stage.operated["next"],
            "fromOn": "2026-12-01",
            "reason": "合同期满,重新采购",
        },
        "OperatorChanged",
        "handover { fromOn reason count former { name } operator { name } items { totalCount } project { name"
        " roles { edges { node { isPrimary fromOn untilOn party { name } } } } } }",
        {
            "handover": {
                "fromOn": "2026-12-01",
                "reason": "合同期满,重新采购",
                "count": 7,
                "former": {"name": "原承接机构"},
                "operator": {"name": "新承接机构"},
                "items": {"totalCount": 7},
                "project": {
                    "name": "甲村社工服务项目",
                    "roles": {
                        "edges": [
                            {
                                "node": {
                                    "isPrimary": True,
                                    "fromOn": "2026-12-01",
                                    "untilOn": None,
                                    "party": {"name": "新承接机构"},
                                }
                            },
                            {
                                "node": {
                                    "isPrimary": True,
                                    "fromOn": "2026-01-01",
                                    "untilOn": "2026-11-30",
                                    "party": {"name": "原承接机构"},
                                }
                            },
                        ]
                    },
                },
            }
        },
    ),
}


async def operated(county: County) -> dict[str, str]:
    """A project with a primary operator, and another organization that could be it."""
    former = await parties.register_organization(county.context, name="原承接机构", area=VILLAGE)
    other = await parties.register_organization(county.context, name="新承接机构", area=VILLAGE)
    given: dict[str, Any] = {"area": VILLAGE, "name": "甲村社工服务项目"}
    project = await records.save(county.context, "project", given, id=None)
    role = {"project": project.id, "party": former.id, "role": "OPERATOR", "is_primary": True}
    await records.save(county.context, "project_role", role | {"from_on": date(2026, 1, 1)}, id=None)

    def gid(typename: str, id: int) -> str:
        return base64.b64encode(f"{typename}:{id}".encode()).decode()

    return {"project": gid("Project", project.id), "next": gid("Organization", other.id)}
