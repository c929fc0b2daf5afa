"""What an answer of the instance means: its error bodies, and the failures that hide in a 200.

The same reading serves a plain request and a request inside a Batch call (FACTS 5 to 8).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from ml_connector.errors import (
    ContractError,
    MLConnectorError,
    ModuleMissingError,
    OutcomeUnknownError,
    PermissionMissingError,
    RefusedError,
    RemoteFaultError,
)
from ml_connector.protocols.http import Request, Response
from ml_connector.protocols.redaction import redact
from ml_connector.protocols.status import StatusTable, default_entry

CANCELLED = "maximum execution time"
"""In the message of a 500, and sometimes inside a partial body with status 200 (FACTS 7)."""
_CANCELLED_BYTES = CANCELLED.encode()
_TABLE = re.compile(r"/api/now/(?:v\d/)?(?:table|stats|import)/([A-Za-z0-9_]+)")


class TooSlowError(ContractError):
    """The instance cancelled a read for taking too long; a smaller page may go through."""


class Fault(msgspec.Struct, frozen=True):
    """The vendor's error body, flattened."""

    message: str = ""
    detail: str = ""

    def __str__(self) -> str:
        return ": ".join(filter(None, (self.message, self.detail)))

    @property
    def text(self) -> str:
        return f"{self.message} {self.detail}"

    @property
    def is_invalid_table(self) -> bool:
        return "Invalid table" in self.message

    @property
    def is_no_resource(self) -> bool:
        return "does not represent any resource" in self.message

    @property
    def is_access_rule(self) -> bool:
        return "ACL Exception" in self.text or "Insufficient rights" in self.text or "security constraints" in self.text

    @property
    def is_existing_key(self) -> bool:
        return "Error during insert" in self.text

    @property
    def is_data_policy(self) -> bool:
        return "Data Policy Exception" in self.text

    @property
    def is_cancelled(self) -> bool:
        return CANCELLED in self.text


def fault_of(document: Any) -> Fault:
    """The error in a decoded body, without any secret it may quote; empty when there is none in the known shapes."""
    error = document.get("error") if isinstance(document, dict) else None
    if isinstance(error, dict):
        return Fault(redact(str(error.get("message") or "")), redact(str(error.get("detail") or "")))
    return Fault(redact(str(error))) if error else Fault()


def fault_in(body: bytes) -> Fault:
    """The error in a body that may be anything."""
    try:
        return fault_of(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Fault(CANCELLED if _CANCELLED_BYTES in body else "")


def table_of(url: str) -> str:
    """The table that a request concerns; empty for other paths."""
    found = _TABLE.search(url)
    return found[1] if found else ""


class Guide:
    """Who can put right what is missing: roles and plugins by table, as settings name them."""

    def __init__(self, roles: Mapping[str, tuple[str, ...]], plugins: Mapping[str, str]) -> None:
        self.roles = roles
        self.plugins = plugins

    def role_missing(self, table: str, doing: str, said: str = "", **fields: Any) -> PermissionMissingError:
        """Our user may not do that with the table."""
        roles = self.roles.get(table, ())
        grant = f"Grant the service account the role {' or '.join(roles)}" if roles else "Grant the service account"
        return PermissionMissingError(
            f"The service account may not {doing} {table}.{f' It said: {said}.' if said else ''}",
            fix=f"{grant} (or an access rule that lets it {doing} {table}).",
            who="ServiceNow administrator",
            table=table,
            roles=roles,
            **fields,
        )

    def table_missing(self, table: str, **fields: Any) -> ModuleMissingError:
        """The table does not exist, or its plugin is not active: the instance does not tell them apart."""
        plugin = self.plugins.get(table, "")
        activate = f"Activate the plugin {plugin}" if plugin else "Activate the module it belongs to"
        return ModuleMissingError(
            f"Table {table} does not exist on the instance.",
            fix=f"{activate}, or name the right table in the setting `tables`.",
            who="ServiceNow administrator",
            table=table,
            plugin=plugin,
            **fields,
        )

    def column_missing(self, table: str, column: str, purpose: str) -> ModuleMissingError:
        """The dictionary shows the table without the column."""
        return ModuleMissingError(
            f"Column {table}.{column} does not exist on the instance; it takes {purpose}.",
            fix=f"Create it in the table's dictionary ({table}.{column}), or name the right one in the settings.",
            who="ServiceNow administrator (of the table's scope)",
            table=table,
            column=column,
        )


def status_table(guide: Guide) -> StatusTable:
    """What the statuses of a plain request mean; a Batch call's inner ones are read by `outcomes`."""

    def succeeded(response: Response, request: Request) -> MLConnectorError | None:
        return _hidden_failure(response, request)

    def bad_request(response: Response, request: Request) -> MLConnectorError | None:
        fault = fault_in(response.body)
        if request.expect is not None and 400 in request.expect:
            return None
        if fault.is_invalid_table:
            return guide.table_missing(table_of(request.url), request_id=response.request_id)
        if fault.is_no_resource:
            return ModuleMissingError(f"The instance has no {request.name}.", who="ServiceNow administrator")
        kind = RefusedError if request.is_write else ContractError
        return kind(f"{request.name}: {fault or 'refused'}.", status=400, request_id=response.request_id)

    def forbidden(response: Response, request: Request) -> MLConnectorError | None:
        if request.expect is not None and 403 in request.expect:
            return None
        doing = "write" if request.is_write else "read"
        said = str(fault_in(response.body))
        return guide.role_missing(table_of(request.url) or request.name, doing, said, request_id=response.request_id)

    def failed(response: Response, request: Request) -> MLConnectorError | None:
        if not request.is_write and fault_in(response.body).is_cancelled:
            return _too_slow(response, request)
        return status.build(default_entry(500, request), response, request)

    status = StatusTable(overrides={200: succeeded, 400: bad_request, 403: forbidden, 500: failed})
    return status


def _too_slow(response: Response, request: Request) -> TooSlowError:
    return TooSlowError(
        f"{request.name}: the instance cancelled it for taking too long.", request_id=response.request_id
    )


def _hidden_failure(response: Response, request: Request) -> MLConnectorError | None:
    """A 200 with a web page, with nothing, with an error, or with half a result (FACTS 7)."""
    body = response.body
    unclear = OutcomeUnknownError if request.is_write else RemoteFaultError
    if response.is_html or not body.lstrip().startswith(b"{") or not body.rstrip().endswith(b"}"):
        what = "a web page" if response.is_html else "no complete answer"
        return unclear(f"{request.name}: {what} came with status 200.", request_id=response.request_id)
    if not request.is_write and _CANCELLED_BYTES in body and _is_cancelled(body):
        return _too_slow(response, request)
    if body.lstrip()[1:12].lstrip().startswith(b'"error"'):
        return unclear(f"{request.name}: {fault_in(body)} (with status 200).", request_id=response.request_id)
    return None


def _is_cancelled(body: bytes) -> bool:
    """Not a row that happens to hold these words: an error beside the rows, or a body that cannot be read."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return True
    return bool(fault_of(document).message)
