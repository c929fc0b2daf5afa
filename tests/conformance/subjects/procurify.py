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
SETS = ("vendors", "orders", "order_items", "purchase_orders", "bills", "account_codes", "accounts", "departments",
        "locations", "currencies", "custom_fields", "users")  # fmt: skip
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
    bad_credentials: ClassVar[Mapping[str, str]] = {"client_secret": "not-the-secret-of-anybody"}
    impatient: ClassVar[Values] = {"read_timeout_s": 0.2}
    absences = (
        Absence("vendor permission", Entity.SUPPLIERS, {"deny": "vendors"}, ("vendors", ADMINISTRATOR)),
        Absence("account codes", Entity.GL_ACCOUNTS, {"deny": "account_codes"}, ("account codes", ADMINISTRATOR)),
        Absence("bills", Entity.INVOICES, {"deny": "bills"}, ("bills", ADMINISTRATOR)),
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
        return made

    # Signing in --------------------------------------------------------------------------------------------------

    def expire_tokens(self) -> None:
        self.simulator.grant({"tokens": "expire"})

    def disable_client(self) -> None:
        self.simulator.grant({"application": "user_gone"})

    def take_roles(self) -> tuple[str, ...]:
        for name in SETS:
            self.simulator.grant({"deny": name})
        return "account codes", "vendors"

    def issued_tokens(self) -> list[str]:
        return list(self.simulator.tokens._expiry)  # type: ignore[attr-defined]

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
