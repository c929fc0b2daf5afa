"""Sage X3 into ServiceNow, daily: dimensions and suppliers first, so that every line has valid coding."""

from ml_connector.records import Entity
from ml_connector.sync.flow import Pair, PairRoute

PAIR = Pair(
    source="sage_x3",
    target="servicenow",
    routes=(
        PairRoute(Entity.GL_ACCOUNTS, schedule="0 3 * * *"),
        PairRoute(Entity.COST_CENTERS, schedule="0 3 * * *"),
        PairRoute(Entity.SUPPLIERS, schedule="0 4 * * *"),
        PairRoute(Entity.PURCHASE_ORDERS, schedule="0 4 * * *"),
        PairRoute(Entity.INVOICES, schedule="0 4 * * *"),
        PairRoute(Entity.GL_POSTINGS, schedule="0 4 * * *", optional=True),
    ),
)
