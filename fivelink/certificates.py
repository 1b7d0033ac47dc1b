"""GET /certificates/NUMBER: a certificate of volunteer hours, verified by anybody; a page to print, or JSON."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from html import escape
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from db.database import Database
from db.faults import classify
from db.viewer import PUBLIC
from fivelink.http_answers import JSON, UNAVAILABLE, Header
from fivelink.negotiation import NOT_ACCEPTABLE, preferred
from resolvers import certificates
from resolvers.certificates import Verification, Verified
from resolvers.context import Context

SECONDS = 5.0
#: Whoever looks a number up sees what holds now, and no search engine keeps it.
_HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
    "vary": "accept",
}

log = logging.getLogger("fivelink")


def verifying(database: Database, page_headers: tuple[Header, ...]) -> Callable[[Request], Any]:
    """The handler of the route. 200 where the number is found, whatever its status; 404 where it is not."""
    security = {name.decode(): value.decode() for name, value in page_headers}

    async def verified(request: Request) -> Response:
        wanted = preferred(request.headers.get("accept", "").encode("latin-1", "replace"))
        if wanted is None:
            return Response(NOT_ACCEPTABLE.body, NOT_ACCEPTABLE.status, _HEADERS, media_type=JSON.decode())
        try:
            async with asyncio.timeout(SECONDS):
                found = await certificates.verify(Context(database, PUBLIC), request.path_params["number"])
        except Exception as error:
            log.warning("a certificate was not verified: %s", classify(error)[0])
            return Response(UNAVAILABLE.body, UNAVAILABLE.status, _HEADERS, media_type=JSON.decode())
        status = 200 if found.finding == "FOUND" else 404
        if wanted == "html":
            return Response(page(found), status, _HEADERS | security, media_type="text/html; charset=utf-8")
        return Response(orjson.dumps(told(found)), status, _HEADERS, media_type=JSON.decode())

    return verified


def told(found: Verification) -> dict[str, Any]:
    """What `Query.certificate` answers, under the same names."""
    one = found.certificate
    return {
        "finding": found.finding,
        "text": {"zh": found.text_zh, "en": found.text_en},
        "certificate": None
        if one is None
        else {
            "number": one.number,
            "status": one.status,
            "text": {"zh": one.status_zh, "en": one.status_en},
            "name": one.name,
            "organizer": one.organizer,
            "issuer": one.issuer,
            "hours": str(one.hours),
            "minutes": one.minutes,
            "services": one.services,
            "fromOn": one.from_on,
            "untilOn": one.until_on,
            "issuedOn": one.issued_on,
        },
    }


def page(found: Verification) -> str:
    """The page, without script; every text that came from people is escaped."""
    one = found.certificate
    body = (
        f'<p class="finding">{escape(found.text_zh)}<br><span lang="en">{escape(found.text_en)}</span></p>'
        if one is None
        else _certificate(one)
    )
    return f"""<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>志愿服务记录证明查验 · Certificate of volunteer service</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/static/certificate.css">
</head>
<body>
<main>
<h1>志愿服务记录证明<br><span lang="en">Certificate of volunteer service</span></h1>
{body}
</main>
<footer>五社联动平台 <span lang="en">Fivelink</span></footer>
</body>
</html>
"""


def _certificate(one: Verified) -> str:
    lines = (
        ("证明编号", "Number", one.number),
        ("志愿者(队)", "Volunteer", one.name),
        ("服务时长", "Hours", f"{one.hours} 小时 hours ({one.minutes} 分钟 minutes)"),
        ("服务次数", "Services", f"{one.services}"),
        ("服务日期", "Period", f"{one.from_on} — {one.until_on}"),
        ("组织方", "Organized by", one.organizer),
        ("出具方", "Issued by", one.issuer),
        ("出具日期", "Issued on", f"{one.issued_on}"),
    )
    rows = "\n".join(
        f'<tr><th scope="row">{zh}<br><span lang="en">{en}</span></th><td>{escape(value)}</td></tr>'
        for zh, en, value in lines
    )
    return f"""<p class="status {one.status.lower()}">{escape(one.status_zh)}<br>
<span lang="en">{escape(one.status_en)}</span></p>
<table>
{rows}
</table>"""
