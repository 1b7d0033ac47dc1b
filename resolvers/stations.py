"""What a station and what belongs to it must be like to be written down."""

from __future__ import annotations

from typing import Any

from db import acting, station_counts
from resolvers import station_names
from resolvers.errors import Conflict, NotFound
from resolvers.records import Check, check
from resolvers.station_standards import first, places, standards

#: The tier right above each, and the levels of places where one stands.
ABOVE = {"ROOM": "STATION", "STATION": "CENTRE", "CENTRE": None}
TIERS = {
    "CENTRE": ("县社工中心", "centre"),
    "STATION": ("乡镇(街道)社工站", "station"),
    "ROOM": ("村(居)社工室", "room"),
}
LEVELS = {"CENTRE": ("COUNTY", "ZONE"), "STATION": ("TOWNSHIP", "ZONE"), "ROOM": ("VILLAGE",)}


@check("station")
async def _station(given: Check) -> None:
    row = given.row
    if row["setting"] is not None and row["tier"] != "STATION":
        given.problems.add(
            "setting", "NOT_OF_TIER", "只有乡镇(街道)社工站分建设模式", "only stations of townships have a setting"
        )
    await _parent(given)
    if given.old is not None and "tier" in given.changed:
        await _children(given)
    if row["units"] == 1:
        await _name(given)
        levels = LEVELS[row["tier"]] + (("VILLAGE",) if row["setting"] == "LARGE_COMMUNITY" else ())
        if given.area.level not in levels:
            zh, en = TIERS[row["tier"]]
            given.mark(
                "TIER_PLACE",
                f"{zh}一般不设在{given.area.full_name}这一级",
                f"a {en} does not usually stand at the level of {given.area.full_name}",
            )


async def _parent(given: Check) -> None:
    """The parent is of the tier right above and of the same county; locked, so that it stays so."""
    row = given.row
    if row["parent_id"] is None:
        return
    parent = await acting.seen(given.conn, given.context.viewer, "station", row["parent_id"], lock=True)
    if parent is None:
        raise NotFound("上级站点", "station above")
    wanted = ABOVE[row["tier"]]
    zh, en = TIERS[row["tier"]]
    if wanted is None:
        given.problems.add("parentId", "PARENT_TIER", f"{zh}没有上级站点", f"nothing stands above a {en}")
    elif parent.tier != wanted:
        up_zh, up_en = TIERS[wanted]
        is_zh, is_en = TIERS[parent.tier]
        given.problems.add(
            "parentId",
            "PARENT_TIER",
            f"{zh}的上级应是{up_zh},这里是{is_zh}",
            f"above a {en} stands a {up_en}, not a {is_en}",
        )
    elif parent.county_id is not None and parent.county_id != given.area.county_id:
        given.problems.add(
            "parentId", "PARENT_ELSEWHERE", "上级站点不在同一个县(市、区)", "the station above lies in another county"
        )


async def _children(given: Check) -> None:
    kept = [
        one for one in await station_counts.children(given.conn, given.old.id) if ABOVE[one.tier] != given.row["tier"]
    ]
    if kept:
        raise Conflict(
            "HAS_CHILDREN",
            "它下面还有站点,层级不能这样改;请先改动下级站点",
            "other stations stand below it, so its tier cannot become this; change those first",
        )


async def _name(given: Check) -> None:
    """A name of another form is refused where the standard is hard; a bad one of before is only marked."""
    row = given.row
    standard = first(await standards(given.conn, given.words, given.area, row["tier"], given.context.today), "NAME")
    if standard is None or standard.form is None:
        return
    wrong = station_names.faults(standard.form, row["name"], await places(given.conn, given.words, given.area))
    if not wrong:
        return
    zh, en = ";".join(one[0] for one in wrong), "; ".join(one[1] for one in wrong)
    if standard.source:
        zh, en = f"{zh}(依据:{standard.source})", f"{en} (by: {standard.source})"
    if standard.hard and (given.old is None or given.changed & {"name", "tier", "area_id", "units"}):
        given.problems.add("name", "NAME_FORMAT", f"名称不合格式:{zh}", f"the name is not of the form asked for: {en}")
    else:
        given.mark("NAME_FORMAT", f"名称不合格式:{zh}", f"the name is not of the form asked for: {en}")


@check("profile_item")
async def _profile_item(given: Check) -> None:
    if (given.row["part"] == "DOMAIN") != (given.row["domain_id"] is not None):
        given.problems.add(
            "domain",
            "DOMAIN_OF_DOMAINS",
            "基础领域须填服务领域,其他组成部分不填",
            "a DOMAIN names its domain of service, other parts do not",
        )


@check("incubation")
async def _incubation(given: Check) -> None:
    row = given.row
    if row["organization_id"] is None and row["name"] is None and row["count"] == 1:
        given.problems.add("name", "REQUIRED", "请填写组织名称或选择组织", "name the organization, or point at it")
    if row["organization_id"] is not None and row["count"] != 1:
        given.problems.add("count", "OUT_OF_RANGE", "指明了一个组织时个数应为 1", "one organization counts as 1")


@check("station_standard")
async def _standard(given: Check) -> None:
    """Each aspect has the one column that says what it asks."""
    row, wanted = given.row, {"NAME": "form", "FACILITY": "item_id", "RULE_DOCUMENT": "rule_kind_id"}
    for aspect, column in wanted.items():
        field = {"form": "form", "item_id": "item", "rule_kind_id": "ruleKind"}[column]
        if (row["aspect"] == aspect) == (row[column] is not None):
            continue
        if row[column] is None:
            given.problems.add(field, "REQUIRED", "此方面必填", "this aspect needs it")
        else:
            given.problems.add(field, "NOT_OF_ASPECT", "此方面不填这一项", "this aspect does not have it")
    form: Any = row["form"]
    if row["aspect"] == "NAME" and form is not None and not station_names.usable(form):
        given.problems.add(
            "form",
            "NAME_FORM",
            "格式由文字和 {county}、{township}、{village} 组成,且须有文字",
            "a form is text with {county}, {township} and {village}; some text there must be",
        )
