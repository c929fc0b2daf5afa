"""Invoices against bills: the API writes no bills, so each invoice is found among those people entered, and compared.

Nothing is ever sent but reads (FACTS 31).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from ml_connector.errors import RecordError
from ml_connector.mappings import Refs
from ml_connector.records import Invoice, InvoiceStatus, Record
from ml_connector.records.base import Identity, amount_text
from ml_connector.systems.base import Candidate, Part, Receipt, Row, Shaped, Write
from ml_connector.systems.procurify.api import RowDict, Window
from ml_connector.systems.procurify.surroundings import text_id
from ml_connector.systems.procurify.target import HEADER, Fitting, ProcurifyTarget

BILLS = "/api/v3/ap/bills/"
BILL = "/api/v2/ap/bills/"
STATUSES = ("draft", "confirmed", "approved", "denied", "paid", "withdrawn", "payment confirmed", "payment approved",
            "payment limbo")  # fmt: skip
DEAD = ("denied", "withdrawn")
BACK_DAYS = 366
"""A bill may be older than the invoice's date says, when one of the dates was mistyped."""


class Bills(ProcurifyTarget):
    """Reconciles; `write` is never called."""

    table = "bills"
    mapping_version = "bills-1"
    reconciles = True

    @property
    def late_write_window_s(self) -> float:
        return 0.0

    def shape(self, record: Record, identity: Identity, refs: Refs) -> Shaped:
        assert isinstance(record, Invoice)
        fit = Fitting()
        vendor = refs.id_of("supplier", record.supplier) or ""
        if not vendor:
            fit.refuse("REFERENCE_MISSING_ON_TARGET", f"Supplier {record.supplier.code} is not in Procurify.")
        gross = record.gross if record.gross is not None else record.net + record.tax
        payload = {
            "vendor": vendor,
            "invoice_number": record.number,
            "invoice_date": record.invoice_date.isoformat(),
            "currency": record.currency,
            "amount": amount_text(gross),
            "cancelled": record.status is InvoiceStatus.CANCELLED,
        }
        lookup = {"vendor": vendor, "invoice_number": record.number}
        return fit.shaped(Part(HEADER, self.table, "", payload, lookup=lookup))

    def differences(self, payload: Mapping[str, Any], row: Row) -> list[str]:
        """What the bill says otherwise, with both values."""
        bill, found = row.columns, []
        if bill["amount"] is None or Decimal(payload["amount"]) != Decimal(bill["amount"]):
            found.append(f"amount (bill {bill['amount']}, invoice {payload['amount']})")
        if bill["currency"] and payload["currency"] != bill["currency"]:
            found.append(f"currency (bill {bill['currency']}, invoice {payload['currency']})")
        if bill["invoice_date"] and payload["invoice_date"] != bill["invoice_date"]:
            found.append(f"invoice date (bill {bill['invoice_date']}, invoice {payload['invoice_date']})")
        if payload["cancelled"] and bill["status"] not in DEAD:
            found.append(f"status (bill {bill['status']}, invoice cancelled)")
        return found

    async def read(self, table: str, ids: Sequence[str]) -> dict[str, Row]:
        found = {each: await self.api.one(f"{BILL}{each}/", f"bill {each}") for each in ids}
        return {each: _row(bill) for each, bill in found.items() if bill is not None}

    async def find(self, candidates: Sequence[Candidate]) -> list[list[Row]]:
        return await self.find_parts([each.shaped.parts[0] for each in candidates])

    async def find_parts(self, parts: Sequence[Part]) -> list[list[Row]]:
        """Each vendor's bills are read once; a denied or withdrawn one counts only where there is no other."""
        since: dict[str, date] = {}
        for part in parts:
            day = date.fromisoformat(part.payload["invoice_date"]) - timedelta(days=BACK_DAYS)
            vendor = part.lookup["vendor"]
            since[vendor] = min(day, since.get(vendor, day))
        by_key: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for vendor, start in since.items():
            for row in map(_row, await self._of_vendor(vendor, start)):
                by_key[row.columns["vendor"], row.columns["invoice_number"]].append(row)
        found = []
        for part in parts:
            rows = by_key[part.lookup["vendor"], part.lookup["invoice_number"]]
            found.append([row for row in rows if row.columns["status"] not in DEAD] or rows)
        return found

    async def _of_vendor(self, vendor: str, start: date) -> list[RowDict]:
        tomorrow = await self.api.today() + timedelta(days=1)
        window = Window("last_modified_datetime", min(start, tomorrow), tomorrow, as_times=True)
        return await self.api.listed(BILLS, {"vendor": vendor}, window)

    async def by_code(self, codes: Sequence[str]) -> dict[str, list[str]]:
        """A number alone, without its vendor, names no bill."""
        return {}

    async def _put(self, write: Write) -> Receipt:
        raise RecordError(
            "Procurify's API takes no bills.", code="REFUSED_BY_TARGET", fix="Enter the bill in Procurify by hand."
        )


def _row(bill: RowDict) -> Row:
    status, currency = bill.get("status"), bill.get("currency")
    amount = bill.get("total_cost_with_tax")
    columns = {
        "vendor": text_id(bill.get("vendor")),
        "invoice_number": str(bill.get("invoice_number") or ""),
        "invoice_date": str(bill.get("invoice_date") or "")[:10],
        "currency": str(currency.get("name") or "") if isinstance(currency, dict) else "",
        "amount": None if amount is None else amount_text(Decimal(str(amount))),
        "status": STATUSES[status] if isinstance(status, int) and 0 <= status < len(STATUSES) else str(status),
    }
    return Row(str(bill.get("uuid") or bill["id"]), columns, str(bill.get("version") or ""))
