"""GET /handovers/ID.xlsx: what passes over with a project or station, as a workbook; for staff of the area."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from db.cursors import parse_id
from db.database import Database
from db.faults import classify
from fivelink.http_answers import JSON, UNAVAILABLE, HttpFault, error_body
from fivelink.sign_in import SignIn
from resolvers.context import Context
from resolvers.errors import InvalidInput, NotAllowed, NotFound, Refusal

SECONDS = 30.0
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff", "vary": "authorization"}

log = logging.getLogger("fivelink")


def handing_over(database: Database, sign_in: SignIn) -> Callable[[Request], Any]:
    """The handler of the route; `on` names a day. 400 for what is no day, 401, 403, 404, 503."""

    async def answered(request: Request) -> Response:
        try:
            sent = request.headers.get("authorization")
            viewer = await sign_in.viewer(None if sent is None else sent.encode("latin-1"))
            async with asyncio.timeout(SECONDS):
                name, content = await _workbook(Context(database, viewer), request)
            headers = _HEADERS | {"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}.xlsx"}
            return Response(content, 200, headers, media_type=XLSX)
        except HttpFault as fault:
            extra = {key.decode(): value.decode() for key, value in fault.headers}
            return Response(fault.body, fault.status, _HEADERS | extra, media_type=JSON.decode())
        except Refusal as refusal:
            return _refused(refusal)
        except Exception as error:
            log.warning("a handover was not written: %s", classify(error)[0])
            return Response(UNAVAILABLE.body, UNAVAILABLE.status, _HEADERS, media_type=JSON.decode())

    return answered


async def _workbook(context: Context, request: Request) -> tuple[str, bytes]:
    # Only who asks for one waits for what makes it.
    from resolvers import coordination, handover_sheets

    written = request.query_params.get("on")
    try:
        on = None if not written else date.fromisoformat(written)
    except ValueError:
        raise HttpFault(400, "BAD_DATE", "on is a day like 2026-12-01", "on 应为 2026-12-01 这样的日期") from None
    parsed = parse_id(request.path_params["id"])
    if parsed is None or parsed[0] not in ("Project", "Station"):
        raise NotFound("这个项目或社工站", "project or station")
    field = {"Project": "project_id", "Station": "station_id"}[parsed[0]]
    pack = await coordination.pack(context, **{field: parsed[1]}, on=on)
    return await handover_sheets.workbook(context, pack)


def _refused(refusal: Refusal) -> Response:
    status = {NotAllowed: 403, InvalidInput: 400}.get(type(refusal), 404)
    body = error_body(refusal.code, refusal.message_en, refusal.message_zh)
    return Response(body, status, _HEADERS, media_type=JSON.decode())
