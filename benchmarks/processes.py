"""Starts the servers and the measuring processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any
from urllib.request import urlopen

import msgspec

from benchmarks.flow_task import FlowTask
from benchmarks.task import Measured, Task


class Server:
    """A server in a process of its own."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._process = subprocess.Popen([sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        port = self._process.stdout.readline().strip()
        if not port:
            raise RuntimeError(f"{module} did not start")
        self.url = f"http://127.0.0.1:{port}"

    def ask(self, path: str) -> bytes:
        with urlopen(f"{self.url}/benchmark/{path}", timeout=300) as answer:
            body: bytes = answer.read()
            return body

    @property
    def cpu_s(self) -> float:
        """Processor time that it has taken."""
        return float(msgspec.json.decode(self.ask("counts"))["cpu_s"])

    @property
    def requests(self) -> int:
        return int(msgspec.json.decode(self.ask("counts"))["requests"])

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)


class Simulated:
    """A simulated system; a context manager that ends it."""

    def __init__(self, system: str, size: str) -> None:
        command = [sys.executable, "-m", "benchmarks.simulated", system, size]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.connection: dict[str, Any] = msgspec.json.decode(self._line())

    def __enter__(self) -> Simulated:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=30)

    def ask(self, command: str) -> str:
        """Its answer, as JSON."""
        assert self._process.stdin is not None
        print(command, file=self._process.stdin, flush=True)
        return self._line()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if not line:
            raise RuntimeError("a simulated system ended early")
        return line


@contextmanager
def source(invoices: int, latency_ms: float) -> Iterator[Server]:
    """An IFS Cloud with so many invoices."""
    server = Server("benchmarks.source_server", str(invoices), str(latency_ms))
    try:
        yield server
    finally:
        server.end()


@contextmanager
def target(latency_ms: float) -> Iterator[Server]:
    """An empty ServiceNow."""
    server = Server("benchmarks.target_server", str(latency_ms))
    try:
        yield server
    finally:
        server.end()


def measured(task: Task | FlowTask) -> Measured:
    """Let a fresh process do the task."""
    command = [sys.executable, "-m", "benchmarks.measure", msgspec.json.encode(task).decode()]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Measured)
