"""`fivelink doctor`: what was found, and what is wrong with it."""

from __future__ import annotations

import asyncio
import dataclasses
import os
from argparse import Namespace

from rich.console import Console
from rich.table import Table

from db import health, migrate
from db.server import database
from fivelink.settings import PREFIX, Settings


def run(arguments: Namespace) -> int:
    settings = Settings.from_environment()
    console = Console()
    with database(settings.database_url, settings.data_dir) as url:
        found = asyncio.run(health.inspect(url))
        behind = not found.is_migrated
        table = Table(title="PostgreSQL", show_header=False)
        server = "外部 / your own" if settings.database_url else f"内置 / embedded, {settings.data_dir}"
        table.add_row("服务器 / server", server)
        for field in dataclasses.fields(found):
            table.add_row(field.name, str(getattr(found, field.name)))
        console.print(table)
        health.require(found)
    if behind:
        console.print(f"数据库结构需更新到 / tables are behind {migrate.head()}: fivelink migrate", style="yellow")
    table = Table("变量 / variable", "值 / value", "说明 / meaning", title="设置 / settings")
    for one in dataclasses.fields(settings):
        name = PREFIX + one.name.upper()
        value = "***" if one.name == "database_url" and settings.database_url else str(getattr(settings, one.name))
        mark = "" if os.environ.get(name) else " (默认/default)"
        table.add_row(name, value + mark, f"{one.metadata['zh']} {one.metadata['en']}")
    console.print(table)
    console.print("一切正常 / all is well" if not behind else "")
    return 0
