"""What a judge knows about both ends, in nobody's words but its own."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class OrderLine:
    """A line, or a release of one; `number` is the line's, as the ERP's people see it."""

    number: str
    quantity: Decimal
    price: Decimal
    account: str = ""
    """Code of the GL account; "" where the line is not coded."""
    cancelled: bool = False


@dataclass(frozen=True)
class Order:
    """A purchase order at the source; `sound` is all that the ERP's rows alone can say against it."""

    id: str
    """What the ERP itself knows it by, unique within the source."""
    scope: str
    """Company, plant, folder."""
    number: str
    """As it is to appear on the target."""
    supplier: str
    """The supplier's code, as it is to appear on the target."""
    currency: str
    lines: tuple[OrderLine, ...]
    sound: bool
    """Released, not cancelled, complete, totals right, supplier there, coding (where given) valid on its date."""
    old_and_closed: bool = False
    """Dated before the cut-over and closed: comes only when something new refers to it."""


@dataclass(frozen=True)
class InvoiceLine:
    """A line that is not tax; the amount is signed, in the invoice's currency."""

    amount: Decimal
    account: str
    center: str


@dataclass(frozen=True)
class Invoice:
    """An invoice at the source; amounts are signed, in `currency`."""

    id: str
    scope: str
    number: str
    supplier: str
    date: str
    currency: str
    net: Decimal
    gross: Decimal
    lines: tuple[InvoiceLine, ...]
    natural: tuple[Any, ...]
    """Company, supplier, series, kind, number: of several that share it only one is sent."""
    orders: frozenset[str]
    """Ids of all orders that header and lines name."""
    order: str
    """Number of the order that the header names, "" where it names none."""
    sound: bool
    """Not cancelled, complete, totals right, supplier there, every line validly coded on its date."""
    old_and_paid: bool = False


@dataclass(frozen=True)
class Source:
    """One ERP."""

    system: str
    suppliers: dict[str, str]
    """Name by code, of those that have all they need."""
    orders: tuple[Order, ...]
    invoices: tuple[Invoice, ...]
    accounts: frozenset[str] = frozenset()
    """Codes of GL accounts that have to be on the target."""
    centers: frozenset[str] = frozenset()
    keys: dict[str, str] = field(default_factory=dict)
    """Code of a supplier by the ERP's own key, where that is another."""
    center_names: dict[str, str] = field(default_factory=dict)
    """By code."""


@dataclass(frozen=True)
class SeenOrder:
    """An order on the target."""

    number: str
    supplier: str
    """Its code where the row has one, else its name; its name where the target names suppliers."""
    ours: bool
    """Made by the integration; people keyed the others."""
    draft: bool
    lines: Counter[tuple[Decimal, Decimal]]
    """(quantity, unit price)."""
    dangling: int = 0
    """References of its lines that lead nowhere."""
    scope: str = ""
    """Where the target shows it."""
    coding: Counter[tuple[str, str]] | None = None
    """(number, GL account) of its lines, where the target shows them."""


@dataclass(frozen=True)
class SeenInvoice:
    """An invoice on the target; `facts` as `verdict.facts_of` puts them together."""

    number: str
    supplier: str
    ours: bool
    draft: bool
    facts: tuple[Any, ...]


@dataclass
class Target:
    """One procurement system."""

    system: str
    suppliers: Counter[str]
    """Rows by supplier code, of those that carry one."""
    typed_names: Counter[str]
    """Names of the suppliers that people typed."""
    orders: list[SeenOrder]
    invoices: list[SeenInvoice]
    accounts: Counter[str] = field(default_factory=Counter)
    """Rows by code."""
    centers: Counter[str] = field(default_factory=Counter)
    whole_quantities: bool = False
    """Fractions of a quantity cannot be stored: such orders are refused."""
    coded_orders: bool = False
    """Lines without a GL account cannot be stored: such orders are refused."""
    releases_summed: bool = False
    """The releases of a line are one line here, where price and GL account allow it; what orders nothing is none."""
    takes_invoices: bool = True
    """False: invoices are compared with what people enter, never written."""
    names_suppliers: bool = False
    """Orders name their supplier: ERPs that have one of the same name share it."""
    unreachable: frozenset[str] = frozenset()
    """Names under which nothing can be ordered: another supplier has the same one, or it is not for orders."""
    without_centers: frozenset[str] = frozenset()
    """ERPs whose cost centers do not come here."""
