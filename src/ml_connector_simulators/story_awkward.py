"""The awkward part of the story: records that go wrong easily, each with a stable key and said in plain words.

Ids do not depend on the seed. Dates that matter against the cut-over 2026-01-01 are fixed; all others count back from
the day of the story.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from .story import (
    Account,
    Address,
    Awkward,
    CostCenter,
    HandKeyed,
    Invoice,
    InvoiceLine,
    Order,
    OrderLine,
    OrderStatus,
    Story,
    Supplier,
    money,
)
from .story_names import TERMS
from .story_ordinary import FOREVER, FOUNDED, rate, tax_on

CUT_OVER = date(2026, 1, 1)
HOUSE_SUPPLIER = "V9010"  # an unremarkable supplier for documents that are awkward for another reason
UNKNOWN_ORDER = "P7777777"
MISSING_ACCOUNT, MISSING_COST_CENTER = "6666", "666"
BLOCKED_ACCOUNT, EXPIRED_ACCOUNT, LAST_DAY_ACCOUNT = "6990", "6980", "6970"
EXPIRED_COST_CENTER, FUTURE_COST_CENTER = "980", "970"


def awkward_story(midnight: datetime) -> Story:
    """The awkward records alone; companies and sites belong to the ordinary part."""
    teller = _Teller(midnight)
    teller.tell_suppliers()
    teller.tell_dimensions()
    teller.tell_orders()
    teller.tell_cut_over()
    teller.tell_invoice_numbers()
    teller.tell_amounts()
    teller.tell_coding()
    teller.tell_incomplete_rows()
    teller.tell_hand_keyed()
    return Story(
        companies=(),
        sites=(),
        suppliers=tuple(teller.suppliers),
        accounts=tuple(teller.accounts),
        cost_centers=tuple(teller.cost_centers),
        orders=tuple(teller.orders),
        invoices=tuple(teller.invoices),
        awkward=tuple(teller.awkward),
        hand_keyed=HandKeyed(tuple(teller.hand_suppliers), tuple(teller.hand_orders), tuple(teller.hand_invoices)),
    )


class _Teller:
    def __init__(self, midnight: datetime) -> None:
        self._midnight = midnight
        self._day = midnight.date()
        self.suppliers: list[Supplier] = []
        self.accounts: list[Account] = []
        self.cost_centers: list[CostCenter] = []
        self.orders: list[Order] = []
        self.invoices: list[Invoice] = []
        self.awkward: list[Awkward] = []
        self.hand_suppliers: list[Supplier] = []
        self.hand_orders: list[Order] = []
        self.hand_invoices: list[Invoice] = []

    # Suppliers ---------------------------------------------------------------------------------------------

    def tell_suppliers(self) -> None:
        self._supplier("V9001", "Schmidt Industriebedarf GmbH")
        self._supplier("V9002", "Schmidt Industriebedarf GmbH")
        self._note("same_name", "suppliers", ["V9001", "V9002"], "Two different suppliers have one name.")
        self._odd_name("V9003", 'O\'Brien & Sons "Precision" Tools Ltd', "quotes", "apostrophe and double quotes")
        self._odd_name(
            "V9004", "Caret^Works ^ORname=Other S.A.", "caret", "carets, which ServiceNow queries cannot escape"
        )
        self._odd_name("V9005", "Soleil ☀️ Énergie 🚀 SARL", "emoji", "emoji and accents")
        self._odd_name("V9006", "Trailing Blanks Oy   ", "trailing_blanks", "three blanks at its end")
        self._supplier("000417", "Zero Castings LLC")
        self._supplier("417", "Four One Seven Fasteners LLC")
        self._note(
            "leading_zeros", "suppliers", ["000417", "417"], "Two suppliers; the numbers differ by leading zeros."
        )
        self._supplier("V9007 ", "Blank Number Supplies AB")
        self._note("blank_in_number", "suppliers", ["V9007 "], "The supplier's number ends with a blank.")
        self._supplier("V9008", None)
        self._note("supplier_without_name", "suppliers", ["V9008"], "The mandatory name is missing.")
        self._supplier("V9009", "Unannounced Fields KG", extra={"Loading gate": "7"})
        self._note("supplier_unknown_field", "suppliers", ["V9009"], "The row has a field that nobody announced.")
        self._supplier(HOUSE_SUPPLIER, "Brandt Hydraulik Service GmbH")
        self._supplier("V9011", "Gulf Seal Trading W.L.L.", currency="KWD", country="KW")
        self._supplier("V9012", "Manama Valve Works B.S.C.", currency="BHD", country="BH")
        self._supplier("V9013", "東京精密ポンプ株式会社", currency="JPY", country="JP")

    def _odd_name(self, number: str, name: str, key: str, what: str) -> None:
        self._supplier(number, name)
        self._note(f"name_{key}", "suppliers", [number], f"The supplier's name contains {what}.")

    def _supplier(
        self,
        number: str,
        name: str | None,
        currency: str = "EUR",
        country: str = "DE",
        extra: dict[str, str] | None = None,
    ) -> Supplier:
        count = len(self.suppliers)
        supplier = Supplier(
            number=number,
            name=name,
            country=country,
            tax_number=f"{country}9{count:08}",
            currency=currency,
            payment_terms="30",
            addresses=(Address("1", f"{count + 1} Corner Street", "Kassel", "34117", "HE", country),),
            created_on=date(2024, 3, 1) + timedelta(days=count),
            changed_at=self._ago(20 + count),
            extra=extra or {},
        )
        self.suppliers.append(supplier)
        return supplier

    # Dimensions --------------------------------------------------------------------------------------------

    def tell_dimensions(self) -> None:
        self._account(BLOCKED_ACCOUNT, "Closed for postings", blocked=True)
        self._account(EXPIRED_ACCOUNT, "Old chart, rentals", until=self._day - timedelta(days=13))
        self._account(LAST_DAY_ACCOUNT, "Old chart, leases", until=self._day - timedelta(days=12))
        self._note("account_blocked", "gl_accounts", [f"10/{BLOCKED_ACCOUNT}"], "The account is blocked for posting.")
        self._note("account_expired", "gl_accounts", [f"10/{EXPIRED_ACCOUNT}"], "The account's validity has ended.")
        self._cost_center(EXPIRED_COST_CENTER, "Old foundry", FOUNDED, self._day - timedelta(days=13))
        self._cost_center(FUTURE_COST_CENTER, "New test field", self._day + timedelta(days=30), FOREVER)
        self._note(
            "cost_center_expired",
            "cost_centers",
            [f"10/{EXPIRED_COST_CENTER}"],
            "The cost center's validity has ended.",
        )
        self._note(
            "cost_center_future",
            "cost_centers",
            [f"10/{FUTURE_COST_CENTER}"],
            "The cost center becomes valid only in a month.",
        )

    def _account(self, number: str, name: str, until: date = FOREVER, blocked: bool = False) -> None:
        self.accounts.append(
            Account("10", number, name, "OVERHEAD", "cost", FOUNDED, until, blocked, self._ago(30 + len(self.accounts)))
        )

    def _cost_center(self, number: str, name: str, since: date, until: date) -> None:
        changed = self._ago(30 + len(self.cost_centers))
        self.cost_centers.append(CostCenter("10", number, name, since, until, changed))

    # Orders ------------------------------------------------------------------------------------------------

    def tell_orders(self) -> None:
        self._order("P9001", "po_without_lines", "The order has no lines.", lines=[])
        self._order("P9002", "po_cancelled", "The order was cancelled.", status="cancelled")
        self._order("P9003", "po_planned", "The order is only planned, not released.", status="planned")
        self._invoice(9012, "invoice_planned_po", "It points at an order that is not released.", order="P9003")
        self._invoice(9013, "invoice_unknown_po", "It points at an order that does not exist.", order=UNKNOWN_ORDER)
        self._order(
            "P9008", "quantity_0_1_and_0_2", "Quantities 0.1 and 0.2 at 1.00.", lines=[("0.1", "1.00"), ("0.2", "1.00")]
        )
        self._order("P9009", "quantity_2_5", "A fractional quantity, 2.5.", lines=[("2.5", "88.40")])
        twelve = [("1", f"{n}.00") for n in range(1, 13)]
        self._order("P9012", "po_twelve_lines", 'Twelve lines: as text "10" sorts before "2".', lines=twelve)
        self._order("P9013", "po_two_releases", "One line is delivered in two releases.", lines=[("4", "20.00")] * 2)
        order = self.orders[-1]
        split = tuple(replace(x, number="1", release=str(n)) for n, x in enumerate(order.lines, 1))
        self.orders[-1] = replace(order, lines=split)
        self._order("P9014", "po_unknown_field", "A field that nobody announced.", extra={"Loading gate": "7"})
        self._order("P9018", "po_blank_in_supplier", "Its supplier's number ends with a blank.", supplier="V9007 ")
        self._order("P9019", "po_supplier_without_name", "Its supplier lacks the mandatory name.", supplier="V9008")

    def _order(
        self,
        number: str,
        key: str,
        what: str,
        *,
        lines: list[tuple[str, str]] | None = None,
        status: OrderStatus = "released",
        supplier: str = HOUSE_SUPPLIER,
        ordered_on: date | None = None,
        currency: str = "EUR",
        extra: dict[str, str] | None = None,
    ) -> Order:
        """`lines` are (quantity, unit price); default: one of 10 at 25.00 and one of 4 at 12.50."""
        pairs = [("10", "25.00"), ("4", "12.50")] if lines is None else lines
        entered = self._at(ordered_on) if ordered_on else self._ago(40 - len(self.orders))
        changed = entered + timedelta(hours=5)
        made = [self._order_line(n, q, p, currency, status, entered) for n, (q, p) in enumerate(pairs, 1)]
        order = Order(
            number=number,
            company="10",
            site="H1",
            supplier=supplier,
            buyer="AMEYER",
            currency=currency,
            rate=rate("10", currency),
            ordered_on=entered.date(),
            entered_at=entered,
            changed_at=changed,
            payment_terms="30",
            net=sum((x.net for x in made), Decimal(0)),
            tax=sum((x.tax for x in made), Decimal(0)),
            note=what,
            status=status,
            lines=tuple(made),
            extra=extra or {},
        )
        self.orders.append(order)
        if key:
            self._note(key, "purchase_orders", [number], what)
        return order

    def _order_line(
        self, number: int, quantity: str, price: str, currency: str, status: OrderStatus, entered: datetime
    ) -> OrderLine:
        net = money(Decimal(quantity) * Decimal(price), currency)
        part = "BRG-6208" if number % 2 else None
        return OrderLine(
            number=str(number),
            release="1",
            part=part,
            description="Deep groove ball bearing 6208" if part else "Fitting on site",
            quantity=Decimal(quantity),
            unit="PCS" if part else "H",
            unit_price=Decimal(price),
            net=net,
            tax=tax_on(net, "10", currency),
            account="4010" if part else "6310",
            cost_center="220",
            wanted_on=entered.date() + timedelta(days=21),
            status=status,
            changed_at=entered + timedelta(hours=5),
        )

    # Cut-over ----------------------------------------------------------------------------------------------

    def tell_cut_over(self) -> None:
        self._order(
            "P9004",
            "po_closed_before_cut_over",
            "Closed before the cut-over, but a new open invoice points at it.",
            status="closed",
            ordered_on=date(2025, 9, 15),
        )
        self._invoice(
            9014, "invoice_closed_po", "New and open; its order was closed before the cut-over.", order="P9004"
        )
        self._order(
            "P9017",
            "po_old_and_closed",
            "Closed before the cut-over, nothing new points at it.",
            status="closed",
            ordered_on=date(2025, 8, 4),
        )
        self._order(
            "P9020", "po_old_and_open", "Ordered before the cut-over, still open.", ordered_on=date(2025, 12, 8)
        )
        self._invoice(
            9015, "invoice_old_paid", "Dated before the cut-over and paid.", on=date(2025, 11, 10), status="paid"
        )
        self._invoice(9016, "invoice_old_open", "Dated before the cut-over and still open.", on=date(2025, 12, 15))

    # Numbers of invoices -----------------------------------------------------------------------------------

    def tell_invoice_numbers(self) -> None:
        day = self._day - timedelta(days=15)
        for number, supplier in ((9001, "V9001"), (9002, "V9002")):
            self._invoice(
                number, "", "One number, one day, two suppliers.", text="2026-0815", on=day, supplier=supplier
            )
        self._note("number_of_two_suppliers", "invoices", ["10/9001", "10/9002"], "One number, one day, two suppliers.")
        for number, series in ((9003, "SI"), (9004, "SI"), (9005, "SX")):
            self._invoice(number, "", "The supplier sent the number again.", text="DUP-1", on=day, series=series)
        self._note(
            "number_twice_same_series", "invoices", ["10/9003", "10/9004"], "One supplier, series and number, twice."
        )
        self._note(
            "number_twice_other_series", "invoices", ["10/9003", "10/9005"], "One supplier, number and day, two series."
        )
        self._invoice(9006, "", "Invoice and credit memo share a number.", text="RC-500", on=day)
        self._invoice(9007, "", "Invoice and credit memo share a number.", text="RC-500", on=day, amounts=["-100.00"])
        self._note(
            "invoice_and_credit", "invoices", ["10/9006", "10/9007"], "Invoice and negative credit memo, one number."
        )
        self._invoice(9027, "", "The numbers differ by leading zeros.", text="000123")
        self._invoice(9028, "", "The numbers differ by leading zeros.", text="123")
        self._note(
            "number_leading_zeros", "invoices", ["10/9027", "10/9028"], "The numbers differ by leading zeros only."
        )
        self._invoice(9029, "number_trailing_blank", "The invoice number ends with a blank.", text="RE-77 ")
        self._invoice(
            9030, "number_with_signs", "The number holds an apostrophe, a caret and quotes.", text='O\'B^26-"1"'
        )
        self._invoice(9001, "", "Its id is used in company 10 too.", company="20")
        self._note("id_in_two_companies", "invoices", ["10/9001", "20/9001"], "Two companies use one invoice id.")

    # Amounts -----------------------------------------------------------------------------------------------

    def tell_amounts(self) -> None:
        yen = [("3", "15800"), ("120", "45")]
        self._order("P9010", "po_jpy", "A currency without decimals.", lines=yen, supplier="V9013", currency="JPY")
        dinar = [("7", "1.235"), ("1", "1000.005")]
        self._order("P9011", "po_kwd", "A currency with three decimals.", lines=dinar, supplier="V9011", currency="KWD")
        self._invoice(
            9008, "invoice_jpy", "A currency without decimals.", order="P9010", supplier="V9013", currency="JPY"
        )
        self._invoice(
            9009,
            "invoice_kwd_large",
            "12345678.905 in a currency with three decimals.",
            supplier="V9011",
            currency="KWD",
            amounts=["12345678.905"],
        )
        self._invoice(
            9010,
            "invoice_bhd",
            "Three decimals in every line.",
            supplier="V9012",
            currency="BHD",
            amounts=["10.125", "0.005", "999.870"],
        )
        self._invoice(9011, "invoice_0_1_and_0_2", "0.1 and 0.2 must make 0.3.", order="P9008")

    # Coding ------------------------------------------------------------------------------------------------

    def tell_coding(self) -> None:
        """All of them are dated twelve days before the story's day."""
        center = "220"
        self._coded(9017, "account_missing", "Its GL account does not exist.", MISSING_ACCOUNT, center)
        self._coded(9018, "account_blocked", "Its GL account is blocked.", BLOCKED_ACCOUNT, center)
        self._coded(9019, "account_expired", "Its GL account expired the day before its date.", EXPIRED_ACCOUNT, center)
        self._coded(9020, "cost_center_missing", "Its cost center does not exist.", "6310", MISSING_COST_CENTER)
        self._coded(9021, "cost_center_expired", "Its cost center expired the day before.", "6310", EXPIRED_COST_CENTER)
        self._coded(9022, "cost_center_future", "Its cost center is not valid yet.", "6310", FUTURE_COST_CENTER)
        self._coded(
            9023, "account_last_day", "Dated on the last valid day of its account: good.", LAST_DAY_ACCOUNT, center
        )
        self._coded(9035, "all_coding_wrong", "Account and cost center are both missing.", MISSING_ACCOUNT, "667")

    def _coded(self, number: int, key: str, what: str, account: str, center: str) -> None:
        invoice = self._invoice(number, f"invoice_{key}", what, on=self._day - timedelta(days=12))
        coded = tuple(replace(x, account=account, cost_center=center) for x in invoice.lines)
        self.invoices[-1] = replace(invoice, lines=coded)

    # Incomplete rows ---------------------------------------------------------------------------------------

    def tell_incomplete_rows(self) -> None:
        self._invoice(9024, "invoice_unknown_field", "A field that nobody announced.", extra={"Scan quality": "good"})
        self._invoice(9025, "invoice_without_number", "The mandatory invoice number is missing.")
        self.invoices[-1] = replace(self.invoices[-1], number=None)
        invoice = self._invoice(9026, "invoice_header_differs", "The header says 10.00 more than its lines.")
        self.invoices[-1] = replace(invoice, net=invoice.net + 10)
        order = self._order("P9015", "po_header_differs", "The header says 10.00 more than its lines.")
        self.orders[-1] = replace(order, net=order.net + 10)
        order = self._order("P9016", "po_without_currency", "The mandatory currency is missing.")
        self.orders[-1] = replace(order, currency=None)
        self._invoice(9033, "invoice_cancelled", "The invoice was cancelled.", status="cancelled")
        self._invoice(9034, "invoice_supplier_without_name", "Its supplier lacks the mandatory name.", supplier="V9008")

    # What people had keyed by hand on the target -------------------------------------------------------------

    def tell_hand_keyed(self) -> None:
        supplier = self._supplier("V9014", "Handschrift Werkzeuge GmbH")
        self.hand_suppliers.append(supplier)
        self._note("supplier_keyed_by_hand", "suppliers", ["V9014"], "People typed the supplier on the target before.")
        twice = self._supplier("V9015", "Doppelt & Gemoppelt OHG")
        self.hand_suppliers += [twice, twice]
        self._note("supplier_keyed_twice", "suppliers", ["V9015"], "People typed the supplier on the target two times.")
        same = self._order("P9005", "po_keyed_by_hand", "People typed the same order on the target.", supplier="V9014")
        other = self._order(
            "P9006", "po_keyed_by_hand_differently", "People typed it on the target with other lines.", supplier="V9014"
        )
        double = self._order("P9007", "po_keyed_twice", "People typed the order on the target twice.", supplier="V9014")
        self.hand_orders += [same, _other_lines(other), double, double]
        invoice = self._invoice(
            9031, "invoice_keyed_by_hand", "People typed it on the target before.", supplier="V9014"
        )
        self.hand_invoices.append(invoice)

    # Invoices ----------------------------------------------------------------------------------------------

    def _invoice(
        self,
        number: int,
        key: str,
        what: str,
        *,
        amounts: list[str] | None = None,
        order: str | None = None,
        text: str = "",
        on: date | None = None,
        supplier: str = HOUSE_SUPPLIER,
        currency: str = "EUR",
        series: str = "SI",
        company: str = "10",
        **other: Any,
    ) -> Invoice:
        """Lines are those of the `order` if the story has it, else one per amount (default 80.00 and 20.00)."""
        day = on or self._day - timedelta(days=3 + number % 19)
        known = next((o for o in self.orders if o.number == order), None)
        if known is not None and amounts is None:
            lines = [
                InvoiceLine(n, x.account, x.cost_center, x.net, x.description, order, x.number, x.release)
                for n, x in enumerate(known.lines, 1)
            ]
        else:
            given = [Decimal(a) for a in amounts or ["80.00", "20.00"]]
            lines = [
                InvoiceLine(n, "6310", "220", a, "Repair", order, str(n) if order else None, "1" if order else None)
                for n, a in enumerate(given, 1)
            ]
        net = sum((x.amount for x in lines), Decimal(0))
        invoice = Invoice(
            company=company,
            id=number,
            series=series,
            number=text or f"AW-{number}",
            kind="credit_memo" if net < 0 else "invoice",
            supplier=supplier,
            invoice_date=day,
            arrived_on=day + timedelta(days=1),
            due_on=day + timedelta(days=TERMS["30"]),
            entered_on=day + timedelta(days=1),
            changed_at=self._at(day + timedelta(days=1)),
            payment_terms="30",
            currency=currency,
            rate=rate(company, currency),
            net=net,
            tax=tax_on(net, company, currency),
            order=order,
            text=what,
            lines=tuple(lines),
            **{"status": "posted", **other},
        )
        self.invoices.append(invoice)
        if key:
            self._note(key, "invoices", [f"{company}/{number}"], what)
        return invoice

    def _note(self, key: str, entity: Any, ids: list[str], what: str) -> None:
        self.awkward.append(Awkward(key, entity, tuple(ids), what))

    def _ago(self, days: int) -> datetime:
        """That many days before the story's day, at a second of its own."""
        return self._midnight - timedelta(days=days, seconds=-(len(self.awkward) * 613 + 60))

    def _at(self, day: date) -> datetime:
        return datetime.combine(day, time(9, 30), UTC) + timedelta(seconds=len(self.invoices) * 61)


def _other_lines(order: Order) -> Order:
    """As typed by somebody in a hurry: the first quantity is wrong and the second line is missing."""
    first = order.lines[0]
    wrong = replace(first, quantity=first.quantity + 2, net=first.net + 2 * first.unit_price)
    return replace(order, lines=(wrong,), net=wrong.net, tax=wrong.tax)
