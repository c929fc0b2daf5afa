"""A request and an answer apart from any server, so that Batch can call what HTTP calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from .access import Account

encode = msgspec.json.encode


class Call(msgspec.Struct, frozen=True):
    """A request of a user who is signed in."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    account: Account
    base_url: str

    def flag(self, name: str) -> bool:
        """Whether a parameter says true."""
        return self.query.get(name, "").lower() == "true"

    def number(self, name: str, default: int) -> int:
        """Returns a parameter that holds a number at or above zero, or the default."""
        text = self.query.get(name, "")
        return int(text) if text.isdecimal() else default


class Reply(msgspec.Struct):
    """An answer; the body is JSON unless the headers say otherwise."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = {}


def result(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    """Wraps a value the way every API of the vendor does."""
    return Reply(status, encode({"result": value}), headers or {})


class RefusedError(Exception):
    """A request that the instance answers with an error of the table in section 2."""

    def __init__(self, status: int, message: str, detail: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.detail = detail

    def reply(self) -> Reply:
        """Returns the vendor's error body."""
        error = {"message": self.message, "detail": self.detail}
        return Reply(self.status, encode({"error": error, "status": "failure"}))


def unauthenticated() -> Reply:
    """Returns what missing, wrong and expired credentials alike are told (section 1)."""
    error = RefusedError(401, "User Not Authenticated", "Required to provide Auth information")
    reply = error.reply()
    reply.headers = {"WWW-Authenticate": 'Basic realm="Service-now"'}
    return reply


def operation_failed(detail: str) -> RefusedError:
    """Returns the refusal of a write: access rules, business rules, unique keys and data policies alike."""
    return RefusedError(403, "Operation Failed", detail)


def acl_failed(operation: str) -> RefusedError:
    """Returns the refusal by an access rule; `operation` is Insert, Update or Delete."""
    return operation_failed(f"ACL Exception {operation} Failed due to security constraints")


def no_record() -> RefusedError:
    """Returns the 404 of a row that is absent or hidden."""
    return RefusedError(404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval")


def unreadable(detail: str) -> RefusedError:
    """Returns the 400 of a body that is no JSON."""
    return RefusedError(400, "Exception while reading request", detail)


def no_resource() -> RefusedError:
    """Returns the 400 of a path that no API answers."""
    return RefusedError(400, "Requested URI does not represent any resource")


def wrong_method() -> RefusedError:
    """Returns the 405 of a verb that a path does not take."""
    return RefusedError(405, "Method not supported", "Only the documented methods are supported")


def json_body(body: bytes) -> dict[str, Any]:
    """Returns the JSON object of a request; raises RefusedError where it is none."""
    try:
        value = msgspec.json.decode(body)
    except msgspec.DecodeError as fault:
        raise unreadable(str(fault)) from fault
    if not isinstance(value, dict):
        raise unreadable("The payload is not a valid JSON object")
    return value
