"""Which services, sets and properties there are (fact sheet §4); lengths and unconfirmed names are its assumptions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

Kind = Literal["string", "decimal", "integer", "boolean", "date", "stamp", "enum"]

ORDER_STATES = ("Planned", "Released", "Confirmed", "Arrived", "Received", "Invoiced", "Closed", "Cancelled")
INVOICE_STATES = ("Preliminary", "PrelPosted", "Posted", "PartlyPaidPosted", "PaidPosted", "Cancelled")
CODE_PARTS = "BCDEFGHIJ"


@dataclass(frozen=True)
class Property:
    """`enum` is the enumeration's name without its projection; `read_only` ones refuse to be written."""

    name: str
    kind: Kind
    length: int | None = None
    key: bool = False
    enum: str = ""
    members: tuple[str, ...] = ()
    read_only: bool = False
    mandatory: bool = False


def text(name: str, length: int, *, key: bool = False, mandatory: bool = False) -> Property:
    return Property(name, "string", length, key=key, mandatory=mandatory or key)


def amount(name: str) -> Property:
    return Property(name, "decimal")


def whole(name: str, *, key: bool = False) -> Property:
    return Property(name, "integer", key=key)


def flag(name: str) -> Property:
    return Property(name, "boolean")


def day(name: str) -> Property:
    return Property(name, "date")


def stamp(name: str, *, read_only: bool = False) -> Property:
    return Property(name, "stamp", read_only=read_only)


def choice(name: str, enum: str, *members: str, read_only: bool = False) -> Property:
    return Property(name, "enum", enum=enum, members=members, read_only=read_only)


ROWVERSION = stamp("Rowversion", read_only=True)


@dataclass(frozen=True)
class Link:
    """A navigation from one table's row to rows of another: `on` pairs own properties with the other's."""

    name: str
    table: str
    on: tuple[tuple[str, str], ...]
    many: bool
    set_name: str


@dataclass(frozen=True)
class Table:
    """Rows of one kind.

    `parent_keys`: so many of the key's first properties name the parent. `counter_version`: the Objversion is a
    small counter instead of a time stamp (§3 ETag).
    """

    name: str
    luname: str
    properties: tuple[Property, ...]
    links: tuple[Link, ...] = ()
    parent_keys: int = 1
    counter_version: bool = False
    writable: bool = False

    @cached_property
    def keys(self) -> tuple[str, ...]:
        return tuple(p.name for p in self.properties if p.key)

    @cached_property
    def by_name(self) -> Mapping[str, Property]:
        return {p.name: p for p in self.properties}

    def property(self, name: str) -> Property | None:
        return self.by_name.get(name)


@dataclass(frozen=True)
class EntitySet:
    """A table, or a part of it, as one projection shows it."""

    name: str
    table: Table
    head: bool = False  # head sets get @odata.count on the first page (§9)
    only: Callable[[Mapping[str, Any]], bool] | None = None


_SUPPLIER_LINK = Link("VendorNoRef", "SupplierInfoGeneralSet", (("VendorNo", "SupplierId"),), False, "")
_ORDER_LINK = Link("OrderNoRef", "PurchaseOrderSet", (("OrderNo", "OrderNo"),), False, "PurchaseOrderSet")
_LINES_ON = (("OrderNo", "OrderNo"),)

_PURCHASE_ORDER = Table(
    "PurchaseOrderSet",
    "PurchaseOrder",
    (
        text("OrderNo", 12, key=True),
        text("Company", 20, mandatory=True),
        text("Contract", 5, mandatory=True),
        text("VendorNo", 20, mandatory=True),
        text("VendorName", 100),
        text("BuyerCode", 20),
        text("AuthorizeCode", 20),
        text("CurrencyCode", 3, mandatory=True),
        amount("CurrencyRate"),
        day("OrderDate"),
        stamp("DateEntered"),
        stamp("WantedReceiptDate"),
        text("PayTermId", 20),
        amount("NetAmount"),
        amount("TaxAmount"),
        amount("GrossAmount"),
        text("NoteText", 2000),
        whole("PreAccountingId"),
        choice("Objstate", "PurchaseOrderState", *ORDER_STATES, read_only=True),
        ROWVERSION,
    ),
    (
        Link("PurchaseOrderLinePartArray", "PurchaseOrderLineSet", _LINES_ON, True, "PurchaseOrderLinePartSet"),
        Link("PurchaseOrderLineNopartArray", "PurchaseOrderLineSet", _LINES_ON, True, "PurchaseOrderLineNopartSet"),
        _SUPPLIER_LINK,
    ),
    writable=True,
)
_PURCHASE_ORDER_LINE = Table(
    "PurchaseOrderLineSet",
    "PurchaseOrderLine",
    (
        text("OrderNo", 12, key=True),
        text("LineNo", 4, key=True),
        text("ReleaseNo", 4, key=True),
        text("PartNo", 25),
        text("Description", 200),
        amount("BuyQtyDue"),
        text("BuyUnitMeas", 10),
        amount("BuyUnitPrice"),
        amount("NetAmtCurr"),
        amount("GrossAmtCurr"),
        text("TaxCode", 20),
        text("CurrencyCode", 3),
        text("Contract", 5),
        text("VendorNo", 20),
        stamp("WantedDeliveryDate"),
        stamp("PlannedReceiptDate"),
        text("ProjectId", 10),
        whole("PreAccountingId"),
        *(text(f"Code{part}", 20) for part in "A" + CODE_PARTS),
        choice("Objstate", "PurchaseOrderLineState", *ORDER_STATES, read_only=True),
        ROWVERSION,
    ),
    (_ORDER_LINK,),
    writable=True,
)
_INVOICE = Table(
    "PostingProposalHeadSet",
    "PostingProposalHead",
    (
        text("Company", 20, key=True),
        whole("InvoiceId", key=True),
        text("SeriesId", 20),
        text("InvoiceNo", 50, mandatory=True),
        text("Identity", 20, mandatory=True),
        choice("PartyType", "PartyType", "Company", "Customer", "Supplier"),
        text("SupplierName", 100),
        text("InvoiceType", 20),
        day("InvoiceDate"),
        day("ArrivalDate"),
        day("DueDate"),
        text("PayTermId", 20),
        day("CreationDate"),
        text("Currency", 3, mandatory=True),
        amount("CurrRate"),
        amount("DivFactor"),
        amount("NetCurrAmount"),
        amount("VatCurrAmount"),
        amount("GrossCurrAmount"),
        amount("NetDomAmount"),
        amount("VatDomAmount"),
        text("PoRefNumber", 12),
        text("VoucherText", 200),
        choice("Objstate", "PostingProposalHeadState", *INVOICE_STATES, read_only=True),
        ROWVERSION,
    ),
    (
        Link(
            "PostingProposalLineArray",
            "PostingProposalLineSet",
            (("Company", "Company"), ("InvoiceId", "InvoiceId")),
            True,
            "PostingProposalLineSet",
        ),
        Link("IdentityRef", "SupplierInfoGeneralSet", (("Identity", "SupplierId"),), False, ""),
    ),
    writable=True,
)
_INVOICE_LINE = Table(
    "PostingProposalLineSet",
    "PostingProposalLine",
    (
        text("Company", 20, key=True),
        whole("InvoiceId", key=True),
        whole("RowId", key=True),
        text("PostingType", 10),
        *(text(f"Code{part}", 20) for part in "A" + CODE_PARTS),
        amount("CurrAmount"),
        amount("DomAmount"),
        text("PoOrderNo", 12),
        text("PoLineNo", 4),
        text("PoReleaseNo", 4),
        ROWVERSION,
    ),
    parent_keys=2,
    writable=True,
)
_SUPPLIER = Table(
    "SupplierInfoGeneralSet",
    "SupplierInfoGeneral",
    (
        text("SupplierId", 20, key=True),
        text("Name", 100, mandatory=True),
        choice("PartyType", "PartyType", "Company", "Customer", "Supplier"),
        text("AssociationNo", 50),
        text("Country", 2),
        day("CreationDate"),
        choice("Objstate", "SupplierInfoGeneralState", "Active", "Inactive", read_only=True),
        ROWVERSION,
    ),
    (
        Link(
            "SupplierInfoAddresses",
            "SupplierInfoAddresses",
            (("SupplierId", "SupplierId"),),
            True,
            "SupplierInfoAddresses",
        ),
    ),
    writable=True,
)
_ADDRESS = Table(
    "SupplierInfoAddresses",
    "SupplierInfoAddress",
    (
        text("SupplierId", 20, key=True),
        text("AddressId", 50, key=True),
        text("Name", 100),
        text("Address1", 100),
        text("Address2", 100),
        text("ZipCode", 35),
        text("City", 35),
        text("State", 35),
        text("Country", 2),
        ROWVERSION,
    ),
    writable=True,
)


def _per_company(set_name: str, luname: str, *more: Property) -> Table:
    keys = (text("SupplierId", 20, key=True), text("Company", 20, key=True))
    return Table(set_name, luname, (*keys, *more, ROWVERSION), counter_version=True)


def _code(part: str) -> Table:
    properties = (
        text("Company", 20, key=True),
        text(f"Code{part}", 20, key=True),
        text("Description", 100),
        day("ValidFrom"),
        day("ValidUntil"),
        ROWVERSION,
    )
    return Table(f"Code{part}Set", f"Code{part}", properties, counter_version=True, writable=True)


_ACCOUNT = Table(
    "AccountSet",
    "Account",
    (
        text("Company", 20, key=True),
        text("Account", 20, key=True),
        text("Description", 100),
        text("AccntGroup", 20),
        choice("LogicalAccountType", "AccountLogicalAccountType", "Cost", "Assets", "Liabilities", "Revenue"),
        day("ValidFrom"),
        day("ValidUntil"),
        flag("BlockedForPosting"),
        ROWVERSION,
    ),
    counter_version=True,
    writable=True,
)
_CODE_PART = Table(
    "AccountingCodePartSet",
    "AccountingCodePart",
    (
        text("Company", 20, key=True),
        text("CodePart", 1, key=True),
        text("CodeName", 20),
        choice("LogicalCodePart", "LogicalCodePart", "Account", "CostCenter", "Project", "FixedAssets", "NoCode"),
        flag("CodePartUsed"),
        ROWVERSION,
    ),
    counter_version=True,
)
_PRE_ACCOUNTING = Table(
    "PreAccountingSet",
    "PreAccounting",
    (
        whole("PreAccountingId", key=True),
        text("AccountNo", 20),
        *(text(f"Codeno{part}", 20) for part in CODE_PARTS),
        ROWVERSION,
    ),
)
_SITE = Table(
    "SiteSet",
    "Site",
    (
        text("Contract", 5, key=True),
        text("Company", 20),
        text("Description", 100),
        text("TimeZoneCode", 200),
        amount("Offset"),
        text("CountryCode", 2),
        ROWVERSION,
    ),
    counter_version=True,
)
_COMPANY = Table(
    "CompanySet",
    "Company",
    (text("Company", 20, key=True), text("Name", 100), text("CurrencyCode", 3), text("Country", 2), ROWVERSION),
    counter_version=True,
)
_INVOICE_COMPANIES = _per_company(
    "SupplierInvoiceCompanies", "IdentityInvoiceInfo", text("DefCurrency", 3), text("PayTermId", 20)
)
_PAYMENTS = _per_company("SupplierPayments", "IdentityPayInfo", text("PaymentWay", 20))
_PURCHASES = Table(
    "SupplierPurchases",
    "Supplier",
    (text("SupplierId", 20, key=True), text("BuyerCode", 20), text("CurrencyCode", 3), ROWVERSION),
    counter_version=True,
)
_CODES = {part: _code(part) for part in CODE_PARTS}

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        _PURCHASE_ORDER,
        _PURCHASE_ORDER_LINE,
        _INVOICE,
        _INVOICE_LINE,
        _SUPPLIER,
        _ADDRESS,
        _INVOICE_COMPANIES,
        _PAYMENTS,
        _PURCHASES,
        _ACCOUNT,
        *_CODES.values(),
        _CODE_PART,
        _PRE_ACCOUNTING,
        _SITE,
        _COMPANY,
    )
}


def _sets(*found: EntitySet) -> dict[str, EntitySet]:
    return {entity_set.name: entity_set for entity_set in found}


def _has_part(row: Mapping[str, Any]) -> bool:
    return row.get("PartNo") is not None


def _has_no_part(row: Mapping[str, Any]) -> bool:
    return row.get("PartNo") is None


PROJECTIONS: dict[str, dict[str, EntitySet]] = {
    "PurchaseOrderHandling": _sets(
        EntitySet("PurchaseOrderSet", _PURCHASE_ORDER, head=True),
        EntitySet("PurchaseOrderLinePartSet", _PURCHASE_ORDER_LINE, only=_has_part),
        EntitySet("PurchaseOrderLineNopartSet", _PURCHASE_ORDER_LINE, only=_has_no_part),
    ),
    "PostingProposalHandling": _sets(
        EntitySet("PostingProposalHeadSet", _INVOICE, head=True),
        EntitySet("PostingProposalLineSet", _INVOICE_LINE),
    ),
    "ManualSupplierInvoiceHandling": _sets(
        EntitySet("ManSuppInvoiceSet", replace(_INVOICE, luname="ManSuppInvoice", links=()), head=True)
    ),
    "SupplierHandling": _sets(
        EntitySet("SupplierInfoGeneralSet", _SUPPLIER, head=True),
        EntitySet("SupplierInfoAddresses", _ADDRESS),
        EntitySet("SupplierInvoiceCompanies", _INVOICE_COMPANIES),
        EntitySet("SupplierPayments", _PAYMENTS),
        EntitySet("SupplierPurchases", _PURCHASES),
    ),
    "AccountsHandling": _sets(EntitySet("AccountSet", _ACCOUNT)),
    **{f"Code{part}Handling": _sets(EntitySet(f"Code{part}Set", table)) for part, table in _CODES.items()},
    "AccountingCodePartsHandling": _sets(EntitySet("AccountingCodePartSet", _CODE_PART)),
    "PreAccountingHandling": _sets(EntitySet("PreAccountingSet", _PRE_ACCOUNTING)),
    "SitesHandling": _sets(EntitySet("SiteSet", _SITE)),
    "CompanyHandling": _sets(EntitySet("CompanySet", _COMPANY)),
}
ENTITY_SERVICES: dict[str, dict[str, EntitySet]] = {
    "PurchaseOrderLineEntity": _sets(EntitySet("PurchaseOrderLineSet", _PURCHASE_ORDER_LINE)),
}
# set name in a control request -> table
TABLE_OF_SET = {
    **{s.name: s.table.name for sets in (*PROJECTIONS.values(), *ENTITY_SERVICES.values()) for s in sets.values()},
    **{name: name for name in TABLES},
}
BOUND_ACTIONS = {"PurchaseOrderSet": ("PurchaseOrder_Close",)}
