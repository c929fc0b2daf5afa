"""What is on a simulated ServiceNow, whichever tables the profile writes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal

from flows.judge.model import SeenInvoice, SeenOrder, Target
from flows.judge.rows import Row, Sets, amount
from flows.judge.verdict import facts

OURS = "ml.connector"
"""The integration user; rows that others made were keyed by hand."""


def target(sets: Sets) -> Target:
    return _Reader(sets).target()


class _Reader:
    def __init__(self, sets: Sets) -> None:
        self.sets = sets
        self.money = {r["sys_id"]: amount(r.get("amount")) for r in sets.get("fx_currency2_instance", ())}
        ours = {name: sum(row["sys_created_by"] == OURS for row in rows) for name, rows in sets.items()}
        self.pages = pages = ours["sn_apo_invoice"] >= ours["sn_shop_invoice"]
        self.supplier_table, self.supplier_key = (
            ("core_company", "correlation_id") if pages else ("sn_fin_supplier", "erp_number")
        )
        self.order_table, self.order_key = (
            ("proc_po", "correlation_id") if pages else ("sn_shop_purchase_order", "erp_number")
        )
        accounts, column = ("itfm_gl_accounts", "account_number") if pages else ("sn_fin_gl_account", "gl_account")
        self.accounts = {row["sys_id"]: row.get(column) or "" for row in sets[accounts]}
        self.centers = {row["sys_id"]: row.get("account_number") or "" for row in sets["cmn_cost_center"]}
        self.suppliers = {row["sys_id"]: row for row in sets[self.supplier_table]}
        self.order_numbers = {row["sys_id"]: self.order_number(row) for row in sets[self.order_table]}

    def target(self) -> Target:
        carrying = [row[self.supplier_key] for row in self.suppliers.values() if row.get(self.supplier_key)]
        return Target(
            "servicenow",
            Counter(carrying),
            Counter(row["name"] for row in self.suppliers.values() if row["sys_created_by"] != OURS),
            list(self.orders()),
            list(self.invoices()),
            Counter(self.accounts.values()),
            Counter(self.centers.values()),
            whole_quantities=self.pages and self.integer_quantities(),
        )

    def integer_quantities(self) -> bool:
        return any(
            row.get("name") == "proc_po_item"
            and row.get("element") == "ordered_quantity"
            and row.get("internal_type") == "integer"
            for row in self.sets["sys_dictionary"]
        )

    def supplier(self, sys_id: str | None) -> str:
        row = self.suppliers.get(sys_id or "", {})
        return str(row.get(self.supplier_key) or row.get("name", "?"))

    def value(self, text: str | None) -> Decimal:
        """An amount as it stands, or behind the reference to an FX row."""
        return self.money[text] if text in self.money else amount(text)

    def order_number(self, row: Row) -> str:
        return str(row.get(self.order_key) or row.get("number", "?"))

    def orders(self) -> Iterator[SeenOrder]:
        lines = _by(self.sets["proc_po_item" if self.pages else "sn_shop_purchase_order_line"], "purchase_order")
        names = ("ordered_quantity", "cost", "vendor") if self.pages else ("quantity", "unit_price", "supplier")
        for row in self.sets[self.order_table]:
            own = lines.get(row["sys_id"], [])
            coded = [line.get(c) for line in own for c in ("u_gl_account", "gl_account") if line.get(c)]
            yield SeenOrder(
                self.order_numbers[row["sys_id"]],
                self.supplier(row.get(names[2])),
                row["sys_created_by"] == OURS,
                row.get("status") in ("requested", "draft"),
                Counter((amount(line.get(names[0])), self.value(line.get(names[1]))) for line in own),
                dangling=sum(account not in self.accounts for account in coded),
            )

    def invoices(self) -> Iterator[SeenInvoice]:
        lines = _by(self.sets["sn_apo_invoice_line" if self.pages else "sn_shop_invoice_line"], "invoice")
        names = ("vendor", "total_amount") if self.pages else ("supplier", "invoice_amount")
        for row in self.sets["sn_apo_invoice" if self.pages else "sn_shop_invoice"]:
            coded = Counter(
                (
                    self.value(line.get("line_amount")),
                    self.accounts.get(line.get("gl_account") or "", ""),
                    self.centers.get(line.get("cost_center") or "", ""),
                )
                for line in lines.get(row["sys_id"], ())
            )
            number = row.get("supplier_invoice_number") or ""
            supplier = self.supplier(row.get(names[0]))
            told = facts(
                supplier,
                number,
                row.get("invoice_date") or "",
                row.get("currency") or "",
                self.value(row.get("subtotal")),
                self.value(row.get(names[1])),
                self.order_numbers.get(row.get("purchase_order") or "", ""),
                coded,
            )
            ours = row["sys_created_by"] == OURS
            yield SeenInvoice(number, supplier, ours, self.pages and row.get("status") == "draft", told)


def _by(rows: list[Row], name: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.get(name):
            found[row[name]].append(row)
    return found
