"""What somebody changes in each ERP between two runs: texts that travel to the target, as many in each source."""

from __future__ import annotations

from typing import Any

from ml_connector_simulators.framework import Simulator

# per system, (set, what is its key, a text of it), one for suppliers, orders and invoices each
_TEXTS: dict[str, tuple[tuple[str, tuple[str, ...], str], ...]] = {
    "plex": (
        ("suppliers", ("id",), "name"),
        ("purchase-orders", ("id",), "note"),
        ("ap-invoices", ("id",), "internalNote"),
    ),
    "syspro": (
        ("ApSupplier", ("CompanyId", "Supplier"), "SupplierName"),
        ("PorMasterHdr", ("CompanyId", "PurchaseOrder"), "Buyer"),
        ("ApInvoice", ("CompanyId", "Supplier", "Invoice"), "Reference"),
    ),
    "sage_x3": (
        ("BPSUPPLIER", ("BPSNUM",), "BPSNAM"),
        ("PORDER", ("POHNUM",), "ORDREF"),
        ("PINVOICE", ("NUM",), "DES"),
    ),
    "ifs_cloud": (
        ("SupplierInfoGeneralSet", ("SupplierId",), "Name"),
        ("PurchaseOrderSet", ("OrderNo",), "NoteText"),
        ("PostingProposalHeadSet", ("Company", "InvoiceId"), "VoucherText"),
    ),
}
_READ = {"plex": {"pcn": "104455"}, "syspro": {"CompanyId": "EDU1"}}
"""The part of a system that the connection reads."""


def edit(simulator: Simulator, count: int, text: str) -> int:
    """Change about `count` records, evenly spread over all there are, so many of each kind; how many they were."""
    texts = _TEXTS[simulator.system]
    return sum(_change(simulator, *one, count // len(texts), text) for one in texts)


def _change(simulator: Simulator, name: str, key: tuple[str, ...], column: str, count: int, text: str) -> int:
    own = _READ.get(simulator.system, {})
    rows = [row for row in simulator.truth()[name] if all(row[part] == value for part, value in own.items())]
    chosen = [rows[number * len(rows) // count] for number in range(min(count, len(rows)))]
    keys: list[dict[str, Any]] = [{part: row[part] for part in key} for row in chosen]
    for each in keys:
        simulator.update(name, each, {column: text})
    return len(keys)
