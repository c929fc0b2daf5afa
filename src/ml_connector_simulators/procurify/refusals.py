"""What a request is refused with (fact sheet sections 1, 2 and 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..exchange import Answer

NON_FIELD = ""


@dataclass(frozen=True)
class Problem:
    """What is wrong with one value; `path` leads to it, e.g. ("line_items", 1, "vendor_name")."""

    path: tuple[str | int, ...]
    message: str
    code: str


class RefusedError(Exception):
    """Ends a request with `status`: `problems` in the style of a validation error, else `detail`."""

    def __init__(self, status: int, detail: str = "", problems: Sequence[Problem] = (), **headers: str) -> None:
        super().__init__(detail or str(problems))
        self.status = status
        self.detail = detail
        self.problems = list(problems)
        self.headers = headers

    def answer(self, *, drf: bool) -> Answer:
        """`drf` gives the field map of the framework beneath, else the vendor's `errors` object."""
        if not self.problems:
            return Answer.json({"detail": self.detail}, self.status, **self.headers)
        body = _field_map(self.problems) if drf else {"errors": _flat(self.problems)}
        return Answer.json(body, self.status)


def _flat(problems: Sequence[Problem]) -> dict[str, dict[str, str]]:
    """By the last name alone, as the vendor shows it; of several the first."""
    flat: dict[str, dict[str, str]] = {}
    for problem in problems:
        name = next((str(part) for part in reversed(problem.path) if isinstance(part, str)), NON_FIELD) or "null"
        flat.setdefault(name, {"message": problem.message, "code": problem.code})
    return flat


def _field_map(problems: Sequence[Problem]) -> dict[str, Any]:
    top: dict[str, Any] = {}
    for problem in problems:
        names = [part or "non_field_errors" if isinstance(part, str) else part for part in problem.path]
        _put(top, names or ["non_field_errors"], problem.message)
    return top


def _put(where: Any, path: Sequence[str | int], message: str) -> None:
    head, *rest = path
    if isinstance(head, int):
        while len(where) <= head:
            where.append({})
        inner: Any = where[head]
    elif not rest:
        where.setdefault(head, []).append(message)
        return
    else:
        inner = where.setdefault(head, [] if isinstance(rest[0], int) else {})
    _put(inner, rest or ["non_field_errors"], message)


def invalid(name: str, message: str, code: str = "invalid") -> RefusedError:
    """A 400 about one value of the request."""
    return RefusedError(400, problems=[Problem((name,), message, code)])


def not_found() -> RefusedError:
    return RefusedError(404, "Not found.")


def forbidden() -> RefusedError:
    return RefusedError(403, "You do not have permission to perform this action.")


def wrong_method(method: str, allowed: Sequence[str]) -> RefusedError:
    return RefusedError(405, f'Method "{method}" not allowed.', Allow=", ".join(allowed))
