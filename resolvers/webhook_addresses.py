"""Where a webhook may lead: a public address over https, judged by what its name resolves to, not by the name.

The address that was judged is the one connected to (`resolvers.webhook_posting`), so a name that says one thing when it
is asked and another a moment later (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
LONGEST_URL, LONGEST_HOST = 1_000, 253
PORTS = {"https": 443, "http": 80}
#: IPv4 inside IPv6 by a gateway (RFC 6052); its local sibling (RFC 8215) leads wherever a network likes.
_NAT64, _NAT64_LOCAL = IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48")


class AddressRefused(Exception):
    """No webhook may lead there. `code` is stable; the texts name no address that a name led to."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(code)
        self.code, self.zh, self.en = code, zh, en


@dataclass(frozen=True, slots=True)
class Target:
    """A url taken apart. `host` is lower case, without brackets; `path` holds the query, too."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """What the header Host says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def at(self, address: Address) -> str:
        """The url with the address in place of the name."""
        host = f"[{address}]" if address.version == 6 else str(address)
        return f"{self.scheme}://{host}:{self.port}{self.path}"


def parse(url: str) -> Target:
    """Takes a url apart. Raises AddressRefused for what is none, is too long, or holds a user or a fragment."""
    if len(url) > LONGEST_URL:
        raise AddressRefused("TOO_LONG", f"最多 {LONGEST_URL} 个字符", f"at most {LONGEST_URL} characters")
    if not (url.isascii() and url.isprintable()) or any(c in url for c in ' \\"<>^`{|}'):
        raise _not_a_url()
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise _not_a_url() from None
    if parts.scheme not in PORTS or not 0 < len(host) <= LONGEST_HOST or "%" in host or port == 0:
        raise _not_a_url()
    if "@" in parts.netloc:
        raise AddressRefused(
            "CREDENTIALS_IN_URL",
            "地址中不能含有用户名或密码;请用签名确认来源",
            "holds a user or a password; signatures say where a request comes from",
        )
    if "#" in url:
        raise _not_a_url()
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port or PORTS[parts.scheme], path)


def is_public(address: Address) -> bool:
    """Whether an address is one of the open internet, also where it is an IPv4 address dressed as IPv6."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.teredo is not None or address.is_site_local or address in _NAT64_LOCAL:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _is_local(address: Address) -> bool:
    """A machine of this house: loopback or a private network, not what only looks like one."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return _is_local(address.ipv4_mapped)
    odd = address.is_link_local or address.is_multicast or address.is_unspecified or address.is_reserved
    return address.is_loopback or (address.is_private and not odd)


def judge(target: Target, found: list[Address], *, local: bool) -> Address:
    """The address to connect to. Raises AddressRefused where any of them is not allowed, or there is none.

    Public ones over https; with `local` (FIVELINK_WEBHOOK_LOCAL) private ones over https and loopback over http, too.
    """
    allowed = bool(found) and all(is_public(one) or (local and _is_local(one)) for one in found)
    if not allowed:
        # One answer for what is not there and what is not to be reached: nobody maps a network by asking.
        raise AddressRefused(
            "ADDRESS_NOT_ALLOWED",
            "这个地址不能用于接收推送:须能解析到公网地址",
            "events are not sent there: the host must resolve to public addresses",
        )
    if target.scheme != "https" and not (local and all(one.is_loopback for one in found)):
        raise AddressRefused("HTTPS_REQUIRED", "须使用 https", "https is required")
    return found[0]


async def resolved(target: Target, *, local: bool) -> Address:
    """Asks what the host resolves to now, and judges it. Raises AddressRefused. The caller bounds the time."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.run_in_executor(_threads(), _ask, target.host, target.port)
    except (OSError, UnicodeError):
        found = []
    return judge(target, found, local=local)


def _ask(host: str, port: int) -> list[Address]:
    return [ip_address(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@cache
def _threads() -> ThreadPoolExecutor:
    # A name server that is slow must not keep the loop's own threads.
    return ThreadPoolExecutor(4, "webhook-names")


def _not_a_url() -> AddressRefused:
    return AddressRefused(
        "INVALID_URL",
        "应为 https://主机/路径 形式的网址(非 ASCII 的主机名请写成 punycode)",
        "must be a url like https://host/path (write other than ASCII host names as punycode)",
    )
