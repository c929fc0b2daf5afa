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
from collections.abc import Iterator
from dataclasses import dataclass
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


@dataclass
class Seen:
    """A document on the target."""

    number: str
    supplier: str
    ours: bool
    """Made by the integration; people keyed the others."""
    draft: bool
    lines: Counter[Any]
    facts: tuple[Any, ...] = ()
    dangling: int = 0
    """References of its lines that lead nowhere."""


class Target:
    """ServiceNow: what is there, whichever tables the profile writes."""

    def __init__(self, sets: dict[str, list[Row]]) -> None:
        self.sets = sets
        self.money = {r["sys_id"]: amount(r.get("amount")) for r in sets.get("fx_currency2_instance", ())}
        ours = {name: sum(row["sys_created_by"] == OURS for row in rows) for name, rows in sets.items()}
        pages = ours["sn_apo_invoice"] >= ours["sn_shop_invoice"]
        self.profile = "pages" if pages else "s2p_staging"
        self.supplier_table, self.supplier_key = (
            ("core_company", "correlation_id") if pages else ("sn_fin_supplier", "erp_number")
        )
        self.order_table, self.order_key = (
            ("proc_po", "correlation_id") if pages else ("sn_shop_purchase_order", "erp_number")
        )
        accounts, column = ("itfm_gl_accounts", "account_number") if pages else ("sn_fin_gl_account", "gl_account")
        self.accounts = {row["sys_id"]: row.get(column) for row in sets[accounts]}
        self.centers = {row["sys_id"]: row.get("account_number") for row in sets["cmn_cost_center"]}
        self.suppliers = {row["sys_id"]: row for row in sets[self.supplier_table]}
        self.order_numbers = {row["sys_id"]: self._order_number(row) for row in sets[self.order_table]}
        self.orders = list(self._orders())
        self.invoices = list(self._invoices())

    def supplier_codes(self) -> Counter[str]:
        return Counter(r[self.supplier_key] for r in self.suppliers.values() if r.get(self.supplier_key))

    def supplier(self, sys_id: str | None) -> str:
        row = self.suppliers.get(sys_id or "", {})
        return row.get(self.supplier_key) or row.get("name", "?")

    def value(self, text: str | None) -> Decimal:
        """An amount as it stands, or behind the reference to an FX row."""
        return self.money[text] if text in self.money else amount(text)

    def _order_number(self, row: Row) -> str:
        return row.get(self.order_key) or row.get("number", "?")

    def _orders(self) -> Iterator[Seen]:
        pages = self.profile == "pages"
        lines = grouped_by(self.sets["proc_po_item" if pages else "sn_shop_purchase_order_line"], "purchase_order")
        names = ("ordered_quantity", "cost", "vendor") if pages else ("quantity", "unit_price", "supplier")
        for row in self.sets[self.order_table]:
            own = lines.get(row["sys_id"], [])
            asked = Counter((amount(line.get(names[0])), self.value(line.get(names[1]))) for line in own)
            coded = [line.get(c) for line in own for c in ("u_gl_account", "gl_account") if line.get(c)]
            yield Seen(
                self.order_numbers[row["sys_id"]],
                self.supplier(row.get(names[2])),
                row["sys_created_by"] == OURS,
                row.get("status") in ("requested", "draft"),
                asked,
                dangling=sum(account not in self.accounts for account in coded),
            )

    def _invoices(self) -> Iterator[Seen]:
        pages = self.profile == "pages"
        lines = grouped_by(self.sets["sn_apo_invoice_line" if pages else "sn_shop_invoice_line"], "invoice")
        names = ("vendor", "total_amount") if pages else ("supplier", "invoice_amount")
        for row in self.sets["sn_apo_invoice" if pages else "sn_shop_invoice"]:
            coded = Counter(
                (
                    self.value(line.get("line_amount")),
                    self.accounts.get(line.get("gl_account")),
                    self.centers.get(line.get("cost_center")),
                )
                for line in lines.get(row["sys_id"], ())
            )
            number = row.get("supplier_invoice_number") or ""
            supplier = self.supplier(row.get(names[0]))
            facts = (
                supplier,
                number,
                (row.get("invoice_date") or "")[:10],
                row.get("currency"),
                self.value(row.get("subtotal")),
                self.value(row.get(names[1])),
                self.order_numbers.get(row.get("purchase_order") or "", ""),
                frozenset(coded.items()),
            )
            ours = row["sys_created_by"] == OURS
            yield Seen(number, supplier, ours, pages and row.get("status") == "draft", coded, facts)


def grouped_by(rows: list[Row], name: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.get(name):
            found[row[name]].append(row)
    return found


def integer_quantities(target: Target) -> bool:
    return target.profile == "pages" and any(
        row.get("name") == "proc_po_item"
        and row.get("element") == "ordered_quantity"
        and row.get("internal_type") == "integer"
        for row in target.sets["sys_dictionary"]
    )


def compare(source: Source, target: Target) -> list[str]:
    whole = integer_quantities(target)
    differing = hand_keyed_otherwise(source, target)
    doubled = doubled_suppliers(source, target)
    sound = {
        number
        for number, order in source.orders.items()
        if source.order_is_sound(order, whole) and order["VendorNo"] not in doubled
    } - differing
    invoices = {
        (row["Company"], row["InvoiceId"]): row
        for row in source.sets["PostingProposalHeadSet"]
        if source.invoice_is_sound(row)
        and row["Identity"] not in doubled
        and source.orders_of(row) <= sound
        and not (row["InvoiceDate"] < CUT_OVER and row["Objstate"] == "PaidPosted")
    }
    wanted = {number for row in invoices.values() for number in source.orders_of(row)}
    orders = {number for number in sound if not old_and_closed(source.orders[number]) or number in wanted}
    return [
        *compare_suppliers(source, target),
        *compare_orders(source, target, orders),
        *compare_invoices(source, target, invoices),
    ]


def old_and_closed(order: Row) -> bool:
    return bool(order["OrderDate"] < CUT_OVER and order["Objstate"] == "Closed")


def doubled_suppliers(source: Source, target: Target) -> set[str]:
    """Suppliers whose name people typed more than once: which of the rows is meant, only a person knows."""
    typed = Counter(row["name"] for row in target.suppliers.values() if row["sys_created_by"] != OURS)
    return {code for code, row in source.suppliers.items() if typed[row["Name"]] > 1}


def hand_keyed_otherwise(source: Source, target: Target) -> set[str]:
    """Orders that people typed on the target with other lines, or more than once: they stay as they are."""
    typed: dict[str, list[Seen]] = defaultdict(list)
    for order in target.orders:
        if not order.ours and order.number in source.orders:
            typed[order.number].append(order)
    return {number for number, seen in typed.items() if len(seen) > 1 or seen[0].lines != asked_lines(source, number)}


def asked_lines(source: Source, number: str) -> Counter[tuple[Decimal, Decimal]]:
    lines = source.order_lines.get((number,), ())
    return Counter((amount(line["BuyQtyDue"]), amount(line["BuyUnitPrice"])) for line in lines)


def compare_suppliers(source: Source, target: Target) -> list[str]:
    there = target.supplier_codes()
    return [
        *(f"supplier {code!r}: {there[code]} rows instead of one" for code in source.suppliers if there[code] > 1),
        *(f"supplier {code!r}: should not be there" for code in there if code not in source.suppliers),
    ]


def compare_orders(source: Source, target: Target, expected: set[str]) -> list[str]:
    found: dict[str, list[Seen]] = defaultdict(list)
    for order in target.orders:
        found[order.number].append(order)
    problems = [f"order {number}: missing" for number in sorted(expected) if not found.get(number)]
    for number, seen in found.items():
        if number not in expected and any(order.ours for order in seen):
            problems.append(f"order {number}: should not be there")
        if number in expected and len(seen) != 1:
            problems.append(f"order {number}: {len(seen)} rows")
        if number in expected:
            problems += compare_order(source, source.orders[number], seen[0])
    return problems


def compare_order(source: Source, order: Row, seen: Seen) -> list[str]:
    number, asked = order["OrderNo"], asked_lines(source, order["OrderNo"])
    problems = []
    if seen.lines != asked:
        problems.append(f"order {number}: lines {dict(seen.lines)} instead of {dict(asked)}")
    if seen.ours and seen.supplier not in (order["VendorNo"], order["VendorName"]):
        problems.append(f"order {number}: supplier {seen.supplier}")
    if seen.ours and seen.draft:
        problems.append(f"order {number}: still a draft")
    if seen.dangling:
        problems.append(f"order {number}: a line's GL account does not exist")
    return problems


def compare_invoices(source: Source, target: Target, expected: dict[tuple[Any, ...], Row]) -> list[str]:
    """One row for each natural key: of two real duplicates at the source only one may have been sent."""
    natural: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in expected.values():
        sign = Decimal(row["NetCurrAmount"]) < 0
        natural[row["Company"], row["Identity"], row["SeriesId"], sign, row["InvoiceNo"]].append(row)
    want: Counter[tuple[Any, ...]] = Counter()
    same: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for rows in natural.values():
        first = invoice_facts(source, rows[0])
        want[first] += 1
        same |= {invoice_facts(source, other): first for other in rows[1:]}
    have = Counter(same.get(seen.facts, seen.facts) for seen in target.invoices)
    problems = [f"invoice {s.facts[:2]}: still a draft" for s in target.invoices if s.ours and s.draft]
    typed = {seen.number for seen in target.invoices if not seen.ours}
    for facts in want | have:
        if want[facts] != have[facts] and facts[1] not in typed:
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


def disagreements(source_url: str, target_url: str) -> list[str]:
    """All in which the two simulators disagree."""
    return compare(Source(fetch(source_url)), Target(fetch(target_url)))


def main() -> int:
    given = sys.argv[1:3] or [os.environ["ML_DEMO_SOURCE_URL"], os.environ["ML_DEMO_TARGET_URL"]]
    problems = disagreements(*given)
    for problem in problems[:20]:
        print(problem)
    target = Target(fetch(given[1]))
    counted = f"{len(target.suppliers)} suppliers, {len(target.orders)} orders, {len(target.invoices)} invoices"
    print(f"{'DIFFERENT' if problems else 'equal'}: {len(problems)} disagreements; on the target {counted}")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
