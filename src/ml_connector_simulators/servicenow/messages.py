"""A request of a signed-in user, and the answers and refusals of the vendor's APIs (fact sheet section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from multidict import CIMultiDict

from .. import exact_json
from ..exchange import Answer
from .access import Account


class Request(msgspec.Struct, frozen=True):
    """What an API is asked, by whom."""

    method: str
    path: str
    query: Mapping[str, str]
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


def json_answer(value: Any, status: int = 200) -> Answer:
    """Returns a value as JSON; everything in it is text already."""
    return Answer(status, msgspec.json.encode(value), CIMultiDict({"Content-Type": "application/json"}))


def result(value: Any, status: int = 200) -> Answer:
    """Wraps a value the way every API of the vendor does."""
    return json_answer({"result": value}, status)


class RefusedError(Exception):
    """A request that the instance answers with an error of the table in section 2."""

    def __init__(self, status: int, message: str, detail: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.detail = detail

    def answer(self) -> Answer:
        """Returns the vendor's error body."""
        error = {"message": self.message, "detail": self.detail}
        return json_answer({"error": error, "status": "failure"}, self.status)


def unauthenticated() -> RefusedError:
    """Returns what missing, wrong and expired credentials alike are told (section 1)."""
    return RefusedError(401, "User Not Authenticated", "Required to provide Auth information")


def operation_failed(detail: str) -> RefusedError:
    """Returns the refusal of a write: access rules, business rules, unique keys and data policies alike."""
    return RefusedError(403, "Operation Failed", detail)


def acl_failed(operation: str) -> RefusedError:
    """Returns the refusal by an access rule; `operation` is Insert, Update or Delete."""
    return operation_failed(f"ACL Exception {operation} Failed due to security constraints")


def no_record() -> RefusedError:
    """Returns the 404 of a row that is absent or hidden."""
    return RefusedError(404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval")


def cancelled() -> RefusedError:
    """Returns the 500 of a transaction that ran out of time; what it did may stay done."""
    message = "Transaction cancelled: maximum execution time exceeded"
    advice = "Check logs for error trace or enable glide.rest.debug property to verify REST request processing"
    return RefusedError(500, message, f"{message} {advice}")


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
        value = exact_json.load(body)
    except msgspec.DecodeError as fault:
        raise unreadable(str(fault)) from fault
    if not isinstance(value, dict):
        raise unreadable("The payload is not a valid JSON object")
    return value
