"""Plex into ServiceNow: dimensions and suppliers first; releases of order lines become lines."""

from ml_connector.records import Entity
from ml_connector.sync.flow import Pair, PairRoute

PAIR = Pair(
    source="plex",
    target="servicenow",
    routes=(
        PairRoute(Entity.GL_ACCOUNTS, schedule="0 3 * * *"),
        PairRoute(Entity.COST_CENTERS, schedule="0 3 * * *"),
        PairRoute(Entity.DEPARTMENTS, schedule="0 3 * * *"),
        PairRoute(Entity.LOCATIONS, schedule="0 3 * * *"),
        PairRoute(Entity.SUPPLIERS),
        PairRoute(Entity.PURCHASE_ORDERS),
        PairRoute(Entity.INVOICES),
    ),
)
