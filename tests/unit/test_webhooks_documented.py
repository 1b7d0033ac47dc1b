"""docs/webhooks.md says what is so, and its snippets work as printed."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from resolvers import webhook_posting
from resolvers.webhook_delivery import pauses_markdown
from resolvers.webhook_events import ALL, markdown, unknown, wanted
from schema.contract import CONTRACT
from schema.webhooks import WebhookError

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
BODY = '{"id":"evt_1","note":"乙村"}'.encode()
FIRST, SECOND = b"1" * 32, b"2" * 32


def snippet(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)
    return str(found)


def cases() -> list[tuple[bool, str, dict[str, str], bytes]]:
    """(whether it is genuine, secret, headers, body)."""
    secret, now = webhook_posting.shown(FIRST), time.time()

    def signed(at: float, *keys: bytes) -> dict[str, str]:
        return webhook_posting.headers("evt_1", datetime.fromtimestamp(at, UTC), BODY, keys)

    return [
        (True, secret, signed(now, FIRST), BODY),
        (True, secret, signed(now, SECOND, FIRST), BODY),
        (True, secret, signed(now, FIRST, SECOND), BODY),
        (False, secret, signed(now, SECOND), BODY),
        (False, secret, signed(now, FIRST), BODY + b" "),
        (False, secret, signed(now, FIRST) | {"webhook-id": "evt_2"}, BODY),
        (False, secret, signed(now, FIRST) | {"webhook-timestamp": str(int(now) + 1)}, BODY),
        (False, secret, signed(now, FIRST) | {"webhook-signature": "v1,"}, BODY),
        (False, secret, signed(now - 400, FIRST), BODY),
        (False, secret, signed(now + 400, FIRST), BODY),
    ]


def test_the_python_snippet_tells_genuine_from_forged() -> None:
    names: dict[str, Any] = {}
    exec(snippet("python"), names)
    for genuine, secret, headers, body in cases():
        assert names["verified"](secret, headers, body) is genuine, headers


def test_the_javascript_snippet_tells_genuine_from_forged() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node here to run the snippet with")
    given = [(secret, headers, body.decode()) for _, secret, headers, body in cases()]
    program = snippet("javascript") + (
        f"\nconst given = {json.dumps(given)};"
        "\nconsole.log(JSON.stringify(given.map(([s, h, b]) => verified(s, h, Buffer.from(b)))));"
    )
    done = subprocess.run([node, "-"], input=program.encode(), capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout) == [genuine for genuine, *_ in cases()]


def test_the_signature_is_that_of_the_specification() -> None:
    # The example of the specification's reference libraries.
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1614265330, UTC)
    headers = webhook_posting.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}', [secret])
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def between(name: str) -> str:
    return DOCUMENT.split(f"<!-- {name} -->\n")[1].split(f"<!-- /{name} -->")[0]


def test_tables_are_what_the_code_says() -> None:
    assert between("kinds") == markdown(), "run `python -m resolvers.webhook_events` and copy its table"
    assert between("pauses") == pauses_markdown(), "run `python -m resolvers.webhook_delivery` and copy its table"
    for error in WebhookError:
        assert f"| {error.name} |" in DOCUMENT


def test_the_operations_are_those_of_the_contract() -> None:
    from graphql import parse, validate

    found = re.findall(r"```graphql\n(.*?)```", DOCUMENT, re.DOTALL)
    assert len(found) == 2
    for operation in found:
        assert validate(CONTRACT._schema, parse(operation)) == []


def test_every_event_that_is_written_of_these_can_be_asked_for() -> None:
    entities = "need|offer|referral|plan|service|certificate|party"
    written: set[str] = set()
    for path in (*(ROOT / "resolvers").glob("*.py"), *(ROOT / "db").glob("*.py")):
        if not path.name.startswith("webhook"):
            written |= set(re.findall(rf'"((?:{entities})\.[a-z_]+)"', path.read_text(encoding="utf-8")))
    # Names of acts, of a job and of columns, not of events.
    written -= {"need.withdraw", "offer.withdraw", "offer.pause", "plan.compute"}
    written = {one for one in written if not one.endswith(".id")}
    assert written <= ALL, written - ALL


def test_patterns() -> None:
    assert unknown(["*", "need.*", "need.submitted", "need", "need.", "api_key.*", "key.created", ""]) == [
        3,
        4,
        5,
        6,
        7,
    ]
    assert wanted(["need.*"], "need.closed")
    assert not wanted(["need.*"], "referral.requested")
    # Keys and vocabularies are nobody's business, whatever is asked for.
    assert not wanted(["*"], "key.created")
