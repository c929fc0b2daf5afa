"""What an answer of Procurify means, and its own words in a failed one (FACTS 8 to 11)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import msgspec

from ml_connector.errors import (
    AuthenticationError,
    ConfigurationError,
    ContractError,
    MLConnectorError,
    ModuleMissingError,
    PermissionMissingError,
    RefusedError,
)
from ml_connector.protocols.http import Request, Response
from ml_connector.protocols.redaction import redact
from ml_connector.protocols.status import LONGEST_TEXT, StatusTable, plain_explanation

ADMIN = "Procurify administrator"
_NO_HEADER = "credentials were not provided"
_AREAS = (
    ("/vendors", "vendors"),
    ("/purchase_orders", "purchase orders"),
    ("/purchase-orders", "purchase orders"),
    ("/order-items", "order items"),
    ("/requisitions", "requests (requisitions)"),
    ("/global/orders", "requests (orders) of all users"),
    ("/ap/", "bills (accounts payable)"),
    ("/public/v1/payments", "payments"),
    ("/account-codes", "account codes"),
    ("/accounts", "accounts (budgets)"),
    ("/departments", "departments"),
    ("/locations", "locations"),
    ("/currencies", "currencies"),
    ("/custom-fields", "custom fields"),
    ("/users", "users"),
)


def explain(response: Response) -> str:
    """The words of a failed answer: `errors`, then `detail`, `message`, a bare map of fields, or text."""
    try:
        document = msgspec.json.decode(response.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return plain_explanation(response)
    if isinstance(document, dict):
        for name in ("errors", "detail", "message"):
            if document.get(name):
                return "; ".join(_said(document[name], ""))
    return "; ".join(_said(document, ""))


def _said(value: Any, field: str) -> list[str]:
    """`field: text` for every leaf; the key "null" stands for no field."""
    if isinstance(value, dict):
        if isinstance(value.get("message"), str):
            return [_at(field, value["message"])]
        return [text for name, each in value.items() for text in _said(each, _path(field, str(name)))]
    if isinstance(value, list):
        plain = [each for each in value if not isinstance(each, dict | list)]
        found = [_at(field, ", ".join(map(str, plain)))] if plain else []
        for number, each in enumerate(value, 1):
            if isinstance(each, dict | list):
                found += _said(each, _path(field, str(number)))
        return found
    return [_at(field, str(value))] if value not in (None, "") else []


def _path(field: str, name: str) -> str:
    return field if name == "null" else f"{field}.{name}" if field else name


def _at(field: str, text: str) -> str:
    return f"{field}: {text}" if field else text


def area_of(request: Request) -> str:
    """What a request concerns, as people call it in Procurify."""
    path = urlsplit(request.url).path
    return next((name for part, name in _AREAS if part in path), path)


def _unauthorized(response: Response, request: Request) -> MLConnectorError:
    said = redact(explain(response))[:LONGEST_TEXT]
    if _NO_HEADER in said:
        fix = (
            "The header X-Procurify-Client or Authorization did not arrive, or the header's value is not accepted: see "
            "that no proxy removes it, and the setting client_header (api)."
        )
    else:
        fix = (
            "The application was revoked, or the user who made it was deactivated: look at Settings, Integrations, API "
            "and make a new application as an active service user."
        )
    return AuthenticationError(
        f"{request.name}: Procurify did not accept our token (401). It said: {said}",
        fix=fix,
        who=ADMIN,
        status=401,
        request_id=response.request_id,
    )


def _forbidden(response: Response, request: Request) -> MLConnectorError | None:
    if request.expect is not None and 403 in request.expect:
        return None
    said = redact(explain(response))[:LONGEST_TEXT]
    if _NO_HEADER in said:
        return _unauthorized(response, request)
    doing, area = ("create or change" if request.is_write else "see"), area_of(request)
    return PermissionMissingError(
        f"{request.name}: the user of the application may not {doing} {area} (403). It said: {said}",
        fix=f"Give the role of the user who made the application the permission to {doing} {area} "
        "(Settings, Roles & Permissions).",
        who=ADMIN,
        status=403,
        request_id=response.request_id,
        area=area,
    )


def _not_found(response: Response, request: Request) -> MLConnectorError | None:
    if request.expect is not None and 404 in request.expect:
        return None
    said = redact(explain(response))[:LONGEST_TEXT]
    if request.is_write and request.method != "POST":
        return RefusedError(
            f"{request.name}: it is not there any more (404). It said: {said}",
            fix="Somebody removed it in Procurify; restore or create it there, then replay.",
            status=404,
            request_id=response.request_id,
        )
    return ModuleMissingError(
        f"{request.name}: there is no such address (404). It said: {said}",
        fix=f"Check base_url (https://<domain>.procurify.com) and that {area_of(request)} are switched on there.",
        who=ADMIN,
        status=404,
        request_id=response.request_id,
    )


def _bad_request(response: Response, request: Request) -> MLConnectorError:
    said = redact(explain(response))[:LONGEST_TEXT]
    if _NO_HEADER in said:
        return _unauthorized(response, request)
    kind = RefusedError if request.is_write else ContractError
    return kind(f"{request.name}: {said or 'refused'}.", status=response.status, request_id=response.request_id)


def _method_unknown(response: Response, request: Request) -> MLConnectorError:
    return ConfigurationError(
        f"{request.name}: this kind of request is not allowed there ({response.status}).",
        fix="Check base_url (https://<domain>.procurify.com).",
        request_id=response.request_id,
    )


STATUS = StatusTable(
    {
        400: _bad_request,
        401: _unauthorized,
        403: _forbidden,
        404: _not_found,
        405: _method_unknown,
        409: _bad_request,
        422: _bad_request,
    },
    explain,
)
