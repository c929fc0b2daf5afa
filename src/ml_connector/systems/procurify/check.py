"""The permission doctor: what will work and what will not, and who can change it."""

from __future__ import annotations

from collections.abc import Sequence

from ml_connector.errors import AuthenticationError, ConfigurationError, MLConnectorError, PermissionMissingError
from ml_connector.records import Entity
from ml_connector.systems.base import Finding, Need, Verdict
from ml_connector.systems.procurify.account_codes import ACCOUNT_CODES
from ml_connector.systems.procurify.answers import ADMIN
from ml_connector.systems.procurify.api import Api, Period, RowDict, Window
from ml_connector.systems.procurify.bills import BILLS
from ml_connector.systems.procurify.names import ACCOUNTS
from ml_connector.systems.procurify.orders import ITEMS, ORDERS
from ml_connector.systems.procurify.settings import Settings
from ml_connector.systems.procurify.streams import PAYMENTS
from ml_connector.systems.procurify.surroundings import (
    CURRENCIES,
    DEPARTMENTS,
    LOCATIONS,
    Surroundings,
    branch_of,
    text_id,
)
from ml_connector.systems.procurify.vendors import ALL_VENDORS

OPERATOR = "ml-connector operator"
READ: dict[Entity, tuple[str, ...]] = {
    Entity.GL_ACCOUNTS: (ACCOUNT_CODES, DEPARTMENTS, LOCATIONS),
    Entity.COST_CENTERS: (DEPARTMENTS, LOCATIONS),
    Entity.DEPARTMENTS: (DEPARTMENTS, LOCATIONS),
    Entity.LOCATIONS: (LOCATIONS,),
    Entity.SUPPLIERS: (ALL_VENDORS,),
    Entity.PURCHASE_ORDERS: (ORDERS, ITEMS, ALL_VENDORS, ACCOUNTS, DEPARTMENTS, LOCATIONS, CURRENCIES),
    Entity.INVOICES: (BILLS, ALL_VENDORS),
}
"""What is read for an entity."""
AS_SOURCE: dict[Entity, tuple[str, ...]] = {
    Entity.GL_ACCOUNTS: (ACCOUNT_CODES,),
    Entity.DEPARTMENTS: (DEPARTMENTS,),
    Entity.LOCATIONS: (LOCATIONS,),
    Entity.SUPPLIERS: (ALL_VENDORS,),
    Entity.INVOICES: (BILLS, ACCOUNT_CODES, DEPARTMENTS),
    Entity.PAYMENTS: (PAYMENTS, ALL_VENDORS),
}
"""What is read for an entity that goes into another system."""
DATED = {ORDERS: ("modified_date", False), ITEMS: ("last_modified", False), BILLS: ("last_modified_datetime", True)}
"""Lists that are asked for a day only."""
WRITTEN = {
    Entity.GL_ACCOUNTS: "account codes",
    Entity.COST_CENTERS: "departments",
    Entity.DEPARTMENTS: "departments",
    Entity.SUPPLIERS: "vendors",
    Entity.PURCHASE_ORDERS: "requests",
}
PLACED = (Entity.GL_ACCOUNTS, Entity.COST_CENTERS, Entity.DEPARTMENTS, Entity.PURCHASE_ORDERS)
"""Entities that need the setting `location`."""


class Doctor:
    """Examines one connection."""

    def __init__(self, api: Api, settings: Settings, surroundings: Surroundings) -> None:
        self._api = api
        self._settings = settings
        self._surroundings = surroundings
        self._reads: dict[str, MLConnectorError | None] = {}

    async def examine(self, needs: Sequence[Need]) -> list[Finding]:
        """All findings, in the order in which somebody would put them right; never raises for what it finds."""
        until = await self._api.breaker.open_until()
        if until is not None:
            message = f"Requests are stopped until {until:%Y-%m-%d %H:%M} UTC, because Procurify timed out repeatedly."
            fix = "Tell Procurify's support; wait for the end of the pause."
            return [Finding(Verdict.MISSING, "circuit breaker", "requests", message, fix, OPERATOR)]
        try:
            findings = [await self._sign_in()]
        except (AuthenticationError, ConfigurationError) as error:
            return [Finding(Verdict.MISSING, "sign in", "domain", error.message, error.fix, error.who)]
        except MLConnectorError as error:
            return [Finding(Verdict.MISSING, "sign in", "domain", error.message, error.fix, error.who or OPERATOR)]
        findings.append(Finding(Verdict.OK, "circuit breaker", "requests", "No time-outs have stopped requests."))
        try:
            return findings + await self._examine(needs)
        except MLConnectorError as error:
            return [*findings, Finding(Verdict.UNVERIFIED, "check", "domain", error.message, error.fix, error.who)]

    async def _sign_in(self) -> Finding:
        """A user that may not even see itself is signed in all the same."""
        try:
            user = await self._surroundings.user()
        except PermissionMissingError as error:
            message = f"Procurify accepted our sign-in; who we act as is hidden: {error.message}"
            return Finding(Verdict.OK, "sign in", "domain", message)
        return Finding(Verdict.OK, "sign in", "domain", f"Signed in; the application acts as {_described(user)}.")

    async def _examine(self, needs: Sequence[Need]) -> list[Finding]:
        findings = []
        entities = [need.entity for need in needs if need.entity in READ and need.write]
        for need in needs:
            if not need.write:
                findings += await self._readables(need.entity, AS_SOURCE.get(need.entity, ()))
        for entity in entities:
            findings += await self._entity(entity)
        if any(entity in PLACED for entity in entities):
            findings += await self._location(Entity.PURCHASE_ORDERS in entities)
        if Entity.PURCHASE_ORDERS in entities:
            findings += await self._custom_field()
        return findings

    async def _entity(self, entity: Entity) -> list[Finding]:
        return [*await self._readables(entity, READ[entity]), self._writable(entity)]

    async def _readables(self, entity: Entity, paths: Sequence[str]) -> list[Finding]:
        findings = []
        for path in paths:
            subject = f"{entity.value}: {path}"
            error = await self._readable(path)
            if error is None:
                findings.append(Finding(Verdict.OK, "read", subject, f"{path} can be read."))
            else:
                fix = error.fix or "Look at it in Procurify."
                findings.append(Finding(Verdict.MISSING, "read", subject, error.message, fix, error.who or ADMIN))
        return findings

    async def _readable(self, path: str) -> MLConnectorError | None:
        """The error of a smallest possible read, asked for once."""
        if path not in self._reads:
            self._reads[path] = None
            try:
                today = await self._api.today()
                name, as_times = DATED.get(path, ("", False))
                window: Period | None = Window(name, today, today, as_times=as_times) if name else None
                if path == PAYMENTS:
                    window = Window("updated_at", today, today, ("_after", "_before"), as_times=True)
                await self._api.count(path, window)
            except MLConnectorError as error:
                self._reads[path] = error
        return self._reads[path]

    def _writable(self, entity: Entity) -> Finding:
        subject = entity.value
        if entity is Entity.INVOICES:
            return Finding(Verdict.OK, "reconcile", subject, "Invoices are compared with bills; nothing is written.")
        if entity is Entity.LOCATIONS and not self._settings.create_locations:
            return Finding(Verdict.OK, "match", subject, "Locations are matched by external id or name, not created.")
        if entity is Entity.LOCATIONS:
            message = "Creating locations needs a superuser; it shows with the first one."
            fix = "Let a superuser make the application, or set create_locations to false."
            return Finding(Verdict.UNVERIFIED, "write", subject, message, fix, ADMIN)
        what = WRITTEN[entity]
        message = f"Whether {what} may be created shows with the first write; reading does not tell."
        fix = f"See that the role of the user who made the application may create and change {what}."
        return Finding(Verdict.UNVERIFIED, "write", subject, message, fix, ADMIN)

    # --- the settings' names -------------------------------------------------------------------------------------

    async def _location(self, with_department: bool) -> list[Finding]:
        if await self._readable(LOCATIONS) is not None:
            return []
        try:
            location = await self._surroundings.location()
        except ConfigurationError as error:
            return [Finding(Verdict.MISSING, "setting", "location", error.message, error.fix, OPERATOR)]
        found = [Finding(Verdict.OK, "setting", "location", f"Location {location.get('name')!r} is there.")]
        if with_department and await self._readable(DEPARTMENTS) is None:
            found.append(await self._department(location))
        return found

    async def _department(self, location: RowDict) -> Finding:
        wanted, where = self._settings.department, location.get("name")
        rows = [row for row in await self._surroundings.departments() if branch_of(row) == text_id(location)]
        names = sorted(str(row.get("name")) for row in rows if row.get("active") is not False)
        if not wanted:
            message = "No default department is set: orders without department or cost center are rejected."
            return Finding(Verdict.UNVERIFIED, "setting", "department", message, "Set `department`.", OPERATOR)
        if names.count(wanted) == 1:
            return Finding(Verdict.OK, "setting", "department", f"Department {wanted!r} is in location {where!r}.")
        how = "more than one active" if wanted in names else "no active"
        message = f"Location {where!r} has {how} department {wanted!r}. There are: {', '.join(names) or 'none'}."
        fix = "Set `department` to one of them, or create it in Procurify (Settings, Departments)."
        return Finding(Verdict.MISSING, "setting", "department", message, fix, f"{OPERATOR}, {ADMIN}")

    async def _custom_field(self) -> list[Finding]:
        name = self._settings.po_ref_custom_field
        try:
            rows = await self._surroundings.custom_fields()
        except MLConnectorError as error:
            return [Finding(Verdict.UNVERIFIED, "custom field", name, error.message, error.fix, error.who or ADMIN)]
        names = {text for row in rows for text in (row.get("name"), row.get("field_label"))}
        required = [str(row.get("name")) for row in rows if row.get("is_required") and row.get("name") != name]
        findings = [_required(each) for each in required]
        if not name:
            return findings
        if name in names:
            found = Finding(Verdict.OK, "custom field", name, f"The order item custom field {name!r} is there.")
            return [*findings, found]
        message = f"Order items have no custom field {name!r}: the ERP's number stands in the item names alone."
        fix = (
            "Create a text field of that name (Settings, Custom Fields, Order Items), or name another one in "
            "po_ref_custom_field, or set that to nothing."
        )
        return [*findings, Finding(Verdict.MISSING, "custom field", name, message, fix, ADMIN)]


def _required(name: str) -> Finding:
    message = f"The order item custom field {name!r} is required, and requisitions cannot fill it."
    fix = "Make it optional (Settings, Custom Fields, Order Items)."
    return Finding(Verdict.MISSING, "custom field", name, message, fix, ADMIN)


def _described(user: RowDict) -> str:
    """Name, address and role of the acting user."""
    role = user.get("role")
    role_name = role.get("name") if isinstance(role, dict) else role
    name = " ".join(filter(None, (str(user.get("firstName") or ""), str(user.get("lastName") or ""))))
    described = f"{name} <{user.get('email', 'unknown')}>".strip()
    return f"{described}, role {role_name}" if role_name else described
