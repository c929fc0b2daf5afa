"""Compares what a simulated IFS Cloud holds with what arrived in a simulated ServiceNow, document by document.

    python tests/flows/compare_simulators.py SOURCE_URL TARGET_URL

Imports nothing of the product: it decides by itself, from the source's rows, which documents have to be there, with
which amounts, references and coding, and which must not be. Exit status 0 when both sides agree, 1 with a line for
each disagreement. In the demo the addresses come from ML_DEMO_SOURCE_URL and ML_DEMO_TARGET_URL.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

Row = dict[str, Any]
CUT_OVER = "2026-01-01"
OURS = "ml.connector"
"""The integration user; rows that others made were keyed by hand."""
MINOR = {"JPY": Decimal(1), "KWD": Decimal("0.001"), "BHD": Decimal("0.001")}


def fetch(url: str) -> dict[str, list[Row]]:
    with urllib.request.urlopen(f"{url}/_control/state", timeout=60) as answer:
        sets: dict[str, list[Row]] = json.load(answer)["sets"]
        return sets


def amount(text: str | None) -> Decimal:
    """`EUR;12.35` or `12.35`."""
    return Decimal((text or "0").rpartition(";")[2] or "0").normalize()


class Source:
    """IFS Cloud: what should have been moved, judged from its rows alone."""

    def __init__(self, sets: dict[str, list[Row]]) -> None:
        self.sets = sets
        parts = {
            (row["Company"], row["CodePart"])
            for row in sets["AccountingCodePartSet"]
            if row["LogicalCodePart"] == "CostCenter"
        }
        self.part = dict(parts)
        self.accounts = {(r["Company"], r["Account"]): r for r in sets["AccountSet"]}
        self.centers = {
            (row["Company"], row[f"Code{letter}"]): row
            for letter in "BCDEFGHIJ"
            for row in sets.get(f"Code{letter}Set", ())
            if self.part.get(row["Company"]) == letter
        }
        self.suppliers = {r["SupplierId"]: r for r in sets["SupplierInfoGeneralSet"] if r["Name"]}
        self.order_lines = grouped(sets["PurchaseOrderLineSet"], "OrderNo")
        self.invoice_lines = grouped(sets["PostingProposalLineSet"], "Company", "InvoiceId")
        self.orders = {row["OrderNo"]: row for row in sets["PurchaseOrderSet"]}

    def coding_is_valid(self, company: str, account: str | None, center: str | None, day: str) -> bool:
        rows = self.accounts.get((company, account or "")), self.centers.get((company, center or ""))
        if rows[0] is None or rows[1] is None or rows[0].get("BlockedForPosting"):
            return False
        return all(
            (not row.get("ValidFrom") or row["ValidFrom"] <= day)
            and (not row.get("ValidUntil") or day <= row["ValidUntil"])
            for row in rows
            if row
        )

    def center_of(self, company: str, line: Row) -> str | None:
        return line.get(f"Code{self.part[company]}")

    def order_is_sound(self, order: Row, whole: bool) -> bool:
        lines = self.order_lines.get((order["OrderNo"],), [])
        if order["Objstate"] in ("Planned", "Cancelled") or not lines or order["VendorNo"] not in self.suppliers:
            return False
        if not order["CurrencyCode"]:
            return False
        unit = MINOR.get(order["CurrencyCode"], Decimal("0.01")) * len(lines)
        total = sum((Decimal(line["NetAmtCurr"]) for line in lines), Decimal(0))
        if order["NetAmount"] is not None and abs(total - Decimal(order["NetAmount"])) > unit:
            return False
        if whole and any(Decimal(line["BuyQtyDue"]) % 1 for line in lines):
            return False
        return all(self._order_line_is_coded(order, line) for line in lines)

    def _order_line_is_coded(self, order: Row, line: Row) -> bool:
        center = self.center_of(order["Company"], line)
        if not line.get("CodeA") and not center:
            return True
        return self.coding_is_valid(order["Company"], line.get("CodeA"), center, order["OrderDate"])

    def invoice_is_sound(self, invoice: Row) -> bool:
        lines = self.invoice_lines.get((invoice["Company"], invoice["InvoiceId"]), [])
        if invoice["Objstate"] == "Cancelled" or not lines or invoice["Identity"] not in self.suppliers:
            return False
        if not all(invoice[name] for name in ("InvoiceNo", "InvoiceDate", "Currency", "NetCurrAmount")):
            return False
        unit = MINOR.get(invoice["Currency"], Decimal("0.01")) * len(lines)
        total = sum((Decimal(line["CurrAmount"]) for line in lines), Decimal(0))
        if abs(total - Decimal(invoice["NetCurrAmount"])) > unit:
            return False
        return all(
            self.coding_is_valid(
                invoice["Company"], line["CodeA"], self.center_of(invoice["Company"], line), invoice["InvoiceDate"]
            )
            for line in lines
        )

    def orders_of(self, invoice: Row) -> set[str]:
        lines = self.invoice_lines.get((invoice["Company"], invoice["InvoiceId"]), [])
        named = {invoice["PoRefNumber"], *(line["PoOrderNo"] for line in lines)}
        return {order for order in named if order}


def grouped(rows: list[Row], *names: str) -> dict[tuple[Any, ...], list[Row]]:
    found: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        found[tuple(row[name] for name in names)].append(row)
    return found


class Target:
    """ServiceNow: what is there."""

    def __init__(self, sets: dict[str, list[Row]]) -> None:
        self.sets = sets
        self.suppliers = {row["sys_id"]: row for row in sets["core_company"]}
        self.orders = {row["sys_id"]: row for row in sets["proc_po"]}
        self.accounts = {row["sys_id"]: row.get("account_number") for row in sets["itfm_gl_accounts"]}
        self.centers = {row["sys_id"]: row.get("account_number") for row in sets["cmn_cost_center"]}
        self.lines = grouped([row for row in sets["sn_apo_invoice_line"] if row.get("invoice")], "invoice")
        self.order_lines = grouped([r for r in sets["proc_po_item"] if r.get("purchase_order")], "purchase_order")

    def supplier(self, sys_id: str | None) -> str:
        row = self.suppliers.get(sys_id or "", {})
        return row.get("correlation_id") or row.get("name", "?")

    def order_number(self, row: Row) -> str:
        return row.get("correlation_id") or row.get("number", "?")


def integer_quantities(target: Target) -> bool:
    return any(
        row.get("name") == "proc_po_item"
        and row.get("element") == "ordered_quantity"
        and row.get("internal_type") == "integer"
        for row in target.sets["sys_dictionary"]
    )


def compare(source: Source, target: Target) -> list[str]:
    whole = integer_quantities(target)
    differing = hand_keyed_with_other_lines(source, target)
    sound = {n for n, order in source.orders.items() if source.order_is_sound(order, whole)} - differing
    invoices = {
        (row["Company"], row["InvoiceId"]): row
        for row in source.sets["PostingProposalHeadSet"]
        if source.invoice_is_sound(row)
        and source.orders_of(row) <= sound
        and not (row["InvoiceDate"] < CUT_OVER and row["Objstate"] == "PaidPosted")
    }
    wanted = {number for row in invoices.values() for number in source.orders_of(row)}
    orders = {n for n in sound if not old_and_closed(source.orders[n]) or n in wanted}
    return [
        *compare_suppliers(source, target),
        *compare_orders(source, target, orders, differing),
        *compare_invoices(source, target, invoices),
    ]


def old_and_closed(order: Row) -> bool:
    return order["OrderDate"] < CUT_OVER and order["Objstate"] == "Closed"


def hand_keyed_with_other_lines(source: Source, target: Target) -> set[str]:
    """Orders that people typed on the target with other lines, or more than once: they stay as they are."""
    typed: dict[str, list[Row]] = defaultdict(list)
    for row in target.sets["proc_po"]:
        if row["sys_created_by"] != OURS and row.get("number") in source.orders:
            typed[row["number"]].append(row)
    return {
        number for number, rows in typed.items() if len(rows) > 1 or not same_lines(source, target, number, rows[0])
    }


def same_lines(source: Source, target: Target, number: str, row: Row) -> bool:
    theirs = Counter(
        (amount(line["ordered_quantity"]), amount(line["cost"]))
        for line in target.order_lines.get((row["sys_id"],), ())
    )
    ours = Counter(
        (amount(line["BuyQtyDue"]), amount(line["BuyUnitPrice"])) for line in source.order_lines.get((number,), ())
    )
    return theirs == ours


def compare_suppliers(source: Source, target: Target) -> list[str]:
    there = Counter(row["correlation_id"] for row in target.sets["core_company"] if row.get("correlation_id"))
    return [
        *(f"supplier {code!r}: {there[code]} rows instead of one" for code in source.suppliers if there[code] > 1),
        *(f"supplier {code!r}: should not be there" for code in there if code not in source.suppliers),
    ]


def compare_orders(source: Source, target: Target, expected: set[str], differing: set[str]) -> list[str]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in target.sets["proc_po"]:
        found[target.order_number(row)].append(row)
    problems = [f"order {n}: missing" for n in sorted(expected) if not found.get(n)]
    for number, rows in found.items():
        ours = [row for row in rows if row["sys_created_by"] == OURS]
        if number not in expected and ours:
            problems.append(f"order {number}: should not be there")
        if number in expected and len(rows) != 1:
            problems.append(f"order {number}: {len(rows)} rows")
        if number in expected:
            problems += compare_order(source, target, source.orders[number], rows[0])
    return problems


def compare_order(source: Source, target: Target, order: Row, row: Row) -> list[str]:
    number = order["OrderNo"]
    theirs = Counter(
        (amount(line["ordered_quantity"]), amount(line["cost"]))
        for line in target.order_lines.get((row["sys_id"],), ())
    )
    ours = Counter((amount(x["BuyQtyDue"]), amount(x["BuyUnitPrice"])) for x in source.order_lines[(number,)])
    problems = [] if theirs == ours else [f"order {number}: lines {dict(theirs)} instead of {dict(ours)}"]
    if row["sys_created_by"] == OURS and target.supplier(row.get("vendor")) != order["VendorNo"]:
        problems.append(f"order {number}: supplier {target.supplier(row.get('vendor'))}")
    if row["sys_created_by"] == OURS and row.get("status") == "requested":
        problems.append(f"order {number}: still a draft")
    for line in target.order_lines.get((row["sys_id"],), ()):
        if line["sys_created_by"] == OURS and line.get("u_gl_account") and line["u_gl_account"] not in target.accounts:
            problems.append(f"order {number}: a line's GL account does not exist")
    return problems


def compare_invoices(source: Source, target: Target, expected: dict[tuple[Any, ...], Row]) -> list[str]:
    """One row for each natural key: of two real duplicates at the source only one may have been sent."""
    natural: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in expected.values():
        sign = Decimal(row["NetCurrAmount"]) < 0
        natural[row["Company"], row["Identity"], row["SeriesId"], sign, row["InvoiceNo"]].append(row)
    want: Counter[tuple[Any, ...]] = Counter()
    alternatives: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for rows in natural.values():
        first = invoice_facts(source, rows[0])
        want[first] += 1
        for other in rows[1:]:
            alternatives[invoice_facts(source, other)] = first
    have: Counter[tuple[Any, ...]] = Counter()
    problems = []
    for row in target.sets["sn_apo_invoice"]:
        facts = row_facts(target, row)
        have[alternatives.get(facts, facts)] += 1
        if row["sys_created_by"] == OURS and row.get("status") == "draft":
            problems.append(f"invoice {facts[:2]}: still a draft")
    by_hand = {row_facts(target, r)[:2] for r in target.sets["sn_apo_invoice"] if r["sys_created_by"] != OURS}
    for facts in want | have:
        if want[facts] != have[facts] and facts[:2] not in by_hand:
            problems.append(f"invoice {facts[:4]}: {have[facts]} on the target, {want[facts]} wanted {facts[4:]}")
    return problems


def invoice_facts(source: Source, row: Row) -> tuple[Any, ...]:
    lines = source.invoice_lines[row["Company"], row["InvoiceId"]]
    coded = Counter(
        (amount(line["CurrAmount"]), line["CodeA"], source.center_of(row["Company"], line)) for line in lines
    )
    return (
        row["Identity"],
        row["InvoiceNo"],
        row["InvoiceDate"],
        row["Currency"],
        amount(row["NetCurrAmount"]),
        amount(row["GrossCurrAmount"]),
        row["PoRefNumber"] or "",
        frozenset(coded.items()),
    )


def row_facts(target: Target, row: Row) -> tuple[Any, ...]:
    order = target.orders.get(row.get("purchase_order") or "")
    coded = Counter(
        (
            amount(x.get("line_amount")),
            target.accounts.get(x.get("gl_account")),
            target.centers.get(x.get("cost_center")),
        )
        for x in target.lines.get((row["sys_id"],), ())
    )
    return (
        target.supplier(row.get("vendor")),
        row.get("supplier_invoice_number"),
        (row.get("invoice_date") or "")[:10],
        row.get("currency"),
        amount(row.get("subtotal")),
        amount(row.get("total_amount")),
        target.order_number(order) if order else "",
        frozenset(coded.items()),
    )


def main() -> int:
    given = sys.argv[1:3] or [os.environ["ML_DEMO_SOURCE_URL"], os.environ["ML_DEMO_TARGET_URL"]]
    source, target = Source(fetch(given[0])), Target(fetch(given[1]))
    problems = compare(source, target)
    for problem in problems:
        print(problem)
    counted = {name: len(target.sets[name]) for name in ("core_company", "proc_po", "proc_po_item", "sn_apo_invoice")}
    print(f"{'DIFFERENT' if problems else 'equal'}: {len(problems)} disagreements; on the target {counted}")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
