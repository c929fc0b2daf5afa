"""What requisitions and dimensions are written into: locations, departments and currencies, by name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ml_connector.errors import ConfigurationError
from ml_connector.systems.procurify.api import USER, Api, RowDict
from ml_connector.systems.procurify.settings import Settings

LOCATIONS = "/api/v2/locations/"
DEPARTMENTS = "/api/v3/departments/"
CURRENCIES = "/api/v2/currencies/"
CUSTOM_FIELDS = "/api/v3/custom-fields/order-items/"


class Surroundings:
    """Reads them afresh each time; the caller decides for how long they hold."""

    def __init__(self, api: Api, settings: Settings) -> None:
        self._api = api
        self._settings = settings

    async def user(self) -> RowDict:
        """The user as whom the application acts."""
        return await self._api.one(USER, "acting user") or {}

    async def locations(self) -> list[RowDict]:
        return await self._api.listed(LOCATIONS)

    async def departments(self) -> list[RowDict]:
        return await self._api.listed(DEPARTMENTS)

    async def currencies(self) -> list[RowDict]:
        return await self._api.listed(CURRENCIES)

    async def custom_fields(self) -> list[RowDict]:
        """Those of order items that are in use."""
        rows = await self._api.listed(CUSTOM_FIELDS)
        return [row for row in rows if row.get("active", row.get("is_active")) is not False]

    async def custom_field(self) -> RowDict | None:
        """The order items' field that takes the ERP's order number; None where there is none."""
        name = self._settings.po_ref_custom_field
        rows = await self.custom_fields() if name else []
        return next((row for row in rows if name in (row.get("name"), row.get("field_label"))), None)

    async def location(self) -> RowDict:
        """The configured location. Raises ConfigurationError that names those there are."""
        return self.location_among(await self.locations())

    def location_among(self, rows: Iterable[RowDict]) -> RowDict:
        wanted = self._settings.location
        active = [row for row in rows if row.get("active") is not False]
        found = [row for row in active if not wanted or row.get("name") == wanted]
        if len(found) == 1:
            return found[0]
        names = ", ".join(sorted(str(row.get("name")) for row in active)) or "none that our user sees"
        how = "there is no active location of that name" if wanted and not found else "it has to name one location"
        raise ConfigurationError(
            f"Setting location {wanted!r}: {how}. In Procurify: {names}.",
            fix="Set `location` to the name of a location, or create it in Procurify (Settings, Locations).",
            setting="location",
        )


def text_id(value: Any) -> str:
    """The id of a row, or of what a row refers to (an id, or an object with one)."""
    if isinstance(value, dict):
        value = value.get("id")
    return "" if value is None else str(value)


def branch_of(department: RowDict) -> str:
    """Id of the location that a department belongs to."""
    return text_id(department.get("branch") if department.get("branch") is not None else department.get("location"))
