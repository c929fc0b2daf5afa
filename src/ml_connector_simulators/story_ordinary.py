"""The ordinary part of the story: documents as they should be, made from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Literal

from . import story_names as names
from .story import (
    Account,
    Address,
    Company,
    CostCenter,
    HandKeyed,
    Invoice,
    InvoiceLine,
    InvoiceStatus,
    Order,
    OrderLine,
    OrderStatus,
    Site,
    Story,
    Supplier,
    money,
)

COMPANIES = (
    Company("10", "Halvorsen Pumpen GmbH", "EUR", "DE", cost_center_part="B"),
    Company("20", "Halvorsen Pumps Inc.", "USD", "US", cost_center_part="C"),
)
SITES = (
    Site("H1", "10", "Plant Esslingen", "Europe/Berlin", "DE"),
    Site("H2", "10", "Plant Jena", "Europe/Berlin", "DE"),
    Site("A1", "20", "Plant Rockford", "America/Chicago", "US"),
)
# company currency -> value of one unit of the foreign currency; JPY is quoted per unit too
RATES = {
    "EUR": {"EUR": "1", "USD": "0.9215", "GBP": "1.1690", "SEK": "0.0872", "PLN": "0.2331", "JPY": "0.006134",
            "KWD": "2.9970", "BHD": "2.4440"},
    "USD": {"EUR": "1.0852", "USD": "1", "GBP": "1.2686", "SEK": "0.0946", "PLN": "0.2530", "JPY": "0.006657",
            "KWD": "3.2524", "BHD": "2.6525"},
}  # fmt: skip
DIVISIONS = {"plex": 2, "syspro": 3, "sage_x3": 4}
FOREVER = date(2049, 12, 31)
FOUNDED = date(2015, 1, 1)
TAX = {"DE": Decimal("0.19"), "US": Decimal("0")}
SPREAD_DAYS = 270
# how many ordinary suppliers, orders and invoices, and how many times the chart; the awkward ones come on top
_COUNTS = {"small": (26, 42, 86, 1), "medium": (1980, 2980, 5960, 10)}


def rate(company: str, currency: str) -> Decimal:
    """Company currency per unit of `currency`."""
    own = next(c.currency for c in COMPANIES if c.number == company)
    return Decimal(RATES[own][currency])


def tax_on(net: Decimal, company: str, currency: str) -> Decimal:
    """The input tax the company's country asks for."""
    country = next(c.country for c in COMPANIES if c.number == company)
    return money(net * TAX[country], currency)


def ordinary_story(size: Literal["small", "medium"], seed: int, midnight: datetime, division: str = "") -> Story:
    """Everything up to `midnight`, spread over the nine months before it."""
    name = f"ml-connector simulators {seed}"
    maker = _Maker(Random(f"{name} {division}".rstrip()), midnight, DIVISIONS.get(division, 1))
    supplier_count, order_count, invoice_count, chart_scale = _COUNTS[size]
    if division:
        shared = _Maker(Random(name), midnight, maker.division).suppliers(supplier_count // 2)
        suppliers = maker.suppliers(supplier_count - len(shared), shared)
    else:
        suppliers = maker.suppliers(supplier_count)
    orders = maker.orders(order_count, suppliers)
    return Story(
        companies=COMPANIES,
        sites=SITES,
        suppliers=suppliers,
        accounts=maker.accounts(chart_scale),
        cost_centers=maker.cost_centers(chart_scale),
        orders=orders,
        invoices=maker.invoices(invoice_count, orders, suppliers),
        awkward=(),
        hand_keyed=HandKeyed((), (), ()),
    )


class _Maker:
    """Draws everything from one generator, always in the same order."""

    def __init__(self, draw: Random, midnight: datetime, division: int) -> None:
        """`division` is the first digit of the numbers that its ERP gives."""
        self.division = division
        self._draw = draw
        self._midnight = midnight
        self._today = midnight.date()

    def suppliers(self, count: int, known: tuple[Supplier, ...] = ()) -> tuple[Supplier, ...]:
        """`known` and `count` more."""
        taken = {supplier.name or "" for supplier in known}
        first = self.division * 1000 + 1 + len(known)
        return known + tuple(self._supplier(f"V{first + i}", taken) for i in range(count))

    def _supplier(self, number: str, taken: set[str]) -> Supplier:
        draw = self._draw
        [country] = draw.choices(list(names.COUNTRY_WEIGHTS), list(names.COUNTRY_WEIGHTS.values()))
        currency, forms, families, _ = names.COUNTRIES[country]
        name = ""
        for attempt in range(1000):
            first = draw.choice(families) if attempt < 5 else f"{draw.choice(families)} & {draw.choice(families)}"
            name = f"{first} {draw.choice(names.TRADES)} {draw.choice(forms)}"
            if name not in taken:
                break
        taken.add(name)
        created = self._moment(draw.uniform(300, 2500))
        changed = self._moment(draw.uniform(1, SPREAD_DAYS))
        return Supplier(
            number=number,
            name=name,
            country=country,
            tax_number=f"{country}{draw.randrange(10**8, 10**9)}",
            currency=currency,
            payment_terms=draw.choice(["14", "30", "30", "60"]),
            addresses=tuple(self._address(str(i + 1), country) for i in range(draw.choice([1, 1, 2]))),
            created_on=created.date(),
            changed_at=changed,
        )

    def _address(self, number: str, country: str) -> Address:
        city, postcode, state = self._draw.choice(names.COUNTRIES[country][3])
        street = f"{self._draw.randrange(1, 180)} {self._draw.choice(names.STREETS)}"
        return Address(number, street, city, postcode, state, country)

    def accounts(self, scale: int) -> tuple[Account, ...]:
        rows = [(number, name, group, kind) for number, name, group, kind in names.ACCOUNTS]
        rows += [(f"7{i:03}", f"Project costs {i}", "PROJECT", "cost") for i in range((scale - 1) * 20)]
        return tuple(
            Account(c.number, number, name, group, kind, FOUNDED, FOREVER, False, self._old())  # type: ignore[arg-type]
            for c in COMPANIES
            for number, name, group, kind in rows
        )

    def cost_centers(self, scale: int) -> tuple[CostCenter, ...]:
        rows = list(names.COST_CENTERS)
        rows += [(f"9{i:03}", f"Project team {i}") for i in range((scale - 1) * 10)]
        return tuple(
            CostCenter(c.number, number, name, FOUNDED, FOREVER, self._old())
            for c in COMPANIES
            for number, name in rows
        )

    def orders(self, count: int, suppliers: Sequence[Supplier]) -> tuple[Order, ...]:
        ages = sorted((self._draw.uniform(2, SPREAD_DAYS) for _ in range(count)), reverse=True)
        return tuple(
            self._order(f"P{self.division * 10000 + 1 + i}", age, self._draw.choice(suppliers))
            for i, age in enumerate(ages)
        )

    def _order(self, number: str, age: float, supplier: Supplier) -> Order:
        draw = self._draw
        [company] = draw.choices(COMPANIES, [7, 3])
        site = draw.choice([s for s in SITES if s.company == company.number])
        entered = self._moment(age)
        status = self._order_status(age)
        wanted = entered.date() + timedelta(days=draw.randrange(10, 45))
        lines = tuple(
            self._order_line(str(i + 1), company, supplier.currency, wanted, status, entered, age)
            for i in range(draw.choice([1, 2, 2, 3, 3, 4]))
        )
        return Order(
            number=number,
            company=company.number,
            site=site.number,
            supplier=supplier.number,
            buyer=draw.choice(names.BUYERS),
            currency=supplier.currency,
            rate=rate(company.number, supplier.currency),
            ordered_on=entered.date(),
            entered_at=entered,
            changed_at=self._later(entered, age),
            payment_terms=supplier.payment_terms,
            net=sum((line.net for line in lines), Decimal(0)),
            tax=sum((line.tax for line in lines), Decimal(0)),
            note=draw.choice(["", "", "", "Deliver to gate 4", "Confirm by e-mail, please"]),
            status=status,
            lines=lines,
        )

    def _order_status(self, age: float) -> OrderStatus:
        if age > 150:
            choices: list[OrderStatus] = ["closed", "closed", "closed", "invoiced"]
        elif age > 60:
            choices = ["received", "received", "invoiced", "closed", "arrived"]
        else:
            choices = ["released", "released", "confirmed", "confirmed", "arrived", "received"]
        return self._draw.choice(choices)

    def _order_line(
        self,
        number: str,
        company: Company,
        currency: str,
        wanted: date,
        status: OrderStatus,
        entered: datetime,
        age: float,
    ) -> OrderLine:
        draw = self._draw
        part: str | None
        if draw.random() < 0.75:
            part, text, unit, price, account = draw.choice(names.PARTS)
            quantity = Decimal(draw.choice([1, 2, 4, 5, 10, 12, 20, 25, 40, 50, 100, 250]))
        else:
            text, unit, price, account = draw.choice(names.SERVICES)
            part = None
            quantity = Decimal("2.5") if unit == "H" and draw.random() < 0.2 else Decimal(draw.randrange(1, 9))
        unit_price = money(Decimal(price) * Decimal(draw.randrange(90, 116)) / 100, currency)
        net = money(quantity * unit_price, currency)
        return OrderLine(
            number=number,
            release="1",
            part=part,
            description=text,
            quantity=quantity,
            unit=unit,
            unit_price=unit_price,
            net=net,
            tax=tax_on(net, company.number, currency),
            account=account,
            cost_center=draw.choice(names.COST_CENTERS)[0],
            wanted_on=wanted,
            status=status,
            changed_at=self._later(entered, age),
        )

    def invoices(self, count: int, orders: Sequence[Order], suppliers: Sequence[Supplier]) -> tuple[Invoice, ...]:
        billed = [o for o in orders if o.status in ("received", "invoiced", "closed")]
        next_id = {company.number: 1001 for company in COMPANIES}
        made = []
        for i in range(count):
            if i < len(billed):
                invoice = self._invoice_for(billed[i], next_id[billed[i].company])
            else:
                invoice = self._invoice_without_order(self._draw.choice(suppliers), next_id)
            next_id[invoice.company] += 1
            made.append(replace(invoice, number=f"{self._draw.choice(['RE', 'INV', 'F'])}-{26000 + i * 7}"))
        return tuple(made)

    def _invoice_for(self, order: Order, invoice_id: int) -> Invoice:
        age = min(self._age(order.entered_at) * self._draw.uniform(0.3, 0.8), SPREAD_DAYS)
        lines = tuple(
            InvoiceLine(n, x.account, x.cost_center, x.net, x.description, order.number, x.number, x.release)
            for n, x in enumerate(order.lines, 1)
        )
        assert order.currency is not None
        head = (order.company, invoice_id, order.supplier, order.currency, order.payment_terms)
        return self._invoice(head, age, lines, order.number, f"Order {order.number}")

    def _invoice_without_order(self, supplier: Supplier, next_id: dict[str, int]) -> Invoice:
        draw = self._draw
        [company] = draw.choices(COMPANIES, [7, 3])
        sign = -1 if draw.random() < 0.08 else 1
        lines = []
        for n in range(1, draw.choice([1, 2, 3, 3, 4]) + 1):
            text, account = draw.choice(names.COSTS_WITHOUT_ORDER)
            amount = sign * money(Decimal(draw.randrange(1900, 490000)) / 100, supplier.currency)
            lines.append(InvoiceLine(n, account, draw.choice(names.COST_CENTERS)[0], amount, text))
        head = (company.number, next_id[company.number], supplier.number, supplier.currency, supplier.payment_terms)
        return self._invoice(head, draw.uniform(1, SPREAD_DAYS), tuple(lines), None, lines[0].text)

    def _invoice(
        self,
        head: tuple[str, int, str, str, str],
        age: float,
        lines: tuple[InvoiceLine, ...],
        order: str | None,
        text: str,
    ) -> Invoice:
        company, invoice_id, supplier, currency, terms = head
        entered = self._moment(age)
        net = sum((line.amount for line in lines), Decimal(0))
        invoice_date = entered.date() - timedelta(days=self._draw.randrange(1, 8))
        return Invoice(
            company=company,
            id=invoice_id,
            series="SI",
            number="",  # given by the caller, who counts
            kind="invoice" if net >= 0 else "credit_memo",
            supplier=supplier,
            invoice_date=invoice_date,
            arrived_on=entered.date(),
            due_on=invoice_date + timedelta(days=names.TERMS[terms]),
            entered_on=entered.date(),
            changed_at=self._later(entered, age),
            payment_terms=terms,
            currency=currency,
            rate=rate(company, currency),
            net=net,
            tax=tax_on(net, company, currency),
            order=order,
            text=text,
            status=self._invoice_status(age),
            lines=lines,
        )

    def _invoice_status(self, age: float) -> InvoiceStatus:
        choices: list[InvoiceStatus]
        if age > 75:
            choices = ["paid", "paid", "paid", "posted"]
        elif age > 20:
            choices = ["posted", "posted", "paid", "partly_paid"]
        else:
            choices = ["preliminary", "preliminary_posted", "posted"]
        return self._draw.choice(choices)

    def _age(self, moment: datetime) -> float:
        return (self._midnight - moment) / timedelta(days=1)

    def _moment(self, age: float) -> datetime:
        """So many days before midnight, on a whole second and at least an hour ago."""
        return self._midnight - timedelta(seconds=max(3600, int(age * 86400)))

    def _later(self, entered: datetime, age: float) -> datetime:
        """A change after `entered`, before midnight."""
        return self._moment(age * self._draw.uniform(0.1, 0.95)) if age > 1 else entered

    def _old(self) -> datetime:
        return self._moment(self._draw.uniform(20, SPREAD_DAYS))
