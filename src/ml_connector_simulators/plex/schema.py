"""What Plex holds: the sets, their fields and their filters, in the vendor's words (fact sheet §2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_AUDIT = {"g": "createdById modifiedById", "t": "createdDate modifiedDate"}


@dataclass(frozen=True)
class Filter:
    """`bound` is "" for equal, "Begin" or "End"."""

    field: str
    bound: str = ""


@dataclass(frozen=True)
class Table:
    """A set. `key` is the field that holds its GUID; `hidden` fields tell whose a row is and are not in the body."""

    name: str
    title: str
    fields: Mapping[str, str]  # name -> type, in the order of the body
    filters: Mapping[str, Filter] = field(default_factory=dict)
    key: str = "id"
    hidden: frozenset[str] = frozenset()
    indexes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()  # what the human page shows first


def _fields(audit: bool = False, **named: str) -> dict[str, str]:
    given = {name: letter for letter, names in named.items() for name in names.split()}
    if audit:
        given |= {name: letter for letter, names in _AUDIT.items() for name in names.split()}
    return given


def _filters(names: str) -> dict[str, Filter]:
    """`dueDate*` = dueDateBegin, dueDateEnd; `created*` and `modified*` likewise; `pOId=poId`: a field named otherwise.

    Every list has the repeatable `id` as well.
    """
    made = {"id": Filter("id")}
    for name in names.split():
        asked, _, own = name.partition("=")
        if asked.endswith("*"):
            own = {"created*": "createdDate", "modified*": "modifiedDate"}.get(asked, asked[:-1])
            made |= {f"{own}{bound}": Filter(own, bound) for bound in ("Begin", "End")}
        else:
            made[asked] = Filter(own or asked)
    return made


_ACCOUNT_FIELDS = "accountNumber baseSegment costCenterSegment subAccountSegment"

_ALL = (
    Table(
        "suppliers",
        "Suppliers",
        _fields(
            True,
            g="id parentSupplierId",
            s="code oldCode name language category status type webAddress contactNote note",
        ),
        _filters("code oldCode name category status type parentSupplierId created* modified*"),
        columns=("pcn", "code", "name", "type", "status", "modifiedDate"),
    ),
    Table(
        "addresses",
        "Supplier addresses",
        _fields(
            True,
            g="id supplierId",
            s="code type country address city zip state phone fax email alternateSupplierName",
            b="main remit",
        ),
        _filters("code created* modified*"),
        hidden=frozenset({"supplierId"}),
        indexes=("supplierId",),
        columns=("pcn", "code", "address", "city", "zip", "country", "main"),
    ),
    Table(
        "financials",
        "Suppliers: financials",
        _fields(g="supplierId", s="taxId taxIdType paymentType", b="misc1099"),
        key="supplierId",
        hidden=frozenset({"supplierId"}),
    ),
    Table(
        "purchasing-defaults",
        "Suppliers: purchasing defaults",
        _fields(
            g="supplierId",
            s="defaultPaymentTerms defaultCurrencyCode defaultTaxCode defaultPOType defaultExpenseAccount",
        ),
        key="supplierId",
        hidden=frozenset({"supplierId"}),
    ),
    Table(
        "purchase-orders",
        "Purchase orders",
        _fields(
            True,
            g="id supplierId supplierAddressId issuedById orderedById contactId approvedById carrierId "
            "routeToEmployeeId",
            s="poNumber currencyCode status type terms freightTerms shipTo shipVia fob internalNote note building "
            "department incoTerms",
            b="active receive consignment blanketOrder",
            t="poDate orderedDate dueDate scheduledReceiptDate approvedDate",
            i="lineItemCount",
            n="lineItemTotal weightQuantityTotal",
        ),
        _filters(
            "pONumber=poNumber status active receive type supplierId orderedDate* dueDate* building department "
            "blanketOrder created* modified*"
        ),
        columns=("pcn", "poNumber", "status", "active", "currencyCode", "lineItemTotal", "orderedDate", "modifiedDate"),
    ),
    Table(
        "line-items",
        "Purchase order lines",
        _fields(
            g="id poId accountId itemId partId partOperationId routeToEmployeeId requestedById modifiedById",
            i="lineItemNumber",
            s="status unit orderUnit description manufacturer manufacturerPartNumber supplierPartNumber taxCode "
            "operationCode weightUnit internalNote note building department",
            n="unitPrice weightConversion blanketQuantity",
            b="estimatedPrice",
            t="expirationDate createdDate modifiedDate",
        ),
        _filters("lineItemNumber status partId itemId department created* modified*"),
        hidden=frozenset({"poId"}),
        indexes=("poId",),
        columns=("pcn", "lineItemNumber", "status", "description", "unitPrice", "orderUnit", "modifiedDate"),
    ),
    Table(
        "releases",
        "Purchase order releases",
        _fields(
            g="id poLineItemId poId supplierId partId buildingId releaseById modifiedById",
            s="poNumber supplierCode status type note partNumber partRevision partNumberRevision operationCode "
            "poShipTo buildingCode releaseAuthorizationNumber releaseByDisplayName modifiedByDisplayName",
            i="lineItemNo releaseLineNumber",
            n="quantity weightQuantity",
            t="releaseDate dueDate originalDueDate createdDate modifiedDate",
        ),
        _filters(
            "pOId=poId pOLineItemId=poLineItemId supplierId status type dueDate* created* modified*",
        ),
        indexes=("poId", "poLineItemId"),
        columns=("pcn", "poNumber", "lineItemNo", "releaseLineNumber", "status", "quantity", "dueDate", "modifiedDate"),
    ),
    Table(
        "ap-invoices",
        "AP invoices",
        _fields(
            True,
            g="id supplierId supplierAddressId shipperId poId",
            s="invoiceNumber supplierCode supplierAddressCode periodDisplay buildingCode currencyCode terms "
            "internalNote voucherNumber status governmentIssuedNumber type paidPeriod taxId checkNote shipperNo "
            "poNumber externalReferenceCode",
            n="exchangeRate discount amount balance totalControlAmount foreignCurrencyAmount foreignCurrencyBalance "
            "discountableAmount",
            t="transactionDate dueDate taxableDate paidDate expectedPayDate discountDueDate exchangeRateDate",
            b="booked paid",
            i="department debitMemo intercompany",
        ),
        _filters("invoiceNumber supplierCode poNumber status booked paid transactionDate* created* modified*"),
        columns=(
            "pcn", "voucherNumber", "invoiceNumber", "supplierCode", "transactionDate", "currencyCode",
            "foreignCurrencyAmount", "amount", "poNumber", "status",
        ),
    ),
    Table(
        "ap-invoice-lines",
        "AP invoice lines",
        _fields(
            g="lineId invoiceId accountId shipperLineId receiptId",
            s=f"{_ACCOUNT_FIELDS} description uoM accountingJobNumber referenceNo shipperNo voucherDescription "
            "projectCode itemTaxCode",
            n="debit credit currencyDebit currencyCredit unitPrice quantity",
            i="offset",
        ),
        key="lineId",
        hidden=frozenset({"invoiceId"}),
        indexes=("invoiceId",),
        columns=("pcn", "accountNumber", "description", "currencyDebit", "currencyCredit", "debit", "credit"),
    ),
    Table(
        "ap-invoice-taxes",
        "AP invoice taxes",
        _fields(
            g="lineId invoiceId accountId",
            s=f"{_ACCOUNT_FIELDS} taxCode taxDescription",
            n="taxRate taxAmount taxableAmount currencyTaxAmount currencyTaxableAmount",
            b="tax",
        ),
        key="lineId",
        hidden=frozenset({"invoiceId", "currencyTaxAmount", "currencyTaxableAmount"}),
        indexes=("invoiceId",),
        columns=("pcn", "accountNumber", "taxCode", "taxRate", "taxAmount", "taxableAmount"),
    ),
    Table(
        "ap-payments",
        "AP payments",
        _fields(
            True,
            g="id supplierId",
            s="paymentNumber supplierCode periodDisplay note paymentType status cleared clearPeriod voucherNo "
            "checkNote currencyCode",
            n="amount clearedAmount exchangeRate",
            t="transactionDate checkDate clearDate mailedDate",
            b="booked void",
        ),
        _filters("paymentNumber booked transactionDate* created*"),
        columns=("pcn", "paymentNumber", "supplierCode", "voucherNo", "amount", "transactionDate"),
    ),
    Table(
        "chart-of-accounts",
        "GL accounts",
        _fields(
            g="id modifiedBy",
            s="accountNumber name categoryType",
            b="active",
            t="inactiveDate createdDate modifiedDate",
        ),
        _filters("accountNumber name categoryType active"),
        columns=("pcn", "accountNumber", "name", "categoryType", "active"),
    ),
    Table(
        "departments",
        "Departments",
        _fields(
            g="id", i="departmentNo", s="departmentCode name buildingCode", b="active", t="createdDate modifiedDate"
        ),
        _filters("modified*"),
        columns=("pcn", "departmentNo", "departmentCode", "name", "active"),
    ),
    Table(
        "buildings",
        "Buildings",
        _fields(
            g="id",
            s="buildingCode buildingType name address city state country zipCode phone fax",
            b="active",
        ),
        _filters("buildingCode name active"),
        columns=("pcn", "buildingCode", "name", "city", "country", "active"),
    ),
    Table(
        "parts",
        "Parts",
        _fields(
            True,
            g="id",
            s="number name revision description type group source productType status note buildingCode",
            n="leadTimeDays",
        ),
        _filters("number status"),
        columns=("pcn", "number", "name", "status"),
    ),
)  # fmt: skip

TABLES = {table.name: table for table in _ALL}

# whose rows end with whom: child -> (its field, the parent)
PARENTS = {
    "addresses": ("supplierId", "suppliers"),
    "financials": ("supplierId", "suppliers"),
    "purchasing-defaults": ("supplierId", "suppliers"),
    "line-items": ("poId", "purchase-orders"),
    "releases": ("poId", "purchase-orders"),
    "ap-invoice-lines": ("invoiceId", "ap-invoices"),
    "ap-invoice-taxes": ("invoiceId", "ap-invoices"),
}
