"""Which part answers a path, after the checks that every call passes (fact sheet sections 1 and 2)."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from ..exchange import Answer, Call, Label
from . import dimensions, requisitions, vendors
from .counts import WriteCount
from .database import Database
from .forms import json_body
from .listing import Lister, purchase_order_counts
from .purchasing import Purchasing, po_group
from .refusals import RefusedError, forbidden, not_found, wrong_method
from .rendering import Renderer
from .tables import Row
from .tokens import TokenService

TOKEN_PATH = "/oauth/token"
UNKNOWN_PAGE = b"<!DOCTYPE html><html><body><h1>Page not found</h1></body></html>"
Handler = Callable[["Api", Call, tuple[str, ...]], Answer]


class Route(NamedTuple):
    """A path, the set it is about, and what answers each method."""

    path: re.Pattern[str]
    entity: str
    methods: Mapping[str, Handler]


class Api:
    """Answers for the service user; `denied` holds (set, read or write) that its role lacks."""

    def __init__(
        self,
        database: Database,
        tokens: TokenService,
        purchasing: Purchasing,
        writes: WriteCount,
        url: Callable[[], str],
        service_user: int,
        approver: int,
    ) -> None:
        self.database = database
        self.tokens = tokens
        self.purchasing = purchasing
        self.writes = writes
        self.renderer = Renderer(database)
        self.lister = Lister(database, self.renderer, url)
        self.service_user = service_user
        self.approver = approver
        self.denied: set[tuple[str, str]] = set()
        self.superuser = True
        self._asked: deque[datetime] = deque()

    def serve(self, call: Call) -> Answer:
        """Answers a request of the API; whatever is refused comes back in the vendor's body."""
        if not call.path.startswith("/api/"):
            return Answer.of(UNKNOWN_PAGE, "text/html; charset=utf-8", 404)
        try:
            if not call.path.endswith("/"):
                return _without_slash(call)
            self._check_sign_in(call)
            self._check_rate()
            return self._dispatch(call)
        except RefusedError as refusal:
            return refusal.answer(drf=self.database.switches.error_style == "drf")

    def _check_sign_in(self, call: Call) -> None:
        switches = self.database.switches
        header = call.header("X-Procurify-Client") == "api"
        if not header or not call.header("Authorization"):
            status = 401 if header else switches.missing_client_header_status
            detail = "Authentication credentials were not provided."
            raise RefusedError(status, detail, (), **({"WWW_Authenticate": "Bearer"} if status == 401 else {}))
        if not self.tokens.opens(call.header("Authorization")):
            raise RefusedError(401, "Invalid token.", WWW_Authenticate="Bearer")

    def _check_rate(self) -> None:
        """429 beyond the limit of a sliding minute."""
        limit = self.database.switches.requests_per_minute
        now = self.database.now()
        while self._asked and now - self._asked[0] >= timedelta(minutes=1):
            self._asked.popleft()
        if limit and len(self._asked) >= limit:
            wait = int((self._asked[0] + timedelta(minutes=1) - now).total_seconds()) + 1
            more = {"Retry_After": str(wait)} if self.database.switches.retry_after == "seconds" else {}
            raise RefusedError(429, f"Request was throttled. Expected available in {wait} seconds.", (), **more)
        self._asked.append(now)

    def _dispatch(self, call: Call) -> Answer:
        route, parts = route_of(call)
        if route is None:
            raise not_found()
        kind = "read" if call.method == "GET" else "write"
        if call.method not in route.methods:
            raise wrong_method(call.method, sorted(route.methods))
        if (route.entity, kind) in self.denied:
            raise forbidden()
        return route.methods[call.method](self, call, parts)

    # Answers ----------------------------------------------------------------------------------------------

    def one(self, name: str, row: Row, status: int = 200) -> Answer:
        """A single row in its envelope."""
        return Answer.json({"data": self.renderer.listed(name, row), "metadata": {}}, status)

    def row(self, name: str, key: str) -> Row:
        """The row with that key. Raises RefusedError (404)."""
        found = self.database[name].get(int(key))
        if found is None:
            raise not_found()
        return found

    def body(self, call: Call, name: str, lines: str = "") -> Any:
        """The body of a write, which is counted as one row of `name` and one item per line in `lines`."""
        body = json_body(call)
        self.writes.add(name)
        if lines and isinstance(body, dict) and isinstance(body.get(lines), list):
            self.writes.add("order_items", len(body[lines]))
        return body


def route_of(call: Call) -> tuple[Route | None, tuple[str, ...]]:
    """The route of a path, and the path's variable parts."""
    path = call.decoded_path
    for route in ROUTES:
        found = route.path.fullmatch(path)
        if found:
            return route, found.groups()
    return None, ()


def label_of(call: Call) -> Label:
    """Says what a request is for: the set it touches."""
    if call.path.rstrip("/") == TOKEN_PATH:
        return Label("token")
    route, _ = route_of(call)
    return Label("read" if call.method in ("GET", "HEAD", "OPTIONS") else "write", route.entity if route else "")


def _without_slash(call: Call) -> Answer:
    """Django's habit: a GET is redirected, anything else is not found."""
    if call.method != "GET":
        raise not_found()
    query = f"?{call.query}" if call.query else ""
    answer = Answer(301)
    answer.headers["Location"] = f"{call.path}/{query}"
    return answer


def _listed(name: str) -> Handler:
    return lambda api, call, parts: api.lister.answer(call, name)


def _got(name: str) -> Handler:
    return lambda api, call, parts: api.one(name, api.row(name, parts[0]))


def _vendors(api: Api, call: Call, parts: tuple[str, ...]) -> Answer:
    return api.lister.answer(call, "vendors", vendors.GROUPS[parts[0] if parts else ""])


def _created(name: str, create: Callable[[Database, Any], Row]) -> Handler:
    return lambda api, call, parts: api.one(name, create(api.database, api.body(call, name)), 201)


def _changed(name: str, change: Callable[[Database, Row, Any], None]) -> Handler:
    def handler(api: Api, call: Call, parts: tuple[str, ...]) -> Answer:
        row = api.row(name, parts[0])
        change(api.database, row, api.body(call, name))
        return api.one(name, row)

    return handler


_create_vendor = _created("vendors", vendors.create)
_replace_vendor = _changed("vendors", partial(vendors.change, partial=False))
_patch_vendor = _changed("vendors", partial(vendors.change, partial=True))
_create_account_code = _created("account_codes", dimensions.create_account_code)
_change_account_code = _changed("account_codes", dimensions.change_account_code)
_create_department = _created("departments", dimensions.create_department)
_change_department = _changed("departments", dimensions.change_department)
_change_custom_field = _changed("custom_fields", dimensions.change_custom_field)


def _create_location(api: Api, call: Call, parts: tuple[str, ...]) -> Answer:
    if not api.superuser:
        raise forbidden()
    return api.one("locations", dimensions.create_location(api.database, api.body(call, "locations")), 201)


def _custom_fields(api: Api, call: Call, parts: tuple[str, ...]) -> Answer:
    return api.lister.answer(
        call, "custom_fields", lambda row: not row["is_active"] or bool(api.database.custom_field(row["name"]))
    )


def _create_requisition(api: Api, call: Call, parts: tuple[str, ...]) -> Answer:
    """Answers the uuid and nothing else."""
    body = api.body(call, "orders", "line_items")
    order = requisitions.create(api.database, body, api.service_user, api.approver)
    api.purchasing.expect(order, order["date"])
    return Answer.json({"data": {"uuid": api.database.style.uuid(order["uuid"])}, "metadata": {}}, 201)


def _purchase_orders(api: Api, call: Call, parts: tuple[str, ...]) -> Answer:
    where = po_group(*parts)
    if where is None:
        raise not_found()
    counts = purchase_order_counts(list(api.database["purchase_orders"]))
    return api.lister.answer(call, "purchase_orders", where, counts=counts)


def _purchase_order(api: Api, call: Call, parts: tuple[str, ...]) -> Answer:
    table = api.database["purchase_orders"]
    numbered = table.get(int(parts[0])) if parts[0].isdecimal() else None
    row = numbered or api.database.by_uuid("purchase_orders", parts[0])
    if row is None:
        raise not_found()
    return Answer.json({"data": api.renderer.purchase_order(row), "metadata": {}})


def _change_purchase_order(api: Api, call: Call, parts: tuple[str, ...]) -> Answer:
    row = api.row("purchase_orders", parts[0])
    api.purchasing.replace(row, api.body(call, "purchase_orders"))
    return Answer.json({"data": api.renderer.purchase_order(row), "metadata": {}})


def _close_or_reopen(api: Api, call: Call, parts: tuple[str, ...]) -> Answer:
    row = api.row("purchase_orders", parts[0])
    api.writes.add("purchase_orders")
    (api.purchasing.close if parts[1] == "close" else api.purchasing.reopen)(row)
    return Answer.json({"data": api.renderer.purchase_order(row), "metadata": {}})


def _bill(api: Api, call: Call, parts: tuple[str, ...]) -> Answer:
    """By uuid only; the number that people see opens nothing."""
    row = api.database.by_uuid("bills", parts[0])
    if row is None:
        raise not_found()
    return Answer.json({"data": api.renderer.bill(row), "metadata": {}})


def _me(api: Api, call: Call, parts: tuple[str, ...]) -> Answer:
    return api.one("users", api.database["users"].rows[api.service_user])


def _route(path: str, entity: str, **methods: Handler) -> Route:
    return Route(re.compile(path), entity, methods)


_GROUPS = "|".join(group for group in vendors.GROUPS if group)
ROUTES = (
    _route(r"/api/v3/vendors/", "vendors", GET=_vendors, POST=_create_vendor),
    _route(r"/api/v3/vendors/(\d+)/", "vendors", GET=_got("vendors"), PUT=_replace_vendor, PATCH=_patch_vendor),
    _route(rf"/api/v3/vendors/({_GROUPS})/", "vendors", GET=_vendors),
    _route(r"/api/v2/purchase_orders/([^/]+)/", "purchase_orders", GET=_purchase_order),
    _route(r"/api/v2/purchase_orders/([^/]+)/([^/]+)/", "purchase_orders", GET=_purchase_orders),
    _route(r"/api/v3/purchase-orders/(\d+)/", "purchase_orders", PUT=_change_purchase_order),
    _route(r"/api/v3/purchase-orders/(\d+)/(close|reopen)/", "purchase_orders", POST=_close_or_reopen),
    _route(r"/api/v3/order-items/", "order_items", GET=_listed("order_items")),
    _route(r"/api/v2/global/order_items/", "order_items", GET=_listed("order_items")),
    _route(r"/api/v3/requisitions/", "orders", POST=_create_requisition),
    _route(r"/api/v2/global/orders/", "orders", GET=_listed("orders")),
    _route(r"/api/v3/ap/bills/", "bills", GET=_listed("bills")),
    _route(r"/api/v2/ap/bills/([^/]+)/", "bills", GET=_bill),
    _route(r"/api/v2/ap/items/", "bills", GET=_listed("bill_lines")),
    _route(r"/api/public/v1/payments/", "payments", GET=_listed("payments")),
    _route(r"/api/v3/account-codes/", "account_codes", GET=_listed("account_codes"), POST=_create_account_code),
    _route(r"/api/v3/account-codes/(\d+)/", "account_codes", PUT=_change_account_code),
    _route(r"/api/v3/accounts/", "accounts", GET=_listed("accounts")),
    _route(r"/api/v3/departments/", "departments", GET=_listed("departments"), POST=_create_department),
    _route(r"/api/v3/departments/(\d+)/", "departments", PUT=_change_department),
    _route(r"/api/v2/locations/", "locations", GET=_listed("locations"), POST=_create_location),
    _route(r"/api/v2/locations/(\d+)/", "locations", GET=_got("locations")),
    _route(r"/api/v3/users/", "users", GET=_listed("users")),
    _route(r"/api/v3/users/me/", "users", GET=_me),
    _route(r"/api/v2/currencies/", "currencies", GET=_listed("currencies")),
    _route(r"/api/v3/custom-fields/order-items/", "custom_fields", GET=_custom_fields),
    _route(r"/api/v3/custom-fields/(\d+)/", "custom_fields", PUT=_change_custom_field),
)
