"""The outside audits of GraphQL over HTTP, run with node against a real server process."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
NODE = shutil.which("node")
AUDITS = 61


@pytest.fixture
def address(database_url: str) -> Iterator[str]:
    """A server on a free port. It listens before it prints the port, so the first request waits, not fails."""
    server = subprocess.Popen(
        [sys.executable, str(HERE / "serving.py"), database_url], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert server.stdout is not None
    with server.stdout:
        port = server.stdout.readline().strip()
        yield f"http://127.0.0.1:{port}/graphql"
        server.terminate()
        server.wait(timeout=20)


@pytest.mark.skipif(NODE is None, reason="node is not installed: the graphql-http audits were not run")
@pytest.mark.skipif(
    not (HERE / "node_modules" / "graphql-http").is_dir(),
    reason="run `npm ci` in tests/contract/http: the graphql-http audits were not run",
)
def test_every_audit_of_graphql_over_http_is_ok(address: str) -> None:
    assert NODE is not None
    run = subprocess.run(
        [NODE, "audits.mjs", address], cwd=HERE, capture_output=True, text=True, timeout=120, check=True
    )
    audits = [json.loads(line) for line in run.stdout.splitlines()]
    assert [audit for audit in audits if audit["status"] != "ok"] == []
    assert len(audits) == AUDITS
