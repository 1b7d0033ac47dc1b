"""Money comes in: pools with the shares of several contributors, budget lines, donations and what donors mean them for.

Every act is one transaction with its rows, its journal and its event; coordinators of the area, administrators above.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from db import funds, ledger
from db.areas import Area
from resolvers.acts import act, require_role, require_within
from resolvers.context import Context, Done
from resolvers.errors import Conflict
from resolvers.fund_checks import ZERO, Act, against_earmark, within_earmark

GIVERS = ("ORGANIZATION", "COMMUNITY", "DONOR_FIRM", "FUND")
FIRST_YEAR, LAST_YEAR = 2000, 2100


async def open_pool(
    context: Context,
    *,
    area: str | None,
    name: str | None,
    from_on: date | None,
    until_on: date | None,
    earmark: str | None = None,
    shares: Sequence[Mapping[str, Any]] | None = None,
    idempotency_key: str | None = None,
) -> Done:
    """Opens a pool for a cycle, with first shares (contributor_id, fund_source, amount, given_on, from_on, until_on).

    Raises InvalidInput, NotAllowed, Conflict (a pool of this name in the area).
    """
    require_role(context.viewer, "COORDINATOR")
    given = list(shares or ())

    async def work(conn: AsyncConnection) -> Done:
        one = await Act.begun(context, conn)
        place = await one.area("area", area)
        called = one.problems.text("name", name)
        one.problems.required("fromOn", from_on)
        one.problems.required("untilOn", until_on)
        one.problems.period("fromOn", from_on, "untilOn", until_on, context.today, past=False)
        meant = one.earmark("earmark", earmark)
        rows = [await _share(one, share) for share in given]
        one.problems.key(idempotency_key)
        one.problems.stop()
        assert place is not None
        require_within(context.viewer, place)
        try:
            id = await one.insert(
                "fund_pool",
                place,
                {"name": called, "from_on": from_on, "until_on": until_on, "earmark_id": meant},
            )
        except IntegrityError as error:
            raise _taken("资金池", "pool", error) from error
        for row in rows:
            await _give(one, id, place, row)
        return Done("fund_pool", id)

    inputs = {"area": area, "name": name, "from_on": from_on, "until_on": until_on, "earmark": earmark, "shares": given}
    return await act(context, "poolOpen", idempotency_key, inputs, work)


async def add_share(context: Context, *, pool_id: int | None, idempotency_key: str | None = None, **share: Any) -> Done:
    """Another contributor's share of a pool, or more of the same one's; `share` as in `open_pool`.

    Raises InvalidInput, NotFound (of the pool), NotAllowed.
    """
    require_role(context.viewer, "COORDINATOR")

    async def work(conn: AsyncConnection) -> Done:
        one = await Act.begun(context, conn)
        pool, place = await one.held("fund_pool", pool_id)
        row = await _share(one, share)
        one.problems.key(idempotency_key)
        one.problems.stop()
        return Done("pool_share", await _give(one, pool.id, place, row))

    return await act(context, "poolShareAdd", idempotency_key, {"pool_id": pool_id, **share}, work)


async def _share(one: Act, share: Mapping[str, Any]) -> dict[str, Any]:
    contributor = await one.party("contributorId", share.get("contributor_id"), GIVERS)
    since, until = share.get("from_on"), share.get("until_on")
    one.problems.period("fromOn", since, "untilOn", until, one.context.today, past=False)
    return {
        "contributor_id": contributor.id if contributor is not None else 0,
        "fund_source_id": one.source("fundSource", share.get("fund_source")),
        "amount": one.amount("amount", share.get("amount")),
        "given_on": one.day("givenOn", share.get("given_on")),
        "from_on": since,
        "until_on": until,
    }


async def _give(one: Act, pool_id: int, place: Area, row: Mapping[str, Any]) -> int:
    id = await one.insert("pool_share", place, {"pool_id": pool_id, **row})
    giver = await one.account("CONTRIBUTOR", row["contributor_id"], place.id)
    pool = await one.account("POOL", pool_id, place.id)
    lines = [(giver, -row["amount"]), (pool, row["amount"])]
    await one.move("SHARE", row["given_on"], place.id, "pool_share", id, lines)
    return id


async def reverse_share(
    context: Context, id: int | None, *, on: date | None = None, idempotency_key: str | None = None
) -> Done:
    """Undoes a share that was recorded by mistake; refused where the pool has spent or promised it.

    Raises InvalidInput, NotFound, NotAllowed, Conflict.
    """
    return await _reverse(context, "pool_share", "poolShareReverse", id, on, idempotency_key)


async def reverse_donation(
    context: Context, id: int | None, *, on: date | None = None, idempotency_key: str | None = None
) -> Done:
    """Undoes a donation that was recorded by mistake; refused where any of it is promised, spent or redirected."""
    return await _reverse(context, "donation", "donationReverse", id, on, idempotency_key)


async def _reverse(
    context: Context, name: str, operation: str, id: int | None, on: date | None, idempotency_key: str | None
) -> Done:
    require_role(context.viewer, "COORDINATOR")

    async def work(conn: AsyncConnection) -> Done:
        one = await Act.begun(context, conn)
        row, place = await one.held(name, id)
        day = one.day("on", on, least=row.given_on if name == "pool_share" else row.donated_on)
        one.problems.key(idempotency_key)
        one.problems.stop()
        if name == "pool_share":
            await one.held("fund_pool", row.pool_id)
        if row.reversed_on is not None:
            raise already_reversed(row.reversed_on)
        if name == "donation" and row.origin != "GIVEN":
            raise Conflict(
                "NOT_GIVEN_ITSELF",
                "这一笔由另一笔捐赠转来,不能单独冲销",
                "this was made of another donation and cannot be undone by itself",
            )
        kind = "SHARE" if name == "pool_share" else "DONATION"
        before = await ledger.postings(conn, name, row.id, kind)
        lines = [(line.account_id, -line.amount) for line in before]
        (held,) = [account_id for account_id, amount in lines if amount < 0]
        await one.update(name, row.id, place.id, {"reversed_on": day}, "reverse")
        await one.move("REVERSAL", day, place.id, name, row.id, lines, out_of=held, reverses_id=before[0].journal_id)
        if name == "pool_share":
            await _require_sources(one, row.pool_id, row.fund_source_id)
        return Done(name, row.id)

    return await act(context, operation, idempotency_key, {"id": id, "on": on}, work)


async def _require_sources(one: Act, pool_id: int, source_id: int) -> None:
    """Raises Conflict where a pool has given more of a source than its shares of that source hold."""
    left = await funds.left_of_source(one.conn, pool_id, source_id)
    if left < 0:
        raise source_short(one, source_id, left, ZERO)


def source_short(one: Act, source_id: int, left: Decimal, wanted: Decimal) -> Conflict:
    zh, en = one.words.term_labels[source_id]
    return Conflict(
        "NOT_ENOUGH_OF_SOURCE",
        f"资金池中“{zh}”可用 {left:.2f} 元,不足 {wanted:.2f} 元",
        f"{left:.2f} yuan of {en} are left in the pool, {wanted:.2f} are asked for",
    )


def already_reversed(day: date) -> Conflict:
    return Conflict(
        "ALREADY_REVERSED",
        f"已于 {day.isoformat()} 冲销",
        f"it was undone on {day.isoformat()} already",
    )


def _taken(zh: str, en: str, error: IntegrityError) -> Exception:
    """The refusal of a name that is there already; another fault stays one."""
    name = str(getattr(getattr(error.orig, "__cause__", None), "constraint_name", ""))
    if not name.endswith("_key"):
        return error
    return Conflict(
        "ALREADY_THERE", f"该地区已有同名的{zh};请用那一个", f"there is a {en} of this name in the area already"
    )


# ------------------------------------------------------------------------------------------------ budget lines


async def set_line(
    context: Context,
    *,
    id: int | None = None,
    area: str | None = None,
    name: str | None = None,
    year: int | None = None,
    fund_source: str | None = None,
    pool_id: int | None = None,
    earmark: str | None = None,
    amount: Decimal | None = None,
    on: date | None = None,
    idempotency_key: str | None = None,
) -> Done:
    """Sets a budget line: a new one of an area and year (out of a pool, or of the budget), or another amount of `id`.

    The difference to what it was moves; less than what is promised or spent is refused. Of a line that is there only
    the amount changes. Raises InvalidInput, NotFound, NotAllowed, Conflict.
    """
    require_role(context.viewer, "COORDINATOR")
    inputs = {
        "id": id, "area": area, "name": name, "year": year, "fund_source": fund_source, "pool_id": pool_id,
        "earmark": earmark, "amount": amount, "on": on,
    }  # fmt: skip

    async def work(conn: AsyncConnection) -> Done:
        one = await Act.begun(context, conn)
        new_amount = one.amount("amount", amount)
        day = one.day("on", on)
        one.problems.key(idempotency_key)
        if id is None:
            line_id, place, row = await _new_line(one, inputs, new_amount)
            difference = new_amount
        else:
            for path, value in (("area", area), ("name", name), ("year", year), ("fundSource", fund_source),
                                ("poolId", pool_id), ("earmark", earmark)):  # fmt: skip
                if value is not None:
                    one.problems.add(path, "FIXED", "已有预算项只能改金额", "only the amount of a line changes")
            old, place = await one.held("budget_line", id)
            one.problems.stop()
            line_id, row = old.id, {"pool_id": old.pool_id, "fund_source_id": old.fund_source_id}
            difference = new_amount - old.amount
            if old.pool_id is not None:
                await one.held("fund_pool", old.pool_id)
            if difference:
                await one.update("budget_line", line_id, place.id, {"amount": new_amount}, "set")
        if difference:
            line = await one.account("LINE", line_id, place.id)
            pool = row["pool_id"]
            giver = await (one.account("POOL", pool, place.id) if pool else one.account("BUDGET", place.id, place.id))
            short = line if difference < 0 else giver if pool else None
            lines = [(giver, -difference), (line, difference)]
            await one.move("BUDGET", day, place.id, "budget_line", line_id, lines, out_of=short)
            if pool:
                await _require_sources(one, pool, row["fund_source_id"])
        return Done("budget_line", line_id)

    return await act(context, "budgetLineSet", idempotency_key, inputs, work)


async def _new_line(one: Act, given: Mapping[str, Any], amount: Decimal) -> tuple[int, Area, dict[str, Any]]:
    pool = None
    place: Area | None
    if given["pool_id"] is not None:
        pool, place = await one.held("fund_pool", given["pool_id"])
        if given["area"] is not None and given["area"] != place.code:
            one.problems.add("area", "NOT_OF_THE_POOL", "预算项与资金池属同一地区", "a line lies in its pool's area")
    else:
        place = await one.area("area", given["area"])
    year = given["year"]
    if one.problems.required("year", year) and not FIRST_YEAR <= year <= LAST_YEAR:
        one.problems.add("year", "OUT_OF_RANGE", f"应为 {FIRST_YEAR} 到 {LAST_YEAR}", f"{FIRST_YEAR} to {LAST_YEAR}")
    row = {
        "name": one.problems.text("name", given["name"]),
        "year": year,
        "fund_source_id": one.source("fundSource", given["fund_source"]),
        "pool_id": pool.id if pool is not None else None,
        "earmark_id": one.earmark("earmark", given["earmark"]),
        "amount": amount,
    }
    one.problems.stop()
    assert place is not None
    require_within(one.context.viewer, place)
    if pool is not None and pool.earmark_id is not None:
        if row["earmark_id"] is None:
            row["earmark_id"] = pool.earmark_id
        elif not within_earmark(one.words, pool.earmark_id, row["earmark_id"]):
            raise against_earmark(one.words, pool.earmark_id)
    try:
        return await one.insert("budget_line", place, row), place, row
    except IntegrityError as error:
        raise _taken("预算项", "budget line", error) from error
