"""The invoices that are moved: N of them with five lines each, as rows of IFS Cloud of equal length.

Rows of equal length make a page a slice of one long text, and a row by its number a slice as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

COMPANY = "10"
LINES = 5
FIRST_ID = 1_000_001
SUPPLIERS = 40
ACCOUNTS = 20
COST_CENTERS = 10

_START = datetime(2025, 1, 1, tzinfo=UTC)
_STEP = timedelta(seconds=30)
"""Between the time stamps of two invoices: 300,000 of them are a hundred days, and none is new when it is read."""


def stamp(invoice: int) -> str:
    """Rowversion of an invoice (0 is the first) and of its lines."""
    return (_START + invoice * _STEP).strftime("%Y-%m-%dT%H:%M:%SZ")


def first_since(moment: str, invoices: int) -> int:
    """The first invoice whose stamp is not before `moment`."""
    since = datetime.fromisoformat(moment) - _START
    return min(invoices, max(0, -(-since // _STEP)))


def cents(invoice: int, line: int) -> int:
    """Amount of a line: 1000.00 to 1499.99."""
    return 100_000 + (invoice * 7919 + line * 104_729) % 50_000


def money(amount_in_cents: int) -> str:
    return f"{amount_in_cents // 100}.{amount_in_cents % 100:02}"


def supplier(number: int) -> str:
    return f"S{number % SUPPLIERS:04}"


def account(number: int) -> str:
    return f"{6000 + number % ACCOUNTS}"


def cost_center(number: int) -> str:
    return f"CC{number % COST_CENTERS:02}"


def head(invoice: int, *, terms: str = "30", due: str = "2025-07-31", rowversion: str = "") -> bytes:
    """A row of PostingProposalHeadSet."""
    number = FIRST_ID + invoice
    net = sum(cents(invoice, line) for line in range(LINES))
    tax = net // 5
    at = rowversion or stamp(invoice)
    version = at.translate({45: None, 58: None, 84: None, 90: None})
    return (
        f'{{"@odata.etag":"W/\\"{version}{number}\\"","luname":"PostingProposalHead",'
        f'"keyref":"COMPANY={COMPANY}^INVOICE_ID={number}^","Objgrants":"","Company":"{COMPANY}","InvoiceId":{number},'
        f'"SeriesId":"SI","InvoiceNo":"INV-{number}","Identity":"{supplier(invoice)}",'
        f'"PartyType":"Supplier","SupplierName":"Supplier {supplier(invoice)} Ltd","InvoiceType":"SUPPINV",'
        f'"InvoiceDate":"2025-07-01","ArrivalDate":"2025-07-02","DueDate":"{due}","PayTermId":"{terms}",'
        f'"CreationDate":"2025-07-02","Currency":"EUR","CurrRate":1,"DivFactor":1,"NetCurrAmount":{money(net)},'
        f'"VatCurrAmount":{money(tax)},"GrossCurrAmount":{money(net + tax)},"NetDomAmount":{money(net)},'
        f'"VatDomAmount":{money(tax)},"PoRefNumber":null,"VoucherText":"Goods received, invoice {number}",'
        f'"Objstate":"Posted","Rowversion":"{at}"}}'
    ).encode()


def line(invoice: int, row: int) -> bytes:
    """A row of PostingProposalLineSet; `row` counts from 0."""
    number = FIRST_ID + invoice
    amount, at = money(cents(invoice, row)), stamp(invoice)
    version = at.translate({45: None, 58: None, 84: None, 90: None})
    return (
        f'{{"@odata.etag":"W/\\"{version}{number}{row + 1}\\"","luname":"PostingProposalLine",'
        f'"keyref":"COMPANY={COMPANY}^INVOICE_ID={number}^ROW_ID={row + 1}^","Objgrants":"","Company":"{COMPANY}",'
        f'"InvoiceId":{number},"RowId":{row + 1},"PostingType":"IP1","CodeA":"{account(invoice + row)}",'
        f'"CodeB":"{cost_center(invoice + row)}","CodeC":"","CodeD":"","CurrAmount":{amount},"DomAmount":{amount},'
        f'"PoOrderNo":null,"PoLineNo":null,"PoReleaseNo":null,"Rowversion":"{at}"}}'
    ).encode()


def small_sets() -> Iterator[tuple[str, str, list[str]]]:
    """(service, set, rows) of what the invoices refer to."""
    yield (
        "AccountsHandling",
        "AccountSet",
        [
            _row("Account", Company=COMPANY, Account=account(n), Description=f"Account {account(n)}", AccntGroup="COST")
            for n in range(ACCOUNTS)
        ],
    )
    yield (
        "CodeBHandling",
        "CodeBSet",
        [
            _row("CodeB", Company=COMPANY, CodeB=cost_center(n), Description=f"Center {cost_center(n)}")
            for n in range(COST_CENTERS)
        ],
    )
    yield (
        "AccountingCodePartsHandling",
        "AccountingCodePartSet",
        [_row("AccountingCodePart", Company=COMPANY, CodePart="B", CodeName="Center", LogicalCodePart="CostCenter")],
    )
    yield (
        "SupplierHandling",
        "SupplierInfoGeneralSet",
        [
            _row("SupplierInfoGeneral", SupplierId=supplier(n), Name=f"Supplier {supplier(n)} Ltd", Country="DE")
            for n in range(SUPPLIERS)
        ],
    )
    yield (
        "SupplierHandling",
        "SupplierInfoAddresses",
        [
            _row("SupplierInfoAddress", SupplierId=supplier(n), AddressId="1", Name="Main", City="Hamburg")
            for n in range(SUPPLIERS)
        ],
    )
    yield "CompanyHandling", "CompanySet", [_row("Company", Company=COMPANY, Name="Acme", CurrencyCode="EUR")]


def _row(luname: str, **values: str) -> str:
    shown = ",".join(f'"{name}":"{value}"' for name, value in values.items())
    tag = "-".join(values.values()).replace(" ", "")
    return f'{{"@odata.etag":"W/\\"{tag}\\"","luname":"{luname}",{shown},"Rowversion":"2025-01-01T00:00:00Z"}}'
