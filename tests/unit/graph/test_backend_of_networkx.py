"""networkx's own tests, run with the backend in the place of networkx's implementations."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import networkx as nx

from graph.backend import info

HERE = Path(__file__).parent
NETWORKX = Path(nx.__file__).parent / "algorithms"

MODULES = [
    "components/tests/test_connected.py",
    "flow/tests/test_mincost.py",
    "flow/tests/test_networksimplex.py",
    "link_analysis/tests/test_pagerank.py",
    "tests/test_link_prediction.py",
]

SCIPY = "calls networkx's private _pagerank_scipy, which is not dispatched, and scipy is not installed"

#: What may fail, each with its reason.
EXCUSED = {
    "link_analysis/tests/test_pagerank.py::TestPageRankScipy::test_scipy_pagerank": SCIPY,
    "link_analysis/tests/test_pagerank.py::TestPageRankScipy::test_scipy_pagerank_max_iter": SCIPY,
    "link_analysis/tests/test_pagerank.py::TestPageRankScipy::test_dangling_scipy_pagerank": SCIPY,
}


def test_networkx_own_tests_pass_on_the_backend(tmp_path: Path) -> None:
    report = tmp_path / "outcomes.json"
    ran = subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-p",
                "networkx_plugin",
                "-p",
                "no:cacheprovider",
                "-p",
                "no:asyncio",
            ),
            *("-c", os.devnull, f"--rootdir={NETWORKX.parent}", f"--confcutdir={NETWORKX.parent}"),
            *(str(NETWORKX / module) for module in MODULES),
        ],
        cwd=HERE.parents[2],
        env=os.environ
        | {
            "NETWORKX_TEST_BACKEND": "fivelink",
            "NETWORKX_FALLBACK_TO_NX": "1",  # for the functions that are not ours
            "NETWORKX_OUTCOMES": str(report),
            "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parents[2])]),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert report.exists(), ran.stdout + ran.stderr
    found = json.loads(report.read_text())
    outcomes = {test.removeprefix("algorithms/"): outcome for test, outcome in found["outcomes"].items()}
    print(Counter(outcomes.values()), found["calls"])
    failed = {test for test, outcome in outcomes.items() if outcome != "passed"}
    assert failed <= EXCUSED.keys(), ran.stdout
    assert all(any(test.startswith(module) for test in outcomes.keys() - failed) for module in MODULES)
    assert found["calls"].keys() >= info()["functions"].keys()
