"""What each part of a partner's score finds of links that were hidden from it, against what is obvious.

Real graphs (they come with networkx), seeded counties of our own making, and every part alone beside the blend.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import networkx as nx
import numpy as np

from graph.linkage import Floats, Ints, Links, Member, Tie, linkage, links
from graph.partners import PART_CODES, Ask, Gift, partnership, values
from graph.walks import pagerank as ranks
from graph.walks import resource_allocation as allocation

#: Weights were chosen on the first half of the splits; tables are of the second.
SPLITS = 50
HIDDEN = 0.2
K = 10


@dataclass(frozen=True, slots=True)
class Question:
    """Of these candidates (k), those that `truth` marks are to be found; a score for each by every method."""

    truth: Ints
    scores: Mapping[str, Floats]


def found(questions: Iterable[Question], score: Callable[[Question], Floats], k: int = K) -> tuple[float, float]:
    """(recall@k, precision@k), means over questions; equal scores share their places, as chance would settle them."""
    recalls, precisions = [], []
    for one in questions:
        hits = _expected_hits(score(one), one.truth, k)
        recalls.append(hits / one.truth.sum())
        precisions.append(hits / min(k, len(one.truth)))
    return float(np.mean(recalls)), float(np.mean(precisions))


def _expected_hits(score: Floats, truth: Ints, k: int) -> float:
    """How many of the truth stand among the first k, when ties are drawn by lot."""
    order = np.argsort(-score, kind="stable")
    if len(order) <= k:
        return float(truth.sum())
    level = score[order[k - 1]]
    above, equal = score > level, score == level
    places = k - int(above.sum())
    return float(truth[above].sum() + truth[equal].sum() * places / equal.sum())


# ------------------------------------------------------------------------------------------------ real graphs

REAL = {
    "karate club": nx.karate_club_graph,
    "les misérables": nx.les_miserables_graph,
    "florentine families": nx.florentine_families_graph,
}


def link_questions(graph: nx.Graph, splits: Iterable[int]) -> list[Question]:
    """A fifth of the links hidden, once a split: for each party that lost some, everybody it is not linked with now."""
    names = {node: at for at, node in enumerate(graph)}
    edges = [(names[a], names[b]) for a, b in graph.edges]
    n, questions = len(names), []
    for seed in splits:
        dice = random.Random(seed)
        hidden = dice.sample(edges, max(1, round(HIDDEN * len(edges))))
        left = [edge for edge in edges if edge not in set(hidden)]
        seen = links(n, *zip(*left, strict=True))
        lost: dict[int, set[int]] = {}
        for a, b in hidden:
            lost.setdefault(a, set()).add(b)
            lost.setdefault(b, set()).add(a)
        for node, partners in sorted(lost.items()):
            others = np.setdiff1d(np.arange(n), np.append(seen.neighbours(node), node))
            truth = np.isin(others, sorted(partners)).astype(np.int64)
            questions.append(Question(truth, structural(seen, node, others)))
    return questions


def occasion_questions(splits: Iterable[int]) -> list[Question]:
    """Southern women: a fifth of the occasions hidden; whom a woman meets there, by what came before."""
    graph = nx.davis_southern_women_graph()
    women = sorted(graph.graph["top"])
    occasions = sorted(graph.graph["bottom"])
    names = {name: at for at, name in enumerate([*women, *occasions])}
    questions = []
    for seed in splits:
        dice = random.Random(seed)
        hidden = set(dice.sample(occasions, round(HIDDEN * len(occasions))))
        edges = [(names[w], names[o]) for w in women for o in graph[w] if o not in hidden]
        seen = links(len(names), *zip(*edges, strict=True))
        for woman in women:
            met = {other for o in graph[woman] if o in hidden for other in graph[o]} - {woman}
            others = np.array([names[one] for one in women if one != woman])
            truth = np.array([one in met for one in women if one != woman], np.int64)
            if truth.any() and len(seen.neighbours(names[woman])):
                questions.append(Question(truth, structural(seen, names[woman], others)))
    return questions


def structural(graph: Links, node: int, others: Ints) -> dict[str, Floats]:
    """The parts that need nothing but links, and two rivals, as `graph.partners` scales them."""
    near = graph.neighbours(node)
    common = np.bincount(graph.ends[graph.around(near)[1]], minlength=len(graph))[others].astype(np.float64)
    shares = allocation(graph, node)
    ball, found_ranks, _ = ranks(graph, node)
    followed = np.zeros(len(graph))
    followed[ball] = found_ranks
    degrees = graph.degrees[others].astype(np.float64)
    union = len(near) + degrees - common
    return {
        "chance": np.zeros(len(others)),
        "degree": degrees,
        "common neighbours": common,
        "jaccard": common / np.maximum(union, 1.0),
        "SHARED_CLIENTS": common / np.sqrt(np.maximum(degrees * max(1, len(near)), 1.0)),
        "RESOURCE_ALLOCATION": shares[others] / (shares[node] or 1.0),
        "PAGERANK": followed[others] / (followed[others].max(initial=0.0) or 1.0),
        "POPULARITY": np.log1p(degrees) / (np.log1p(degrees).max(initial=0.0) or 1.0),
    }


# ------------------------------------------------------------------------------------------------ planted counties

TOWNSHIPS, VILLAGES, PROVIDERS, TYPES, PROBLEMS = 12, 8, 160, 24, 6
PAST, PRESENT, FUTURE = 500, 60, 150

#: How a county chooses who helps: weight of being well known, of having worked together, of being near.
HABITS = {
    "the well known": (1.0, 0.0, 0.3),
    "old acquaintances": (0.3, 3.0, 0.3),
    "the nearest": (0.0, 0.0, 3.0),
}


@dataclass(frozen=True, slots=True)
class _Provider:
    id: int
    kinds: tuple[int, ...]
    area: tuple[int, ...]
    fame: float


def county_questions(habit: str, seed: int) -> list[Question]:
    """Whom each provider helps together with in the days to come, by what came before. 96 villages, 160 providers.

    Households ask for several things of one problem at once; each is given by somebody who gives it there, chosen by
    the county's habit. What is found follows from the habit that was planted: it shows that the parts do what they
    say, not what counties are like.
    """
    fame, acquaintance, nearness = HABITS[habit]
    dice = random.Random(f"{habit} {seed}")
    towns = [1 + t for t in range(1, TOWNSHIPS + 1)]
    villages = [100 * t + v for t in towns for v in range(VILLAGES)]
    paths = {1: (1,), **{t: (1, t) for t in towns}, **{v: (1, v // 100, v) for v in villages}}
    problems = [dice.sample(range(1, TYPES + 1), 5) for _ in range(PROBLEMS)]
    providers = []
    for n in range(PROVIDERS):
        home = dice.choice(villages)
        area = dice.choices([(1,), paths[home][:2], paths[home]], [2, 5, 3])[0]
        kinds = tuple(dice.sample(range(1, TYPES + 1), dice.choice([1, 1, 2, 3])))
        providers.append(_Provider(10_000 + n, kinds, area, dice.lognormvariate(0, 1)))
    together: dict[tuple[int, int], int] = {}

    def occasion() -> tuple[int, list[int], list[int]]:
        village = dice.choice(villages)
        asked = dice.sample(dice.choice(problems), dice.choice([2, 3, 3, 4]))
        team: list[int] = []
        for kind in asked:
            able = [p for p in providers if kind in p.kinds and p.area[-1] in paths[village] and p.id not in team]
            if able:
                met = [sum(together.get((min(p.id, q), max(p.id, q)), 0) for q in team) for p in able]
                lots = [
                    p.fame**fame * (1 + acquaintance * m) * len(p.area) ** nearness
                    for p, m in zip(able, met, strict=True)
                ]
                team.append(dice.choices(able, lots)[0].id)
        for i, a in enumerate(team):
            for b in team[:i]:
                pair = (min(a, b), max(a, b))
                together[pair] = together.get(pair, 0) + 1
        return village, asked, team

    past = [occasion() for _ in range(PAST)]
    present = [(dice.choice(villages), dice.sample(dice.choice(problems), 3)) for _ in range(PRESENT)]
    future = [occasion() for _ in range(FUTURE)]
    members = [Member(v, "COMMUNITY", v) for v in villages]
    members += [Member(p.id, "SOCIAL_ORGANIZATION", p.area[-1]) for p in providers]
    ties = [Tie("ALLOCATION", village, id, 1.0) for village, _, team in past for id in team]
    for village, asked in present:
        for kind in asked:
            able = [p.id for p in providers if kind in p.kinds and p.area[-1] in paths[village]]
            ties += [Tie("MATCH", village, id, 0.7) for id in able[:20]]
    made = partnership(
        linkage(members, ties),
        [Gift(p.id, kind, (p.area[-1],)) for p in providers for kind in p.kinds],
        [Ask(village, kind, 1) for village, asked in present for kind in asked],
        {kind: (kind,) for kind in range(1, TYPES + 1)},
        paths,
    )
    kinds = {p.id: set(p.kinds) for p in providers}
    questions = []
    for p in providers:
        met = {other for _, _, team in future if p.id in team for other in team} - {p.id}
        ids, parts = values(made, p.id)
        truth = np.isin(ids, sorted(met)).astype(np.int64)
        if truth.any():
            parts["adds"] = np.array([float(bool(kinds[id] - kinds[p.id])) for id in ids.tolist()])
            places = np.array([made.linkage.position(id) for id in ids.tolist()])
            questions.append(
                Question(truth, structural(made.linkage.links, made.linkage.position(p.id), places) | parts)
            )
    return questions


def blend(weights: Mapping[str, int]) -> Callable[[Question], Floats]:
    """The score of `graph.partners`; parts that a graph does not know are left out, the others keep their weights."""

    def score(one: Question) -> Floats:
        total = np.zeros(len(one.truth))
        for code in PART_CODES:
            values_ = one.scores.get(code)
            if values_ is not None:
                total += weights.get(code, 0) * values_
        # As `suggest` does: who adds nothing stands last.
        adds = one.scores.get("adds")
        if adds is not None and adds.any():
            total[adds <= 0] = 0.0
        return total

    return score


COUNTY_SEEDS = 10


def everything(second_half: bool) -> dict[str, tuple[list[Question], int]]:
    """{name: (questions, k)} of one half of the splits and counties. k is 5 where a graph has few candidates."""
    half = range(SPLITS // 2, SPLITS) if second_half else range(SPLITS // 2)
    seeds = range(COUNTY_SEEDS // 2, COUNTY_SEEDS) if second_half else range(COUNTY_SEEDS // 2)
    made = {name: (link_questions(graph(), half), 5 if len(graph()) < 20 else K) for name, graph in REAL.items()}
    made["southern women"] = (occasion_questions(half), 5)
    for habit in HABITS:
        made[f"county: {habit}"] = ([one for seed in seeds for one in county_questions(habit, seed)], K)
    return made
