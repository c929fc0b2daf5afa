"""Keeps a flow's lease alive from a thread of its own, and knows without asking when it may have been lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ml_connector.errors import CancelledError, LeaseLostError, MLConnectorError
from ml_connector.sync.store import Lease, Store

MARGIN_S = 0.5
"""So long before its expiry a lease is no longer trusted: a request needs a moment to leave."""


class LeaseKeeper:
    """Renews every fifth of the lease's life. `check` is cheap and safe to call before every request."""

    def __init__(self, store: Store, lease: Lease, cancelled: Callable[[], bool] = lambda: False) -> None:
        self._store, self._lease, self._cancelled = store, lease, cancelled
        self._renewed_at = time.monotonic()
        self._lost = False
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def __enter__(self) -> LeaseKeeper:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._end.set()
        self._thread.join(timeout=self._lease.ttl_s)

    def check(self) -> None:
        """LeaseLostError when the lease is or may be lost (the process was frozen), CancelledError when asked to end.

        Measured by the machine's monotonic clock, which runs on while the process is frozen; the lease itself lives by
        the database's clock, so neither is ever put under a test's control.
        """
        if self._cancelled():
            raise CancelledError("The run was cancelled.", fix="Start it again when you like: nothing is lost.")
        self.check_held()

    def check_held(self) -> None:
        """Only whether the lease is held; what is under way at a cancellation may still be finished."""
        if self._lost or time.monotonic() - self._renewed_at > self._lease.ttl_s - MARGIN_S:
            self._lost = True
            raise LeaseLostError(
                "Another process may have taken this flow over while this one stood still.",
                fix="Nothing to do: the other process verifies and finishes what was under way.",
            )

    def _keep(self) -> None:
        while not self._end.wait(self._lease.ttl_s / 5):
            asked_at = time.monotonic()
            try:
                if not self._store.renew(self._lease):
                    self._lost = True
                    return
            except MLConnectorError:
                continue  # the database may be back before the lease expires; `check` watches the time
            self._renewed_at = asked_at
