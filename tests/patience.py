"""networkx's own network simplex goes in circles for ever on a few degenerate graphs: such a peer has no answer."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import reject

SECONDS = 10


class _TooLong(Exception):
    pass


@contextmanager
def patience() -> Iterator[None]:
    """Leaves an example out, as hypothesis does, when what is inside takes longer than `SECONDS`.

    Does nothing where there is no alarm (Windows).
    """
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def ring(*_: Any) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS)
    try:
        yield
    except _TooLong:
        signal.alarm(0)
        reject()
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
