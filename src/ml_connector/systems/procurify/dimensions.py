"""GL accounts -> account codes, cost centers and departments -> departments, locations (FACTS 22 to 27)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ml_connector.errors import ConfigurationError, RecordError, RefusedError
from ml_connector.mappings import Refs
from ml_connector.records import CostCenter, Department, Entity, GLAccount, Location, Record
from ml_connector.records.base import Identity
from ml_connector.systems.base import Answer, Candidate, Part, Receipt, Row, Shaped, Write
from ml_connector.systems.procurify import quirks
from ml_connector.systems.procurify.api import RowDict
from ml_connector.systems.procurify.lookup import matching
from ml_connector.systems.procurify.surroundings import DEPARTMENTS, LOCATIONS, branch_of, text_id
from ml_connector.systems.procurify.target import HEADER, Fitting, ProcurifyTarget, external_id

ACCOUNT_CODES = "/api/v3/account-codes/"
CODE_CHARACTERS, DESCRIPTION_CHARACTERS = 50, 200
NAME_CHARACTERS, ID_CHARACTERS = 150, 100


class AccountCodes(ProcurifyTarget):
    """Account codes, known by their code."""

    table = "account_codes"
    watched = (ACCOUNT_CODES,)
    shares_rows = True
    mapping_version = "account-codes-1"
    essential: ClassVar[frozenset[str]] = frozenset({"code"})
    _made: dict[str, str]
    """By code, what this call of `write` has made."""
    _departments: list[int] | None = None
    """Of the configured location: a new code gets a budget in each of them (FACTS 23)."""

    async def prepare(self) -> None:
        await super().prepare()
        self._departments, self._made = None, {}

    def shape(self, record: Record, identity: Identity, refs: Refs) -> Shaped:
        assert isinstance(record, GLAccount)
        fit = Fitting()
        code = fit.key("code", record.code, CODE_CHARACTERS)
        text = fit.trimmed("the name", record.name or record.code)
        if len(text) > DESCRIPTION_CHARACTERS:
            fit.warnings.append(f"The description is cut after {DESCRIPTION_CHARACTERS} characters.")
        payload: dict[str, Any] = {"code": code, "description": text[:DESCRIPTION_CHARACTERS], "active": record.active}
        kind = quirks.account_type(record, None)
        if kind is not None:
            payload["account_type"] = kind
        if not record.active:
            fit.warnings.append(
                f"Account code {code} is blocked at the source, and Procurify's API cannot deactivate it: somebody has "
                "to do that in Procurify (Settings, Chart of Accounts)."
            )
        return fit.shaped(Part(HEADER, self.table, "", payload, lookup={"code": code}))

    def differences(self, payload: Mapping[str, Any], row: Row) -> list[str]:
        """Whether it is active is not ours to change (FACTS 22)."""
        return [name for name in super().differences(payload, row) if name != "active"]

    async def read(self, table: str, ids: Sequence[str]) -> dict[str, Row]:
        wanted = set(ids)
        rows = map(_code_row, await self.api.listed(ACCOUNT_CODES)) if wanted else ()
        return {row.external_id: row for row in rows if row.external_id in wanted}

    async def find(self, candidates: Sequence[Candidate]) -> list[list[Row]]:
        return await self.find_parts([each.shaped.parts[0] for each in candidates])

    async def find_parts(self, parts: Sequence[Part]) -> list[list[Row]]:
        found = await self._by_code([str(part.lookup["code"]) for part in parts])
        return [found[str(part.lookup["code"])] for part in parts]

    async def by_code(self, codes: Sequence[str]) -> dict[str, list[str]]:
        found = await self._by_code(codes)
        return {code: [row.external_id for row in found[code]] for code in codes if found[code]}

    async def _by_code(self, codes: Sequence[str]) -> dict[str, list[Row]]:
        found = defaultdict(list)
        for row in map(_code_row, await matching(self.api, ACCOUNT_CODES, [("code", code) for code in codes])):
            found[row.columns["code"]].append(row)
        return found

    async def write(self, writes: Sequence[Write]) -> list[Answer]:
        self._made.clear()
        return await super().write(writes)

    async def _post(self, write: Write) -> Receipt:
        """A code that several companies use is made once."""
        code = str(write.payload["code"])
        if code in self._made:
            return Receipt(self._made[code], existed=True, answer="another company uses the same code")
        departments = await self._all_departments()
        body = {"account_type": self.settings.account_type, **write.payload, "departments": departments}
        row = await self.api.write("POST", ACCOUNT_CODES, body, f"account code {code}")
        receipt = self._receipt(write.payload, _code_row({**body, **row}))
        self._made[code] = receipt.external_id
        if departments:
            return receipt
        said = "created without a budget: the configured location has no departments"
        return Receipt(receipt.external_id, answer=said)

    async def _change(self, write: Write) -> Receipt:
        code = str(write.payload["code"])
        rows = [row for row in (await self._by_code([code]))[code] if row.external_id == write.external_id]
        row = rows[0] if rows else (await self.read(self.table, [write.external_id])).get(write.external_id)
        if row is not None:
            return await self._bring_up(write, row)
        raise RefusedError(
            f"Account code {code} (row {write.external_id}) is not in Procurify any more.",
            fix="Create it there again, or have the account sent anew.",
        )

    async def _bring_up(self, write: Write, row: Row) -> Receipt:
        """PUT takes code, description and type alone; a type that the source does not tell stays as it is."""
        if not self.differences(write.payload, row):
            return Receipt(row.external_id, existed=True)
        code, kind = str(write.payload["code"]), row.columns.get("account_type", self.settings.account_type)
        body = {name: write.payload.get(name, kind) for name in ("code", "description", "account_type")}
        path = f"{ACCOUNT_CODES}{row.external_id}/"
        echo = await self.api.write("PUT", path, body, f"account code {code}")
        return self._receipt(write.payload, _code_row({**row.columns, **echo}))

    async def _all_departments(self) -> list[int]:
        if self._departments is None:
            location = text_id(await self.surroundings.location())
            rows = await self.surroundings.departments()
            mine = [row for row in rows if branch_of(row) == location and row.get("active") is not False]
            self._departments = [int(row["id"]) for row in mine]
        return self._departments


def _code_row(row: RowDict) -> Row:
    return Row(text_id(row), {**row, "code": str(row.get("code") or "")})


class Departments(ProcurifyTarget):
    """Departments of the configured location; cost centers become departments, too."""

    table = "departments"
    watched = (DEPARTMENTS,)
    shares_rows = True
    essential: ClassVar[frozenset[str]] = frozenset({"name", "external_id"})
    _location: RowDict
    _rows: dict[str, Row] | None = None
    """As read for this call of `write`."""

    async def prepare(self) -> None:
        await super().prepare()
        self._location = await self.surroundings.location()

    @property
    def mapping_version(self) -> str:  # type: ignore[override]
        return f"departments-1-{self.settings.department_names}"

    def shape(self, record: Record, identity: Identity, refs: Refs) -> Shaped:
        assert isinstance(record, Department | CostCenter)
        fit = Fitting()
        name = record.name or record.code
        if self.settings.department_names != "name":
            company = (record.company or identity.scope) if self.settings.department_names == "company_and_name" else ""
            name = " ".join(filter(None, (company, record.code, record.name)))
        name = fit.key("name", fit.trimmed("the name", name), NAME_CHARACTERS)
        kind = "cost_center" if self.entity is Entity.COST_CENTERS else ""
        key = fit.key("external_id", external_id(identity, kind), ID_CHARACTERS)
        payload = {"name": name, "external_id": key, "active": record.active}
        return fit.shaped(Part(HEADER, self.table, "", payload, lookup={"external_id": key}))

    async def read(self, table: str, ids: Sequence[str]) -> dict[str, Row]:
        rows = await self._read_all() if ids else {}
        return {each: rows[each] for each in ids if each in rows}

    async def _read_all(self) -> dict[str, Row]:
        return {text_id(row): _department_row(row) for row in await self.surroundings.departments()}

    async def find(self, candidates: Sequence[Candidate]) -> list[list[Row]]:
        rows = list((await self._read_all()).values())
        found = []
        for payload in (each.shaped.parts[0].payload for each in candidates):
            mine = [row for row in rows if row.columns["external_id"] == payload["external_id"]]
            found.append(mine or [row for row in rows if self._is_here(row) and row.columns["name"] == payload["name"]])
        return found

    def _is_here(self, row: Row) -> bool:
        return bool(branch_of(row.columns) == text_id(self._location))

    async def find_parts(self, parts: Sequence[Part]) -> list[list[Row]]:
        rows = list((await self._read_all()).values())
        keys = [part.lookup["external_id"] for part in parts]
        return [[row for row in rows if row.columns["external_id"] == key] for key in keys]

    async def by_code(self, codes: Sequence[str]) -> dict[str, list[str]]:
        """By their name in the configured location, else anywhere, or by the last part of our external id."""
        rows = list((await self._read_all()).values())
        found = {}
        for code in codes:
            named = [r for r in rows if code in (r.columns["name"], r.columns["external_id"].rpartition(":")[2])]
            chosen = [row for row in named if self._is_here(row)] or named
            if chosen:
                found[code] = sorted(row.external_id for row in chosen)
        return found

    # --- writing -------------------------------------------------------------------------------------------------

    async def write(self, writes: Sequence[Write]) -> list[Answer]:
        self._rows = None
        return await super().write(writes)

    async def _known(self) -> dict[str, Row]:
        if self._rows is None:
            self._rows = await self._read_all()
        return self._rows

    async def _post(self, write: Write) -> Receipt:
        known = await self._known()
        payload = write.payload
        twins = [row for row in known.values() if self._is_here(row) and row.columns["name"] == payload["name"]]
        if len(twins) > 1:
            raise RefusedError(
                f"Location {self._location.get('name')} has {len(twins)} departments named {payload['name']!r}, and "
                "requisitions address departments by name.",
                fix="Rename all but one in Procurify, or set department_names to code_and_name or company_and_name; "
                "then replay.",
            )
        if twins:
            return await self._bring_up(write, twins[0])
        body = {**payload, "branch": self._location["id"]}
        row = await self.api.write("POST", DEPARTMENTS, body, f"department {payload['name']}")
        return self._remembered(payload, {**body, **row})

    async def _change(self, write: Write) -> Receipt:
        row = (await self._known()).get(write.external_id)
        if row is None:
            raise RefusedError(
                f"Department {write.payload['name']!r} (row {write.external_id}) is not in Procurify any more.",
                fix="Create it there again, or have it sent anew.",
            )
        return await self._bring_up(write, row)

    async def _bring_up(self, write: Write, row: Row) -> Receipt:
        """PUT replaces the whole; the location stays what people made it."""
        differing = self.differences(write.payload, row)
        if not differing:
            return Receipt(row.external_id, existed=True)
        if row.columns["external_id"] and "external_id" in differing:
            return self._shared(write, row)
        branch = branch_of(row.columns) or text_id(self._location)
        body = {**write.payload, "branch": int(branch)}
        path = f"{DEPARTMENTS}{row.external_id}/"
        echo = await self.api.write("PUT", path, body, f"department {write.payload['name']}")
        return self._remembered(write.payload, {**row.columns, **body, **echo})

    def _shared(self, write: Write, row: Row) -> Receipt:
        """The row is another record's, too: it is left as that one has it."""
        if row.columns["name"] == write.payload["name"]:
            return Receipt(row.external_id, existed=True, answer="another record has the same name, and this row")
        raise RefusedError(
            f"Department {row.columns['name']!r} (row {row.external_id}) stands for {row.columns['external_id']}, too, "
            f"and cannot become {write.payload['name']!r}.",
            fix="Make a department of that name in Procurify by hand, or give both the same name in the ERP.",
        )

    def _remembered(self, payload: Mapping[str, Any], stored: RowDict) -> Receipt:
        row = _department_row(stored)
        if self._rows is not None:
            self._rows[row.external_id] = row
        return self._receipt(payload, row)


def _department_row(row: RowDict) -> Row:
    return Row(text_id(row), {**row, "name": str(row.get("name") or ""), "external_id": row.get("external_id") or ""})


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
        return [_department_row(row) for row in await self.surroundings.locations()]

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
        return self._receipt({"name": name}, _department_row({**body, **row}))

    async def _change(self, write: Write) -> Receipt:
        name = write.payload["name"]
        raise RecordError(
            f"Location {name!r} (row {write.external_id}) changed at the source, and Procurify's API cannot change "
            "locations.",
            code="TARGET_IMMUTABLE",
            fix=f"Make the change in Procurify by hand (Settings, Locations): its name is to be {name!r}.",
        )
