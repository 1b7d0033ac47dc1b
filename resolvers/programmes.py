"""Programmes and awards: what their columns alone cannot say."""

from __future__ import annotations

from db import teams
from resolvers.checks import clipped
from resolvers.records import Check, check


@check("programme", "sponsorship")
async def _team(given: Check) -> None:
    """A team template that is named is one there is."""
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


@check("award", "sponsorship")
async def _one_of_two(given: Check) -> None:
    """An award was won, and a support is given, by or to one programme or one station."""
    if (given.row["programme_id"] is None) == (given.row["station_id"] is None):
        given.problems.add(
            "programmeId",
            "ONE_OF_TWO",
            "请填写服务项目或社工站,二者填其一",
            "name the programme or the station, one of the two",
        )
