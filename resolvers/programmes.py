"""Programmes and awards: what their columns alone cannot say."""

from __future__ import annotations

from db import teams
from resolvers.checks import clipped
from resolvers.records import Check, check


@check("programme")
async def _programme(given: Check) -> None:
    """The team template a programme works by is one there is."""
    code = given.row["team"]
    if code is None or "team" not in given.changed:
        return
    known = {one.code for one in await teams.templates(given.conn)}
    if code not in known:
        some = "、".join(sorted(known))
        given.problems.add(
            "team",
            "UNKNOWN_TEMPLATE",
            f"没有联动模式或团队模板“{clipped(code)}”;现有 {some}",
            f'no linkage model or team template has the code "{clipped(code)}"; there are {some}',
        )


@check("programme_group")
async def _group(given: Check) -> None:
    """Nobody has counted tomorrow."""
    counted_on = given.row["counted_on"]
    if counted_on is not None and counted_on > given.context.today:
        given.problems.add("countedOn", "IN_THE_FUTURE", "统计日期还没有到", "the day of the count is still to come")


@check("award")
async def _award(given: Check) -> None:
    """An award was won by a programme or by a station."""
    if (given.row["programme_id"] is None) == (given.row["station_id"] is None):
        given.problems.add(
            "programmeId",
            "ONE_WINNER",
            "请写明获奖的服务项目或社工站,二者填其一",
            "name the programme or the station that won it, one of the two",
        )
