"""Client files: the acts that go with consent and identity, and the lists of who is due."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, cast

import strawberry

from db.entities import PARTY_TYPES
from resolvers import cases
from resolvers.context import KEEP
from schema import inputs
from schema.acting import act_of, plain
from schema.mapping import entries, entry, given, id_of, part, required
from schema.records import ENUMS, TYPES
from schema.results import Done, result

Info = strawberry.Info[Any, Any]
if TYPE_CHECKING:
    Client = Any
    Consent = Any
    VisitPlan = Any
    ConsentPurpose = Any
    ConsentBy = Any
else:
    Client, Consent, VisitPlan = TYPES["client"], TYPES["consent"], TYPES["visit_plan"]
    ConsentPurpose, ConsentBy = ENUMS["consent_purpose"], ENUMS["consent_by"]

#: What an input calls by an id: field of the kind, and the types the id may have.
_IDS = {
    "household_id": ("household", ("Household",)),
    "worker_id": ("worker", ("SocialWorker", "Assistant")),
    "party_id": ("party", tuple(PARTY_TYPES.values())),
    "client_id": ("client", ("Client",)),
}


@strawberry.input(description="Who a client is; kept sealed, shown masked. null empties a field. 身份信息。")
class IdentityInput:
    name: str | None = given("Name. 姓名。")
    phone: str | None = given("Mobile number, or landline with its area code. 电话。")
    address: str | None = given("Address. 住址。")
    identity_number: str | None = given("Identity number of 18 characters (GB 11643). 身份证号。")
    guardian_name: str | None = given("The guardian's name. 监护人姓名。")
    guardian_phone: str | None = given("The guardian's telephone. 监护人电话。")
    born_on: date | None = given("Birthday, where no identity number says it. 出生日期。")


@strawberry.input(description="A consent that comes with the file. 同时登记的知情同意。")
class ConsentInput:
    purpose: ConsentPurpose = required("To what. 用途。")
    given_by: ConsentBy = required("Who gave it; under 14 the guardian. 同意人。")
    given_on: date = required("When, not in the future. 同意日期。")
    until_on: date | None = given("The last day it holds. 有效期至。")
    party_id: strawberry.ID | None = given("To share with this party only. 限定出示对象。")
    evidence: str = required("By what it can be shown, without names: the form's number. 依据。")


@strawberry.input(description="A client's file to open. 建立服务对象档案。")
class ClientOpenInput:
    area: str = required("Area code: where the file belongs. 所属地区代码。")
    code: str = required("The number of the file, nobody's name. 档案编号。")
    household_id: strawberry.ID | None = given("The household the client lives in. 所在家庭。")
    groups: list[str] | None = given("Term codes of scheme client_group. 对象类别。")
    worker_id: strawberry.ID | None = given("Who looks after the client. 负责社工。")
    opened_on: date | None = given("When it was opened; today where left out. 建档日期。")
    source: str | None = given("Where it is written. 出处。")
    identity: IdentityInput | None = given("Who the client is. 身份信息。")
    consent: ConsentInput | None = given(
        "A consent given with it; a guardian's, where the client is under 14. 知情同意。"
    )
    idempotency_key: str | None = inputs.key()


@strawberry.input(description="What to change of a client's file; what is left out stays. 修改服务对象档案。")
class ClientChangeInput:
    id: strawberry.ID = required("The client. 服务对象编号。")
    code: str | None = given("New number. 档案编号。")
    household_id: strawberry.ID | None = given("New household; null for none. 所在家庭。")
    groups: list[str] | None = given("New groups; null or [] for none. 对象类别。")
    worker_id: strawberry.ID | None = given("New worker; null for none. 负责社工。")
    opened_on: date | None = given("New day. 建档日期。")
    source: str | None = given("Where it is written. 出处。")
    identity: IdentityInput | None = given("What to change of who the client is. 身份信息。")
    consent: ConsentInput | None = given("A consent given with it. 知情同意。")
    idempotency_key: str | None = inputs.key()


@strawberry.input(description="A consent of a client. 登记知情同意。")
class ConsentGiveInput:
    client_id: strawberry.ID = required("Whose. 服务对象编号。")
    purpose: ConsentPurpose = required("To what. 用途。")
    given_by: ConsentBy = required("Who gave it; under 14 the guardian. 同意人。")
    given_on: date = required("When, not in the future. 同意日期。")
    until_on: date | None = given("The last day it holds. 有效期至。")
    party_id: strawberry.ID | None = given("To share with this party only. 限定出示对象。")
    evidence: str = required("By what it can be shown, without names: the form's number. 依据。")
    source: str | None = given("Where it is written. 出处。")
    idempotency_key: str | None = inputs.key()


@strawberry.input(description="A consent that was taken back. 撤回同意。")
class ConsentRevokeInput:
    id: strawberry.ID = required("The consent. 同意编号。")
    reason: str = required("Why, 1 to 200 characters, without names. 原因。")
    idempotency_key: str | None = inputs.key()


@strawberry.type(description="The client's file is open. 服务对象档案已建立。")
class ClientOpened(Done):
    client: Client = entry("client", "The file. 服务对象档案。")


@strawberry.type(description="The client's file is changed. 服务对象档案已修改。")
class ClientChanged(Done):
    client: Client = entry("client", "The file. 服务对象档案。")


@strawberry.type(description="The consent is recorded. 同意已登记。")
class ConsentGiven(Done):
    consent: Consent = entry("consent", "The consent. 知情同意。")


@strawberry.type(
    description="The consent is taken back; without any to store, who the client is was deleted. 同意已撤回。"
)
class ConsentRevoked(Done):
    consent: Consent = entry("consent", "The consent. 知情同意。")


def _values(given_: Any, absent: Any = KEEP) -> dict[str, Any]:
    """Fields of an input by the names of the kind; numbers for ids, 0 for an id of another type."""
    values = plain(given_, absent)
    for name, (field, types) in _IDS.items():
        if name in values:
            text = values.pop(name)
            values[field] = text if text is KEEP or text is None else id_of(str(text), *types) or 0
    for name, below in (("identity", KEEP), ("consent", None)):
        one = values.get(name)
        if name in values:
            values[name] = None if one is KEEP or one is None else _values(one, below)
    return values


@strawberry.type(description="A client who should have been seen by now. 逾期未跟进的服务对象。")
class FollowUpOverdue:
    client: Client = entry("client", "Who. 服务对象。", "client_id")
    visit_plan: VisitPlan = entry("visit_plan", "By which plan. 跟进计划。", "visit_plan_id")
    every_days: int = part("At least once in so many days. 间隔天数。", "every_days")
    last_visited_on: date | None = part("When the client was last seen. 上次走访日期。", "last_on")
    due_on: date = part("By when the client should have been seen. 应跟进日期。", "due_on")
    late_days: int = part("Days since. 逾期天数。", "late_days")


@strawberry.type(description="Clients whose visit is overdue. 逾期跟进清单。")
class FollowUpsOverdue:
    total: int = part("How many there are. 总数。", "total")
    clients: list[FollowUpOverdue] = part("The longest overdue first. 逾期最久者在前。", "clients")


@strawberry.type(description="Consents that end soon. 即将到期的同意。")
class ConsentsExpiring:
    consents: list[Consent] = entries("consent", "The first to end first. 最先到期者在前。", "ids")


_AREA = Annotated[str, strawberry.argument(description="Area code, everything below it included. 区划代码(含下级)。")]
_MOST = Annotated[int, strawberry.argument(description="How many, 1 to 100. 取前多少条。")]


async def _overdue(info: Info, area: _AREA, first: _MOST = 100) -> FollowUpsOverdue:
    return cast("FollowUpsOverdue", await cases.overdue(info.context.acts, area=area, first=first))


async def _expiring(
    info: Info,
    area: _AREA,
    days: Annotated[int, strawberry.argument(description="Within so many days. 多少天内。")] = 30,
    first: _MOST = 100,
) -> ConsentsExpiring:
    found: Any = ConsentsExpiring()
    found.ids = await cases.expiring(info.context.acts, area=area, days=days, first=first)
    return cast("ConsentsExpiring", found)


@strawberry.type
class Queries:
    follow_ups_overdue: FollowUpsOverdue = strawberry.field(
        resolver=_overdue,
        description="Clients of an area who were not visited in time by their plan, or by that of their grade. "
        "逾期未跟进的服务对象。",
    )
    consents_expiring: ConsentsExpiring = strawberry.field(
        resolver=_expiring, description="Consents of an area that end within so many days. 即将到期的同意。"
    )


@strawberry.type
class Mutations:
    @strawberry.field(
        description="Open a client's file, with identity and consent, all or nothing; under 14 only with a guardian's "
        "consent to store. 建立服务对象档案。"
    )
    async def client_open(
        self, info: Info, input: Annotated[ClientOpenInput, strawberry.argument(description="The file. 档案内容。")]
    ) -> result("ClientOpenResult", ClientOpened):  # type: ignore[valid-type]
        return await act_of(ClientOpened, cases.open_client, info.context.acts, **_values(input))

    @strawberry.field(description="Change a client's file. 修改服务对象档案。")
    async def client_change(
        self, info: Info, input: Annotated[ClientChangeInput, strawberry.argument(description="What. 修改内容。")]
    ) -> result("ClientChangeResult", ClientChanged):  # type: ignore[valid-type]
        values = _values(input)
        id = id_of(values.pop("id"), "Client")
        return await act_of(ClientChanged, cases.change_client, info.context.acts, id, **values)

    @strawberry.field(description="Record a client's consent. 登记知情同意。")
    async def consent_give(
        self, info: Info, input: Annotated[ConsentGiveInput, strawberry.argument(description="Which. 同意内容。")]
    ) -> result("ConsentGiveResult", ConsentGiven):  # type: ignore[valid-type]
        values: Mapping[str, Any] = _values(input)
        return await act_of(ConsentGiven, cases.give_consent, info.context.acts, **values)

    @strawberry.field(
        description="Take a consent back; where no other to store stands, who the client is gets deleted for good. "
        "撤回同意。"
    )
    async def consent_revoke(
        self, info: Info, input: Annotated[ConsentRevokeInput, strawberry.argument(description="Which. 内容。")]
    ) -> result("ConsentRevokeResult", ConsentRevoked):  # type: ignore[valid-type]
        values = plain(input)
        id = id_of(values.pop("id"), "Consent")
        return await act_of(ConsentRevoked, cases.revoke_consent, info.context.acts, id, **values)
