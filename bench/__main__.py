"""`python -m bench [serving] [matching] [engine] [loop] [reports]`: Markdown tables on stdout, progress on stderr.

Serving takes under 150 seconds, on a busy machine with fewer rounds; matching some two minutes; the engine some ten,
each of its benches in a process of its own (`python -m bench.scale 1000000` and the others take more on request); the
loop two; reports seven, most of it to write five million records.
"""

from __future__ import annotations

import asyncio
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import matching, province, serving
from db.server import database

PARTS = ("serving", "matching", "engine", "loop", "reports")
ENGINE = (
    ("networks", "1000", "10000", "--county"),
    ("scale", "--arcs"),
    ("scale",),
    ("standing", "10000"),
    ("keeping",),
    ("minimums", "1000"),
    ("teams",),
    ("partners",),
)
LOOP = (("cycles",), ("live",))
REPORTS = (("reports",),)
#: No round of serving begins that would not end by then.
SERVING_SECONDS = 140.0


def main() -> int:
    wanted = sys.argv[1:] or list(PARTS)
    if not set(wanted) <= set(PARTS):
        print(f"usage: python -m bench [{'] ['.join(PARTS)}]", file=sys.stderr)
        return 64
    began = time.monotonic()
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()};"
        f" load when started {os.getloadavg()[0]:.1f}\n"
    )
    if {"serving", "matching"} & set(wanted):
        _on_a_province(wanted, began)
    benches = [("Engine", *one) for one in ENGINE if "engine" in wanted]
    benches += [("Loop", *one) for one in LOOP if "loop" in wanted]
    benches += [("Reports", *one) for one in REPORTS if "reports" in wanted]
    for part, name, *arguments in benches:
        _say(f"{name} {' '.join(arguments)}")
        print(f"## {part}: {name}\n", flush=True)
        if subprocess.run([sys.executable, "-m", f"bench.{name}", *arguments]).returncode:
            return 1
        print(flush=True)
    _say(f"{time.monotonic() - began:.0f} s in all")
    return 0


def _on_a_province(wanted: list[str], began: float) -> None:
    with tempfile.TemporaryDirectory(prefix="fivelink-bench-") as folder:
        data_dir = Path(folder)
        rows: list[str] = []
        with database(None, data_dir) as url:
            _say("filling the province")
            asyncio.run(province.words(url))
            counties = asyncio.run(province.fill(url))
            if "serving" in wanted:
                print("## Serving\n")
                for line in serving.run(url, counties, _postmaster(data_dir), until=began + SERVING_SECONDS):
                    print(line, flush=True)
                print()
            if "matching" in wanted:
                _say("submitting needs")
                rows += matching.submitted(url)
        if "matching" in wanted:
            _say("starting")
            rows += matching.started(data_dir)
            _say("importing")
            rows += matching.imported()
            print("## Matching, importing, starting\n\n| what | measured | wanted |\n|---|---|---|")
            print("\n".join(rows))
            print()


def _postmaster(data_dir: Path) -> int:
    return int((data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
