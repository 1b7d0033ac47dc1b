"""Service records: what was done for a referral, and sums of it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Optional

import strawberry

from db.entities import PARTY_TYPES
from resolvers import services
from schema.areas import Area
from schema.enums import ReferralSide, ServiceKind
from schema.mapping import column, entry, given, id_of, one, part
from schema.nodes import Node
from schema.parties import Community, Party
from schema.referrals import Referral
from schema.terms import ResourceType


@strawberry.type(description="What was done for a referral on one day. 服务记录。")
class ServiceRecord(Node):
    referral: Referral = one("For which referral. 点单。")
    provider: Party = one("Who did it. 资源提供方。")
    community: Community = one("For whose need. 提出需求的社区。")
    area: Area = one("Where: the referral's area. 所在地。")
    resource_type: ResourceType = one("What the need asked for; quantity is in its unit. 资源类型。")
    kind: ServiceKind = column("What kind of service. 服务类别。")
    served_on: date = column("On which day. 服务日期。")
    sessions: int | None = column("Sessions held. 场次。")
    persons: int | None = column("Different persons served. 人数。")
    person_times: int | None = column("Times a person was served; never less than persons. 人次。")
    reach: int | None = column("People reached, those present included; never less than persons. 覆盖人数。")
    quantity: int | None = column("Goods delivered, in resourceType.unit. 数量。")
    amount: Decimal | None = column("Money paid, in yuan. 金额(元)。")
    minutes: int | None = column("Minutes of all who served, added up. 服务分钟数(各人合计)。")
    hours: Decimal | None = column("The same in hours, rounded to two places. 服务小时数。")
    note: str | None = column("A note. 备注。")
    withdrawn: bool = column("It only says that the record it replaces was made by mistake. 是否仅为撤销原记录。")
    side: ReferralSide = column("On whose behalf it was recorded. 登记方。")
    recorded_at: datetime = column("When it was recorded. 登记时间。")
    replaces: Optional[ServiceRecord] = one("The record that this one corrects. 被更正的记录。")  # noqa: UP045
    replaced_by: Optional[ServiceRecord] = one(  # noqa: UP045
        "The record that corrects this one; then this one does not count. 更正后的记录。"
    )


@strawberry.input(description="Which service records. All conditions hold together. 服务记录筛选条件。")
class ServiceFilter:
    area: str | None = given("Code of the referral's area, everything below it included. 区划代码(含下级)。")
    party: strawberry.ID | None = given("Done by this party, or for this community. 提供方或社区编号。")
    kind: list[ServiceKind] | None = given("Of one of these kinds. 服务类别之一。")
    from_on: date | None = strawberry.field(
        name="from", description="On this day or later. 起始日期。", default=strawberry.UNSET
    )
    until: date | None = given("On this day or earlier. 截止日期。")
    stands: bool | None = given(
        "True: only what counts; false: what was corrected or withdrawn. Sums count the former in any case. 是否有效。"
    )


@strawberry.type(description="Goods of one type, in its unit. 某类物资的数量。")
class QuantityOfType:
    resource_type: ResourceType = entry("resource_type", "Of what. 资源类型。", "resource_type_id")
    quantity: int = part("How much, in resourceType.unit. 数量。", "quantity")


@strawberry.type(description="Sums over service records that stand and that you may see. 服务记录汇总。")
class ServiceTotals:
    records: int = part("How many records. 记录数。", "records")
    sessions: int = part("Sessions. 场次。", "sessions")
    persons: int = part("Persons, added up over records: who stands in two counts twice. 人数(各记录合计)。", "persons")
    person_times: int = part("Person-times. 人次。", "person_times")
    reach: int = part("People reached, added up over records. 覆盖人数(各记录合计)。", "reach")
    minutes: int = part("Minutes of service. 服务分钟数。", "minutes")
    hours: Decimal = part("The same in hours, rounded to two places. 服务小时数。", "hours")
    amount: Decimal = part("Money paid, in yuan. 金额(元)。", "amount")
    quantities: list[QuantityOfType] = part("Goods by type: unlike units are never added. 各类物资数量。", "quantities")


async def totals(
    info: strawberry.Info[Any, Any],
    where: Annotated[
        ServiceFilter | None, strawberry.argument(description="Only those that fulfil this. 筛选条件。")
    ] = None,
) -> ServiceTotals:
    chosen: dict[str, Any] = {}
    for name in ("area", "party", "kind", "from_on", "until"):
        value = getattr(where, name, None)
        chosen[name] = None if value is strawberry.UNSET else value
    found = await services.totals(
        info.context.acts,
        area=chosen["area"],
        # An id that is none names a party without any record.
        party_id=None if chosen["party"] is None else id_of(chosen["party"], *PARTY_TYPES.values()) or 0,
        kinds=None if chosen["kind"] is None else [kind.name for kind in chosen["kind"]],
        since=chosen["from_on"],
        until=chosen["until"],
    )
    return found  # type: ignore[return-value]
