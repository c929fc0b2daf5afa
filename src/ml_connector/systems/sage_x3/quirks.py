"""What could not be declared: which array element counts, what a sign means, which line table is filled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from ml_connector.mappings import day_of_moment, decimal, text
from ml_connector.mappings.words import Env, MissingError
from ml_connector.records import Entity, InvoiceStatus, OrderStatus, Reference, join_key

Row = dict[str, Any]
Knowledge = Mapping[str, Any]

VERSION = 1
"""Raised when a function below gives other values for the same rows."""

YES = 2
"""Local menus are integers: 1 is no, 2 is yes (FACTS 16)."""


def text_key(key: Sequence[str]) -> str:
    return join_key(*key)


def menu(value: Any, default: int = 0) -> int:
    """A local menu's number, also where it comes as text."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return default


def values(row: Row, name: str) -> list[Any]:
    """X[n] is an array (FACTS 17); a single value and numbered properties are read as well."""
    found = row.get(name)
    if isinstance(found, list):
        return found
    if found is not None:
        return [found]
    numbered = [row.get(f"{name}{number}") for number in range(1, 21)]
    while numbered and numbered[-1] is None:
        numbered.pop()
    return numbered


def first(row: Row, name: str) -> str:
    """The first element that is not empty."""
    return next((text(each) for each in values(row, name) if each not in (None, "")), "")


def amount(row: Row, name: str) -> Decimal | None:
    value = row.get(name)
    return None if value is None or value == "" else decimal(value)


# Dimensions --------------------------------------------------------------------------------------------------------


def cost_center_of(row: Row, knowledge: Knowledge) -> Reference | None:
    """DIE[i] says of which type CCE[i] is (FACTS 17)."""
    wanted = knowledge["dimension"]
    for kind, code in zip(values(row, "DIE"), values(row, "CCE"), strict=False):
        if kind == wanted and code not in (None, ""):
            return Reference(join_key(wanted, text(code)), text(code))
    return None


def account_of(row: Row, knowledge: Knowledge) -> Reference | None:
    """ACC, or of several the one in our chart; an account of another chart stays what it is and is not found."""
    accounts, charts = values(row, "ACC"), values(row, "COA")
    pairs = [
        (charts[index] if index < len(charts) and charts[index] else knowledge["chart"], text(each))
        for index, each in enumerate(accounts)
        if each not in (None, "")
    ]
    if not pairs:
        return None
    chart, code = next((pair for pair in pairs if pair[0] == knowledge["chart"]), pairs[0])
    return Reference(join_key(text(chart), code), code)


def account(row: Any, env: Env) -> Reference | None:
    return account_of(row, env.knowledge)


def cost_center(row: Any, env: Env) -> Reference | None:
    return cost_center_of(row, env.knowledge)


NO_DATE = "0000-00-00"


def day_in(name: str, *, required: bool = False) -> Callable[[Any, Env], date | None]:
    """A day; X3 writes an empty one as null, as nothing or as zeros."""

    def read(row: Any, env: Env) -> date | None:
        value = row.get(name)
        if value in (None, "", NO_DATE):
            if required:
                raise MissingError(f"{name} is empty.", fix=f"Fill in {name} at the source.")
            return None
        return day_of_moment(value)

    read.__qualname__ = f"day_in.{name}.{required}"
    return read


def active(row: Any, env: Env) -> bool:
    return menu(row.get("ENAFLG"), YES) == YES


def company(row: Any, env: Env) -> str:
    """CPY, else the company of the site as the settings know it."""
    given = row.get("CPY")
    if given:
        return text(given)
    site = row.get("POHFCY") or row.get("FCY") or ""
    return str(env.knowledge["sites"].get(site, ""))


def folder(row: Any, env: Env) -> str:
    return str(env.knowledge["folder"])


# Suppliers ---------------------------------------------------------------------------------------------------------


def prepared_supplier(document: Row, knowledge: Knowledge) -> Row:
    """The supplier with its addresses, the default one (BPAADD) first, and what its business partner says."""
    head: Row = document["head"]
    partner = (document.get("partner") or [{}])[0]
    for name in ("BPRNAM", *(f"BPRNAM{number}" for number in (1, 2)), "CRN", "EECNUM", "CRY", "LAN"):
        if head.get(name) in (None, "") and partner.get(name) not in (None, ""):
            head[name] = partner[name]
    addresses = head.get("BPAADDRESS") or document.get("addresses") or []
    mine = [each for each in addresses if each.get("BPAADD") and menu(each.get("BPATYP"), 1) == 1]
    head["addresses"] = sorted(mine, key=lambda each: bool(each["BPAADD"] != head.get("BPAADD")))
    return head


def supplier_name(row: Any, env: Env) -> str:
    """BPSNAM, which may be cut: the business partner has the whole name in two lines."""
    name, whole = text(row.get("BPSNAM") or ""), partner_name(row)
    if whole.startswith(name):
        name = whole or name
    if not name:
        raise MissingError("BPSNAM is empty.", fix="Fill in BPSNAM at the source.")
    return name


def _default_address(row: Row) -> Row:
    """BPAADD of the supplier names it; else the only one."""
    found: list[Row] = row.get("addresses") or []
    wanted = row.get("BPAADD")
    chosen = [each for each in found if each.get("BPAADD") == wanted]
    return (chosen or found[:1] or [{}])[0]


def supplier_country(row: Any, env: Env) -> str:
    return text(row.get("CRY") or _default_address(row).get("CRY") or "")


def supplier_tax_id(row: Any, env: Env) -> str:
    return text(row.get("EECNUM") or row.get("CRN") or "")


def supplier_phone(row: Any, env: Env) -> str:
    return first(_default_address(row), "TEL")


def _web(row: Row) -> list[str]:
    return [text(each) for each in values(_default_address(row), "WEB") if each not in (None, "")]


def supplier_email(row: Any, env: Env) -> str:
    """WEB holds addresses of mail on some installations, of a website on others."""
    return next((each for each in _web(row) if "@" in each), "")


def supplier_website(row: Any, env: Env) -> str:
    return next((each for each in _web(row) if "@" not in each), "")


def street(index: int) -> Callable[[Any, Env], str]:
    """One of the lines BPAADDLIG[3]; the third goes behind the second."""

    def line(row: Any, env: Env) -> str:
        found = [text(each) if each is not None else "" for each in values(row, "BPAADDLIG")] + [""] * 3
        return found[0] if index == 0 else ", ".join(filter(None, found[1:3]))

    line.__qualname__ = f"street.{index}"
    return line


# Purchase orders ---------------------------------------------------------------------------------------------------


def prepared_order(document: Row, knowledge: Knowledge) -> Row:
    """The order with its lines; prices come from a second array where the first has none (FACTS 23)."""
    head: Row = document["head"]
    prices = {(each.get("POPLIN"), each.get("POPSEQ")): each for each in head.get("PORDERP") or ()}
    by_line = {key[0]: each for key, each in prices.items()}

    def price(line: Row) -> Row:
        sequence = line.get("POPSEQ", line.get("POQSEQ"))
        return prices.get((line.get("POPLIN"), sequence)) or by_line.get(line.get("POPLIN")) or {}

    head["lines"] = [{**price(line), **line} for line in head.get("PORDERQ") or ()]
    return head


def _moved(row: Row, flag: str, lines: str) -> bool:
    """Whether something was received or invoiced, by the order's flag or by its lines."""
    if menu(row.get(flag)) in (2, 3):
        return True
    return any((amount(line, lines) or 0) > 0 for line in row.get("lines") or ())


def order_status(row: Any, env: Env) -> OrderStatus:
    """X3 has no cancelled order: closed with nothing received and nothing invoiced is one (FACTS 23)."""
    received, invoiced = _moved(row, "RCPFLG", "RCPQTYPUU"), _moved(row, "INVFLG", "INVQTYPUU")
    if menu(row.get("CLEFLG"), 1) == YES:
        return OrderStatus.CLOSED if received or invoiced else OrderStatus.CANCELLED
    if env.knowledge["need_approval"] and menu(row.get("APPFLG"), 3) in (1, 2):
        return OrderStatus.PLANNED
    if menu(row.get("INVFLG")) == 3:
        return OrderStatus.INVOICED
    if menu(row.get("RCPFLG")) == 3:
        return OrderStatus.RECEIVED
    return OrderStatus.PARTLY_RECEIVED if received else OrderStatus.RELEASED


def order_kind(row: Any, env: Env) -> str:
    return "contract" if menu(row.get("POHTYP"), 1) == 2 else "purchase_order"


NAME_LENGTH = 35


def partner_name(row: Any) -> str:
    """BPRNAM[2]; a first line that is full goes on in the second."""
    lines = [text(each) for each in values(row, "BPRNAM") if each not in (None, "")]
    glue = "" if lines and len(lines[0]) == NAME_LENGTH else " "
    return glue.join(lines)


def order_supplier(row: Any, env: Env) -> Reference:
    return _supplier(row, "BPSNUM")


def _supplier(row: Row, name: str) -> Reference:
    code = row.get(name)
    if code is None or code == "":
        raise MissingError(f"{name} is empty.", fix=f"Fill in {name} at the source.")
    return Reference(join_key(text(code)), text(code), partner_name(row))


def order_line_id(row: Any, env: Env) -> str:
    """POPLIN and POQSEQ; invoice lines name the order's line in the same way."""
    line, sequence = row.get("POPLIN"), row.get("POQSEQ")
    if line is None or line == "":
        raise MissingError("POPLIN is empty.", fix="Report it: X3 numbers every line of an order.")
    return join_key(text(line), text(sequence)) if sequence not in (None, "") else join_key(text(line))


def quantity(row: Any, env: Env) -> Decimal | None:
    """In purchase units, as prices and received quantities are; else in order units."""
    found = amount(row, "QTYPUU")
    return amount(row, "QTYUOM") if found is None else found


def unit(row: Any, env: Env) -> str:
    return text((row.get("UOM") if amount(row, "QTYPUU") is None else row.get("PUU") or row.get("UOM")) or "")


def unit_price(row: Any, env: Env) -> Decimal | None:
    found = amount(row, "NETPRI")
    return amount(row, "GROPRI") if found is None else found


def tax_code(row: Any, env: Env) -> str:
    return first(row, "VAT")


def order_line_cancelled(row: Any, env: Env) -> bool:
    """Closed with nothing received and nothing invoiced."""
    if menu(row.get("LINCLEFLG"), 1) != YES:
        return False
    return not (amount(row, "RCPQTYPUU") or 0) and not (amount(row, "INVQTYPUU") or 0)


# Invoices ----------------------------------------------------------------------------------------------------------

DOCUMENT_TYPES = {1: "invoice", 2: "credit_memo", 3: "debit_memo", 4: "credit_memo", 5: "pro_forma"}


def prepared_invoice(document: Row, knowledge: Knowledge) -> Row:
    head: Row = document["head"]
    head["lines"] = invoice_lines(document, knowledge)
    return head


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
        _code_by_entry(found, head, document.get("entry") or [], knowledge)
    return found


def _line(row: Row, number: Any, net: Decimal | None, gross: Decimal | None, knowledge: Knowledge) -> Row:
    account, center = account_of(row, knowledge), cost_center_of(row, knowledge)
    tax = None if net is None or gross is None else gross - net
    return {
        **row, "id": number, "net": net, "tax": tax, "account": account, "center": center,
        "coded": account is not None and center is not None,
    }  # fmt: skip


def _signed(value: Decimal | None, factor: int) -> Decimal | None:
    return None if value is None else value * factor


def _purchase_line(row: Row, factor: int, knowledge: Knowledge) -> Row:
    net, gross = (_signed(amount(row, name), factor) for name in ("AMTNOTLIN", "AMTATILIN"))
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
        net, gross = (_signed(amount(row, name), factor) for name in ("AMTNOTLIN", "AMTATILIN"))
        if len(splits) < 2:
            merged = {**row, **_present(splits[0] if splits else {}, ("COA", "ACC", "DIE", "CCE"))}
            found.append(_line(merged, number, net, gross, knowledge))
            continue
        for index, split in enumerate(splits):
            part = _signed(amount(split, "AMT"), factor)
            merged = {**row, **_present(split, ("COA", "ACC", "DIE", "CCE"))}
            line = _line(merged, join_key(text(number), text(split.get("ANALIG", index + 1))), part, None, knowledge)
            line["split"] = True
            found.append(line)
    return found


def _present(row: Row, names: Iterable[str]) -> Row:
    """What a split says itself; its places of ACC are those of the line's COA."""
    every = {name: values(row, name) for name in names}
    return {name: each for name, each in every.items() if any(one not in (None, "") for one in each)}


def _code_by_entry(lines: list[Row], head: Row, entries: Sequence[Row], knowledge: Knowledge) -> None:
    """Accounts and cost centers from the posted entry: lines of the same amount, or what all lines share.

    A discount may be as large as a cost, a tax as large as a line: the side (SNS) tells them apart, then the center.
    Lines of the supplier's own account and of taxes match no line of the invoice. What fits in no clear way stays
    uncoded, and the record is rejected with that reason instead of being coded by guess.
    """
    postings = [each for entry in entries for each in _postings(entry, head, knowledge)]
    free = sorted(postings, key=lambda each: each["center"] is None)
    pairs: list[Row | None] = []
    for line in lines:
        net = line["net"]
        fitting = [each for each in free if net is not None and abs(each["size"]) == abs(net)]
        match = next((each for each in fitting if each["size"] == net), fitting[0] if fitting else None)
        if match is not None:
            free.remove(match)
        pairs.append(match)
    if any(pair is None for pair in pairs):
        centered = [each for each in postings if each["center"] is not None]
        kinds = {(each["account"], each["center"]) for each in centered}
        pairs = [centered[0] if len(kinds) == 1 else None] * len(lines)
    for line, pair in zip(lines, pairs, strict=True):
        if pair is not None:
            line["account"] = line["account"] or pair["account"]
            line["center"] = line["center"] or pair["center"]


def _postings(entry: Row, head: Row, knowledge: Knowledge) -> list[Row]:
    """The lines of an entry that may stand for lines of the invoice, split by their analytics."""
    found = []
    all_splits = entry.get("GACCENTRYA") or []
    for line in entry.get("GACCENTRYD") or ():
        if menu(line.get("LEDTYP"), 1) != 1 or (line.get("BPR") and line.get("BPR") == head.get("BPR")):
            continue
        if line.get("ACC") in (None, "", head.get("BPRSAC")):
            continue
        for row, size in posting_parts(line, all_splits):
            merged = {**line, **_present(row, ("DIE", "CCE"))}
            account, center = account_of(line, knowledge), cost_center_of(merged, knowledge)
            debit = menu(line.get("SNS"), 1) >= 0
            found.append({"size": size if debit else -size, "account": account, "center": center})
    return found


def posting_parts(line: Row, all_splits: Sequence[Row]) -> list[tuple[Row, Decimal]]:
    """A posting's analytic splits with their amounts, or the posting itself."""
    splits = line.get("GACCENTRYA") or [
        each
        for each in all_splits
        if each.get("LIN") == line.get("LIN") and menu(each.get("LEDTYP"), 1) == menu(line.get("LEDTYP"), 1)
    ]
    whole = amount(line, "AMTCUR") or Decimal(0)
    if len(splits) < 2:
        return [(splits[0] if splits else {}, whole)]
    return [(each, amount(each, "AMTCUR") or Decimal(0)) for each in splits]


def document_type(row: Any, env: Env) -> str:
    kind = menu(row.get("INVTYP"), 1)
    if kind not in DOCUMENT_TYPES:
        raise ValueError(f"INVTYP {kind} is not a known kind of invoice")
    return DOCUMENT_TYPES[kind]


def invoice_status(row: Any, env: Env) -> InvoiceStatus:
    """Validated is posted; X3 says nothing here about payment (FACTS 24)."""
    return InvoiceStatus.POSTED if menu(row.get("STA"), 3) >= 3 else InvoiceStatus.RECEIVED


def invoice_supplier(row: Any, env: Env) -> Reference:
    return _supplier(row, "BPR")


def _total(row: Row, name: str) -> Decimal | None:
    return _signed(amount(row, name), sign(row))


def invoice_net(row: Any, env: Env) -> Decimal:
    found = _total(row, "AMTNOT")
    if found is None:
        raise MissingError("AMTNOT is empty.", fix="Fill in AMTNOT at the source.")
    return decimal(found)


def invoice_gross(row: Any, env: Env) -> Decimal | None:
    return _total(row, "AMTATI")


def invoice_tax(row: Any, env: Env) -> Decimal | None:
    """The difference of the totals, else the sum of AMTTAX[]."""
    net, gross = _total(row, "AMTNOT"), _total(row, "AMTATI")
    if net is not None and gross is not None:
        return decimal(gross - net)
    taxes = [decimal(each) for each in values(row, "AMTTAX") if each not in (None, "")]
    return sum(taxes, Decimal(0)) * sign(row) if taxes else None


def exchange_rate(row: Any, env: Env) -> Decimal | None:
    found = next((each for each in values(row, "RATMLT") if each not in (None, "", 0)), None)
    return None if found is None else decimal(found)


def note(row: Any, env: Env) -> str:
    return "\n".join(text(each) for each in values(row, "DES") if each not in (None, ""))


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


def invoice_order(row: Any, env: Env) -> Reference | None:
    """The order that all lines agree on."""
    numbers = {line.get("POHNUM") for line in row["lines"]} - {None, ""}
    if len(numbers) != 1:
        return None
    number = text(numbers.pop())
    return Reference(join_key(number), number)


def line_order_line(row: Any, env: Env) -> str:
    """`OrderLine.id`; empty where the line names no line of an order."""
    if row.get("POHNUM") in (None, "") or row.get("POPLIN") in (None, "", 0):
        return ""
    return order_line_id({**row, "POQSEQ": row.get("POQSEQ") or None}, env)


# Accounts, cost centers, postings ----------------------------------------------------------------------------------


def plain(document: Row, knowledge: Knowledge) -> Row:
    head: Row = document["head"]
    return head


def prepared_posting(document: Row, knowledge: Knowledge) -> Row:
    """A line of an entry over the entry's head."""
    head: Row = document["head"]
    line: Row = document["lines"][0]
    splits = line.get("GACCENTRYA") or document.get("splits") or []
    centers = {cost_center_of(each, knowledge) for each in splits} or {cost_center_of(line, knowledge)}
    return {
        **head,
        "line": line,
        "account": account_of(line, knowledge),
        "center": centers.pop() if len(centers) == 1 else None,
    }


def posting_amount(row: Any, env: Env) -> Decimal:
    """Amounts are unsigned; SNS is 1 for debit and -1 for credit (FACTS 27)."""
    line = row["line"]
    size = amount(line, "AMTCUR")
    if size is None:
        raise MissingError("AMTCUR is empty.", fix="Report it: X3 gives every posting an amount.")
    return decimal(size * (-1 if menu(line.get("SNS"), 1) < 0 else 1))


def posting_text(row: Any, env: Env) -> str:
    return first(row["line"], "DES") or text(row.get("DESVCR") or "")


def of_line(name: str) -> Callable[[Any, Env], str]:
    def read(row: Any, env: Env) -> str:
        value = row["line"].get(name)
        return "" if value is None else text(value)

    read.__qualname__ = f"of_line.{name}"
    return read


def period(row: Any, env: Env) -> str:
    year, number = row.get("FIY"), row.get("PER")
    return "/".join(text(each) for each in (year, number) if each not in (None, ""))


def held(name: str) -> Callable[[Any, Env], Any]:
    """A value that preparing has put there."""

    def read(row: Any, env: Env) -> Any:
        return row[name]

    read.__qualname__ = f"held.{name}"
    return read


PREPARED: dict[Entity, Callable[[Row, Knowledge], Row]] = {
    Entity.SUPPLIERS: prepared_supplier,
    Entity.PURCHASE_ORDERS: prepared_order,
    Entity.INVOICES: prepared_invoice,
    Entity.GL_ACCOUNTS: plain,
    Entity.COST_CENTERS: plain,
    Entity.GL_POSTINGS: prepared_posting,
}


def posting_key(row: Any, env: Env) -> str:
    return join_key(text(row.get("TYP")), text(row.get("NUM")), text(row["line"].get("LIN")))
