"""`fivelink doctor`: what was found, and what is wrong with it."""

from __future__ import annotations

import asyncio
import dataclasses
from argparse import Namespace

from rich.console import Console
from rich.table import Table

from db import health
from db.server import database
from db.server_errors import ServerError
from fivelink.identity_keys import path_of, ring_of, too_open
from fivelink.runtime import local
from fivelink.settings import Settings, unknown_variables
from resolvers.identity_keys import sealed_by_key

_LABELS = {
    "version": "版本 / version",
    "fsync": "断电保护 / fsync",
    "full_page_writes": "整页写入 / full_page_writes",
    "synchronous_commit": "提交落盘 / synchronous_commit",
    "encoding": "编码 / encoding",
    "read_only": "只读 / read-only",
    "migration_current": "表结构版本 / tables are at",
    "migration_head": "程序需要 / this program wants",
}


def run(arguments: Namespace) -> int:
    """Prints the settings, the server and every problem; 1 where something keeps it from working."""
    settings = Settings.from_environment()
    console = Console()
    _settings(console, settings)
    problems: list[str] = []
    try:
        with database(settings.database_url, settings.data_dir) as url:
            found = asyncio.run(health.inspect(url))
            _server(console, settings, found)
            health.require(found)
            if found.is_migrated:
                problems += asyncio.run(_identities(console, settings, url))
        if not found.is_migrated:
            problems.append(
                "数据库结构不是最新,请运行 fivelink migrate"
                " / the tables are not at the newest revision: run fivelink migrate  [NOT_MIGRATED]"
            )
    except ServerError as error:
        problems.append(str(error))
    for name in unknown_variables():
        console.print(f"没有这个设置,是否写错 / no such setting, misspelt? {name}", style="yellow", soft_wrap=True)
    for problem in problems:
        console.print(problem, style="red", markup=False, highlight=False, soft_wrap=True)
    if not problems:
        console.print("一切正常 / all is well", style="green")
    return 1 if problems else 0


async def _identities(console: Console, settings: Settings, url: str) -> list[str]:
    """Where the keys of identities lie, and what keeps them from opening what is stored."""
    path = path_of(settings)
    problems = []
    if path is not None and not path.exists():
        console.print(f"身份信息密钥将在首次启动时生成 / the key of identities will be made at the first start: {path}")
        ids: tuple[str, ...] = ()
    else:
        ids = ring_of(settings).ids
        where = path or "FIVELINK_IDENTITY_KEYS"
        console.print(
            f"身份信息密钥 / keys of identities: {where} ({', '.join(ids)})",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        if path is not None and too_open(path):
            problems.append(f"他人可读取密钥文件,请改为 0600 / others may read the file of keys: chmod 600 {path}")
    async with local(url) as context:
        for key_id, count in (await sealed_by_key(context)).items():
            if key_id not in ids:
                problems.append(
                    f"{count} 项身份信息的密钥 {key_id} 缺失,请恢复密钥文件"
                    f" / the key {key_id} of {count} sealed rows is missing: bring the file of keys back"
                    "  [IDENTITY_KEY_MISSING]"
                )
    return problems


def _server(console: Console, settings: Settings, found: health.Health) -> None:
    table = Table(title="PostgreSQL", show_header=False, title_justify="left")
    where = "外部 / your own" if settings.database_url else f"内置 / embedded, {settings.data_dir}"
    table.add_row("服务器 / server", where)
    for field in dataclasses.fields(found):
        if field.name in _LABELS:
            value = getattr(found, field.name)
            table.add_row(_LABELS[field.name], {True: "on", False: "off", None: "-"}.get(value, str(value)))
    console.print(table)


def _settings(console: Console, settings: Settings) -> None:
    console.print("设置 / settings", style="bold")
    for row in settings.rows():
        mark = "" if row.value != row.default else "  (默认 default)"
        console.print(f"{row.name} = {row.value}{mark}", markup=False, highlight=False, soft_wrap=True)
        console.print(f"    {row.zh} {row.en}", style="dim", markup=False, highlight=False, soft_wrap=True)
    console.print()
