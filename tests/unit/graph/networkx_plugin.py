"""A pytest plugin for networkx's own tests under NETWORKX_TEST_BACKEND=fivelink.

networkx's test mode looks up the class `scipy.sparse.sparray`, only to ask whether an answer is one. scipy is no
dependency of ours: where it is missing the class is made up, and the tests that compute with scipy fail and are listed.
Every call that reaches the backend is counted, so that a pass says who computed it.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

try:
    import scipy.sparse  # type: ignore[import-untyped, unused-ignore]  # noqa: F401
except ImportError:
    sparse: Any = ModuleType("scipy.sparse")
    sparse.sparray = type("sparray", (), {})
    package: Any = ModuleType("scipy")
    package.sparse = sparse
    sys.modules |= {"scipy": package, "scipy.sparse": sparse}

calls: dict[str, int] = {}
outcomes: dict[str, str] = {}


def pytest_collection_finish() -> None:
    import networkx as nx

    from graph.backend import info, interface

    assert nx.utils.backends._dispatchable._is_testing
    for name in info()["functions"]:
        setattr(interface, name, staticmethod(_counted(name, getattr(interface, name))))


def _counted(name: str, function: Any) -> Any:
    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        calls[name] = calls.get(name, 0) + 1
        return function(*args, **kwargs)

    return run


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or report.outcome != "passed":
        kind = "xfailed" if hasattr(report, "wasxfail") else report.outcome
        outcomes[report.nodeid.rpartition("networkx/")[2]] = kind


def pytest_sessionfinish() -> None:
    Path(os.environ["NETWORKX_OUTCOMES"]).write_text(json.dumps({"calls": calls, "outcomes": outcomes}))
