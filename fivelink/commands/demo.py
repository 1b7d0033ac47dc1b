"""`fivelink demo`: the demo county with its matches, a plan, and a key to look at it with."""

from __future__ import annotations

import os
from argparse import Namespace
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import cast

from db.database import Database
from exchange.records import Sheet
from fivelink import demo_county
from fivelink.commands.plan import compute
from fivelink.demo import filing, living
from fivelink.http_answers import HttpFault
from fivelink.printing import county_summary, import_report, loop_summary
from fivelink.runtime import with_context
from fivelink.settings import Settings
from fivelink.sign_in import SignIn
from resolvers import imports, keys, plan_jobs, plans
from resolvers.context import Context
from resolvers.imports import FileReport

COUNTY = "370832"


def run(arguments: Namespace) -> int:
    settings = Settings.from_environment()
    with_context(settings, lambda context: load(context, settings.data_dir))
    return 0


async def load(context: Context, data_dir: Path) -> None:
    """Brings the demo county in (what is there already stays), computes its plan, prints a summary and the key.

    The first time some dozens of lines of a plan are ordered and led on (`fivelink.demo.living`).
    The county is dated from the day it was first loaded, so that loading again changes nothing.
    """
    parties, needs, offers = demo_county.records(_first_day(context, data_dir))
    sheet = Sheet("demo", "梁山县", records=[*parties, *needs, *offers])
    report = await imports.take(context, FileReport("demo", [sheet]), area=COUNTY)
    import_report(report)
    if not await living.has_begun(context):
        done = await plans.compute(context, area=COUNTY)
        await plan_jobs.require_computed(context, done.id)
        await living.live(context, done.id)
    await filing.file(context)
    await compute(context, COUNTY)
    await county_summary(context, COUNTY)
    await loop_summary(context, COUNTY)
    key = await _key(context, data_dir)
    print(f"\n梁山县统筹员密钥 / a coordinator's key for the county:\n  {key}\n")


def _first_day(context: Context, data_dir: Path) -> date:
    kept = data_dir / "demo.day"
    if kept.exists():
        return date.fromisoformat(kept.read_text().strip())
    data_dir.mkdir(parents=True, exist_ok=True)
    kept.write_text(f"{context.today}\n")
    return context.today


async def _key(context: Context, data_dir: Path) -> str:
    """The key of the last time where it still opens; else a new one. Kept readable by its owner only."""
    kept = data_dir / "demo.key"
    if kept.exists():
        key = kept.read_text().strip()
        with suppress(HttpFault):
            await SignIn(cast(Database, context.database)).viewer(f"Bearer {key}".encode())
            return key
    key = await keys.create(context, role="COORDINATOR", area=COUNTY, label="demo")
    descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(key + "\n")
    return key
