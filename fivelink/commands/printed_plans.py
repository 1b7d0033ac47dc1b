"""A build-out plan among the files of `fivelink import`: a printed table of places and years instead of a list."""

from __future__ import annotations

from pathlib import Path

from exchange.errors import Unreadable
from exchange.printed_tables import PrintedTable, read_file
from fivelink.failures import say
from resolvers.buildout import import_targets
from resolvers.checks import MAX_TEXT
from resolvers.context import Context
from resolvers.errors import InvalidInput, Refusal


def printed_plan(path: Path) -> PrintedTable | None:
    """The table of a file that is one; None for every other file."""
    try:
        table = read_file(path)
    except (Unreadable, OSError):
        return None
    return table if table.years else None


async def take(context: Context, path: Path, table: PrintedTable, area: str | None, dry_run: bool) -> bool:
    """Writes the plan, if not only to be looked at, and says which totals do not add up; whether it could be taken."""
    if area is None:
        say(
            f"{path.name}: 这是一张建站计划表,请用 --area 写明是哪个地区的计划",
            f"{path.name}: this is a printed build-out plan; say with --area of which area it is",
            "REQUIRED",
        )
        return False
    title = (table.title or path.stem)[:MAX_TEXT]
    try:
        if not dry_run and not table.faults:
            await import_targets(context, area=area, title=title, table=table)
    except InvalidInput as refusal:
        for field in refusal.fields:
            say(f"{path.name}: {field.message_zh}", f"{path.name}: {field.message_en}", field.code)
        return False
    except Refusal as refusal:
        say(f"{path.name}: {refusal.message_zh}", f"{path.name}: {refusal.message_en}", refusal.code)
        return False
    for fault in table.faults:
        say(f"{path.name}: {fault.text_zh}", f"{path.name}: {fault.text_en}", fault.code)
    print(
        f"{path.name}: 建站计划 build-out plan, {len(table.rows)} 地 places, {len(table.years)} 年 years;"
        f" 合计 totals {len(table.totals)}, 不一致 wrong {len(table.wrong)}"
    )
    for total in table.wrong:
        print(f"  {total.zh}\n  {total.en}")
    return not table.faults
