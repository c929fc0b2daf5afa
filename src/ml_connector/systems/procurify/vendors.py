"""Suppliers -> vendors, known by our external id, else by their exact name (FACTS 18 to 21)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ml_connector.errors import RefusedError
from ml_connector.mappings import Payload, Refs, computed, field
from ml_connector.mappings.converters import boolean
from ml_connector.records import Record, Supplier
from ml_connector.records.base import Identity
from ml_connector.systems.base import Candidate, Part, Receipt, Row, Shaped, Write
from ml_connector.systems.procurify import quirks
from ml_connector.systems.procurify.api import RowDict
from ml_connector.systems.procurify.lookup import matching
from ml_connector.systems.procurify.target import HEADER, Fitting, ProcurifyTarget, external_id

VENDORS = "/api/v3/vendors/"
ALL_VENDORS = "/api/v3/vendors/all/"
PREFERRED = 3
ADOPTABLE = (1, 3, 4)
"""Types of vendors that goods are bought from; not employees, cards and checkouts."""

VENDOR = Payload(
    {
        "name": field("name", required=True),
        "active": field("active", boolean),
        "email": field("email"),
        "addressLineOne": computed(quirks.line1),
        "addressLineTwo": computed(quirks.line2),
        "postalCode": computed(quirks.postal_code),
        "city": computed(quirks.city),
        "state_province": computed(quirks.region),
        "country": computed(quirks.country),
        "phoneOne": field("phone"),
        "url": field("website"),
    }
)
NAME_CHARACTERS, ID_CHARACTERS = 150, 100
OPTIONAL_CHARACTERS = {
    "email": 254,
    "addressLineOne": 300,
    "addressLineTwo": 300,
    "postalCode": 20,
    "city": 50,
    "state_province": 40,
    "country": 80,
    "phoneOne": 20,
    "url": 200,
}


class Vendors(ProcurifyTarget):
    """Vendors; what the source leaves empty is left as people have it in Procurify."""

    table = "vendors"
    watched = (ALL_VENDORS,)
    mapping_version = VENDOR.version
    essential: ClassVar[frozenset[str]] = frozenset({"name", "external_id", "active"})

    def shape(self, record: Record, identity: Identity, refs: Refs) -> Shaped:
        assert isinstance(record, Supplier)
        fit = Fitting()
        payload = fit.optional(VENDOR.apply(record, refs), OPTIONAL_CHARACTERS)
        payload["name"] = fit.key("name", fit.trimmed("the name", payload["name"]), NAME_CHARACTERS)
        key = fit.key("external_id", external_id(identity), ID_CHARACTERS)
        payload["external_id"] = key
        return fit.shaped(Part(HEADER, self.table, "", payload, lookup={"external_id": key}))

    # --- finding -------------------------------------------------------------------------------------------------

    async def read(self, table: str, ids: Sequence[str]) -> dict[str, Row]:
        rows = await matching(self.api, ALL_VENDORS, ids=ids, single=VENDORS)
        wanted = set(ids)
        return {row.external_id: row for row in map(as_row, rows) if row.external_id in wanted}

    async def find(self, candidates: Sequence[Candidate]) -> list[list[Row]]:
        payloads = [each.shaped.parts[0].payload for each in candidates]
        asks = [(name, payload[name]) for payload in payloads for name in ("external_id", "name")]
        by_key, by_name = await self._indexed(asks)
        return [by_key[payload["external_id"]] or by_name[payload["name"]] for payload in payloads]

    async def find_parts(self, parts: Sequence[Part]) -> list[list[Row]]:
        keys = [str(part.lookup["external_id"]) for part in parts]
        by_key, _ = await self._indexed([("external_id", key) for key in keys])
        return [by_key[key] for key in keys]

    async def by_code(self, codes: Sequence[str]) -> dict[str, list[str]]:
        """By their name, or by the last part of our external id."""
        rows = await matching(self.api, ALL_VENDORS, [(name, code) for code in codes for name in ("name", "search")])
        found = defaultdict(set)
        for row in map(as_row, rows):
            for code in (row.columns.get("name"), row.columns["external_id"].rpartition(":")[2]):
                found[code].add(row.external_id)
        return {code: sorted(found[code]) for code in codes if found[code]}

    async def _indexed(self, asks: Sequence[tuple[str, str]]) -> tuple[dict[str, list[Row]], dict[str, list[Row]]]:
        by_key, by_name = defaultdict(list), defaultdict(list)
        for row in map(as_row, await matching(self.api, ALL_VENDORS, asks)):
            by_key[row.columns["external_id"]].append(row)
            if row.columns.get("type") in ADOPTABLE:
                by_name[str(row.columns.get("name"))].append(row)
        return by_key, by_name

    # --- writing -------------------------------------------------------------------------------------------------

    async def _post(self, write: Write) -> Receipt:
        others = await self._of_another_plant(write.payload)
        if others is not None:
            return _shared(others)
        body = {"type": self.settings.vendor_type, "overall_score": None, "email": None, **write.payload}
        row = await self.api.write("POST", VENDORS, body, f"vendor {write.key or write.payload['name']}")
        return self._receipt(write.payload, as_row(row))

    async def _of_another_plant(self, payload: Mapping[str, Any]) -> Row | None:
        """The vendor of that name that stands for a supplier of another plant, company or ERP.

        Requests name their vendor: of two with one name neither could be ordered from. Equal names within one plant
        are different suppliers, and a matter for people.
        """
        rows = map(as_row, await self.api.listed(ALL_VENDORS, {"name": payload["name"]}))
        named = [row for row in rows if row.columns.get("name") == payload["name"]]
        plants = {row.columns["external_id"].rpartition(":")[0] for row in named}
        alone = len(named) == 1 and not plants & {"", payload["external_id"].rpartition(":")[0]}
        return named[0] if alone and named[0].columns.get("type") in ADOPTABLE else None

    async def _change(self, write: Write) -> Receipt:
        found = (await self.read(self.table, [write.external_id])).get(write.external_id)
        if found is None:
            raise RefusedError(
                f"Vendor {write.external_id} is not in Procurify any more.",
                fix="Restore it there, or have the supplier sent anew under another key.",
            )
        return await self._bring_up(write, found)

    async def _bring_up(self, write: Write, row: Row) -> Receipt:
        """A PATCH without a change would still move the vendor's date (FACTS 21)."""
        if row.columns["external_id"] not in ("", write.payload["external_id"]):
            return _shared(row)
        changes = {name: write.payload[name] for name in self.differences(write.payload, row)}
        if not changes:
            return Receipt(row.external_id, existed=True, version=row.version)
        path = f"{VENDORS}{row.external_id}/"
        echo = await self.api.write("PATCH", path, changes, f"vendor {write.key or row.external_id}")
        return self._receipt(write.payload, as_row({**row.columns, **echo}))


def _shared(row: Row) -> Receipt:
    """The vendor stays as the plant keeps it whose supplier it was first."""
    return Receipt(row.external_id, existed=True, answer=f"shared with {row.columns['external_id']}, as that keeps it")


def as_row(vendor: RowDict) -> Row:
    columns: dict[str, Any] = {**vendor, "external_id": vendor.get("external_id") or ""}
    return Row(str(vendor["id"]), columns, str(vendor.get("dateModified") or ""))
