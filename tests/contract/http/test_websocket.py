"""graphql-transport-ws to the letter: who speaks it, who is refused and in what words, and who does not read."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from live_stage import COUNT, Source, Stage, eventually, staged, subscribe
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

QUERY = "{ __typename }"


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as stage:
        yield stage


async def said(client: ClientConnection) -> Any:
    async with asyncio.timeout(20):
        return json.loads(await client.recv())


async def closing(client: ClientConnection) -> tuple[int, str]:
    """Code and reason of the closing frame, after whatever else is said before."""
    with pytest.raises(ConnectionClosed) as caught:
        await _all(client)
    assert caught.value.rcvd is not None, "the socket was dropped without a frame"
    return caught.value.rcvd.code, caught.value.rcvd.reason


async def _all(client: ClientConnection) -> None:
    async with asyncio.timeout(20):
        while True:
            await client.recv()


@pytest.mark.parametrize("offered", [None, ["graphql-ws"], ["soap"]])
async def test_who_does_not_offer_the_subprotocol_is_told_so(stage: Stage, offered: list[Any] | None) -> None:
    async with stage.open(subprotocols=offered) as client:
        assert client.subprotocol is None
        code, reason = await closing(client)
    assert (code, reason[:28]) == (4406, "Subprotocol not acceptable: ")


async def test_the_subprotocol_is_picked_among_several(stage: Stage) -> None:
    async with stage.open(subprotocols=["graphql-ws", "graphql-transport-ws"]) as client:
        assert client.subprotocol == "graphql-transport-ws"
        await client.send('{"type":"connection_init","payload":{"anything":1}}')
        assert await said(client) == {"type": "connection_ack"}


async def test_one_initialises_once(stage: Stage) -> None:
    async with stage.acknowledged() as client:
        await client.send('{"type":"connection_init"}')
        assert await closing(client) == (4429, "Too many initialisation requests")


async def test_who_does_not_initialise_in_time_is_closed() -> None:
    async with staged(init_seconds=0.05) as stage, stage.open() as client:
        assert await closing(client) == (4408, "Connection initialisation timeout")


async def test_nothing_is_run_before_the_acknowledgement(stage: Stage) -> None:
    async with stage.open() as client:
        await client.send(subscribe("1", QUERY))
        assert await closing(client) == (4401, "Unauthorized")
    assert stage.source.asked == []


async def test_pings_are_answered_before_and_after_and_pongs_taken(stage: Stage) -> None:
    async with stage.open() as client:
        await client.send('{"type":"ping"}')
        assert await said(client) == {"type": "pong"}
        await client.send('{"type":"connection_init"}')
        assert await said(client) == {"type": "connection_ack"}
        await client.send('{"type":"pong","payload":{"a":1}}')
        await client.send('{"type":"ping","payload":{"到":"了"}}')
        assert await said(client) == {"type": "pong", "payload": {"到": "了"}}


async def test_a_subscription_is_told_to_its_end(stage: Stage) -> None:
    async with stage.acknowledged() as client:
        await client.send(subscribe("一", COUNT, n=2, after="40"))
        got = [await said(client) for _ in range(3)]
    assert [one["type"] for one in got] == ["next", "next", "complete"]
    assert {one["id"] for one in got} == {"一"}
    assert [one["payload"]["data"]["count"]["cursor"] for one in got[:2]] == ["41", "42"]
    assert "payload" not in got[2]


@pytest.mark.parametrize("operation", [QUERY, "mutation { act }"])
async def test_queries_and_acts_are_answered_over_the_socket(stage: Stage, operation: str) -> None:
    async with stage.acknowledged() as client:
        await client.send(subscribe("q", operation))
        assert await said(client) == {"id": "q", "type": "next", "payload": {"data": {"__typename": "Query"}}}
        assert await said(client) == {"id": "q", "type": "complete"}
        # An id is free again after it.
        await client.send(subscribe("q", operation))
        assert (await said(client))["type"] == "next"


async def test_what_is_refused_is_an_error_without_complete(stage: Stage) -> None:
    async with stage.acknowledged() as client:
        await client.send(subscribe("1", "{ refused }"))
        error = await said(client)
        assert (error["id"], error["type"]) == ("1", "error")
        assert error["payload"][0]["extensions"]["code"] == "REFUSED_HERE"
        await client.send(subscribe("2", QUERY, name="a\0b"))
        assert (await said(client))["payload"][0]["extensions"]["code"] == "NUL_CHARACTER"
        await client.send('{"type":"ping"}')
        assert await said(client) == {"type": "pong"}


@pytest.mark.parametrize("query", ["{ broken }", "subscription late($n: Int) { count(n: $n) { cursor } }"])
async def test_a_fault_of_ours_is_coded_and_leaks_nothing(
    stage: Stage, query: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with stage.acknowledged() as client:
        await client.send(subscribe("1", query, n=0))
        error = await said(client)
        assert error["type"] == "error"
        assert error["payload"][0]["extensions"]["code"] == "INTERNAL"
        assert "hunter2" not in json.dumps(error)
        await client.send('{"type":"ping"}')
        assert await said(client) == {"type": "pong"}
    assert "hunter2" in caplog.text


async def test_an_id_in_use_closes(stage: Stage) -> None:
    stage.source.gate.clear()
    async with stage.acknowledged() as client:
        await client.send(subscribe("twin", COUNT))
        await client.send(subscribe("twin", COUNT))
        assert await closing(client) == (4409, "Subscriber for twin already exists")
    await eventually(lambda: stage.source.closed == stage.source.begun)


MALFORMED = [
    "",
    "nonsense",
    "[]",
    "1",
    "null",
    '"subscribe"',
    "{}",
    '{"type":null}',
    '{"type":["ping"]}',
    '{"type":"start"}',
    '{"type":"connection_ack"}',
    '{"type":"next","id":"1"}',
    '{"type":"ping","payload":1}',
    '{"type":"pong","payload":[]}',
    '{"type":"complete"}',
    '{"type":"complete","id":7}',
    '{"type":"subscribe"}',
    '{"type":"subscribe","id":"1"}',
    '{"type":"subscribe","payload":{"query":"{ __typename }"}}',
    '{"type":"subscribe","id":"","payload":{"query":"{ __typename }"}}',
    '{"type":"subscribe","id":1,"payload":{"query":"{ __typename }"}}',
    '{"type":"subscribe","id":"1","payload":[]}',
    '{"type":"subscribe","id":"1","payload":{}}',
    '{"type":"subscribe","id":"1","payload":{"query":null}}',
    '{"type":"subscribe","id":"1","payload":{"query":"{ a }","variables":[]}}',
    '{"type":"subscribe","id":"1","payload":{"query":"{ a }","operationName":1}}',
    '{"type":"subscribe","id":"1","payload":{"query":"{ a }","extensions":"x"}}',
    '{"type":"ping","payload":' + '{"a":' * 1500 + "1" + "}" * 1500 + "}",
    '{"type":"ping","payload":{"a":"\\ud800"}}',
    '{"type":"complete","id":"' + "i" * 2000 + '"}',
    b'{"type":"ping"}',
    b"\xff\xfe",
]


@pytest.mark.parametrize("message", MALFORMED, ids=lambda m: repr(m)[:40])
async def test_malformed_messages_close_with_a_frame(stage: Stage, message: str | bytes) -> None:
    async with stage.acknowledged() as client:
        await client.send(message)
        code, reason = await closing(client)
    assert code == 4400
    assert reason.startswith("Invalid message: ")
    assert stage.source.asked == []


@pytest.mark.parametrize("payload", ["[]", "1", '"x"', '{"authorization":7}'])
async def test_a_malformed_initialisation_closes(stage: Stage, payload: str) -> None:
    async with stage.open() as client:
        await client.send(f'{{"type":"connection_init","payload":{payload}}}')
        assert (await closing(client))[0] == 4400


async def test_text_that_is_no_text_closes_as_the_protocol_below_says(stage: Stage) -> None:
    async with stage.acknowledged() as client:
        await client.send(b"\xff\xfe", text=True)
        assert (await closing(client))[0] == 1007


async def test_a_message_in_pieces_is_one_message(stage: Stage) -> None:
    async with stage.acknowledged() as client:
        await client.send(['{"type":', '"pi', 'ng"}'])
        assert await said(client) == {"type": "pong"}


async def test_a_message_that_is_too_long_closes(stage: Stage) -> None:
    async with stage.acknowledged() as client:
        await client.send(subscribe("1", QUERY + " " * 10_000))
        assert (await closing(client))[0] == 1009


@pytest.mark.parametrize("how", ["header", "payload"])
async def test_a_key_signs_in_by_header_or_by_payload(stage: Stage, how: str) -> None:
    headers = {"authorization": "Bearer good"} if how == "header" else {}
    payload = {"authorization": "Bearer good"} if how == "payload" else {}
    async with stage.open(additional_headers=headers) as client:
        await client.send(json.dumps({"type": "connection_init", "payload": payload}))
        assert await said(client) == {"type": "connection_ack"}
        await client.send(subscribe("1", QUERY))
        await said(client)
    assert stage.source.viewers[0].key_id == 7


@pytest.mark.parametrize("key", ["Bearer bad", "", "密钥", "Bearer " + "x" * 5000])
async def test_a_key_that_does_not_open_closes(stage: Stage, key: str) -> None:
    async with stage.open() as client:
        await client.send(json.dumps({"type": "connection_init", "payload": {"authorization": key}}))
        assert await closing(client) == (4403, "Forbidden: INVALID_KEY")


async def test_a_key_that_is_revoked_ends_the_connection() -> None:
    source = Source()
    source.gate.clear()
    async with staged(source, attend_seconds=0.05, init_seconds=0.05) as stage, stage.open() as client:
        await client.send('{"type":"connection_init","payload":{"authorization":"Bearer good"}}')
        await said(client)
        await client.send(subscribe("1", COUNT))
        await eventually(lambda: source.begun == 1)
        stage.door.shut = True  # type: ignore[attr-defined]
        assert await closing(client) == (4403, "Forbidden: INVALID_KEY")
        await eventually(lambda: source.closed == 1)


async def test_complete_stops_the_source_and_nothing_follows(stage: Stage) -> None:
    async with stage.acknowledged() as client:
        await client.send(subscribe("1", COUNT))
        await said(client)
        await client.send('{"id":"1","type":"complete"}')
        await client.send('{"id":"unknown","type":"complete"}')
        await eventually(lambda: stage.source.closed == 1)
        await client.send('{"type":"ping","payload":{"last":1}}')
        while (await said(client))["type"] == "next":
            pass
        # The next thing said after the pong is the answer to a question of its own.
        await client.send(subscribe("2", QUERY))
        assert (await said(client))["id"] == "2"


async def test_who_leaves_frees_what_ran_for_it_but_an_act_is_done(stage: Stage) -> None:
    stage.source.gate.clear()
    async with stage.acknowledged() as client:
        for n in range(3):
            await client.send(subscribe(str(n), COUNT))
        await client.send(subscribe("act", "mutation { act }"))
        await eventually(lambda: stage.source.begun == 4)
    await eventually(lambda: stage.source.closed == 3)
    assert len(stage.connections) == 1
    stage.source.gate.set()
    await eventually(lambda: stage.source.finished == 1 and len(stage.connections) == 0)


async def test_operations_beyond_the_limit_are_refused_in_words(stage: Stage) -> None:
    stage.source.gate.clear()
    async with stage.acknowledged() as client:
        for n in range(5):
            await client.send(subscribe(str(n), QUERY))
        # What was ended but still runs counts: else ending would be a way round.
        await client.send('{"id":"0","type":"complete"}')
        await client.send(subscribe("more", QUERY))
        error = await said(client)
        assert (error["id"], error["payload"][0]["extensions"]["code"]) == ("more", "TOO_MANY_OPERATIONS")
        stage.source.gate.set()
        answers = [await said(client) for _ in range(8)]
    assert {one["id"] for one in answers} == {"1", "2", "3", "4"}


async def test_connections_beyond_the_limit_are_told_to_come_back() -> None:
    async with staged(most=1) as stage, stage.acknowledged(), stage.open() as second:
        assert await closing(second) == (1013, "TOO_MANY_CONNECTIONS: try again later")


async def deaf(stage: Stage) -> socket.socket:
    """A websocket that has subscribed to ten thousand answers, and reads none of them."""
    raw = socket.create_connection(("127.0.0.1", stage.port))
    raw.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(
        raw,
        b"GET /graphql HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
        b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"sec-websocket-protocol: graphql-transport-ws\r\n\r\n",
    )
    opening = b""
    while not opening.endswith(b"\r\n\r\n"):
        opening += await loop.sock_recv(raw, 1)
    for text in ('{"type":"connection_init"}', subscribe("1", COUNT, n=10_000)):
        await loop.sock_sendall(raw, _frame(text))
    return raw


async def test_who_does_not_read_costs_little_and_is_cut_off() -> None:
    """Ten thousand answers of 10 kB are there for a socket that reads none of them."""
    source = Source(padding=10_000)
    async with staged(source, send_seconds=0.3) as stage:
        raw = await deaf(stage)
        loop = asyncio.get_running_loop()
        await eventually(lambda: source.closed == 1)
        # What the kernel takes (a few MB at most on loopback) and one buffer of ours; not the 100 MB there are.
        assert source.made < 1_500
        await eventually(lambda: len(stage.connections) == 0)
        read = bytearray()
        try:
            while piece := await asyncio.wait_for(loop.sock_recv(raw, 1 << 20), 20):
                read += piece
        except ConnectionResetError:
            pass
        raw.close()
    # The closing frame stands behind what was sent.
    assert b"SLOW_READER" in read[-200:]
    assert (4513).to_bytes(2, "big") in read[-200:]


def _frame(text: str) -> bytes:
    """A text frame of a client, masked with zeros."""
    body = text.encode()
    length = bytes([0x80 | len(body)]) if len(body) < 126 else b"\xfe" + len(body).to_bytes(2, "big")
    return b"\x81" + length + bytes(4) + body


async def test_a_source_is_read_no_faster_than_its_client_reads(stage: Stage) -> None:
    stage.source.padding = 100_000
    async with stage.acknowledged(max_queue=1, close_timeout=0.1) as client:
        await client.send(subscribe("1", COUNT))
        for taken in range(1, 101):
            await said(client)
            assert stage.source.made - taken < 150


async def test_told_to_stop_answers_what_runs_and_closes_with_a_frame(caplog: pytest.LogCaptureFixture) -> None:
    source = Source()
    source.gate.clear()
    with caplog.at_level(logging.ERROR):
        async with staged(source) as stage, stage.acknowledged() as client, stage.acknowledged() as idle:
            await client.send(subscribe("live", COUNT))
            await client.send(subscribe("act", "mutation { act }"))
            await eventually(lambda: source.begun == 2)
            stage.stop()
            await eventually(lambda: source.closed == 1)
            source.gate.set()
            got = [await said(client), await said(client)]
            assert [(one["id"], one["type"]) for one in got] == [("act", "next"), ("act", "complete")]
            # No Complete for the subscription: its client resumes elsewhere.
            assert await closing(client) == (1012, "SERVER_STOPPING: connect again")
            assert (await closing(idle))[0] == 1012
    assert caplog.records == []


async def test_told_to_stop_does_not_wait_for_who_does_not_read(caplog: pytest.LogCaptureFixture) -> None:
    source = Source(padding=10_000)
    with caplog.at_level(logging.ERROR):
        async with staged(source) as stage:
            raw = await deaf(stage)
            made = -1
            while made != source.made:
                # It stands still when the client's buffers are full.
                made = source.made
                await asyncio.sleep(0.2)
            stage.stop()
            await eventually(lambda: len(stage.connections) == 0)
        raw.close()
    # uvicorn would say so, had it to cancel anything.
    assert caplog.records == []
