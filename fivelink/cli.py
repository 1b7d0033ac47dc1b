"""The command line: `fivelink COMMAND`. Each command lives in `fivelink/commands/`; heavy modules load with it."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from fivelink import __version__

#: 64 is EX_USAGE of sysexits.h; argparse's own 2 means faulty rows here.
EXIT_REFUSED, EXIT_FAULTY_ROWS, EXIT_USAGE = 1, 2, 64
#: What a shell reports of a process that SIGTERM ended.
EXIT_ENDED = 143


class _Parser(argparse.ArgumentParser):
    """Says in both languages what it does not understand."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.format_usage()}命令写法有误 / wrong usage: {message}", file=sys.stderr)
        print(f"写法见 / see: {self.prog} --help", file=sys.stderr)
        sys.exit(EXIT_USAGE)


def parser() -> argparse.ArgumentParser:
    top = _Parser(
        prog="fivelink",
        description="五社联动平台:需求与资源两张清单进,最佳联动方案出。Needs and resources in, the best linkage out.",
        epilog="设置用环境变量 FIVELINK_*,见 fivelink doctor。 Settings are FIVELINK_* variables; see fivelink doctor.",
    )
    top.add_argument("--version", action="version", version=f"fivelink {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="启动服务 / serve the API")
    serve.add_argument("--demo", action="store_true", help="先装入示范县 / load the demo county first")

    commands.add_parser("demo", help="装入示范县并计算方案 / load the demo county and compute its plan")
    commands.add_parser("migrate", help="更新数据库结构 / bring the database's tables up to date")

    take = commands.add_parser("import", help="导入需求、资源、组织清单 / import lists of needs, offers and parties")
    take.add_argument("files", nargs="+", type=Path, metavar="FILE", help=".xlsx .csv HSDS .json")
    take.add_argument("--dry-run", action="store_true", help="只看差异,不写入 / show the difference, write nothing")
    take.add_argument("--rejects", type=Path, metavar="FILE", help="把有误的行写回文件 / write faulty rows to a file")
    take.add_argument("--area", metavar="CODE", help="清单所属县的区划代码 / code of the county the lists are about")

    give = commands.add_parser("export", help="导出清单 / export the lists")
    give.add_argument("file", type=Path, metavar="FILE", help=".xlsx .csv .json(HSDS)")
    give.add_argument("--area", metavar="CODE", help="只导出该地区 / only this area and below")
    give.add_argument(
        "--records", action="store_true", help="导出台账记录而不是清单 / the records instead of the lists"
    )

    plan = commands.add_parser("plan", help="计算联动方案 / compute an area's plan")
    plan.add_argument("area", metavar="AREA", help="区划代码 / area code")
    plan.add_argument(
        "--order", choices=["URGENT_FIRST", "FAIR_FIRST"], help="紧急优先或公平优先 / which aim comes first"
    )
    plan.add_argument(
        "--audit",
        type=Path,
        metavar="FILE",
        help="另写审计文件 / write a file that proves it (docs/audit.md)",
    )
    commands.add_parser("worker", help="在本机计算方案 / compute on this machine the plans that are asked for")

    checked = commands.add_parser("audit", help="核对方案的审计文件 / check a plan's audit file, without a database")
    checked.add_argument("file", type=Path, metavar="FILE", help=".json (docs/audit.md)")

    schema = commands.add_parser("schema", help="写出接口约定 schema.graphql / write the contract")
    schema.add_argument("file", nargs="?", type=Path, default=Path("schema.graphql"), metavar="FILE")

    key = commands.add_parser("key", help="管理密钥 / manage API keys")
    steps = key.add_subparsers(dest="step", required=True, metavar="STEP")
    create = steps.add_parser("create", help="新建密钥,只显示一次 / make a key, shown once")
    create.add_argument("--role", required=True, choices=["ADMIN", "COORDINATOR", "PARTNER", "READER"])
    create.add_argument("--area", metavar="CODE", help="管辖或可见的区域 / the area it is for")
    create.add_argument("--party", metavar="ID", help="PARTNER 所代表的主体编号 / the party a PARTNER speaks for")
    create.add_argument("--label", default="", help="备注 / a note")
    create.add_argument("--days", type=int, metavar="N", help="有效天数 / valid for so many days")
    steps.add_parser("list", help="列出密钥 / list keys")
    revoke = steps.add_parser("revoke", help="吊销密钥 / revoke a key")
    revoke.add_argument("prefix", metavar="PREFIX")

    identities = commands.add_parser("identities", help="身份信息的密钥 / the keys of identities")
    sealed = identities.add_subparsers(dest="step", required=True, metavar="STEP")
    sealed.add_parser("keys", help="列出密钥及其用量 / list keys and what they seal")
    rotate = sealed.add_parser("rotate", help="全部改用最新密钥加密,可中断续做 / seal all anew; may be interrupted")
    rotate.add_argument("--new-key", action="store_true", help="先生成新密钥 / add a new key first")

    commands.add_parser("doctor", help="检查数据库与设置 / check the database and the settings")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code: 0 done, 1 refused, 2 done but some rows are faulty, 64 wrong usage."""
    given = parser().parse_args(arguments)
    from fivelink.failures import explained

    # Whoever ends a command lets it leave in order: the last one out stops the embedded server.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_ENDED))
    name = {"import": "lists", "export": "lists", "key": "keys"}.get(given.command, given.command)
    with explained() as failure:
        code: int = import_module(f"fivelink.commands.{name}").run(given)
        return code
    return failure.code


if __name__ == "__main__":
    sys.exit(main())
