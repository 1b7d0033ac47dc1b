"""Registering the five societies and the assistants of the six."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import parties
from resolvers.acts import act, record, require_role, require_within
from resolvers.checks import Problems
from resolvers.context import Context, Done
from resolvers.errors import Conflict
from resolvers.vocabulary import FUND_SOURCE, INDUSTRY, Vocabulary, vocabulary

#: A community is a village or neighbourhood committee, or what stands for one where there is none.
COMMUNITY_LEVELS = ("VILLAGE", "TOWNSHIP", "ZONE")


async def register_organization(
    context: Context,
    *,
    name: str,
    area: str,
    credit_code: str | None = None,
    founded_on: date | None = None,
    idempotency_key: str | None = None,
) -> Done:
    """Registers a social organization. Raises InvalidInput, NotAllowed, Conflict (as do all of this module)."""
    inputs = {"name": name, "area": area, "credit_code": credit_code, "founded_on": founded_on}
    return await _register(context, "ORGANIZATION", "organizationRegister", inputs, idempotency_key)


async def register_volunteer(
    context: Context, *, name: str, area: str, headcount: int | None = 1, idempotency_key: str | None = None
) -> Done:
    """Registers a volunteer (headcount 1) or a team of them."""
    inputs = {"name": name, "area": area, "headcount": 1 if headcount is None else headcount}
    return await _register(context, "VOLUNTEER", "volunteerRegister", inputs, idempotency_key)


async def register_donor_firm(
    context: Context,
    *,
    name: str,
    area: str,
    credit_code: str | None = None,
    industry: str | None = None,
    idempotency_key: str | None = None,
) -> Done:
    """Registers a firm that gives. `industry` is a term code of scheme "industry"."""
    inputs = {"name": name, "area": area, "credit_code": credit_code, "industry": industry}
    return await _register(context, "DONOR_FIRM", "donorFirmRegister", inputs, idempotency_key)


async def register_fund(
    context: Context, *, name: str, area: str, source: str | None = None, idempotency_key: str | None = None
) -> Done:
    """Registers a fund. `source` is a term code of scheme "fund_source"."""
    inputs = {"name": name, "area": area, "source": source}
    return await _register(context, "FUND", "fundRegister", inputs, idempotency_key)


async def register_social_worker(context: Context, *, name: str, area: str, idempotency_key: str | None = None) -> Done:
    """Registers a social worker."""
    return await _register(
        context, "SOCIAL_WORKER", "socialWorkerRegister", {"name": name, "area": area}, idempotency_key
    )


async def register_community(context: Context, *, name: str, area: str, idempotency_key: str | None = None) -> Done:
    """Registers a community, which lies in a village, a township or a zone."""
    return await _register(context, "COMMUNITY", "communityRegister", {"name": name, "area": area}, idempotency_key)


async def register_assistant(context: Context, *, name: str, area: str, idempotency_key: str | None = None) -> Done:
    """Registers an assistant, the sixth society."""
    return await _register(context, "ASSISTANT", "assistantRegister", {"name": name, "area": area}, idempotency_key)


async def checked(
    context: Context,
    conn: AsyncConnection,
    words: Vocabulary,
    problems: Problems,
    kind: str,
    inputs: Mapping[str, Any],
) -> dict[str, Any]:
    """The row of a new party, every faulty field added to `problems`; to be used only after `problems.stop()`."""
    row: dict[str, Any] = {"kind": kind, "name": problems.text("name", inputs["name"])}
    area = await words.check_area(conn, problems, "area", inputs["area"])
    if area is not None:
        row |= {"area_id": area.id, "county_id": area.county_id}
        if kind == "COMMUNITY" and area.level not in COMMUNITY_LEVELS:
            problems.add(
                "area",
                "AREA_LEVEL",
                f"社区应在村(社区)、乡镇(街道)或功能区,{area.full_name}的级别不合适",
                f"a community lies in a village, a township or a zone; {area.full_name} is a {area.level.lower()}",
            )
    if "credit_code" in inputs:
        row["credit_code"] = problems.credit_code("creditCode", inputs["credit_code"])
    founded_on: date | None = inputs.get("founded_on")
    if "founded_on" in inputs:
        row["founded_on"] = founded_on
        if founded_on is not None and founded_on > context.today:
            problems.add("foundedOn", "IN_THE_FUTURE", "成立日期在今天之后", "the founding date lies in the future")
    if "headcount" in inputs:
        row["headcount"] = problems.count("headcount", inputs["headcount"])
    for field, scheme in (("industry", INDUSTRY), ("source", FUND_SOURCE)):
        if inputs.get(field) is not None:
            term = words.check_term(problems, field, [scheme], inputs[field])
            row[f"{field}_id"] = term.id if term else None
    return row


async def _register(context: Context, kind: str, operation: str, inputs: Mapping[str, Any], key: str | None) -> Done:
    require_role(context.viewer, "COORDINATOR")

    async def work(conn: AsyncConnection) -> Done:
        words = await vocabulary(context.engine, conn)
        problems = Problems()
        row = await checked(context, conn, words, problems, kind, inputs)
        problems.key(key)
        problems.stop()
        area = (await words.areas_by_id(conn, [row["area_id"]]))[row["area_id"]]
        require_within(context.viewer, area)
        id = await parties.add(conn, {**row, "created_at": context.clock()})
        if id is None:
            raise await _already(conn, row, area.full_name)
        await record(conn, context.viewer, "party.registered", "party", id, area.id, {"kind": kind})
        return Done("party", id)

    return await act(context, operation, key, inputs, work)


async def _already(conn: AsyncConnection, row: Mapping[str, Any], place: str) -> Conflict:
    code = row.get("credit_code")
    like = await parties.like(conn, kind=row["kind"], area_id=row["area_id"], name=row["name"], credit_code=code)
    if like is not None and like.same_code:
        return Conflict(
            "CREDIT_CODE_TAKEN",
            f"统一社会信用代码 {code} 已登记为“{like.name}”;请直接使用它",
            f"credit code {code} is registered as {like.name}; use that one",
        )
    return Conflict(
        "ALREADY_REGISTERED",
        f"{place}已登记过同类的“{row['name']}”;请直接使用它,或换一个能区分的名称",
        f"{row['name']} is registered in {place} already; use that one or a name that tells them apart",
    )
