"""`fivelink key create | list | revoke`."""

from __future__ import annotations

import sys
from argparse import Namespace
from datetime import timedelta
from typing import Any

from rich.console import Console
from rich.table import Table

from db.cursors import parse_id
from db.entities import PARTY_TYPES
from fivelink.runtime import with_context
from fivelink.settings import Settings
from resolvers import keys
from resolvers.context import Context
from resolvers.errors import FieldProblem, InvalidInput


def run(arguments: Namespace) -> int:
    settings = Settings.from_environment()
    if arguments.step == "create":
        # The key alone on stdout, so that a script can take it; everything else goes to stderr.
        print(with_context(settings, lambda context: _create(context, arguments)))
        print("请妥善保存,密钥不会再次显示 / keep it: it is not shown again", file=sys.stderr)
    elif arguments.step == "revoke":
        with_context(settings, lambda context: keys.revoke(context, arguments.prefix))
        print("已吊销 / revoked")
    else:
        found = with_context(settings, keys.listed)
        table = Table("key", "role", "area", "party", "label", "state", box=None, padding=(0, 2, 0, 0))
        for column in table.columns:
            column.no_wrap = column.header != "label"
            column.overflow = "fold"
        for key in found:
            party = str(key.party_id) if key.party_id else ""
            table.add_row(key.prefix, key.role, key.area_code or "", party, key.label, _state(key))
        Console().print(table)
    return 0


def _state(key: Any) -> str:
    if key.revoked_at:
        return f"已吊销 revoked {key.revoked_at:%Y-%m-%d}"
    if key.expires_at:
        return f"至 until {key.expires_at:%Y-%m-%d}"
    return f"自 since {key.created_at:%Y-%m-%d}"


async def _create(context: Context, given: Namespace) -> str:
    expires = None
    if given.days is not None:
        if not 1 <= given.days <= 36_500:
            raise InvalidInput([FieldProblem(("days",), "OUT_OF_RANGE", "有效天数应为 1 到 36500", "1 to 36500 days")])
        expires = context.clock() + timedelta(days=given.days)
    return await keys.create(
        context, role=given.role, area=given.area, party=_party(given.party), label=given.label, expires=expires
    )


def _party(text: str | None) -> int | None:
    """The number of a party's global id; a plain number is taken as well."""
    if text is None:
        return None
    parsed = parse_id(text)
    if parsed is not None and parsed[0] in PARTY_TYPES.values():
        return parsed[1]
    if text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    problem = FieldProblem(("party",), "NOT_FOUND", f"没有主体“{text[:40]}”", f'no party "{text[:40]}"')
    raise InvalidInput([problem])
