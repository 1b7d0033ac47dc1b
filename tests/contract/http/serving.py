"""A server process for tests: `python serving.py DATABASE_URL` prints its port, then serves until it is ended."""

from __future__ import annotations

import socket
import sys

import uvicorn

from fivelink.app import build
from fivelink.settings import Settings


def main(url: str) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    config = uvicorn.Config(build(Settings(database_url=url)), log_level="warning")
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main(sys.argv[1])
