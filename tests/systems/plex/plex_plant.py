"""What the tests of this folder share: a scripted plant, connections to it, and reading as a run does it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from ml_connector.records import Entity, Record
from ml_connector.systems.base import Opening, RawRecord
from ml_connector.systems.plex import CONNECTOR
from ml_connector.systems.plex.connection import Plex
from ml_connector.systems.plex.lists import LISTED, ListStream
from ml_connector.systems.plex.settings import PATHS
from ml_connector.systems.plex.streams import STREAMS, TimedStream
from scripted_server import Reply, ScriptedServer

FIXTURES = Path(__file__).parent / "fixtures"
PCN = "100001"
NOW = "Mon, 02 Mar 2026 12:00:00 GMT"
OAUTH = {"client_id": "ml-sync", "client_secret": "s3cret-of-oauth"}
KEY = {"api_key": "k3y-of-the-portal", "api_secret": "s3cret-of-the-portal"}
Rows = list[dict[str, Any]]
UNAUTHENTICATED = {"code": "REQUEST_NOT_AUTHENTICATED", "message": "The request could not be authenticated."}


def fixture(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text("utf-8"))
    return found


def guid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


class Plant:
    """Answers as Plex does: bare arrays, inclusive bounds, unknown parameters ignored."""

    def __init__(self, server: ScriptedServer) -> None:
        self.server = server
        self.rows: dict[str, Rows] = {name: [] for name in PATHS}
        self.now = NOW
        self.known = ("id", "active", "pOId", "code", "pONumber", "modifiedDate", "createdDate")
        """Filters that the server does not ignore."""
        server.script(Reply(404, {"code": "RESOURCE_NOT_FOUND", "message": "No such thing."}, {"Date": NOW}))
        server.routes["/oauth2/token"] = lambda request: Reply(
            body={"access_token": "t0ken", "token_type": "Bearer", "expires_in": 3600}
        )
        for name, path in PATHS.items():
            self.serve(f"/api{path}", lambda request, name=name: self.listed(name, request))

    def serve(self, path: str, answer: Callable[[web.Request], Reply]) -> None:
        self.server.routes[path] = answer

    def refuse(self, collection: str, status: int) -> None:
        body = UNAUTHENTICATED if status == 401 else {"code": "FORBIDDEN", "message": "No."}
        self.serve(f"/api{PATHS[collection]}", lambda request: Reply(status, body, {"Date": self.now}))

    def put(self, collection: str, row: dict[str, Any], **below: Rows) -> None:
        """A row with its own address, and lists below it."""
        self.rows[collection].append(row)
        path = f"/api{PATHS[collection]}/{row['id']}"
        self.serve(path, lambda request: self.reply(next(r for r in self.rows[collection] if r["id"] == row["id"])))
        for name, rows in below.items():
            self.serve(f"{path}/{name.replace('_', '-')}", lambda request, rows=rows: self.reply(rows))

    def reply(self, body: Any) -> Reply:
        return Reply(body=body, headers={"Date": self.now})

    def listed(self, collection: str, request: web.Request) -> Reply:
        return self.reply([row for row in self.rows[collection] if self._fits(row, request)])

    def _fits(self, row: Mapping[str, Any], request: web.Request) -> bool:
        query = request.query
        for name in self.known:
            if name in ("modifiedDate", "createdDate"):
                stamp = row.get(name)
                for end, outside in (("Begin", lambda a, b: a < b), ("End", lambda a, b: a > b)):
                    bound = query.get(name + end)
                    if bound is not None and (stamp is None or outside(stamp, bound)):
                        return False
            elif name in query and not _equals(row, name, query.getall(name)):
                return False
        return True

    @property
    def calls(self) -> list[Any]:
        """API calls, without those for tokens."""
        return [each for each in self.server.seen if "/oauth2/" not in each.target]

    def asked(self, collection: str) -> list[str]:
        """Addresses asked of a collection's list."""
        return [each.target for each in self.calls if each.target.partition("?")[0] == f"/api{PATHS[collection]}"]


def _equals(row: Mapping[str, Any], name: str, values: list[str]) -> bool:
    field = {"pOId": "poId", "pONumber": "poNumber"}.get(name, name)
    if field not in row:
        return True
    value = row[field]
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text in values if name == "id" else text == values[-1]


def opening(server: ScriptedServer, mode: str = "oauth2", **settings: Any) -> Opening:
    made = msgspec.convert({"pcn": PCN, "max_calls_per_minute": 100_000, **settings}, CONNECTOR.settings)
    return Opening("plex", server.url(""), made, mode, OAUTH if mode == "oauth2" else KEY)


@asynccontextmanager
async def connected(server: ScriptedServer, mode: str = "oauth2", **settings: Any) -> AsyncIterator[Plex]:
    async with CONNECTOR.open(opening(server, mode, **settings)) as system:
        assert isinstance(system, Plex)
        yield system


def normalized(entity: Entity, document: Mapping[str, Any] | bytes, scope: str = PCN, **settings: Any) -> Record:
    """A canned document as the stream maps it; nothing is sent."""
    payload = document if isinstance(document, bytes) else json.dumps(document).encode()
    return stream_of(entity, **settings).normalize(RawRecord("key-1", scope, "", "", payload))


def stream_of(entity: Entity, **settings: Any) -> Any:
    made = msgspec.convert({"pcn": PCN, **settings}, CONNECTOR.settings)
    system = type("Offline", (), {"api": type("Api", (), {"settings": made})(), "knowledge": None})()
    if entity in LISTED:
        return ListStream(system, entity)
    return TimedStream(system, STREAMS[entity])


def changed(document: Mapping[str, Any], **head: Any) -> dict[str, Any]:
    """The document with other values in its head."""
    made = deepcopy(dict(document))
    made["head"] |= head
    return made
