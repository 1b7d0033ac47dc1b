"""Serving: the same three questions put to every server in turn, in short rounds, because the machine drifts."""

from __future__ import annotations

import math
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from bench import load, postgraphile, questions, servers, statements
from bench.province import County
from bench.questions import QUESTIONS, Request
from bench.servers import Server

OURS, HANDWRITTEN, POSTGRAPHILE = "fivelink", "hand-written", "PostGraphile 5"
ORM, TUNED = "ordinary (ORM)", "ordinary, tuned"
LITERALS = "fivelink, literals"
ROUNDS, SECONDS, WARM_SECONDS = 4, 1.0, 1.0
#: Below so many requests a second the load waits for the last answers: what is under way at the end would be a good
#: part of them all, and would burden whoever is measured next.
SLOW = 250
#: What the figures are held against: peer -> ratio of requests a second, by question.
REACH = {
    HANDWRITTEN: {"Q1": 0.9, "Q2": 0.9, "Q3": 0.9},
    ORM: {"Q1": 6.0, "Q2": 30.0, "Q3": 30.0},
    POSTGRAPHILE: {"Q2": 2.0, "Q3": 2.0},
}

Make = Callable[[str, Sequence[County]], list[Request]]


@dataclass(slots=True, eq=False)
class Contender:
    """One row of the tables. Two contenders may share a server."""

    name: str
    server: Server
    make: Make
    read: Callable[[str, bytes], Any] = questions.same


@dataclass(slots=True)
class Figures:
    """Of one contender and question, a value a round. `own_ms` and `database_ms`: CPU a request."""

    per_second: list[float] = field(default_factory=list)
    own_ms: list[float] = field(default_factory=list)
    database_ms: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    bad: int = 0
    slow: bool = False

    def forget_first(self) -> None:
        for values in (self.per_second, self.own_ms, self.database_ms, self.p99):
            del values[0]


Table = dict[tuple[str, str], Figures]


def run(
    url: str,
    counties: Sequence[County],
    postmaster: int,
    *,
    rounds: int = ROUNDS,
    seconds: float = SECONDS,
    until: float = math.inf,
) -> Iterator[str]:
    """Yields lines of Markdown. Raises RuntimeError where servers disagree about an answer, or one gives none.

    One round warms, `rounds` follow; after the first, a round begins only where it should end before `until` (of
    time.monotonic()), and the report says so where it does not.
    """
    with ExitStack() as stack:
        contenders, notes = _start(url, stack)
        for question in QUESTIONS:
            _agree(question, contenders, counties)
        _say("all answers are equal")
        table: Table = {}
        done = 0
        for turn in range(rounds + 1):
            began = time.monotonic()
            for question in QUESTIONS:
                # Whoever comes after a slow one finds its leavings: everybody does in turn.
                first = turn % len(contenders)
                for one in [*contenders[first:], *contenders[:first]]:
                    figures = table.setdefault((one.name, question), Figures())
                    _measure(one, question, counties, postmaster, figures, seconds if turn else WARM_SECONDS)
                    figures.slow = figures.per_second[0] < SLOW
            _say(f"round {turn} of {rounds}")
            done = turn
            if turn < rounds and 2 * time.monotonic() - began > until:
                notes.append("Rounds were left out, because the machine was slow.")
                break
        if done:
            # The first round warmed caches, plans and branch predictors.
            for figures in table.values():
                figures.forget_first()
        else:
            notes.append("There was time for one round only: caches, plans and branch predictors were cold.")
    yield from _report([one.name for one in contenders], table, max(done, 1), seconds)
    yield _counts(statements.counted(url, counties))
    yield from (f"\n{note}" for note in notes)


def _start(url: str, stack: ExitStack) -> tuple[list[Contender], list[str]]:
    def started(server: Server) -> Server:
        stack.callback(server.stop)
        return server

    ours = started(servers.start("fivelink", url))
    contenders = [
        Contender(OURS, ours, questions.graphql),
        Contender(LITERALS, ours, lambda question, counties: questions.graphql(question, counties, inline=True)),
        Contender(HANDWRITTEN, started(servers.start("handwritten", url)), questions.handwritten),
        Contender(ORM, started(servers.start("orm", url)), questions.graphql),
        Contender(TUNED, started(servers.start("ordinary", url)), questions.graphql),
    ]
    notes = []
    if load.generator() != "wrk":
        notes.append(
            "wrk is not installed: Python made the load, which takes most of one core and slows whoever is fast."
        )
    try:
        peer = started(postgraphile.start(url))
        contenders.append(Contender(POSTGRAPHILE, peer, questions.postgraphile, questions.from_postgraphile))
    except postgraphile.NotAtHand as reason:
        notes.append(f"PostGraphile was left out: {reason}.")
    return contenders, notes


def _agree(question: str, contenders: Sequence[Contender], counties: Sequence[County]) -> None:
    first = contenders[0]
    wanted = [first.read(question, first.server.ask(one)) for one in first.make(question, counties)]
    if not all(_full(question, answer) for answer in wanted):
        raise RuntimeError(f"{question}: an answer is not of the size that is to be measured")
    for other in contenders[1:]:
        for request, answer in zip(other.make(question, counties), wanted, strict=True):
            found = other.read(question, other.server.ask(request))
            if found != answer:
                raise RuntimeError(
                    f"{question}: {other.name} and {first.name} differ on {request.body!r}:\n"
                    f"{str(found)[:500]}\n{str(answer)[:500]}"
                )


def _full(question: str, answer: Any) -> bool:
    if question == "Q1":
        return answer["node"] is not None
    if question == "Q2":
        needs = answer["needs"]["edges"]
        return len(needs) == 20 and all(len(one["node"]["matches"]["edges"]) == 5 for one in needs)
    return len(answer["offers"]["edges"]) == 100


def _measure(
    one: Contender, question: str, counties: Sequence[County], postmaster: int, figures: Figures, seconds: float
) -> None:
    # A key is looked up every five seconds; that none is looked up in one short round and all in another is chance.
    for request in one.make("Q1", counties)[: len(counties)]:
        one.server.ask(request)
    requests = one.make(question, counties)
    own, backends = one.server.cpu_seconds(), servers.cpu_of_backends(postmaster)
    found = load.run(one.server.port, requests, seconds, to_the_last=figures.slow)
    if not found.requests:
        raise RuntimeError(f"{one.name} answered nothing within {seconds:g} s of {question}")
    spent = one.server.cpu_seconds() - own
    after = servers.cpu_of_backends(postmaster)
    in_database = sum(cpu - backends.get(pid, 0.0) for pid, cpu in after.items())
    figures.bad += found.bad
    figures.per_second.append(found.per_second)
    figures.own_ms.append(1e3 * spent / found.requests)
    figures.database_ms.append(1e3 * in_database / found.requests)
    figures.p99.append(found.p99)


def _report(names: Sequence[str], table: Table, rounds: int, seconds: float) -> Iterator[str]:
    slow = f" (by Python, to the last answer, under {SLOW} requests/s)" if load.generator() == "wrk" else ""
    yield (
        f"Medians; rounds: {rounds}, of {seconds:g} s; {load.CONNECTIONS} connections by {load.generator()}{slow},"
        f" {servers.CONNECTIONS} to PostgreSQL, one process a server, all answers equal.\n"
    )
    head = " | ".join(QUESTIONS)
    yield f"| requests/s | {head} |"
    yield "|---|---|---|---|"
    for name in names:
        yield _row(name, [f"{statistics.median(table[name, q].per_second):,.0f}" for q in QUESTIONS])
    yield f"\n| p99, ms | {head} |\n|---|---|---|---|"
    for name in names:
        yield _row(name, [f"{statistics.median(table[name, q].p99):,.1f}" for q in QUESTIONS])
    yield f"\n| CPU a request: server + PostgreSQL, ms | {head} |\n|---|---|---|---|"
    for name in names:
        cells = []
        for q in QUESTIONS:
            own, database = (statistics.median(v) for v in (table[name, q].own_ms, table[name, q].database_ms))
            cells.append(f"{own:.3f} + {database:.3f} = {own + database:.3f}")
        yield _row(name, cells)
    yield f"\n| fivelink against: by requests/s; by CPU (wanted) | {head} |\n|---|---|---|---|"
    for name in names:
        if name not in (OURS, LITERALS):
            reach = REACH.get(name, {})
            yield _row(name, [_ratio(table[OURS, q], table[name, q], reach.get(q)) for q in QUESTIONS])
    bad = {f"{name} {q}": table[name, q].bad for name in names for q in QUESTIONS if table[name, q].bad}
    if bad:
        yield f"\nRequests not answered with 200: {bad}"


def _counts(counts: dict[str, list[int]]) -> str:
    told = (f"{question} {' or '.join(map(str, found))}" for question, found in counts.items())
    return f"\nStatements a request, every county asked: {', '.join(told)}."


def _ratio(ours: Figures, peer: Figures, wanted: float | None) -> str:
    # Round by round, so that what slowed one slowed the other.
    by_speed = statistics.median(a / b for a, b in zip(ours.per_second, peer.per_second, strict=True))
    cpu = [
        (b_own + b_db) / (a_own + a_db)
        for a_own, a_db, b_own, b_db in zip(ours.own_ms, ours.database_ms, peer.own_ms, peer.database_ms, strict=True)
    ]
    goal = "" if wanted is None else f" ({wanted:g})"
    return f"{by_speed:.2f}; {statistics.median(cpu):.2f}{goal}"


def _row(name: str, cells: Sequence[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
