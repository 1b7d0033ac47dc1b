"""The servers that are compared, each one process: `python -m bench.servers NAME --url URL --port PORT` runs one."""

from __future__ import annotations

import argparse
import gc
import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from bench.questions import Request

CONNECTIONS = 8
NAMES = ("fivelink", "handwritten", "orm", "ordinary")
START_SECONDS = 30.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Server:
    """A running server; `stop` ends it."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    said: IO[bytes]

    def last_words(self) -> str:
        """The end of what it wrote to stderr."""
        self.said.seek(0)
        return self.said.read().decode(errors="replace")[-2000:]

    @classmethod
    def start(cls, name: str, command: Sequence[str], port: int, environment: dict[str, str] | None = None) -> Server:
        """Raises RuntimeError with what it printed where nothing answers on the port in time."""
        # A file, because a pipe that nobody reads stops a server that has much to say.
        said = tempfile.TemporaryFile()  # noqa: SIM115 (open as long as the server)
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=said, env={**os.environ, **(environment or {})}
        )
        server = cls(name, port, process, said)
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), 0.2).close()
                return server
            except OSError:
                time.sleep(0.05)
        server.stop()
        raise RuntimeError(f"{name} did not start: {server.last_words()}")

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def ask(self, request: Request) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"content-type": "application/json", "authorization": f"Bearer {request.key}"}
        connection.request("POST", request.path, request.body, headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{self.name} answered {answer.status}: {body[:500]!r}")
        return body

    def cpu_seconds(self) -> float:
        return cpu_seconds(self.process.pid)


def start(name: str, url: str) -> Server:
    """One of NAMES."""
    port = free_port()
    command = [sys.executable, "-m", "bench.servers", name, "--url", url, "--port", str(port)]
    return Server.start(name, command, port)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def cpu_of_backends(postmaster: int) -> dict[int, float]:
    """CPU seconds so far of PostgreSQL's processes, by pid."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if parent == postmaster:
                found[int(entry.name)] = cpu_seconds(int(entry.name))
    return found


def _application(name: str, url: str) -> Any:
    if name == "handwritten":
        from bench import handwritten

        return handwritten.build(url, CONNECTIONS)
    if name == "orm":
        from bench import orm

        return orm.build(url, CONNECTIONS)
    from fivelink.app import build
    from fivelink.settings import Settings

    if name == "fivelink":
        return build(Settings(database_url=url))
    from bench import ordinary_server

    return ordinary_server.build(url)


def main() -> None:
    import uvicorn

    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--url", required=True)
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    application = _application(given.name, given.url)
    # The same for all of them, so that nobody gains by it.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    uvicorn.run(
        application,
        host="127.0.0.1",
        port=given.port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        lifespan="off" if given.name in ("ordinary", "orm") else "auto",
    )


if __name__ == "__main__":
    main()
