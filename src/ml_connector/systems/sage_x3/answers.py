"""What an answer of api1 means: `$diagnoses` count more than the status, and a way to the login page is a 401."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from ml_connector.errors import (
    AuthenticationError,
    ContractError,
    MLConnectorError,
    ModuleMissingError,
    PermissionMissingError,
    RemoteFaultError,
)
from ml_connector.protocols.http import Request, Response
from ml_connector.protocols.redaction import redact
from ml_connector.protocols.status import Judgement, StatusTable, plain_explanation

ADMINISTRATOR = "Sage X3 administrator"
_BAD = frozenset({"error", "fatal", "exception"})
_MISSING = re.compile(r"\b721\b|does not exist|not found|no longer exists|inexistant", re.IGNORECASE)
_LOCKED = re.compile(r"\block(ed)?\b|verrouill", re.IGNORECASE)
_ASKED_WRONG = re.compile(
    r"\bwhere\b|\border\s?by\b|\bfacet\b|\bpropert(y|ies)\b|unknown (field|property)|invalid filter|syntax",
    re.IGNORECASE,
)
_LOGIN = re.compile(r"log-?in|log-?on|sign-?in|/auth", re.IGNORECASE)
_TOKEN_ERROR = re.compile(r"Error\s+(\d+)\s*:", re.IGNORECASE)
_TOKEN_ADVICE = {
    "41": "The issuer is not known: check client_id, and that the connected app exists and is active.",
    "42": "The user is not allowed: add the credential `user` to the allowed users of the connected app.",
    "45": "The audience differs: `audience` must equal the URL registered with the connected app, byte for byte.",
    "50": "Signature or time: check client_secret, the clocks of both machines, and that jwt_lifetime_s is within the "
    "tokens validity of the connected app.",
}
"""What an X3 on premise says about a signed token (FACTS 8)."""


def diagnoses(response: Response) -> list[dict[str, Any]]:
    """The `$diagnoses` of an answer, whatever its status."""
    if b"$diagnoses" not in response.body:
        return []
    try:
        document = msgspec.json.decode(response.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []
    found = document.get("$diagnoses") if isinstance(document, dict) else document
    if isinstance(found, dict):
        found = [found]
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def errors(response: Response) -> list[str]:
    """The messages of those that mean failure."""
    return [
        str(each.get("$message") or "")
        for each in diagnoses(response)
        if str(each.get("$severity") or "").lower() in _BAD
    ]


def explain(response: Response) -> str:
    """The messages of the diagnoses, else what can be read of the body."""
    said = "; ".join(str(each.get("$message") or "") for each in diagnoses(response)[:5])
    return said or plain_explanation(response)


def is_missing(response: Response) -> bool:
    """A record that is not there may be a 200 with a diagnosis (FACTS 11)."""
    return response.status == 200 and any(_MISSING.search(message) for message in errors(response))


def is_locked(response: Response) -> bool:
    """409, or a 200 whose diagnosis says so (FACTS 12)."""
    if response.status == 409:
        return True
    return response.status == 200 and any(_LOCKED.search(message) for message in errors(response))


def is_login_redirect(response: Response) -> bool:
    """A redirect to the login page is how Syracuse says 401 to some (FACTS 9)."""
    return response.status in (301, 302, 303, 307) and bool(_LOGIN.search(response.headers.get("Location", "")))


def is_rejected(response: Response) -> bool:
    """Our sign-in was not accepted."""
    return response.status == 401 or is_login_redirect(response)


def raise_for_diagnoses(response: Response) -> None:
    """Raises ContractError for an answer that failed in spite of its status."""
    if found := errors(response):
        said = redact("; ".join(found))[:500]
        raise ContractError(
            f"{response.request.name}: X3 answered with an error. It said: {said}",
            fix="Look at the message; if a class, representation or property is called differently there, name it in "
            "the settings.",
            who=ADMINISTRATOR,
            status=response.status,
            request_id=response.request_id,
        )


def is_no_class(error: MLConnectorError) -> bool:
    """Whether an error about a class that we can do without says that it is not for us, in whatever way."""
    if isinstance(error, ModuleMissingError | PermissionMissingError):
        return True
    return error.fields.get("status") in (400, 500)


def _error(
    kind: type[MLConnectorError], response: Response, message: str, fix: str, who: str = ADMINISTRATOR
) -> MLConnectorError:
    said = redact(explain(response))[:500]
    text = f"{message} It said: {said}" if said else message
    return kind(text, fix=fix, who=who, status=response.status, request_id=response.request_id)


def _class_of(request: Request) -> str:
    """The class's code: the first word of the label."""
    return request.name.partition(" ")[0]


def _unauthorized(response: Response, request: Request) -> MLConnectorError:
    code = _TOKEN_ERROR.search(response.text(200))
    fix = _TOKEN_ADVICE.get(code.group(1), "") if code else ""
    return _error(
        AuthenticationError,
        response,
        f"{request.name}: our sign-in was not accepted ({response.status}).",
        fix
        or "Check the credentials, that the way of signing in is enabled (session.auth), and that user or "
        "connected app may use the folder.",
    )


def _redirected(response: Response, request: Request) -> MLConnectorError | None:
    if is_login_redirect(response):
        return _unauthorized(response, request)
    return _error(
        ContractError,
        response,
        f"{request.name}: it wants to send us to another address ({response.status}).",
        "Check the base address of the connection: scheme, server and port.",
    )


def _forbidden(response: Response, request: Request) -> MLConnectorError:
    code = _class_of(request)
    return _error(
        PermissionMissingError,
        response,
        f"{request.name}: the user may not read class {code} (403).",
        f"Give the user's function profile access to {code} and its sites, and the endpoint (folder) to its role.",
    )


def _not_found(response: Response, request: Request) -> MLConnectorError:
    code = _class_of(request)
    return _error(
        ModuleMissingError,
        response,
        f"{request.name}: the folder has no class {code} with this representation (404).",
        f"Check folder and base_url; if {code} or its representation is called differently, name it in `classes` or "
        "`representations`, otherwise publish it.",
    )


def _failed(response: Response, request: Request) -> MLConnectorError:
    """500: what we asked for is not on the facet, or X3 is in trouble (FACTS 12)."""
    said = explain(response)
    if not response.is_html and diagnoses(response) and _ASKED_WRONG.search(said):
        return _error(
            ModuleMissingError,
            response,
            f"{request.name}: X3 does not understand the filter or the order that was asked for (500).",
            "Put the property on the query facet of the representation, or name another in `change_fields` or "
            "`fields`; if a date is not understood, try the other `date_literal_style`.",
        )
    return _error(RemoteFaultError, response, f"{request.name}: the system failed (500).", "", who="")


def _unless_expected(judge: Judgement) -> Judgement:
    """Overrides are asked first, also about a status that the caller takes for an answer."""

    def judged(response: Response, request: Request) -> MLConnectorError | None:
        return None if request.expect and response.status in request.expect else judge(response, request)

    return judged


STATUS = StatusTable(
    {
        **dict.fromkeys((301, 302, 303, 307), _redirected),
        401: _unauthorized,
        403: _unless_expected(_forbidden),
        404: _unless_expected(_not_found),
        500: _unless_expected(_failed),
    },
    explain,
)
