"""Certificates of volunteer hours, and what anybody may verify of one."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

import strawberry

from resolvers import certificates
from schema.areas import Area
from schema.enums import CertificateFinding, CertificateStatus
from schema.mapping import column, label, one, part
from schema.nodes import Node
from schema.parties import Volunteer


@strawberry.type(description="Hours of a volunteer, certified; what it says is frozen. 志愿服务记录证明。")
class VolunteerCertificate(Node):
    number: str = column("By which anybody may verify it: XXXX-XXXX-XXXX-XXXX. 证明编号。")
    status: CertificateStatus = column("Whether it holds. 状态。")
    volunteer: Volunteer = one("Whose hours. 志愿者(队)。")
    volunteer_name: str = column("The name as registered on the day of issue. 出具时登记的姓名(名称)。")
    area: Area = one("Who organized: the smallest area that holds all the communities served. 组织服务的地区。")
    organizer: str = column("Who organized, in words. 组织方。")
    issuer_area: Area = one("The area whose coordinator issued it. 出具地区。")
    issuer: str = column("The same in words. 出具方。")
    hours: Decimal = column("Hours, rounded to two places. 服务小时数。")
    minutes: int = column("The same in minutes, exactly. 服务分钟数。")
    services: int = column("How many services. 服务次数。")
    from_on: date = column("First day. 起始日期。")
    until_on: date = column("Last day. 截止日期。")
    issued_on: date = column("When it was issued. 出具日期。")
    ended_at: datetime | None = column("Since when it does not hold any more. 失效时间。")
    reason: str | None = column("Why it was revoked. 撤销原因。")


@strawberry.type(description="What anybody may read of a certificate. 证明的公开内容。")
class PublicCertificate:
    number: str = part("Its number. 证明编号。", "number")
    status: CertificateStatus = part("Whether it holds. 状态。", "status")
    text: str = label("The same in words. 状态说明。", "status")
    name: str = part("A person's name masked (王*), a team's in full. 姓名(已遮盖)或团队名称。", "name")
    organizer: str = part("Who organized. 组织方。", "organizer")
    issuer: str = part("Whose coordinator issued it. 出具方。", "issuer")
    hours: Decimal = part("Hours, rounded to two places. 服务小时数。", "hours")
    minutes: int = part("The same in minutes, exactly. 服务分钟数。", "minutes")
    services: int = part("How many services. 服务次数。", "services")
    from_on: date = part("First day. 起始日期。", "from_on")
    until_on: date = part("Last day. 截止日期。", "until_on")
    issued_on: date = part("When it was issued. 出具日期。", "issued_on")


@strawberry.type(description="What came of verifying a number. 查验结果。")
class CertificateVerification:
    finding: CertificateFinding = part("What was found. 结果。", "finding")
    certificate: PublicCertificate | None = part("The certificate, where it was found. 证明。", "certificate")
    text: str = label("In words. 说明。", "text")


async def verification(
    info: strawberry.Info[Any, Any],
    number: Annotated[
        str, strawberry.argument(description="As printed; case, spaces and hyphens do not matter. 证明编号。")
    ],
) -> CertificateVerification:
    found = await certificates.verify(info.context.acts, number)
    return found  # type: ignore[return-value]
