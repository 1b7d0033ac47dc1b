"""Processes that help one another."""

from __future__ import annotations

import sys


def end_with_parent() -> None:
    """Has the kernel end this process when its parent ends, even in the middle of compiled code; on Linux only.

    Whoever ends the process that plans, to cancel or for want of memory, ends its helpers too.
    """
    if sys.platform == "linux":
        import ctypes
        import signal

        death_signal = 1  # PR_SET_PDEATHSIG
        ctypes.CDLL(None).prctl(death_signal, signal.SIGKILL)
