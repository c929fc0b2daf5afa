"""Locations -> locations, found by our external id, their name or their code (FACTS 26)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ml_connector.errors import ConfigurationError, RecordError, RefusedError
from ml_connector.mappings import Refs
from ml_connector.records import Location, Record
from ml_connector.records.base import Identity
from ml_connector.systems.base import Candidate, Part, Receipt, Row, Shaped, Write
from ml_connector.systems.procurify.departments import ID_CHARACTERS, NAME_CHARACTERS, named_row
from ml_connector.systems.procurify.surroundings import LOCATIONS
from ml_connector.systems.procurify.target import HEADER, Fitting, ProcurifyTarget, external_id


class Locations(ProcurifyTarget):
    """Locations: matched, created only where the operator wants that, never changed (FACTS 26)."""

    table = "locations"
    watched = (LOCATIONS,)
    mapping_version = "locations-1"
    essential: ClassVar[frozenset[str]] = frozenset({"name"})
    _currency: str | int = ""

    async def prepare(self) -> None:
        """The currency of new locations is the domain's own."""
        await super().prepare()
        if self.settings.create_locations:
            rows = await self.surroundings.currencies()
            base = next((row for row in rows if row.get("base")), {})
            self._currency = base.get("name" if self.settings.location_currency == "code" else "id", "")

    def shape(self, record: Record, identity: Identity, refs: Refs) -> Shaped:
        assert isinstance(record, Location)
        fit = Fitting()
        name = fit.key("name", fit.trimmed("the name", record.name or record.code), NAME_CHARACTERS)
        key = fit.key("external_id", external_id(identity), ID_CHARACTERS)
        payload: dict[str, Any] = {"name": name, "external_id": key}
        if self.settings.create_locations:
            payload["address"] = {
                "name": name,
                "addressLineOne": record.line1,
                "city": record.city,
                "postalCode": record.postal_code,
                "country": record.country,
                "state_province": record.region,
            }
        return fit.shaped(Part(HEADER, self.table, "", payload, lookup={"external_id": key}))

    def differences(self, payload: Mapping[str, Any], row: Row) -> list[str]:
        return ["name"] if row.columns["name"] != payload["name"] else []

    async def read(self, table: str, ids: Sequence[str]) -> dict[str, Row]:
        wanted = set(ids)
        rows = await self._read_all() if wanted else []
        return {row.external_id: row for row in rows if row.external_id in wanted}

    async def _read_all(self) -> list[Row]:
        return [named_row(row) for row in await self.surroundings.locations()]

    async def find(self, candidates: Sequence[Candidate]) -> list[list[Row]]:
        rows = await self._read_all()
        found = []
        for each in candidates:
            payload, code = each.shaped.parts[0].payload, getattr(each.record, "code", "")
            mine = [row for row in rows if row.columns["external_id"] == payload["external_id"]]
            named = [row for row in rows if row.columns["name"] == payload["name"]]
            found.append(mine or named or [row for row in rows if code and row.columns["name"] == code])
        return found

    async def find_parts(self, parts: Sequence[Part]) -> list[list[Row]]:
        rows = await self._read_all()
        return [[row for row in rows if row.columns["external_id"] == part.lookup["external_id"]] for part in parts]

    async def by_code(self, codes: Sequence[str]) -> dict[str, list[str]]:
        rows = await self._read_all()
        found = {}
        for code in codes:
            named = [r for r in rows if code in (r.columns["name"], r.columns["external_id"].rpartition(":")[2])]
            if named:
                found[code] = sorted(row.external_id for row in named)
        return found

    async def _post(self, write: Write) -> Receipt:
        name = write.payload["name"]
        if not self.settings.create_locations:
            raise RefusedError(
                f"Procurify has no location {name!r}, and ml-connector is set not to create locations.",
                fix=f"Create the location {name!r} in Procurify (Settings, Locations) and replay; or set "
                "create_locations, with an application of a superuser.",
            )
        if not self.settings.location_phone or not self._currency:
            raise ConfigurationError(
                "New locations need a telephone number and the domain's base currency.",
                fix="Set location_phone; let the user of the application see currencies.",
            )
        address = write.payload["address"]
        body = {
            "name": name,
            "external_id": write.payload["external_id"],
            "currency": self._currency,
            "phoneOne": self.settings.location_phone,
            "primary_billing_address": address,
            "primary_shipping_address": address,
            "shipping_addresses": [address],
        }
        row = await self.api.write("POST", LOCATIONS, body, f"location {name}")
        return self._receipt({"name": name}, named_row({**body, **row}))

    async def _change(self, write: Write) -> Receipt:
        name = write.payload["name"]
        raise RecordError(
            f"Location {name!r} (row {write.external_id}) changed at the source, and Procurify's API cannot change "
            "locations.",
            code="TARGET_IMMUTABLE",
            fix=f"Make the change in Procurify by hand (Settings, Locations): its name is to be {name!r}.",
        )
