"""Samples of stations for inspection: drawn once, kept with all it takes to draw them again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncConnection

from db import evaluation_rows, events
from db.cursors import global_id
from db.evaluations import EvaluationSampleRow, SampleMemberRow
from db.records import insert
from resolvers.acts import act, record, require_role, require_within
from resolvers.checks import Problems
from resolvers.context import Context, Done
from resolvers.errors import Conflict
from resolvers.sampling import ALGORITHM, draw, new_seed, rank, share_of
from resolvers.vocabulary import vocabulary

#: One at a time draws in an area.
DRAW_LOCK = 5012
TIERS = ("CENTRE", "STATION", "ROOM")


async def sample_draw(
    context: Context,
    *,
    area: str | None,
    year: int | None,
    share: Decimal | None = None,
    count: int | None = None,
    everything: bool | None = False,
    tiers: Sequence[str] | None = None,
    seed: str | None = None,
    reason: str | None = None,
    idempotency_key: str | None = None,
) -> Done:
    """Draws stations of an area and below that work today: a share (above 0, at most 1; rounded up), a count, or all.

    Without `seed` one is made that nobody could choose. A second drawing for the same area and year needs a reason and
    is kept beside the first: nobody draws until the result pleases, unseen. Raises InvalidInput, NotAllowed, Conflict
    NO_STATIONS. O(stations log stations).
    """
    require_role(context.viewer, "COORDINATOR")
    asked = {"area": area, "year": year, "share": share, "count": count, "all": everything, "tiers": tiers}
    inputs = {**asked, "seed": seed, "reason": reason}

    async def work(conn: AsyncConnection) -> Done:
        problems = Problems()
        words = await vocabulary(context.engine, conn)
        place = None
        if problems.required("area", area) and area is not None:
            place = await words.check_area(conn, problems, "area", area)
        if place is not None:
            require_within(context.viewer, place)
        for_year = _year(problems, year, context.today)
        _how_many(problems, share, count, bool(everything))
        wanted = list(dict.fromkeys(tiers)) if tiers is not None else ["STATION"]
        if not wanted:
            problems.required("tiers", None)
        chosen = problems.text("seed", seed) if seed is not None else new_seed()
        why = problems.text("reason", reason) if reason is not None else None
        problems.key(idempotency_key)
        problems.stop()
        assert place is not None
        await events.lock(conn, DRAW_LOCK, place.id)
        number = await evaluation_rows.drawings(conn, place.id, for_year) + 1
        if number > 1 and why is None:
            problems.add(
                "reason",
                "REQUIRED",
                f"{for_year} 年度已抽取过;再抽一次请写明原因,两次都会保留",
                f"a sample for {for_year} was drawn already; say why another is, both are kept",
            )
            problems.stop()
        ids = await evaluation_rows.frame(conn, place.id, context.today, wanted)
        if not ids:
            raise Conflict(
                "NO_STATIONS",
                f"{place.full_name}没有正在运行的站点可抽",
                f"no station of these tiers works in {place.full_name}",
            )
        size = len(ids)
        if count is not None and count > size:
            zh, en = f"只有 {size} 个站可抽", f"there are only {size} stations to draw from"
            problems.add("count", "OUT_OF_RANGE", zh, en)
            problems.stop()
        drawn = size if everything else share_of(share, size) if share is not None else count or 0
        common = {
            "area_id": place.id,
            "county_id": place.county_id,
            "actor_id": context.viewer.key_id,
            "recorded_at": context.clock(),
            "changed_at": context.clock(),
        }
        id = await insert(
            conn,
            EvaluationSampleRow,
            {
                **common,
                "year": for_year,
                "number": number,
                "seed": chosen,
                "seed_given": seed is not None,
                "algorithm": ALGORITHM,
                "share": share,
                "frame_size": size,
                "drawn_count": drawn,
                "drawn_on": context.today,
                "reason": why if number > 1 else None,
            },
        )
        numbers = {member_name(one): one for one in ids}
        members = [
            {
                **common,
                "sample_id": id,
                "station_id": numbers[name],
                "hash": rank(chosen, name),
                "place": at,
                "drawn": at <= drawn,
            }
            for at, name in enumerate(draw(chosen, list(numbers), size), start=1)
        ]
        await evaluation_rows.add_all(conn, SampleMemberRow, members)
        detail = {"year": for_year, "number": number, "stations": size, "drawn": drawn}
        await record(conn, context.viewer, "evaluation_sample.drawn", "evaluation_sample", id, place.id, detail)
        return Done("evaluation_sample", id)

    return await act(context, "sampleDraw", idempotency_key, inputs, work)


def member_name(station_id: int) -> str:
    """What a station is called in a drawing: its id as the contract shows it."""
    return global_id(b"Station:%d" % station_id)


def _year(problems: Problems, year: int | None, today: date) -> int:
    if problems.required("year", year) and year is not None and not 2000 <= year <= today.year + 1:
        zh, en = f"年度应在 2000 到 {today.year + 1} 之间", f"a year lies from 2000 to {today.year + 1}"
        problems.add("year", "OUT_OF_RANGE", zh, en)
    return year or 0


def _how_many(problems: Problems, share: Decimal | None, count: int | None, everything: bool) -> None:
    if (share is not None) + (count is not None) + everything != 1:
        zh = "请给出 share、count 或 all 其中之一"
        problems.add("count", "ONE_OF_THREE", zh, "give one of share, count and all")
        return
    if share is not None and not (share.is_finite() and 0 < share <= 1 and share == round(share, 4)):
        zh, en = "比例应大于 0、不超过 1,最多 4 位小数", "a share is above 0 and at most 1, with at most 4 decimals"
        problems.add("share", "OUT_OF_RANGE", zh, en)
    if count is not None:
        problems.count("count", count)
