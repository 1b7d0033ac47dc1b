"""Coordination: what passes over to another operator, what ends soon, and what a township hangs on."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from db.entities import PARTY_TYPES
from db.handovers import HANDED_OVER
from resolvers import coordination, coordination_fragility
from resolvers.coordination_fragility import Township
from schema.acting import act_of, plain
from schema.areas import Area
from schema.inputs import key
from schema.mapping import entries, entry, id_of, label, part, required
from schema.needs import Need
from schema.parties import Party
from schema.records import ENUMS, TYPES
from schema.referrals import Referral
from schema.results import Done, result
from schema.terms import ResourceType

Info = strawberry.Info[Any, Any]
_HANDED: Any = ENUMS["handed_over"]
if TYPE_CHECKING:
    HandedOver = Any
    CaseFile = Any
    Consent = Any
    Agreement = Any
    Post = Any
    Commitment = Any
    Evaluation = Any
    Client = Any
    Milestone = Any
    Project = Any
    Station = Any
    Handover = Any
    FundPool = Any
else:
    HandedOver = ENUMS["handed_over"]
    CaseFile, Consent, Agreement, Post = (TYPES[one] for one in ("case_file", "consent", "agreement", "post"))
    Commitment, Evaluation, Client = (TYPES[one] for one in ("commitment", "evaluation", "client"))
    Milestone, Project, Station = (TYPES[one] for one in ("milestone", "project", "station"))
    Handover, FundPool = TYPES["handover"], TYPES["fund_pool"]


def _says(text: str) -> Any:
    return strawberry.argument(description=text)


# ------------------------------------------------------------------------------------------------ handing over


@strawberry.type(description="One thing that passes over to a new operator. 移交事项。")
class HandoverLine:
    what: HandedOver = part("What it is. 类别。", "what")
    due_on: date | None = part("When it is due, or ends; null: no day is set. 期限或到期日期。", "due_on")
    due_at: datetime | None = part("The moment it is due, of an order. 办理期限。", "due_at")
    late: bool = part("Whether that day has passed. 是否逾期。", "late")
    name: str = part("The number of a file, a title or a station; nobody's name. 编号或名称。", "name")
    text: str = label("In words. 说明。", "text")
    referral: Referral | None = entry("referral", "The order. 点单。", "referral")
    case_file: CaseFile | None = entry("case_file", "The case. 个案。", "case_file")
    consent: Consent | None = entry("consent", "The consent. 同意。", "consent")
    agreement: Agreement | None = entry("agreement", "The agreement. 协议。", "agreement")
    post: Post | None = entry("post", "The post. 岗位。", "post")
    commitment: Commitment | None = entry("commitment", "The commitment. 资金承诺。", "commitment")
    evaluation: Evaluation | None = entry("evaluation", "The evaluation. 评估。", "evaluation")
    client: Client | None = entry("client", "Whom to see. 应走访的服务对象。", "client")
    milestone: Milestone | None = entry("milestone", "The milestone. 时间节点。", "milestone")


#: Which field of a line an item fills.
_FIELDS = ("referral", "case_file", "consent", "agreement", "post", "commitment", "evaluation", "milestone")


class _Line:
    def __init__(self, one: coordination.Item) -> None:
        self.what, self.due_on, self.due_at, self.late = _HANDED[one.what], one.due_on, one.due_at, one.late
        self.name, self.text_zh, self.text_en = one.name, one.text_zh, one.text_en
        field = "client" if one.what == "FOLLOW_UP" else one.what.lower()
        for name in (*_FIELDS, "client"):
            setattr(self, name, one.id if name == field else None)


@strawberry.type(description="How many things of a kind pass over. 移交事项数。")
class HandoverCount:
    what: HandedOver = part("What they are. 类别。", "what")
    count: int = part("How many. 数量。", "count")


class _Count:
    def __init__(self, what: str, count: int) -> None:
        self.what, self.count = _HANDED[what], count


@strawberry.type(description="What a new operator needs to know; nobody's identity is in it. 交接包。")
class HandoverPack:
    on: date = part("By the dates of this day. 基准日期。", "on")
    area: Area = entry("area", "Where the project or station belongs. 所属地区。", "area_id")
    project: Project | None = entry("project", "The project; null: a station without one. 项目。", "project_id")
    stations: list[Station] = entries("station", "The stations it is about. 社工站。", "station_ids")
    operator: Party | None = entry("party", "The primary operator on that day. 主承接机构。", "operator_id")
    counts: list[HandoverCount] = part("How many things of each kind, every kind. 各类数量。", "counts")
    items: list[HandoverLine] = part("All of it, by kind, the most urgent first. 全部移交事项。", "items")


class _Pack:
    def __init__(self, one: coordination.Pack) -> None:
        self.on, self.area_id, scope = one.on, one.area.id, one.scope
        self.project_id, self.station_ids, self.operator_id = scope.project_id, list(scope.station_ids), None
        self.operator_id = scope.operator_id
        self.counts = [_Count(what, one.count(what)) for what in HANDED_OVER.values]
        self.items = [_Line(item) for item in one.items]


async def _pack(
    info: Info,
    project_id: Annotated[strawberry.ID | None, _says("Of this project; or name a station. 项目。")] = None,
    station_id: Annotated[strawberry.ID | None, _says("Of this station and all below it. 社工站。")] = None,
    on: Annotated[date | None, _says("By the dates of this day; null: today. 基准日期。")] = None,
) -> HandoverPack:
    project = None if project_id is None else id_of(project_id, "Project") or 0
    station = None if station_id is None else id_of(station_id, "Station") or 0
    found = await coordination.pack(info.context.acts, project_id=project, station_id=station, on=on)
    return _Pack(found)  # type: ignore[return-value]


@strawberry.input(description="Another operator for a project. 变更承接机构。")
class OperatorChangeInput:
    project_id: strawberry.ID = required("Of which project. 项目。")
    operator_id: strawberry.ID = required("Who operates it from then on. 新承接机构。")
    from_on: date = required("First day of the new operator. 接手日期。")
    reason: str = required("Why. 变更原因。")
    idempotency_key: str | None = key()


@strawberry.type(description="Another operator has it from that day on. 承接机构已变更。")
class OperatorChanged(Done):
    handover: Handover = entry("handover", "The handover, with all that passes over. 交接记录。")


# ------------------------------------------------------------------------------------------------ what ends


@strawberry.enum(description="What ends. 到期事项类别。")
class EndingKind(Enum):
    AGREEMENT = strawberry.enum_value("AGREEMENT", description="An agreement that nothing follows. 服务协议")
    CONSENT = strawberry.enum_value("CONSENT", description="A consent. 知情同意")
    POST = strawberry.enum_value("POST", description="A post of a station. 岗位")
    POOL = strawberry.enum_value("POOL", description="The cycle of a pool of funds. 资金周期")


@strawberry.type(description="Something that ends soon. 即将到期事项。")
class Ending:
    kind: EndingKind = part("What. 类别。", "kind")
    ends_on: date = part("Its last day. 到期日期。", "ends_on")
    days: int = part("Days from today. 剩余天数。", "days")
    agreement: Agreement | None = entry("agreement", "The agreement. 协议。", "agreement")
    consent: Consent | None = entry("consent", "The consent. 同意。", "consent")
    post: Post | None = entry("post", "The post. 岗位。", "post")
    pool: FundPool | None = entry("fund_pool", "The pool of funds. 资金池。", "pool")


class _Ending:
    def __init__(self, one: coordination.Ending) -> None:
        self.kind, self.ends_on, self.days = EndingKind[one.kind], one.ends_on, one.days
        for name in ("agreement", "consent", "post", "pool"):
            setattr(self, name, one.id if name == one.kind.lower() else None)


async def _expiring(
    info: Info,
    area: Annotated[str, _says("Area code, everything below it included. 区划代码(含下级)。")],
    within_days: Annotated[int, _says("From today on within so many days, 0 to 3,660. 多少天之内。")] = 60,
) -> list[Ending]:
    found = await coordination.ending(info.context.acts, area, within_days)
    return [_Ending(one) for one in found]  # type: ignore[misc]


# ------------------------------------------------------------------------------------------------ townships


@strawberry.type(description="Open needs of a kind that one provider alone could serve. 仅一家可承接的需求。")
class SoleProvider:
    resource_type: ResourceType = entry("resource_type", "Of which kind. 资源类型。", "resource_type_id")
    party: Party = entry("party", "Who alone. 唯一的提供方。", "party_id")
    count: int = part("How many needs. 需求数。", "needs")
    needs: list[Need] = entries("need", "The first five of them, most urgent first. 其中前五项。", "need_ids")


@strawberry.type(description="A reason why a township is fragile. 脆弱原因。")
class FragileReason:
    code: str = part(
        "SOLE_PROVIDER, NO_WORKER, SINGLE_WORKER, CLIENTS_WITHOUT_WORKER or AGREEMENT_ENDS. 代码。", "code"
    )
    text: str = label("In words. 说明。", "text")


class _Reason:
    def __init__(self, code: str, zh: str, en: str) -> None:
        self.code, self.text_zh, self.text_en = code, zh, en


@strawberry.type(description="A township, and what there hangs on little. 乡镇脆弱环节。")
class TownshipFragility:
    area: Area = entry("area", "The township. 乡镇(街道)。", "area_id")
    reasons: list[FragileReason] = part("Why it is fragile; empty: nothing found. 原因。", "reasons")
    alone: list[SoleProvider] = part(
        "Kinds of resources of which needs hang on one provider, most needs first. 仅一家可承接。", "alone"
    )
    workers: int = part("Workers of its stations today. 驻站社工数。", "workers")
    clients: int = part("Clients with a file there. 在册服务对象数。", "clients")
    clients_per_worker: Decimal | None = part(
        "Clients for each worker; null without a worker. 每名社工的服务对象数。", "clients_per_worker"
    )
    stations_without_worker: list[Station] = entries(
        "station", "Stations with fewer workers than stations. 没有社工的社工站。", "no_worker_ids"
    )
    single_worker_stations: list[Station] = entries(
        "station", "Stations with one worker. 只有一名社工的社工站。", "single_worker_ids"
    )
    agreements: list[Agreement] = entries(
        "agreement",
        "Agreements of its stations that end soon and that nothing follows. 即将到期的协议。",
        "agreement_ids",
    )


class _Township:
    def __init__(self, one: Township) -> None:
        self.area_id, self.workers, self.clients = one.area_id, one.workers, one.clients
        self.reasons = [_Reason(*each) for each in one.reasons]
        self.alone, self.clients_per_worker = one.alone, one.clients_per_worker
        self.no_worker_ids, self.single_worker_ids = one.no_worker_ids, one.single_worker_ids
        self.agreement_ids = one.agreement_ids


async def _fragility(
    info: Info,
    area: Annotated[
        str, _says("Area code, everything below it included; at most 50,000 open needs. 区划代码(含下级)。")
    ],
) -> list[TownshipFragility]:
    found = await coordination_fragility.townships(info.context.acts, area)
    return [_Township(one) for one in found]  # type: ignore[misc]


@strawberry.type(description="Questions of coordination. 统筹查询。")
class Queries:
    handover_pack: HandoverPack = strawberry.field(
        resolver=_pack,
        description="Everything a new operator takes over with a project or a station; for staff of the area. 交接包。",
    )
    expiring: list[Ending] = strawberry.field(
        resolver=_expiring,
        description="Agreements, consents, posts and cycles of funds that end soon, the first to end first; for staff "
        "of the area. 即将到期。",
    )
    township_fragility: list[TownshipFragility] = strawberry.field(
        resolver=_fragility,
        description="The townships of an area with what there hangs on little, most reasons first; for its "
        "coordinators. 各乡镇的脆弱环节。",
    )


@strawberry.type(description="Acts of coordination. 统筹办理。")
class Mutations:
    @strawberry.field(
        description="Another primary operator for a project: the former ends the day before, and what passes over is "
        "written down. 变更主承接机构。"
    )
    async def operator_change(
        self, info: Info, input: Annotated[OperatorChangeInput, _says("Which project, who, from when. 内容。")]
    ) -> result("OperatorChangeResult", OperatorChanged):  # type: ignore[valid-type]
        values = plain(input)
        values["project_id"] = id_of(values["project_id"], "Project")
        values["operator_id"] = id_of(values["operator_id"], *PARTY_TYPES.values())
        return await act_of(OperatorChanged, coordination.change_operator, info.context.acts, **values)
