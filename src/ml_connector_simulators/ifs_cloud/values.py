"""How a property's value looks inside, on the wire and as a literal in an address (fact sheet §3)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from .refusals import bad_request, business_rule
from .schema import Property

_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
_ENUM = re.compile(r"IfsApp\.(\w+)\.(\w+)'((?:[^']|'')*)'")


def stored(prop: Property, value: Any) -> Any:
    """A value given by the control surface or the story in the form it is kept in; stamps are aware UTC.

    Raises ValueError for a value that the property cannot hold.
    """
    if value is None:
        return None
    if prop.kind == "decimal":
        return Decimal(str(value))
    if prop.kind == "integer":
        return int(value)
    if prop.kind == "boolean":
        return value in (True, "true", "TRUE", "Yes")
    if prop.kind == "date":
        return value.isoformat() if isinstance(value, date) else date.fromisoformat(str(value)).isoformat()
    if prop.kind == "stamp":
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return moment.astimezone(UTC).replace(microsecond=0)
    return str(value)


def rendered(prop: Property, value: Any, zone: ZoneInfo, booleans: str) -> Any:
    """The kept value as it goes into JSON; a stamp is the server's local time with a `Z` (§5)."""
    if value is None:
        return None
    if prop.kind == "stamp":
        return value.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%SZ")
    if prop.kind == "boolean" and booleans != "boolean":
        return {"TRUE": ("FALSE", "TRUE"), "Yes": ("No", "Yes")}[booleans][value]
    return value


def written(prop: Property, value: Any, luname: str, zone: ZoneInfo) -> Any:
    """A value sent by a client in the form it is kept in; refuses wrong types and too long texts."""
    if value is None:
        if prop.mandatory:
            raise business_rule(luname, "NULLVALUE", f"Field [{prop.name}] is mandatory and requires a value.")
        return None
    try:
        if prop.kind == "stamp":
            return _moment(str(value), zone)
        if prop.kind in ("string", "enum", "date") and not isinstance(value, str):
            raise ValueError("expected a text")
        kept = stored(prop, value)
    except (ValueError, InvalidOperation) as error:
        raise bad_request(f"The value of property '{prop.name}' is not valid: {error}.") from error
    if prop.kind == "enum" and kept not in prop.members:
        raise bad_request(f"'{kept}' is not a member of {prop.enum}.")
    if prop.length is not None and len(kept) > prop.length:
        raise business_rule(luname, "TOOLONG", f"The value for {prop.name} is too long ({prop.length}).")
    return kept


def _moment(text: str, zone: ZoneInfo) -> datetime:
    """A stamp as the server reads it: `Z` is its own local time."""
    local = datetime.fromisoformat(text).replace(tzinfo=zone, microsecond=0)
    return local.astimezone(UTC)


def literal(prop: Property, token: str, projection: str) -> Any:
    """An address literal in the form in which rendered values compare. Refuses a literal of another type."""
    if token == "null":
        return None
    if prop.kind == "string" and len(token) > 1 and token[0] == token[-1] == "'":
        return token[1:-1].replace("''", "'")
    if prop.kind in ("decimal", "integer") and _NUMBER.fullmatch(token):
        return Decimal(token)
    if prop.kind == "date" and _DATE.fullmatch(token):
        return _checked_date(token)
    if prop.kind == "stamp" and _STAMP.fullmatch(token):
        return _checked_stamp(token)
    if prop.kind == "boolean" and token in ("true", "false"):
        return token == "true"
    if prop.kind == "enum":
        return _member(prop, token, projection)
    raise bad_request(f"The types of property '{prop.name}' and literal {token} are not compatible.")


def _checked_date(token: str) -> str:
    try:
        return date.fromisoformat(token).isoformat()
    except ValueError as error:
        raise bad_request(f"'{token}' is not a date.") from error


def _checked_stamp(token: str) -> str:
    try:
        moment = datetime.fromisoformat(token)
    except ValueError as error:
        raise bad_request(f"'{token}' is not a time stamp.") from error
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _member(prop: Property, token: str, projection: str) -> str:
    """An enumeration's literal is qualified with the projection's name (§3), so renaming one breaks it (§6.2)."""
    found = _ENUM.fullmatch(token)
    if not found or found[1] != projection or found[2] != prop.enum:
        raise bad_request(f"Property '{prop.name}' needs a literal IfsApp.{projection}.{prop.enum}'..'.")
    if found[3] not in prop.members:
        raise bad_request(f"'{found[3]}' is not a member of IfsApp.{projection}.{prop.enum}.")
    return found[3]
