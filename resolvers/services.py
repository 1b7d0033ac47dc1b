"""Service records: what was done for a referral, recorded once, corrected by another record, never deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import acting, certificates, services
from db.services import FIGURES
from db.viewer import Viewer
from resolvers.acts import act, record, require_role, within
from resolvers.checks import Problems
from resolvers.context import Context, Done
from resolvers.errors import Conflict, NotAllowed, NotFound
from resolvers.service_checks import FEN, checked, withdrawn
from resolvers.together import Asked, Together
from resolvers.vocabulary import vocabulary

ACTORS = ("PARTNER", "COORDINATOR")
#: What was done before a referral was completed may be recorded this long after: lists on paper come in monthly.
GRACE = timedelta(days=30)
#: What of a record is written in its event: figures, no text and nobody's name.
_TOLD = ("kind", "served_on", *FIGURES)


async def record_service(
    context: Context,
    *,
    referral_id: int | None,
    kind: str | None,
    served_on: date | None,
    note: str | None = None,
    idempotency_key: str | None = None,
    **figures: int | Decimal | None,
) -> Done:
    """Records what was done for a referral on one day; `figures` by the columns of `db.services.FIGURES`.

    Quantity is in the need's unit, amount in yuan, minutes are those of all who served together. By the provider's own
    key or a coordinator of the area, while the service is IN_PROGRESS or within 30 days of its completion.
    Raises InvalidInput, NotFound (of the referral), NotAllowed, Conflict.
    """
    require_role(context.viewer, *ACTORS)
    given = {"kind": kind, "served_on": served_on, "note": note, **_figures(figures)}

    async def work(conn: AsyncConnection) -> Done:
        referral = await _referral(context, conn, referral_id)
        side = await _side(context, conn, referral)
        _require_open(context, referral)
        problems = Problems()
        row = await checked(context, conn, problems, referral, given)
        problems.key(idempotency_key)
        problems.stop()
        row |= {"side": side, "actor_id": context.viewer.key_id, "recorded_at": context.clock()}
        id = await services.add(conn, row)
        await _tell(conn, context.viewer, "service.recorded", id, row)
        return Done("service_record", id)

    return await act(context, "serviceRecord", idempotency_key, {"referral_id": referral_id, **given}, work)


async def correct(
    context: Context,
    id: int | None,
    *,
    kind: str | None = None,
    served_on: date | None = None,
    note: str | None = None,
    withdraw: bool | None = False,
    idempotency_key: str | None = None,
    **figures: int | Decimal | None,
) -> Done:
    """Replaces a record by another, given as a whole; the old one stays and says by which it was replaced.

    With `withdraw` nothing stands in its place: it was recorded by mistake; then only a note is given, which says
    why. There is no time limit. A provider corrects what it recorded itself, a coordinator all of its area. A valid
    certificate that rests on the record is OUTDATED from then on. Raises as `record_service`; Conflict for a record
    that was replaced already.
    """
    require_role(context.viewer, *ACTORS)
    given = {"kind": kind, "served_on": served_on, "note": note, "withdraw": bool(withdraw), **_figures(figures)}

    async def work(conn: AsyncConnection) -> Done:
        found = await acting.seen(conn, context.viewer, "service_record", id)
        if found is None:
            raise NotFound("这条服务记录", "service record")
        referral = await _referral(context, conn, found.referral_id)
        side = await _side(context, conn, referral)
        # Read again: whoever corrected it while we waited for the referral has been heard first.
        old = await acting.seen(conn, context.viewer, "service_record", found.id)
        assert old is not None
        if side == "PROVIDER" and old.side != "PROVIDER":
            raise NotAllowed(
                "这条记录由统筹员登记;请由本区域的统筹员或管理员更正",
                "a coordinator recorded this; a coordinator of the area or an administrator may correct it",
            )
        _require_standing(old)
        problems = Problems()
        row = (
            withdrawn(problems, referral, old, given)
            if withdraw
            else await checked(context, conn, problems, referral, given, old.id)
        )
        problems.key(idempotency_key)
        problems.stop()
        now = context.clock()
        row |= {"side": side, "actor_id": context.viewer.key_id, "recorded_at": now, "replaces_id": old.id}
        await certificates.lock(conn, referral.provider_id)
        certified = await certificates.holding(conn, old.id)
        new = await services.add(conn, row)
        await _tell(conn, context.viewer, "service.corrected", new, row)
        if certified is not None:
            await certificates.end(conn, certified.id, "OUTDATED", now)
            await record(
                conn, context.viewer, "certificate.outdated", "certificate", certified.id, certified.area_id, {}
            )
        return Done("service_record", new)

    return await act(context, "serviceCorrect", idempotency_key, {"id": id, **given}, work)


def _figures(figures: Mapping[str, int | Decimal | None]) -> dict[str, int | Decimal | None]:
    unknown = set(figures) - set(FIGURES)
    if unknown:
        raise TypeError(f"no such figure: {', '.join(sorted(unknown))}")
    return {name: figures.get(name) for name in FIGURES}


async def _referral(context: Context, conn: AsyncConnection, id: int | None) -> Any:
    """The referral, locked. Raises NotFound where the viewer may not see it."""
    found = await acting.seen(conn, context.viewer, "referral", id, lock=True)
    if found is None:
        raise NotFound("这个点单", "referral")
    return found


async def _side(context: Context, conn: AsyncConnection, referral: Any) -> str:
    """PROVIDER or COORDINATOR: as whom the viewer records. Raises NotAllowed for anybody else."""
    viewer = context.viewer
    if viewer.role == "PARTNER" and viewer.party_id == referral.provider_id:
        return "PROVIDER"
    words = await vocabulary(context.engine, conn)
    area = (await words.areas_by_id(conn, [referral.area_id]))[referral.area_id]
    if within(viewer, area):
        return "COORDINATOR"
    raise NotAllowed(
        f"服务记录由资源提供方自己或{area.full_name}的统筹员登记,管理员也可以",
        f"the provider itself, a coordinator of {area.full_name} or an administrator records what was done",
    )


def _require_open(context: Context, referral: Any) -> None:
    """Raises Conflict where nothing can be recorded (any more)."""
    if referral.status == "IN_PROGRESS":
        return
    if referral.status == "COMPLETED":
        if context.clock() <= referral.closed_at + GRACE:
            return
        raise Conflict(
            "SERVICE_CLOSED",
            f"服务已完成超过 {GRACE.days} 天,不能再补录;已有的记录仍可更正",
            f"the service was completed more than {GRACE.days} days ago: nothing can be added,"
            " what was recorded can still be corrected",
        )
    raise Conflict(
        f"REFERRAL_{referral.status}",
        f"只有服务中的点单,或完成后 {GRACE.days} 天内,才能登记服务记录;请先开始服务",
        "services are recorded while the referral is in progress"
        f" or within {GRACE.days} days of its completion; it must be started first",
    )


def _require_standing(old: Any) -> None:
    if old.withdrawn:
        raise Conflict(
            "SERVICE_WITHDRAWN",
            "这条记录只是撤销另一条,不能更正;如确有服务,请重新登记",
            "this only says that another was recorded by mistake; record the service anew if there was one",
        )
    if old.replaced_by_id is not None:
        raise Conflict(
            "SERVICE_REPLACED",
            "这条记录已被更正;请更正最新的那一条",
            "this was corrected already; correct the record that replaced it",
        )


async def _tell(conn: AsyncConnection, viewer: Viewer, event: str, id: int, row: Mapping[str, Any]) -> None:
    detail = {name: row[name] for name in _TOLD if row.get(name) is not None}
    detail["served_on"] = row["served_on"].isoformat()
    if "amount" in detail:
        detail["amount"] = str(detail["amount"])
    detail["referral_id"] = row["referral_id"]
    for name in ("replaces_id", "withdrawn"):
        if row.get(name):
            detail[name] = row[name]
    await record(conn, viewer, event, "service_record", id, row["area_id"], detail)


# ---------------------------------------------------------------------------------------- questions


@dataclass(frozen=True, slots=True)
class QuantityOfType:
    resource_type_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over records that stand. Goods by type, because units differ; `amount` in yuan."""

    records: int
    sessions: int
    persons: int
    person_times: int
    reach: int
    minutes: int
    hours: Decimal
    amount: Decimal
    quantities: list[QuantityOfType]


async def totals(
    context: Context,
    *,
    area: str | None = None,
    party_id: int | None = None,
    kinds: Sequence[str] | None = None,
    since: date | None = None,
    until: date | None = None,
) -> Totals:
    """Sums over the records that the viewer may see and that fulfil every condition; days included. One statement.

    `persons` adds up the persons of records: who was served twice counts twice. Raises InvalidInput (unknown area).
    """
    async with context.engine.connect() as conn:
        place = None
        if area is not None:
            words = await vocabulary(context.engine, conn)
            problems = Problems()
            place = await words.check_area(conn, problems, "area", area)
            problems.stop()
        found = await services.totals(
            conn,
            context.viewer,
            area_id=place.id if place else None,
            party_id=party_id,
            kinds=kinds,
            since=since,
            until=until,
        )
    return Totals(
        found.records,
        found.sessions,
        found.persons,
        found.person_times,
        found.reach,
        found.minutes,
        hours(found.minutes),
        found.amount,
        [QuantityOfType(*one) for one in found.quantities],
    )


def hours(minutes: int) -> Decimal:
    """Hours to two places, half up, as the database rounds; the minutes are what is exact."""
    return (Decimal(minutes) / 60).quantize(FEN, ROUND_HALF_UP)


async def volunteer_hours(context: Context, party_id: int) -> Decimal | None:
    """Hours of all standing records of a volunteer; None for who is neither staff nor the volunteer.

    All that a request asks at once are answered with one statement.
    """
    viewer = context.viewer
    if viewer.role in ("READER", "COORDINATOR", "ADMIN") or (viewer.role == "PARTNER" and viewer.party_id == party_id):
        return await _questions.ask(context, party_id)
    return None


async def _answer(context: Context, asked: Asked[int, Decimal]) -> Sequence[Decimal | Exception]:
    async with context.engine.connect() as conn:
        wanted = asked.closed()
        minutes = await services.minutes_of(conn, list(set(wanted)))
    return [hours(minutes.get(id, 0)) for id in wanted]


_questions = Together(_answer)
