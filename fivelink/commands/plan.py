"""`fivelink plan AREA`: the best allocation of an area, and how good it is."""

from __future__ import annotations

import math
import os
from argparse import Namespace
from pathlib import Path

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from fivelink.failures import require_writable
from fivelink.printing import line, plan_summary
from fivelink.runtime import with_context
from fivelink.settings import Settings
from resolvers import plan_audit, plan_jobs, plans
from resolvers.context import Context


def run(arguments: Namespace) -> int:
    path = arguments.audit
    if path is not None:
        require_writable(path)
    settings = Settings.from_environment()
    if path is None:
        with_context(settings, lambda context: compute(context, arguments.area, arguments.order))
    else:
        with_context(settings, lambda context: audited(context, arguments.area, arguments.order, path))
    return 0


async def audited(context: Context, area: str, order: str | None, path: Path) -> int:
    """Computes here, beside whatever worker runs, writes the plan's audit file, prints; the id of the plan.

    The file is whole or is not there: it takes its name when the last byte is written.
    """
    from graph.audit import dumps

    with _bar() as bar:
        task = bar.add_task(f"{area} 计算方案 plan", total=1.0)
        id, document = await plan_audit.compute(
            context, area=area, order=order, tell=lambda share: bar.update(task, completed=share)
        )
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            part.write_text(dumps(document), encoding="utf-8")
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    await plan_summary(context, id)
    line(f"审计文件 audit file: {path}")
    line(f"  任何人都可核对 anyone can check it: fivelink audit {path}")
    return id


async def compute(context: Context, area: str, order: str | None = None) -> int:
    """Computes, prints and returns the id of the plan: by a worker that runs already, or else by one of its own.

    Raises Conflict where it is cancelled or fails.
    """
    done = await plans.ask(context, area=area, order=order)
    with _bar() as bar:
        task = bar.add_task(f"{area} 计算方案 plan", total=1.0)
        await plan_jobs.follow(context, done.id, math.inf, lambda share: bar.update(task, completed=share))
    await plan_jobs.require_computed(context, done.id)
    await plan_summary(context, done.id)
    return done.id


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f}%"))
    return Progress(*columns, TimeElapsedColumn(), transient=True)
