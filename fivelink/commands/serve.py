"""`fivelink serve`: the API on one port, its database beside it."""

from __future__ import annotations

import asyncio
import errno
import gc
import signal
import socket
import sys
from argparse import Namespace
from importlib import import_module
from threading import Thread

from fivelink.failures import say
from fivelink.runtime import local, server
from fivelink.settings import Settings

#: Read requests leave next to no garbage behind; collecting every 700 allocations costs half the throughput.
GC_THRESHOLD = 50_000
#: Files and connections that are no live ones.
OTHER_FILES = 512


def run(arguments: Namespace) -> int:
    settings = Settings.from_environment()
    listening = _listen(settings)
    if listening is None:
        return 1
    # The contract takes longer to be made than the database to start: both at once.
    gc.disable()
    making = Thread(target=import_module, args=("fivelink.app",), daemon=True)
    making.start()
    with listening, server(settings) as url:
        making.join()
        gc.enable()
        if arguments.demo:
            asyncio.run(_load_demo(url, settings))
        app = import_module("fivelink.app").build(settings, url)
        # What it needs is imported with it: other commands do without.
        from fivelink.serving import server_of

        own = server_of(app, app.drain, largest_message=settings.max_body_bytes)
        _allow_sockets(settings.max_connections)
        # Who is told to stop before the loop runs stops as soon as it does. uvicorn raises the signal again in the end,
        # and it comes here again: for a service that is how it is meant to end.
        signal.signal(signal.SIGTERM, own.handle_exit)
        host, port = listening.getsockname()[:2]
        print(f"服务已启动 / serving http://{host}:{port}  (Ctrl+C 停止 / to stop)", file=sys.stderr, flush=True)
        gc.collect()
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD)
        own.run(sockets=[listening])
    return 0


def _allow_sockets(connections: int) -> None:
    """Raises the soft limit of open files so far that each connection has its own; as far as the hard one lets it."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + OTHER_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _load_demo(url: str, settings: Settings) -> None:
    from fivelink.commands import demo

    async with local(url) as context:
        await demo.load(context, settings.data_dir)


def _listen(settings: Settings) -> socket.socket | None:
    """The port, taken before anything else is started: a second server says so at once."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((settings.host, settings.port))
        taken.listen(2048)
    except OSError as error:
        taken.close()
        if error.errno == errno.EADDRINUSE:
            say(
                f"端口 {settings.port} 已被占用,可能已有一个 fivelink 在运行;可用 FIVELINK_PORT 另选端口。",
                f"Port {settings.port} is taken, perhaps by another fivelink; choose one with FIVELINK_PORT.",
                "PORT_TAKEN",
            )
        else:
            say(
                f"无法在 {settings.host}:{settings.port} 上监听:{error.strerror}",
                f"cannot listen on {settings.host}:{settings.port}: {error.strerror}",
                "CANNOT_LISTEN",
            )
        return None
    return taken
