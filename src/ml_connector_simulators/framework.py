"""The part all simulators share: an HTTP server on loopback with a clock, a journal, faults and a control surface.

A simulated system subclasses `Simulator` and says how it is filled (`set_up`), how it answers (`answer`), what a
request is for (`classify`), what it holds (`truth`) and how it is edited from inside (`insert`, `update`, `delete`,
`grant`). Answers are plain values; the requests inside a batch go through `answer_inner`, so that they are counted and
can fail like outer ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, ClassVar, Literal, Self

import msgspec
from aiohttp import web

from .clock import SimulatedClock
from .control import ControlSurface
from .exchange import Answer, Call, Label
from .faults import Action, FaultPlan, FaultRule, KillOrder
from .journal import Entry, Journal
from .page import render_page

Size = Literal["small", "medium"]
Row = Mapping[str, Any]
MAX_BODY_BYTES = 64 * 1024 * 1024


class Switches(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Ways in which a system may be set up differently; a subclass per system adds the fields."""


class Simulator:
    """A simulated system on 127.0.0.1.

    >>> async with IfsCloudSimulator(size="small", seed=1) as sim:
    ...     sim.url
    """

    system: ClassVar[str]
    title: ClassVar[str]
    default_port: ClassVar[int]
    switches: Switches

    def __init__(
        self,
        *,
        size: Size = "small",
        seed: int = 1,
        port: int = 0,
        start: datetime | None = None,
    ) -> None:
        """`port` 0 takes a free one; `start` is the simulated moment at which the clock begins (default: now)."""
        self.size: Size = size
        self.seed = seed
        self.clock = SimulatedClock(start)
        self.journal = Journal()
        self.faults = FaultPlan()
        self.kill_order: KillOrder | None = None
        self._port = port
        self._runner: web.AppRunner | None = None
        self._late: set[asyncio.Task[None]] = set()
        self._control = ControlSurface(self)
        self.set_up()

    # What a system says about itself -----------------------------------------------------------------------

    def set_up(self) -> None:
        """Fills the system; called once, when size, seed and clock are known."""

    async def answer(self, call: Call) -> Answer:
        """Processes one request of the system's own API."""
        raise NotImplementedError

    def classify(self, call: Call) -> Label:
        """Says what a request is for; called before it is processed."""
        raise NotImplementedError

    def truth(self) -> Mapping[str, Sequence[Row]]:
        """All rows of all sets or tables, whatever a caller may see of them."""
        raise NotImplementedError

    def settings(self) -> dict[str, object]:
        """The product's settings that fit this simulator."""
        raise NotImplementedError

    def credentials(self) -> dict[str, object]:
        """The product's credentials that open this simulator."""
        raise NotImplementedError

    def insert(self, set_name: str, values: Row, *, stamp: datetime | None = None) -> Row:
        """Adds a row as an edit inside the system; `stamp` makes it look changed at that moment (a late commit)."""
        raise NotImplementedError

    def update(self, set_name: str, key: Row, values: Row, *, stamp: datetime | None = None) -> Row:
        """Changes the row whose fields equal `key`, moving its stamps."""
        raise NotImplementedError

    def delete(self, set_name: str, key: Row) -> None:
        """Removes the row whose fields equal `key`."""
        raise NotImplementedError

    def grant(self, change: Row) -> object:
        """Gives or takes away a right; the vocabulary is the system's own. Returns the rights now in force."""
        raise NotImplementedError

    def page_columns(self, set_name: str) -> Sequence[str] | None:
        """The columns the human page shows first; None: as the first row has them."""
        return None

    def page_title(self, set_name: str) -> str:
        """What the human page calls a set; "" for its own name."""
        return ""

    # Running -----------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """`http://127.0.0.1:<port>`, no slash at the end; only while it runs."""
        if self._runner is None:
            raise RuntimeError(f"the {self.system} simulator is not running")
        return f"http://127.0.0.1:{self._port}"

    def connection(self) -> dict[str, object]:
        """What a product needs to connect, in the words of its configuration file."""
        return {
            "system": self.system,
            "url": self.url,
            "settings": self.settings(),
            "credentials": self.credentials(),
        }

    async def start(self) -> None:
        """Begins to listen. Raises OSError if the port is taken."""
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        app.router.add_get("/", self._serve_page)
        app.router.add_get("/favicon.ico", _no_icon)  # browsers ask for it; it must not be counted
        self._control.add_routes(app.router)
        app.router.add_route("*", "/{tail:.*}", self._serve)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self._port)
        try:
            await site.start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        self._port = int(runner.addresses[0][1])

    async def stop(self) -> None:
        """Stops listening and forgets requests still to be processed late."""
        for task in list(self._late):
            task.cancel()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    # What tests turn (the control surface calls the same) ---------------------------------------------------

    def set_switches(self, **values: object) -> Switches:
        """Changes the named switches. Raises msgspec.ValidationError for an unknown name or value."""
        merged = {**msgspec.structs.asdict(self.switches), **values}
        self.switches = msgspec.convert(merged, type(self.switches))
        self.switches_changed()
        return self.switches

    def switches_changed(self) -> None:
        """Called after every change of the switches."""

    def add_fault(self, **rule: object) -> FaultRule:
        """Adds a rule, e.g. `add_fault(match={"kind": "write"}, nth=3, action={"do": "drop_after"})`."""
        made = msgspec.convert(rule, FaultRule)
        self.faults.add(made)
        return made

    def kill(self, pid: int, nth: int, when: Literal["before", "after"] = "before") -> None:
        """Orders SIGKILL for `pid` at the `nth` request from now on; replaces an earlier order."""
        self.kill_order = KillOrder(pid, nth, when)

    # Serving -----------------------------------------------------------------------------------------------

    async def answer_inner(self, call: Call) -> Answer:
        """Processes one request of a batch: counted as inner, and subject to rules with `inner: true`."""
        label = self.classify(call)
        entry = self.journal.open(call, label, self.clock.now())
        wait, action = self.faults.pick(call, label)
        if wait:
            await asyncio.sleep(wait)
        answer = action.answer(self.clock) if action else await self.answer(call)
        self.journal.close(entry, answer, action.do if action else "")
        return answer

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        call = Call(request.method, path, query, request.headers, await request.read())
        label = self.classify(call)
        entry = self.journal.open(call, label, self.clock.now())
        order = self.kill_order
        due = order is not None and order.due(call, label)
        if order is not None and due and order.when == "before":
            order.carry_out()
            return self._hang_up(request, entry, "kill_before")
        wait, action = self.faults.pick(call, label)
        if wait:
            await asyncio.sleep(wait)
        if order is not None and due:
            await self.answer(call)
            order.carry_out()
            return self._hang_up(request, entry, "kill_after")
        if action is not None:
            return await self._serve_badly(request, call, action, entry)
        answer = await self.answer(call)
        self.journal.close(entry, answer)
        return self._response(answer)

    async def _serve_badly(self, request: web.Request, call: Call, action: Action, entry: Entry) -> web.StreamResponse:
        if action.do == "drop_before":
            return self._hang_up(request, entry, action.do)
        if action.do == "process_late":
            self._process_later(call, action.seconds)
            return self._hang_up(request, entry, action.do)
        if action.do in ("status", "html", "garbage"):
            answer = action.answer(self.clock)
        else:
            answer = await self.answer(call)
        if action.do == "drop_after":
            return self._hang_up(request, entry, action.do)
        if action.do == "html_after":
            answer = action.answer(self.clock)
        self.journal.close(entry, answer, action.do)
        if action.do == "truncate":
            return await self._send_pieces(request, answer, [answer.body[: len(answer.body) // 2]], 0)
        if action.do == "slow":
            step = max(1, len(answer.body) // 20)
            pieces = [answer.body[i : i + step] for i in range(0, len(answer.body), step)]
            return await self._send_pieces(request, answer, pieces, action.seconds / max(1, len(pieces)))
        return self._response(answer)

    def _process_later(self, call: Call, seconds: float) -> None:
        async def late() -> None:
            await asyncio.sleep(seconds)
            await self.answer(call)

        task = asyncio.create_task(late())
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    def _hang_up(self, request: web.Request, entry: Entry, fault: str) -> web.StreamResponse:
        """Closes the connection; what is returned never leaves."""
        self.journal.close(entry, None, fault)
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)

    async def _send_pieces(
        self, request: web.Request, answer: Answer, pieces: Sequence[bytes], pause_s: float
    ) -> web.StreamResponse:
        """Announces the whole length, sends `pieces`; closes the connection if something is missing."""
        response = web.StreamResponse(status=answer.status, headers=self._headers(answer))
        response.content_length = len(answer.body)
        await response.prepare(request)
        try:
            for piece in pieces:
                await response.write(piece)
                await asyncio.sleep(pause_s)
        except ConnectionError:
            return response
        if sum(map(len, pieces)) < len(answer.body) and request.transport is not None:
            request.transport.close()
        return response

    def _response(self, answer: Answer) -> web.Response:
        return web.Response(status=answer.status, body=answer.body, headers=self._headers(answer))

    def _headers(self, answer: Answer) -> Any:
        headers = answer.headers.copy()
        headers["Date"] = self.clock.http_date()
        return headers

    async def _serve_page(self, request: web.Request) -> web.Response:
        text = render_page(
            title=self.title,
            tables=self.truth(),
            columns=self.page_columns,
            titles=self.page_title,
            counts=self.journal.counts(),
            now=self.clock.now(),
            chosen=request.query.get("set", ""),
            find=request.query.get("find", ""),
            first=request.query.get("first", "0"),
        )
        return web.Response(text=text, content_type="text/html")


async def _no_icon(request: web.Request) -> web.Response:
    return web.Response(status=204)
