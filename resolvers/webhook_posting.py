"""One event on its way to one webhook: signed (Standard Webhooks), posted once, judged by the status alone.

Signatures: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import logging
import secrets
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from resolvers.webhook_addresses import AddressRefused, Target, resolved

if TYPE_CHECKING:
    import httpx

#: From the question for the address to the first line of the answer; and for what follows it.
SECONDS, BODY_SECONDS = 5.0, 1.0
#: Of an answer's body as much is read, so that the connection can be used again, and forgotten.
BODY_BYTES = 1024
SECRET_BYTES, SECRET_PREFIX = 32, "whsec_"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`error` is None where the event arrived, else a value of WEBHOOK_ERROR; `status` of HTTP, where there was one."""

    error: str | None
    status: int | None = None


def new_secret() -> bytes:
    """32 random bytes."""
    return secrets.token_bytes(SECRET_BYTES)


def shown(secret: bytes) -> str:
    """A secret as it is handed over: whsec_ and base64."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def headers(id: str, at: datetime, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """The three headers of a signed message; one signature for each key. `at` aware, cut to the second."""
    stamp = str(int(at.timestamp()))
    content = f"{id}.{stamp}.".encode() + body
    signed = (base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode() for key in keys)
    return {
        "webhook-id": id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{one}" for one in signed),
    }


@cache
def _trusted() -> ssl.SSLContext:
    import httpx

    return httpx.create_ssl_context()


class Poster:
    """Posts to one target; its connection is kept between posts, as long as the name leads to the same address."""

    def __init__(self, client: httpx.AsyncClient, target: Target, *, local: bool) -> None:
        self._client, self._target, self._local = client, target, local

    async def post(self, body: bytes, signed: dict[str, str]) -> Outcome:
        """Posts a body of JSON, once. Never raises for what the other side does. At most about 6 s."""
        import httpx

        try:
            return await self._post(body, signed)
        except AddressRefused:
            return Outcome("ADDRESS")
        except (TimeoutError, httpx.TimeoutException):
            return Outcome("TIMEOUT")
        except ssl.SSLError:
            return Outcome("TLS")
        except httpx.HTTPError as error:
            return Outcome("TLS" if _is_tls(error) else "UNREACHABLE")
        except (OSError, httpx.InvalidURL):
            return Outcome("UNREACHABLE")

    async def _post(self, body: bytes, signed: dict[str, str]) -> Outcome:
        target = self._target
        async with asyncio.timeout(SECONDS) as limit:
            address = await resolved(target, local=self._local)
            async with self._client.stream(
                "POST",
                target.at(address),
                content=body,
                headers={**signed, "host": target.authority, "content-type": "application/json"},
                # The certificate is checked against the name, though the address is what is connected to.
                extensions={"sni_hostname": target.host},
            ) as answer:
                # What counts is known: a body that never ends does not unmake it.
                limit.reschedule(None)
                with suppress(Exception):
                    async with asyncio.timeout(BODY_SECONDS):
                        await _forget_body(answer)
        return judged(answer.status_code)


async def _forget_body(answer: httpx.Response) -> None:
    read = 0
    async for chunk in answer.aiter_raw():
        read += len(chunk)
        if read >= BODY_BYTES:
            return


def judged(status: int) -> Outcome:
    """What a status of HTTP means: 2xx arrived, 410 is an end, 3xx is not followed."""
    if 200 <= status < 300:
        return Outcome(None, status)
    if status == 410:
        return Outcome("GONE", status)
    return Outcome("REDIRECT" if 300 <= status < 400 else "STATUS", status)


def _is_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


@asynccontextmanager
async def posting(target: Target, *, local: bool) -> AsyncIterator[Poster]:
    """A poster to one target. A client of its own: a pool knows connections by address, and two names behind one
    address have two certificates."""
    import httpx

    # It would write whole urls, and urls may hold what only the two sides should know.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    async with httpx.AsyncClient(
        verify=_trusted(),
        trust_env=False,
        follow_redirects=False,
        timeout=httpx.Timeout(SECONDS),
        limits=httpx.Limits(max_connections=2, max_keepalive_connections=1),
        headers={"user-agent": "Fivelink-Webhooks", "accept-encoding": "identity"},
    ) as client:
        yield Poster(client, target, local=local)
