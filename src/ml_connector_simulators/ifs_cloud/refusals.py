"""What the service answers when it refuses (fact sheet §3, table of errors)."""

from __future__ import annotations

from collections.abc import Sequence

from ..exchange import Answer


class RefusedError(Exception):
    """Ends the processing of a request with an error answer; `details` are (code, message) pairs."""

    def __init__(
        self, status: int, code: str, message: str, details: Sequence[tuple[str, str]] = (), **headers: str
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = tuple(details)
        self.headers = headers

    def answer(self, message_as_value: bool = False) -> Answer:
        """The JSON error; `message_as_value` wraps the text as {"value": ..}."""
        error: dict[str, object] = {
            "code": self.code,
            "message": {"value": self.message} if message_as_value else self.message,
        }
        if self.details:
            error["details"] = [{"code": code, "message": text} for code, text in self.details]
        return Answer.json({"error": error}, self.status, **self.headers)


def bad_request(message: str) -> RefusedError:
    return RefusedError(400, "ODP_BAD_REQUEST", message)


def business_rule(unit: str, code: str, message: str) -> RefusedError:
    """A rule of the business logic; the useful text is in the detail."""
    detail = f"ORA-20110: {unit}.{code}: {message}"
    return RefusedError(400, "DATABASE_ERROR", "Database error occurred.", [(code, detail)])


def forbidden(message: str) -> RefusedError:
    return RefusedError(403, "ODP_FORBIDDEN", message)


def not_found(message: str) -> RefusedError:
    return RefusedError(404, "ODP_NOT_FOUND", message)


def not_allowed(message: str) -> RefusedError:
    return RefusedError(405, "ODP_NOT_ALLOWED", message)


def not_implemented(message: str) -> RefusedError:
    return RefusedError(501, "ODP_NOT_IMPLEMENTED", message)


def stale(name: str) -> RefusedError:
    return RefusedError(
        412,
        "ODP_PRECONDITION_FAILED",
        "The record was changed meanwhile.",
        [("STALE", f"Read {name} again.")],
    )


def precondition_missing() -> RefusedError:
    return RefusedError(428, "ODP_PRECONDITION_REQUIRED", "A precondition is missing in the request.")
