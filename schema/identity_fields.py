"""Who a client is, masked, as a field of the client's file."""

from __future__ import annotations

from typing import Any, cast

import strawberry

from resolvers import identities
from schema.mapping import part


@strawberry.type(description="Who a client is: masked, but for the answer of an act of reading. 身份信息。")
class ClientIdentity:
    name: str | None = part("Name; masked 王*. 姓名。", "name")
    phone: str | None = part("Telephone; masked 138****1234. 电话。", "phone")
    address: str | None = part("Address; masked but for its beginning. 住址。", "address")
    identity_number: str | None = part(
        "Identity number (GB 11643); masked but for the last four. 身份证号。", "identity_number"
    )
    guardian_name: str | None = part("The guardian's name. 监护人姓名。", "guardian_name")
    guardian_phone: str | None = part("The guardian's telephone. 监护人电话。", "guardian_phone")
    born_on: str | None = part("Birthday, where it was given; masked but for the year. 出生日期。", "born_on")


async def _masked(root: strawberry.Parent[Any], info: strawberry.Info[Any, Any]) -> ClientIdentity | None:
    return cast("ClientIdentity | None", await identities.masked_of(info.context.acts, root["__id"]))


#: Fields of kinds of records that are worked out: (type, field) by name.
FIELDS: dict[str, dict[str, tuple[Any, Any]]] = {
    "client": {
        "identity": (
            ClientIdentity | None,
            strawberry.field(
                resolver=_masked,
                description="Who the client is, masked; null where nothing is kept. identityRead shows it in plain, on "
                "record. 身份信息(脱敏)。",
            ),
        )
    }
}
