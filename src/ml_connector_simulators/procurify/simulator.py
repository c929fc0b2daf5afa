"""The simulated Procurify domain as an HTTP server."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aiohttp import web

from .. import exact_json
from ..exchange import Answer, Call, Label
from ..framework import Row, Simulator, Switches
from ..story import build_story
from . import controls, seed
from .api import TOKEN_PATH, Api, label_of
from .counts import ProcurifyCounts, WriteCount, WriteJournal
from .database import Database
from .purchasing import Purchasing
from .refusals import RefusedError
from .schema import TABLES
from .switches import ProcurifySwitches
from .tokens import CLIENT_ID, CLIENT_SECRET, TokenService

_PEOPLE = re.compile(r"/_sim/orders/([^/]+)/(approve|deny|take|purchase)/?")
_FIRST_COLUMNS = {
    "vendors": ("id", "name", "external_id", "type", "active", "city", "country", "dateModified"),
    "orders": ("num", "uuid", "branch", "department", "status", "lineCount", "totalPrice", "date", "dateModified"),
    "order_items": (
        "id", "orderNum", "name", "quantity", "price", "accountCode", "vendor", "status", "purchase_order",
    ),
    "purchase_orders": (
        "procurify_PO", "number", "PO_Num", "vendor_name", "total", "state", "version", "date", "last_modified",
    ),
    "bills": ("id", "invoice_number", "vendor", "invoice_date", "total_cost_with_tax", "status", "payment_uuid"),
    "payments": ("id", "vendor_name", "invoice_number", "amount", "status", "posted_date"),
}  # fmt: skip
_TITLES = {"orders": "Orders (requisitions)", "accounts": "Accounts (budgets)"}


class ProcurifySimulator(Simulator):
    """A domain with one application; `story` is what people typed from, `database` what it really holds.

    Users can be read but not written, and bills have no write at all.
    """

    system = "procurify"
    title = "Procurify, Halvorsen Pumpen"
    default_port = 9105
    switches: ProcurifySwitches

    def set_up(self) -> None:
        self.switches = ProcurifySwitches()
        self.story = build_story(self.size, self.seed, self.clock.now(), division="plex")
        self.database = Database(self.switches, self.clock.now, self.seed)
        self._written = WriteCount()
        self.journal = WriteJournal(self._written)
        self.tokens = TokenService(self.clock)
        self._fill()
        self._in_progress: dict[int, web.Request] = {}

    def _fill(self) -> None:
        people = seed.People(self.database)
        self.purchasing = Purchasing(self.database, people.approver, people.purchaser)
        seed.fill(self.database, self.story, people, self.purchasing)
        self.api = Api(
            self.database,
            self.tokens,
            self.purchasing,
            self._written,
            lambda: self.url,
            people.service_user,
            people.approver,
        )

    @property
    def counts(self) -> ProcurifyCounts:
        """What was asked since the last reset: also rows written, and requests that came two at a time."""
        counts = self.journal.counts()
        assert isinstance(counts, ProcurifyCounts)
        return counts

    @property
    def writes(self) -> int:
        """Business rows that clients tried to write since the last reset."""
        return self.counts.writes

    # Serving -----------------------------------------------------------------------------------------------

    async def answer(self, call: Call) -> Answer:
        """Processes a request as the domain would; every answer carries an id that its support asks for."""
        self.purchasing.catch_up()
        if call.path == TOKEN_PATH:
            answer = self.tokens.answer(call, self.switches)
        else:
            answer = self.api.serve(call)
        answer.headers["x-request-id"] = uuid4().hex
        return answer

    def classify(self, call: Call) -> Label:
        return label_of(call)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        """Counts requests that overlap; one whose caller has given up is no longer in the way."""
        if request.path.startswith("/_sim/"):
            return self._serve_people(request.method, request.path, await request.read())
        if any(
            other.transport is not None and not other.transport.is_closing() for other in self._in_progress.values()
        ):
            self._written.overlapping += 1
        self._in_progress[id(request)] = request
        try:
            return await super()._serve(request)
        finally:
            del self._in_progress[id(request)]

    def _serve_people(self, method: str, path: str, body: bytes) -> web.Response:
        """`POST /_sim/orders/{uuid}/{approve|deny|take|purchase}/`: a person does it; not counted as a request.

        `purchase` may name the items to buy: {"items": [id, ..]}.
        """
        found = _PEOPLE.fullmatch(path) if method == "POST" else None
        try:
            order = self.move(found[1], found[2], exact_json.load(body) if body.strip() else {}) if found else None
        except RefusedError as refusal:
            return _json({"detail": refusal.detail}, refusal.status)
        except ValueError as error:
            return _json({"detail": str(error)}, 400)
        return _json({"data": order}) if order else _json({"detail": "Not found."}, 404)

    # What people do -----------------------------------------------------------------------------------------

    def move(self, uuid: str, action: str, details: Mapping[str, Any] | None = None) -> Row | None:
        """Does `approve`, `deny`, `take` or `purchase`; the order afterwards, or None for an unknown one.

        Raises RefusedError (409) out of turn.
        """
        order = self.database.by_uuid("orders", uuid)
        if order is None:
            return None
        if action == "purchase":
            self.purchasing.purchase(order, (details or {}).get("items", ()))
        else:
            {"approve": self.purchasing.approve, "deny": self.purchasing.deny, "take": self.purchasing.take}[action](
                order
            )
        return {**order, "order_items": self.database["order_items"].find(order_id=order["id"])}

    def insert(self, set_name: str, values: Row, *, stamp: datetime | None = None) -> Row:
        """A person's entry; `order_items` of an order and `lines` of a bill may be given with it."""
        row = self.database.insert(set_name, values, stamp)
        if set_name == "orders":
            self.purchasing.expect(row, row["date"])
        return row

    def update(self, set_name: str, key: Row, values: Row, *, stamp: datetime | None = None) -> Row:
        """A person's change. Account codes, accounts, departments, locations and users carry no stamp to move."""
        row = self.database.one(set_name, key)
        self.database.change(set_name, row, values, stamp)
        return row

    def delete(self, set_name: str, key: Row) -> None:
        self.database.remove(set_name, self.database.one(set_name, key))

    def grant(self, change: Row) -> object:
        """Changes rights; controls.py lists what can be said."""
        return controls.apply(self.api, change)

    # What it holds and how it is reached --------------------------------------------------------------------

    def set_switches(self, **values: object) -> Switches:
        """Changes switches; see ProcurifySwitches."""
        if "time_zone" in values:
            _check_zone(str(values["time_zone"]))
        return super().set_switches(**values)

    def switches_changed(self) -> None:
        before = self.database.switches.auto_advance_seconds
        self.database.use(self.switches)
        self.api.lister.forget()
        if self.switches.auto_advance_seconds != before:
            self.purchasing.expect_all()

    def truth(self) -> Mapping[str, Sequence[Row]]:
        """All sets; an order carries its `order_items`, a bill its `lines`."""
        self.purchasing.catch_up()
        return {name: self.database.truth(name) for name in TABLES}

    def settings(self) -> dict[str, object]:
        return {"location": seed.LOCATION, "department": seed.DEPARTMENT, "min_interval_ms": 0}

    def credentials(self) -> dict[str, object]:
        return {"auth_mode": "oauth2", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}

    def page_columns(self, set_name: str) -> Sequence[str] | None:
        return _FIRST_COLUMNS.get(set_name)

    def page_title(self, set_name: str) -> str:
        return _TITLES.get(set_name, set_name.replace("_", " ").capitalize())


def _json(value: object, status: int = 200) -> web.Response:
    body = exact_json.dump_decimals_as_strings(value)
    return web.Response(body=body, status=status, content_type="application/json")


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except ZoneInfoNotFoundError as error:
        raise ValueError(f"no time zone {name!r}") from error
