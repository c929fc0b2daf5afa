"""What a path means; served below `/api` and without it (fact sheet §0, §2).

Left out: writes, receipts, prices of lines, customers, containers, supply items, and releases v3, whose bodies the
sheet does not describe or the product does not read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote
from uuid import UUID

TOKEN_PATH = "/oauth2/token"
DISCOVERY_PATH = "/.well-known/openid-configuration"

_PATHS = {
    "/mdm/v1/tenants": "tenants",
    "/mdm/v1/suppliers": "suppliers",
    "/mdm/v1/suppliers/{owner}/addresses": "addresses",
    "/mdm/v1/suppliers/{owner}/financials": "financials",
    "/mdm/v1/suppliers/{owner}/purchasing-defaults": "purchasing-defaults",
    "/mdm/v1/chart-of-accounts": "chart-of-accounts",
    "/mdm/v1/departments": "departments",
    "/mdm/v1/buildings": "buildings",
    "/mdm/v1/parts": "parts",
    "/purchasing/v1/purchase-orders": "purchase-orders",
    "/purchasing/v1/purchase-orders/{owner}/line-items": "line-items",
    "/purchasing/v1/purchase-order-statuses": "purchase-order-statuses",
    "/purchasing/v1/release-statuses": "release-statuses",
    "/purchasing/v2-beta1/releases": "releases",
    "/accounting/v1/ap-invoices": "ap-invoices",
    "/accounting/v1/ap-payments": "ap-payments",
}
_ROUTES = [
    (re.compile(path.replace("{owner}", "(?P<owner>[^/]+)") + "(?:/(?P<key>[^/]+))?"), path.split("/")[1], name)
    for path, name in reversed(_PATHS.items())  # the longer ones first: an owner's GUID is no key
]
PRODUCTS = ("mdm", "purchasing", "accounting")
SETS = frozenset(_PATHS.values())


@dataclass(frozen=True)
class Route:
    """`owner` and `key` are as sent, "" for none."""

    name: str
    product: str
    owner: str
    key: str


def route(path: str) -> Route | None:
    """The set that a percent-encoded path leads to; None for what Plex does not serve."""
    inner = path.removeprefix("/api")
    for pattern, product, name in _ROUTES:
        found = pattern.fullmatch(inner)
        if found:
            parts = found.groupdict()
            return Route(name, product, unquote(parts.get("owner") or ""), unquote(parts["key"] or ""))
    return None


def guid_in_path(text: str) -> str:
    """The GUID in its usual form; "" for what is none, and is therefore not found."""
    try:
        return str(UUID(text))
    except ValueError:
        return ""
