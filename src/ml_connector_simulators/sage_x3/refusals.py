"""What api1 answers when it refuses: diagnoses, or a page of the web server before it (fact sheet §3, errors)."""

from __future__ import annotations

from typing import Any

from ..exchange import Answer

NO_SESSION = "<html><head><title>503</title></head><body><h1>Service unavailable: no free session</h1></body></html>"


class RefusedError(Exception):
    """Ends the processing of a request with one error diagnosis."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    def answer(self) -> Answer:
        return Answer.json({"$diagnoses": [diagnosis(self.message)]}, self.status)


def diagnosis(message: str, severity: str = "error") -> dict[str, Any]:
    return {"$severity": severity, "$message": message}


def bad_request(message: str) -> RefusedError:
    return RefusedError(400, message)


def unknown_property(name: str) -> RefusedError:
    """An unknown property in `where` or `orderBy` is a 500 on X3 endpoints."""
    return RefusedError(500, f"Property {name} does not exist on the representation")


def page(status: int, html: str) -> Answer:
    return Answer.of(html.encode(), "text/html; charset=utf-8", status)
