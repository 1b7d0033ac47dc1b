"""Load: 16 connections that ask as fast as they are answered. wrk where it is installed, else Python.

wrk counts what was answered when the time is up; Python waits for the last answers and counts their time too.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # The process that makes the load starts without what the questions need.
    from bench.questions import Request

CONNECTIONS = 16
HANGS_SECONDS = 30.0

_LUA = """
local requests = {}
local turn = 0
init = function(args)
%s
end
request = function()
  turn = turn %% #requests + 1
  return requests[turn]
end
done = function(summary, latency, _)
  local bad = summary.errors.status + summary.errors.read + summary.errors.timeout + summary.errors.connect
  io.stderr:write(string.format('{"requests": %%d, "seconds": %%f, "bad": %%d, "p50": %%f, "p99": %%f}\\n',
    summary.requests, summary.duration / 1e6, bad, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it; latencies in milliseconds. `bad`: requests that were not answered with 200."""

    requests: int
    seconds: float
    bad: int
    p50: float
    p99: float

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


def generator() -> str:
    return "wrk" if shutil.which("wrk") else "Python"


def run(port: int, requests: Sequence[Request], seconds: float, *, to_the_last: bool = False) -> Load:
    """Asks for about that long, in a process of its own. `to_the_last`: from Python, whether there is wrk or not.

    Raises RuntimeError with what the process said where it fails or hangs.
    """
    with tempfile.TemporaryDirectory() as folder:
        if generator() == "wrk" and not to_the_last:
            script = Path(folder) / "load.lua"
            made = (f"  requests[#requests + 1] = {_lua_string(_raw(port, one))}" for one in requests)
            script.write_text(_LUA % "\n".join(made), encoding="utf-8")
            command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "-s", str(script)]
            command.append(f"http://127.0.0.1:{port}/")
        else:
            plan = Path(folder) / "load.bin"
            plan.write_bytes(b"\0".join(_raw(port, one) for one in requests))
            command = [sys.executable, "-m", "bench.load", str(port), str(seconds), str(plan)]
        try:
            done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=seconds + HANGS_SECONDS)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"{command[0]} did not end") from None
        except subprocess.CalledProcessError as error:
            raise RuntimeError(f"{command[0]} failed: {(error.stderr or error.stdout)[-2000:]}") from None
    return Load(**json.loads(done.stderr.splitlines()[-1]))


def _raw(port: int, one: Request) -> bytes:
    head = (
        f"POST {one.path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {one.key}\r\nContent-Length: {len(one.body)}\r\n\r\n"
    )
    return head.encode() + one.body


def _lua_string(raw: bytes) -> str:
    return '"' + "".join(chr(b) if 32 <= b < 127 and chr(b) not in '"\\' else f"\\{b:03d}" for b in raw) + '"'


# ---------------------------------------------------------------------------------------------- without wrk


async def _one(port: int, raws: Sequence[bytes], at: int, until: float, times: list[float]) -> int:
    """One connection; reads by Content-Length, which all the servers send."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    bad = 0
    while time.perf_counter() < until:
        began = time.perf_counter()
        writer.write(raws[at % len(raws)])
        at += CONNECTIONS
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        bad += not head.startswith(b"http/1.1 200")
        times.append(time.perf_counter() - began)
    writer.close()
    return bad


async def _all(port: int, seconds: float, raws: Sequence[bytes]) -> None:
    began = time.perf_counter()
    times: list[float] = []
    bad = sum(await asyncio.gather(*(_one(port, raws, n, began + seconds, times) for n in range(CONNECTIONS))))
    took = time.perf_counter() - began
    times.sort()
    found = {
        "requests": len(times),
        "seconds": took,
        "bad": bad,
        "p50": times[len(times) // 2] * 1e3,
        "p99": times[len(times) * 99 // 100] * 1e3,
    }
    print(json.dumps(found), file=sys.stderr)


if __name__ == "__main__":
    import uvloop

    uvloop.run(_all(int(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3]).read_bytes().split(b"\0")))
