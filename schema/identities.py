"""Who a client is in plain, to few and on record; and the record of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from resolvers import identities
from resolvers.context import Done as ActDone
from resolvers.errors import Refusal
from schema import inputs
from schema.acting import plain
from schema.areas import Area
from schema.identity_fields import ClientIdentity
from schema.mapping import argument, column, entry, forward, given, id_of, one, part, required, root_page
from schema.nodes import Connection, Node
from schema.parties import Party
from schema.problems import problem
from schema.records import TYPES
from schema.referrals import Referral
from schema.results import Done, result

Info = strawberry.Info[Any, Any]
if TYPE_CHECKING:
    Client = Any
else:
    Client = TYPES["client"]


@strawberry.type(description="That somebody was shown who a client is. 身份信息查看记录。")
class IdentityReading(Node):
    client: Client | None = one("Whose; null for who sees only its own readings. 服务对象。")
    area: Area = one("Where the client's file is. 所属地区。")
    reader: Party | None = one("The party that read; null for staff. 查看方。")
    reader_role: str = column("The role of the key it was read with. 查看者角色。", "role")
    referral: Referral | None = one("The order for which a provider read it. 点单。")
    purpose: str = column("What for, as the reader said. 用途。")
    shown: list[str] = column("Which fields were shown. 查看的字段。")
    read_at: datetime = column("When. 查看时间。")


@strawberry.input(description="Which readings. 查看记录筛选条件。")
class IdentityReadingFilter:
    area: str | None = given("Area code, everything below it included. 区划代码(含下级)。")
    client: strawberry.ID | None = given("Of this client. 服务对象编号。")


@strawberry.input(description="Whose identity to read, and what for. 查看身份信息。")
class IdentityReadInput:
    client_id: strawberry.ID = required("The client. 服务对象编号。")
    purpose: str = required("What for, 1 to 200 characters; it stands in the record. 用途。")
    idempotency_key: str | None = inputs.key()


@strawberry.input(description="For which order to read whom it is for, and what for. 接单方查看服务对象。")
class ReferralClientReadInput:
    referral_id: strawberry.ID = required("The order, accepted by your party. 点单编号。")
    purpose: str = required("What for, 1 to 200 characters; it stands in the record. 用途。")
    idempotency_key: str | None = inputs.key()


ONCE = (
    "In plain. Shown this once: null where the same idempotencyKey asks again, for each showing has a record of its "
    "own. 完整身份信息,仅显示一次。"
)


@strawberry.type(description="The identity was read, and that is on record. 已查看并留痕。")
class IdentityRead(Done):
    reading: IdentityReading = entry("identity_reading", "The record of it. 查看记录。")
    identity: ClientIdentity | None = part(ONCE, "identity")


@strawberry.type(description="Whom the order is for was read, and that is on record. 已查看并留痕。")
class ReferralClientRead(Done):
    reading: IdentityReading = entry("identity_reading", "The record of it. 查看记录。")
    identity: ClientIdentity | None = part(ONCE, "identity")


@strawberry.type(description="Whom an order is for, masked. 点单的服务对象(脱敏)。")
class ReferralClient:
    identity: ClientIdentity = part("Name, telephone and address, masked. 身份信息(脱敏)。", "identity")


async def _referral_client(
    info: Info, referral_id: Annotated[strawberry.ID, strawberry.argument(description="The order. 点单编号。")]
) -> result("ReferralClientResult", ReferralClient):  # type: ignore[valid-type]
    try:
        found = await identities.masked_for_referral(info.context.acts, id_of(referral_id, "Referral"))
    except Refusal as refusal:
        return problem(refusal)
    answer: Any = ReferralClient()
    answer.identity = found
    return answer


@strawberry.type
class Queries:
    identity_readings: Connection[IdentityReading] = root_page(
        "identity_reading",
        "Who read whose identity, newest first: for coordinators of the client's area and administrators; a party sees "
        "its own readings. 身份信息查看记录。",
        [
            argument("where", IdentityReadingFilter | None, "Only those that fulfil this. 筛选条件。"),
            *forward(),
        ],
    )
    referral_client: result("ReferralClientResult", ReferralClient) = strawberry.field(  # type: ignore[valid-type]
        resolver=_referral_client,
        description="Whom an order is for, masked: for the provider that accepted it while a consent to share stands, "
        "else why not. 点单的服务对象(脱敏)。",
    )


async def _read(done: Any, act: Any) -> Any:
    """What an act answers that shows an identity, once."""
    try:
        outcome: tuple[ActDone, identities.Identity | None] = await act
    except Refusal as refusal:
        return problem(refusal)
    answer = done.of(outcome[0].id)
    answer.identity = outcome[1]
    return answer


@strawberry.type
class Mutations:
    @strawberry.field(description="Read a client's identity in plain; it goes on record. 查看完整身份信息(留痕)。")
    async def identity_read(
        self, info: Info, input: Annotated[IdentityReadInput, strawberry.argument(description="Whose. 内容。")]
    ) -> result("IdentityReadResult", IdentityRead):  # type: ignore[valid-type]
        values = plain(input)
        id = id_of(values.pop("client_id"), "Client")
        return await _read(IdentityRead, identities.read(info.context.acts, id, **values))

    @strawberry.field(
        description="Read name, telephone and address of whom an order is for, as its provider; it goes on record. "
        "接单方查看服务对象(留痕)。"
    )
    async def referral_client_read(
        self, info: Info, input: Annotated[ReferralClientReadInput, strawberry.argument(description="Which. 内容。")]
    ) -> result("ReferralClientReadResult", ReferralClientRead):  # type: ignore[valid-type]
        values = plain(input)
        id = id_of(values.pop("referral_id"), "Referral")
        return await _read(ReferralClientRead, identities.read_for_referral(info.context.acts, id, **values))
