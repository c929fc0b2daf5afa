"""What a status of the OData service means here, and how patiently it is asked again (FACTS 18)."""

from __future__ import annotations

from dataclasses import dataclass

from ml_connector.errors import (
    ConfigurationError,
    ContractError,
    MLConnectorError,
    ModuleMissingError,
    PermissionMissingError,
    RateLimitedError,
    TransientError,
)
from ml_connector.protocols.http import Repeat, Request, Response
from ml_connector.protocols.odata import explain
from ml_connector.protocols.redaction import redact
from ml_connector.protocols.retry import RetryPolicy
from ml_connector.protocols.status import LONGEST_TEXT, StatusTable

ADMINISTRATOR = "SYSPRO administrator"
TRIES_AT_500 = 3
"""A time-out of the database: after that a smaller page is asked for."""


@dataclass
class Patience(RetryPolicy):
    """2, 4, 8 seconds and so on, five tries; three where the service itself failed."""

    tries: int = 5
    base_s: float = 2.0

    def delay_s(self, error: TransientError, attempt: int, repeat: Repeat) -> float | None:
        if error.fields.get("status") == 500 and attempt >= TRIES_AT_500:
            return None
        return super().delay_s(error, attempt, repeat)


def _subject(request: Request) -> str:
    return request.url.partition("?")[0].rpartition("/")[2]


def _bad_request(response: Response, request: Request) -> MLConnectorError:
    return ConfigurationError(
        f"{request.name}: the OData service does not understand the request ({response.status}). "
        f"It said: {redact(explain(response))[:LONGEST_TEXT]}",
        fix=f"Compare the names of {_subject(request)} in its $metadata with `sets` and `fields` of this connection.",
        status=response.status,
        request_id=response.request_id,
    )


def _forbidden(response: Response, request: Request) -> MLConnectorError:
    return PermissionMissingError(
        f"{request.name}: the operator may not read {_subject(request)} (403).",
        fix=f"Enable the operator for OData in SYSPRO, give its SQL user the right to select from {_subject(request)}, "
        "and restart the OData service.",
        who=ADMINISTRATOR,
        status=403,
        request_id=response.request_id,
    )


def _not_found(response: Response, request: Request) -> MLConnectorError:
    if response.is_html:
        message = f"{request.name}: there is no OData service or no such company at this address (404)."
        fix = "Check base_url, odata_path and company_id; odata_company_in_path where the company is not in the path."
    else:
        message = f"{request.name}: the OData service has no set {_subject(request)} (404)."
        fix = "Put its name on this installation into `sets`, or have the table offered by the OData service."
    return ModuleMissingError(message, fix=fix, who=ADMINISTRATOR, status=404, request_id=response.request_id)


def _unavailable(response: Response, request: Request) -> MLConnectorError:
    return STATUS.build(RateLimitedError, response, request)


STATUS = StatusTable(
    {
        400: _bad_request,
        403: _forbidden,
        404: _not_found,
        409: ContractError,
        412: ContractError,
        414: _bad_request,
        503: _unavailable,
    },
    explain,
)
