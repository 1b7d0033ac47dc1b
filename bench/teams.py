"""Teams: the exact search beside greedy on the same instances, and CP-SAT beside both in a process of its own.

    python -m bench.teams [CANDIDATES ...]        20 60 200 1000 by default

OR-tools and highspy cannot be imported into one process: CP-SAT solves the same rows in a subprocess, which times
itself. Medians over the instances of a size; "greedy larger": the share of instances where greedy has more members.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from importlib.util import find_spec
from statistics import median
from typing import Any

from graph.cover import EXACT_UP_TO, Row, greedy_cover, smallest_cover

SIZES = (20, 60, 200, 1_000)
INSTANCES = 15
SOCIETIES = 5
#: The two aims one after the other, as the exact search has them; the third (places) is left to the engine.
PEER = """
import json, sys, time
from ortools.sat.python import cp_model
for line in sys.stdin:
    rows, values = json.loads(line)
    began = time.perf_counter()
    model = cp_model.CpModel()
    x = [model.new_bool_var("") for _ in values]
    for demand, gains in rows:
        model.add(sum(gain * x[j] for j, gain in gains) >= demand)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = 2
    model.minimize(sum(x))
    first = solver.solve(model)
    size = round(solver.objective_value)
    model.add(sum(x) == size)
    model.maximize(sum(v * one for v, one in zip(values, x)))
    second = solver.solve(model)
    proven = first == second == cp_model.OPTIMAL
    print(json.dumps([time.perf_counter() - began, size, round(solver.objective_value), proven]), flush=True)
"""

Instance = tuple[list[Row], list[int]]


def instance(candidates: int, seed: int) -> Instance:
    """Six kinds of things asked, some in quantities nobody has alone, and the five roles; a party gives few things."""
    chance = random.Random(seed)
    values = [chance.randint(3_000, 10_000) for _ in range(candidates)]
    gains: list[dict[int, int]] = [{} for _ in range(6)]
    for j in range(candidates):
        for i in chance.sample(range(6), chance.choice([0, 1, 1, 2, 3])):
            gains[i][j] = chance.randint(1, 10)
    rows = [Row(min(chance.choice([2, 12, 25]), sum(one.values())), one) for one in gains if one]
    society = [j % SOCIETIES for j in range(candidates)]
    chance.shuffle(society)
    rows += [Row(1, {j: 1 for j in range(candidates) if society[j] == s}) for s in range(SOCIETIES)]
    return rows, values


def scattered(candidates: int, seed: int) -> Instance:
    """Plain set cover, the hard kind: an eighth as many things as candidates, each known to one in twelve."""
    chance = random.Random(seed)
    known = max(2, candidates // 12)
    rows = [
        Row(1, dict.fromkeys(sorted(chance.sample(range(candidates), known)), 1))
        for _ in range(max(6, candidates // 8))
    ]
    return rows, [chance.randint(0, 10_000) for _ in range(candidates)]


def peer(instances: list[Instance]) -> list[Any] | None:
    """(seconds, size, value, proven) of each by CP-SAT; None where OR-tools is not installed."""
    if find_spec("ortools") is None:
        return None
    lines = "".join(
        json.dumps([[[row.demand, list(row.gains.items())] for row in rows], values]) + "\n"
        for rows, values in instances
    )
    done = subprocess.run([sys.executable, "-c", PEER], input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def run(sizes: tuple[int, ...] = SIZES, instances: int = INSTANCES) -> list[str]:
    """A Markdown table. Says DIFFERENT where two exact answers do not agree."""
    lines = [
        "| instances | candidates | exact ms | members | proven"
        " | greedy ms | members | greedy larger | CP-SAT ms | ratio |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    smallest_cover(*instance(20, 0))  # the solver's import is not the search
    for name, make in (("teams", instance), ("scattered", scattered)):
        for candidates in sizes:
            some = [make(candidates, seed) for seed in range(instances)]
            exact, greedy = [], []
            for rows, values in some:
                began = time.perf_counter()
                found = smallest_cover(rows, values)
                exact.append((time.perf_counter() - began, found))
                began = time.perf_counter()
                members = greedy_cover(rows, values)
                greedy.append((time.perf_counter() - began, len(members)))
            by_peer = peer(some)
            own = median(seconds for seconds, _ in exact) * 1_000
            larger = sum(size > len(found.members) for (_, found), (_, size) in zip(exact, greedy, strict=True))
            row = (
                f"| {name} | {candidates:,} | {own:.1f} | {median(len(f.members) for _, f in exact):g}"
                f" | {sum(f.optimal for _, f in exact)}/{instances}"
                f" | {median(s for s, _ in greedy) * 1_000:.2f} | {median(n for _, n in greedy):g}"
                f" | {larger / instances:.0%}"
            )
            if by_peer is None:
                row += " | - | - |"
            else:
                theirs = median(seconds for seconds, *_ in by_peer) * 1_000
                row += f" | {theirs:.1f} | {theirs / own:.1f} |"
                if any(
                    found.optimal and proven and (len(found.members), sum(values[j] for j in found.members)) != (n, v)
                    for (_, found), (_, n, v, proven), (_, values) in zip(exact, by_peer, some, strict=True)
                ):
                    row += " DIFFERENT"
            lines.append(row)
    lines.append("")
    lines.append(f"Beyond {EXACT_UP_TO} candidates that can matter, what stands under exact is greedy with its bound.")
    return lines


if __name__ == "__main__":
    chosen = tuple(int(one) for one in sys.argv[1:])
    print("\n".join(run(chosen or SIZES)))
