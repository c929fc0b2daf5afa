"""A declaration per collection read."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ml_connector.records import Entity
from ml_connector.systems.base import Stream
from ml_connector.systems.procurify.account_codes import ACCOUNT_CODES
from ml_connector.systems.procurify.api import Api
from ml_connector.systems.procurify.bills import BILLS
from ml_connector.systems.procurify.documents import Bills, Documents, Payments
from ml_connector.systems.procurify.drops import Drops
from ml_connector.systems.procurify.mapping import TO_DEPARTMENT, TO_GL_ACCOUNT, TO_LOCATION, TO_SUPPLIER
from ml_connector.systems.procurify.reading import Dated, TimedStream
from ml_connector.systems.procurify.scans import ScanStream
from ml_connector.systems.procurify.surroundings import DEPARTMENTS, LOCATIONS
from ml_connector.systems.procurify.vendors import ALL_VENDORS, VENDORS

PAYMENTS = "/api/public/v1/payments/"


class AccountCodes(Documents):
    """Without dates; never deleted."""

    entity = Entity.GL_ACCOUNTS
    mapping = TO_GL_ACCOUNT
    columns = ("code", "description", "account_type", "active")


class Departments(Documents):
    """Procurify knows no cost centers: these are what costs are charged to."""

    entity = Entity.DEPARTMENTS
    mapping = TO_DEPARTMENT
    columns = ("name", "branch", "external_id", "active")


class Locations(Documents):
    """Elsewhere: branches."""

    entity = Entity.LOCATIONS
    mapping = TO_LOCATION
    columns = ("name", "primary_shipping_address", "shipping_addresses", "external_id", "active")


class Vendors(Documents):
    """`dateModified` is left aside: an empty change moves it (FACTS 21)."""

    entity = Entity.SUPPLIERS
    mapping = TO_SUPPLIER
    columns = ("name", "email", "type", "active", "addressLineOne", "addressLineTwo", "postalCode", "city",
               "state_province", "country", "phoneOne", "url", "external_id", "payment_term_ref")  # fmt: skip
    stamp = "dateModified"


SCANS: Mapping[Entity, tuple[type[Documents], str, str]] = {
    Entity.GL_ACCOUNTS: (AccountCodes, ACCOUNT_CODES, ""),
    Entity.DEPARTMENTS: (Departments, DEPARTMENTS, ""),
    Entity.LOCATIONS: (Locations, LOCATIONS, ""),
    Entity.SUPPLIERS: (Vendors, ALL_VENDORS, VENDORS),
}
DATED: Mapping[Entity, tuple[type[Documents], Dated]] = {
    Entity.INVOICES: (Bills, Dated(BILLS, "last_modified_datetime", ("_0", "_1"), "last_modified_datetime")),
    Entity.PAYMENTS: (Payments, Dated(PAYMENTS, "updated_at", ("_after", "_before"), "updated_at")),
}
READS = frozenset({*SCANS, *DATED})


def stream_of(entity: Entity, api: Api, domain: Callable[[], str], drops: Drops) -> Stream:
    """The stream of an entity of `READS`."""
    if entity in DATED:
        documents, dated = DATED[entity]
        return TimedStream(documents(api, domain), dated)
    documents, path, single = SCANS[entity]
    return ScanStream(documents(api, domain), path, single, api.settings.smallest_share, drops)
