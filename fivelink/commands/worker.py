"""`fivelink worker`: computes the plans that are asked for and does what time brings, until it is stopped."""

from __future__ import annotations

import asyncio
import signal
import sys
from argparse import Namespace
from contextlib import suppress

from db.server import supervise
from fivelink.carrier import carrier
from fivelink.runtime import local, server
from fivelink.settings import Settings
from resolvers import delivery, plan_jobs, plan_keeping, webhook_delivery, webhooks


def run(arguments: Namespace) -> int:
    settings = Settings.from_environment()
    carries = carrier(settings)
    with server(settings) as url:
        print("等待计算任务 / waiting for plans to compute  (Ctrl+C 停止 / to stop)", file=sys.stderr, flush=True)
        asyncio.run(_attend(url, settings, carries))
    return 0


async def _attend(url: str, settings: Settings, carries: delivery.Transport) -> None:
    """Until SIGTERM or Ctrl-C: the child ends then, and the plan it was at goes back to the queue."""
    async with local(url) as context:
        delivery.use(context.engine, carries)
        if settings.webhook_local:
            webhooks.allow_local(context.engine)
        tasks = [
            asyncio.create_task(plan_jobs.attend(context)),
            asyncio.create_task(plan_keeping.attend(context)),
            asyncio.create_task(webhook_delivery.attend(context)),
            asyncio.create_task(supervise(settings.database_url, settings.data_dir)),
        ]
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):  # Windows: Ctrl-C ends the loop, and the tasks with it
                asyncio.get_running_loop().add_signal_handler(number, tasks[0].cancel)
        try:
            with suppress(asyncio.CancelledError):
                await tasks[0]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
