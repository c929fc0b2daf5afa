"""What any row may hold: arrays, local menus, days, dimensions, and what preparing has put there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from ml_connector.mappings import day_of_moment, decimal, text
from ml_connector.mappings.words import Env, MissingError
from ml_connector.records import Reference, join_key

Row = dict[str, Any]
Knowledge = Mapping[str, Any]

YES = 2
"""Local menus are integers: 1 is no, 2 is yes (FACTS 16)."""


def menu(value: Any, default: int = 0) -> int:
    """A local menu's number, also where it comes as text."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return default


def values(row: Row, name: str) -> list[Any]:
    """X[n] is an array (FACTS 17); a single value and numbered properties are read as well."""
    found = row.get(name)
    if isinstance(found, list):
        return found
    if found is not None:
        return [found]
    numbered = [row.get(f"{name}{number}") for number in range(1, 21)]
    while numbered and numbered[-1] is None:
        numbered.pop()
    return numbered


def first(row: Row, name: str) -> str:
    """The first element that is not empty."""
    return next((text(each) for each in values(row, name) if each not in (None, "")), "")


def amount(row: Row, name: str) -> Decimal | None:
    value = row.get(name)
    return None if value is None or value == "" else decimal(value)


def cost_center_of(row: Row, knowledge: Knowledge) -> Reference | None:
    """DIE[i] says of which type CCE[i] is (FACTS 17)."""
    wanted = knowledge["dimension"]
    for kind, code in zip(values(row, "DIE"), values(row, "CCE"), strict=False):
        if kind == wanted and code not in (None, ""):
            return Reference(join_key(wanted, text(code)), text(code))
    return None


def account_of(row: Row, knowledge: Knowledge) -> Reference | None:
    """ACC, or of several the one in our chart; an account of another chart stays what it is and is not found."""
    accounts, charts = values(row, "ACC"), values(row, "COA")
    pairs = [
        (charts[index] if index < len(charts) and charts[index] else knowledge["chart"], text(each))
        for index, each in enumerate(accounts)
        if each not in (None, "")
    ]
    if not pairs:
        return None
    chart, code = next((pair for pair in pairs if pair[0] == knowledge["chart"]), pairs[0])
    return Reference(join_key(text(chart), code), code)


def account(row: Any, env: Env) -> Reference | None:
    return account_of(row, env.knowledge)


def cost_center(row: Any, env: Env) -> Reference | None:
    return cost_center_of(row, env.knowledge)


NO_DATE = "0000-00-00"


def day_in(name: str, *, required: bool = False) -> Callable[[Any, Env], date | None]:
    """A day; X3 writes an empty one as null, as nothing or as zeros."""

    def read(row: Any, env: Env) -> date | None:
        value = row.get(name)
        if value in (None, "", NO_DATE):
            if required:
                raise MissingError(f"{name} is empty.", fix=f"Fill in {name} at the source.")
            return None
        return day_of_moment(value)

    read.__qualname__ = f"day_in.{name}.{required}"
    return read


def active(row: Any, env: Env) -> bool:
    return menu(row.get("ENAFLG"), YES) == YES


def company(row: Any, env: Env) -> str:
    """CPY, else the company of the site as the settings know it."""
    given = row.get("CPY")
    if given:
        return text(given)
    site = row.get("POHFCY") or row.get("FCY") or ""
    return str(env.knowledge["sites"].get(site, ""))


def folder(row: Any, env: Env) -> str:
    return str(env.knowledge["folder"])


NAME_LENGTH = 35


def partner_name(row: Any) -> str:
    """BPRNAM[2]; a first line that is full goes on in the second."""
    lines = [text(each) for each in values(row, "BPRNAM") if each not in (None, "")]
    glue = "" if lines and len(lines[0]) == NAME_LENGTH else " "
    return glue.join(lines)


def supplier_of(row: Row, name: str) -> Reference:
    code = row.get(name)
    if code is None or code == "":
        raise MissingError(f"{name} is empty.", fix=f"Fill in {name} at the source.")
    return Reference(join_key(text(code)), text(code), partner_name(row))


def tax_code(row: Any, env: Env) -> str:
    return first(row, "VAT")


def present(row: Row, names: Iterable[str]) -> Row:
    """What a split says itself; its places of ACC are those of the line's COA."""
    every = {name: values(row, name) for name in names}
    return {name: each for name, each in every.items() if any(one not in (None, "") for one in each)}


def note(row: Any, env: Env) -> str:
    return "\n".join(text(each) for each in values(row, "DES") if each not in (None, ""))


def held(name: str) -> Callable[[Any, Env], Any]:
    """A value that preparing has put there."""

    def read(row: Any, env: Env) -> Any:
        return row[name]

    read.__qualname__ = f"held.{name}"
    return read
