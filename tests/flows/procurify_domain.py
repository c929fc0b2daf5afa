"""Plex into a domain of Procurify: what is there, and what people do with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flows.plant import FLOW, Plant, configuration
from ml_connector_simulators.journal import Entry
from ml_connector_simulators.procurify import ProcurifySimulator

NEVER_S = 3600
"""An answer that takes so long never comes."""


class Domain(Plant):
    """Plex into Procurify, with further settings of the connection to Procurify."""

    target: ProcurifySimulator

    def __init__(self, folder: Path, *, source: str = "plex", **more: Any) -> None:
        self.more = {"late_write_window_s": 0, **more}
        super().__init__(folder, source=source, target="procurify")

    def configuration(self) -> str:
        return configuration(self.source, self.target, {"target": self.more})

    # What is there -----------------------------------------------------------------------------------------------

    def entries(self) -> list[Entry]:
        """The requests since they were forgotten, without those for tokens."""
        return [entry for entry in self.loop.call(lambda: list(self.target.journal.entries)) if entry.kind != "token"]

    def order(self, key: str) -> dict[str, Any]:
        """The request that stands for an order of the ERP; there must be exactly one."""
        found = self.requests_of(key)
        assert len(found) == 1
        return found[0]

    def requests_of(self, key: str) -> list[dict[str, Any]]:
        mark = f"104455:{self.number(key)}/"
        return [row for row in self.table("orders") if row["order_items"][0]["name"].startswith(mark)]

    def number(self, key: str) -> str:
        orders = self.loop.call(self.source.truth)["purchase-orders"]
        return next(str(row["poNumber"]) for row in orders if row["id"] == key)

    def state(self, key: str, route: str = "purchase_orders") -> tuple[str, str]:
        row = self.row(route, key)
        return row["state"], row["code"]

    def story(self, key: str, route: str = "purchase_orders") -> str:
        return json.dumps(self.app.record(FLOW, route, key), default=str, ensure_ascii=False)

    def waiting(self) -> list[str]:
        """Keys of orders that wait for approval."""
        rows = self.app.records(FLOW, route="purchase_orders", state="waiting")
        return [row["key"] for row in rows if row["code"] == "WAITING_APPROVAL"]

    # What people do ----------------------------------------------------------------------------------------------

    def fault(self, do: str, match: dict[str, Any] | None = None, *, seconds: float = NEVER_S, **rule: Any) -> None:
        action = {"do": do, "seconds": seconds}
        self.loop.call(lambda: self.target.add_fault(match=match or {}, action=action, **rule))

    def repair(self) -> None:
        self.loop.call(self.target.faults.clear)

    def people(self, action: str, key: str, items: list[int] | None = None) -> None:
        """Approve, deny or purchase; `items` counts those to buy from 0."""
        order = self.order(key)
        chosen = [order["order_items"][n]["id"] for n in items] if items is not None else []
        self.loop.call(lambda: self.target.move(order["uuid"], action, {"items": chosen}))

    def typed(self, table: str, key: dict[str, Any], **values: Any) -> None:
        """Somebody changes a row in Procurify."""
        self.loop.call(lambda: self.target.update(table, key, values))

    def vendor_of(self, key: str) -> dict[str, Any]:
        """The vendor of an order's supplier."""
        supplier = next(r["supplierId"] for r in self.loop.call(self.source.truth)["purchase-orders"] if r["id"] == key)
        return next(row for row in self.table("vendors") if (row["external_id"] or "").endswith(supplier))
