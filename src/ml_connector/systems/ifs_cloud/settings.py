"""What an operator supplies for a connection to IFS Cloud; every vendor name that might differ is among it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta

from ml_connector.errors import ConfigurationError

PROJECTION_ROOT = "/main/ifsapplications/projection/v1/"
"""Reads go through `main` (FACTS 2)."""
ENTITY_ROOT = "/int/ifsapplications/entity/v1/"

SETS: dict[str, str] = {
    "suppliers": "SupplierHandling.svc/SupplierInfoGeneralSet",
    "supplier_addresses": "SupplierHandling.svc/SupplierInfoAddresses",
    "purchase_orders": "PurchaseOrderHandling.svc/PurchaseOrderSet",
    "purchase_order_part_lines": "PurchaseOrderHandling.svc/PurchaseOrderLinePartSet",
    "purchase_order_nopart_lines": "PurchaseOrderHandling.svc/PurchaseOrderLineNopartSet",
    "purchase_order_lines_int": ENTITY_ROOT + "PurchaseOrderLineEntity.svc/PurchaseOrderLineSet",
    "pre_accounting": "PreAccountingHandling.svc/PreAccountingSet",
    "invoices": "PostingProposalHandling.svc/PostingProposalHeadSet",
    "manual_invoices": "ManualSupplierInvoiceHandling.svc/ManSuppInvoiceSet",
    "invoice_lines": "PostingProposalHandling.svc/PostingProposalLineSet",
    "gl_accounts": "AccountsHandling.svc/AccountSet",
    "cost_centers": "Code{part}Handling.svc/Code{part}Set",
    "code_parts": "AccountingCodePartsHandling.svc/AccountingCodePartSet",
    "companies": "CompanyHandling.svc/CompanySet",
}
"""Where each collection is read by default (FACTS 2, 20-28); `{part}` becomes B..J."""

OPEN_ORDER_STATES = ("Planned", "Released", "Confirmed", "Arrived", "Received", "Invoiced")
Tries = Literal["auto", "field", "sweep"]


class IfsCloudSettings(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Settings of one connection."""

    realm: Annotated[
        str,
        Meta(
            min_length=1,
            description="Realm of the tenant's identity provider; often not the tenant's name.",
            examples=["acmeprod"],
        ),
    ]
    companies: Annotated[
        list[Annotated[str, Meta(min_length=1)]],
        Meta(
            min_length=1,
            description="Companies to read, as IFS writes them. The service user must be allowed to see each.",
            examples=[["10", "20"]],
        ),
    ]
    change_strategy: Annotated[
        Tries,
        Meta(
            description="How changes are found: by a time stamp (`field`), by comparing ETags (`sweep`), "
            "or `auto`: by time stamp where the metadata has it.",
            examples=["auto"],
        ),
    ] = "auto"
    change_field: Annotated[
        str,
        Meta(min_length=1, description="Property that moves with every change of a row.", examples=["Rowversion"]),
    ] = "Rowversion"
    overlap_s: Annotated[
        int,
        Meta(
            ge=0, le=86400, description="Seconds that each reading goes back behind the last, for late commits.",
            examples=[120],
        ),
    ] = 120  # fmt: skip
    sweep_days: Annotated[
        int,
        Meta(ge=1, le=3650, description="How many days back `sweep` compares documents.", examples=[90]),
    ] = 90
    page_size: Annotated[
        int, Meta(ge=1, le=5000, description="Rows asked for per answer; 5000 is the ceiling of IFS.", examples=[5000])
    ] = 5000
    requests_per_minute: Annotated[
        int, Meta(ge=1, description="Requests per minute at most; lower it when other programs share the client.",
                  examples=[1000])
    ] = 1000  # fmt: skip
    max_in_flight: Annotated[int, Meta(ge=1, le=32, description="Requests at a time.", examples=[4])] = 4
    read_timeout_s: Annotated[
        float,
        Meta(
            gt=0, description="Seconds to wait for the next byte of an answer; raise it for slow sets.", examples=[75]
        ),
    ] = 75
    token_url: Annotated[
        str,
        Meta(
            description="Address of the token endpoint; empty: made from the base address and the realm.",
            examples=["https://acme.ifs.cloud/auth/realms/acmeprod/protocol/openid-connect/token"],
        ),
    ] = ""
    token_fallback_ttl: Annotated[
        int,
        Meta(ge=1, description="Lifetime of a token in seconds, where the answer names none.", examples=[3600]),
    ] = 3600
    token_client_in_basic: Annotated[
        bool, Meta(description="Send client id and secret in a Basic header instead of in the body.", examples=[False])
    ] = False
    server_time_zone: Annotated[
        str,
        Meta(
            description="Time zone in which the server writes its time stamps, whatever letter ends them.",
            examples=["UTC", "Europe/Stockholm"],
        ),
    ] = "UTC"
    po_line_source: Annotated[
        Literal["auto", "main", "int"],
        Meta(
            description="Where order lines with a part number are read: in the projection (`main`), in the entity "
            "service (`int`), or `auto`: in the projection if its service document lists them.",
            examples=["auto"],
        ),
    ] = "auto"
    po_coding_source: Annotated[
        Literal["auto", "lines", "pre_accounting"],
        Meta(
            description="Where the coding of order lines is read: on the line (CodeA..CodeJ), in the pre-accounting, "
            "or `auto`: in the pre-accounting for lines without CodeA.",
            examples=["auto"],
        ),
    ] = "auto"
    invoice_source: Annotated[
        Literal["posting_proposal", "manual"],
        Meta(description="Head set of supplier invoices: PostingProposalHeadSet or ManSuppInvoiceSet.",
             examples=["posting_proposal"])
    ] = "posting_proposal"  # fmt: skip
    cost_center_code_part: Annotated[
        str,
        Meta(
            pattern="^[B-J]$",
            description="Code part that holds cost centers in a company where none is marked as such.",
            examples=["B"],
        ),
    ] = "B"
    stage_from: Annotated[
        str,
        Meta(
            description="State from which on a purchase order leaves IFS; one before it counts as planned.",
            examples=["Released"],
        ),
    ] = "Released"
    dedupe_key: Annotated[
        Literal["company_invoice_id"],
        Meta(
            description="Identity of an invoice: company and InvoiceId. Number and creation date only warn.",
            examples=["company_invoice_id"],
        ),
    ] = "company_invoice_id"
    expand_lines: Annotated[
        bool,
        Meta(description="Stays off: IFS refuses $expand of lines; line sets are read instead.", examples=[False]),
    ] = False
    projections: Annotated[
        dict[str, str],
        Meta(
            description="Other addresses of collections: `Projection.svc/Set`, or a path from the host on.",
            examples=[{"suppliers": "SuppliersHandling.svc/SupplierInfoGeneralSet"}],
        ),
    ] = {}
    fields: Annotated[
        dict[str, str],
        Meta(
            description="Other names of properties, as `collection.Property`.",
            examples=[{"suppliers.SupplierId": "VendorNo", "suppliers.Name": "VendorName"}],
        ),
    ] = {}

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.projections) - set(SETS)):
            raise ValueError(f"projections: {unknown[0]!r} is not one of {', '.join(SETS)}")
        for name in self.fields:
            collection, _, field = name.partition(".")
            if collection not in SETS or not field:
                raise ValueError(
                    f"fields: {name!r} is not `collection.Property` with a collection of {', '.join(SETS)}"
                )
        if self.stage_from not in OPEN_ORDER_STATES:
            raise ValueError(f"stage_from: {self.stage_from!r} is not one of {', '.join(OPEN_ORDER_STATES)}")
        if self.expand_lines:
            raise ValueError("expand_lines: IFS refuses $expand of lines; leave it off")
        if len(set(self.companies)) < len(self.companies):
            raise ValueError("companies: one is named twice")
        zone(self.server_time_zone)

    def path(self, collection: str, part: str = "") -> str:
        """The absolute path of a collection, without host."""
        found = self.projections.get(collection, SETS[collection]).replace("{part}", part)
        return found if found.startswith("/") else PROJECTION_ROOT + found

    def property_name(self, collection: str, name: str) -> str:
        """What a property is called on this installation."""
        return self.fields.get(f"{collection}.{name}", name)

    @property
    def overlap(self) -> timedelta:
        """How far each reading goes back; an hour more where clocks are set back in autumn (FACTS 33)."""
        return timedelta(seconds=self.overlap_s + (3600 if has_dst(self.server_time_zone) else 0))


class ClientCredentials(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """An IAM client of IFS with a service user."""

    client_id: Annotated[
        str, Meta(min_length=1, description="Client id as IAM Clients shows it.", examples=["ML_SYNC"])
    ]
    client_secret: Annotated[str, Meta(min_length=1, description="Secret of the IAM client.", examples=["..."])]


def zone(name: str) -> ZoneInfo:
    """The named time zone. Raises ValueError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"server_time_zone: {name!r} is not a time zone like Europe/Stockholm") from None


def has_dst(name: str) -> bool:
    """Whether the zone's distance from UTC changes within a year."""
    where = zone(name)
    year = 2026
    return len({datetime(year, month, 1, tzinfo=UTC).astimezone(where).utcoffset() for month in range(1, 13)}) > 1


def token_url(settings: IfsCloudSettings, base_url: str) -> str:
    """Where tokens come from (FACTS 3)."""
    if settings.token_url:
        return settings.token_url
    if "/" in settings.realm or "?" in settings.realm:
        raise ConfigurationError(f"realm {settings.realm!r} is not the name of a realm.")
    return f"{base_url.rstrip('/')}/auth/realms/{settings.realm}/protocol/openid-connect/token"
