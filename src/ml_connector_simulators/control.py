"""The control surface under `/_control/`: what a test or a demo may see and turn from outside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from . import exact_json
from .faults import FaultRule, KillOrder

if TYPE_CHECKING:
    from .framework import Simulator

Handler = Callable[[web.Request], Awaitable[web.Response]]


class Edit(msgspec.Struct, forbid_unknown_fields=True):
    """An edit inside the system; `stamp` pretends that it happened at that moment (a late commit)."""

    set: str
    key: dict[str, Any] = {}
    values: dict[str, Any] = {}
    stamp: datetime | None = None


class ControlSurface:
    """JSON in, JSON out; Decimals are strings. 400 explains what was wrong, 404 names a set or row not found."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def add_routes(self, router: web.UrlDispatcher) -> None:
        routes: list[tuple[str, str, Handler]] = [
            ("GET", "state", self._state),
            ("GET", "requests", self._requests),
            ("POST", "requests/reset", self._reset),
            ("GET", "switches", self._switches),
            ("POST", "switches", self._set_switches),
            ("GET", "faults", self._faults),
            ("POST", "faults", self._add_faults),
            ("DELETE", "faults", self._clear_faults),
            ("POST", "advance", self._advance),
            ("POST", "insert", self._insert),
            ("POST", "update", self._update),
            ("POST", "delete", self._delete),
            ("POST", "grants", self._grants),
            ("POST", "kill", self._kill),
            ("GET", "connection", self._connection),
        ]
        for method, path, handler in routes:
            router.add_route(method, f"/_control/{path}", _explaining(handler))
        router.add_route("*", "/_control/{tail:.*}", _unknown)

    async def _state(self, request: web.Request) -> web.Response:
        """Everything the system holds: {"system", "now", "sets": {name: [row]}}; `?set=A&set=B` only these."""
        sets = self._simulator.truth()
        wanted = request.query.getall("set", list(sets))
        chosen = {name: list(sets[name]) for name in wanted}
        return _json({"system": self._simulator.system, "now": self._simulator.clock.now(), "sets": chosen})

    async def _requests(self, request: web.Request) -> web.Response:
        """{"counts", "entries"}; `?entries=0` leaves the entries out."""
        journal = self._simulator.journal
        entries = [] if request.query.get("entries") == "0" else list(journal.entries)
        return _json({"counts": journal.counts(), "entries": entries})

    async def _reset(self, request: web.Request) -> web.Response:
        self._simulator.journal.reset()
        return _json({})

    async def _switches(self, request: web.Request) -> web.Response:
        return _json(self._simulator.switches)

    async def _set_switches(self, request: web.Request) -> web.Response:
        return _json(self._simulator.set_switches(**await _body(request, dict[str, Any])))

    async def _faults(self, request: web.Request) -> web.Response:
        return _json(self._simulator.faults.rules)

    async def _add_faults(self, request: web.Request) -> web.Response:
        """A rule or a list of rules."""
        given = await _body(request, FaultRule | list[FaultRule])
        for rule in given if isinstance(given, list) else [given]:
            self._simulator.faults.add(rule)
        return _json(self._simulator.faults.rules)

    async def _clear_faults(self, request: web.Request) -> web.Response:
        self._simulator.faults.clear()
        return _json([])

    async def _advance(self, request: web.Request) -> web.Response:
        seconds = (await _body(request, dict[str, float]))["seconds"]
        self._simulator.clock.advance(seconds)
        return _json({"now": self._simulator.clock.now()})

    async def _insert(self, request: web.Request) -> web.Response:
        edit = await _body(request, Edit)
        values = {**edit.key, **edit.values}
        return _json(self._simulator.insert(edit.set, values, stamp=edit.stamp))

    async def _update(self, request: web.Request) -> web.Response:
        edit = await _body(request, Edit)
        return _json(self._simulator.update(edit.set, edit.key, edit.values, stamp=edit.stamp))

    async def _delete(self, request: web.Request) -> web.Response:
        edit = await _body(request, Edit)
        self._simulator.delete(edit.set, edit.key)
        return _json({})

    async def _grants(self, request: web.Request) -> web.Response:
        return _json(self._simulator.grant(await _body(request, dict[str, Any])))

    async def _kill(self, request: web.Request) -> web.Response:
        """{"pid", "nth", "when"}; an empty object takes the order back."""
        given = exact_json.load(await request.read())
        self._simulator.kill_order = msgspec.convert(given, KillOrder) if given else None
        return _json(self._simulator.kill_order)

    async def _connection(self, request: web.Request) -> web.Response:
        return _json(self._simulator.connection())


async def _body(request: web.Request, shape: Any) -> Any:
    return msgspec.convert(exact_json.load(await request.read()), shape, strict=False)


def _json(value: object, status: int = 200) -> web.Response:
    body = exact_json.dump_decimals_as_strings(value)
    return web.Response(body=body, status=status, content_type="application/json")


def _explaining(handler: Handler) -> Handler:
    async def explained(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except KeyError as error:
            return _json({"error": f"not found: {error}"}, 404)
        except (msgspec.MsgspecError, ValueError, TypeError) as error:
            return _json({"error": str(error)}, 400)

    return explained


async def _unknown(request: web.Request) -> web.Response:
    return _json({"error": f"no {request.method} {request.path}"}, 404)
