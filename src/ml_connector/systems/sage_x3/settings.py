"""What an operator supplies for a connection to Sage X3; every vendor name that is assumed is among it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ml_connector.errors import ConfigurationError
from ml_connector.systems.sage_x3.classes import ARRAYS, CLASSES

READ = ("gl_accounts", "cost_centers", "suppliers", "purchase_orders", "invoices", "gl_postings")


class SageX3Settings(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Settings of one connection."""

    folder: Annotated[
        str, Meta(min_length=1, description="X3 folder to read (the Syracuse endpoint).", examples=["SEED"])
    ]
    chart_code: Annotated[
        str,
        Meta(min_length=1, description="Chart of accounts (COA) whose accounts are read.", examples=["COR"]),
    ]
    cost_center_dimension: Annotated[
        str,
        Meta(min_length=1, description="Dimension type (DIE) that holds the cost centers.", examples=["CCT"]),
    ]
    token_url: Annotated[
        str,
        Meta(
            description="Address of the token endpoint; empty: `/token` below the base address.",
            examples=["https://api.eu-sagex3.com/v1/token"],
        ),
    ] = ""
    scope: Annotated[
        str, Meta(description="OAuth scope to ask for; empty: none is sent.", examples=["businessDomain.ALL"])
    ] = ""
    read_transport: Annotated[
        Literal["api1", "graphql"],
        Meta(description="Interface that is read: `api1` (REST). `graphql` is not offered yet.", examples=["api1"]),
    ] = "api1"
    count: Annotated[
        int, Meta(ge=1, le=10_000, description="Records asked for per answer; the server may cap it.", examples=[200])
    ] = 200
    overlap_s: Annotated[
        int,
        Meta(ge=0, le=86400, description="Seconds that each reading goes back behind the last.", examples=[600]),
    ] = 600
    overlap_days: Annotated[
        int,
        Meta(ge=1, le=30, description="Days that it goes back where only a day (UPDDAT) is stamped.", examples=[2]),
    ] = 2
    date_literal_style: Annotated[
        Literal["at", "quoted"],
        Meta(description="How dates are written in `where`: `@2026-03-01@` or in quotes.", examples=["at"]),
    ] = "at"
    invoice_min_status: Annotated[
        int,
        Meta(ge=1, le=3, description="Status (STA) from which on an invoice is read: 3 is validated.", examples=[3]),
    ] = 3
    orders_need_approval: Annotated[
        bool,
        Meta(
            description="An order that is not fully signed (APPFLG 1 or 2) counts as planned and stays in X3.",
            examples=[True],
        ),
    ] = True
    site_companies: Annotated[
        dict[str, str],
        Meta(
            description="Company by site, for documents on which no company (CPY) is given.",
            examples=[{"FR011": "FR10"}],
        ),
    ] = {}
    classes: Annotated[
        dict[str, str],
        Meta(description="Other names of classes, by collection.", examples=[{"cost_centers": "CCE"}]),
    ] = {}
    representations: Annotated[
        dict[str, str],
        Meta(
            description="Other names of representations, by collection; default: the class's name.",
            examples=[{"purchase_orders": "ZPORDER"}],
        ),
    ] = {}
    arrays: Annotated[
        dict[str, str],
        Meta(
            description="Other names of line arrays, as a representation gives them.",
            examples=[{"PORDERQ": "POQ"}],
        ),
    ] = {}
    fields: Annotated[
        dict[str, str],
        Meta(
            description="Other names of properties, as `collection.PROPERTY`.",
            examples=[{"suppliers.BPSNAM": "ZNAME"}],
        ),
    ] = {}
    change_fields: Annotated[
        dict[str, str],
        Meta(
            description="Property by which changes are found, by collection; default: UPDDATTIM, else UPDDAT.",
            examples=[{"suppliers": "updatedDate"}],
        ),
    ] = {}
    line_classes: Annotated[
        bool,
        Meta(
            description="Ask the classes of lines and addresses for changes too, where X3 exposes them.",
            examples=[True],
        ),
    ] = True
    may_be_empty: Annotated[
        list[str],
        Meta(
            description="Entities of which X3 may show nothing at all; of others that is taken for a missing right.",
            examples=[["invoices"]],
        ),
    ] = []
    jwt_lifetime_s: Annotated[
        int,
        Meta(
            ge=60,
            le=3600,
            description="Life of a signed token in seconds; within the connected app's tokens validity.",
            examples=[300],
        ),
    ] = 300
    max_in_flight: Annotated[
        int, Meta(ge=1, le=16, description="Calls at a time; each takes a session of the pool.", examples=[2])
    ] = 2
    requests_per_minute: Annotated[
        int, Meta(ge=1, description="Requests per minute at most; Sage publishes no limit.", examples=[600])
    ] = 6000
    read_timeout_s: Annotated[
        float, Meta(gt=0, description="Seconds to wait for the next byte of an answer.", examples=[120])
    ] = 120

    def __post_init__(self) -> None:
        if self.read_transport != "api1":
            raise ValueError("read_transport: graphql is not offered yet; use api1")
        for setting in ("classes", "representations", "change_fields"):
            _known(setting, getattr(self, setting), CLASSES)
        _known("arrays", self.arrays, ARRAYS)
        _known("may_be_empty", dict.fromkeys(self.may_be_empty, ""), READ)
        for name in self.fields:
            collection, _, field = name.partition(".")
            if collection not in CLASSES or not field:
                raise ValueError(
                    f"fields: {name!r} is not `collection.PROPERTY` with a collection of {', '.join(CLASSES)}"
                )

    def class_of(self, collection: str) -> str:
        return self.classes.get(collection, CLASSES[collection].code)

    def representation_of(self, collection: str) -> str:
        return self.representations.get(collection, self.class_of(collection))

    def array(self, name: str) -> str:
        return self.arrays.get(name, name)

    def property_name(self, collection: str, name: str) -> str:
        """What a property is called on this installation."""
        return self.fields.get(f"{collection}.{name}", name)


def _known(setting: str, given: dict[str, str], known: object) -> None:
    names = list(known)  # type: ignore[call-overload]
    if unknown := sorted(set(given) - set(names)):
        raise ValueError(f"{setting}: {unknown[0]!r} is not one of {', '.join(names)}")


class ClientCredentials(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A connected app that signs in as itself."""

    client_id: Annotated[str, Meta(min_length=1, description="Client id of the connected app.", examples=["mlc"])]
    client_secret: Annotated[str, Meta(min_length=1, description="Secret of the connected app.", examples=["..."])]


class AuthorizationCode(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A connected app that a user has approved once; the refresh token of that approval is only the seed."""

    client_id: Annotated[str, Meta(min_length=1, description="Client id of the connected app.", examples=["mlc"])]
    client_secret: Annotated[str, Meta(min_length=1, description="Secret of the connected app.", examples=["..."])]
    refresh_token: Annotated[
        str, Meta(min_length=1, description="Refresh token that the approval gave.", examples=["..."])
    ]


class SignedJwt(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A connected app of an X3 on premise, which has no token endpoint: we sign the tokens ourselves."""

    client_id: Annotated[str, Meta(min_length=1, description="Client id of the connected app.", examples=["mlc"])]
    client_secret: Annotated[str, Meta(min_length=1, description="Secret of the connected app.", examples=["..."])]
    user: Annotated[str, Meta(min_length=1, description="Syracuse user whom the app may act for.", examples=["MLC"])]
    audience: Annotated[
        str,
        Meta(min_length=1, description="URL registered with the app, byte for byte.", examples=["https://x3.acme.com"]),
    ]


class Basic(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A user of an X3 on premise."""

    username: Annotated[str, Meta(min_length=1, description="Syracuse user.", examples=["MLC"])]
    password: Annotated[str, Meta(min_length=1, description="Its password.", examples=["..."])]


CREDENTIALS: dict[str, type[msgspec.Struct]] = {
    "oauth2_client_credentials": ClientCredentials,
    "oauth2_authorization_code": AuthorizationCode,
    "signed_jwt": SignedJwt,
    "basic": Basic,
}


def base_address(base_url: str) -> str:
    """The server's address, which has to be given in full: nobody keeps a register of X3 servers."""
    address = base_url.strip().rstrip("/")
    if not address:
        raise ConfigurationError(
            "The connection has no base_url.", fix="Give scheme, server and port, such as https://x3.acme.com:8124."
        )
    return address
