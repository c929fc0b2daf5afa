"""HTTP/1.1 with next to no cost of its own, so that the other side of a measurement stays out of the figures."""

from __future__ import annotations

import asyncio
import gc
import resource
import signal
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from functools import partial
from time import time

import msgspec
import uvloop

_REASONS = {200: "OK", 201: "Created", 400: "Bad Request", 404: "Not Found"}
_HEAD_END = b"\r\n\r\n"


@dataclass(slots=True)
class Answer:
    """What goes back."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: str = ""
    """Further header lines, each with its line end."""


Handle = Callable[[str, str, bytes], Answer]
"""(method, path with query, body) -> answer."""


@dataclass(slots=True)
class Counts:
    """What a server was asked so far."""

    requests: int = 0

    def document(self) -> bytes:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return msgspec.json.encode({"requests": self.requests, "cpu_s": usage.ru_utime + usage.ru_stime})


class Connection(asyncio.Protocol):
    """One connection; a client sends its next request after the answer to the last, as HTTP clients do."""

    def __init__(self, handle: Handle, counts: Counts, latency_s: float) -> None:
        self._handle, self._counts, self._latency_s = handle, counts, latency_s
        self._received = bytearray()
        self._wanted = 0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._received += data
        while self._received and len(self._received) >= self._wanted:
            end = self._received.find(_HEAD_END)
            if end < 0:
                return
            head = bytes(self._received[:end]).decode("latin-1")
            start = end + len(_HEAD_END)
            self._wanted = start + _content_length(head)
            if len(self._received) < self._wanted:
                return
            body = bytes(self._received[start : self._wanted])
            del self._received[: self._wanted]
            self._wanted = 0
            self._serve(head, body)

    def _serve(self, head: str, body: bytes) -> None:
        method, path, _ = head.split(" ", 2)
        if path == "/benchmark/counts":
            self._send(Answer(self._counts.document()))
            return
        answer = self._handle(method, path, body)
        if path.startswith("/benchmark/"):
            self._send(answer)
            return
        self._counts.requests += 1
        if self._latency_s:
            asyncio.get_running_loop().call_later(self._latency_s, self._send, answer)
        else:
            self._send(answer)

    def _send(self, answer: Answer) -> None:
        head = (
            f"HTTP/1.1 {answer.status} {_REASONS[answer.status]}\r\nContent-Type: {answer.content_type}\r\n"
            f"Content-Length: {len(answer.body)}\r\nDate: {formatdate(time(), usegmt=True)}\r\n{answer.headers}\r\n"
        )
        self._transport.write(head.encode("latin-1") + answer.body)


def _content_length(head: str) -> int:
    lowered = head.lower()
    at = lowered.find("\r\ncontent-length:")
    return int(lowered[at + 17 :].partition("\r\n")[0]) if at >= 0 else 0


def serve(handle: Handle, latency_ms: float) -> None:
    """Serve on a free port of this machine, printed as the first line, until the process is ended."""
    gc.collect()
    gc.freeze()
    gc.disable()  # rows are kept for good: looking for garbage among them costs more than everything else
    uvloop.run(_serve(handle, latency_ms / 1000))


async def _serve(handle: Handle, latency_s: float) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    server = await loop.create_server(partial(Connection, handle, Counts(), latency_s), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await ended.wait()
    server.close()
