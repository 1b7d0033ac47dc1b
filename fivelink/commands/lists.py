"""`fivelink import` and `fivelink export`."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from exchange import writing
from exchange.errors import Unreadable
from fivelink.commands.printed_plans import printed_plan, take
from fivelink.commands.standards import indicator_tree, load
from fivelink.failures import require_writable, say
from fivelink.printing import import_report
from fivelink.runtime import with_context
from fivelink.settings import Settings
from resolvers import exports, imports, record_export
from resolvers.context import Context
from resolvers.errors import Conflict
from resolvers.imports import FileReport

_STAGES = {"read": "读取 read", "check": "核对 check", "match": "匹配 match"}


def run(arguments: Namespace) -> int:
    settings = Settings.from_environment()
    if arguments.command == "export" and arguments.records:
        require_writable(arguments.file, (".xlsx", ".csv"))
        counts = with_context(settings, lambda c: record_export.run(c, arguments.file, area=arguments.area))
        print(f"记录 records {sum(counts.values())} -> {arguments.file}")
        return 0
    if arguments.command == "export":
        require_writable(arguments.file, (".xlsx", ".csv", ".json"))
        paths, counts = with_context(settings, lambda c: exports.run(c, arguments.file, area=arguments.area))
        figures = f"需求 needs {counts['needs']}, 资源 offers {counts['offers']}, 组织 parties {counts['parties']}"
        print(f"{figures} -> {', '.join(str(path) for path in paths)}")
        return 0
    if arguments.rejects is not None:
        require_writable(arguments.rejects, (".xlsx", ".csv"))
    reports, refused = with_context(settings, lambda context: _take(context, arguments))
    faulty = any(report.faults for report in reports)
    if faulty and arguments.rejects is not None:
        written = writing.write_rejects(arguments.rejects, [sheet for one in reports for sheet in one.sheets])
        for path in written:
            print(f"有误的行已写回 / faulty rows written to: {path}")
    return 1 if refused else 2 if faulty else 0


async def _take(context: Context, arguments: Namespace) -> tuple[list[FileReport], bool]:
    """Each file in a transaction of its own: one that cannot be read does not keep the others out."""
    reports, refused = [], False
    for path in arguments.files:
        try:
            reports.append(await _one(context, path, arguments))
        except Unreadable as error:
            if (tree := indicator_tree(path)) is not None:
                reports.append(await load(context, tree, arguments.area, dry_run=arguments.dry_run))
                import_report(reports[-1])
                refused = refused or reports[-1].refused
                continue
            if (table := printed_plan(path)) is not None:
                taken = await take(context, path, table, arguments.area, arguments.dry_run)
                refused = refused or not taken
                continue
            refused = True
            say(f"{path.name}: {error.text_zh}", f"{path.name}: {error.text_en}", error.code)
            continue
        except Conflict as error:
            refused = True
            say(f"{path.name}: {error.message_zh}", f"{path.name}: {error.message_en}", error.code)
            continue
        import_report(reports[-1])
    return reports, refused


async def _one(context: Context, path: Path, arguments: Namespace) -> FileReport:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with Progress(*columns, TimeElapsedColumn(), transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def progress(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(f"{path.name} {_STAGES[stage]}", total=total)
            bar.update(tasks[stage], completed=done, total=total)

        return await imports.run(context, path, dry_run=arguments.dry_run, area=arguments.area, progress=progress)
