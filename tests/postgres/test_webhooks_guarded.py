"""Webhooks: where they may lead, whose they are, and what nobody is told."""

from __future__ import annotations

import base64
import logging
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from webhook_receiver import receiving
from webhook_stage import LATER, Stage, staged

from db.cursors import global_id
from db.database import Database
from db.viewer import LOCAL, PUBLIC, Viewer
from resolvers import webhook_delivery, webhook_posting, webhooks
from resolvers.errors import Conflict, InvalidInput, NotAllowed, NotFound
from schema.execution.executor import Executor


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    async with staged(database_url) as one:
        yield one


async def test_no_webhook_leads_into_the_house(stage: Stage) -> None:
    id, _ = await stage.hook()
    database = Database(stage.loop.county.engine.url.render_as_string(hide_password=False).replace("+asyncpg", ""))
    strict = replace(stage.context, database=database)
    before = await stage.loop.county.counts()
    for url in (
        *(
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://localhost/",
            "https://10.0.0.1/",
            "https://169.254.169.254/",
        ),
        *("https://2130706433/", "https://0x7f.1/", "https://[::ffff:10.0.0.1]/", stage.receiver.url),
    ):
        with pytest.raises(InvalidInput) as refused:
            await webhooks.register(strict, url=url, kinds=["*"])
        assert [one.path for one in refused.value.fields] == [("url",)]
        assert refused.value.fields[0].code in ("ADDRESS_NOT_ALLOWED", "HTTPS_REQUIRED")
    assert await stage.loop.county.counts() == before
    # What its name leads to is asked again whenever something is sent.
    await stage.need()
    await stage.place()
    assert await webhook_delivery.deliver(strict) == 0
    assert stage.receiver.received == []
    assert (await stage.row(id)).last_error == "ADDRESS"
    await database.close()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of `localhost` by nobody in particular, with its key in the same file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl here to make a certificate with")
    path = tmp_path / "localhost.pem"
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-keyout", path, "-out", tmp_path / "cert.pem", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:TRUE"),
        ],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + (tmp_path / "cert.pem").read_text())
    return path


async def test_a_certificate_is_checked_against_the_name_though_the_address_is_dialled(
    stage: Stage, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate)
    names: list[str | None] = []
    serving.sni_callback = lambda _socket, name, _context: names.append(name)
    webhook_posting._trusted.cache_clear()
    async with receiving(context=serving, host="localhost") as receiver:
        id, _ = await stage.hook(url=receiver.url)
        await stage.need()
        assert await stage.deliver() == 0
        assert (await stage.row(id)).last_error == "TLS"
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        webhook_posting._trusted.cache_clear()
        stage.clock.now += LATER
        assert await stage.deliver() == 1
        assert receiver.received[0].head["host"] == f"localhost:{receiver.port}"
        assert set(names) == {"localhost"}
        # The same machine under a name that its certificate does not bear.
        other, _ = await stage.hook(url=receiver.url.replace("localhost", "127.0.0.1"))
        await stage.need()
        await stage.deliver()
        assert (await stage.row(other)).last_error == "TLS"
    webhook_posting._trusted.cache_clear()


async def test_every_faulty_field_is_told_at_once(stage: Stage) -> None:
    before = await stage.loop.county.counts()
    with pytest.raises(InvalidInput) as refused:
        await webhooks.register(
            stage.context, url="ftp://x", kinds=["need.*", "need.eaten", "?"], area="000", idempotency_key=""
        )
    assert [(".".join(one.path), one.code) for one in refused.value.fields] == [
        ("url", "INVALID_URL"),
        ("kinds.1", "UNKNOWN_EVENT"),
        ("kinds.2", "UNKNOWN_EVENT"),
        ("area", "UNKNOWN_AREA"),
        ("idempotencyKey", "INVALID_KEY"),
    ]
    assert await stage.loop.county.counts() == before


async def test_who_may_not_register_and_whose_it_is_not(stage: Stage) -> None:
    own = await stage.key("PARTNER", party=stage.loop.provider_id)
    other = await stage.key("PARTNER", party=stage.loop.community_id)
    id, _ = await stage.hook(own)
    before = await stage.loop.county.state()
    for viewer in (PUBLIC, Viewer("READER", 1)):
        context = replace(stage.context, viewer=viewer)
        with pytest.raises(NotAllowed):
            await webhooks.register(context, url=stage.receiver.url, kinds=["*"])
        with pytest.raises(NotAllowed):
            await webhooks.pause(context, id)
    for viewer in (other, await stage.loop.county.coordinator()):
        for act in (webhooks.pause, webhooks.rotate, webhooks.remove, webhooks.ping):
            with pytest.raises(NotFound):
                await act(replace(stage.context, viewer=viewer), id)
    assert await stage.loop.county.state() == before


async def test_an_owner_registers_so_many_and_no_more(stage: Stage) -> None:
    hooks = [(await stage.hook())[0] for _ in range(webhooks.MOST)]
    with pytest.raises(Conflict, match="TOO_MANY_WEBHOOKS"):
        await stage.hook()
    await webhooks.remove(stage.context, hooks[0])
    await stage.hook()


async def test_the_list_shows_its_owner_how_far_it_is_and_never_the_secret(stage: Stage, database_url: str) -> None:
    own = await stage.key("PARTNER", party=stage.loop.provider_id)
    other = await stage.key("PARTNER", party=stage.loop.community_id)
    id, _ = await stage.hook(own)
    stage.receiver.answers += [204, 500]
    for _ in range(3):
        await stage.need()
    await stage.deliver()
    gone, _ = await stage.hook(own)
    await webhooks.remove(replace(stage.context, viewer=own), gone)
    await stage.place()
    database = Database(database_url)
    executor = Executor(database)
    query = "{ webhooks { edges { node { id url status failures lastError lastStatus progress { behind } } } } }"
    shown: dict[str, Any] = {
        "id": global_id(f"Webhook:{id}".encode()),
        "url": stage.receiver.url,
        "status": "FAILING",
        "failures": 1,
        "lastError": "STATUS",
        "lastStatus": 500,
        "progress": {"behind": (await webhooks.progress(stage.context, id)).behind},
    }
    assert shown["progress"]["behind"] >= 2
    for viewer, expected in ((own, [shown]), (other, []), (PUBLIC, []), (Viewer("READER", 1), []), (LOCAL, [shown])):
        answer = await executor.run(query, None, None, viewer=viewer)
        nodes = [edge["node"] for edge in _data(answer)["webhooks"]["edges"]]
        assert nodes == expected, viewer.role
    answer = await executor.run('{ __type(name: "Webhook") { fields { name } } }', None, None, viewer=LOCAL)
    assert not [one for one in _data(answer)["__type"]["fields"] if "secret" in one["name"].lower()]
    await database.close()


def _data(outcome: Any) -> Any:
    import orjson

    body = orjson.loads(outcome.body)
    assert "errors" not in body, body
    return body["data"]


async def test_secrets_and_tokens_stand_in_no_event_no_notice_and_no_log(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpx").setLevel(logging.NOTSET)
    own = await stage.key("PARTNER", party=stage.loop.provider_id)
    id, secret = await stage.hook(own)
    _, new = await webhooks.rotate(stage.context, id)
    assert new is not None
    stage.receiver.answers += [204, 500, 410]
    for _ in range(3):
        await stage.need()
    for _ in range(3):
        await stage.deliver()
        stage.clock.now += LATER
    assert (await stage.row(id)).status == "DISABLED"
    stored = [str(row) for name in ("event", "notice", "idempotency") for row in await _texts(stage, name)]
    hexes = [base64.b64decode(one[6:]).hex() for one in (secret, new)]
    for hidden in (secret, new, secret[6:], new[6:], "t0ken", *hexes):
        assert not any(hidden in text for text in stored)
        assert not [one for one in caplog.records if one.name != "sqlalchemy.engine" and hidden in one.getMessage()]


async def _texts(stage: Stage, table: str) -> list[Any]:
    return await stage.loop.county.rows(f"SELECT to_jsonb(t)::text FROM {table} t")  # noqa: S608
