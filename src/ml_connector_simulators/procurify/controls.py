"""What a test may turn on a running domain beyond its switches: `POST /_control/grants`, or `sim.grant(...)`.

{"deny": "vendors", "operations": ["read"]}   403 (both operations without "operations"); {"allow": "vendors"}
{"hide_rows": "orders", "key": {"department": 2}}   short lists: rows that the role does not see
{"show_rows": "orders"}
{"superuser": false}                  who is none may not create locations
{"application": "revoked"}            still gets tokens, all of them invalid; "user_gone": no tokens; "active"
{"tokens": "expire"}                  makes the tokens issued so far invalid
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .api import Api
from .schema import TABLES

Change = Mapping[str, Any]
_OPERATIONS = ("read", "write")


def apply(api: Api, change: Change) -> dict[str, Any]:
    """Makes one change; the rights now in force. Raises ValueError for an unknown word, KeyError for a set."""
    control = next((_CONTROLS[word] for word in change if word in _CONTROLS), None)
    if control is None:
        raise ValueError(f"unknown change {sorted(change)}; known: {', '.join(_CONTROLS)}")
    control(api, change)
    return {
        "denied": sorted(f"{operation} {name}" for name, operation in api.denied),
        "hidden": sorted(api.lister.hidden),
        "superuser": api.superuser,
        "application": "user_gone" if api.tokens.closed else "revoked" if api.tokens.revoked else "active",
    }


def _known(name: str) -> str:
    return TABLES[name].refusable or name


def _deny(api: Api, change: Change) -> None:
    name = _known(change["deny"])
    api.denied |= {(name, operation) for operation in change.get("operations", _OPERATIONS)}


def _allow(api: Api, change: Change) -> None:
    name = _known(change["allow"])
    api.denied -= {(name, operation) for operation in change.get("operations", _OPERATIONS)}


def _hide_rows(api: Api, change: Change) -> None:
    name = change["hide_rows"]
    unknown = set(change["key"]) - TABLES[name].columns.keys()
    if unknown:
        raise ValueError(f"{name} has no {', '.join(sorted(unknown))}")
    api.lister.hidden.setdefault(name, []).append(dict(change["key"]))
    api.lister.forget()


def _show_rows(api: Api, change: Change) -> None:
    api.lister.hidden.pop(change["show_rows"], None)
    api.lister.forget()


def _superuser(api: Api, change: Change) -> None:
    api.superuser = bool(change["superuser"])


def _application(api: Api, change: Change) -> None:
    wanted = change["application"]
    if wanted not in ("active", "revoked", "user_gone"):
        raise ValueError("application is active, revoked or user_gone")
    api.tokens.revoked, api.tokens.closed = wanted == "revoked", wanted == "user_gone"


def _tokens(api: Api, change: Change) -> None:
    if change["tokens"] != "expire":
        raise ValueError("tokens can only expire")
    api.tokens.expire_all()


_CONTROLS: Mapping[str, Callable[[Api, Change], None]] = {
    "deny": _deny,
    "allow": _allow,
    "hide_rows": _hide_rows,
    "show_rows": _show_rows,
    "superuser": _superuser,
    "application": _application,
    "tokens": _tokens,
}
