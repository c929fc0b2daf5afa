"""What is on a simulated Procurify: requests that carry an ERP's number on their items, whatever became of them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator

from flows.judge.model import SeenOrder, Target
from flows.judge.rows import Row, Sets, amount, grouped

MARK = re.compile(r"([^:]*):(.*?)/([^\s/]+) ")
"""`<scope>:<number>/<line> ` at the start of an item's name: the integration made it."""
PREFERRED = 3
"""The type of vendors that requests can name."""


def target(sets: Sets) -> Target:
    return _Reader(sets).target()


class _Reader:
    def __init__(self, sets: Sets) -> None:
        self.sets = sets
        self.vendors = {row["id"]: row for row in sets["vendors"]}
        self.namesakes = grouped(sets["vendors"], "name")
        self.numbers = {row["procurify_PO"]: row["PO_Num"] for row in sets["purchase_orders"]}

    def target(self) -> Target:
        vendors = self.vendors.values()
        return Target(
            "procurify",
            Counter(code_of(row["external_id"]) for row in vendors if row["external_id"]),
            Counter(row["name"] for row in vendors if not row["external_id"]),
            list(self.orders()),
            [],
            Counter(row["code"] for row in self.sets["account_codes"]),
            Counter(name for row in self.sets["departments"] for name in names_of(row)),
            coded_orders=True,
            releases_summed=True,
            takes_invoices=False,
            names_suppliers=True,
            unreachable=frozenset(row["name"] for row in vendors if not self.is_reachable(row)),
            without_centers=frozenset({"plex"}),
        )

    def is_reachable(self, vendor: Row) -> bool:
        """Requests name their vendor: of several with one name the lowest id may win, or the one that is active."""
        rivals = [row for row in self.namesakes[vendor["name"],] if row["id"] != vendor["id"]]
        misleading = any(row["active"] or row["id"] < vendor["id"] for row in rivals)
        return vendor["active"] and vendor["type"] == PREFERRED and not misleading

    def orders(self) -> Iterator[SeenOrder]:
        for row in self.sets["orders"]:
            items = row["order_items"]
            marks = [MARK.match(item["name"]) for item in items]
            typed = [self.numbers.get(item["purchase_order"]) for item in items]
            told = Counter((mark[1], mark[2]) for mark in marks if mark)
            scope, number = next(iter(told), ("", ""))
            yield SeenOrder(
                number or next(filter(None, typed), f"request {row['num']}"),
                " and ".join(sorted({self.vendors[item["pref_vendor"]]["name"] for item in items})),
                ours=bool(told),
                draft=False,
                lines=Counter((amount(item["quantity"]), amount(item["price"])) for item in items),
                dangling=sum(mark is None or told[mark[1], mark[2]] < len(items) for mark in marks) if told else 0,
                scope=scope,
                coding=Counter((mark[3], item["accountCode"]) for mark, item in zip(marks, items, strict=True) if mark),
            )


def names_of(department: Row) -> set[str]:
    """What a department stands for: a cost center by its code, and all that are called like it."""
    return {department["name"], code_of(department["external_id"] or "")} - {""}


def code_of(external_id: str) -> str:
    """The last part of `<system>:<scope>:<key>`, and of a key that has parts; quoted where blanks matter."""
    if external_id.endswith('"'):
        return str(json.loads(external_id[external_id.index('"') :]))
    return external_id.rpartition(":")[2].rpartition("/")[2]
