"""The port: commands and the service start a flow the same way, whoever runs it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from ml_connector.sync.flow import Flow
from ml_connector.sync.report import Progress, Report
from ml_connector.sync.store import RunOptions
from ml_connector.systems.base import System

OpenSystem = Callable[[str, Callable[[], None]], AbstractAsyncContextManager[System]]
"""(connection's name, check to call before every write) -> an open connection."""


class Engine(Protocol):
    """Runs flows, one run per flow at a time."""

    async def run(self, flow: Flow, options: RunOptions, progress: Progress, *, dry_run: bool = False) -> Report:
        """Finish an interrupted run of the flow under its own id, then start and finish a new one; its report."""
        ...

    def cancel(self) -> None:
        """Ask the run to end between two batches; safe to call from a signal handler."""
        ...
