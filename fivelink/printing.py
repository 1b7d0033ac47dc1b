"""What commands print: short tables, in both languages."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from exchange.records import Fault
from resolvers.context import Context
from resolvers.imports import FileReport
from schema.execution.executor import Executor

#: Of changes, faults and notes on a terminal; whoever keeps the output in a file gets all of them.
SHOWN = 20
#: Places of a plan's summary.
PLACES = 6
FIELDS = {
    "title": "名称 title",
    "name": "名称 name",
    "resource_type": "资源类型 type",
    "quantity": "数量 quantity",
    "capacity": "总量 capacity",
    "client_groups": "服务对象 client groups",
    "priority": "紧急程度 priority",
    "whole_or_nothing": "须整体满足 whole or nothing",
    "needed_from": "最早日期 needed from",
    "needed_by": "截止日期 needed by",
    "channel": "需求来源 channel",
    "coverage": "服务区域 coverage",
    "minimum_per_need": "每户最少 minimum",
    "maximum_per_need": "每户最多 maximum",
    "available_from": "开始日期 from",
    "available_until": "有效期至 until",
    "earmark": "定向用途 earmark",
    "area": "所在区域 area",
    "credit_code": "信用代码 credit code",
    "founded_on": "成立日期 founded on",
    "headcount": "人数 headcount",
    "industry": "行业 industry",
    "source": "资金来源 source",
}
KINDS = {"needs": "需求 needs", "offers": "资源 offers", "parties": "组织 parties"}

console = Console()


def line(text: str, **more: Any) -> None:
    """One line as long as it is: terminals break it themselves, files keep it whole."""
    console.print(text, markup=False, highlight=False, soft_wrap=True, **more)


def import_report(report: FileReport) -> None:
    """Counts by kind, what changes, every faulty row (the first ones in full), notices."""
    head = "已写入 / written" if report.written else "试运行,未写入 / dry run, nothing written"
    if report.refused:
        head = "有误,整份未写入 / faulty, nothing of it written"
    table = Table(
        "",
        "新增 new",
        "变更 changed",
        "未变 unchanged",
        "有误 faulty",
        title=f"{report.file}  {head}",
        title_justify="left",
    )
    faulty = {_row(fault) for fault in report.faults}
    for kind, label in (KINDS | report.labels).items():
        figures = (report.new[kind], report.changed[kind], report.unchanged[kind])
        if any(figures):
            table.add_row(label, *map(str, figures), "")
    table.add_row("", "", "", "", str(len(faulty)))
    console.print(table)
    most = SHOWN if console.is_terminal else None
    if report.registered:
        more = "…" if most and len(report.registered) > most else ""
        line(f"同时登记 / registered with them ({len(report.registered)}): {'、'.join(report.registered[:most])}{more}")
    for change in report.changes[:most]:
        what = "; ".join(
            f"{FIELDS.get(name, name)}: {_value(old)} → {_value(new)}" for name, (old, new) in change.fields.items()
        )
        line(f"  变更 changed  {_place(change)} {change.title}: {what}")
    _rest(len(report.changes), most, "变更 changed")
    for fault in report.faults[:most]:
        line(f"  有误 faulty  {_place(fault)} {fault.code}", style="red")
        line(f"      {fault.text_zh}\n      {fault.text_en}")
    _rest(len(report.faults), most, "有误 faulty (--rejects FILE)")
    notices = [notice for sheet in report.sheets for notice in sheet.notices]
    for notice in notices[:most]:
        line(f"  提示 note  {_place(notice)} {notice.text_zh} / {notice.text_en}")
    _rest(len(notices), most, "提示 notes")


def _value(value: Any) -> str:
    return "(空 empty)" if value is None or value == "" else str(value)


def _rest(count: int, most: int | None, what: str) -> None:
    if most is not None and count > most:
        line(f"  … {what}: 另有 / {count - most} more")


def _row(fault: Fault) -> tuple[Any, ...]:
    return (fault.place.file, fault.place.sheet, fault.place.row or fault.place.cell)


def _place(one: Any) -> str:
    place = one.place
    return " ".join(str(part) for part in (place.sheet, place.cell or (place.row and f"#{place.row}")) if part)


_PLAN = """query($id: ID!) { node(id: $id) { ... on Plan { demand met area { fullName }
  allocations { totalCount }
  certificate { optimal primal dual violations solver seconds }
  fairness { area { name } ratio } bottlenecks(first: 3) { text }
  shortfalls(first: 5) { totalCount edges { node { quantity need { title community { name } resourceType { unit } }
    reasons { text remedy } } } } } } }"""


async def asked(context: Context, query: str, variables: dict[str, Any]) -> dict[str, Any]:
    """The answer of the contract itself: what is printed is what clients see."""
    import orjson

    executor = Executor(context.database)  # type: ignore[arg-type]
    outcome = await executor.run(query, None, variables, viewer=context.viewer)
    answer: dict[str, Any] = orjson.loads(outcome.body)
    if "errors" in answer:
        raise RuntimeError(answer["errors"][0]["message"])
    data: dict[str, Any] = answer["data"]
    return data


async def plan_summary(context: Context, plan_id: int) -> None:
    from db.cursors import global_id

    plan = (await asked(context, _PLAN, {"id": global_id(b"Plan:%d" % plan_id)}))["node"]
    proof = plan["certificate"]
    verdict = "最优,已验证 optimal, proven" if proof["optimal"] else "可行,未证最优 feasible, not proven optimal"
    table = Table(title=f"联动方案 plan: {plan['area']['fullName']}", show_header=False, title_justify="left")
    table.add_row("开放需求 open needs", str(plan["demand"]))
    table.add_row("完全满足 fully met", str(plan["met"]))
    table.add_row("分配 allocations", str(plan["allocations"]["totalCount"]))
    table.add_row("缺口 shortfalls", str(plan["shortfalls"]["totalCount"]))
    table.add_row("证明 certificate", f"{verdict}; primal {proof['primal']} = dual {proof['dual']}")
    table.add_row("求解 solver", f"{proof['solver']}, {proof['seconds']:.2f} s")
    places = sorted(plan["fairness"], key=lambda one: (one["ratio"], one["area"]["name"]))
    if places:
        worst = "、".join(f"{one['area']['name']} {one['ratio']:.0%}" for one in places[:PLACES])
        more = "…" if len(places) > PLACES else ""
        table.add_row("各地满足 given, least first", f"{worst}{more}")
    console.print(table)
    for one in plan["bottlenecks"]:
        line(f"  瓶颈 bottleneck  {one['text']}")
    for edge in plan["shortfalls"]["edges"]:
        short = edge["node"]
        need = short["need"]
        reason = short["reasons"][0] if short["reasons"] else {"text": "", "remedy": None}
        remedy = f" → {reason['remedy']}" if reason["remedy"] else ""
        title = f"{need['community']['name']} {need['title']}"
        missing = f"缺 {short['quantity']} {need['resourceType']['unit']}"
        line(f"  {title}: {missing}; {reason['text']}{remedy}")


_COUNTY = """query($area: String!) {
  needs(first: 5, where: {area: $area, status: [OPEN]}) { totalCount byPriority { label count } edges { node {
    title priority community { name } matches(first: 1) { edges { node { score offer { title provider { name } }
      reasons { text } } } } } } }
  offers(first: 1, where: {area: $area}) { totalCount bySociety { label count } }
  unmatched: needs(first: 1, where: {area: $area, status: [OPEN], unmatched: true}) { totalCount } }"""


async def county_summary(context: Context, area: str) -> None:
    found = await asked(context, _COUNTY, {"area": area})
    needs, offers = found["needs"], found["offers"]
    counts = "、".join(f"{one['label']} {one['count']}" for one in needs["byPriority"])
    line(f"开放需求 open needs {needs['totalCount']} ({counts}); 尚无匹配 unmatched {found['unmatched']['totalCount']}")
    counts = "、".join(f"{one['label']} {one['count']}" for one in offers["bySociety"])
    line(f"资源 offers {offers['totalCount']} ({counts})")
    for edge in needs["edges"]:
        need = edge["node"]
        for match in need["matches"]["edges"]:
            best = match["node"]
            why = best["reasons"][0]["text"]
            who = best["offer"]["provider"]["name"]
            whose = f"{need['title']} ({need['community']['name']})"
            line(f"  {whose} ← {best['offer']['title']} ({who}) {best['score']:.2f}, {why}")


_LOOP = """query($area: String!) {
  all: referrals(where: {area: $area}, first: 1) { totalCount }
  waiting: referrals(where: {area: $area, status: [REQUESTED]}, first: 1) { totalCount }
  under: referrals(where: {area: $area, status: [ACCEPTED, IN_PROGRESS, ON_HOLD]}, first: 1) { totalCount }
  done: referrals(where: {area: $area, status: [COMPLETED]}, first: 1) { totalCount }
  overdue: referrals(where: {area: $area, overdue: true}, first: 1) { totalCount }
  calls: referrals(where: {area: $area, toFollowUp: true}, first: 1) { totalCount }
}"""


async def loop_summary(context: Context, area: str) -> None:
    """One line: how many referrals wait, are under way, are done, are late."""
    found = await asked(context, _LOOP, {"area": area})
    count = {name: one["totalCount"] for name, one in found.items()}
    line(
        f"点单 referrals {count['all']} (待接单 waiting {count['waiting']}、办理中 under way {count['under']}、"
        f"已完成 completed {count['done']}); 逾期 overdue {count['overdue']}; 待回访 to follow up {count['calls']}"
    )
