"""Writing: one need matched among 100,000 offers, two lists imported and matched, the start of a full folder."""

from __future__ import annotations

import asyncio
import csv
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import asyncpg
from sqlalchemy import make_url

from bench import province
from bench.servers import free_port
from db.database import Database
from db.viewer import LOCAL
from fivelink.demo.county import COUNTY, COUNTY_NAME, Town, towns
from resolvers import needs
from resolvers.context import Context

OFFERS, SUBMITTED, WARMING = 100_000, 150, 20
LISTED = 10_000
STARTS = 3
START_SECONDS = 60.0
WANTED_MS, WANTED_IMPORT_SECONDS, WANTED_START_SECONDS = 50, 60, 5

#: (need, offer, amount) in the words of the shipped resource types.
_THINGS = (
    ("轮椅", "轮椅捐赠", "辆"),
    ("棉被", "棉被捐赠", "床"),
    ("心理疏导", "心理疏导服务", "人次"),
    ("助学金", "助学金", "元"),
    ("康复训练", "康复训练服务", "人次"),
)


def submitted(url: str) -> Iterator[str]:
    """Rows of the table: median and p95 of submitting one need, its matches stored and committed."""
    for counties, where in ((province.COUNTIES, f"over {province.COUNTIES} counties"), (1, "all in one county")):
        name = f"bench_offers_{counties}"
        own = make_url(url).set(database=name).render_as_string(hide_password=False)
        asyncio.run(_execute(url, f"CREATE DATABASE {name}"))
        times, stored = asyncio.run(_submit(own, counties))
        asyncio.run(_execute(url, f"DROP DATABASE {name} WITH (FORCE)"))
        times.sort()
        yield (
            f"| one need among {OFFERS:,} offers {where}, {stored:.0f} matches stored (median of {SUBMITTED}; p95) "
            f"| {statistics.median(times):.1f} ms; {times[len(times) * 95 // 100]:.1f} ms | < {WANTED_MS} ms |"
        )


async def _execute(url: str, statement: str) -> None:
    raw = await asyncpg.connect(url)
    try:
        await raw.execute(statement)
    finally:
        await raw.close()


async def _submit(url: str, counties: int) -> tuple[list[float], float]:
    """(milliseconds of each, matches stored for one need on average)"""
    await province.words(url)
    await province.fill(url, OFFERS, 0, counties=counties, matched=False)
    database = Database(url)
    try:
        context = Context(database, LOCAL)
        async with database.reader.connection() as connection:
            types = await connection.fetch("SELECT code FROM resource_type WHERE parent_id IS NOT NULL ORDER BY id", ())
            times = []
            for n in range(WARMING + SUBMITTED):
                began = time.perf_counter()
                await needs.submit(
                    context,
                    title=f"新需求{n}",
                    community_id=1 + n * 13 % province.COMMUNITIES,
                    resource_type=types[n * 7 % len(types)][0],
                    quantity=1 + n % 5,
                    priority="URGENT",
                )
                times.append((time.perf_counter() - began) * 1e3)
            matched = (await connection.fetch("SELECT count(*) FROM match", ()))[0][0]
    finally:
        await database.close()
    return times[WARMING:], matched / len(times)


def imported() -> Iterator[str]:
    """Rows of the table: two sheets through `fivelink import` into a new folder, from the command to its end."""
    with tempfile.TemporaryDirectory(prefix="fivelink-bench-") as folder:
        lists = _lists(Path(folder))
        environment = _environment(Path(folder) / "data")
        _cli(environment, "migrate")
        began = time.perf_counter()
        _cli(environment, "import", *[str(one) for one in lists], "--area", COUNTY)
        seconds = time.perf_counter() - began
        counted = Path(folder) / "counted.csv"
        said = _cli(environment, "export", str(counted)).strip().splitlines()[-1].partition(" -> ")[0]
        yield (
            f"| {LISTED:,} needs and {LISTED:,} offers: `fivelink import`, server start included "
            f"(then there: {said}) | {seconds:.1f} s | < {WANTED_IMPORT_SECONDS} s |"
        )


def _lists(folder: Path) -> tuple[Path, Path]:
    county = towns()
    offers, wanted = folder / "offers.csv", folder / "needs.csv"
    _sheet(offers, ("资源名称", "提供方", "提供方类别", "所在区域", "数量", "服务区域"), _offer_rows(county))
    _sheet(wanted, ("乡镇（街道）", "村(社区)", "需求内容", "数量", "紧急程度", "截止日期"), _need_rows(county))
    return offers, wanted


def _offer_rows(county: Sequence[Town]) -> Iterator[tuple[str, ...]]:
    for n in range(LISTED):
        town = county[n % len(county)]
        _, title, unit = _THINGS[n % len(_THINGS)]
        area = COUNTY_NAME if n % 3 else town.name
        yield f"{title}{n}号", f"爱心企业{n % 700}", "爱心企业", town.name, f"{1 + n % 40}{unit}", area


def _need_rows(county: Sequence[Town]) -> Iterator[tuple[str, ...]]:
    for n in range(LISTED):
        town = county[n % len(county)]
        village = town.villages[n // len(county) % len(town.villages)]
        title, _, unit = _THINGS[n // 3 % len(_THINGS)]
        priority = ("一般", "较急", "紧急")[n % 3]
        yield town.name, village.name, f"{title}{n}号", f"{1 + n % 4}{unit}", priority, "2030-06-30"


def _sheet(path: Path, heading: Sequence[str], rows: Iterator[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(heading)
        writer.writerows(rows)


def started(data_dir: Path) -> Iterator[str]:
    """Rows of the table: from the command to the first "ready", on a folder that holds the province."""
    seconds = statistics.median(_start(data_dir) for _ in range(STARTS))
    yield (
        f"| `fivelink serve` on the folder of that province, to its first ready (median of {STARTS}) "
        f"| {seconds:.1f} s | < {WANTED_START_SECONDS} s |"
    )


def _start(data_dir: Path) -> float:
    port = free_port()
    environment = {**_environment(data_dir), "FIVELINK_PORT": str(port)}
    began = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, "-m", "fivelink.cli", "serve"], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        while time.perf_counter() - began < START_SECONDS and server.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
                    if answer.status == 200:
                        return time.perf_counter() - began
            except (urllib.error.URLError, OSError):
                time.sleep(0.02)
        raise RuntimeError("`fivelink serve` did not become ready")
    finally:
        server.terminate()
        server.wait(30)


def _environment(data_dir: Path) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("FIVELINK_")}
    return {**own, "FIVELINK_DATA_DIR": str(data_dir)}


def _cli(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "fivelink.cli", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(
            f"fivelink {arguments[0]} ended with {done.returncode}: {(done.stdout + done.stderr)[-2000:]}"
        )
    return done.stdout
