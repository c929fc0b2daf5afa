"""The body of a write, read field by field; all problems are collected before it is refused."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from ..exchange import Call
from .database import Database
from .refusals import NON_FIELD, Problem, RefusedError
from .tables import Row
from .values import day_of


def json_body(call: Call) -> Any:
    """The body as JSON. Raises RefusedError."""
    if "json" not in call.header("Content-Type", "application/json"):
        raise RefusedError(415, f'Unsupported media type "{call.header("Content-Type")}" in request.')
    try:
        return call.json()
    except msgspec.DecodeError as error:
        raise RefusedError(400, f"JSON parse error - {error}") from error


class Form:
    """Reads fields of one object; what nobody reads is ignored.

    `partial` (PATCH) leaves out what was not sent; else it becomes the field's default. `values` is what was read.
    """

    def __init__(
        self, database: Database, body: Any, path: tuple[str | int, ...] = (), *, partial: bool = False
    ) -> None:
        self.database = database
        self.partial = partial
        self.values: Row = {}
        self.problems: list[Problem] = []
        self._path = path
        self._body: dict[str, Any] = body if isinstance(body, dict) else {}
        if not isinstance(body, dict):
            self.refuse(NON_FIELD, f"Invalid data. Expected a dictionary, but got {type(body).__name__}.", "invalid")

    def refuse(self, name: str, message: str, code: str) -> None:
        """Notes a problem with a field."""
        self.problems.append(Problem((*self._path, name) if name else self._path, message, code))

    def check(self) -> Row:
        """The values, if nothing is wrong. Raises RefusedError."""
        if self.problems:
            raise RefusedError(400, problems=self.problems)
        return self.values

    def take(self, name: str, *, required: bool = False, nullable: bool = True, default: Any = None) -> Any:
        """The raw value; None if it is absent, null or refused. The key's absence is handled here."""
        if name not in self._body:
            if not self.partial and required:
                self.refuse(name, "This field is required.", "required")
            elif not self.partial:
                self.values[name] = default
            return None
        value = self._body[name]
        if value is None and not nullable:
            self.refuse(name, "This field may not be null.", "null")
        elif value is None:
            self.values[name] = None
        return value

    def text(self, name: str, longest: int, *, required: bool = False, default: str | None = None) -> str:
        """A required text may be neither null nor blank. "" if there is none."""
        value = self.take(name, required=required, nullable=not required, default=default)
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            self.refuse(name, "Not a valid string.", "invalid")
            return ""
        text = str(value).strip() if self.database.switches.trim_texts else str(value)
        if required and not text.strip():
            self.refuse(name, "This field may not be blank.", "blank")
        elif len(text) > longest:
            self.refuse(name, f"Ensure this field has no more than {longest} characters.", "max_length")
        else:
            self.values[name] = text
            return text
        return ""

    def whole(
        self,
        name: str,
        choices: Collection[int] = (),
        *,
        required: bool = False,
        nullable: bool = True,
        default: int | None = None,
    ) -> int | None:
        """A whole number, as a number or as text; among `choices`, if there are any."""
        value = self.take(name, required=required, nullable=nullable and not required, default=default)
        if value is None:
            return None
        if isinstance(value, str) and value.strip().lstrip("-").isdecimal():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            self.refuse(name, "A valid integer is required.", "invalid")
        elif choices and value not in choices:
            self.refuse(name, f'"{value}" is not a valid choice.', "invalid_choice")
        else:
            self.values[name] = value
            return value
        return None

    def decimal(self, name: str, places: int, *, required: bool = False, nullable: bool = False) -> Decimal | None:
        """A decimal string; a number only where the domain takes one."""
        value = self.take(name, required=required, nullable=nullable)
        if value is None:
            return None
        number = self._number(value)
        if number is None or not number.is_finite():
            self.refuse(name, "A valid number is required.", "invalid")
            return None
        exponent = number.as_tuple().exponent
        if isinstance(exponent, int) and -exponent > places:
            self.refuse(name, f"Ensure that there are no more than {places} decimal places.", "max_decimal_places")
            return None
        self.values[name] = number
        return number

    def _number(self, value: Any) -> Decimal | None:
        as_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
        if not isinstance(value, str) and not (as_number and self.database.switches.numbers_for_decimals):
            return None
        try:
            return Decimal(value)
        except InvalidOperation:
            return None

    def flag(self, name: str, *, default: bool | None = None) -> None:
        """True or false."""
        value = self.take(name, nullable=default is None, default=default)
        if value is not None and not isinstance(value, bool):
            self.refuse(name, "Must be a valid boolean.", "invalid")
        elif value is not None:
            self.values[name] = value

    def day(self, name: str, *, required: bool = False) -> None:
        """A date, `YYYY-MM-DD`."""
        value = self.take(name, required=required, nullable=not required)
        if value is None:
            return
        try:
            text = str(value) if self.database.switches.strict_dates else str(value)[:10]
            self.values[name] = day_of(text)
        except ValueError:
            message = "Date has wrong format. Use one of these formats instead: YYYY-MM-DD."
            self.refuse(name, message, "invalid")

    def reference(self, name: str, table: str, *, required: bool = False) -> Row | None:
        """The id of a row of another set."""
        key = self.whole(name, required=required)
        if key is None:
            return None
        row = self.database[table].get(key)
        if row is None:
            self.refuse(name, f'Invalid pk "{key}" - object does not exist.', "does_not_exist")
        return row

    def items(self, name: str, *, required: bool = False, empty: bool = True) -> list[Any]:
        """A list."""
        value = self.take(name, required=required, nullable=not required)
        if value is None:
            return []
        if not isinstance(value, list):
            self.refuse(name, f'Expected a list of items but got type "{type(value).__name__}".', "not_a_list")
            return []
        if not value and not empty:
            self.refuse(name, "This list may not be empty.", "empty")
        self.values[name] = value
        return value
