"""Settings: environment variables FIVELINK_*, declared once for the program, `doctor` and docs/settings.md."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PREFIX = "FIVELINK_"
_YES, _NO = {"1", "on", "true", "yes"}, {"0", "off", "false", "no"}


class SettingsError(Exception):
    """Every variable that cannot be used, at once. `problems` holds (variable, 中文, English), in table order."""

    code = "SETTINGS_INVALID"

    def __init__(self, problems: list[tuple[str, str, str]]) -> None:
        lines = [f"  {name}: {zh} / {en}" for name, zh, en in problems]
        super().__init__("\n".join(["设置有误,请改正以下环境变量 / These settings cannot be used:", *lines]))
        self.problems = problems


class _Refused(Exception):
    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of value: how the table calls it and how its text is read."""

    name: str
    read: Callable[[str], Any]


def _whole(least: int, most: int = 2**31 - 1) -> Kind:
    def read(text: str) -> int:
        # int() also takes "1_0" and digits of other scripts.
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 20 and least <= int(text) <= most):
            raise _Refused(f"应为 {least} 到 {most} 的整数", f"a whole number from {least} to {most} is expected")
        return int(text)

    return Kind("integer", read)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= 3600:
        raise _Refused("应为大于 0、不超过 3600 的秒数", "a number of seconds above 0 and up to 3600 is expected")
    return value


def _switch(text: str) -> bool:
    if text.lower() in _YES | _NO:
        return text.lower() in _YES
    raise _Refused("应为 on 或 off", "on or off is expected")


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme in ("postgresql", "postgres") and "//" in text:
        return text
    raise _Refused(
        "应形如 postgresql://用户:密码@主机:5432/数据库", "postgresql://user:password@host:5432/database is expected"
    )


def _transport(text: str) -> str:
    module, _, factory = text.partition(":")
    if text == "log" or (factory.isidentifier() and all(part.isidentifier() for part in module.split("."))):
        return text
    raise _Refused("应为 log 或 模块:函数", "log or module:factory is expected")


SWITCH, SECONDS = Kind("on/off", _switch), Kind("seconds", _seconds)
SECRET = Kind("keys", str)
ADDRESS, FOLDER, TEXT = Kind("URL", _address), Kind("folder", Path), Kind("text", str)


def _about(kind: Kind, zh: str, en: str) -> dict[str, Any]:
    return {"kind": kind, "zh": zh, "en": en}


@dataclass(frozen=True, slots=True)
class Settings:
    """One field a variable: `pool_size` is FIVELINK_POOL_SIZE. An empty variable counts as not set."""

    database_url: str | None = field(
        default=None,
        repr=False,  # it may hold a password
        metadata=_about(
            ADDRESS,
            "外部 PostgreSQL 的地址;不设置则使用内置的 PostgreSQL。",
            "A PostgreSQL server of your own; without it the embedded one is used.",
        ),
    )
    data_dir: Path = field(
        default=Path(".fivelink"),
        metadata=_about(FOLDER, "内置数据库与日志所在的文件夹。", "The folder of the embedded database and its log."),
    )
    host: str = field(
        default="127.0.0.1", metadata=_about(TEXT, "网页服务监听的地址。", "The address the service listens on.")
    )
    port: int = field(
        default=8000,
        metadata=_about(
            _whole(0, 65535),
            "网页服务监听的端口;0 表示任选空闲端口。",
            "The port the service listens on; 0 takes any free one.",
        ),
    )
    pool_size: int = field(
        default=8,
        metadata=_about(
            _whole(1, 80), "用于读取的数据库连接数。", "How many database connections are kept for reading."
        ),
    )
    vocabulary_dir: Path | None = field(
        default=None,
        metadata=_about(
            FOLDER,
            "本县词表的文件夹:areas.csv、terms.csv、resource_types.csv 补充自带词表,weights.csv 取代自带权重。",
            "A folder of the county's own words: areas.csv, terms.csv and resource_types.csv add to the shipped ones, "
            "weights.csv takes the place of the shipped one.",
        ),
    )
    worker: bool = field(
        default=True,
        metadata=_about(
            SWITCH,
            "serve 是否同时计算方案、处理到期和送达通知;off 时须另有 fivelink worker。",
            "Whether `serve` also computes plans, sees to what is due and delivers notices; where it is off, "
            "`fivelink worker` must run somewhere.",
        ),
    )
    notice_transport: str = field(
        default="log",
        metadata=_about(
            Kind("log or module:factory", _transport),
            "通知的送达方式:log 只写日志;“模块:函数”是另外安装的送达程序(见 docs/notices.md)。",
            "How notices leave the inbox: log writes a line; module:factory is an installed transport "
            "(docs/notices.md).",
        ),
    )
    webhook_local: bool = field(
        default=False,
        metadata=_about(
            SWITCH,
            "是否允许推送到内网地址,以及以 http 推送到本机;只用于试验或封闭的内网。",
            "Whether webhooks may lead to private addresses, and over http to this machine; for trials and closed "
            "networks.",
        ),
    )
    identity_keys_file: Path | None = field(
        default=None,
        metadata=_about(
            Kind("file", Path),
            "身份信息密钥文件(每行“编号 base64”,末行最新);不设置则用数据文件夹中首次启动时生成的 identity.keys。",
            "The file of the keys that seal identities (a line each: id, base64; the last is the newest); without it "
            "identity.keys in the data folder, made at the first start.",
        ),
    )
    identity_keys: str | None = field(
        default=None,
        repr=False,
        metadata=_about(
            SECRET,
            "直接给出这些密钥(编号:base64,用逗号分隔,最后一个为最新),代替文件。",
            "The keys themselves in the file's place (id:base64 with commas between, the last is the newest).",
        ),
    )
    introspection: bool = field(
        default=True,
        metadata=_about(
            SWITCH, "是否允许查询接口结构(内省)。", "Whether clients may ask for the schema (introspection)."
        ),
    )
    graphiql: bool = field(
        default=True,
        metadata=_about(SWITCH, "是否提供 GraphiQL 查询页面。", "Whether the GraphiQL page is offered at /graphql."),
    )
    max_body_bytes: int = field(
        default=1_048_576,
        metadata=_about(_whole(1024), "一次请求正文的最大字节数。", "The largest body of a request, in bytes."),
    )
    max_tokens: int = field(
        default=4000,
        metadata=_about(_whole(10), "一份查询文档的最大词元数。", "The most tokens a query document may have."),
    )
    max_depth: int = field(default=20, metadata=_about(_whole(1), "查询嵌套的最大层数。", "How deep a query may nest."))
    max_aliases: int = field(
        default=100, metadata=_about(_whole(0), "一次查询的最大别名数。", "The most aliases in an operation.")
    )
    max_directives: int = field(
        default=100, metadata=_about(_whole(0), "一次查询的最大指令数。", "The most directives in an operation.")
    )
    max_fields: int = field(
        default=1000,
        metadata=_about(
            _whole(1), "一次查询展开片段后的最大字段数。", "The most fields in an operation, fragments spread."
        ),
    )
    max_root_fields: int = field(
        default=20,
        metadata=_about(_whole(1), "一次查询的最大顶层字段数。", "The most fields at the root of an operation."),
    )
    max_cost: int = field(
        default=100_000,
        metadata=_about(
            _whole(1),
            "一次查询的最大代价(约为返回值的个数)。",
            "The highest cost of an operation (about the number of values it may return).",
        ),
    )
    max_connections: int = field(
        default=2_000,
        metadata=_about(
            _whole(0),
            "实时连接(WebSocket 与 SSE)的最大数目。",
            "The most live connections (websockets and event streams) of this process.",
        ),
    )
    max_connection_operations: int = field(
        default=50,
        metadata=_about(
            _whole(1), "一个 WebSocket 连接最多同时执行的操作数。", "The most operations at once on a websocket."
        ),
    )
    send_timeout_seconds: float = field(
        default=20.0,
        metadata=_about(
            SECONDS,
            "实时连接的客户端超过此秒数不读取,即被断开(SLOW_READER)。",
            "How long a client of a live connection may read nothing before it is cut off (SLOW_READER).",
        ),
    )
    statement_timeout_seconds: float = field(
        default=10.0,
        metadata=_about(SECONDS, "一次数据库读取的最长秒数。", "How long one database statement of a query may take."),
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Reads the variables (of this process by default). Raises SettingsError that lists every bad one."""
        source = os.environ if environment is None else environment
        values: dict[str, Any] = {}
        problems: list[tuple[str, str, str]] = []
        for entry in fields(cls):
            text = source.get(PREFIX + entry.name.upper(), "").strip()
            if text:
                try:
                    values[entry.name] = entry.metadata["kind"].read(text)
                except _Refused as refused:
                    problems.append((PREFIX + entry.name.upper(), refused.zh, refused.en))
        if problems:
            raise SettingsError(problems)
        return cls(**values)

    def rows(self) -> list[SettingRow]:
        """The table, with the values in force. The password of the database URL is not among them."""
        return [
            SettingRow(
                name=PREFIX + entry.name.upper(),
                kind=entry.metadata["kind"].name,
                default=_shown(entry.default),
                value=_hidden(getattr(self, entry.name))
                if entry.metadata["kind"] is SECRET
                else _shown(getattr(self, entry.name)),
                zh=entry.metadata["zh"],
                en=entry.metadata["en"],
            )
            for entry in fields(self)
        ]


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One line of `fivelink doctor` and of docs/settings.md; all texts ready to print."""

    name: str
    kind: str
    default: str
    value: str
    zh: str
    en: str


def unknown_variables(environment: Mapping[str, str] | None = None) -> list[str]:
    """FIVELINK_* variables that nothing reads, sorted: mostly misspelt ones, which `doctor` points out."""
    source = os.environ if environment is None else environment
    known = {PREFIX + entry.name.upper() for entry in fields(Settings)}
    return sorted(name for name in source if name.startswith(PREFIX) and name not in known)


def markdown_table() -> str:
    """The table of docs/settings.md."""
    lines = ["| variable | type | default | 说明 | meaning |", "|---|---|---|---|---|"]
    lines += [f"| `{r.name}` | {r.kind} | {r.default} | {r.zh} | {r.en} |" for r in Settings().rows()]
    return "\n".join(lines) + "\n"


def _hidden(value: object) -> str:
    return "-" if value is None else "***"


def _shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, str) and "://" in value:
        parts = urlsplit(value)
        address = parts.netloc.rpartition("@")[2]
        # Parameters after the question mark may hold a password too.
        return f"{parts.scheme}://{address}{parts.path}"
    return f"{value:g}" if isinstance(value, float) else str(value)
