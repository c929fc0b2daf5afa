"""Lets a test kill this process at a chosen moment; does nothing otherwise.

ML_CONNECTOR_KILL_AT="settle:before_commit:3" sends SIGKILL to this process when it comes to the third commit of a
settlement. Points are `<call>:before_commit` and `<call>:after_commit` for acquire, renew, release, interrupted_run,
start_run, finish_run, set_route, keep_page, intend, settle, note and tokens; outside of runs for open_workspace, apply,
rotate, held, excluded, released and erase.
"""

from __future__ import annotations

import os
import signal

_wanted, _, _count = os.environ.get("ML_CONNECTOR_KILL_AT", "").rpartition(":")
_left = int(_count) if _count.isdigit() else 0


def point(name: str) -> None:
    """Mark a moment worth dying at."""
    global _left
    if name == _wanted:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
