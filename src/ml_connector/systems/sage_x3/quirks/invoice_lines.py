"""Lines of invoices: which line table is filled, what a sign means, and a line per analytic split."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ml_connector.mappings import decimal, text
from ml_connector.mappings.words import Env, MissingError
from ml_connector.records import Reference, join_key
from ml_connector.systems.sage_x3.quirks.coding import code_by_entry
from ml_connector.systems.sage_x3.quirks.orders import order_line_id
from ml_connector.systems.sage_x3.quirks.rows import (
    Knowledge,
    Row,
    account_of,
    amount,
    cost_center_of,
    menu,
    note,
    present,
)


def sign(row: Row) -> int:
    """SNS, else by INVTYP; 1 where the amounts themselves are signed already (FACTS 24)."""
    if (amount(row, "AMTNOT") or 0) < 0:
        return 1
    given = menu(row.get("SNS"))
    if given:
        return -1 if given < 0 else 1
    return -1 if menu(row.get("INVTYP")) in (2, 4) else 1


def invoice_lines(document: Row, knowledge: Knowledge) -> list[Row]:
    """The lines of whichever table is filled, signed, each with its account and cost center (FACTS 24).

    `coded` says whether both were found on the line itself; else the posted entry is asked.
    """
    head: Row = document["head"]
    factor = sign(head)
    found = [_purchase_line(line, factor, knowledge) for line in head.get("PINVOICED") or ()]
    if not found:
        found = _partner_lines(head, factor, knowledge)
    if any(not line["coded"] for line in found):
        code_by_entry(found, head, document.get("entry") or [], knowledge)
    return found


def _line(row: Row, number: Any, net: Decimal | None, gross: Decimal | None, knowledge: Knowledge) -> Row:
    account, center = account_of(row, knowledge), cost_center_of(row, knowledge)
    tax = None if net is None or gross is None else gross - net
    return {
        **row, "id": number, "net": net, "tax": tax, "account": account, "center": center,
        "coded": account is not None and center is not None,
    }  # fmt: skip


def signed(value: Decimal | None, factor: int) -> Decimal | None:
    return None if value is None else value * factor


def _purchase_line(row: Row, factor: int, knowledge: Knowledge) -> Row:
    net, gross = (signed(amount(row, name), factor) for name in ("AMTNOTLIN", "AMTATILIN"))
    line = _line(row, row.get("PIDLIN"), net, gross, knowledge)
    if gross is None and (
        taxes := [tax for tax in (amount(row, f"AMTTAXLIN{n}") for n in (1, 2, 3)) if tax is not None]
    ):
        line["tax"] = sum(taxes, Decimal(0)) * factor
    return line


def _partner_lines(head: Row, factor: int, knowledge: Knowledge) -> list[Row]:
    """A line per analytic split, where a line is split."""
    all_splits: list[Row] = head.get("BPSINVLIGA") or []
    found = []
    for row in head.get("BPSINVLIG") or ():
        number = row.get("LIG")
        splits = row.get("BPSINVLIGA") or [each for each in all_splits if each.get("LIG") == number]
        net, gross = (signed(amount(row, name), factor) for name in ("AMTNOTLIN", "AMTATILIN"))
        if len(splits) < 2:
            merged = {**row, **present(splits[0] if splits else {}, ("COA", "ACC", "DIE", "CCE"))}
            found.append(_line(merged, number, net, gross, knowledge))
            continue
        for index, split in enumerate(splits):
            part = signed(amount(split, "AMT"), factor)
            merged = {**row, **present(split, ("COA", "ACC", "DIE", "CCE"))}
            line = _line(merged, join_key(text(number), text(split.get("ANALIG", index + 1))), part, None, knowledge)
            line["split"] = True
            found.append(line)
    return found


def line_net(row: Any, env: Env) -> Decimal:
    if row["net"] is None:
        raise MissingError("AMTNOTLIN is empty.", fix="Fill in the line's amount at the source.")
    return decimal(row["net"])


def line_tax(row: Any, env: Env) -> Decimal | None:
    return None if row["tax"] is None else decimal(row["tax"])


def line_description(row: Any, env: Env) -> str:
    return text(row.get("ITMDES") or row.get("DES") or "") if not isinstance(row.get("DES"), list) else note(row, env)


def line_quantity(row: Any, env: Env) -> Decimal | None:
    """Not of a split: its share of the quantity is unknown."""
    if row.get("split"):
        return None
    found = amount(row, "QTYUOM")
    return amount(row, "QTY") if found is None else found


def line_order(row: Any, env: Env) -> Reference | None:
    number = row.get("POHNUM")
    return Reference(join_key(text(number)), text(number)) if number not in (None, "") else None


def line_order_line(row: Any, env: Env) -> str:
    """`OrderLine.id`; empty where the line names no line of an order."""
    if row.get("POHNUM") in (None, "") or row.get("POPLIN") in (None, "", 0):
        return ""
    return order_line_id({**row, "POQSEQ": row.get("POQSEQ") or None}, env)
