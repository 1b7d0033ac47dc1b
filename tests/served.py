"""`fivelink serve` as a supervisor runs it: real processes on one database, killed and started again on their ports."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import httpx

from db.database import Database
from db.viewer import LOCAL
from resolvers import keys
from resolvers.context import Context

ROOT = Path(__file__).parents[1]
COMPILED = tempfile.TemporaryDirectory(prefix="fivelink-tests-")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Served:
    """One server. Of a database (`url`), or of a data folder with the embedded PostgreSQL (`folder`)."""

    def __init__(self, *, url: str | None = None, folder: Path | None = None) -> None:
        self.port = free_port()
        dropped = ("FIVELINK_", "PYTHONDONTWRITEBYTECODE")
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
        # Compiled once for all the processes of a run.
        self._environment |= {"PYTHONPYCACHEPREFIX": COMPILED.name, "FIVELINK_PORT": str(self.port)}
        self._environment |= {"FIVELINK_WORKER": "off"}
        if url is not None:
            self._environment["FIVELINK_DATABASE_URL"] = url
        if folder is not None:
            self._environment["FIVELINK_DATA_DIR"] = str(folder)
        self._said = tempfile.TemporaryFile(prefix="fivelink-tests-")  # noqa: SIM115
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns at once; `ready` waits."""
        command = [sys.executable, "-m", "fivelink.cli", "serve"]
        self.process = subprocess.Popen(command, env=self._environment, cwd=ROOT, stderr=self._said)

    async def ready(self, seconds: float = 60.0) -> float:
        """Waits until /readyz says so; seconds it took. Fails with what the server said when it does not come."""
        began = time.monotonic()
        async with httpx.AsyncClient(trust_env=False) as client:
            while time.monotonic() - began < seconds:
                with suppress(httpx.HTTPError):
                    if (await client.get(f"{self.address}/readyz", timeout=2)).status_code == 200:
                        return time.monotonic() - began
                assert self.process is not None
                assert self.process.poll() is None, self.said()
                # The process that is waited for gets the processor.
                await asyncio.sleep(0.02)
        raise AssertionError(f"not ready after {seconds} s: {self.said()}")

    def said(self) -> str:
        """The end of what it wrote to stderr."""
        size = os.fstat(self._said.fileno()).st_size
        return os.pread(self._said.fileno(), 4000, max(0, size - 4000)).decode(errors="replace")

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        self.send(signal.SIGKILL)
        self.ended()

    def ended(self, seconds: float = 60.0) -> int:
        assert self.process is not None
        return self.process.wait(seconds)

    def stop(self) -> None:
        """Ends it in order, however it stands; nothing happens when it ran never or no more."""
        if self.process is not None and self.process.poll() is None:
            self.send(signal.SIGTERM)
            try:
                self.ended(30)
            except subprocess.TimeoutExpired:
                self.kill()
        self._said.close()


async def admin_key(url: str) -> str:
    """A key that may do everything, made in the database itself."""
    database = Database(url, pool_size=1)
    try:
        return await keys.create(Context(database, LOCAL), role="ADMIN")
    finally:
        await database.close()
