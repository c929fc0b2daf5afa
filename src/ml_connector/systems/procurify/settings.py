"""What an operator supplies to connect Procurify: help texts, forms and docs are made from here."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

TOKEN_PATH = "/oauth/token"  # noqa: S105  a path
AUDIENCE = "https://api.procurify.com/"
LATE_WRITE_WINDOW_S = 600.0


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How this domain is set up, wherever it differs from the fact sheet's default."""

    location: Annotated[
        str,
        Meta(
            description="Name of the location that requisitions and new departments belong to, where the ERP's record "
            "names none. Not needed where there is exactly one active location.",
            examples=["Plant 1"],
        ),
    ] = ""
    department: Annotated[
        str,
        Meta(
            description="Name of the department in that location that requisitions go to where the ERP's order names "
            "no department and no cost center, or one without a budget for the account code.",
            examples=["Maintenance"],
        ),
    ] = ""
    po_ref_custom_field: Annotated[
        str,
        Meta(
            description="Name of the order item custom field that takes the ERP's order number; it is filled where it "
            "exists. Empty: never.",
            examples=["Plex PO Number"],
        ),
    ] = "Plex PO Number"
    invoice_mode: Annotated[
        Literal["reconcile"],
        Meta(
            description="Bills cannot be written through the API: an invoice is matched to the bill that people "
            "entered, and differences are reported.",
            examples=["reconcile"],
        ),
    ] = "reconcile"
    create_locations: Annotated[
        bool,
        Meta(
            description="Create locations that are missing; the user needs to be a superuser. Otherwise they are only "
            "matched by external id or name.",
            examples=[False],
        ),
    ] = False
    location_phone: Annotated[
        str,
        Meta(description="Telephone number of locations that are created; it is mandatory.", examples=["+1 555 0100"]),
    ] = ""
    location_currency: Annotated[
        Literal["code", "id"],
        Meta(description="Whether a new location names its currency by code or by id.", examples=["code"]),
    ] = "code"
    vendor_type: Annotated[
        Literal[1, 3, 4],
        Meta(
            description="Type of new vendors: 3 preferred (can be chosen in requests), 4 regular, 1 other.",
            examples=[3],
        ),
    ] = 3
    department_names: Annotated[
        Literal["name", "code_and_name", "company_and_name"],
        Meta(
            description="What a department is called: its name in the ERP; code and name where names repeat; company, "
            "code and name where companies use the same codes (requisitions address departments by name).",
            examples=["name"],
        ),
    ] = "name"
    account_type: Annotated[
        int,
        Meta(
            ge=0,
            le=5,
            description="Type of a new account code whose kind the ERP does not tell: 0 asset, 1 liability, 2 expense, "
            "3 income, 4 equity, 5 other.",
            examples=[2],
        ),
    ] = 2
    default_unit: Annotated[
        str, Meta(max_length=30, description="Unit of order lines that have none.", examples=["each"])
    ] = "each"
    domain: Annotated[
        str,
        Meta(
            description="Name of the domain, by which records that are read are told from those of another one. Empty: "
            "as the token says, else the address. Do not change it later.",
            examples=["acme"],
        ),
    ] = ""
    token_url: Annotated[
        str,
        Meta(
            description="Overrides the address of the token endpoint.",
            examples=["https://acme.procurify.com/oauth/token"],
        ),
    ] = ""
    token_audience: Annotated[str, Meta(description="Audience that the token is asked for.", examples=[AUDIENCE])] = (
        AUDIENCE
    )
    token_body: Annotated[
        Literal["json", "form"], Meta(description="How the token request is encoded.", examples=["json"])
    ] = "json"  # noqa: S105  an encoding
    client_header: Annotated[str, Meta(description="Value of the header X-Procurify-Client.", examples=["api"])] = "api"
    page_size: Annotated[int, Meta(ge=1, le=100, description="Rows of one read.", examples=[50])] = 50
    min_interval_ms: Annotated[
        int, Meta(ge=0, description="Shortest pause between two requests, milliseconds.", examples=[500])
    ] = 500
    read_timeout_s: Annotated[float, Meta(gt=0, description="How long an answer may take.", examples=[60])] = 60.0
    late_write_window_s: Annotated[
        float,
        Meta(ge=0, description="How long after sending a write may still take effect, seconds.", examples=[600]),
    ] = LATE_WRITE_WINDOW_S
    smallest_share: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="Share of its rows that a list must still show on the next run; with fewer the role is "
            "suspected of hiding them, and nothing is written. 0: never.",
            examples=[0.5],
        ),
    ] = 0.5
    breaker_timeouts: Annotated[
        int,
        Meta(ge=1, description="So many time-outs within an hour stop all requests for a while.", examples=[3]),
    ] = 3
    breaker_minutes: Annotated[
        int, Meta(ge=1, description="How long requests are stopped then, minutes.", examples=[60])
    ] = 60


class OAuth2(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """OAuth 2.0 client credentials of an application under Settings, Integrations, API."""

    client_id: Annotated[str, Meta(min_length=1, description="Client ID of the application.")]
    client_secret: Annotated[str, Meta(min_length=1, description="Its client secret.")]


CREDENTIALS = {"oauth2": OAuth2}
