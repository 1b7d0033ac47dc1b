"""`fivelink plan AREA`: the best allocation of an area, and how good it is."""

from __future__ import annotations

import math
from argparse import Namespace

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from fivelink.printing import plan_summary
from fivelink.runtime import with_context
from fivelink.settings import Settings
from resolvers import plan_jobs, plans
from resolvers.context import Context


def run(arguments: Namespace) -> int:
    with_context(Settings.from_environment(), lambda context: compute(context, arguments.area, arguments.order))
    return 0


async def compute(context: Context, area: str, order: str | None = None) -> int:
    """Computes, prints and returns the id of the plan: by a worker that runs already, or else by one of its own.

    Raises Conflict where it is cancelled or fails.
    """
    done = await plans.ask(context, area=area, order=order)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f}%"))
    with Progress(*columns, TimeElapsedColumn(), transient=True) as bar:
        task = bar.add_task(f"{area} 计算方案 plan", total=1.0)
        await plan_jobs.follow(context, done.id, math.inf, lambda share: bar.update(task, completed=share))
    await plan_jobs.require_computed(context, done.id)
    await plan_summary(context, done.id)
    return done.id
