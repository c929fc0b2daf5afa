"""A web server on loopback that answers as a test has scripted it."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer


@dataclass
class Reply:
    """One scripted answer; `fault` spoils it: drop, truncate, stall, hang_up_after."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""

    def encoded(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        body = b"" if self.body is None else self.encoded()
        headers = {"Content-Type": "text/html" if isinstance(self.body, str) else "application/json", **self.headers}
        if self.fault == "drop":
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        if self.fault == "stall":
            await asyncio.sleep(1)
        if self.fault == "truncate":
            headers["Content-Length"] = str(len(body) + 100)
        response = web.StreamResponse(status=self.status, headers=headers)
        if self.fault != "truncate":
            response.content_length = len(body)
        await response.prepare(request)
        await response.write(body)
        if self.fault == "truncate":
            assert request.transport is not None
            request.transport.close()
        return response


@dataclass
class Seen:
    """A request as it came over the wire."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


class ScriptedServer:
    """Gives the replies in order and the last one for ever; `routes` answer by path instead."""

    def __init__(self) -> None:
        self.replies: deque[Reply] = deque()
        self.routes: dict[str, Callable[[web.Request], Reply]] = {}
        self.seen: list[Seen] = []
        self._server = TestServer(self._application())

    def _application(self) -> web.Application:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        return application

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(Seen(request.method, request.raw_path, request.headers.copy(), await request.read()))
        route = self.routes.get(request.path)
        if route is not None:
            return await route(request).serve(request)
        reply = self.replies.popleft() if len(self.replies) > 1 else self.replies[0]
        return await reply.serve(request)

    def script(self, *replies: Reply) -> None:
        self.replies = deque(replies)

    def url(self, path: str = "/x") -> str:
        return f"http://127.0.0.1:{self._server.port}{path}"

    async def start(self) -> None:
        await self._server.start_server()

    async def stop(self) -> None:
        await self._server.close()
