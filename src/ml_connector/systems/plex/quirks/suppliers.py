"""Suppliers, and the addresses of suppliers and buildings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ml_connector.mappings.words import Env
from ml_connector.systems.plex.quirks.values import text_of
from ml_connector.systems.plex.settings import PlexSettings


def supplier_active(row: Any, env: Env) -> bool:
    settings: PlexSettings = env.knowledge["settings"]
    status = text_of(row, "status").strip().casefold()
    return status not in {each.casefold() for each in settings.inactive_supplier_statuses}


def main_address(row: Any) -> Mapping[str, Any]:
    addresses: Sequence[Mapping[str, Any]] = row.get("addresses") or ()
    return next((each for each in addresses if each.get("main") is True), addresses[0] if addresses else {})


def of_main_address(name: str) -> Any:
    def read(row: Any, env: Env) -> str:
        return text_of(main_address(row), name)

    return read


def street(row: Any, env: Env) -> str:
    """The first line of an address of several."""
    return text_of(row, "address").partition("\n")[0].strip()


def rest_of_street(row: Any, env: Env) -> str:
    return ", ".join(line.strip() for line in text_of(row, "address").split("\n")[1:] if line.strip())
