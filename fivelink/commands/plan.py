"""`fivelink plan AREA`: the best allocation of an area, and how good it is."""

from __future__ import annotations

from argparse import Namespace

from fivelink.printing import plan_summary
from fivelink.runtime import with_context
from fivelink.settings import Settings
from resolvers import plans
from resolvers.context import Context


def run(arguments: Namespace) -> int:
    with_context(Settings.from_environment(), lambda context: compute(context, arguments.area))
    return 0


async def compute(context: Context, area: str) -> int:
    """Computes, prints and returns the id of the plan."""
    done = await plans.compute(context, area=area)
    await plan_summary(context, done.id)
    return done.id
