"""What an operator supplies for a connection to Plex, and where things are by default."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta

from ml_connector.records import OrderStatus

PATHS = {
    "suppliers": "/mdm/v1/suppliers",
    "purchase_orders": "/purchasing/v1/purchase-orders",
    "releases": "/purchasing/v2-beta1/releases",
    "ap_invoices": "/accounting/v1/ap-invoices",
    "ap_payments": "/accounting/v1/ap-payments",
    "gl_accounts": "/mdm/v1/chart-of-accounts",
    "buildings": "/mdm/v1/buildings",
    "departments": "/mdm/v1/departments",
    "tenants": "/mdm/v1/tenants",
}
"""Collections below the API's root (FACTS 7)."""

VENDOR_TOKEN_URL = "https://accounts.plex.com/oauth2/token"  # noqa: S105 - an address
TENANT_HEADER = "X-Plex-Connect-Tenant-Id"

ORDER_STATUSES: dict[str, OrderStatus] = {
    **dict.fromkeys(
        ("new", "draft", "planned", "pending", "pending approval", "submitted", "unapproved", "requested", "rejected"),
        OrderStatus.PLANNED,
    ),
    **dict.fromkeys(("on order", "open", "released", "approved", "issued", "active", "sent"), OrderStatus.RELEASED),
    **dict.fromkeys(("confirmed", "acknowledged"), OrderStatus.CONFIRMED),
    **dict.fromkeys(("partial", "partially received", "partly received"), OrderStatus.PARTLY_RECEIVED),
    **dict.fromkeys(("received", "fully received"), OrderStatus.RECEIVED),
    "invoiced": OrderStatus.INVOICED,
    **dict.fromkeys(("closed", "complete", "completed", "inactive"), OrderStatus.CLOSED),
}
"""Words of the customer's set-up table, in small letters (FACTS 31); `order_statuses` adds to them."""

Text = Annotated[str, Meta(min_length=1)]


class PlexSettings(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Settings of one connection: one PCN."""

    pcn: Annotated[
        str,
        Meta(
            min_length=1,
            pattern=r"^\S+$",
            description="Plex Customer Number: whose data is read. It goes with every call and into every record.",
            examples=["100001"],
        ),
    ]
    pcn_header: Annotated[
        Literal["X-Plex-Connect-Customer-Id", "X-Plex-Connect-Tenant-Id"],
        Meta(description="Header that names the PCN on every call.", examples=["X-Plex-Connect-Customer-Id"]),
    ] = "X-Plex-Connect-Customer-Id"
    tenant_id: Annotated[
        str,
        Meta(
            description="GUID of the PCN's tenant, sent where `pcn_header` is X-Plex-Connect-Tenant-Id.",
            examples=["7c4fd1f2-0000-4000-8000-000000100001"],
        ),
    ] = ""
    api_root: Annotated[
        str,
        Meta(
            description="Path before the vendor's paths; `auto`: none where `base_url` has a path or is a "
            "connect.plex.com host, `/api` elsewhere.",
            examples=["auto", "/api"],
        ),
    ] = "auto"
    paths: Annotated[
        dict[str, Text],
        Meta(
            description="Other paths of collections below the root.", examples=[{"departments": "/mdm/v2/departments"}]
        ),
    ] = {}
    releases_path: Annotated[
        str,
        Meta(
            min_length=1,
            description="Path of purchase order releases; newer versions of the API have another.",
            examples=["/purchasing/v3/releases"],
        ),
    ] = PATHS["releases"]
    filter_param_map: Annotated[
        dict[str, Text],
        Meta(
            description="Other names of query parameters.",
            examples=[{"modifiedDateBegin": "modified_date_begin", "modifiedDateEnd": "modified_date_end"}],
        ),
    ] = {}
    token_url: Annotated[
        str,
        Meta(
            description="Address of the token endpoint; empty: the vendor's, or `/oauth2/token` of a `base_url` that "
            "is no Plex host.",
            examples=[VENDOR_TOKEN_URL],
        ),
    ] = ""
    discover_token_url: Annotated[
        bool,
        Meta(
            description="Ask /.well-known/openid-configuration of the token endpoint's host for its address.",
            examples=[False],
        ),
    ] = False
    client_auth: Annotated[
        Literal["body", "basic"],
        Meta(description="Client id and secret in the body or in a Basic header.", examples=["body"]),
    ] = "body"
    scope: Annotated[str, Meta(description="Scope asked for with the token; empty: none.", examples=[""])] = ""
    max_calls_per_minute: Annotated[
        int, Meta(ge=1, description="Calls per minute at most, all flows of the credential together.", examples=[150])
    ] = 150
    max_in_flight: Annotated[
        int, Meta(ge=1, le=8, description="Calls at a time for this PCN; Plex asks for two.", examples=[2])
    ] = 2
    read_timeout_s: Annotated[
        float, Meta(gt=0, description="Seconds to wait for the next byte of an answer.", examples=[120])
    ] = 120
    window_hours: Annotated[
        float,
        Meta(
            gt=0,
            le=8760,
            description="Hours of changes asked for at first; halved when an answer takes too long or is too large, "
            "widened over times with few changes.",
            examples=[24],
        ),
    ] = 24
    overlap_s: Annotated[
        int,
        Meta(
            ge=0,
            le=86400,
            description="Seconds that each reading goes back behind the last, for late commits.",
            examples=[300],
        ),
    ] = 300
    max_rows: Annotated[
        int, Meta(ge=1, description="An answer with more rows is not used; less is asked for.", examples=[20000])
    ] = 20_000
    max_bytes: Annotated[
        int,
        Meta(ge=1000, description="An answer that is larger is broken off; less is asked for.", examples=[67108864]),
    ] = 64 * 1024 * 1024
    invoice_rows: Annotated[
        int, Meta(ge=1, description="AP invoices aimed at per call; the vendor advises about 1,000.", examples=[1000])
    ] = 1000
    first_load_from: Annotated[
        date, Meta(description="Nothing in Plex is older than this day.", examples=["1990-01-01"])
    ] = date(1990, 1, 1)
    ask_by_creation: Annotated[
        bool,
        Meta(
            description="Ask by date of creation, too, for rows that were never modified and have no modifiedDate.",
            examples=[True],
        ),
    ] = True
    payment_days: Annotated[
        int,
        Meta(
            ge=0,
            le=3650,
            description="Days that payments are read back: the API has no filter for their changes (cleared, voided).",
            examples=[30],
        ),
    ] = 30
    payment_amounts: Annotated[
        Literal["payment", "plant"],
        Meta(
            description="Currency of a payment's amount: the payment's own, or the plant's, which is converted by the "
            "payment's exchangeRate.",
            examples=["payment"],
        ),
    ] = "payment"
    departments_source: Annotated[
        Literal["auto", "endpoint", "derive"],
        Meta(
            description="Departments from the endpoint, derived from the values on orders and invoices, or `auto`: "
            "from the endpoint where there is one.",
            examples=["auto"],
        ),
    ] = "auto"
    cost_center_source: Annotated[
        Literal["segment", "invoice_lines"],
        Meta(
            description="Cost centers from a segment of the account numbers (`segment`), or from the "
            "costCenterSegment of AP invoice lines (`invoice_lines`).",
            examples=["segment"],
        ),
    ] = "segment"
    cost_center_separator: Annotated[
        str, Meta(min_length=1, description="What stands between the segments of an account number.", examples=["-"])
    ] = "-"
    cost_center_position: Annotated[
        int, Meta(ge=1, le=20, description="Which segment is the cost center, counted from 1.", examples=[2])
    ] = 2
    supplier_type_exclude: Annotated[
        list[Text], Meta(description="Types of suppliers that are left out, carriers for one.", examples=[["Carrier"]])
    ] = []
    inactive_supplier_statuses: Annotated[
        tuple[Text, ...],
        Meta(description="Statuses by which a supplier is inactive.", examples=[["Inactive"]]),
    ] = ("Inactive", "Deactivated", "Disabled", "Closed", "Obsolete")
    cancelled_statuses: Annotated[
        tuple[Text, ...],
        Meta(
            description="Statuses by which an order, line, release or invoice is cancelled.", examples=[["Cancelled"]]
        ),
    ] = ("Cancelled", "Canceled", "Void", "Voided")
    order_statuses: Annotated[
        dict[str, OrderStatus],
        Meta(
            description="What the plant's own words for the status of an order mean; adds to the usual ones.",
            examples=[{"Awaiting Signature": "planned", "Firm": "released"}],
        ),
    ] = {}
    plant_currency: Annotated[
        str,
        Meta(pattern="^([A-Z]{3})?$", description="Currency of documents that name none.", examples=["USD"]),
    ] = ""
    time_zone: Annotated[
        str,
        Meta(
            description="Time zone of the plant's calendar: a due date that is midnight there is that day.",
            examples=["UTC", "America/Detroit"],
        ),
    ] = "UTC"
    soap_url: Annotated[
        str,
        Meta(
            description="Address of the SOAP data sources of older installations. Kept for the transport that is to "
            "come; nothing is read through it yet.",
            examples=["https://api.plexonline.com/DataSource/Service.asmx"],
        ),
    ] = ""
    datasource_keys: Annotated[
        dict[str, int],
        Meta(
            description="Keys of this customer's data sources, by collection. Kept for the transport that is to come; "
            "nothing is read through them yet.",
            examples=[{"suppliers": 90001}],
        ),
    ] = {}

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.paths) - set(PATHS)):
            raise ValueError(f"paths: {unknown[0]!r} is not one of {', '.join(PATHS)}")
        if self.pcn_header == TENANT_HEADER and not self.tenant_id:
            raise ValueError(f"tenant_id: {TENANT_HEADER} needs the tenant's GUID")
        zone(self.time_zone)

    def path(self, collection: str) -> str:
        """The path of a collection below the root."""
        found = self.paths.get(collection) or (self.releases_path if collection == "releases" else PATHS[collection])
        return "/" + found.strip("/")

    @property
    def overlap(self) -> timedelta:
        return timedelta(seconds=self.overlap_s)

    @property
    def pcn_headers(self) -> dict[str, str]:
        """What routes a call to the right PCN (FACTS 4)."""
        return {self.pcn_header: self.tenant_id if self.pcn_header == TENANT_HEADER else self.pcn}

    def is_cancelled(self, status: object) -> bool:
        """Whether a status of the customer's set-up means cancelled."""
        return isinstance(status, str) and status.strip().casefold() in {s.casefold() for s in self.cancelled_statuses}


class OAuth2(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """An application that signs in with OAuth 2 client credentials."""

    client_id: Annotated[str, Meta(min_length=1, description="Client id of the application.", examples=["ml-sync"])]
    client_secret: Annotated[str, Meta(min_length=1, description="Its secret.", examples=["..."])]


class ConnectKey(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """An application's key of the developer portal, sent with every call."""

    api_key: Annotated[str, Meta(min_length=1, description="Consumer key of the application.", examples=["..."])]
    api_secret: Annotated[
        str, Meta(description="Consumer secret; only some applications have one.", examples=["..."])
    ] = ""


def zone(name: str) -> ZoneInfo:
    """The named time zone. Raises ValueError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"time_zone: {name!r} is not a time zone like America/Detroit") from None


def api_base(settings: PlexSettings, base_url: str) -> str:
    """The address that the vendor's paths are added to (FACTS 1)."""
    base = base_url.rstrip("/")
    if settings.api_root != "auto":
        return f"{base}/{settings.api_root.strip('/')}".rstrip("/")
    parts = urlsplit(base)
    host = parts.hostname or ""
    bare = parts.path or host == "connect.plex.com" or host.endswith(".connect.plex.com")
    return base if bare else f"{base}/api"


def token_url(settings: PlexSettings, base_url: str) -> str:
    """Where tokens come from; the secret of a system that is not the vendor's is never sent to the vendor (FACTS 2)."""
    if settings.token_url:
        return settings.token_url
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if host.endswith((".plex.com", ".plexonline.com")):
        return VENDOR_TOKEN_URL
    return f"{parts.scheme}://{parts.netloc}/oauth2/token"
