"""Requisitions take names and codes, not ids: each is resolved just before it is sent, and refused where it is not one.

A name that two rows share may reach the wrong one: among equal vendors the lowest id may win, even an inactive one, or
only the active ones may count (FACTS 30). So nothing is sent under a name that either rule could read otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ml_connector.errors import ContractError, Issue, RecordError
from ml_connector.systems.procurify.api import Api, RowDict
from ml_connector.systems.procurify.settings import Settings
from ml_connector.systems.procurify.surroundings import Surroundings, branch_of, text_id
from ml_connector.systems.procurify.vendors import ALL_VENDORS, PREFERRED, VENDORS

ACCOUNTS = "/api/v3/accounts/"


@dataclass(frozen=True, slots=True)
class Vendor:
    """A vendor's name as it is now, or why it cannot be used."""

    name: str = ""
    issue: Issue | None = None


@dataclass(frozen=True, slots=True)
class Budgets:
    """An account code as it is now, and the departments that have a budget for it."""

    code: str = ""
    active: bool = True
    departments: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Place:
    """A department and the location that it belongs to."""

    location: RowDict
    department: RowDict

    def __str__(self) -> str:
        return f"{self.department.get('name')} ({self.location.get('name')})"


class Names:
    """What was looked up for one call of `write`."""

    def __init__(self, api: Api, settings: Settings, surroundings: Surroundings) -> None:
        self._api = api
        self._settings = settings
        self._surroundings = surroundings
        self._vendors: dict[str, Vendor] = {}
        self._budgets: dict[tuple[str, str], Budgets] = {}
        self._locations: dict[str, RowDict] = {}
        self._departments: dict[str, RowDict] = {}
        self._currencies: frozenset[str] = frozenset()
        self._read = False

    async def requisition(self, payload: Mapping[str, Any], custom_field: str) -> RowDict:
        """The body to be posted. Raises RecordError with every issue."""
        await self._read_once()
        issues: list[Issue] = []
        vendor = await self.vendor(payload["vendor"], payload["supplier"])
        if vendor.issue:
            issues.append(vendor.issue)
        if payload["currency"] not in self._currencies:
            issues.append(
                Issue(
                    "REFERENCE_MISSING_ON_TARGET",
                    f"Currency {payload['currency']} is not active in Procurify.",
                    "Add it in Procurify (Settings, Currencies), then replay.",
                    "currency",
                )
            )
        budgets = [await self.budgets(line["account"], line["account_code"]) for line in payload["lines"]]
        place = self._place(payload, budgets, issues)
        if issues or place is None:
            raise RecordError("; ".join(issue.message for issue in issues), issues=tuple(issues))
        field = [{"custom_field_name": custom_field, "custom_field_value": payload["number"]}] if custom_field else []
        return {
            "required_date": payload["required_date"],
            "location_name": place.location["name"],
            "department_name": place.department["name"],
            "line_items": [
                {
                    "item_name": line["item_name"],
                    "vendor_name": vendor.name,
                    "account_code": found.code,
                    "unit_price": line["unit_price"],
                    "quantity": line["quantity"],
                    "unit": line["unit"],
                    "currency_code": payload["currency"],
                    "custom_fields": field,
                }
                for line, found in zip(payload["lines"], budgets, strict=True)
            ],
        }

    async def _read_once(self) -> None:
        if self._read:
            return
        self._locations = {text_id(row): row for row in await self._surroundings.locations()}
        self._departments = {text_id(row): row for row in await self._surroundings.departments()}
        rows = await self._surroundings.currencies()
        self._currencies = frozenset(str(row.get("name")) for row in rows if row.get("active") is not False)
        self._read = True

    # --- vendor --------------------------------------------------------------------------------------------------

    async def vendor(self, vendor_id: str, supplier: str) -> Vendor:
        """The vendor of that id, if a requisition can reach it by its name."""
        if vendor_id not in self._vendors:
            self._vendors[vendor_id] = await self._look_up_vendor(vendor_id, supplier)
        return self._vendors[vendor_id]

    async def _look_up_vendor(self, vendor_id: str, supplier: str) -> Vendor:
        row = await self._api.one(f"{VENDORS}{vendor_id}/", f"vendor {vendor_id}")
        if row is None:
            return _no_vendor(f"Vendor {supplier} (row {vendor_id}) is not in Procurify any more.", "Restore it there")
        name = str(row.get("name") or "")
        if row.get("active") is False:
            return _no_vendor(f"Vendor {name!r} (row {vendor_id}) is inactive in Procurify.", "Activate it there")
        if row.get("type") != PREFERRED:
            return _no_vendor(
                f"Vendor {name!r} (row {vendor_id}) cannot be chosen in requests: it is of type {row.get('type')}.",
                "Make it a preferred vendor in Procurify",
            )
        rows = await self._api.listed(ALL_VENDORS, {"name": name})
        twins = [twin for twin in rows if twin.get("name") == name and text_id(twin) != vendor_id]
        risky = [twin for twin in twins if twin.get("active") is not False or int(twin["id"]) < int(row["id"])]
        if risky:
            ids = ", ".join(text_id(twin) for twin in risky)
            message = f"Vendor {name!r} (row {vendor_id}) shares its name with row {ids}; a request may reach either."
            fix = "Rename or merge the other one in Procurify, then release."
            return Vendor(issue=Issue("ADOPTION_AMBIGUOUS", message, fix, "supplier"))
        return Vendor(name)

    # --- account codes -------------------------------------------------------------------------------------------

    async def budgets(self, account_id: str, code: str) -> Budgets:
        """The budgets of an account code, whether it is filtered by its id or by its code (FACTS 32)."""
        key = (account_id, code)
        if key not in self._budgets:
            found = None
            for value in dict.fromkeys(filter(None, (account_id, code))):
                found = found or _budgets(await self._accounts(value), account_id, code)
            self._budgets[key] = found or Budgets()
        return self._budgets[key]

    async def _accounts(self, value: str) -> list[RowDict]:
        """Budgets in effect; none where the filter does not take such a value."""
        try:
            return await self._api.listed(ACCOUNTS, {"account_code": value, "active": True, "in_effect": True})
        except ContractError as error:
            if error.fields.get("status") != 400:
                raise
            return []

    # --- location and department ---------------------------------------------------------------------------------

    def _place(self, payload: Mapping[str, Any], budgets: Sequence[Budgets], issues: list[Issue]) -> Place | None:
        """The order's department where all codes have a budget there, else the default one where they have."""
        inactive = [line for line, each in zip(payload["lines"], budgets, strict=True) if not each.active]
        if inactive:
            codes = ", ".join(sorted({line["account_code"] for line in inactive}))
            message, fix = f"Account code {codes} is inactive in Procurify.", "Activate it there, then replay."
            issues.append(Issue("DIMENSION_INACTIVE_ON_TARGET", message, fix, "lines"))
            return None
        trouble: list[Issue] = []
        places = [place for place in (self._own(payload, trouble), self._default(payload, trouble)) if place]
        for place in places:
            department = text_id(place.department)
            if all(department in each.departments for each in budgets):
                return place
        if not places:
            issues += trouble
            return None
        lines = zip(payload["lines"], budgets, strict=True)
        bare = {line["account_code"] for line, each in lines if text_id(places[0].department) not in each.departments}
        issues.append(
            Issue(
                "DIMENSION_MISSING_ON_TARGET",
                f"Account code {', '.join(sorted(bare))} has no budget in department "
                f"{' or '.join(dict.fromkeys(map(str, places)))}.",
                "Add the department to the account code in Procurify (Settings, Chart of Accounts), then replay.",
                "lines",
            )
        )
        return None

    def _own(self, payload: Mapping[str, Any], trouble: list[Issue]) -> Place | None:
        """The department that the order names, in the location that it names or in its own."""
        if not payload["department"]:
            return None
        row = self._departments.get(payload["department"])
        if row is None or row.get("active") is False:
            code = "DIMENSION_MISSING_ON_TARGET" if row is None else "DIMENSION_INACTIVE_ON_TARGET"
            what = "is not in Procurify any more" if row is None else "is inactive in Procurify"
            named = row.get("name") if row else payload["department"]
            trouble.append(Issue(code, f"Department {named} {what}.", "Restore it there, then replay.", "department"))
            return None
        for location_id in dict.fromkeys(filter(None, (payload["location"], branch_of(row)))):
            place = self._in_location(location_id, str(row.get("name")), trouble)
            if place is not None:
                return place
        return None

    def _default(self, payload: Mapping[str, Any], trouble: list[Issue]) -> Place | None:
        """The department of the settings, in the order's location or in that of the settings."""
        if not self._settings.department:
            if not payload["department"]:
                trouble.append(
                    Issue(
                        "DIMENSION_MISSING_ON_TARGET",
                        "The order names no department and no cost center.",
                        "Enter one in the ERP, or set `department` in the connection.",
                        "department",
                    )
                )
            return None
        default = text_id(self._surroundings.location_among(self._locations.values()))
        for location_id in dict.fromkeys(filter(None, (payload["location"], default))):
            place = self._in_location(location_id, self._settings.department, trouble)
            if place is not None:
                return place
        return None

    def _in_location(self, location_id: str, name: str, trouble: list[Issue]) -> Place | None:
        """The department of that name in a location, where names lead to exactly these two."""
        location = self._locations.get(location_id)
        if location is None or location.get("active") is False:
            message = f"Location {location.get('name') if location else location_id} is not active in Procurify."
            trouble.append(
                Issue("DIMENSION_INACTIVE_ON_TARGET", message, "Activate it there, then replay.", "location")
            )
            return None
        twins = [row for row in self._locations.values() if row.get("name") == location.get("name")]
        found = [
            row
            for row in self._departments.values()
            if branch_of(row) == location_id and row.get("name") == name and row.get("active") is not False
        ]
        if len(found) == 1 and len(twins) == 1:
            return Place(location, found[0])
        where = f"location {location.get('name')!r}"
        if len(twins) > 1:
            message, fix = f"There are {len(twins)} locations named {location.get('name')!r}.", "Rename all but one"
        elif found:
            message, fix = f"There are {len(found)} departments named {name!r} in {where}.", "Rename all but one"
        else:
            message, fix = f"There is no active department {name!r} in {where}.", "Create it in Procurify"
        trouble.append(Issue("DIMENSION_MISSING_ON_TARGET", message, f"{fix}, then replay.", "department"))
        return None


def _no_vendor(message: str, fix: str) -> Vendor:
    return Vendor(issue=Issue("REFERENCE_MISSING_ON_TARGET", message, f"{fix}, then replay.", "supplier"))


def _budgets(rows: Sequence[RowDict], account_id: str, code: str) -> Budgets | None:
    """Of the rows that belong to the account code; None where there are none."""
    mine = []
    for row in rows:
        held = row.get("account_code")
        held_code = str(held.get("code") or "") if isinstance(held, dict) else code
        if text_id(held) == account_id if account_id else held_code == code:
            mine.append((row, held if isinstance(held, dict) else {}, held_code))
    if not mine:
        return None
    departments = {text_id(row.get("department")) for row, _, _ in mine if row.get("active") is not False}
    active = any(held.get("active") is not False for _, held, _ in mine)
    return Budgets(mine[0][2], active, frozenset(departments))
