"""Starts the servers and the measuring processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import urlopen

import msgspec

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


def measured(task: Task) -> Measured:
    """Let a fresh process do the task."""
    command = [sys.executable, "-m", "benchmarks.measure", msgspec.json.encode(task).decode()]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Measured)
