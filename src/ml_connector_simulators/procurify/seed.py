"""What the domain held before anybody connected: all of it typed by people, nothing with an ERP's key.

Vendors are the story's hand-keyed suppliers (one name twice) and every fourth supplier of the division, by name only.
The bills are the invoices of those suppliers: most equal the story's, one is billed 10.00 higher, every fifth is
absent. Requisitions are the story's hand-keyed orders. Not expressed here: whatever is awkward about an ERP's
dimensions, order releases, and suppliers without a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from ..story import Invoice, Order, Story, Supplier
from .database import PLEX_PO_NUMBER, Database
from .purchasing import Purchasing
from .schema import VENDOR_PREFERRED
from .tables import Row
from .tokens import SERVICE_EMAIL

LOCATION, DEPARTMENT = "Plant Esslingen", "Purchasing"
OTHER_LOCATION, EMPTY_LOCATION = "Plant Rockford", "Plant Jena"
ACCOUNT_CODES = ("4010", "4020", "6310")
RATES = {"EUR": "1", "USD": "0.9215", "GBP": "1.1690", "SEK": "0.0872", "PLN": "0.2331", "JPY": "0.006134",
         "KWD": "2.9970", "BHD": "2.4440"}  # fmt: skip
DIFFERENCE = Decimal("10.00")
_BILL_STATUS = {"paid": 4, "posted": 2, "partly_paid": 2}  # others: 1, confirmed
_ORDINARY = ("V2", "V3")  # the division's own numbers; the awkward ones begin otherwise
_EVERY_SUPPLIER, _ABSENT_BILL, _DIFFERENT_BILL = 4, 5, 2


class People:
    """Users of the domain, by what they do."""

    def __init__(self, database: Database) -> None:
        role = {"id": 3, "name": "Integration"}
        self.service_user = _user(database, "ML", "Connector", SERVICE_EMAIL, role)
        self.requester = _user(database, "Erika", "Sample", "erika.sample@halvorsen.example", {"id": 4, "name": "User"})
        self.approver = _user(database, "Otto", "Berg", "otto.berg@halvorsen.example", {"id": 2, "name": "Approver"})
        self.purchaser = _user(database, "Rita", "Patel", "rita.patel@halvorsen.example", {"id": 1, "name": "Buyer"})


def _user(database: Database, first: str, last: str, email: str, role: Row) -> int:
    values = {"firstName": first, "lastName": last, "email": email, "role": role}
    return int(database.insert("users", values)["id"])


def fill(database: Database, story: Story, people: People, purchasing: Purchasing) -> None:
    """Fills an empty domain."""
    for name, rate in RATES.items():
        database.insert("currencies", {"name": name, "rate": rate, "base": name == "EUR"})
    database.insert("currencies", {"name": "CHF", "rate": "1.0412", "active": False})
    field = {"name": PLEX_PO_NUMBER, "field_label": PLEX_PO_NUMBER}
    database.insert("custom_fields", field)
    departments = _fill_departments(database)
    for user in database["users"]:
        database.change("users", user, {"department": departments[0]["id"], "location": departments[0]["branch"]})
    _fill_account_codes(database, story, departments)
    ordinary = [supplier for supplier in story.suppliers if supplier.number.startswith(_ORDINARY)]
    typed = _type_vendors(database, [*ordinary[::_EVERY_SUPPLIER], *story.hand_keyed.suppliers])
    for order in story.hand_keyed.orders:
        _type_requisition(database, order, typed[order.supplier], people, purchasing, departments[0])
    invoices = [invoice for invoice in story.invoices if invoice.supplier in typed]
    _type_bills(database, invoices, typed)


def _fill_departments(database: Database) -> list[Row]:
    """The name `Maintenance` stands in two locations; the third has no department yet."""
    made = []
    for place, currency, names in (
        (LOCATION, "EUR", (DEPARTMENT, "Maintenance", "Assembly")),
        (OTHER_LOCATION, "USD", ("Maintenance",)),
        (EMPTY_LOCATION, "EUR", ()),
    ):
        street = {"name": place, "addressLineOne": "1 Foundry Street", "city": place.removeprefix("Plant ")}
        address = {**street, "postalCode": "73728", "country": "Germany", "state_province": ""}
        branch = database.insert(
            "locations",
            {
                "name": place,
                "currency": currency,
                "phoneOne": "+49 711 555 0100",
                "primary_billing_address": address,
                "primary_shipping_address": address,
                "shipping_addresses": [address],
                "headquarter": place == LOCATION,
            },
        )
        made += [database.insert("departments", {"name": name, "branch": branch["id"]}) for name in names]
    return made


def _fill_account_codes(database: Database, story: Story, departments: Sequence[Row]) -> None:
    names = {account.number: account.name for account in story.accounts}
    for code in ACCOUNT_CODES:
        keys = [department["id"] for department in departments]
        row = database.insert("account_codes", {"code": code, "description": names[code], "departments": keys})
        for key in keys:
            database.insert("accounts", {"account_code": row["id"], "department": key, "budget": "50000.00"})


def _type_vendors(database: Database, suppliers: Sequence[Supplier]) -> dict[str, Row]:
    """By supplier number; of a name that was typed twice, the first."""
    typed: dict[str, Row] = {}
    for supplier in suppliers:
        address = supplier.addresses[0] if supplier.addresses else None
        at = datetime.combine(supplier.created_on, time(9), UTC) + timedelta(days=2)
        row = database.insert(
            "vendors",
            {
                "name": supplier.name,
                "type": VENDOR_PREFERRED,
                "city": address.city if address else None,
                "country": supplier.country,
                "currency": database["currencies"].find(name=supplier.currency)[0]["id"],
            },
            at,
        )
        typed.setdefault(supplier.number, row)
    return typed


def _type_requisition(
    database: Database, order: Order, vendor: Row, people: People, purchasing: Purchasing, department: Row
) -> None:
    """The ERP's order number stands in the custom field; of what was bought, in `PO_Num` too."""
    currency = database["currencies"].find(name=order.currency)[0]["id"]
    field = database["custom_fields"].find(name=PLEX_PO_NUMBER)[0]
    accounts = {code: _account(database, code, department) for code in ACCOUNT_CODES}
    row = database.insert(
        "orders",
        {
            "branch": department["branch"],
            "department": department["id"],
            "user": people.requester,
            "next_approver": people.approver,
            "dateRequired": order.lines[0].wanted_on,
            "description": order.note,
            "currency": currency,
            "totalPrice": order.net,
            "lineCount": len(order.lines),
            "item_count": len(order.lines),
            "order_items": [
                {
                    "name": line.description,
                    "num": str(number),
                    "sku": line.part or "",
                    "unit": line.unit,
                    "quantity": line.quantity,
                    "price": line.unit_price,
                    "currency": currency,
                    "account": accounts[line.account],
                    "accountCode": line.account,
                    "pref_vendor": vendor["id"],
                    "vendor": vendor["name"],
                    "custom_fields": [{"id": field["id"], "field": PLEX_PO_NUMBER, "value": order.number}],
                }
                for number, line in enumerate(order.lines, 1)
            ],
        },
        order.entered_at + timedelta(hours=1),
    )
    if order.number.endswith("5"):
        purchasing.approve(row, order.entered_at + timedelta(hours=2))
        purchasing.purchase(row, at=order.entered_at + timedelta(hours=3), po_num=order.number)


def _account(database: Database, code: str, department: Row) -> int:
    row = database["account_codes"].find(code=code)[0]
    return int(database["accounts"].find(account_code=row["id"], department=department["id"])[0]["id"])


def _type_bills(database: Database, invoices: Sequence[Invoice], typed: dict[str, Row]) -> None:
    """Invoices with a number that were not cancelled, by date."""
    wanted = sorted(
        (one for one in invoices if one.number and one.status != "cancelled"), key=lambda one: (one.entered_on, one.id)
    )
    for number, invoice in enumerate(wanted, 1):
        by_hand = invoice.number == "AW-9031"
        if number % _ABSENT_BILL == 0 and not by_hand:
            continue
        different = DIFFERENCE if number == _DIFFERENT_BILL and not by_hand else Decimal(0)
        bill = _type_bill(database, invoice, typed[invoice.supplier], different)
        if invoice.status == "paid":
            _pay(database, invoice, bill)


def _type_bill(database: Database, invoice: Invoice, vendor: Row, more: Decimal) -> Row:
    net = invoice.net + more
    return database.insert(
        "bills",
        {
            "vendor": vendor["id"],
            "currency": database["currencies"].find(name=invoice.currency)[0]["id"],
            "invoice_number": invoice.number,
            "invoice_date": invoice.invoice_date,
            "due_date": invoice.due_on,
            "gl_post_date": invoice.entered_on,
            "total_cost_with_tax": net + invoice.tax,
            "subtotal_cost": net,
            "tax_amount": invoice.tax,
            "payment_terms": invoice.payment_terms,
            "status": _BILL_STATUS.get(invoice.status, 1),
            "locked": invoice.status == "paid",
            "lines": [
                {
                    "description": line.text,
                    "unit_cost": line.amount + (more if number == 1 else 0),
                    "total_cost": line.amount + (more if number == 1 else 0),
                    "cost_allocations": [_allocation(line.amount, line.account)],
                }
                for number, line in enumerate(invoice.lines, 1)
            ],
        },
        datetime.combine(invoice.entered_on, time(15), UTC),
    )


def _allocation(amount: Decimal, account: str) -> Row:
    return {"amount": f"{amount:f}", "budget": {"account_code": {"code": account}, "department": {"name": DEPARTMENT}}}


def _pay(database: Database, invoice: Invoice, bill: Row) -> None:
    vendor = database["vendors"].rows[bill["vendor"]]
    at = datetime.combine(invoice.due_on, time(11), UTC)
    paid = database.insert(
        "payments",
        {
            "vendor": vendor["id"],
            "vendor_name": vendor["name"],
            "invoice_number": invoice.number,
            "amount": bill["total_cost_with_tax"],
            "currency": bill["currency"],
            "status": "paid",
            "processing_date": invoice.due_on.isoformat(),
            "posted_date": invoice.due_on,
            "gl_code": "3300",
            "bill_groups": [bill["id"]],
        },
        min(at, database.now()),
    )
    database.change("bills", bill, {"payment_uuid": paid["uuid"]}, min(at, database.now()))
