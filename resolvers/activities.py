"""Activities: sessions, persons, person-times and reach are four figures, and must fit together."""

from __future__ import annotations

from resolvers.records import Check, check


@check("activity")
async def _figures(given: Check) -> None:
    row, add = given.row, given.problems.add
    persons, times, reach = row["persons"], row["person_times"], row["reach"]
    if persons is not None and times is not None and times < persons:
        add(
            "personTimes",
            "UNDER_PERSONS",
            f"人次({times})不能少于人数({persons}):来过的人每人至少一次",
            f"{times} person-times are fewer than {persons} persons: whoever came, came once at least",
        )
    if persons is not None and reach is not None and reach < persons:
        add(
            "reach",
            "UNDER_PERSONS",
            f"覆盖人数({reach})不能少于参加人数({persons})",
            f"a reach of {reach} is under the {persons} persons who took part",
        )
    if row["sessions"] is not None and row["sessions"] < row["count"]:
        add(
            "sessions",
            "UNDER_COUNT",
            f"场次({row['sessions']})不能少于活动次数({row['count']})",
            f"{row['sessions']} sessions are fewer than the {row['count']} activities",
        )
    last = row["until_on"] or row["held_on"]
    figures = (row["persons"], row["person_times"], row["reach"])
    if last > given.context.today and any(one is not None for one in figures):
        given.mark(
            "FIGURES_AHEAD", "活动尚未结束,人数是预计", "the activity is not over: its figures are expected ones"
        )
