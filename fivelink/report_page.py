"""GET /reports/AREA/CADENCE/PERIOD: a report as a page to print; with .xlsx behind it, as a workbook.

Who sends a key sees what it may see; without one, what everybody may. `rows` names a level, `measures` codes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from decimal import Decimal
from html import escape
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from db.database import Database
from db.faults import classify
from exchange.report_forms import (
    AREA,
    COLUMNS,
    COMPARISON,
    FILLED,
    MADE,
    NOTES,
    PERIOD,
    PROVISIONAL,
    TOTAL,
    UNIT,
    Form,
    Heading,
    Line,
    Table,
    Value,
    Words,
)
from fivelink.http_answers import JSON, UNAVAILABLE, Header, HttpFault, error_body
from fivelink.sign_in import SignIn
from resolvers.context import Context
from resolvers.errors import Conflict, InvalidInput, NotAllowed, Refusal

SECONDS = 70.0
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
    "vary": "authorization",
}
LEVELS = ("PREFECTURE", "COUNTY", "TOWNSHIP", "VILLAGE")

log = logging.getLogger("fivelink")


def reporting(database: Database, sign_in: SignIn, page_headers: tuple[Header, ...]) -> Callable[[Request], Any]:
    """The handler of the route. 400 for what cannot be asked, 401 for a key that does not open, 403, 503."""
    security = {name.decode(): value.decode() for name, value in page_headers}

    async def answered(request: Request) -> Response:
        try:
            sent = request.headers.get("authorization")
            viewer = await sign_in.viewer(None if sent is None else sent.encode("latin-1"))
            async with asyncio.timeout(SECONDS):
                found = await _form(Context(database, viewer), request)
            name = f"{request.path_params['area']}-{request.path_params['cadence']}-{_period(request)[0]}"
            if not _period(request)[1]:
                return Response(page(found), 200, _HEADERS | security, media_type="text/html; charset=utf-8")
            from exchange.report_sheets import workbook

            content = await asyncio.to_thread(workbook, found)
            headers = _HEADERS | {"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}.xlsx"}
            return Response(content, 200, headers, media_type=XLSX)
        except HttpFault as fault:
            extra = {key.decode(): value.decode() for key, value in fault.headers}
            return Response(fault.body, fault.status, _HEADERS | extra, media_type=JSON.decode())
        except Refusal as refusal:
            return _refused(refusal)
        except Exception as error:
            log.warning("a report was not made: %s", classify(error)[0])
            return Response(UNAVAILABLE.body, UNAVAILABLE.status, _HEADERS, media_type=JSON.decode())

    return answered


def _period(request: Request) -> tuple[str, bool]:
    """(the period, whether a workbook is asked for)"""
    text: str = request.path_params["period"]
    return (text[: -len(".xlsx")], True) if text.endswith(".xlsx") else (text, False)


async def _form(context: Context, request: Request) -> Form:
    # Only who asks for a report waits for what computes one.
    from resolvers import reports
    from resolvers.report_forms import form

    level, codes = request.query_params.get("rows"), request.query_params.get("measures")
    found = await reports.report(
        context,
        area=request.path_params["area"],
        cadence=request.path_params["cadence"],
        period=_period(request)[0],
        rows=level if level in LEVELS else None,
        measures=None if not codes else codes.split(","),
    )
    return form(found)


def _refused(refusal: Refusal) -> Response:
    status = {NotAllowed: 403, InvalidInput: 400, Conflict: 503}.get(type(refusal), 404)
    code, zh, en = refusal.code, refusal.message_zh, refusal.message_en
    if isinstance(refusal, InvalidInput):
        first = refusal.fields[0]
        code, zh, en = first.code, first.message_zh, first.message_en
    return Response(error_body(code, en, zh), status, _HEADERS, media_type=JSON.decode())


# ------------------------------------------------------------------------------------------------ the page


def page(form: Form) -> str:
    """The page, without script; every text that came from people is escaped."""
    tables = "\n".join(_table(one) for one in form.tables)
    notes = "\n".join(f"<li>{_both(one)}</li>" for one in form.notes)
    mark = f'<p class="provisional">{_both(PROVISIONAL)}</p>' if form.provisional else ""
    return f"""<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(form.title[0])}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/static/report.css">
</head>
<body>
<main>
<h1>{escape(form.title[0])}<br><span lang="en">{escape(form.title[1])}</span></h1>
{mark}
<dl>
<div><dt>{_both(UNIT)}</dt><dd>{escape(form.unit)}</dd></div>
<div><dt>{_both(PERIOD)}</dt><dd>{escape(form.period[0])} <span lang="en">{escape(form.period[1])}</span></dd></div>
<div><dt>{_both(FILLED)}</dt><dd>{escape(form.filled_by) or "&nbsp;"}</dd></div>
<div><dt>{_both(MADE)}</dt><dd>{escape(form.made_at)}</dd></div>
</dl>
{tables}
{_comparison(form)}
<section>
<h2>{_both(NOTES)}</h2>
<ol>
{notes}
</ol>
</section>
</main>
<footer>五社联动平台 <span lang="en">Fivelink</span></footer>
</body>
</html>
"""


def _both(words: Words) -> str:
    return f'{escape(words[0])} <span lang="en">{escape(words[1])}</span>'


def _number(value: Value) -> str:
    if not isinstance(value, Decimal):
        return escape(value)
    return f"{value:,f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:,f}"


def _cells(values: Sequence[Value]) -> str:
    return "".join(f"<td>{_number(one)}</td>" for one in values)


def _heading(one: Heading) -> str:
    return f'<th scope="col">{_both(one.name)}<small>{escape(one.unit[0])}</small></th>'


def _table(table: Table) -> str:
    def row(line: Line, kind: str = "") -> str:
        return f'<tr{kind}><th scope="row">{escape(line.name[0])}</th>{_cells(line.values)}</tr>'

    total = Line((f"{TOTAL[0]} {TOTAL[1]}", ""), table.total.values)
    rows = "\n".join(row(one) for one in table.lines)
    return f"""<section>
<h2>{_both(table.name)}</h2>
<div class="wide"><table>
<thead><tr><th scope="col">{_both(AREA)}</th>{"".join(_heading(one) for one in table.headings)}</tr></thead>
<tbody>
{rows}
</tbody>
<tfoot>{row(total)}</tfoot>
</table></div>
</section>"""


def _comparison(form: Form) -> str:
    rows = []
    for one in form.compared:
        values = (one.now, one.former, one.difference, one.percent, one.planned, one.done)
        head = f'<th scope="row">{_both(one.heading.name)}</th><td>{escape(one.heading.unit[0])}</td>'
        rows.append(f"<tr>{head}{_cells(values)}</tr>")
        for words, value in one.parts:
            part = f'<th scope="row">{_both(words)}</th><td></td>'
            rows.append(f'<tr class="part">{part}{_cells((value, "", "", "", "", ""))}</tr>')
    against = "" if form.against is None else f" <small>({_both(form.against)})</small>"
    heads = "".join(f'<th scope="col">{_both(one)}</th>' for one in COLUMNS)
    body = "\n".join(rows)
    return f"""<section>
<h2>{_both(COMPARISON)}{against}</h2>
<div class="wide"><table class="compared">
<thead><tr>{heads}</tr></thead>
<tbody>
{body}
</tbody>
</table></div>
</section>"""
