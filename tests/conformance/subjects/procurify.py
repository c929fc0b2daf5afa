"""Procurify as a system under test: a domain set up by the book, whose people do nothing while it is tested."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from aiohttp import web

from conformance.subject import Absence, Subject, Values, Variant
from ml_connector.records import Entity
from ml_connector.systems.base import Target
from ml_connector_simulators.procurify import ProcurifySimulator

ADMINISTRATOR = "Procurify administrator"
SETS = ("vendors", "orders", "order_items", "purchase_orders", "bills", "payments", "account_codes", "accounts",
        "departments", "locations", "currencies", "custom_fields", "users")  # fmt: skip
SET_OF = {"requisitions": "orders"}
"""The simulator's name of a table that the API writes under another."""
WRITTEN = {
    Entity.GL_ACCOUNTS: ("account_codes", "account codes"),
    Entity.COST_CENTERS: ("departments", "departments"),
    Entity.DEPARTMENTS: ("departments", "departments"),
    Entity.LOCATIONS: ("locations", "locations"),
    Entity.SUPPLIERS: ("vendors", "vendors"),
    Entity.PURCHASE_ORDERS: ("orders", "requisitions"),
}
HEADS = {
    Entity.GL_ACCOUNTS: "account_codes",
    Entity.DEPARTMENTS: "departments",
    Entity.LOCATIONS: "locations",
    Entity.SUPPLIERS: "vendors",
    Entity.INVOICES: "bills",
    Entity.PAYMENTS: "payments",
}
BILL_STATES = {1: "received", 2: "approved", 3: "cancelled", 4: "paid", 5: "cancelled", 6: "paid", 7: "approved",
               8: "approved"}  # fmt: skip
KINDS = ("asset", "liability", "expense", "income", "equity", "other")
TEXT = {
    Entity.GL_ACCOUNTS: "description",
    Entity.DEPARTMENTS: "name",
    Entity.LOCATIONS: "name",
    Entity.SUPPLIERS: "name",
    Entity.INVOICES: "note",
    Entity.PAYMENTS: "gl_code",
}
SETTINGS = {"create_locations": True, "location_phone": "+49 711 5550100", "page_size": 5, "breaker_timeouts": 1000}


class Domain(ProcurifySimulator):
    """Counts a request whose caller has given up among those that are still worked on."""

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        task = asyncio.ensure_future(super()._serve(request))
        self._late.add(task)  # type: ignore[arg-type]
        task.add_done_callback(self._late.discard)  # type: ignore[arg-type]
        return await asyncio.shield(task)


class ProcurifySubject(Subject):
    """A domain whose superuser made the application."""

    system = "procurify"
    heads = HEADS
    variants = (
        Variant("plain", SETTINGS),
        Variant(
            "other",
            {**SETTINGS, "token_body": "form"},
            {
                "token_body": "form",
                "error_style": "drf",
                "uuids": "bare",
                "vendor_name_lookup": "active_only",
                "vendor_name_filter": "contains",
                "next_link": "relative",
                "top_level_pagination": ("*",),
                "max_page_size": 4,
                "missing_client_header_status": 403,
            },
        ),
    )
    overlap_s = 86_400
    small_pages: ClassVar[Values] = {"max_page_size": 2}
    silent_cap: ClassVar[Values] = {"max_page_size": 3}
    with_lines = frozenset({Entity.INVOICES})
    bad_credentials: ClassVar[Mapping[str, str]] = {"client_secret": "not-the-secret-of-anybody"}
    impatient: ClassVar[Values] = {"read_timeout_s": 0.2}
    absences = (
        Absence("vendor permission", Entity.SUPPLIERS, {"deny": "vendors"}, ("vendors", ADMINISTRATOR)),
        Absence("account codes", Entity.GL_ACCOUNTS, {"deny": "account_codes"}, ("account codes", ADMINISTRATOR)),
        Absence("bills", Entity.INVOICES, {"deny": "bills"}, ("bills", ADMINISTRATOR)),
        Absence("payments", Entity.PAYMENTS, {"deny": "payments"}, ("payments", ADMINISTRATOR)),
        Absence("custom field", Entity.PURCHASE_ORDERS, {}, ("Plex PO Number", ADMINISTRATOR),
                switches={"plex_po_number_field": False}),
        Absence("location", Entity.DEPARTMENTS, {}, ("Nowhere", "Plant Esslingen"), settings={"location": "Nowhere"}),
        Absence("department", Entity.PURCHASE_ORDERS, {}, ("Nobody", "Purchasing", "Plant Esslingen"),
                settings={"department": "Nobody"}),
        Absence("application", Entity.SUPPLIERS, {"application": "revoked"}, ("revoked", ADMINISTRATOR)),
        Absence("user of the application", Entity.SUPPLIERS, {"application": "user_gone"}, ("refused",)),
    )  # fmt: skip

    def make(self, start: datetime | None) -> ProcurifySimulator:
        made = Domain(size="small", seed=1, start=start)
        made.insert("currencies", {"name": "CLF", "rate": "35.1", "active": True})
        for number in range(5):
            made.insert("account_codes", {"code": f"70{number}0", "description": f"Account 70{number}0"})
            made.insert("departments", {"name": f"Shift {number}", "branch": 1})
            made.insert("locations", {"name": f"Annex {number}", "currency": "EUR"})
            made.insert("bills", _bill(made, 90_000 + number, {"lines": 2}))
        return made

    def switch(self, **switches: Any) -> None:
        """A limit of pages by rows is called otherwise here."""
        limit = switches.pop("page_limit", None)
        super().switch(**switches, **({"max_page_size": min(limit, 100)} if limit else {}))

    # Signing in --------------------------------------------------------------------------------------------------

    def expire_tokens(self) -> None:
        self.simulator.grant({"tokens": "expire"})

    def disable_client(self) -> None:
        self.simulator.grant({"application": "user_gone"})

    def take_roles(self) -> tuple[str, ...]:
        for name in SETS:
            self.simulator.grant({"deny": name})
        return "account codes", "vendors", "departments", "locations", "bills", "payments"

    def issued_tokens(self) -> list[str]:
        return list(self.simulator.tokens.issued)  # type: ignore[attr-defined]

    # Reading -----------------------------------------------------------------------------------------------------

    def take_sight(self) -> None:
        for name in SETS:
            self.simulator.grant({"hide_rows": name, "key": {}})

    def zoned(self, time_zone: str) -> Variant:
        """Its stamps carry the offset of the domain's zone."""
        return Variant(self.variant.name, self.variant.settings, {**self.variant.switches, "time_zone": time_zone})

    def _key(self, entity: Entity, row: Values) -> str:
        """A bill is read by its uuid, and by nothing else."""
        return self._uuid(row) if entity is Entity.INVOICES else str(row["id"])

    def _uuid(self, row: Values) -> str:
        uuid = str(row["uuid"])
        return uuid.replace("-", "") if self.variant.name == "other" else uuid

    def _row(self, entity: Entity, key: str) -> dict[str, Any]:
        return next(row for row in self.rows(HEADS[entity]) if self._key(entity, row) == key)

    def expected(self, entity: Entity) -> dict[str, Any]:
        known = {name: {row["id"]: row for row in self.rows(name)}
                 for name in ("currencies", "vendors", "account_codes", "departments")}  # fmt: skip
        return {
            self._key(entity, row): {"scope": DOMAIN, **_EXPECTED[entity](row, known)}
            for row in self.rows(HEADS[entity])
            if not (entity is Entity.INVOICES and row["status"] == 0)
            and not (entity is Entity.PAYMENTS and row["status"] != "paid")
        }

    def lively(self, entity: Entity) -> list[str]:
        rows = self.rows(HEADS[entity])
        if entity is Entity.INVOICES:
            rows = [row for row in rows if row["status"] in (1, 2) and len(row["lines"]) > 1]
        return sorted(self._key(entity, row) for row in rows)

    def add(self, entity: Entity, number: int, *, stamp: datetime | None = None, **values: Any) -> str:
        row = self.simulator.insert(HEADS[entity], _NEW[entity](self.simulator, number, values), stamp=stamp)
        return self._key(entity, row)

    def edit(self, entity: Entity, key: str, *, stamp: datetime | None = None) -> None:
        text = f"edited {self.moment():%H:%M:%S.%f}"
        self._save(entity, key, {TEXT[entity]: text}, stamp)

    def _save(self, entity: Entity, key: str, values: Values, stamp: datetime | None = None) -> None:
        row = self._row(entity, key)
        self.simulator.update(HEADS[entity], {"id": row["id"]}, dict(values), stamp=stamp)

    def edit_line(self, entity: Entity, key: str) -> None:
        """A bill is saved whole: its version and its date move with any of its lines."""
        line = self._row(entity, key)["lines"][0]
        self.simulator.update("bill_lines", {"id": line["id"]}, {"description": "changed"})
        self._save(entity, key, {})

    def remove_line(self, entity: Entity, key: str) -> None:
        lines = self._row(entity, key)["lines"]
        self.simulator.delete("bill_lines", {"id": lines[0]["id"]})
        self._save(entity, key, {"items": [line["id"] for line in lines[1:]]})

    def remove(self, entity: Entity, key: str) -> None:
        self.simulator.delete(HEADS[entity], {"id": self._row(entity, key)["id"]})

    def cancel(self, entity: Entity, key: str) -> None:
        """Withdrawn."""
        self._save(entity, key, {"status": 5})

    # Reading back ------------------------------------------------------------------------------------------------

    def known_codes(self) -> tuple[Entity, dict[str, list[str]]]:
        """Vendors by their name."""
        found: dict[str, list[str]] = {}
        for row in self.rows("vendors"):
            found.setdefault(row["name"], []).append(str(row["id"]))
        return Entity.SUPPLIERS, {name: sorted(ids) for name, ids in found.items()}

    # Writing -----------------------------------------------------------------------------------------------------

    def rows(self, table: str) -> list[dict[str, Any]]:
        found = super().rows(SET_OF.get(table, table))
        if table == "requisitions":
            currencies = {row["id"]: row["name"] for row in super().rows("currencies")}
            for row in found:
                first = row["order_items"][0]
                row["money"] = f"{currencies[first['currency']]};{first['price']}"
        return found

    def id_of(self, row: Values) -> str:
        if "order_items" not in row:
            return str(row["id"])
        uuid = str(row["uuid"])
        return uuid.replace("-", "") if self.variant.name == "other" else uuid

    def money(self, text: str) -> tuple[str, Decimal]:
        currency, _, amount = text.partition(";")
        return currency, Decimal(amount)

    def net_of(self, entity: Entity) -> tuple[str, str]:
        return "header", "money"

    def code_column(self, entity: Entity) -> str:
        return "code" if entity is Entity.GL_ACCOUNTS else ""

    def poison(self, target: Target, payload: Values, table: str) -> dict[str, Any]:
        if table == "requisitions":
            return {**payload, "lines": [{**line, "unit": "u" * 60} for line in payload["lines"]]}
        return {**payload, ("code" if table == "account_codes" else "name"): "n" * 300}

    def revoke_writing(self, entity: Entity) -> tuple[str, ...]:
        name, word = WRITTEN[entity]
        self.simulator.grant({"deny": name, "operations": ["write"]})
        return word, "permission"

    def is_cancelled(self, row: Values) -> bool:
        return False

    def touches(self, rows: Sequence[Values]) -> list[Any]:
        return sorted(repr(row) for row in rows)


SUBJECT = ProcurifySubject

# What a record has to say, and what somebody enters -----------------------------------------------------------------

DOMAIN = "halvorsen"
Known = Mapping[str, Mapping[int, Mapping[str, Any]]]


def _vendor(row: Values, known: Known) -> dict[str, Any]:
    address = {"city": row["city"] or "", "country": row["country"] or ""}
    return {
        "code": str(row["id"]),
        "name": row["name"],
        "active": row["active"],
        "addresses": {"1": address} if any(address.values()) else {},
    }


def _account(row: Values, known: Known) -> dict[str, Any]:
    return {
        "code": row["code"],
        "name": row["description"],
        "active": row["active"],
        "kind": KINDS[row["account_type"]],
    }


def _department(row: Values, known: Known) -> dict[str, Any]:
    return {"code": row["name"], "name": row["name"], "active": row["active"]}


def _location(row: Values, known: Known) -> dict[str, Any]:
    address = row["primary_shipping_address"] or {}
    return {
        "code": row["name"],
        "name": row["name"],
        "line1": address.get("addressLineOne", ""),
        "city": address.get("city", ""),
        "active": row["active"],
    }


def _invoice(row: Values, known: Known) -> dict[str, Any]:
    return {
        "number": row["invoice_number"],
        "supplier": str(row["vendor"]),
        "status": BILL_STATES[row["status"]],
        "invoice_date": row["invoice_date"],
        "due_date": row["due_date"],
        "currency": known["currencies"][row["currency"]]["name"],
        "net": row["total_cost_with_tax"] - row["tax_amount"],
        "tax": row["tax_amount"],
        "gross": row["total_cost_with_tax"],
        "note": row["note"],
        "lines": {
            str(line["id"]): {
                "description": line["description"],
                "amount": line["total_cost"],
                "gl_account": _key_of(line, "account_code", "code", known["account_codes"]),
                "department": _key_of(line, "department", "name", known["departments"]),
            }
            for line in row["lines"]
        },
    }


def _key_of(line: Values, name: str, column: str, rows: Mapping[int, Mapping[str, Any]]) -> str:
    wanted = line["cost_allocations"][0]["budget"][name][column]
    found = [key for key, row in rows.items() if row[column] == wanted]
    return str(found[0]) if found else f"code/{wanted}"


def _payment(row: Values, known: Known) -> dict[str, Any]:
    named = [key for key, vendor in known["vendors"].items() if vendor["name"] == row["vendor_name"]]
    return {
        "number": str(row["id"]),
        "supplier": str(named[0]) if len(named) == 1 else None,
        "paid_on": row["posted_date"],
        "currency": known["currencies"][row["currency"]]["name"],
        "amount": row["amount"],
    }


_EXPECTED = {
    Entity.GL_ACCOUNTS: _account,
    Entity.DEPARTMENTS: _department,
    Entity.LOCATIONS: _location,
    Entity.SUPPLIERS: _vendor,
    Entity.INVOICES: _invoice,
    Entity.PAYMENTS: _payment,
}


def _currency(made: Any, values: Values) -> int:
    rows = made.truth()["currencies"]
    return int(next(row["id"] for row in rows if row["name"] == values.get("currency", "EUR")))


def _bill(made: Any, number: int, values: Values) -> dict[str, Any]:
    amount = values.get("amount", Decimal("10.00"))
    count = values.get("lines", 1)
    budget = {"account_code": {"code": "4010"}, "department": {"name": "Purchasing"}}
    line = {"description": "part", "unit_cost": amount, "total_cost": amount,
            "cost_allocations": [{"amount": str(amount), "budget": budget}]}  # fmt: skip
    return {
        "vendor": 1,
        "currency": _currency(made, values),
        "invoice_number": values.get("code", f"N{number:05}"),
        "invoice_date": "2026-03-02",
        "total_cost_with_tax": amount * count,
        "tax_amount": 0,
        "note": values.get("name", ""),
        "lines": [line] * count,
    }


def _new_payment(made: Any, number: int, values: Values) -> dict[str, Any]:
    return {
        "vendor_name": values.get("name", f"Vendor {number}"),
        "amount": values.get("amount", Decimal("10.00")),
        "currency": _currency(made, values),
        "status": "paid",
        "posted_date": "2026-03-02",
    }


def _named(made: Any, number: int, values: Values) -> dict[str, Any]:
    return {"name": values.get("name") or values.get("code") or f"New {number}"}


def _new_account(made: Any, number: int, values: Values) -> dict[str, Any]:
    return {"code": values.get("code", f"9{number:03}"), "description": values.get("name", f"New {number}")}


_NEW = {
    Entity.GL_ACCOUNTS: _new_account,
    Entity.DEPARTMENTS: lambda made, number, values: {**_named(made, number, values), "branch": 1},
    Entity.LOCATIONS: lambda made, number, values: {**_named(made, number, values), "currency": "EUR"},
    Entity.SUPPLIERS: _named,
    Entity.INVOICES: _bill,
    Entity.PAYMENTS: _new_payment,
}
