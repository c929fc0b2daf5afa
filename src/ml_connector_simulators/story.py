"""One manufacturer, told without any vendor's words: what it buys, from whom, and what it is billed for.

`build_story` is deterministic: the same size, seed and day give the same manufacturer, so that an ERP simulator and
a procurement simulator in different processes agree on it. Time stamps end at the midnight before `now`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Literal

OrderStatus = Literal["planned", "released", "confirmed", "arrived", "received", "invoiced", "closed", "cancelled"]
InvoiceStatus = Literal["preliminary", "preliminary_posted", "posted", "partly_paid", "paid", "cancelled"]
InvoiceKind = Literal["invoice", "credit_memo"]

MINOR_DIGITS = {"JPY": 0, "KWD": 3, "BHD": 3}


@dataclass(frozen=True)
class Company:
    """A legal entity. The cost center is kept under another code letter in each (fact sheet IFS §9)."""

    number: str
    name: str
    currency: str
    country: str
    cost_center_part: str


@dataclass(frozen=True)
class Site:
    number: str
    company: str
    name: str
    time_zone: str
    country: str


@dataclass(frozen=True)
class Address:
    number: str
    street: str
    city: str
    postcode: str
    state: str
    country: str


@dataclass(frozen=True)
class Supplier:
    """`name` None: the mandatory name is missing (an awkward record)."""

    number: str
    name: str | None
    country: str
    tax_number: str
    currency: str
    payment_terms: str
    addresses: tuple[Address, ...]
    created_on: date
    changed_at: datetime
    extra: Mapping[str, str] = field(default_factory=dict)  # fields that nobody announced


@dataclass(frozen=True)
class Account:
    company: str
    number: str
    name: str
    group: str
    kind: Literal["cost", "asset", "liability", "revenue"]
    valid_from: date
    valid_until: date
    blocked: bool
    changed_at: datetime


@dataclass(frozen=True)
class CostCenter:
    company: str
    number: str
    name: str
    valid_from: date
    valid_until: date
    changed_at: datetime


@dataclass(frozen=True)
class OrderLine:
    """`part` None: a line without a part (a service). `net` = quantity x unit price in the order's currency."""

    number: str
    release: str
    part: str | None
    description: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    net: Decimal
    tax: Decimal
    account: str
    cost_center: str
    wanted_on: date
    status: OrderStatus
    changed_at: datetime


@dataclass(frozen=True)
class Order:
    """A purchase order; its number is unique across companies. `currency` None: missing (an awkward record)."""

    number: str
    company: str
    site: str
    supplier: str
    buyer: str
    currency: str | None
    rate: Decimal  # company currency per unit of the order's
    ordered_on: date
    entered_at: datetime
    changed_at: datetime
    payment_terms: str
    net: Decimal
    tax: Decimal
    note: str
    status: OrderStatus
    lines: tuple[OrderLine, ...]
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def gross(self) -> Decimal:
        return self.net + self.tax


@dataclass(frozen=True)
class InvoiceLine:
    """A posting; `amount` is signed, in the invoice's currency, without tax."""

    number: int
    account: str
    cost_center: str
    amount: Decimal
    text: str
    order: str | None = None
    order_line: str | None = None
    order_release: str | None = None


@dataclass(frozen=True)
class Invoice:
    """A supplier's invoice; `id` is unique within its company only. Credit memos are negative.

    `number` None: the mandatory number is missing (an awkward record).
    """

    company: str
    id: int
    series: str
    number: str | None
    kind: InvoiceKind
    supplier: str
    invoice_date: date
    arrived_on: date
    due_on: date
    entered_on: date
    changed_at: datetime
    payment_terms: str
    currency: str
    rate: Decimal
    net: Decimal
    tax: Decimal
    order: str | None
    text: str
    status: InvoiceStatus
    lines: tuple[InvoiceLine, ...]
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def gross(self) -> Decimal:
        return self.net + self.tax


@dataclass(frozen=True)
class Awkward:
    """Records that go wrong easily: `key` is stable, `ids` are supplier, order, `company/invoice id` or dimension
    numbers, `what` says in plain words what is awkward about them."""

    key: str
    entity: Literal["suppliers", "purchase_orders", "invoices", "gl_accounts", "cost_centers"]
    ids: tuple[str, ...]
    what: str


@dataclass(frozen=True)
class HandKeyed:
    """What people had typed into the procurement system before any connector ran.

    `suppliers` carry names only (no ERP number was typed). `orders` and `invoices` are told like the source's, but
    their supplier is the hand-typed one of that name; an order may occur twice.
    """

    suppliers: tuple[Supplier, ...]
    orders: tuple[Order, ...]
    invoices: tuple[Invoice, ...]


@dataclass(frozen=True)
class Story:
    """The whole manufacturer; `awkward` names the records that need care, `hand_keyed` what is already over there."""

    companies: tuple[Company, ...]
    sites: tuple[Site, ...]
    suppliers: tuple[Supplier, ...]
    accounts: tuple[Account, ...]
    cost_centers: tuple[CostCenter, ...]
    orders: tuple[Order, ...]
    invoices: tuple[Invoice, ...]
    awkward: tuple[Awkward, ...]
    hand_keyed: HandKeyed

    def awkward_ids(self, key: str) -> tuple[str, ...]:
        """The records of one awkward case. Raises KeyError for an unknown key."""
        return {a.key: a.ids for a in self.awkward}[key]

    def supplier(self, number: str) -> Supplier:
        return next(s for s in self.suppliers if s.number == number)

    def order(self, number: str) -> Order:
        return next(o for o in self.orders if o.number == number)

    def invoice(self, company: str, invoice_id: int) -> Invoice:
        return next(i for i in self.invoices if (i.company, i.id) == (company, invoice_id))


def money(amount: Decimal, currency: str) -> Decimal:
    """Rounded to the currency's smallest unit; JPY has none, KWD and BHD have three digits."""
    return amount.quantize(Decimal(1).scaleb(-MINOR_DIGITS.get(currency, 2)), ROUND_HALF_UP)


def build_story(size: Literal["small", "medium"], seed: int, now: datetime, division: str = "") -> Story:
    """The manufacturer as it stands at `now` (aware).

    Each `division` runs an ERP of its own: it buys half of its goods from suppliers that the others know too (same
    name, address and tax number, under a number of its own) and has orders and invoices of its own.
    """
    return _story(size, seed, now.replace(hour=0, minute=0, second=0, microsecond=0), division)


@lru_cache(maxsize=16)
def _story(size: Literal["small", "medium"], seed: int, midnight: datetime, division: str) -> Story:
    """Told once for all who ask on one day: nothing of a story is ever changed."""
    from .story_awkward import awkward_story
    from .story_ordinary import ordinary_story

    ordinary = ordinary_story(size, seed, midnight, division)
    awkward = awkward_story(midnight)
    return replace(
        awkward,
        companies=ordinary.companies,
        sites=ordinary.sites,
        suppliers=ordinary.suppliers + awkward.suppliers,
        accounts=ordinary.accounts + awkward.accounts,
        cost_centers=ordinary.cost_centers + awkward.cost_centers,
        orders=ordinary.orders + awkward.orders,
        invoices=ordinary.invoices + awkward.invoices,
    )
