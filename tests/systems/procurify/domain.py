"""A Procurify domain written down for these tests: lists, single rows, and what is posted, over the wire."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
from aiohttp import web

from ml_connector.mappings import Refs
from ml_connector.records import Entity, Record
from ml_connector.records.base import Identity
from ml_connector.systems.base import Action, Answer, Candidate, Opening, Part, Ports, Row, Shaped, Target, Write
from ml_connector.systems.procurify import CONNECTOR
from ml_connector.systems.procurify.connection import Procurify
from scripted_server import Reply, ScriptedServer

Json = dict[str, Any]
SCOPE = "104455"
LISTS = {
    "/api/v3/vendors/all/": "vendors",
    "/api/v3/vendors/": "vendors",
    "/api/v3/account-codes/": "account_codes",
    "/api/v3/accounts/": "accounts",
    "/api/v3/departments/": "departments",
    "/api/v2/locations/": "locations",
    "/api/v2/currencies/": "currencies",
    "/api/v3/custom-fields/order-items/": "custom_fields",
    "/api/v3/order-items/": "items",
    "/api/v2/global/orders/": "orders",
    "/api/v3/ap/bills/": "bills",
    "/api/public/v1/payments/": "payments",
    "/api/v2/purchase_orders/purchased/all/": "purchase_orders",
}
SINGLE = {"/api/v3/vendors/": "vendors", "/api/v2/purchase_orders/": "purchase_orders", "/api/v2/ap/bills/": "bills"}
FILTERS: dict[tuple[str, str], Callable[[Json, str], bool]] = {
    ("vendors", "external_id"): lambda row, value: row.get("external_id") == value,
    ("vendors", "name"): lambda row, value: row["name"] == value,
    ("vendors", "search"): lambda row, value: value in row["name"],
    ("account_codes", "code"): lambda row, value: row["code"] == value,
    ("accounts", "account_code"): lambda row, value: str(row["account_code"]["id"]) == value,
    ("items", "search"): lambda row, value: value in row["name"],
    ("items", "orderNum"): lambda row, value: str(row["orderNum"]) == value,
    ("items", "last_modified_0"): lambda row, value: row.get("last_modified", "2020")[:10] >= value,
    ("orders", "date_0"): lambda row, value: row["date"][:10] >= value,
    ("orders", "date_1"): lambda row, value: row["date"][:10] <= value,
    ("orders", "modified_date_0"): lambda row, value: row["dateModified"][:10] >= value,
    ("orders", "modified_date_1"): lambda row, value: row["dateModified"][:10] <= value,
    ("purchase_orders", "pref_vendor"): lambda row, value: str(row.get("pref_vendor", {}).get("id")) == value,
    ("bills", "vendor"): lambda row, value: str(row["vendor"]["id"]) == value,
    ("bills", "last_modified_datetime_0"): lambda row, value: row["last_modified_datetime"] >= value,
    ("bills", "last_modified_datetime_1"): lambda row, value: row["last_modified_datetime"] <= value,
    ("payments", "updated_at_after"): lambda row, value: row["updated_at"] >= value,
    ("payments", "updated_at_before"): lambda row, value: row["updated_at"] <= value,
}
DATE = "Mon, 02 Mar 2026 12:00:00 GMT"


def first_rows() -> dict[str, list[Json]]:
    """A domain with one location, two departments and a budget in each."""
    return {
        "vendors": [],
        "account_codes": [{"id": 61, "code": "6100-20", "description": "Spares", "account_type": 2, "active": True}],
        "accounts": [_account(1, 61, "6100-20", 21), _account(2, 61, "6100-20", 22)],
        "departments": [_department(21, "Maintenance"), _department(22, "Toolroom")],
        "locations": [{"id": 11, "name": "Plant 1", "active": True, "external_id": None}],
        "currencies": [
            {"id": 1, "name": "USD", "base": True, "active": True},
            {"id": 2, "name": "EUR", "active": True},
        ],
        "custom_fields": [{"id": 5, "name": "Plex PO Number", "field_type": "t", "is_active": True}],
        "items": [],
        "orders": [],
        "bills": [],
        "payments": [],
        "purchase_orders": [],
        "requisitions": [],
    }


def _account(account_id: int, code_id: int, code: str, department: int) -> Json:
    held = {"id": code_id, "code": code, "active": True}
    return {"id": account_id, "account_code": held, "department": {"id": department, "name": ""}, "active": True}


def _department(department_id: int, name: str) -> Json:
    branch = {"id": 11, "name": "Plant 1"}
    return {"id": department_id, "name": name, "branch": branch, "external_id": None, "active": True}


@dataclass
class Domain:
    """What is inside, what is to go wrong, and what was asked."""

    server: ScriptedServer
    rows: dict[str, list[Json]] = field(default_factory=first_rows)
    troubles: list[tuple[str, str, Reply]] = field(default_factory=list)
    """(method, part of the path and query, reply): each used once, in order."""
    done_in_trouble: bool = False
    """Whether a write that meets a trouble is done all the same."""
    largest_page: int = 100
    tokens: int = 0
    next_id: int = 1000

    def __post_init__(self) -> None:
        domain = self

        class Routes(dict[str, Callable[[web.Request], Reply]]):
            def get(self, path: str, default: Any = None) -> Callable[[web.Request], Reply]:
                return domain.answer

        self.server.routes = Routes()

    @property
    def api_requests(self) -> list[str]:
        """`GET /path?query` of every request but those for tokens."""
        return [f"{one.method} {one.target}" for one in self.server.seen if not one.target.startswith("/oauth")]

    @property
    def writes(self) -> list[tuple[str, Json]]:
        return [
            (f"{one.method} {one.target}", json.loads(one.body))
            for one in self.server.seen
            if one.method != "GET" and not one.target.startswith("/oauth")
        ]

    def trouble(self, method: str, part: str, reply: Reply) -> None:
        self.troubles.append((method, part, reply))

    # --- answering -----------------------------------------------------------------------------------------------

    def answer(self, request: web.Request) -> Reply:
        if request.path == "/oauth/token":
            self.tokens += 1
            found = self._trouble(request)
            return found or Reply(body={"access_token": f"t{self.tokens}", "expires_in": 86400, "token_type": "Bearer"})
        trouble = self._trouble(request)
        if trouble is not None and not (self.done_in_trouble and request.method != "GET"):
            return trouble
        reply = self._read(request) if request.method == "GET" else self._write(request)
        reply.headers = {"Date": DATE, **reply.headers}
        return trouble or reply

    def _trouble(self, request: web.Request) -> Reply | None:
        for one in self.troubles:
            if one[0] == request.method and one[1] in request.raw_path:
                self.troubles.remove(one)
                return one[2]
        return None

    def _read(self, request: web.Request) -> Reply:
        if request.path == "/api/v3/users/me/":
            user = {
                "id": 7,
                "firstName": "ML",
                "lastName": "Service",
                "email": "ml@acme.example",
                "role": {"name": "Buyer"},
            }
            return Reply(body={"data": user, "metadata": {}})
        if request.path in LISTS:
            return self._list(request, LISTS[request.path])
        found = re.fullmatch(r"(.*/)([^/]+)/", request.path)
        name = SINGLE.get(found[1]) if found else None
        if found is None or name is None:
            return Reply(404, {"detail": "Not found."})
        row = next((row for row in self.rows[name] if found[2] in (str(row.get("id")), row.get("uuid"))), None)
        return Reply(404, {"detail": "Not found."}) if row is None else Reply(body={"data": row, "metadata": {}})

    def _list(self, request: web.Request, name: str) -> Reply:
        query = dict(parse_qsl(urlsplit(request.raw_path).query))
        rows = [row for row in self.rows[name] if all(_fits(name, row, *one) for one in query.items())]
        size = min(int(query.get("page_size", 10)), self.largest_page)
        page, pages = int(query.get("page", 1)), max(1, -(-len(rows) // size))
        if page > pages:
            return Reply(404, {"detail": "Invalid page."})
        link = re.sub(r"\bpage=\d+", f"page={page + 1}", request.raw_path)
        following = f"http://internal.host:8000{link}" if page < pages else None
        paging = {"count": len(rows), "next": following, "page_size": size, "num_pages": pages, "current_page": page}
        data = rows[(page - 1) * size : page * size]
        return Reply(body={"data": data, "metadata": {"pagination": paging}})

    def _write(self, request: web.Request) -> Reply:
        body = json.loads(self.server.seen[-1].body)
        self.next_id += 1
        if request.path == "/api/v3/requisitions/":
            return self._requisition(body)
        if request.method == "POST":
            row = {"id": self.next_id, **body}
            self.rows[LISTS[request.path]].append(row)
            return Reply(201, {"data": row, "metadata": {}})
        path, _, row_id = request.path.rstrip("/").rpartition("/")
        row = next((row for row in self.rows[LISTS[path + "/"]] if str(row["id"]) == row_id), {})
        row.update(body)
        return Reply(200, {"data": row, "metadata": {}})

    def _requisition(self, body: Json) -> Reply:
        uuid, number = f"9f6d0c1e-2b7a-4b58-9a61-{self.next_id:012x}", 500 + len(self.rows["orders"])
        self.rows["requisitions"].append(body)
        when = "2026-03-02T08:00:00-08:00"
        self.rows["orders"].append({"uuid": uuid, "num": number, "status": 0, "date": when, "dateModified": when})
        for line in body["line_items"]:
            item = {
                "id": len(self.rows["items"]) + 1,
                "orderNum": number,
                "name": line["item_name"],
                "created_at": when,
            }
            item |= {"quantity": line["quantity"], "price": line["unit_price"], "status": 0, "purchase_order": None}
            self.rows["items"].append(item)
        return Reply(201, {"data": {"uuid": uuid}, "metadata": {}})


def _fits(name: str, row: Json, parameter: str, value: str) -> bool:
    """Unknown parameters are ignored."""
    fits = FILTERS.get((name, parameter))
    return fits is None or fits(row, value)


@dataclass
class Connect:
    """Opens connections to the domain."""

    domain: Domain
    stack: AsyncExitStack

    async def __call__(self, *, ports: Ports | None = None, **settings: Any) -> Procurify:
        given = {"location": "Plant 1", "department": "Maintenance", "min_interval_ms": 0, **settings}
        opening = Opening(
            "pro",
            self.domain.server.url("").rstrip("/"),
            msgspec.convert(given, CONNECTOR.settings),
            "oauth2",
            {"client_id": "mlc", "client_secret": "s3cret-of-nobody"},
            ports or Ports(),
        )
        system = await self.stack.enter_async_context(CONNECTOR.open(opening))
        assert isinstance(system, Procurify)
        return system


class Locks:
    """Notes who asked; everybody gets it."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    def take(self, name: str, owner: str, ttl_s: float) -> bool:
        self.taken.append(name)
        return True

    def give_back(self, name: str, owner: str) -> bool:
        self.taken.append(f"-{name}")
        return False


# --- what a run does ------------------------------------------------------------------------------------------------


async def ready(system: Procurify, entity: Entity) -> Target:
    target = system.target(entity)
    await target.prepare()
    return target


def shape(target: Target, record: Record, refs: Refs | None = None) -> Shaped:
    return target.shape(record, Identity("plex", record.scope or SCOPE, record.entity, record.key), refs or Refs({}))


async def create(target: Target, record: Record, refs: Refs | None = None) -> Answer:
    return (await target.write([creation(shape(target, record, refs), record)]))[0]


def creation(shaped: Shaped, record: Record) -> Write:
    part = shaped.parts[0]
    return Write(Action.CREATE, part, "", part.payload, record.key)


def change(part: Part, external_id: str) -> Write:
    return Write(Action.UPDATE, part, external_id, part.payload)


async def find(target: Target, record: Record, refs: Refs | None = None) -> list[Row]:
    candidate = Candidate(record, refs or Refs({}), shape(target, record, refs))
    return (await target.find([candidate]))[0]
