"""What the status of an answer means: one table, of which a connector overrides entries in data."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ml_connector.errors import (
    AuthenticationError,
    ConfigurationError,
    ContractError,
    MLConnectorError,
    ModuleMissingError,
    OutcomeUnknownError,
    PermissionMissingError,
    RateLimitedError,
    RefusedError,
    RemoteFaultError,
    StaleVersionError,
)
from ml_connector.protocols.http import Request, Response
from ml_connector.protocols.redaction import redact
from ml_connector.protocols.retry import retry_after_s

Judgement = Callable[[Response, Request], MLConnectorError | None]
"""Looks closer at an answer; None accepts it."""

Entry = type[MLConnectorError] | Judgement

LONGEST_TEXT = 500
"""Characters of the other side's words that go into a message."""


@dataclass(frozen=True)
class StatusTable:
    """Turns answers into errors.

    `overrides` replaces entries by status; an error type is raised as it is, a callable looks closer (also at a 200)
    and returns the error or None. `explain` finds the other side's own words in a failed answer.
    """

    overrides: Mapping[int, Entry] = field(default_factory=dict)
    explain: Callable[[Response], str] = field(default=lambda response: plain_explanation(response))

    def judge(self, response: Response, request: Request) -> MLConnectorError | None:
        """The error that this answer means; None when it is the answer that was asked for."""
        status = response.status
        entry = self.overrides.get(status)
        if entry is not None:
            return self.build(entry, response, request) if isinstance(entry, type) else entry(response, request)
        if request.expect is not None:
            if status in request.expect:
                return self._cut_off(response, request)
        elif 200 <= status < 300 and status != 202:
            return self._cut_off(response, request)
        return self.build(default_entry(status, request), response, request)

    def build(self, kind: type[MLConnectorError], response: Response, request: Request) -> MLConnectorError:
        """An error of `kind` that says what happened to what, in our words and then in theirs."""
        said = redact(self.explain(response))[:LONGEST_TEXT]
        message = f"{request.name}: {_MEANINGS.get(response.status, 'the system answered')} ({response.status})."
        if said:
            message = f"{message} It said: {said}"
        pause_s = retry_after_s(response.headers)
        fields: dict[str, Any] = {"status": response.status, "request_id": response.request_id}
        if issubclass(kind, RateLimitedError):
            return kind(message, retry_after_s=pause_s, **fields)
        return kind(message, fix=_FIXES.get((kind, response.status), ""), retry_after_s=pause_s, **fields)

    def _cut_off(self, response: Response, request: Request) -> MLConnectorError | None:
        """A JSON answer whose end is missing although its length was not announced."""
        if response.status >= 300 or response.status == 204 or not is_cut_off(response):
            return None
        kind = OutcomeUnknownError if request.is_write else RemoteFaultError
        return kind(
            f"{request.name}: the answer is empty or cut off.",
            status=response.status,
            request_id=response.request_id,
        )


def is_cut_off(response: Response) -> bool:
    """True when the answer calls itself JSON and is empty, or its outermost bracket is not closed."""
    if "json" not in response.headers.get("Content-Type", ""):
        return False
    first, last = response.body[:64].lstrip()[:1], response.body[-64:].rstrip()[-1:]
    return not last or (first == b"{" and last != b"}") or (first == b"[" and last != b"]")


def default_entry(status: int, request: Request) -> type[MLConnectorError]:
    """The error type of a status that no connector has an opinion about.

    A write that met a 5xx, a 408 or a 202 may have been done, may still be done, or never.
    """
    if status in _ALWAYS:
        return _ALWAYS[status]
    if status in (202, 408) or status >= 500:
        return OutcomeUnknownError if request.is_write else RemoteFaultError
    if status in _REFUSALS and request.is_write:
        return RefusedError
    return ContractError


_ALWAYS: dict[int, type[MLConnectorError]] = {
    401: AuthenticationError,
    402: PermissionMissingError,
    403: PermissionMissingError,
    404: ModuleMissingError,
    407: ConfigurationError,
    410: ModuleMissingError,
    412: StaleVersionError,
    425: RemoteFaultError,
    428: StaleVersionError,
    429: RateLimitedError,
    501: ContractError,
    505: ContractError,
}
_REFUSALS = frozenset({400, 409, 413, 422, 423})
_MEANINGS = {
    202: "accepted, which does not say that it was done",
    301: "it wants to send us to another address",
    302: "it wants to send us to another address",
    303: "it wants to send us to another address",
    307: "it wants to send us to another address",
    308: "it wants to send us to another address",
    400: "the request was refused",
    401: "our sign-in was not accepted",
    403: "a permission is missing",
    404: "not found",
    405: "this kind of request is not allowed there",
    408: "the system gave up waiting",
    409: "it conflicts with what is there",
    410: "no longer there",
    412: "the row was changed meanwhile",
    413: "too large for the system",
    422: "the request was refused",
    423: "the row is locked",
    428: "the row's version is required",
    429: "too many requests",
    500: "the system failed",
    501: "the system does not know this kind of request",
    502: "a gateway failed",
    503: "the system is not available",
    504: "a gateway got no answer",
}
_FIXES: dict[tuple[type[MLConnectorError], int], str] = {
    (PermissionMissingError, 403): "Grant it to the user of this connection.",
    (ModuleMissingError, 404): "Check the address and that the module or service is activated.",
    (ContractError, 301): "Check the base address of the connection.",
    (ContractError, 302): "Check the base address of the connection.",
    (ContractError, 307): "Check the base address of the connection.",
    (ContractError, 308): "Check the base address of the connection.",
}
_TAGS = re.compile(r"(?is)<(script|style)\b.*?</\1>|<[^>]+>")


def plain_explanation(response: Response) -> str:
    """What a failed answer says, from the usual shapes of JSON, or the words of a page; empty when nothing."""
    try:
        document = msgspec.json.decode(response.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return " ".join(_TAGS.sub(" ", response.text(4000)).split())[:LONGEST_TEXT]
    return _words(document)


def _words(document: Any) -> str:
    """The texts under the usual names, joined: `error`, `message`, `detail`, `error_description`, ..."""
    if isinstance(document, str):
        return document.strip()
    if isinstance(document, list):
        return "; ".join(filter(None, map(_words, document[:5])))
    if not isinstance(document, dict):
        return ""
    names = ("error", "error_description", "message", "detail", "details", "errors", "title", "value")
    found = (_words(document[name]) for name in names if name in document)
    return ": ".join(dict.fromkeys(filter(None, found)))
